//! One command of a foreign binary: it ends well, within its time, or the error says which command did not.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rayakash_testkit::Error;
use tokio::process::Command;

use crate::group::{Group, tail};

/// A binary, with the home that every command of it gets.
#[derive(Clone, Debug)]
pub(crate) struct Cli {
    binary: PathBuf,
    home: PathBuf,
    log: PathBuf,
    variables: Vec<(&'static str, String)>,
    patience: Duration,
}

impl Cli {
    /// `variable` is the name by which whoever runs this gave the binary.
    pub(crate) fn new(
        variable: &'static str,
        binary: &Path,
        folder: &Path,
        patience: Duration,
    ) -> Result<Self, Error> {
        if !binary.is_file() {
            return Err(Error::Wrong(format!(
                "{variable} is {}, and there is no such file",
                binary.display()
            )));
        }
        let binary = binary.canonicalize().map_err(Error::io(format!("finding {}", binary.display())))?;
        let variables = vec![("AKASH_KEYRING_BACKEND", "test".to_owned())];
        Ok(Self { binary, home: folder.join("home"), log: folder.join("commands.log"), variables, patience })
    }

    /// The home of the binary.
    pub(crate) fn home(&self) -> &Path {
        &self.home
    }

    pub(crate) const fn patience(&self) -> Duration {
        self.patience
    }

    /// Sets a variable for every command from now on.
    pub(crate) fn set(&mut self, name: &'static str, value: impl Into<String>) {
        self.variables.push((name, value.into()));
    }

    /// A command, with nobody at the keyboard and nothing of the caller's own settings of Akash.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command.args(words).arg("--home").arg(&self.home).stdin(Stdio::null());
        for name in ["AKASH_NODE", "AKASH_CHAIN_ID", "AKASH_HOME", "AKASH_OUTPUT", "AKASH_FROM"] {
            command.env_remove(name);
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs a command to its end.
    pub(crate) async fn run(&self, words: &[&str]) -> Result<(), Error> {
        self.run_with(words, Stdio::null()).await
    }

    /// The same, with something to read.
    pub(crate) async fn run_with(&self, words: &[&str], input: Stdio) -> Result<(), Error> {
        let told = format!("`{} {}`", self.binary.display(), words.join(" "));
        let mut command = self.command(words);
        command.stdin(input);
        // What an earlier command printed explains nothing.
        let _none = std::fs::remove_file(&self.log);
        let mut group = Group::start(command, &self.log)?;
        match group.ended(self.patience).await {
            Ok(Some(0)) => Ok(()),
            Ok(code) => {
                let how = code.map_or_else(|| "a signal".to_owned(), |code| format!("exit code {code}"));
                Err(Error::Wrong(format!("{told} ended with {how}:\n{}", tail(&self.log))))
            }
            Err(Error::Late { patience, .. }) => Err(Error::Late { what: format!("{told} ends"), patience }),
            Err(other) => Err(other),
        }
    }
}
