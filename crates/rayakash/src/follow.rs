//! Watches a cluster until it is where the user wants it.

use crate::failure::Failure;
use crate::progress::Progress;
use crate::runtime;
use futures_util::StreamExt as _;
use rayakash_api::client::{Client, Events, Recovery};
use rayakash_api::error::{Code, Problem};
use rayakash_api::v1::{ClusterStatus, Event};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Looked at so often when no event comes.
const INTERVAL: Duration = Duration::from_millis(500);
/// How long the daemon may be away: it may be restarted meanwhile.
const AWAY: Duration = Duration::from_secs(30);

/// What a look at a cluster means for the one who waits.
pub(crate) enum Verdict {
    /// The daemon has not looked since it was told: what it says is of before.
    Stale,
    /// Not there yet.
    GoOn,
    /// There.
    Done,
    /// It will not get there.
    Failed(Failure),
}

/// Watches until `judge` says so; shows phases meanwhile. The phases come from the events, in their order; from looks when there are
/// no events.
pub(crate) async fn until(
    client: &Client,
    name: &str,
    progress: &mut Progress,
    judge: impl Fn(&ClusterStatus) -> Verdict,
) -> Result<ClusterStatus, Failure> {
    let mut events =
        Box::pin(client.events(&Events { cluster: Some(name), after: None, follow: true }).fuse());
    let started = runtime::now();
    let mut has_events = false;
    let mut last_seen = Instant::now();
    loop {
        match client.cluster(name).await {
            Ok(status) => {
                last_seen = Instant::now();
                let verdict = judge(&status);
                let is_news = match verdict {
                    Verdict::Stale => false,
                    Verdict::GoOn => !has_events,
                    Verdict::Done | Verdict::Failed(_) => true,
                };
                if is_news {
                    progress.phase(&status.phase);
                }
                match verdict {
                    Verdict::Stale | Verdict::GoOn => {}
                    Verdict::Done => return Ok(status),
                    Verdict::Failed(failure) => return Err(failure),
                }
            }
            Err(error) if error.recovery() == Recovery::GiveUp => return Err(error.into()),
            Err(_) if last_seen.elapsed() < AWAY => progress.phase("the daemon is away"),
            Err(error) => {
                return Err(Failure::from(error).hint("any command starts it again: rayakash status"));
            }
        }
        tokio::select! {
            biased;
            Some(Ok(event)) = events.next() => {
                if let Some(phase) = phase_of(&event, started) {
                    has_events = true;
                    progress.phase(phase);
                }
            }
            () = sleep(INTERVAL) => {}
        }
    }
}

/// The phase that an event announces, when it is news.
fn phase_of(event: &Event, started: i64) -> Option<&str> {
    (event.kind == "phase" && event.at_ms / 1_000 >= started).then_some(event.text.as_str())
}

/// Ends the watching after a time; the daemon goes on.
pub(crate) async fn within<T>(
    timeout: Option<Duration>,
    name: &str,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    match timeout {
        None => work.await,
        Some(limit) => tokio::time::timeout(limit, work).await.unwrap_or_else(|_| {
            let problem = Problem::new(Code::TimedOut, format!("`{name}` is not there yet"));
            Err(Failure::from(problem)
                .hint(format!("rayakash status {name}"))
                .still_running("the daemon goes on with it"))
        }),
    }
}

/// An interrupted command says what goes on and how to look again.
pub(crate) fn interrupted(failure: Failure, name: &str) -> Failure {
    if failure.problem.code != Code::Interrupted {
        return failure;
    }
    failure.still_running(format!("the daemon goes on with `{name}`")).hint(format!("rayakash status {name}"))
}
