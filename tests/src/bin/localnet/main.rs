//! `cargo xtask localnet up|down|test`: a chain of one validator from the `akash` binary of whoever has one, our providers on it, and the
//! life of a cluster there, with the books compared.
//!
//! The same life runs on a `rayakash sandbox` as the chain, with the providers in a process of their own (`test --sandbox`): that needs no
//! binary.

mod binaries;
mod books;
mod cli;
mod genesis;
mod group;
mod life;
mod lost_lease;
mod node;
mod real_provider;
mod settings;
mod stage;
mod standing;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use rayakash_tests::report::{complain, run, say};

use crate::binaries::Binaries;
use crate::stage::Stage;

const USAGE: &str = "usage: cargo xtask localnet up|down|test [--sandbox] [--folder DIR] [--patience SECONDS]

  up                  start a chain of one validator and the sandbox's providers on it, and leave them running
  down                stop them; the chain goes with them
  test                on such a chain: up, submit, status, a lost lease, kill -9, down, books compared
  --sandbox           test on a sandbox as the chain instead, its providers in a process of their own; needs no binary
  --folder DIR        where the chain of up and down lies; target/localnet when not given
  --patience SECONDS  how long one command of the binaries, or their start, may take; 60 when not given

  AKASH_BIN              the `akash` node
  PROVIDER_SERVICES_BIN  the `provider-services` daemon; with KUBECONFIG set, the real provider serves beside ours";

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Wanted {
    verb: Verb,
    folder: PathBuf,
    patience: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    Up,
    Down,
    Test,
    TestOnSandbox,
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let Some(Wanted { verb, folder, patience }) = wanted(&words) else {
        complain(USAGE);
        return ExitCode::from(2);
    };
    match verb {
        Verb::Down => return run(standing::down(folder)),
        Verb::TestOnSandbox => return run(test_on_sandbox()),
        Verb::Up | Verb::Test => {}
    }
    let binaries = match Binaries::of_environment(patience) {
        Ok(binaries) => binaries,
        Err(missing) => {
            complain(&missing.line);
            return ExitCode::from(missing.exit_code);
        }
    };
    if verb == Verb::Up { run(standing::up(binaries, folder)) } else { run(test(binaries)) }
}

fn wanted(words: &[&str]) -> Option<Wanted> {
    let (verb, mut rest) = words.split_first()?;
    let verb = match *verb {
        "up" => Verb::Up,
        "down" => Verb::Down,
        "test" => Verb::Test,
        _ => return None,
    };
    let mut wanted = Wanted { verb, folder: standing::usual_folder(), patience: Duration::from_secs(60) };
    loop {
        rest = match rest {
            [] => return Some(wanted),
            ["--sandbox", more @ ..] if verb == Verb::Test => {
                wanted.verb = Verb::TestOnSandbox;
                more
            }
            ["--folder", folder, more @ ..] if verb != Verb::Test => {
                wanted.folder = PathBuf::from(folder);
                more
            }
            ["--patience", seconds, more @ ..] => {
                wanted.patience = seconds.parse().ok().filter(|s| *s > 0).map(Duration::from_secs)?;
                more
            }
            _ => return None,
        };
    }
}

async fn test(binaries: Binaries) -> Result<bool, Box<dyn Error>> {
    let stage = Stage::on_localnet(binaries).await?;
    live_on(stage).await
}

async fn test_on_sandbox() -> Result<bool, Box<dyn Error>> {
    let stage = Stage::on_sandbox().await?;
    live_on(stage).await
}

/// The life, and the end of everything that was started, however it went.
async fn live_on(stage: Stage) -> Result<bool, Box<dyn Error>> {
    let lived = life::live(&stage).await;
    let ended = stage.end().await;
    lived?;
    ended?;
    say("localnet: all steps passed");
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_asked_for() {
        let verb = |words: &[&str]| wanted(words).map(|wanted| wanted.verb);
        assert_eq!(verb(&["up"]), Some(Verb::Up));
        assert_eq!(verb(&["down"]), Some(Verb::Down));
        assert_eq!(verb(&["test"]), Some(Verb::Test));
        assert_eq!(verb(&["test", "--patience", "2", "--sandbox"]), Some(Verb::TestOnSandbox));
        assert_eq!(wanted(&["down", "--folder", "/x"]).map(|wanted| wanted.folder), Some("/x".into()));
        for bad in [
            &[][..],
            &["go"],
            &["test", "--folder", "/x"],
            &["up", "--sandbox"],
            &["test", "--patience"],
            &["test", "--patience", "0"],
        ] {
            assert_eq!(verb(bad), None, "{bad:?}");
        }
    }
}
