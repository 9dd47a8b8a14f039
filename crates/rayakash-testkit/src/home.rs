//! A home of its own for the program, and its commands.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rayakash_api::client::Client;
use tempfile::TempDir;
use tokio::process::Command;
use tokio::time::{Instant, timeout};

use crate::service::Service;
use crate::{Error, Program};

/// No command takes longer than this; building Ray's environment for the first time does take minutes.
const PATIENCE: Duration = Duration::from_secs(900);
/// Settings of whoever runs the harness, which are not those of the test.
const FOREIGN: &[&str] =
    &["RAYAKASH_CONTEXT", "RAYAKASH_OUTPUT", "RAYAKASH_LOG", "RAYAKASH_PASSPHRASE_FILE", "XDG_RUNTIME_DIR"];

/// A folder that is everything the program knows, except the cache, which is the user's: Ray's environment is built once. The folder
/// goes with this value.
#[derive(Debug)]
pub struct Home {
    folder: TempDir,
    program: Program,
    variables: Vec<(&'static str, PathBuf)>,
}

/// How a command ended.
#[derive(Clone, Debug)]
pub struct Ran {
    /// What was asked.
    pub command: String,
    /// Its exit code; none: a signal.
    pub code: Option<i32>,
    /// Its stdout.
    pub out: String,
    /// Its stderr.
    pub err: String,
    /// From start to end.
    pub took: Duration,
}

impl Home {
    /// An empty one, with a path short enough for sockets.
    pub fn new(program: Program) -> Result<Self, Error> {
        let folder = tempfile::Builder::new().prefix("rk").tempdir_in("/tmp");
        Ok(Self { folder: folder.map_err(Error::io("making a home"))?, program, variables: Vec::new() })
    }

    /// Makes the running sandbox of another home this home's too, as far as the program can see.
    pub fn borrow_sandbox(&self, other: &Self) -> Result<(), Error> {
        let copied = std::fs::create_dir_all(self.sandbox()).and_then(|()| {
            std::fs::copy(other.sandbox().join("sandbox.json"), self.sandbox().join("sandbox.json"))
        });
        copied.map(drop).map_err(Error::io("borrowing a sandbox"))
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The sandbox's own folder.
    pub fn sandbox(&self) -> PathBuf {
        self.path().join("state/sandbox")
    }

    /// The daemon's ledger for the sandbox's network.
    pub fn ledger(&self) -> PathBuf {
        self.ledger_of("sandbox")
    }

    /// The daemon's ledger for a context.
    pub fn ledger_of(&self, context: &str) -> PathBuf {
        self.path().join("state").join(context).join("ledger.sqlite")
    }

    /// Sets a variable for every command from now on.
    pub fn set(&mut self, name: &'static str, value: impl Into<PathBuf>) {
        self.variables.push((name, value.into()));
    }

    /// The daemon's API.
    pub fn api(&self) -> Client {
        Client::new(self.path().join("run/daemon.sock"))
    }

    /// Writes a file into the home, and the folders on its way; gives its path.
    pub fn write(&self, name: &str, text: &str) -> Result<PathBuf, Error> {
        let path = self.path().join(name);
        let folder = path.parent().unwrap_or(self.path());
        let written = std::fs::create_dir_all(folder).and_then(|()| std::fs::write(&path, text));
        written.map_err(Error::io(format!("writing {}", path.display())))?;
        Ok(path)
    }

    /// A command of the program in this home, with nobody at the keyboard.
    pub fn command(&self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Command {
        let mut command = Command::new(self.program.path());
        command.args(arguments).env("RAYAKASH_HOME", self.path()).stdin(Stdio::null()).kill_on_drop(true);
        for name in FOREIGN {
            command.env_remove(name);
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs a command to its end. Dropping the future kills it.
    pub async fn run(&self, arguments: &[&str]) -> Result<Ran, Error> {
        let command = arguments.join(" ");
        let what = format!("`rayakash {command}`");
        let begin = Instant::now();
        let output = timeout(PATIENCE, self.command(arguments).output())
            .await
            .map_err(|_| Error::Late { what: what.clone(), patience: PATIENCE })?
            .map_err(Error::io(what))?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ok(Ran {
            command,
            code: output.status.code(),
            out: text(&output.stdout),
            err: text(&output.stderr),
            took: begin.elapsed(),
        })
    }

    /// Starts `sandbox run` and waits until it is ready.
    pub async fn start_sandbox(&self) -> Result<Service, Error> {
        self.start_sandbox_with(&[]).await
    }

    /// The same, with more arguments.
    pub async fn start_sandbox_with(&self, more: &[&str]) -> Result<Service, Error> {
        let arguments = [&["sandbox", "run"], more].concat();
        Service::start(self, "sandbox", &arguments, async || {
            Ok(self.run(&["sandbox", "status"]).await?.code == Some(0))
        })
        .await
    }

    /// Starts `sandbox run --providers-only` on the chain of a node, and waits until the providers bid there.
    pub async fn start_providers(&self, node: &str, count: u8) -> Result<Service, Error> {
        let count = count.to_string();
        let arguments = ["sandbox", "run", "--providers-only", "--node", node, "--providers", &count];
        Service::start(self, "providers", &arguments, async || {
            let log = std::fs::read_to_string(self.path().join("providers.log")).unwrap_or_default();
            Ok(log.lines().any(|line| line.starts_with("provider ")))
        })
        .await
    }

    /// Starts `daemon run` and waits until it answers.
    pub async fn start_daemon(&self) -> Result<Service, Error> {
        let api = self.api();
        Service::start(self, "daemon", &["daemon", "run"], async || Ok(api.version().await.is_ok())).await
    }

    /// Starts `daemon run`, and does not wait for it.
    pub fn launch_daemon(&self) -> Result<Service, Error> {
        Service::launch(self, "daemon", &["daemon", "run"])
    }
}

impl Ran {
    /// Itself when it ended with this code.
    pub fn expect(self, expected: i32) -> Result<Self, Error> {
        if self.code == Some(expected) {
            return Ok(self);
        }
        let Self { command, code, out, err, .. } = self;
        Err(Error::Exit { command, code, expected, said: format!("{out}{err}") })
    }

    /// Its stdout as JSON.
    pub fn json(&self) -> Result<serde_json::Value, Error> {
        serde_json::from_str(&self.out)
            .map_err(|error| Error::Wrong(format!("`rayakash {}`: {error}: {}", self.command, self.out)))
    }
}
