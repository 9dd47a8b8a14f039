//! Processes, as `/proc` tells them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// A process that cannot be mistaken for a later one with the same number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Process {
    pid: i32,
    /// Clock ticks since boot at which it started.
    start: u64,
}

struct Row {
    process: Process,
    parent: i32,
    zombie: bool,
}

impl Process {
    /// The process that has this number now; none when there is none, or only what its parent has not asked after.
    pub fn of(pid: u32) -> Option<Self> {
        let row = row(i32::try_from(pid).ok()?)?;
        (!row.zombie).then_some(row.process)
    }

    /// This process.
    pub fn this() -> Option<Self> {
        Self::of(std::process::id())
    }

    /// Its number, and when it started, in clock ticks since boot: both together name it.
    pub fn number(self) -> (u32, u64) {
        (self.pid.unsigned_abs(), self.start)
    }

    /// Whether it still runs.
    pub fn runs(self) -> bool {
        row(self.pid).is_some_and(|row| row.process == self && !row.zombie)
    }

    /// Sends a signal, if it is still the same process.
    pub fn signal(self, signal: Signal) {
        if self.pid > 1 && self.runs() {
            // It may have ended just now, which is as good.
            let _gone = kill(Pid::from_raw(self.pid), signal);
        }
    }

    /// Its arguments; empty for what has none.
    pub fn arguments(self) -> Vec<String> {
        self.texts("cmdline")
    }

    /// Its first environment, name and value.
    pub fn environment(self) -> BTreeMap<String, String> {
        let pairs = self.texts("environ");
        pairs.iter().filter_map(|pair| pair.split_once('=')).map(|(k, v)| (k.into(), v.into())).collect()
    }

    fn texts(self, file: &str) -> Vec<String> {
        let bytes = fs::read(format!("/proc/{}/{file}", self.pid)).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        text.split('\0').filter(|part| !part.is_empty()).map(str::to_owned).collect()
    }
}

/// Everything that runs below a process, itself not included.
pub fn descendants(root: Process) -> BTreeSet<Process> {
    let mut children: BTreeMap<i32, Vec<Process>> = BTreeMap::new();
    let pids = fs::read_dir("/proc").into_iter().flatten().flatten();
    for row in pids.filter_map(|entry| row(entry.file_name().to_str()?.parse().ok()?)) {
        if !row.zombie {
            children.entry(row.parent).or_default().push(row.process);
        }
    }
    let mut found = BTreeSet::new();
    let mut next = vec![root];
    while let Some(process) = next.pop() {
        next.extend(children.get(&process.pid).into_iter().flatten().filter(|child| found.insert(**child)));
    }
    found
}

/// Resident memory of a process, KiB, as `/proc/PID/status` has it.
pub fn resident_kib(process: Process) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{}/status", process.pid)).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// `/proc/PID/stat`: the name in parentheses may hold anything, so fields count from the last parenthesis.
fn row(pid: i32) -> Option<Row> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = text.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    Some(Row {
        zombie: matches!(*fields.first()?, "Z" | "X"),
        parent: fields.get(1)?.parse().ok()?,
        process: Process { pid, start: fields.get(19)?.parse().ok()? },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_is_seen_until_it_is_killed() {
        let mut child = std::process::Command::new("sleep").arg("60").env("MARK", "a=b").spawn().unwrap();
        let process = Process::of(child.id()).unwrap();
        assert!(descendants(Process::this().unwrap()).contains(&process));
        assert!(resident_kib(process).is_some());
        assert!(!Process { start: process.start + 1, ..process }.runs(), "another one with the same number");
        process.signal(Signal::SIGKILL);
        child.wait().unwrap();
        assert!(!process.runs());
    }

    #[tokio::test]
    async fn arguments_and_environment_are_those_of_the_start() {
        let child = std::process::Command::new("sh")
            .args(["-c", "read x; : 'two words'"])
            .env("MARK", "a=b")
            .stdin(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let process = Process::of(child.id()).unwrap();
        // Between fork and exec the child still looks like this program.
        let begun = async || Ok(process.arguments().first().is_some_and(|name| name == "sh").then_some(()));
        crate::until("sh runs", std::time::Duration::from_secs(10), begun).await.unwrap();
        assert_eq!(process.arguments(), ["sh", "-c", "read x; : 'two words'"]);
        assert_eq!(process.environment()["MARK"], "a=b");
        drop(child.wait_with_output().unwrap());
    }
}
