//! Ending a pod whole: nothing of it may remain.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::sys::signal::Signal;
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::{Pid, getpid};

use super::process::{Process, Table};

/// How the processes of one pod are told from all others.
///
/// Descent is the first net. A daemon that left its session and lost its parent is found by the second: its process
/// group, its working directory, its open files, or `TMPDIR` in its environment. One of them alone does not do: Ray's
/// processes overwrite their environment when they set their title.
#[derive(Clone, Debug)]
pub(crate) struct Marks {
    /// The pod's main process, which also leads its process group.
    pub(crate) main: Option<Process>,
    /// Folders that only this pod uses.
    pub(crate) folders: [PathBuf; 2],
    /// Its `TMPDIR`.
    pub(crate) tmp: PathBuf,
}

impl Marks {
    /// Every process of the pod, zombies included.
    pub(crate) fn find(&self, table: &Table) -> BTreeSet<Process> {
        let me = getpid().as_raw();
        let ours = table.iter().filter(|(process, row)| {
            let led = self.main.is_some_and(|main| row.group == main.pid && process.start >= main.start);
            process.pid > 1 && process.pid != me && (led || (!row.zombie && self.marked(process.pid)))
        });
        let roots: Vec<Process> = ours.map(|(process, _)| process).chain(self.main).collect();
        table.family(roots).into_iter().filter(|process| process.pid != me).collect()
    }

    fn marked(&self, pid: i32) -> bool {
        let proc = PathBuf::from(format!("/proc/{pid}"));
        let inside =
            |link: &Path| fs::read_link(link).is_ok_and(|to| self.folders.iter().any(|f| to.starts_with(f)));
        if inside(&proc.join("cwd")) {
            return true;
        }
        let wanted = [b"TMPDIR=".as_slice(), self.tmp.as_os_str().as_bytes()].concat();
        if fs::read(proc.join("environ")).is_ok_and(|env| env.split(|b| *b == 0).any(|entry| entry == wanted))
        {
            return true;
        }
        fs::read_dir(proc.join("fd")).is_ok_and(|fds| fds.flatten().any(|fd| inside(&fd.path())))
    }

    /// Kills every process of the pod and reaps what became a child of this process. Ends when none is left, or after
    /// about `patience` rounds of 20 ms with those that would not go.
    pub(crate) fn kill_blocking(&self, patience: u32) -> BTreeSet<Process> {
        let mut left = BTreeSet::new();
        for _ in 0..patience {
            let found = self.find(&Table::look());
            left = found.into_iter().filter(|process| !self.reap(*process)).collect();
            if left.is_empty() {
                break;
            }
            for process in &left {
                process.signal(Signal::SIGKILL);
            }
            pause();
        }
        left
    }

    /// Whether `process` is over. An orphan that came to us (we are the subreaper) is collected; the main process is
    /// somebody else's to collect.
    fn reap(&self, process: Process) -> bool {
        if process.runs() {
            return false;
        }
        if self.main != Some(process) {
            collect(process);
        }
        true
    }

    /// [`Self::kill_blocking`] off the runtime's threads.
    pub(crate) async fn kill(&self) -> BTreeSet<Process> {
        let marks = self.clone();
        tokio::task::spawn_blocking(move || marks.kill_blocking(250)).await.unwrap_or_default()
    }
}

/// Collects a dead orphan, if it is a child of this process.
pub(crate) fn collect(process: Process) {
    waitpid(Pid::from_raw(process.pid), Some(WaitPidFlag::WNOHANG)).ok();
}

/// A short wait of the whole thread.
#[expect(
    clippy::disallowed_methods,
    reason = "runs on a blocking thread, at start, or in Drop where there is no runtime"
)]
pub(super) fn pause() {
    std::thread::sleep(Duration::from_millis(20));
}
