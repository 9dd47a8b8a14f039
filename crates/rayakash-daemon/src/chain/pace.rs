//! How fast the chain makes blocks, and since when it makes none.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use akash_types::Height;

/// So many observations count.
const KEPT: usize = 100;
/// A chain without a new block for this long, or for ten blocks when that is longer, stands still.
const STALL_MS: u64 = 30_000;

/// Observations of the newest block.
pub(super) struct Pace(Mutex<Seen>);

struct Seen {
    default_ms: u64,
    /// Height and header time, oldest first.
    headers: VecDeque<(Height, u64)>,
    /// The height that something of ours is known to be in; a look below it would not show it.
    ours: Height,
    /// When the newest height was first seen, by our own clock.
    advanced_ms: Option<u64>,
    min_deposit: Option<u128>,
}

impl Pace {
    pub(super) const fn new(default_ms: u64) -> Self {
        let headers = VecDeque::new();
        let seen = Seen { default_ms, headers, ours: Height(0), advanced_ms: None, min_deposit: None };
        Self(Mutex::new(seen))
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_new(&self) -> bool {
        self.seen().headers.is_empty()
    }

    /// The newest height seen.
    pub(super) fn newest(&self) -> Option<Height> {
        self.seen().headers.back().map(|(height, _)| *height)
    }

    /// A transaction of ours is in this block.
    pub(super) fn landed(&self, height: Height) {
        let mut seen = self.seen();
        seen.ours = seen.ours.max(height);
    }

    /// A node whose newest block is below this one is behind, and what it shows is not believed.
    pub(super) fn floor(&self) -> Height {
        let seen = self.seen();
        seen.headers.back().map_or(seen.ours, |(newest, _)| seen.ours.max(*newest))
    }

    pub(super) fn saw(&self, height: Height, time_ms: u64, now_ms: u64) {
        let mut seen = self.seen();
        if seen.headers.back().is_some_and(|(newest, _)| *newest >= height) {
            return;
        }
        seen.headers.push_back((height, time_ms));
        seen.advanced_ms = Some(now_ms);
        if seen.headers.len() > KEPT {
            seen.headers.pop_front();
        }
    }

    /// The median over neighbouring observations; the network's usual pace before there are two.
    pub(super) fn block_ms(&self) -> u64 {
        let seen = self.seen();
        let mut paces: Vec<u64> = seen
            .headers
            .iter()
            .zip(seen.headers.iter().skip(1))
            .filter_map(|((low, early), (high, late))| {
                late.saturating_sub(*early).checked_div(high.since(*low))
            })
            .collect();
        paces.sort_unstable();
        paces.get(paces.len() / 2).copied().unwrap_or(seen.default_ms).max(1)
    }

    pub(super) fn stalled_since(&self, now_ms: u64) -> Option<u64> {
        let limit = STALL_MS.max(self.block_ms().saturating_mul(10));
        self.seen().advanced_ms.filter(|advanced| now_ms.saturating_sub(*advanced) > limit)
    }

    pub(super) fn min_deposit(&self) -> Option<u128> {
        self.seen().min_deposit
    }

    pub(super) fn set_min_deposit(&self, amount: u128) {
        self.seen().min_deposit = Some(amount);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pace_is_the_median_and_a_pause_does_not_move_it() {
        let pace = Pace::new(6_000);
        assert_eq!(pace.block_ms(), 6_000);
        for (height, time_ms) in [(1, 0), (3, 1_000), (4, 1_500), (5, 99_000), (6, 99_500)] {
            pace.saw(Height(height), time_ms, time_ms);
        }
        assert_eq!(pace.block_ms(), 500);
    }

    #[test]
    fn the_floor_is_the_newest_block_seen_or_the_newest_of_ours() {
        let pace = Pace::new(6_000);
        assert_eq!(pace.floor(), Height(0));
        pace.saw(Height(7), 0, 0);
        pace.saw(Height(5), 0, 0);
        assert_eq!(pace.floor(), Height(7));
        pace.landed(Height(9));
        pace.landed(Height(8));
        assert_eq!(pace.floor(), Height(9));
        pace.saw(Height(10), 0, 0);
        assert_eq!(pace.floor(), Height(10));
    }

    #[test]
    fn a_chain_without_new_blocks_stands_still() {
        let pace = Pace::new(500);
        pace.saw(Height(5), 0, 1_000);
        pace.saw(Height(5), 0, 20_000);
        assert_eq!(pace.stalled_since(31_000), None);
        assert_eq!(pace.stalled_since(31_001), Some(1_000));
        pace.saw(Height(6), 0, 40_000);
        assert_eq!(pace.stalled_since(41_000), None);
    }
}
