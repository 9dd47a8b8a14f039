//! What to do next. One total function; its rows are those of `docs/lifecycle.md`.

mod bidding;
mod leased;
mod opening;

#[cfg(test)]
pub(crate) mod tests;

use akash_types::{DecCoin, GroupSpec};

use crate::act::{Act, Decision, Waiting, Why};
use crate::spec::{Cluster, Wait};
use crate::view::{Placed, Placement, Version, View};

/// A wish, and what it becomes on Akash.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The wish.
    pub cluster: Cluster,
    /// What it asks for, and what runs, in the deployment that is there: under the name that its group has on chain.
    pub here: Drawn,
    /// The same in the next deployment, whose group bears the mark of the next generation.
    pub next: Drawn,
    /// The most that all nodes together may cost per block.
    pub ceiling: DecCoin,
    /// The user agreed to a restart for this wish (`up --restart`).
    pub restart: bool,
    /// When it was written, Unix milliseconds.
    pub written_ms: u64,
}

/// What a wish becomes under one name of its group. The name is part of both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drawn {
    /// What is asked for.
    pub groups: Vec<GroupSpec>,
    /// What will run.
    pub version: Version,
}

/// What the network and the operator allow.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The chain's minimum first deposit, uact.
    pub min_deposit: u128,
    /// uakt that must stay in the wallet so that everything open can be closed.
    pub fee_reserve: u128,
    /// Collect bids at least so long.
    pub bid_window_min: Wait,
    /// So many acceptable bids are enough.
    pub min_bids: u32,
    /// Milliseconds from the lease within which the provider must have the manifest. The provider's limit is 5 minutes.
    pub manifest_ms: u64,
    /// Milliseconds from the lease within which the cluster must be ready.
    pub ready_ms: u64,
    /// Milliseconds for which a provider that failed is left out.
    pub avoid_ms: u64,
    /// Milliseconds before the second try; doubled for each further one.
    pub back_off_ms: u64,
    /// The longest back-off.
    pub back_off_max_ms: u64,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            min_deposit: 500_000,
            fee_reserve: 100_000,
            bid_window_min: Wait::Millis(12_000),
            min_bids: 3,
            manifest_ms: 240_000,
            ready_ms: 1_200_000,
            avoid_ms: 3_600_000,
            back_off_ms: 10_000,
            back_off_max_ms: 900_000,
        }
    }
}

/// The time, for what the chain's clock does not decide: sequence numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// Unix milliseconds.
    pub unix_ms: u64,
}

/// Everything that a row may look at.
struct Look<'a> {
    wanted: &'a Wanted,
    seen: &'a View,
    policy: &'a Policy,
    now: Now,
}

/// Decides for one cluster. `wanted` is absent after `down`.
pub fn decide(wanted: Option<&Wanted>, seen: &View, policy: &Policy, now: Now) -> Decision {
    let mut decision = rows(wanted, seen, policy, now);
    // R14 is tried on its own for every live lease and added to whatever else is decided.
    let doubt = seen.placements.iter().any(|placed| in_doubt(placed).is_some());
    if let Some(wanted) = wanted
        && !frozen(seen)
        && !closes_only(seen)
        && !doubt
    {
        leased::r14_top_ups(wanted, seen, policy, &mut decision);
    }
    decision
}

fn rows(wanted: Option<&Wanted>, seen: &View, policy: &Policy, now: Now) -> Decision {
    // R1: nothing is wanted and nothing is there.
    if wanted.is_none() && seen.placements.is_empty() {
        return Decision::act(1, Vec::new());
    }
    // R2: in doubt we look and never act.
    if let Some(doubt) = seen.placements.iter().find_map(in_doubt) {
        return doubt;
    }
    let decision = match wanted {
        None if seen.history.adopted => r26_adopted(seen),
        None => r23_down(seen),
        Some(wanted) => wish(&Look { wanted, seen, policy, now }),
    };
    r3_hold(seen, decision)
}

fn in_doubt(placed: &Placed) -> Option<Decision> {
    let Placement::InDoubt(doubt) = &placed.at else { return None };
    let doubt = doubt.clone();
    Some(Decision::wait(2, Waiting::Settling { act: doubt.act, tx: doubt.tx, dead_at: doubt.dead_at }))
}

/// True when nothing may be signed at all.
fn frozen(seen: &View) -> bool {
    seen.wallet.locked_since_ms.is_some() || seen.tip.stalled_since_ms.is_some()
}

/// True when nothing may be signed that spends.
const fn closes_only(seen: &View) -> bool {
    seen.wallet.paused || seen.unknown.is_some() || seen.frozen.is_some()
}

/// R3: nothing but entries in the books while locked or stalled; only closes while spending is paused, the chain is not known or the key
/// is not safe.
fn r3_hold(seen: &View, decision: Decision) -> Decision {
    let held = |act: &Act| if frozen(seen) { !act.is_record() } else { closes_only(seen) && act.spends() };
    if !decision.acts.iter().any(held) {
        let closes_only = why_closes_only(seen);
        return match (seen.tip.stalled_since_ms, closes_only) {
            // A chain that makes no blocks freezes every deadline, so also what follows from one.
            (Some(since_ms), _) if decision.acts.is_empty() => {
                Decision::wait(3, Waiting::ChainStalled { since_ms })
            }
            // What runs goes on, and nobody tops it up; bids come, and none is accepted: that is told before it matters.
            (None, Some(waiting))
                if decision.acts.is_empty()
                    && matches!(decision.waiting, None | Some(Waiting::Bids { .. })) =>
            {
                Decision { waiting: Some(waiting), ..decision }
            }
            _ => decision,
        };
    }
    let waiting = match (seen.tip.stalled_since_ms, seen.wallet.locked_since_ms) {
        (Some(since_ms), _) => Waiting::ChainStalled { since_ms },
        (None, Some(since_ms)) => Waiting::Locked { since_ms },
        (None, None) => why_closes_only(seen).unwrap_or(Waiting::Paused),
    };
    Decision::wait(3, waiting)
}

/// Why only closes are signed, when the user did not ask for that himself.
fn why_closes_only(seen: &View) -> Option<Waiting> {
    let unknown = seen.unknown.as_ref().map(|why| Waiting::UnknownVersion { why: why.clone() });
    unknown.or_else(|| seen.frozen.clone().map(Waiting::Frozen))
}

/// R26: adopted, and no wish says what it should be. What runs goes on as long as its escrow lasts; what was lost is closed for the deposit,
/// and what is closed goes into the books.
fn r26_adopted(seen: &View) -> Decision {
    let mut acts = Vec::new();
    for placed in &seen.placements {
        match &placed.at {
            Placement::Lost { deployment, loss, .. } => {
                acts.push(close(deployment, Why::GivenUp(loss.text().to_owned())));
            }
            Placement::Closing { .. } => acts.extend(closing(placed).into_iter().flat_map(|end| end.acts)),
            Placement::InDoubt(_) | Placement::Bidding(_) | Placement::Leased(_) => {}
        }
    }
    if acts.is_empty() { Decision::wait(26, Waiting::Adopted) } else { Decision::act(26, acts) }
}

/// R23 to R25: nothing is wanted, so everything that is there ends.
fn r23_down(seen: &View) -> Decision {
    let mut acts = Vec::new();
    let mut waiting = None;
    for placed in &seen.placements {
        match &placed.at {
            Placement::InDoubt(_) => {}
            Placement::Closing { .. } => match closing(placed) {
                Some(Decision { acts: finish, waiting: None, .. }) => acts.extend(finish),
                Some(wait) => waiting = wait.waiting,
                None => {}
            },
            Placement::Leased(leased) => acts.extend(leased::drain_and_close(leased, Why::Asked)),
            Placement::Bidding(bidding) => acts.push(close(&bidding.deployment, Why::Asked)),
            Placement::Lost { deployment, .. } => acts.push(close(deployment, Why::Asked)),
        }
    }
    match waiting {
        Some(waiting) if acts.is_empty() => Decision::wait(25, waiting),
        _ if acts.iter().all(|act| matches!(act, Act::Finish { .. })) => Decision::act(24, acts),
        _ => Decision::act(23, acts),
    }
}

fn close(id: &akash_types::DeploymentId, why: Why) -> Act {
    Act::CloseDeployment { id: id.clone(), why }
}

/// R24 and R25 for one placement.
fn closing(placed: &Placed) -> Option<Decision> {
    let Placement::Closing { deployment, since, closed } = &placed.at else { return None };
    Some(match closed {
        Some(end) => Decision::act(
            24,
            vec![Act::Finish {
                id: deployment.clone(),
                refund: end.refund.clone(),
                cost: end.cost.clone(),
                dry: end.dry,
            }],
        ),
        None => Decision::wait(25, Waiting::Closing { since: *since }),
    })
}

/// All rows of a wish.
fn wish(look: &Look<'_>) -> Decision {
    let Some(current) = look.seen.current() else { return opening::rows(look) };
    let leaving: Vec<&Placed> =
        look.seen.placements.iter().filter(|p| p.generation != current.generation).collect();
    // A predecessor that is closed goes into the books whatever its successor does, and one whose provider is gone or about to go ends.
    if let Some(end) = leaving.iter().filter_map(|p| closing(p)).find(|d| !d.acts.is_empty()) {
        return end;
    }
    if let Some(end) = leaving.iter().find_map(|p| leased::predecessor_ends(look, p)) {
        return end;
    }
    match &current.at {
        // R2 was tried before.
        Placement::InDoubt(_) => Decision::act(2, Vec::new()),
        Placement::Bidding(bidding) => bidding::rows(look, bidding),
        Placement::Leased(lease) => leased::rows(look, lease, &leaving),
        Placement::Lost { deployment, provider, loss } => {
            leased::lost(look, deployment, provider.as_ref(), *loss)
        }
        Placement::Closing { .. } => closing(current).unwrap_or_else(|| Decision::act(24, Vec::new())),
    }
}
