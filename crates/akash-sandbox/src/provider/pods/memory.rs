//! The memory limit, without cgroups: a look every second that kills what is too large, as the kernel would.

use std::fs;

use nix::sys::signal::Signal;

use super::pod::{Phase, Pod};
use super::process::{Process, Table};

/// What a pod's processes use, in bytes.
#[derive(Debug, Default, PartialEq, Eq)]
struct Usage {
    total: u64,
    /// The largest process other than the main one.
    largest: Option<(u64, Process)>,
}

/// Kills the pod's largest process if the pod uses more than `limit` bytes; answers which one.
///
/// The main process is spared while there is another: a container that loses a child lives on.
pub(crate) fn enforce(pod: &Pod, limit: u64, table: &Table) -> Option<Process> {
    let main = pod.main().filter(|_| limit > 0 && pod.phase() == Phase::Running)?;
    // By the cheap measure a page that a fork shares with its parent counts twice. Who is too large by it is measured as the kernel
    // does: Ray's dashboard is a dozen forks of one process.
    if usage(main, table.family([main]), anonymous_and_shared).total <= limit {
        return None;
    }
    let usage = usage(main, table.family([main]), proportional);
    if usage.total <= limit {
        return None;
    }
    let victim = usage.largest.map_or(main, |(_, process)| process);
    victim.signal(Signal::SIGKILL);
    Some(victim)
}

/// Anonymous memory counts for each process; shared memory is mapped by all and counts once, by its largest mapping.
fn usage(
    main: Process,
    family: impl IntoIterator<Item = Process>,
    measure: impl Fn(Process) -> Option<(u64, u64)>,
) -> Usage {
    let (mut anonymous, mut shared, mut largest) = (0_u64, 0, None);
    for process in family {
        let Some((own, mapped)) = measure(process) else { continue };
        anonymous = anonymous.saturating_add(own);
        shared = mapped.max(shared);
        if process != main {
            largest = largest.max(Some((own, process)));
        }
    }
    Usage { total: anonymous.saturating_add(shared), largest }
}

fn anonymous_and_shared(process: Process) -> Option<(u64, u64)> {
    let status = fs::read_to_string(format!("/proc/{}/status", process.pid)).ok()?;
    Some((bytes(&status, "RssAnon:")?, bytes(&status, "RssShmem:")?))
}

/// The same, with each anonymous page shared out among those that have it; where that cannot be read, whole.
fn proportional(process: Process) -> Option<(u64, u64)> {
    let (whole, shared) = anonymous_and_shared(process)?;
    let maps = fs::read_to_string(format!("/proc/{}/smaps_rollup", process.pid)).unwrap_or_default();
    Some((bytes(&maps, "Pss_Anon:").unwrap_or(whole), shared))
}

fn bytes(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok().map(|kib| kib.saturating_mul(1024))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shared_memory_counts_once_and_the_main_process_is_spared() {
        let process = |pid| Process { pid, start: 0 };
        let family = [process(10), process(11), process(12)];
        let measure = |p: Process| match p.pid {
            10 => Some((900, 0)),
            11 => Some((300, 5000)),
            _ => Some((400, 4000)),
        };
        let found = usage(process(10), family, measure);
        assert_eq!(found, Usage { total: 1600 + 5000, largest: Some((400, process(12))) });
        let alone = usage(process(10), [process(10)], measure);
        assert_eq!(alone, Usage { total: 900, largest: None });
    }

    #[test]
    fn the_kernel_tells_what_this_process_uses() {
        let me = Process::now(nix::unistd::getpid().as_raw()).unwrap();
        let (whole, shared) = anonymous_and_shared(me).unwrap();
        assert!(whole > 100_000);
        assert_eq!(proportional(me).unwrap().1, shared);
    }

    #[test]
    fn a_share_is_read_and_what_cannot_be_read_is_none() {
        let maps = "Rss:     5000 kB\nPss:  900 kB\nPss_Anon:             700 kB\n";
        assert_eq!(bytes(maps, "Pss_Anon:"), Some(700 * 1024));
        assert_eq!(bytes("", "Pss_Anon:"), None);
    }
}
