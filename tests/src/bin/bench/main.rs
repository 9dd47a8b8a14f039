//! `cargo xtask bench up`: what `up` takes on this machine, beside the same Ray cluster started by hand. The runs alternate, so that
//! both see the same machine.
//!
//! `cargo xtask bench chain`: what the sandbox's chain does in a second.
//!
//! `cargo xtask bench sdl`: how fast SDL is read here and by Akash's TypeScript client.
//!
//! `cargo xtask bench ledger`: intents a second at full durability, the restart of a daemon with many clusters, and their memory.
//!
//! Nothing is written: docs/benchmarks.md holds the figures of one run.

mod by_hand;
mod chain;
mod ledger;
mod program;
mod sdl;
mod up;

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

use rayakash_testkit::{Home, Process, Program, Service};
use rayakash_tests::report::{complain, run, say, seconds, spread};

use crate::by_hand::Recipe;
use crate::up::Up;

const USAGE: &str = "usage: cargo xtask bench up [--runs N] [--release]
       cargo xtask bench chain [--deployments N]
       cargo xtask bench sdl [--runs N]
       cargo xtask bench ledger [--clusters N] [--release]

  --runs N         so many runs each, alternating; 5 when not given
  --release        measure the program as it is released; building it takes minutes
  --deployments N  in the market that is measured; 10000 when not given
  --clusters N     with so many clusters the daemon starts anew; 1000 when not given";

/// What was asked for.
struct Wanted {
    runs: u32,
    release: bool,
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    if let Some(deployments) = chain::wanted(&words) {
        return run(chain::bench(deployments));
    }
    if let Some(asked) = ledger::wanted(&words) {
        return run(ledger::bench(asked));
    }
    if let Some(turns) = sdl::wanted(&words) {
        return run(async { sdl::bench(turns) });
    }
    match wanted(&words) {
        Some(wanted) => run(bench(wanted)),
        None => {
            complain(USAGE);
            ExitCode::from(2)
        }
    }
}

fn wanted(words: &[&str]) -> Option<Wanted> {
    let (command, mut rest) = words.split_first()?;
    let mut wanted = Wanted { runs: 5, release: false };
    loop {
        rest = match rest {
            [] => return (*command == "up").then_some(wanted),
            ["--release", more @ ..] => {
                wanted.release = true;
                more
            }
            ["--runs", number, more @ ..] => {
                wanted.runs = number.parse().ok().filter(|runs| *runs > 0)?;
                more
            }
            _ => return None,
        };
    }
}

async fn bench(wanted: Wanted) -> Result<bool, Box<dyn Error>> {
    let program = if wanted.release { Program::released()? } else { Program::beside()? };
    machine(wanted.release);
    // What Ray leaves behind when it is killed must come to us, not to the system.
    nix::sys::prctl::set_child_subreaper(true)?;
    let home = Home::new(program)?;
    // What Ray is started with is used again by hand, on this machine's own network.
    let sandbox = home.start_sandbox_with(&["--pods", "host"]).await?;
    let daemon = home.start_daemon().await?;
    let measured = measure(&home, (&sandbox, &daemon), wanted.runs).await;
    let stopped = (daemon.stop().await, sandbox.stop().await);
    measured?;
    stopped.0?;
    stopped.1?;
    Ok(true)
}

async fn measure(
    home: &Home,
    (sandbox, daemon): (&Service, &Service),
    runs: u32,
) -> Result<(), Box<dyn Error>> {
    say("\nwarming up: one `up`, from which the lines and the environment of `ray start` are taken");
    up::run(home).await?;
    let recipe = Recipe::of_running(sandbox.process())?;
    program::measure(home, daemon.process()).await?;
    up::down(home, sandbox.process()).await?;
    let (mut ups, mut hands) = (Vec::new(), Vec::new());
    say("\n   run      up   by hand");
    for number in 1..=runs {
        let up = up::run(home).await?;
        up::down(home, sandbox.process()).await?;
        let hand = recipe.cook(Process::this().ok_or("no /proc")?).await?;
        say(&format!("{number:>6} {:>7} {:>9}", seconds(up.total), seconds(hand)));
        ups.push(up);
        hands.push(hand);
    }
    conclude(&ups, &hands);
    Ok(())
}

fn conclude(ups: &[Up], hands: &[i128]) {
    say("\nseconds of each phase of `up`   median   least  greatest");
    for phase in up::PHASES {
        let each: Vec<i128> = ups.iter().map(|up| up.phase(phase)).collect();
        say(&line(phase, &each));
    }
    let totals: Vec<i128> = ups.iter().map(|up| up.total).collect();
    say(&line("`up`, from start to exit", &totals));
    say(&line("the same Ray cluster by hand", hands));
    let used: Vec<i128> = ups.iter().map(|up| up.blocks).collect();
    let (used, fewest, most) = spread(&used);
    let block_ms = ups.first().map_or(0, |up| up.block_ms);
    let least = up::LEAST_BLOCKS;
    say(&format!(
        "\nblocks from the look to the lease: {used} ({fewest} to {most}), the least possible is {least}; {block_ms} ms each"
    ));
    let difference = spread(&totals).0 - spread(hands).0;
    say(&format!("difference of the medians: {} s", seconds(difference)));
    for (name, blocks) in [("the blocks used", used), ("the least possible blocks", least)] {
        say(&format!("overhead, less {name}: {} s", seconds(difference - blocks * block_ms)));
    }
}

fn line(name: &str, values: &[i128]) -> String {
    let (median, least, greatest) = spread(values);
    format!("{name:<30} {:>7} {:>7} {:>9}", seconds(median), seconds(least), seconds(greatest))
}

fn machine(release: bool) {
    let read = |path: &str| std::fs::read_to_string(Path::new(path)).unwrap_or_default();
    let field = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
        line.split_once(':').map_or("?", |(_, value)| value.trim()).to_owned()
    };
    let cpu = read("/proc/cpuinfo");
    let count = cpu.lines().filter(|line| line.starts_with("processor")).count();
    say(&format!("processor  {count} x {}", field(&cpu, "model name")));
    say(&format!("memory     {}", field(&read("/proc/meminfo"), "MemTotal")));
    say(&format!("kernel     {}", read("/proc/sys/kernel/osrelease").trim()));
    say(&format!("load       {}", read("/proc/loadavg").trim()));
    say(&format!("program    {} build", if release { "release" } else { "debug" }));
}
