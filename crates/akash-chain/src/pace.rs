//! How fast blocks come, measured, and how long to wait for one.

use std::time::Duration;

use akash_types::Height;
use tokio::time::Instant;

use crate::Tip;

const SHORTEST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(2);
/// Looks per block.
const LOOKS: u64 = 8;

/// The chain's pace, from the times in its own headers.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    last: Option<(Height, u64)>,
    block_ms: Option<u64>,
}

impl Pace {
    /// Notes a tip.
    pub(crate) fn saw(&mut self, tip: &Tip) {
        let Some((height, time)) = self.last else {
            self.last = Some((tip.height, tip.time_unix_ms));
            return;
        };
        let blocks = tip.height.since(height);
        if let Some(per_block) = tip.time_unix_ms.saturating_sub(time).checked_div(blocks) {
            self.block_ms = Some(per_block);
            self.last = Some((tip.height, tip.time_unix_ms));
        }
    }

    /// How long to wait before the next look: an eighth of a block, at least 50 ms, at most 2 s.
    pub(crate) fn interval(&self) -> Duration {
        let block = self.block_ms.unwrap_or(0);
        Duration::from_millis(block / LOOKS).clamp(SHORTEST, LONGEST)
    }
}

/// Counts how long nothing has moved.
#[derive(Debug)]
pub(crate) struct Patience {
    since: Instant,
    limit: Duration,
    highest: Height,
}

impl Patience {
    pub(crate) fn new(limit: Duration) -> Self {
        Self { since: Instant::now(), limit, highest: Height::default() }
    }

    /// A height above all earlier ones starts the count again.
    pub(crate) fn progressed(&mut self, height: Height) {
        if height > self.highest {
            self.highest = height;
            self.since = Instant::now();
        }
    }

    pub(crate) fn is_over(&self) -> bool {
        self.since.elapsed() >= self.limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interval(tips: &[(u64, u64)]) -> u128 {
        let mut pace = Pace::default();
        for &(height, time_unix_ms) in tips {
            pace.saw(&Tip { height: Height(height), time_unix_ms, chain_id: "x".into() });
        }
        pace.interval().as_millis()
    }

    #[test]
    fn waits_are_an_eighth_of_a_block_within_bounds() {
        assert_eq!(interval(&[]), 50);
        assert_eq!(interval(&[(1, 0)]), 50);
        assert_eq!(interval(&[(1, 0), (1, 0), (2, 6_000)]), 750);
        assert_eq!(interval(&[(1, 0), (11, 60_000)]), 750);
        assert_eq!(interval(&[(1, 0), (2, 100)]), 50);
        assert_eq!(interval(&[(1, 0), (2, 60_000)]), 2_000);
        assert_eq!(interval(&[(5, 6_000), (4, 0)]), 50, "a step back measures nothing");
    }

    #[test]
    fn only_a_higher_block_is_progress() {
        let limit = Duration::from_secs(30);
        let mut patience = Patience::new(limit);
        patience.progressed(Height(7));
        assert!(!patience.is_over());
        patience.since = patience.since.checked_sub(limit).unwrap();
        patience.progressed(Height(7));
        assert!(patience.is_over());
        patience.progressed(Height(8));
        assert!(!patience.is_over());
    }
}
