//! `cargo xtask crash up --seeds N`: kills the daemon with -9 at moments that each seed chooses, in `up` and in `down`, starts it again,
//! and compares its books with the chain's.
//!
//! Every kind of record is to be the last one before a kill. Kinds 0 to 4 of `up` and of `down` are shared out by the seed's number, so
//! six seeds reach all of them; each sixth seed is killed at a random time, or a random time after a record.
//!
//! `cargo xtask crash --all-points` and `--pairs` end a daemon's life at every effect of every operation instead, in a simulated world.

mod books;
mod kill;
mod plan;
mod points;
mod seed;
mod steps;
mod strike;
mod tally;

use std::error::Error;
use std::process::ExitCode;

use rayakash_testkit::{Chain, Home, Program};
use rayakash_tests::report::{chain_of, complain, run, say};

use crate::plan::Plan;
use crate::tally::Tally;

const USAGE: &str = "usage: cargo xtask crash up [--seeds N] [--first N]
       cargo xtask crash up --kill [--count N] [--first N]
       cargo xtask crash --all-points
       cargo xtask crash --pairs

  --seeds N  how many seeds, at least 6 so that every kind of record has its turn; 20 when not given
  --kill     no chosen moments: up to ten kills in each life of a cluster
  --count N  how many kills, at least; 10 when not given
  --first N  the first seed, to run one again
  --all-points  each effect of each operation in a simulated world, each phase
  --pairs    `up` and `down`: each point, and then each point of the recovery";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["--all-points"] => return concluded(points::all()),
        ["--pairs"] => return concluded(points::pairs()),
        _ => {}
    }
    match wanted(&words) {
        Some(Wanted::Seeds { first, count }) => run(crash(first, count)),
        Some(Wanted::Kills { first, count }) => {
            run(async { kill::kills(&Program::beside()?, (count, first)).await })
        }
        None => {
            complain(USAGE);
            ExitCode::from(2)
        }
    }
}

fn concluded(went: Result<bool, Box<dyn Error>>) -> ExitCode {
    match went {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            complain(&format!("error: {}", chain_of(&*error)));
            ExitCode::FAILURE
        }
    }
}

/// What was asked for: the first seed, and how many seeds or kills.
enum Wanted {
    Seeds { first: u64, count: u64 },
    Kills { first: u64, count: u64 },
}

fn wanted(words: &[&str]) -> Option<Wanted> {
    let (command, rest) = words.split_first()?;
    let (kill, mut rest) = match rest {
        ["--kill", more @ ..] => (true, more),
        rest => (false, rest),
    };
    let (mut first, mut count) = (0, if kill { 10 } else { 20 });
    let counted = if kill { "--count" } else { "--seeds" };
    while let [name, value, more @ ..] = rest {
        match *name {
            name if name == counted => count = value.parse().ok()?,
            "--first" => first = value.parse().ok()?,
            _ => return None,
        }
        rest = more;
    }
    let wanted = if kill { Wanted::Kills { first, count } } else { Wanted::Seeds { first, count } };
    (*command == "up" && rest.is_empty()).then_some(wanted)
}

async fn crash(first: u64, count: u64) -> Result<bool, Box<dyn Error>> {
    let program = Program::beside()?;
    let home = Home::new(program.clone())?;
    let sandbox = home.start_sandbox().await?;
    let chain = Chain::of(&home)?;
    let mut tally = Tally::default();
    say("seed  phase  last record before the kill            then");
    for number in first..first.saturating_add(count) {
        let mut run = seed::Run::new(&program, (&home, sandbox.process()), &chain, number)?;
        if let Err(error) = run.carry_out(Plan::of(number), &mut tally).await {
            tally.failed(number, &chain_of(&error));
            if let Err(error) = run.clean_up().await {
                complain(&format!("seed {number} leaves a cluster behind: {}", chain_of(&error)));
            }
        }
    }
    sandbox.stop().await?;
    Ok(tally.conclude())
}
