//! `status`.

use super::Outcome;
use crate::args::{Global, Status};
use crate::failure::Failure;
use crate::output::Output;
use crate::session;
use crate::{runtime, status};
use rayakash_api::client::Client;
use rayakash_api::error::{Code, Exit};
use rayakash_api::v1::{ClusterStatus, State};
use std::time::Duration;

/// How often `--watch` looks.
const INTERVAL: Duration = Duration::from_secs(1);
/// Clears a terminal and starts at its top.
const CLEAR: &str = "\x1b[2J\x1b[H";

pub(super) fn run(args: &Status, global: &Global, output: &Output) -> Outcome {
    let work = async {
        let session = session::connect(global, output).await?;
        let mut last = None;
        loop {
            let shown = look(&session.client, args, output, &mut last).await?;
            if !args.watch {
                return Ok(shown);
            }
            tokio::time::sleep(INTERVAL).await;
        }
    };
    match runtime::command(work) {
        // Ctrl-C is how watching ends.
        Err(failure) if args.watch && failure.problem.code == Code::Interrupted => Ok(Exit::Ok),
        other => other,
    }
}

/// Shows what there is; when watching, only what is new.
async fn look(client: &Client, args: &Status, output: &Output, last: &mut Option<String>) -> Outcome {
    // Only what is drawn over a terminal is cleared first.
    let live = args.watch && output.live && output.is_human();
    let clear = || if live { output.raw(CLEAR) } else { Ok(()) };
    let Some(name) = &args.name else {
        let all = client.clusters().await?;
        let text = status::list(&all.clusters);
        if is_new(last, &text) {
            clear()?;
            output.result(&all, || text)?;
        }
        return Ok(Exit::Ok);
    };
    let one = client.cluster(name).await?;
    let text = status::detail(&one);
    // On a terminal the running times are news too.
    if is_new(last, if live { &text } else { &one.phase }) {
        clear()?;
        output.result(&one, || text)?;
    }
    exit(&one)
}

fn is_new(last: &mut Option<String>, text: &str) -> bool {
    last.replace(text.to_owned()).is_none_or(|last| last != text)
}

/// A cluster that is not where it should be is told by the exit code.
fn exit(one: &ClusterStatus) -> Result<Exit, Failure> {
    Ok(match one.state {
        State::Ready | State::Closed | State::Absent => Exit::Ok,
        State::Ordering
        | State::Bidding
        | State::Leasing
        | State::Manifest
        | State::Starting
        | State::Degraded
        | State::Closing
        | State::Waiting
        | State::Lost => Exit::NotReady,
    })
}
