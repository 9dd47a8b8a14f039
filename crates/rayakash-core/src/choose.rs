//! Which bid wins, and why each other one lost.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use akash_types::{Address, BidId, BidState, DecCoin};

use crate::spec::{Market, Select};
use crate::view::{Bidding, Offer};

/// One bid of a choice, and what was held against it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Considered {
    /// Who bid.
    pub provider: Address,
    /// What it asks per block.
    pub price: DecCoin,
    /// Why it cannot win; `None`: it could.
    pub against: Option<&'static str>,
}

/// The outcome over all bids of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The best bid that would do.
    pub winner: Option<(BidId, DecCoin)>,
    /// Every bid, best first.
    pub considered: Vec<Considered>,
}

impl Choice {
    /// How many bids would do.
    pub fn acceptable(&self) -> u32 {
        u32::try_from(self.considered.iter().filter(|c| c.against.is_none()).count()).unwrap_or(u32::MAX)
    }

    /// Why none would do, for people.
    pub fn refusals(&self) -> String {
        if self.considered.is_empty() {
            return "no provider bid; the price ceiling may be too low or the resources too large".to_owned();
        }
        let each = |c: &Considered| format!("{}: {}", c.provider, c.against.unwrap_or("acceptable"));
        self.considered.iter().map(each).collect::<Vec<_>>().join("; ")
    }
}

/// Ranks the bids on an order. Only bids that are open, at or under the ceiling, and from a provider that is allowed, not
/// avoided at `now_ms` and safe to talk to can win.
pub fn choose(bidding: &Bidding, market: &Market, avoided: &BTreeMap<Address, u64>, now_ms: u64) -> Choice {
    let against = |offer: &Offer| objection(offer, bidding, market, avoided, now_ms);
    let mut ranked: Vec<(&Offer, Option<&'static str>)> =
        bidding.offers.iter().map(|o| (o, against(o))).collect();
    ranked
        .sort_by(|(a, no_a), (b, no_b)| no_a.is_some().cmp(&no_b.is_some()).then_with(|| rank(a, b, market)));
    let considered = ranked
        .iter()
        .map(|(offer, against)| Considered {
            provider: offer.bid.id.provider.clone(),
            price: offer.bid.price.clone(),
            against: *against,
        })
        .collect();
    let winner = ranked.first().filter(|(_, against)| against.is_none());
    Choice { winner: winner.map(|(offer, _)| (offer.bid.id.clone(), offer.bid.price.clone())), considered }
}

fn objection(
    offer: &Offer,
    bidding: &Bidding,
    market: &Market,
    avoided: &BTreeMap<Address, u64>,
    now_ms: u64,
) -> Option<&'static str> {
    let provider = &offer.bid.id.provider;
    let named = |list: &[String]| list.iter().any(|name| name == provider.as_str());
    let checks = [
        (offer.bid.state != BidState::Open, "its bid is not open any more"),
        (offer.bid.price.denom != bidding.ceiling.denom, "its price is in another currency"),
        (offer.bid.price.amount > bidding.ceiling.amount, "its price is above the ceiling"),
        (avoided.get(provider).is_some_and(|until| *until > now_ms), "it failed us a short while ago"),
        (named(&market.deny), "market.providers.deny names it"),
        (!market.allow.is_empty() && !named(&market.allow), "market.providers.allow does not name it"),
        (
            !market.audited.is_empty() && !offer.auditors.iter().any(|a| market.audited.contains(a)),
            "none of market.providers.audited signed for it",
        ),
        (!offer.reachable, "its host or certificate is not on chain"),
    ];
    checks.into_iter().find(|(holds, _)| *holds).map(|(_, why)| why)
}

fn rank(a: &Offer, b: &Offer, market: &Market) -> Ordering {
    let by_price = a.bid.price.amount.cmp(&b.bid.price.amount);
    // The same price from two providers is decided by address, so that two looks choose alike.
    let by_name = || a.bid.id.provider.cmp(&b.bid.id.provider);
    match market.select {
        Select::Cheapest => by_price.then_with(by_name),
        Select::Balanced => {
            a.auditors.is_empty().cmp(&b.auditors.is_empty()).then(by_price).then_with(by_name)
        }
    }
}
