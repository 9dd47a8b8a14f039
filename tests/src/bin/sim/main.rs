//! `cargo xtask sim --seeds N --hours H`: the daemon's own code in a simulated world in which everything goes wrong, one seed after the
//! other, on all cores.
//!
//! What happens in a seed is a plan; a seed that fails is tried again with parts of its plan left out, until nothing more can be left
//! out, and what is left is printed.

mod shrink;
mod tally;

use std::error::Error;
use std::process::ExitCode;

use rayakash_testkit::sim::seed::{Verdict, run};
use rayakash_testkit::sim::{Plan, in_virtual_time, listen};
use rayakash_tests::parallel;
use rayakash_tests::report::{chain_of, complain, say};

use crate::tally::Tally;

const USAGE: &str = "usage: cargo xtask sim [--seeds N] [--hours H] [--first N | --seed S]

  --seeds N  how many seeds; 100 when not given
  --hours H  how long things go wrong in each, virtual time; 24 when not given
  --first N  the first seed
  --seed S   this one only, with all that happened in it";

/// Every so-manieth seed is run twice, and both runs must be the same.
const TWICE: u64 = 20;

/// What was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Wanted {
    first: u64,
    seeds: u64,
    hours: u64,
    shown: bool,
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let Some(wanted) = wanted(&words) else {
        complain(USAGE);
        return ExitCode::from(2);
    };
    match simulate(wanted) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            complain(&format!("error: {}", chain_of(&*error)));
            ExitCode::FAILURE
        }
    }
}

fn wanted(mut words: &[&str]) -> Option<Wanted> {
    let mut wanted = Wanted { first: 0, seeds: 100, hours: 24, shown: false };
    while let [name, value, more @ ..] = words {
        let number = value.parse().ok()?;
        match *name {
            "--seeds" => wanted.seeds = number,
            "--hours" => wanted.hours = number,
            "--first" => wanted.first = number,
            "--seed" => wanted = Wanted { first: number, seeds: 1, shown: true, ..wanted },
            _ => return None,
        }
        words = more;
    }
    words.is_empty().then_some(wanted)
}

fn simulate(wanted: Wanted) -> Result<bool, Box<dyn Error>> {
    listen();
    let began = tally::cpu_ms()?;
    let seeds: Vec<u64> = (wanted.first..wanted.first.saturating_add(wanted.seeds)).collect();
    let results = parallel::map(&seeds, |seed| once(*seed, wanted.hours));
    let mut tally = Tally::new(wanted.hours);
    for result in results {
        let (verdict, same) = result?;
        if wanted.shown {
            say(&verdict.trace.join("\n"));
        }
        if !verdict.violations.is_empty() {
            complain(&format!("seed {}: {}", verdict.seed, verdict.violations.join("; ")));
        }
        tally.add(&verdict, same);
    }
    tally.spent(tally::cpu_ms()?.saturating_sub(began));
    if let Some(seed) = tally.failed().first() {
        shrink::tell(Plan::of(*seed, wanted.hours))?;
    }
    Ok(tally.conclude())
}

/// One seed; for every twentieth, whether its second run was the same.
fn once(seed: u64, hours: u64) -> Result<(Verdict, Option<bool>), rayakash_testkit::Error> {
    let plan = Plan::of(seed, hours);
    let verdict = in_virtual_time(run(&plan))?;
    let again = seed.is_multiple_of(TWICE).then(|| in_virtual_time(run(&plan))).transpose()?;
    let same = again.map(|again| again.hash == verdict.hash);
    Ok((verdict, same))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_read() {
        let usual = Wanted { first: 0, seeds: 100, hours: 24, shown: false };
        assert_eq!(wanted(&[]), Some(usual));
        assert_eq!(wanted(&["--seeds", "5", "--hours", "2"]), Some(Wanted { seeds: 5, hours: 2, ..usual }));
        assert_eq!(wanted(&["--seed", "9"]), Some(Wanted { first: 9, seeds: 1, shown: true, ..usual }));
        for bad in [&["--seeds"][..], &["--seeds", "x"], &["up", "1"]] {
            assert_eq!(wanted(bad), None);
        }
    }
}
