//! `up` and `down`: a chain that is left running for whoever wants to try something on it.

use std::error::Error as StdError;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use akash_sandbox::MNEMONIC;
use nix::sys::signal::Signal;
use rayakash_testkit::{Error, Process, Program, until, workspace};
use rayakash_tests::report::say;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::binaries::Binaries;
use crate::group::Group;
use crate::node::Node;
use crate::real_provider::RealProvider;
use crate::stage::endpoints;

/// How long what runs may take to end: the providers stop every pod.
const ENDING: Duration = Duration::from_secs(90);

/// Where the standing chain and everything around it lies when nothing else is said.
pub(crate) fn usual_folder() -> PathBuf {
    workspace().join("target/localnet")
}

/// What runs, by the note that `up` leaves.
fn note(folder: &Path) -> PathBuf {
    folder.join("localnet.json")
}

/// Starts what does not run yet.
pub(crate) async fn up(binaries: Binaries, folder: PathBuf) -> Result<bool, Box<dyn StdError>> {
    if !running(&folder).is_empty() {
        return Err("a localnet is up already: `cargo xtask localnet down` ends it".into());
    }
    let _stale = fs::remove_dir_all(&folder);
    let home = folder.join("rayakash");
    fs::create_dir_all(home.join("config"))?;
    let node = Node::start(&binaries, &folder).await?;
    let real = match &binaries.provider {
        Some(provider) => Some(RealProvider::start(provider, &node, &folder).await?),
        None => None,
    };
    let ours = if real.is_some() { "1" } else { "2" };
    let providers = providers(&home, &folder, &node.grpc(), ours).await?;
    fs::write(
        home.join("config/rayakash.toml"),
        format!("context = \"localnet\"\n{}", endpoints("localnet", &node.grpc())),
    )?;
    let processes = [providers.process(), real.as_ref().and_then(RealProvider::process), node.process()];
    let processes: Vec<Value> = processes.iter().flatten().map(|process| json!(process.number())).collect();
    fs::write(note(&folder), json!({ "processes": processes }).to_string())?;
    say(&about(&node.grpc(), &home));
    providers.keep();
    node.keep();
    if let Some(real) = real {
        real.keep();
    }
    Ok(true)
}

fn about(grpc: &str, home: &Path) -> String {
    format!(
        "localnet is up: chain `local` at {grpc}\n\nuse it:\n  export RAYAKASH_HOME={}\n  rayakash keys import default   \
         # no real money, everybody knows the words: {MNEMONIC}\n  rayakash up config/examples/quickstart.yaml\n\nend it:\n  \
         cargo xtask localnet down",
        home.display()
    )
}

async fn providers(home: &Path, folder: &Path, grpc: &str, count: &str) -> Result<Group, Error> {
    let program = Program::beside()?;
    let mut command = Command::new(program.path());
    command.args(["sandbox", "run", "--providers-only", "--node", grpc, "--providers", count]);
    command.env("RAYAKASH_HOME", home).stdin(Stdio::null());
    let log = folder.join("providers.log");
    let group = Group::start(command, &log)?;
    until("the providers bid", Duration::from_secs(60), async || {
        if !group.runs() {
            return Err(Error::Wrong(format!("the providers ended:\n{}", group.tail())));
        }
        let said = fs::read_to_string(&log).unwrap_or_default();
        Ok(said.lines().any(|line| line.starts_with("provider ")).then_some(()))
    })
    .await?;
    Ok(group)
}

/// Ends what runs: providers first, whose last word goes to the chain.
pub(crate) async fn down(folder: PathBuf) -> Result<bool, Box<dyn StdError>> {
    let running = running(&folder);
    if running.is_empty() {
        say("localnet: nothing runs");
    }
    for process in running {
        process.signal(Signal::SIGTERM);
        let gone = until("a process ends", ENDING, async || Ok((!process.runs()).then_some(()))).await;
        if gone.is_err() {
            process.signal(Signal::SIGKILL);
            say(&format!("localnet: process {} did not end and was killed", process.number().0));
        }
    }
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
        say("localnet is down, and its chain is gone");
    }
    Ok(true)
}

/// The processes of the note that still run, and are still those.
fn running(folder: &Path) -> Vec<Process> {
    let note = fs::read(note(folder)).unwrap_or_default();
    let note: Value = serde_json::from_slice(&note).unwrap_or_default();
    let noted = note.get("processes").and_then(Value::as_array).cloned().unwrap_or_default();
    let numbers = noted.into_iter().filter_map(|one| serde_json::from_value::<(u32, u64)>(one).ok());
    let known =
        numbers.filter_map(|number| Process::of(number.0).filter(|process| process.number() == number));
    known.collect()
}
