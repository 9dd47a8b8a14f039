//! One seed: a fresh home, a cluster up and down, and a kill in each.

use std::pin::{Pin, pin};
use std::time::Duration;

use nix::sys::signal::Signal;
use rayakash_testkit::{Chain, Error, Home, Ledger, Process, Program, Ran, Record, Service, Standing, until};
use tokio::time::sleep;

use crate::books;
use crate::plan::Plan;
use crate::strike;
use crate::tally::Tally;

/// A small cluster, soon ready: one head, no worker.
const FILE: &str = "\
apiVersion: rayakash/v1
cluster_name: crash
head_node_type: head
available_node_types:
  head: { resources: { CPU: 1, memory: 2Gi } }
";
pub(crate) const NAME: &str = "crash";
/// How long processes of a closed cluster may take to end.
const ENDING: Duration = Duration::from_secs(90);

/// One seed under way.
pub(crate) struct Run<'a> {
    pub(crate) home: Home,
    pub(crate) chain: &'a Chain,
    sandbox: Process,
    seed: u64,
    pub(crate) daemon: Option<Service>,
    pub(crate) up: [String; 2],
}

impl<'a> Run<'a> {
    /// A fresh home for a seed, on the sandbox that runs in another.
    pub(crate) fn new(
        program: &Program,
        (sandbox_home, sandbox): (&Home, Process),
        chain: &'a Chain,
        seed: u64,
    ) -> Result<Self, Error> {
        let home = Home::new(program.clone())?;
        home.borrow_sandbox(sandbox_home)?;
        let file = home.write("crash.yaml", FILE)?;
        let up = ["up".to_owned(), file.display().to_string()];
        Ok(Self { home, chain, sandbox, seed, daemon: None, up })
    }

    pub(crate) async fn carry_out(&mut self, plan: Plan, tally: &mut Tally) -> Result<(), Error> {
        let before = self.chain.look().await?;
        self.daemon = Some(self.home.start_daemon().await?);
        let ledger = strike::ledger(&self.home.ledger()).await?;
        self.up(plan, &ledger, &before, tally).await?;
        let last = self.down(plan, &ledger).await?;
        books::closed(&self.chain.look().await?, &before, &ledger.books()?, &self.status().await?)?;
        self.nothing_runs().await?;
        tally.killed(self.seed, "down", &last, "closed, books equal");
        self.stop_daemon().await
    }

    /// `up`, with a kill on the way.
    async fn up(
        &mut self,
        plan: Plan,
        ledger: &Ledger,
        before: &Standing,
        tally: &mut Tally,
    ) -> Result<(), Error> {
        let home = &self.home;
        let words: Vec<&str> = self.up.iter().map(String::as_str).collect();
        let mut command = pin!(home.run(&words));
        let daemon = self.daemon.take().ok_or_else(no_daemon)?;
        let wished = |records: &[Record]| records.iter().any(|record| record.kind == "wish");
        let moment = async {
            strike::see(ledger, 0, wished).await?;
            strike::wait_for(plan.up, ledger, 0, daemon.process()).await
        };
        let early_end = first(&mut command, moment).await?;
        let last = strike::kill(daemon, ledger).await?;
        self.daemon = Some(restart(home, plan.again_ms).await?);
        if plan.early {
            // The command would go on to `ready`; what it asked for is on record.
            tally.killed(self.seed, "up", &last, "taken down on the way");
            return Ok(());
        }
        finish(home, early_end, command, &words).await?;
        books::ready(&self.chain.look().await?, before, &ledger.books()?, &self.status().await?)?;
        tally.killed(self.seed, "up", &last, "ready, books equal");
        Ok(())
    }

    /// `down`, with a kill on the way; gives the last record before it.
    async fn down(&mut self, plan: Plan, ledger: &Ledger) -> Result<Record, Error> {
        let daemon = self.daemon.take().ok_or_else(no_daemon)?;
        if plan.early {
            self.meet_manifest(ledger).await?;
        }
        let home = &self.home;
        let since = ledger.newest()?.map_or(0, |newest| newest.seq);
        let words = ["down", NAME];
        let mut command = pin!(home.run(&words));
        let moment = async {
            if !plan.early {
                let dropped = |records: &[Record]| records.iter().any(|record| record.kind == "down");
                strike::see(ledger, since, dropped).await?;
            }
            strike::wait_for(plan.down, ledger, since, daemon.process()).await
        };
        let early_end = if plan.early {
            // The wish is withdrawn already: the command would only stand in the way.
            moment.await?;
            None
        } else {
            first(&mut command, moment).await?
        };
        let last = strike::kill(daemon, ledger).await?;
        self.daemon = Some(restart(home, plan.again_ms).await?);
        finish(home, early_end, command, &words).await?;
        Ok(last)
    }

    /// Withdraws the wish while the manifest is on its way: the provider is held until that is on record.
    async fn meet_manifest(&self, ledger: &Ledger) -> Result<(), Error> {
        let sending = |records: &[Record]| {
            records.last().is_some_and(|last| last.kind == "intent" && last.act == "send-manifest")
        };
        loop {
            strike::see(ledger, 0, sending).await?;
            self.sandbox.signal(Signal::SIGSTOP);
            if sending(&ledger.since(0)?) {
                break;
            }
            // Too late for this one; it is sent a second time.
            self.sandbox.signal(Signal::SIGCONT);
        }
        let asked = self.home.api().down(NAME).await;
        self.sandbox.signal(Signal::SIGCONT);
        asked.map(drop).map_err(|error| Error::Wrong(format!("the daemon refuses `down`: {error}")))
    }

    pub(crate) async fn status(&self) -> Result<serde_json::Value, Error> {
        self.home.run(&["status", NAME, "-o", "json"]).await?.expect(0)?.json()
    }

    pub(crate) async fn nothing_runs(&self) -> Result<(), Error> {
        until("every process of the cluster ends", ENDING, async || {
            Ok(rayakash_testkit::descendants(self.sandbox).is_empty().then_some(()))
        })
        .await
    }

    pub(crate) async fn stop_daemon(&mut self) -> Result<(), Error> {
        match self.daemon.take() {
            Some(daemon) => daemon.stop().await,
            None => Ok(()),
        }
    }

    /// After a failure: closes what is open, so that the next seed starts from nothing.
    pub(crate) async fn clean_up(&mut self) -> Result<(), Error> {
        self.sandbox.signal(Signal::SIGCONT);
        if self.daemon.is_none() {
            self.daemon = Some(self.home.start_daemon().await?);
        }
        let _never_there = self.home.run(&["down", NAME, "--timeout", "60s"]).await?;
        self.nothing_runs().await?;
        self.stop_daemon().await
    }
}

pub(crate) fn no_daemon() -> Error {
    Error::Wrong("no daemon runs".to_owned())
}

/// Waits for the moment; gives how the command ended when that was first.
async fn first(
    command: &mut Pin<&mut impl Future<Output = Result<Ran, Error>>>,
    moment: impl Future<Output = Result<(), Error>>,
) -> Result<Option<Ran>, Error> {
    tokio::select! {
        biased;
        reached = moment => reached.map(|()| None),
        ran = command => ran.map(Some),
    }
}

/// Starts the daemon again; kills it once more on the way, if so planned.
async fn restart(home: &Home, again_ms: Option<u64>) -> Result<Service, Error> {
    if let Some(ms) = again_ms {
        let daemon = home.start_daemon().await?;
        sleep(Duration::from_millis(ms)).await;
        daemon.kill().await?;
    }
    home.start_daemon().await
}

/// The command must end well: the daemon was away for a moment only. One that was over before the kill is run again.
async fn finish(
    home: &Home,
    early_end: Option<Ran>,
    command: Pin<&mut impl Future<Output = Result<Ran, Error>>>,
    words: &[&str],
) -> Result<(), Error> {
    match early_end {
        None => command.await?.expect(0)?,
        Some(ran) => {
            ran.expect(0)?;
            home.run(words).await?.expect(0)?
        }
    };
    Ok(())
}
