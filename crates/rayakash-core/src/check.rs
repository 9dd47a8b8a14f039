//! A second opinion on every decision: invariants that do not depend on how it was made.

use std::collections::{BTreeMap, BTreeSet};

use akash_types::DecCoin;

use crate::act::{Act, Decision};
use crate::spec::Cluster;
use crate::view::{Placed, Placement, View};

/// A decision that must not be carried out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// An act while an intent has no known end.
    #[error("an act in doubt: {act}")]
    ActInDoubt {
        /// The act's name.
        act: &'static str,
    },
    /// A transaction while the key is locked or the chain stands still.
    #[error("a transaction while nothing may be signed: {act}")]
    SignsWhileFrozen {
        /// The act's name.
        act: &'static str,
    },
    /// Spending while the user stopped it.
    #[error("spending while it is paused: {act}")]
    SpendsWhilePaused {
        /// The act's name.
        act: &'static str,
    },
    /// Spending on a chain that is not known.
    #[error("spending on a chain that is not known: {act}")]
    SpendsOnUnknown {
        /// The act's name.
        act: &'static str,
    },
    /// Spending with a key that is not safe.
    #[error("spending while the key is not safe: {act}")]
    SpendsWithUnsafeKey {
        /// The act's name.
        act: &'static str,
    },
    /// Spending for a cluster that nobody wants.
    #[error("spending for a cluster that is going down: {act}")]
    SpendsUnwanted {
        /// The act's name.
        act: &'static str,
    },
    /// A third deployment of one role, or a second one without the first leaving.
    #[error("more than two generations of one role would live")]
    TooManyGenerations,
    /// Two live leases for one role and generation.
    #[error("two live placements for one role and generation")]
    TwoLeases,
    /// Two closing messages for one deployment: in one block they leave a payment running.
    #[error("two closes of one deployment at once")]
    TwoCloses,
    /// A deposit above what the wallet holds or the budget leaves.
    #[error("a deposit of {amount}uact is above {limit}uact, the {what}")]
    Overspends {
        /// The deposits together, uact.
        amount: u128,
        /// What there is, uact.
        limit: u128,
        /// Which limit.
        what: &'static str,
    },
    /// A bid above the order's ceiling.
    #[error("a bid above the ceiling of its order")]
    AboveCeiling,
    /// A dseq that was used, or that is not 13 digits long.
    #[error("dseq {0} is not new or not 13 digits long")]
    BadDseq(u64),
}

/// Looks for anything that must never be done. The engine refuses a decision that this finds fault with.
pub fn check(wanted: Option<&Cluster>, seen: &View, decision: &Decision) -> Result<(), Violation> {
    placements(seen)?;
    for act in &decision.acts {
        permitted(wanted, seen, act)?;
    }
    closes_once(decision)?;
    money(wanted, seen, decision)?;
    opens(seen, decision)
}

fn placements(seen: &View) -> Result<(), Violation> {
    let mut live = BTreeSet::new();
    for placed in seen.placements.iter().filter(|p| !matches!(p.at, Placement::Closing { .. })) {
        if !live.insert((&placed.role, placed.generation)) {
            return Err(Violation::TwoLeases);
        }
    }
    Ok(())
}

fn permitted(wanted: Option<&Cluster>, seen: &View, act: &Act) -> Result<(), Violation> {
    let name = act.name();
    if seen.placements.iter().any(|p| matches!(p.at, Placement::InDoubt(_))) && act.signs() {
        return Err(Violation::ActInDoubt { act: name });
    }
    let frozen = seen.wallet.locked_since_ms.is_some() || seen.tip.stalled_since_ms.is_some();
    if frozen && act.signs() {
        return Err(Violation::SignsWhileFrozen { act: name });
    }
    if seen.wallet.paused && act.spends() {
        return Err(Violation::SpendsWhilePaused { act: name });
    }
    if seen.unknown.is_some() && act.spends() {
        return Err(Violation::SpendsOnUnknown { act: name });
    }
    if seen.frozen.is_some() && act.spends() {
        return Err(Violation::SpendsWithUnsafeKey { act: name });
    }
    if wanted.is_none() && act.spends() {
        return Err(Violation::SpendsUnwanted { act: name });
    }
    if let Act::AcceptBid { bid, price, .. } = act {
        let under = |ceiling: &DecCoin| price.denom == ceiling.denom && price.amount <= ceiling.amount;
        let fits = |placed: &Placed| {
            matches!(&placed.at, Placement::Bidding(order)
                if &order.deployment == bid.order.deployment() && under(&order.ceiling))
        };
        if !seen.placements.iter().any(fits) {
            return Err(Violation::AboveCeiling);
        }
    }
    Ok(())
}

fn closes_once(decision: &Decision) -> Result<(), Violation> {
    let mut closed = BTreeSet::new();
    for act in &decision.acts {
        if let Act::CloseDeployment { id, .. } = act
            && !closed.insert(id)
        {
            return Err(Violation::TwoCloses);
        }
    }
    Ok(())
}

fn money(wanted: Option<&Cluster>, seen: &View, decision: &Decision) -> Result<(), Violation> {
    let amount = decision.acts.iter().map(Act::deposit).fold(0, u128::saturating_add);
    let within = |limit: u128, what| {
        if amount > limit { Err(Violation::Overspends { amount, limit, what }) } else { Ok(()) }
    };
    within(seen.wallet.uact, "wallet's balance")?;
    match wanted.and_then(|cluster| cluster.budget.max_total) {
        Some(cap) => within(cap.saturating_sub(seen.history.spent), "rest of budget.max_usd_total"),
        None => Ok(()),
    }
}

fn opens(seen: &View, decision: &Decision) -> Result<(), Violation> {
    let mut generations: BTreeMap<_, BTreeSet<u32>> = BTreeMap::new();
    for placed in
        seen.placements.iter().filter(|p| !matches!(p.at, Placement::Closing { closed: Some(_), .. }))
    {
        generations.entry(placed.role.clone()).or_default().insert(placed.generation);
    }
    for act in &decision.acts {
        let Act::OpenDeployment { id, generation, .. } = act else { continue };
        let dseq = id.dseq;
        let used = seen.history.last_dseq.is_some_and(|last| last >= dseq);
        if used || dseq.to_string().len() != 13 {
            return Err(Violation::BadDseq(dseq.get()));
        }
        generations.entry(crate::view::Role::Head).or_default().insert(*generation);
    }
    if generations.values().any(|of_role| of_role.len() > 2) {
        return Err(Violation::TooManyGenerations);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
