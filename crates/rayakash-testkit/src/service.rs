//! A service of the program, started by a harness.

use std::fs::File;
use std::path::PathBuf;
use std::time::Duration;

use nix::sys::signal::Signal;
use tokio::process::Child;
use tokio::time::timeout;

use crate::{Error, Home, Process, until};

/// How long a service may take to start.
const START: Duration = Duration::from_secs(60);
/// How long a service may take to stop: the sandbox stops every pod.
const STOP: Duration = Duration::from_secs(90);

/// A daemon or a sandbox. Dropping it asks it to end and does not wait: the sandbox stops its pods by itself.
#[derive(Debug)]
pub struct Service {
    child: Child,
    process: Process,
    log: PathBuf,
}

impl Service {
    /// Starts it and does not wait for it.
    pub(crate) fn launch(home: &Home, name: &str, arguments: &[&str]) -> Result<Self, Error> {
        let log = home.path().join(format!("{name}.log"));
        let what = format!("starting the {name}");
        let out = File::options().create(true).append(true).open(&log).map_err(Error::io(&what))?;
        let err = out.try_clone().map_err(Error::io(&what))?;
        let mut command = home.command(arguments);
        let child = command.kill_on_drop(false).stdout(out).stderr(err).spawn().map_err(Error::io(&what))?;
        let ended = || Error::Wrong(format!("the {name} ended at once"));
        let process = child.id().and_then(Process::of).ok_or_else(ended)?;
        Ok(Self { child, process, log })
    }

    pub(crate) async fn start(
        home: &Home,
        name: &str,
        arguments: &[&str],
        mut answers: impl AsyncFnMut() -> Result<bool, Error>,
    ) -> Result<Self, Error> {
        let service = Self::launch(home, name, arguments)?;
        let process = service.process;
        let answered = until(&format!("the {name} answers"), START, async || {
            if !process.runs() {
                return Err(Error::Wrong(format!("the {name} ended:\n{}", service.tail())));
            }
            Ok(answers().await?.then_some(()))
        })
        .await;
        answered.map(|()| service)
    }

    /// Its process.
    pub const fn process(&self) -> Process {
        self.process
    }

    /// Kills it, as a crash or the system would, and waits until it is gone.
    pub async fn kill(mut self) -> Result<(), Error> {
        self.process.signal(Signal::SIGKILL);
        self.child.wait().await.map(drop).map_err(Error::io("killing"))
    }

    /// Asks it to stop and waits until it has.
    pub async fn stop(mut self) -> Result<(), Error> {
        self.process.signal(Signal::SIGTERM);
        match timeout(STOP, self.child.wait()).await {
            Ok(ended) => ended.map(drop).map_err(Error::io("stopping")),
            Err(_) => {
                self.process.signal(Signal::SIGKILL);
                Err(Error::Late { what: "a service stops".to_owned(), patience: STOP })
            }
        }
    }

    /// The end of its log.
    pub fn tail(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines.get(lines.len().saturating_sub(20)..).unwrap_or_default().join("\n")
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.process.signal(Signal::SIGTERM);
    }
}
