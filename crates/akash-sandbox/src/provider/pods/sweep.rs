//! Ending a pod whole: nothing of it may remain.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::sys::signal::Signal;
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::{Pid, getpid};

use super::network;
use super::process::{Process, Row, Table};

/// How the processes of one pod are told from all others.
///
/// Descent is the first net. A daemon that left its session and lost its parent is found by the second: its process
/// group, its working directory, its open files, or its folder for temporary files, in its environment or as the `/tmp` of its mount
/// namespace. One of them alone does not do: Ray's processes overwrite their environment when they set their title. Folders say little by themselves: the user's own shell
/// or editor may be in them too, so they count only for what looks like a daemon of this pod.
#[derive(Clone, Debug)]
pub(crate) struct Marks {
    /// The pod's main process, which also leads its process group.
    pub(crate) main: Option<Process>,
    /// Folders that only this pod uses.
    pub(crate) folders: [PathBuf; 2],
    /// The folder that is its `TMPDIR`, or the `SANDBOX_TMP` of the process above its container.
    pub(crate) tmp: PathBuf,
}

impl Marks {
    /// Every process of the pod, zombies included.
    pub(crate) fn find(&self, table: &Table) -> BTreeSet<Process> {
        let me = getpid().as_raw();
        let led = self.led(table);
        let ours = table.iter().filter(|(process, row)| {
            process.pid > 1
                && process.pid != me
                && (led(*process, row) || (!row.zombie && self.marked(*process, row)))
        });
        let roots: Vec<Process> = ours.map(|(process, _)| process).chain(self.main).collect();
        table.family(roots).into_iter().filter(|process| process.pid != me).collect()
    }

    /// Who is in the process group of the main process. While that group lasts its number goes to no other process, so a main
    /// process with another start time leads a stranger's group. So does one that leads a session of that number, alive or not: ours
    /// leads a group, and a leader of a group cannot begin a session.
    fn led(&self, table: &Table) -> impl Fn(Process, &Row) -> bool {
        let main =
            self.main.filter(|main| table.get(main.pid).is_none_or(|holder| holder.start == main.start));
        move |process, row| {
            main.is_some_and(|main| {
                row.group == main.pid && row.session != main.pid && process.start >= main.start
            })
        }
    }

    /// Whether being in the pod's folders makes a process the pod's: it is our orphan, or a daemon that is younger than the pod.
    fn folders_count(&self, process: Process, row: &Row) -> bool {
        let younger = self.main.is_some_and(|main| process.start >= main.start);
        younger && (!row.terminal || row.parent == getpid().as_raw())
    }

    fn marked(&self, process: Process, row: &Row) -> bool {
        let proc = PathBuf::from(format!("/proc/{}", process.pid));
        let names = |entry: &[u8]| {
            let name = entry.strip_suffix(self.tmp.as_os_str().as_bytes());
            let names = ["TMPDIR", network::TMP].map(str::as_bytes);
            name.and_then(|name| name.strip_suffix(b"=")).is_some_and(|name| names.contains(&name))
        };
        if fs::read(proc.join("environ")).is_ok_and(|env| env.split(|b| *b == 0).any(names))
            || network::is_inside(process, &self.tmp)
        {
            return true;
        }
        if !self.folders_count(process, row) {
            return false;
        }
        let inside =
            |link: &Path| fs::read_link(link).is_ok_and(|to| self.folders.iter().any(|f| to.starts_with(f)));
        inside(&proc.join("cwd"))
            || fs::read_dir(proc.join("fd")).is_ok_and(|fds| fds.flatten().any(|fd| inside(&fd.path())))
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
            // Parents before their children: a shell that lives on would write down that its child was killed.
            let mut oldest_first: Vec<&Process> = left.iter().collect();
            oldest_first.sort_by_key(|process| process.start);
            for process in oldest_first {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn marks(main: Option<Process>) -> Marks {
        let folder = PathBuf::from("/nowhere");
        Marks { main, folders: [folder.clone(), folder.clone()], tmp: folder }
    }

    const fn row(group: i32, start: u64) -> Row {
        Row { parent: 1, group, session: 1, start, zombie: false, terminal: false }
    }

    #[test]
    fn a_strangers_group_with_the_number_of_the_main_process_is_not_the_pods() {
        let marks = marks(Some(Process { pid: 50, start: 100 }));
        let led = |table: Table| {
            let led = marks.led(&table);
            table.iter().filter(|(process, row)| led(*process, row)).map(|(p, _)| p.pid).collect::<Vec<_>>()
        };
        let left = [(51, row(50, 110)), (52, row(52, 110)), (53, row(50, 90))];
        assert_eq!(led(Table::from_iter(left)), [51], "the main process is over");
        assert_eq!(led(left.into_iter().chain([(50, row(50, 100))]).collect()), [50, 51]);
        assert_eq!(
            led(left.into_iter().chain([(50, row(50, 105))]).collect()),
            [0; 0],
            "its number was given anew"
        );
        let daemon = (51, Row { session: 50, ..row(50, 110) });
        assert_eq!(led([daemon].into_iter().collect()), [0; 0], "it was given anew and is over again");
    }

    #[test]
    fn shells_editors_and_what_was_there_before_may_use_the_folders_of_a_pod() {
        let main = Some(Process { pid: 50, start: 100 });
        let me = getpid().as_raw();
        let table = [
            (main, row(60, 101), true),
            (main, Row { terminal: true, ..row(60, 101) }, false),
            (main, Row { terminal: true, parent: me, ..row(60, 101) }, true),
            (main, row(60, 99), false),
            (None, row(60, 101), false),
        ];
        for (main, row, counts) in table {
            let process = Process { pid: 60, start: row.start };
            assert_eq!(marks(main).folders_count(process, &row), counts, "{main:?} {row:?}");
        }
    }
}
