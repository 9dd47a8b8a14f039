//! What a cluster may cost, in whole micro-units. Every rounding is against spending.

use akash_types::{Coin, Dec, DecCoin};

use crate::spec::Cluster;
use crate::view::{Placement, Tip, View};

/// The price ceiling per node and block where neither budget nor market names one, on a network without real money.
const PLAY_CEILING: u64 = 10_000;
/// Milliseconds in an hour.
const HOUR_MS: u64 = 3_600_000;

/// The most that the whole cluster may cost per block: the smaller of `market.max_price` and `budget.max_usd_per_hour`, at the
/// measured block time, rounded down. Where neither is set: 10,000 uact per node.
pub fn ceiling_per_block(cluster: &Cluster, tip: &Tip) -> DecCoin {
    let caps = [cluster.market.max_price_per_hour, cluster.budget.max_per_hour];
    let amount = caps.into_iter().flatten().min().map_or_else(
        || Dec::from_int(PLAY_CEILING.saturating_mul(u64::from(cluster.nodes()))),
        |per_hour| per_block(per_hour, tip.block_ms),
    );
    DecCoin::uact(amount)
}

/// The same for a deployment that is opened beside those that `seen` shows running, until it replaces them: what they cost counts
/// towards `budget.max_usd_per_hour` too. Zero when they use it up.
pub fn ceiling_beside(cluster: &Cluster, seen: &View) -> DecCoin {
    let alone = ceiling_per_block(cluster, &seen.tip);
    let Some(cap) = cluster.budget.max_per_hour else { return alone };
    let left = per_block(cap, seen.tip.block_ms).checked_sub(running(seen)).unwrap_or(Dec::ZERO);
    DecCoin::uact(alone.amount.min(left).max(Dec::ZERO))
}

/// What all leases of a cluster cost per block.
pub(crate) fn running(seen: &View) -> Dec {
    let prices = seen.placements.iter().filter_map(|placed| {
        let Placement::Leased(leased) = &placed.at else { return None };
        Some(leased.price.amount)
    });
    prices.fold(Dec::ZERO, |sum, price| sum.checked_add(price).unwrap_or(Dec::MAX))
}

fn per_block(per_hour: u128, block_ms: u64) -> Dec {
    let hourly = Dec::from_int(u64::try_from(per_hour).unwrap_or(u64::MAX));
    hourly.checked_mul(block_ms).and_then(|d| d.checked_div(HOUR_MS)).unwrap_or(Dec::ZERO)
}

/// What a price per block is per hour, rounded up.
pub fn per_hour(price: Dec, tip: &Tip) -> u128 {
    price
        .checked_mul(HOUR_MS)
        .and_then(|d| d.checked_div(tip.block_ms))
        .and_then(Dec::ceil)
        .unwrap_or(u128::MAX)
}

/// What so many seconds cost at a price per block, rounded up.
pub fn cost_of(price: Dec, seconds: u64, tip: &Tip) -> u128 {
    let blocks = tip.blocks_in(seconds.saturating_mul(1_000));
    price.checked_mul(blocks).and_then(Dec::ceil).unwrap_or(u128::MAX)
}

/// The first deposit: the chain's minimum, or the runway at the ceiling, whichever is more.
pub fn deposit_for(cluster: &Cluster, ceiling: Dec, minimum: u128, tip: &Tip) -> Coin {
    Coin::uact(cost_of(ceiling, cluster.escrow.runway, tip).max(minimum))
}

/// An amount of uact in US dollars, 1 ACT being 1 USD: `0.0432`. At least two decimals, no zeros after them, nothing rounded.
pub fn usd(uact: u128) -> String {
    let digits = format!("{:06}", uact % 1_000_000);
    let kept = digits.trim_end_matches('0').len().max(2);
    format!("{}.{}", uact / 1_000_000, digits.chars().take(kept).collect::<String>())
}

#[cfg(test)]
mod tests {
    use akash_types::Height;

    use super::*;

    fn tip(block_ms: u64) -> Tip {
        Tip { height: Height(10), time_ms: 0, block_ms, stalled_since_ms: None }
    }

    #[test]
    fn dollars_are_exact() {
        let table = [
            (0, "0.00"),
            (1, "0.000001"),
            (43_200, "0.0432"),
            (500_000, "0.50"),
            (5_000_000, "5.00"),
            (1_234_567, "1.234567"),
        ];
        for (uact, text) in table {
            assert_eq!(usd(uact), text);
        }
    }

    #[test]
    fn an_hour_is_six_hundred_blocks_of_six_seconds() {
        assert_eq!(per_block(600, 6_000), Dec::from_int(1));
        assert_eq!(per_hour(Dec::from_int(1), &tip(6_000)), 600);
        assert_eq!(cost_of("2.5".parse().unwrap(), 30, &tip(6_000)), 13);
    }
}
