//! The loop of one cluster.

use std::sync::Arc;

use rayakash_core::spec::Name;
use tokio::sync::{Notify, watch};

use crate::ports::World;
use crate::report::{Report, Summary};
use crate::step::{Memory, Next, Settings, Tended, step};

/// The shortest pause between looks when nothing happens.
const SHORTEST_MS: u64 = 200;
/// The longest pause between looks: health of Ray is looked at this often on slow chains.
const LONGEST_MS: u64 = 5_000;
/// The longest pause after trouble.
const LONGEST_TROUBLE_MS: u64 = 30_000;

/// The shortest pause between looks at a cluster that is ready: each look asks Ray, which costs it processor time.
const READY_MS: u64 = 3_000;
/// The longest: a lease that is lost, or a head that is, is noticed within a minute.
const LONGEST_READY_MS: u64 = 60_000;
/// So many blocks pass between looks at a cluster that is ready while nothing is awaited.
const READY_BLOCKS: u64 = 10;

/// What tends a cluster.
#[derive(Clone)]
pub struct Tending {
    /// The cluster.
    pub name: Name,
    /// Wakes the loop. It says "look again", never what changed.
    pub nudge: Arc<Notify>,
    /// Where it stands.
    pub reports: watch::Sender<Report>,
    /// What the daemon decided once for all clusters.
    pub settings: Settings,
}

/// Tends a cluster until nothing is there and nothing is wanted. Dropping the future at any point loses nothing.
pub async fn tend(world: Arc<dyn World>, tending: Tending) {
    let mut memory = Memory::default();
    let mut troubles: u32 = 0;
    loop {
        let of = Tended { world: world.as_ref(), name: &tending.name, settings: &tending.settings };
        let last = tending.reports.borrow().clone();
        let publish = |report: Report| drop(tending.reports.send_replace(report));
        let next = step(&of, &mut memory, &last, &publish).await;
        let pause_ms = match next {
            Next::Gone => return,
            Next::AtOnce => {
                troubles = 0;
                continue;
            }
            Next::Wait => {
                troubles = 0;
                pause_ms(&tending.reports.borrow())
            }
            Next::Later => {
                troubles = troubles.saturating_add(1);
                let factor = 1_u64.checked_shl(troubles.min(10)).unwrap_or(1);
                SHORTEST_MS.saturating_mul(factor).min(LONGEST_TROUBLE_MS)
            }
        };
        tokio::select! {
            // In order, so that the same world runs the same way twice.
            biased;
            () = tending.nudge.notified() => {}
            () = world.clock().sleep_ms(pause_ms) => {}
        }
    }
}

/// A block, since nothing changes on chain in between; ten when all is well and nothing is awaited.
fn pause_ms(report: &Report) -> u64 {
    let block_ms = report.tip.map_or(LONGEST_MS, |tip| tip.block_ms);
    if report.summary == Summary::Ready && report.waiting.is_none() && report.trouble.is_none() {
        return block_ms.saturating_mul(READY_BLOCKS).clamp(READY_MS, LONGEST_READY_MS);
    }
    block_ms.clamp(SHORTEST_MS, LONGEST_MS)
}

#[cfg(test)]
mod tests {
    use akash_types::Height;
    use rayakash_core::view::Tip;

    use super::*;

    #[test]
    fn a_ready_cluster_is_looked_at_every_ten_blocks_and_within_a_minute() {
        let pause = |block_ms, summary, waiting| {
            let tip = Tip { height: Height(9), time_ms: 0, block_ms, stalled_since_ms: None };
            let mut report = Report { tip: Some(tip), summary, ..Report::unknown(0) };
            if waiting {
                report.waiting = Some(rayakash_core::Waiting::Paused);
            }
            pause_ms(&report)
        };
        for (block_ms, summary, waiting, expected) in [
            (6_000, Summary::Ready, false, 60_000),
            (15_000, Summary::Ready, false, 60_000),
            (500, Summary::Ready, false, 5_000),
            (100, Summary::Ready, false, 3_000),
            (6_000, Summary::Ready, true, 5_000),
            (6_000, Summary::Degraded, false, 5_000),
            (500, Summary::Starting, false, 500),
            (50, Summary::Starting, false, 200),
        ] {
            assert_eq!(pause(block_ms, summary, waiting), expected, "{block_ms} {summary:?} {waiting}");
        }
    }
}
