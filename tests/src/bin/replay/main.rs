//! `replay PATH…`: takes the steps of recorded conversations with a real node, and exchanges with a real provider's gateway, again on
//! the sandbox, and compares every answer.
//!
//! One line per file, or per folder of exchanges: how many steps were equal, different, excluded; or why there are none. Below it every
//! difference and every exclusion, with its reason. A step that cannot be read or taken is different.
//! Ends with 1 when a step was different, or none could be compared.

mod app;
mod around;
mod begin;
mod compare;
mod dial;
mod exchange;
mod files;
mod gaps;
mod gateway;
mod heard;
mod made;
mod made_rpc;
mod market;
mod mint;
mod node;
mod observed;
mod recording;
mod sign;
mod story;
mod tally;
mod watch;
mod wire;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use rayakash_tests::report::{complain, run};

use files::{Recording, recordings};
use tally::{Tally, shown};

const USAGE: &str = "\
Usage: cargo xtask replay PATH…

  PATH  a recording, or a folder of recordings:
        *.jsonl  conversations with a node, a step on each line
        *.txt    exchanges with a provider's gateway, with the facts, bids and
                 statuses that stand beside them in their folder";

fn main() -> ExitCode {
    let paths: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    if paths.is_empty() || paths.iter().any(|p| p.as_os_str() == "--help") {
        complain(USAGE);
        return ExitCode::from(2);
    }
    run(replay(paths))
}

async fn replay(paths: Vec<PathBuf>) -> Result<bool, Box<dyn Error>> {
    let mut tally = Tally::default();
    for recording in recordings(&paths)? {
        match recording {
            Recording::Conversation(path, steps) => {
                let verdicts = Box::pin(node::replay(&steps)).await?;
                let labels =
                    steps.iter().map(|step| format!("{}:{} {}", shown(&path), step.line, step.name()));
                tally.add(&shown(&path), labels.zip(verdicts).collect());
            }
            Recording::Gateway(path, exchanges) => {
                let rows = Box::pin(gateway::replay(exchanges)).await?;
                let rows =
                    rows.into_iter().map(|(name, judged)| (format!("{}/{name}", shown(&path)), judged));
                tally.add(&shown(&path), rows.collect());
            }
            Recording::Nothing(path, why) => Tally::nothing(&shown(&path), &why),
        }
    }
    Ok(tally.end())
}
