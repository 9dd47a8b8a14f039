//! `cargo xtask localnet` without a real node: with none at all, and with stand-ins that do not behave like one. Each time a clear word, and
//! nothing left running.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use akash_chain::{At, Client};
use nix::sys::signal::Signal;
use rayakash_testkit::{Process, until};
use tokio::process::Command;

const PATIENCE: Duration = Duration::from_secs(60);

/// A folder with a stand-in for the `akash` binary, and the numbers of all processes that it started.
struct StandIn(tempfile::TempDir);

/// Files as `genesis init` leaves them, with the lines that are changed.
const INIT: &str = r#"
mkdir -p "$home/config"
echo '{"chain_id":"","app_state":{"auth":{"accounts":[]},"bank":{"balances":[],"supply":[]}}}' >"$home/config/genesis.json"
printf 'log_level = 1\n[rpc]\nladdr = 1\npprof_laddr = 1\n[p2p]\nladdr = 1\npex = 1\n[consensus]\ntimeout_propose = 1\ntimeout_commit = 1\n' >"$home/config/config.toml"
printf 'minimum-gas-prices = 1\npruning = 1\n[api]\nenable = 1\n[grpc]\naddress = 1\n' >"$home/config/app.toml"
"#;

impl StandIn {
    /// A shell script; `$home` is the node's home, `hang` waits for ever with a process of its own.
    fn new(script: &str) -> Self {
        let stand_in = Self(tempfile::tempdir().unwrap());
        let pids = stand_in.0.path().join("pids");
        let begin =
            "for home; do :; done\nhang() { sleep 600 & echo $! >>\"$pids\"; wait; }\necho $$ >>\"$pids\"";
        let text = format!("#!/bin/sh\npids={}\n{begin}\n{script}\n", pids.display());
        std::fs::write(stand_in.path(), text).unwrap();
        std::fs::set_permissions(stand_in.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        stand_in
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("akash")
    }

    fn started(&self) -> Vec<u32> {
        let text = std::fs::read_to_string(self.0.path().join("pids")).unwrap_or_default();
        text.lines().map(|line| line.parse().unwrap()).collect()
    }

    async fn left_nothing(&self) {
        assert!(!self.started().is_empty(), "it was never started");
        let gone = async || Ok(self.started().iter().all(|pid| Process::of(*pid).is_none()).then_some(()));
        until("everything that was started ends", PATIENCE, gone).await.unwrap();
    }
}

fn localnet(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_localnet"));
    command.args(words).stdin(Stdio::null()).kill_on_drop(true);
    for name in ["AKASH_BIN", "PROVIDER_SERVICES_BIN", "KUBECONFIG", "CI"] {
        command.env_remove(name);
    }
    command
}

async fn ran(command: &mut Command) -> (Option<i32>, String, String) {
    let output = tokio::time::timeout(PATIENCE, command.output()).await.expect("it ends").unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[tokio::test]
async fn without_a_binary_one_line_says_so() {
    for command in ["test", "up"] {
        let (code, out, err) = ran(&mut localnet(&[command])).await;
        assert_eq!((code, out.as_str(), err.lines().count()), (Some(2), "", 1), "{err}");
        assert!(err.contains("AKASH_BIN") && err.contains("--sandbox"), "{err}");
    }
    let mut under_ci = localnet(&["test"]);
    under_ci.env("CI", "true");
    let (code, out, err) = ran(&mut under_ci).await;
    assert_eq!((code, out.as_str(), err.lines().count()), (Some(0), "", 1), "{err}");
}

#[tokio::test]
async fn a_binary_that_is_not_there_is_named() {
    let mut command = localnet(&["test"]);
    command.env("AKASH_BIN", "/nowhere/akash");
    let (code, _, err) = ran(&mut command).await;
    assert_eq!(
        (code, err.trim_end()),
        (Some(1), "error: AKASH_BIN is /nowhere/akash, and there is no such file")
    );
}

/// A `test` with it as the node ends with what must be said, and leaves nothing.
async fn refused(what: &str, stand_in: &StandIn, said: &[&str]) {
    let mut command = localnet(&["test", "--patience", "2"]);
    command.env("AKASH_BIN", stand_in.path());
    let (code, out, err) = ran(&mut command).await;
    assert_eq!((code, out.as_str()), (Some(1), ""), "{what}: {err}");
    assert!(said.iter().all(|words| err.contains(words)), "{what}: {err}");
    stand_in.left_nothing().await;
}

/// What it does, the script, and what must be said.
#[rustfmt::skip]
const STAND_INS: &[(&str, &str, &[&str])] = &[
    ("fails", "echo 'Error: unknown command' >&2; exit 3", &["akash genesis init node0` ended with exit code 3:", "Error: unknown command"]),
    ("is killed", "kill -9 $$", &["akash genesis init node0` ended with a signal"]),
    ("hangs", "hang", &["akash genesis init node0` ends: not within 2 s"]),
    ("prints garbage", "head -c 3000 /dev/urandom; exit 0", &["`genesis init` ended well and left no readable", "is AKASH_BIN an akash node?"]),
    ("writes garbage", "mkdir -p \"$home/config\"; head -c 300 /dev/zero >\"$home/config/genesis.json\"", &["`genesis init` made a genesis.json that is none of Akash's"]),
];

#[tokio::test]
async fn a_stand_in_that_is_no_node_is_a_clear_error() {
    for (what, script, said) in STAND_INS {
        refused(what, &StandIn::new(script), said).await;
    }
}

/// What its `start` does, and what must be said.
#[rustfmt::skip]
const NODES: &[(&str, &str, &[&str])] = &[
    ("dies", "echo 'panic: boom' >&2; exit 2", &["`akash start` ended before the first block:", "panic: boom"]),
    ("makes no block", "echo 'waiting for peers'; hang", &["the node makes its first block: not within 2 s", "waiting for peers"]),
    ("prints garbage for ever", "( while :; do echo xyzzy; sleep 0.1; done ) & echo $! >>\"$pids\"; wait", &["not within 2 s", "xyzzy"]),
];

#[tokio::test]
async fn a_node_that_makes_no_block_is_a_clear_error() {
    for (what, start, said) in NODES {
        let stand_in =
            StandIn::new(&format!("case $1,$2 in genesis,init) {INIT} ;; start,*) {start} ;; esac"));
        refused(what, &stand_in, said).await;
    }
}

/// What the provider's stand-in does, and what must be said.
#[rustfmt::skip]
const PROVIDERS: &[(&str, &str, &[&str])] = &[
    ("dies", "echo 'error building kubernetes config' >&2; exit 1", &["`provider-services run` ended:", "error building kubernetes config"]),
    ("hangs", "hang", &["the real provider is registered and listens: not within 5 s"]),
    ("prints garbage", "head -c 3000 /dev/urandom", &["`provider-services run` ended:"]),
];

#[tokio::test]
async fn a_provider_that_does_not_serve_is_a_clear_error() {
    for (what, script, said) in PROVIDERS {
        let stand_in = StandIn::new(script);
        let mut command = localnet(&["test", "--patience", "5"]);
        command
            .env("AKASH_BIN", env!("CARGO_BIN_EXE_akash_stand_in"))
            .env("KUBECONFIG", "/nowhere/kubeconfig");
        command.env("PROVIDER_SERVICES_BIN", stand_in.path());
        let (code, _, err) = ran(&mut command).await;
        assert_eq!(code, Some(1), "{what}: {err}");
        assert!(said.iter().all(|words| err.contains(words)), "{what}: {err}");
        stand_in.left_nothing().await;
    }
}

#[tokio::test]
async fn who_is_asked_to_end_leaves_nothing() {
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let stand_in = StandIn::new("hang");
        let mut command = localnet(&["test"]);
        let mut child = command.env("AKASH_BIN", stand_in.path()).stderr(Stdio::piped()).spawn().unwrap();
        let hangs = async || Ok((stand_in.started().len() == 2).then_some(()));
        until("the stand-in hangs", PATIENCE, hangs).await.unwrap();
        Process::of(child.id().unwrap()).unwrap().signal(signal);
        assert_eq!(child.wait().await.unwrap().code(), Some(1));
        stand_in.left_nothing().await;
    }
}

/// Processes that name a folder in their arguments or their environment.
fn processes_of(folder: &Path) -> Vec<(Process, String)> {
    let folder = folder.display().to_string();
    let pids = std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let about = |process: Process| {
        let environment: Vec<String> = process.environment().into_values().collect();
        (process, [process.arguments(), environment].concat().join(" "))
    };
    pids.filter_map(Process::of).map(about).filter(|(_, words)| words.contains(&folder)).collect()
}

/// Ends what `up` left when the test itself fails.
struct Ends<'a>(&'a Path);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        processes_of(self.0).into_iter().for_each(|(process, _)| process.signal(Signal::SIGKILL));
    }
}

#[tokio::test]
async fn up_stays_up_and_down_ends_it() {
    rayakash_testkit::Program::beside().unwrap();
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("localnet");
    let _ends = Ends(&folder);
    let folder_word = folder.display().to_string();
    let words = |command| [command, "--folder", &folder_word];
    let up = async || {
        let mut command = localnet(&words("up"));
        command.env("AKASH_BIN", env!("CARGO_BIN_EXE_akash_stand_in"));
        ran(&mut command).await
    };
    let (code, out, err) = up().await;
    assert_eq!(code, Some(0), "{err}");
    let node = out.lines().find_map(|line| line.strip_prefix("localnet is up: chain `local` at ")).unwrap();
    let providers = Client::connect(&[node.to_owned()]).unwrap().providers(At::Latest).await.unwrap();
    assert_eq!(providers.len(), 2, "they are registered on that chain");
    assert!(!processes_of(&folder).is_empty());
    let home = folder.join("rayakash");
    let mut wallet = Command::new(rayakash_testkit::Program::beside().unwrap().path());
    wallet.args(["wallet", "balance"]).env("RAYAKASH_PASSPHRASE_FILE", home.join("passphrase"));
    let (code, out, err) = ran(wallet.env("RAYAKASH_HOME", &home)).await;
    assert!(code == Some(0) && out.contains("uact   1000000000000\n"), "the funded key is there: {out}{err}");
    let (code, _, err) = up().await;
    assert_eq!(
        (code, err.trim_end()),
        (Some(1), "error: a localnet is up already: `cargo xtask localnet down` ends it")
    );

    let (code, out, err) = ran(&mut localnet(&words("down"))).await;
    assert_eq!((code, out.trim_end()), (Some(0), "localnet is down, and its chain is gone"), "{err}");
    assert_eq!((processes_of(&folder), folder.exists()), (Vec::new(), false));
    let (code, out, _) = ran(&mut localnet(&words("down"))).await;
    assert_eq!((code, out.trim_end()), (Some(0), "localnet: nothing runs"));
}
