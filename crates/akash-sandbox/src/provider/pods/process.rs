//! The machine's processes, as `/proc` tells them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};

/// A process that cannot be mistaken for a later one with the same number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Process {
    pub(crate) pid: i32,
    /// Clock ticks since boot at which it started.
    pub(crate) start: u64,
}

/// One line of the table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    pub(crate) parent: i32,
    pub(crate) group: i32,
    pub(crate) session: i32,
    pub(crate) start: u64,
    pub(crate) zombie: bool,
    /// Whether it has a controlling terminal.
    pub(crate) terminal: bool,
}

/// All processes at one look, by pid.
#[derive(Debug, Default)]
pub(crate) struct Table(BTreeMap<i32, Row>);

impl Process {
    /// The process that has this pid now.
    pub(crate) fn now(pid: i32) -> Option<Self> {
        let row = row(pid)?;
        Some(Self { pid, start: row.start })
    }

    /// Whether it still runs (a zombie does not).
    pub(crate) fn runs(self) -> bool {
        row(self.pid).is_some_and(|row| row.start == self.start && !row.zombie)
    }

    /// Whether it is process 1 of a PID namespace below ours.
    pub(crate) fn is_first(self) -> bool {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid)).unwrap_or_default();
        let numbers = status.lines().find_map(|line| line.strip_prefix("NSpid:"));
        numbers.is_some_and(|numbers| numbers.split_ascii_whitespace().nth(1) == Some("1"))
    }

    /// Whether it handles a signal by itself.
    pub(crate) fn handles(self, signal: Signal) -> bool {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid)).unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
        let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
        // Signal numbers are small and start at 1.
        u32::try_from(signal as i32 - 1).is_ok_and(|bit| mask >> bit & 1 == 1)
    }

    /// Sends it a signal, if it is still the same process. A process that is gone is no error.
    pub(crate) fn signal(self, signal: Signal) {
        if self.pid > 1 && row(self.pid).is_some_and(|row| row.start == self.start) {
            kill(Pid::from_raw(self.pid), signal).ok();
        }
    }
}

impl Table {
    /// Looks at every process.
    pub(crate) fn look() -> Self {
        let Ok(entries) = fs::read_dir("/proc") else { return Self::default() };
        let pids = entries.flatten().filter_map(|e| e.file_name().to_str()?.parse::<i32>().ok());
        pids.filter_map(|pid| Some((pid, row(pid)?))).collect()
    }

    /// The process that has this pid.
    pub(crate) fn get(&self, pid: i32) -> Option<Process> {
        self.0.get(&pid).map(|row| Process { pid, start: row.start })
    }

    /// Every process with its pid.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Process, &Row)> {
        self.0.iter().map(|(&pid, row)| (Process { pid, start: row.start }, row))
    }

    /// The children of a process.
    pub(crate) fn below(&self, parent: Process) -> impl Iterator<Item = Process> {
        self.iter().filter(move |(_, row)| row.parent == parent.pid).map(|(process, _)| process)
    }

    /// Those of `roots` that are here, and all that descend from them.
    pub(crate) fn family(&self, roots: impl IntoIterator<Item = Process>) -> BTreeSet<Process> {
        let mut children: BTreeMap<i32, Vec<Process>> = BTreeMap::new();
        for (process, row) in self.iter() {
            children.entry(row.parent).or_default().push(process);
        }
        let mut family = BTreeSet::new();
        let is_here = |p: &Process| self.0.get(&p.pid).is_some_and(|row| row.start == p.start);
        let mut next: Vec<Process> = roots.into_iter().filter(is_here).collect();
        while let Some(process) = next.pop() {
            if family.insert(process) {
                next.extend(children.get(&process.pid).into_iter().flatten().copied());
            }
        }
        family
    }
}

impl FromIterator<(i32, Row)> for Table {
    fn from_iter<T: IntoIterator<Item = (i32, Row)>>(rows: T) -> Self {
        Self(rows.into_iter().collect())
    }
}

/// Names the machine's present start: process numbers and start times of another one mean nothing. Empty where unknown.
pub(crate) fn boot() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned()
}

/// `/proc/PID/stat`: the name in parentheses may hold anything, so fields count from the last parenthesis.
fn row(pid: i32) -> Option<Row> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = text.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    Some(Row {
        zombie: matches!(*fields.first()?, "Z" | "X"),
        parent: fields.get(1)?.parse().ok()?,
        group: fields.get(2)?.parse().ok()?,
        session: fields.get(3)?.parse().ok()?,
        terminal: *fields.get(4)? != "0",
        start: fields.get(19)?.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_with_a_trap_handles_the_signal_and_one_without_does_not() {
        for (script, wanted) in [("trap : TERM; read x", true), ("read x", false)] {
            let mut child = std::process::Command::new("/bin/sh")
                .args(["-c", &format!("echo; {script}")])
                .stdin(std::process::Stdio::piped())
                .stdout(std::process::Stdio::piped())
                .spawn()
                .unwrap();
            let process = Process::now(i32::try_from(child.id()).unwrap()).unwrap();
            // It is about to read when its first word is here, and its trap is set soon after.
            let mut word = [0];
            std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut word).unwrap();
            let found = (0..500).any(|_| {
                super::super::sweep::pause();
                process.handles(Signal::SIGTERM) == wanted
            });
            assert!(found, "{script}");
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    #[test]
    fn this_process_is_in_the_table_and_descends_from_its_parent() {
        let me = Process::now(nix::unistd::getpid().as_raw()).unwrap();
        let parent = Process::now(nix::unistd::getppid().as_raw()).unwrap();
        assert!(me.runs());
        assert!(Table::look().family([parent]).contains(&me));
        assert!(!Process { start: me.start + 1, ..me }.runs(), "another process with the same number");
    }
}
