//! Starts the daemon or the sandbox, detached: it outlives this command and its terminal.

use crate::failure::Failure;
use crate::runtime;
use rayakash_api::error::Code;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

/// How much of a log's end is shown.
const TAIL: u64 = 2_000;
/// A log larger than this is put by at the next start.
const LARGE: u64 = 10 << 20;

/// A process that was started, and where it talks to.
#[derive(Debug)]
pub(crate) struct Detached {
    child: Child,
    pub(crate) log: PathBuf,
}

/// Starts this program with other arguments. It leaves the session of the terminal by itself, see [`leave_session`].
pub(crate) fn detached(arguments: &[String], log: &Path) -> Result<Detached, Failure> {
    let what = || format!("`rayakash {}` could not be started", arguments.join(" "));
    let started = || -> std::io::Result<Child> {
        if let Some(folder) = log.parent() {
            DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        }
        put_by(log)?;
        let out = OpenOptions::new().create(true).append(true).mode(0o600).open(log)?;
        let error = out.try_clone()?;
        let program =
            runtime::program().map_err(|failure| std::io::Error::other(failure.problem.detail.clone()))?;
        Command::new(program).args(arguments).stdin(Stdio::null()).stdout(out).stderr(error).spawn()
    };
    let child = started().map_err(|error| Failure::because(Code::Internal, what(), &error))?;
    Ok(Detached { child, log: log.to_owned() })
}

/// Begins a log that has grown large anew; the one before is kept.
fn put_by(log: &Path) -> std::io::Result<()> {
    if log.metadata().is_ok_and(|found| found.len() > LARGE) {
        std::fs::rename(log, log.with_added_extension("old"))?;
    }
    Ok(())
}

/// Whether a process is there and runs; one that only waits to be collected does not.
pub(crate) fn runs(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"));
    stat.is_ok_and(|stat| stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X'])))
}

/// Makes this process the leader of a session of its own, so that no terminal's end or Ctrl-C reaches it.
pub(crate) fn leave_session() -> Result<(), Failure> {
    nix::unistd::setsid()
        .map(drop)
        .map_err(|error| Failure::because(Code::Internal, "the session could not be left", &error))
}

impl Detached {
    /// How it ended, when it has.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// The end of its log.
    pub(crate) fn tail(&self) -> String {
        let read = || -> std::io::Result<Vec<u8>> {
            let mut file = File::open(&self.log)?;
            let length = file.metadata()?.len();
            file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
            let mut bytes = Vec::new();
            file.take(TAIL).read_to_end(&mut bytes)?;
            Ok(bytes)
        };
        let text = read().map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
        text.lines().rev().take(8).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join("\n")
    }
}

/// The oldest Python that the nodes' program runs on.
const OLDEST_PYTHON: (u32, u32) = (3, 10);

/// The sandbox runs real Ray, for which this machine needs Python. Without it nothing is started, and nothing is bought.
pub(crate) fn require_python() -> Result<(), Failure> {
    let said = Command::new("python3").arg("--version").stdin(Stdio::null()).output();
    let version = said.as_ref().ok().map(|said| String::from_utf8_lossy(&said.stdout).into_owned());
    let found = match version.as_deref().map(|text| (text.trim(), python_version(text))) {
        Some((_, Some(version))) if version >= OLDEST_PYTHON => return Ok(()),
        Some((text, Some(_))) => format!("{text} is too old for the sandbox"),
        Some((_, None)) | None => "there is no python3 on this machine".to_owned(),
    };
    let (major, minor) = OLDEST_PYTHON;
    let failure = Failure::new(
        Code::MissingProgram,
        format!("{found}: it runs real Ray, which needs Python {major}.{minor} or later"),
    );
    Err(failure.hint("install it, on Debian with: apt-get install python3 python3-venv"))
}

/// Major and minor of what `python3 --version` prints.
fn python_version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.trim().strip_prefix("Python ")?.split('.').map(|part| part.parse().ok());
    Some((numbers.next()??, numbers.next()??))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_log_is_put_by_once() {
        let home = tempfile::tempdir().unwrap();
        let (log, old) = (home.path().join("daemon.log"), home.path().join("daemon.log.old"));
        put_by(&log).unwrap();
        let file = File::create(&log).unwrap();
        file.set_len(LARGE).unwrap();
        put_by(&log).unwrap();
        assert!(log.exists() && !old.exists());
        file.set_len(LARGE + 1).unwrap();
        put_by(&log).unwrap();
        assert!(!log.exists() && old.exists());
    }

    #[test]
    fn a_process_that_is_over_does_not_run() {
        assert!(runs(std::process::id()));
        let mut child = Command::new("true").stdin(Stdio::null()).spawn().unwrap();
        while runs(child.id()) {
            std::thread::yield_now();
        }
        assert!(child.wait().unwrap().success());
        assert!(!runs(child.id()));
    }

    #[test]
    fn python_versions() {
        let table = [
            ("Python 3.11.7\n", Some((3, 11))),
            ("Python 3.9.2", Some((3, 9))),
            ("", None),
            ("pypy 7", None),
        ];
        for (text, expected) in table {
            assert_eq!(python_version(text), expected);
        }
    }
}
