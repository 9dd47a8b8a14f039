//! Kills a daemon at a moment.

use std::path::Path;
use std::time::Duration;

use nix::sys::signal::Signal;
use rayakash_testkit::{Error, Ledger, Process, Record, Service};
use tokio::time::{Instant, sleep};

use crate::plan::Moment;

/// Between two looks at the ledger: records follow each other within milliseconds.
const GLANCE: Duration = Duration::from_millis(1);

/// Waits for the moment, which counts records behind number `since`. When this returns the daemon stands still, or the moment was one
/// that needs no standing still.
pub(crate) async fn wait_for(
    moment: Moment,
    ledger: &Ledger,
    since: u64,
    daemon: Process,
) -> Result<(), Error> {
    match moment {
        Moment::Random { ms } => sleep(Duration::from_millis(ms)).await,
        Moment::After { kind, ms } => {
            see(ledger, since, |records| of_kind(records, kind) >= 1).await?;
            sleep(Duration::from_millis(ms)).await;
        }
        Moment::At { kind, nth } => loop {
            let is_it = |records: &[Record]| {
                records.last().is_some_and(|last| last.kind == kind) && of_kind(records, kind) >= nth
            };
            see(ledger, since, is_it).await?;
            // It may have gone on since: hold it, and look again.
            daemon.signal(Signal::SIGSTOP);
            if is_it(&ledger.since(since)?) {
                return Ok(());
            }
            daemon.signal(Signal::SIGCONT);
        },
    }
    Ok(())
}

/// Kills; gives the last thing that the daemon wrote down.
pub(crate) async fn kill(daemon: Service, ledger: &Ledger) -> Result<Record, Error> {
    daemon.kill().await?;
    ledger.newest()?.ok_or_else(|| Error::Wrong("the ledger is empty".to_owned()))
}

/// Waits until the daemon has made its ledger and written something into it.
pub(crate) async fn ledger(path: &Path) -> Result<Ledger, Error> {
    rayakash_testkit::until("the daemon makes its ledger", Duration::from_secs(20), async || {
        Ledger::open(path)
    })
    .await
}

/// Waits until the records behind a number are as they should be.
pub(crate) async fn see(ledger: &Ledger, since: u64, is_it: impl Fn(&[Record]) -> bool) -> Result<(), Error> {
    let begin = Instant::now();
    let patience = Duration::from_secs(180);
    while !is_it(&ledger.since(since)?) {
        if begin.elapsed() > patience {
            return Err(Error::Late { what: "the record to kill at".to_owned(), patience });
        }
        sleep(GLANCE).await;
    }
    Ok(())
}

fn of_kind(records: &[Record], kind: &str) -> u64 {
    u64::try_from(records.iter().filter(|record| record.kind == kind).count()).unwrap_or(u64::MAX)
}
