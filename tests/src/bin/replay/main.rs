//! `replay PATH…`: takes the steps of recorded conversations with a real node again, on the sandbox, and compares every answer.
//!
//! One line per file: how many steps were equal, different, excluded. Below it every difference and every exclusion, with its reason.
//! Ends with 1 when a step was different.

mod begin;
mod compare;
mod made;
mod made_rpc;
mod node;
mod recording;
mod sign;
mod tally;
mod wire;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use rayakash_tests::report::{complain, run};

use tally::Tally;

const USAGE: &str = "\
Usage: cargo xtask replay PATH…

  PATH  a recording, or a folder of recordings:
        *.jsonl  conversations with a node, a step on each line";

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
    for path in recording::files(&paths)? {
        let steps = recording::read(&path)?;
        let verdicts = node::replay(&steps).await?;
        tally.add(&path, &steps, &verdicts);
    }
    Ok(tally.end())
}
