//! A process of a foreign binary, with everything that it starts: one process group, which ends as one.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use rayakash_testkit::{Error, Process, until};
use tokio::process::{Child, Command};

/// How long a process may take to end when it is asked to.
const ENDING: Duration = Duration::from_secs(20);

/// A process group. Dropping it kills the group: what a foreign binary leaves behind is nobody's.
#[derive(Debug)]
pub(crate) struct Group {
    child: Child,
    /// None for one that had ended before it could be looked at.
    leader: Option<Process>,
    log: PathBuf,
    kept: bool,
}

impl Group {
    /// Starts a command as the leader of a group of its own; what it prints goes to the end of a log.
    pub(crate) fn start(mut command: Command, log: &Path) -> Result<Self, Error> {
        let what = format!("starting {}", command.as_std().get_program().display());
        let out = File::options().create(true).append(true).open(log).map_err(Error::io(&what))?;
        let err = out.try_clone().map_err(Error::io(&what))?;
        let child = command.stdout(out).stderr(err).process_group(0).spawn().map_err(Error::io(&what))?;
        let leader = child.id().and_then(Process::of);
        Ok(Self { child, leader, log: log.to_owned(), kept: false })
    }

    /// Its leader, when it did not end at once.
    pub(crate) const fn process(&self) -> Option<Process> {
        self.leader
    }

    /// Whether its leader still runs.
    pub(crate) fn runs(&self) -> bool {
        self.leader.is_some_and(Process::runs)
    }

    /// The end of its log.
    pub(crate) fn tail(&self) -> String {
        tail(&self.log)
    }

    /// Waits until the leader has ended, and kills what else runs of the group; gives the exit code, none after a signal.
    pub(crate) async fn ended(&mut self, patience: Duration) -> Result<Option<i32>, Error> {
        until("a process ends", patience, async || Ok((!self.runs()).then_some(()))).await?;
        self.kill();
        let status = self.child.wait().await.map_err(Error::io("waiting for a process"))?;
        Ok(status.code())
    }

    /// Asks the leader to end, and waits until it has.
    pub(crate) async fn stop(mut self) -> Result<(), Error> {
        if let Some(leader) = self.leader {
            leader.signal(Signal::SIGTERM);
        }
        self.ended(ENDING).await.map(drop)
    }

    /// Lets it run when this is dropped.
    pub(crate) fn keep(mut self) {
        self.kept = true;
    }

    /// Kills the group, as long as its leader was not waited for: until then nobody else can have its number.
    fn kill(&self) {
        if let Some(id) = self.child.id().and_then(|pid| i32::try_from(pid).ok()) {
            let _gone = killpg(Pid::from_raw(id), Signal::SIGKILL);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if !self.kept {
            self.kill();
        }
    }
}

/// The end of a file of lines.
pub(crate) fn tail(log: &Path) -> String {
    let bytes = std::fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().collect();
    let last = lines.get(lines.len().saturating_sub(10)..).unwrap_or_default().join("\n");
    // A line of garbage may be long, and may hold what a terminal takes for an order.
    last.chars().map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c }).take(2_000).collect()
}
