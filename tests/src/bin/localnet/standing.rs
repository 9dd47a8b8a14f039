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

/// A home of the program beside the chain: its providers lie there, and whoever tries something uses it.
fn home(folder: &Path) -> PathBuf {
    folder.join("rayakash")
}

/// Starts the chain, the real provider when there is one, and ours.
pub(crate) async fn up(binaries: Binaries, folder: PathBuf) -> Result<bool, Box<dyn StdError>> {
    if !running(&folder).is_empty() {
        return Err("a localnet is up already: `cargo xtask localnet down` ends it".into());
    }
    let _stale = fs::remove_dir_all(&folder);
    let node = Node::start(&binaries, &folder).await?;
    let real = match &binaries.provider {
        Some(provider) => Some(RealProvider::start(provider, &node, &folder).await?),
        None => None,
    };
    let program = Program::beside()?;
    prepare(&program, &folder, &node.grpc()).await?;
    let ours = if real.is_some() { "1" } else { "2" };
    let providers = providers(&program, &folder, &node.grpc(), ours).await?;
    let processes = [providers.process(), real.as_ref().and_then(RealProvider::process), node.process()];
    let processes: Vec<Value> = processes.iter().flatten().map(|process| json!(process.number())).collect();
    fs::write(note(&folder), json!({ "processes": processes }).to_string())?;
    say(&about(&node.grpc(), &folder, &program));
    providers.keep();
    node.keep();
    if let Some(real) = real {
        real.keep();
    }
    Ok(true)
}

fn about(grpc: &str, folder: &Path, program: &Program) -> String {
    let home = home(folder);
    let (home, program) = (home.display(), program.path().display());
    let place =
        if folder == usual_folder() { String::new() } else { format!(" --folder {}", folder.display()) };
    format!(
        "localnet is up: chain `local` at {grpc}\n\nuse it:\n  export RAYAKASH_HOME={home} \
         RAYAKASH_PASSPHRASE_FILE={home}/passphrase\n  {program} up config/examples/quickstart.yaml\n\nend it:\n  \
         cargo xtask localnet down{place}"
    )
}

/// A command of the program in the home beside the chain.
fn command(program: &Program, folder: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(program.path());
    let home = home(folder);
    command.env("RAYAKASH_PASSPHRASE_FILE", home.join("passphrase")).env("RAYAKASH_HOME", home);
    command.env_remove("RAYAKASH_CONTEXT").args(words).stdin(Stdio::null()).kill_on_drop(true);
    command
}

/// Makes the home: its context is the chain, and its key the one that the chain's genesis funds, whose words everybody knows.
async fn prepare(program: &Program, folder: &Path, grpc: &str) -> Result<(), Box<dyn StdError>> {
    let home = home(folder);
    fs::create_dir_all(home.join("config"))?;
    let config = format!("context = \"localnet\"\n{}", endpoints("localnet", grpc));
    fs::write(home.join("config/rayakash.toml"), config)?;
    fs::write(home.join("passphrase"), "public as the words are\n")?;
    fs::write(home.join("words"), MNEMONIC)?;
    let words = home.join("words").display().to_string();
    let imported =
        command(program, folder, &["keys", "import", "default", "--mnemonic-file", &words]).output().await?;
    // The key stays; the daemon that took it in is not needed.
    let stopped = command(program, folder, &["daemon", "stop"]).output().await?;
    for (what, output) in [("keys import", imported), ("daemon stop", stopped)] {
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(format!("`rayakash {what}` ended with {}:\n{said}", output.status).into());
        }
    }
    Ok(())
}

async fn providers(program: &Program, folder: &Path, grpc: &str, count: &str) -> Result<Group, Error> {
    let words = ["sandbox", "run", "--providers-only", "--node", grpc, "--providers", count];
    let mut command = command(program, folder, &words);
    command.kill_on_drop(false);
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

/// Ends what runs: a daemon that somebody started there, then the providers, whose last word goes to the chain, then the chain.
pub(crate) async fn down(folder: PathBuf) -> Result<bool, Box<dyn StdError>> {
    if home(&folder).exists() {
        command(&Program::beside()?, &folder, &["daemon", "stop"]).output().await?;
    }
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
