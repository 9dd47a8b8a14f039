//! The price of AKT in USD, as oracles feed it.
//!
//! A chain without sources has no price, and then no AKT can be turned into ACT. Follows node v2.1: the price of a block is made at its
//! end, a time-weighted mean over a window for each source, then the median of the sources.

use std::collections::BTreeMap;

use akash_types::msg::AddPriceEntry;
use akash_types::{Address, Dec, Rejection, Time};

use super::event::{Event, decimal, quoted, rfc3339};
use super::refuse::{INVALID_REQUEST, PRICE_STALLED, UNAUTHORIZED};
use super::run::Run;

const SECOND_NS: i64 = 1_000_000_000;
/// The first price of a source may be this old.
const FIRST_MAY_BE_OLD_NS: i64 = 12 * SECOND_NS;
/// The asset and its base: the only pair.
pub(crate) const ASSET: &str = "akt";
const BASE: &str = "usd";

/// What is known about the price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Oracle {
    /// Who may feed it.
    pub sources: Vec<Address>,
    /// A price that is older does not count. Nanoseconds.
    pub staleness_ns: i64,
    /// The window of the mean. Nanoseconds.
    pub window_ns: i64,
    /// How far sources may lie apart, in 1/100 of a percent.
    pub max_deviation_bps: u64,
    /// What each source said, oldest first; of what lies before the window only the newest.
    pub(crate) entries: BTreeMap<Address, Vec<(Time, Dec)>>,
    /// The price of the newest block that had one.
    pub(crate) price: Option<Price>,
}

/// The price of a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Price {
    pub(crate) twap: Dec,
    pub(crate) median: Dec,
    pub(crate) min: Dec,
    pub(crate) max: Dec,
    pub(crate) at: Time,
    pub(crate) sources: u32,
    pub(crate) deviation_bps: u64,
    /// Whether anything may go by it.
    pub(crate) healthy: bool,
}

impl Default for Oracle {
    fn default() -> Self {
        Self {
            sources: Vec::new(),
            staleness_ns: 30 * SECOND_NS,
            window_ns: 5 * SECOND_NS,
            max_deviation_bps: 150,
            entries: BTreeMap::new(),
            price: None,
        }
    }
}

impl Oracle {
    /// The price that something may go by now.
    pub(crate) fn healthy_price(&self) -> Result<Dec, Rejection> {
        match &self.price {
            Some(price) if price.healthy => Ok(price.twap),
            Some(_) => Err(PRICE_STALLED.into()),
            None => Err(PRICE_STALLED.because(missing("PriceHealth"))),
        }
    }
}

/// How a node says that there is no price yet.
pub(crate) fn missing(what: &str) -> String {
    format!(
        "collections: not found: key '{ASSET}/{BASE}' of type github.com/cosmos/gogoproto/akash.oracle.v2.{what}"
    )
}

impl Run {
    /// Takes a price from a source.
    pub(crate) fn add_price(&mut self, m: &AddPriceEntry) -> Result<(), Rejection> {
        let refused = |why: String| Err(INVALID_REQUEST.because(why));
        if !self.state.oracle.sources.contains(&m.signer) {
            let signer = &m.signer;
            return Err(UNAUTHORIZED.because(format!("source {signer} is not authorized oracle provider")));
        }
        if m.denom != ASSET {
            return refused(format!("unsupported denom {}", m.denom));
        }
        if m.base_denom != BASE {
            return refused(format!("unsupported base denom {}", m.base_denom));
        }
        if m.price.is_negative() || m.price.is_zero() {
            return refused("price must be positive".to_owned());
        }
        let now = self.state.time();
        let (oldest, horizon) = (now.0.saturating_sub(FIRST_MAY_BE_OLD_NS), now.0);
        let window = self.state.oracle.window_ns;
        let entries = self.state.oracle.entries.entry(m.signer.clone()).or_default();
        if m.at.0 < entries.last().map_or(oldest, |(last, _)| last.0) {
            return refused("price timestamp is too old".to_owned());
        }
        entries.push((m.at, m.price));
        let start = horizon.saturating_sub(window);
        while entries.get(1).is_some_and(|(at, _)| at.0 <= start) {
            entries.remove(0);
        }
        self.emit_with("akash.oracle.v2.EventPriceData", || {
            [
                ("id", format!(r#"{{"denom":"{ASSET}","base_denom":"{BASE}"}}"#)),
                ("price", quoted(decimal(m.price))),
                ("source", quoted(&m.signer)),
                ("timestamp", quoted(rfc3339(m.at))),
            ]
        });
        Ok(())
    }

    /// Makes the price of the block.
    pub(crate) fn aggregate_price(&mut self) {
        let now = self.state.time();
        let oracle = &mut self.state.oracle;
        if oracle.entries.is_empty() {
            return;
        }
        let fresh = |entries: &&Vec<(Time, Dec)>| {
            entries.last().is_some_and(|(at, _)| now.0.saturating_sub(at.0) <= oracle.staleness_ns)
        };
        let total = oracle.entries.len();
        let means = oracle.entries.values().filter(fresh).filter_map(|e| mean(e, now, oracle.window_ns));
        let mut means: Vec<Dec> = means.collect();
        means.sort_unstable();
        let (Some(min), Some(max)) = (means.first().copied(), means.last().copied()) else {
            if let Some(price) = &mut oracle.price {
                price.healthy = false;
            }
            return;
        };
        let middle = means.get(means.len() / 2).copied().unwrap_or(max);
        let deviation_bps = deviation(min, max);
        let price = Price {
            twap: middle,
            median: middle,
            min,
            max,
            at: now,
            sources: u32::try_from(total).unwrap_or(u32::MAX),
            deviation_bps,
            healthy: deviation_bps <= oracle.max_deviation_bps,
        };
        self.tell(|| [told(&price)]);
        self.state.oracle.price = Some(price);
    }
}

/// The mean of a source's prices over the window that ends now, each weighted by how long it held.
fn mean(entries: &[(Time, Dec)], now: Time, window_ns: i64) -> Option<Dec> {
    let start = now.0.saturating_sub(window_ns);
    let mut weighted: i128 = 0;
    let mut total: i128 = 0;
    for (n, (at, price)) in entries.iter().enumerate() {
        let until = entries.get(n.saturating_add(1)).map_or(now.0, |(next, _)| next.0.min(now.0));
        let held = i128::from(until.saturating_sub(at.0.max(start)).max(0));
        weighted = weighted.checked_add(price.atoms().checked_mul(held)?)?;
        total = total.saturating_add(held);
    }
    match weighted.checked_div(total) {
        Some(atoms) => Some(Dec::from_atoms(atoms)),
        // Nothing has held for any time yet: the newest.
        None => entries.last().map(|(_, price)| *price),
    }
}

/// How far two prices lie apart, in 1/100 of a percent of the lower.
fn deviation(min: Dec, max: Dec) -> u64 {
    let apart = max.atoms().saturating_sub(min.atoms()).saturating_mul(10_000);
    apart.checked_div(min.atoms()).and_then(|bps| u64::try_from(bps).ok()).unwrap_or(u64::MAX)
}

fn told(price: &Price) -> Event {
    let json = format!(
        r#"{{"denom":"{ASSET}","twap":"{}","median_price":"{}","min_price":"{}","max_price":"{}","timestamp":"{}","num_sources":{},"deviation_bps":"{}"}}"#,
        decimal(price.twap),
        decimal(price.median),
        decimal(price.min),
        decimal(price.max),
        rfc3339(price.at),
        price.sources,
        price.deviation_bps
    );
    Event::new("akash.oracle.v2.EventAggregatedPrice", [("price", json)])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dec(text: &str) -> Dec {
        text.parse().unwrap()
    }

    #[test]
    fn a_price_weighs_as_long_as_it_held_in_the_window() {
        let at = |seconds: i64| Time(seconds * SECOND_NS);
        let entries = [(at(0), dec("1")), (at(8), dec("2"))];
        assert_eq!(mean(&entries, at(10), 5 * SECOND_NS), Some(dec("1.4")));
        assert_eq!(mean(&entries, at(20), 5 * SECOND_NS), Some(dec("2")));
        // Fed for the future: it holds from then on.
        assert_eq!(mean(&[(at(0), dec("1")), (at(60), dec("3"))], at(10), 5 * SECOND_NS), Some(dec("1")));
        assert_eq!(mean(&[(at(10), dec("3"))], at(10), 5 * SECOND_NS), Some(dec("3")));
    }

    #[test]
    fn sources_that_lie_apart_are_measured_against_the_lower() {
        assert_eq!(deviation(dec("1"), dec("1.015")), 150);
        assert_eq!(deviation(dec("2"), dec("2")), 0);
    }
}
