//! Rows of a deployment that has or had a lease: R10 to R22.

use akash_types::{Address, Coin, Dec, DeploymentId};

use super::opening::open_next;
use super::{Look, Policy, Wanted, close};
use crate::act::{Act, Decision, Row, Waiting, Why};
use crate::money::cost_of;
use crate::spec::OnLimit;
use crate::view::{Escrow, LeaseFacts, Leased, Loss, Manifest, Placed, Placement, Ray, View};

/// A provider may accept a manifest before its own watchdog exists, which then closes the lease after five minutes; the
/// same manifest once more stops that.
const RESEND_MS: u64 = 15_000;
/// Replacements are counted over this time.
const HOUR_MS: u64 = 3_600_000;
/// So long before its provider leaves, a lease is drained and closed.
const DRAIN_MS: u64 = 60_000;

pub(super) fn rows(look: &Look<'_>, leased: &Leased, leaving: &[&Placed]) -> Decision {
    let none = LeaseFacts::default();
    let facts = look.seen.history.leases.get(&leased.lease).unwrap_or(&none);
    if let Some(deadline_ms) = leased.leaves_ms {
        return r20_leaves(look, leased, facts, deadline_ms, leaving);
    }
    if let Some(decision) = r10_r11_manifest(look, leased, facts) {
        return decision;
    }
    if let Some(decision) = r12_r13_change(look, leased, leaving) {
        return decision;
    }
    let Some(first_ready_ms) = facts.ready.get(&leased.version).copied() else {
        return first_start(look, leased, facts, leaving);
    };
    if let Some(why) = r18_over(look, leased, first_ready_ms) {
        return Decision::act(18, vec![drop_wish(look.wanted, why)]);
    }
    match leased.ray {
        Ray::Probed { .. } => r19_ready(look, leased, leaving),
        Ray::Unreachable(_) | Ray::Starting { .. } | Ray::Joined { .. } => r17_degraded(look, leased, facts),
    }
}

fn r10_r11_manifest(look: &Look<'_>, leased: &Leased, facts: &LeaseFacts) -> Option<Decision> {
    let send = || {
        Decision::act(10, vec![Act::SendManifest { lease: leased.lease.clone(), version: leased.version }])
    };
    match &leased.manifest {
        Manifest::Refused(why) => Some(Decision::act(11, leave(look, leased, Why::Refused(why.clone())))),
        Manifest::Accepted(version) if *version == leased.version => {
            let first_ms = facts.sends.first().map(|(_, at_ms)| *at_ms)?;
            let ago_ms = look.seen.tip.time_ms.saturating_sub(first_ms);
            // Past the provider's own deadline it stops nothing any more, and a gateway that stays silent must not keep the other
            // rows from their turn.
            let due = (RESEND_MS..look.policy.manifest_ms).contains(&ago_ms);
            (facts.sends.len() == 1 && due).then(send)
        }
        // The deadline is the provider's; after it the lease is as good as gone, and R16 says so.
        Manifest::Unsent | Manifest::Accepted(_) => {
            let late = look.seen.tip.since_ms(leased.since) >= look.policy.manifest_ms;
            if late && facts.sends.is_empty() {
                let why = "the provider took no manifest in time".to_owned();
                return Some(Decision::act(16, leave(look, leased, Why::NotReady(why))));
            }
            Some(send())
        }
    }
}

/// Closes the deployment and leaves its provider out for a while.
fn leave(look: &Look<'_>, leased: &Leased, why: Why) -> Vec<Act> {
    let avoid = avoid(look, &leased.lease.provider, why.text());
    avoid.into_iter().chain([close(leased.lease.deployment(), why)]).collect()
}

/// Leaves a provider out for a while; `None` when it is left out already, so that a close that is tried again adds nothing.
fn avoid(look: &Look<'_>, provider: &Address, why: String) -> Option<Act> {
    let now_ms = look.seen.tip.time_ms;
    let known = look.seen.history.avoided.get(provider).is_some_and(|until| *until > now_ms);
    let until_ms = now_ms.saturating_add(look.policy.avoid_ms);
    (!known).then(|| Act::Avoid { provider: provider.clone(), until_ms, why })
}

fn drop_wish(wanted: &Wanted, why: String) -> Act {
    Act::DropWish { written_ms: wanted.written_ms, why }
}

/// R12 and R13: the wish changed and the user agreed to a restart. What money or a failed try holds up leaves the cluster as it is,
/// and so does a predecessor that has not left yet: never more than two generations.
fn r12_r13_change(look: &Look<'_>, leased: &Leased, leaving: &[&Placed]) -> Option<Decision> {
    if leased.version == look.wanted.here.version || !look.wanted.restart {
        return None;
    }
    if same_resources(look, leased) {
        let update = Act::UpdateDeployment {
            id: leased.lease.deployment().clone(),
            version: look.wanted.here.version,
        };
        return Some(Decision::act(12, vec![update]));
    }
    let open = if leaving.is_empty() { open_next(look).ok() } else { None };
    open.map(|open| Decision::act(13, vec![open]))
}

/// A lease's resources, counts and ways in are frozen; its price is the chain's affair, and the name of its group a mark.
fn same_resources(look: &Look<'_>, leased: &Leased) -> bool {
    let shape = |groups: &[akash_types::GroupSpec]| {
        groups
            .iter()
            .map(|g| g.units.iter().map(|u| (u.resources.clone(), u.count)).collect::<Vec<_>>())
            .collect::<Vec<_>>()
    };
    shape(&look.wanted.here.groups) == shape(&leased.groups)
}

/// R15, R16, and the first time of R19.
fn first_start(look: &Look<'_>, leased: &Leased, facts: &LeaseFacts, leaving: &[&Placed]) -> Decision {
    if matches!(leased.ray, Ray::Probed { .. }) {
        return r19_ready(look, leased, leaving);
    }
    // A new manifest version starts its own deadline.
    let sent_ms = facts.sends.iter().find(|(version, _)| *version == leased.version).map(|(_, at_ms)| *at_ms);
    let tip = &look.seen.tip;
    // Blocks since the lease count as well: a chain that stood still must not use up the time when it goes on.
    let in_blocks = tip.time_ms.saturating_sub(tip.since_ms(leased.since));
    let until_ms = sent_ms.unwrap_or(in_blocks).max(in_blocks).saturating_add(look.policy.ready_ms);
    if tip.time_ms >= until_ms {
        return Decision::act(16, leave(look, leased, Why::NotReady(phase(leased))));
    }
    let wanted = nodes(leased);
    Decision::wait(
        15,
        Waiting::Starting { phase: phase(leased), nodes: leased.ray.nodes(), wanted, until_ms },
    )
}

fn nodes(leased: &Leased) -> u32 {
    leased.pods.values().map(|pods| pods.wanted).fold(0, u32::saturating_add)
}

/// What the slowest part is at.
fn phase(leased: &Leased) -> String {
    let available: u32 = leased.pods.values().map(|pods| pods.available).fold(0, u32::saturating_add);
    if available < nodes(leased) {
        return format!("{available}/{} containers run", nodes(leased));
    }
    match &leased.ray {
        Ray::Unreachable(why) => format!("waiting for the head's gate ({why})"),
        Ray::Starting { phase, .. } => phase.clone(),
        Ray::Joined { trouble: Some(trouble), .. } => format!("probe failed ({trouble})"),
        Ray::Joined { trouble: None, .. } => "probing every node".to_owned(),
        Ray::Probed { .. } => "ready".to_owned(),
    }
}

fn r17_degraded(look: &Look<'_>, leased: &Leased, facts: &LeaseFacts) -> Decision {
    let tip = &look.seen.tip;
    let since_ms = facts.unready_since_ms.unwrap_or(tip.time_ms);
    let grace_ms = look.wanted.cluster.recovery.grace.saturating_mul(1_000);
    let until_ms = since_ms.saturating_add(grace_ms);
    if tip.time_ms >= until_ms {
        let why = phase(leased);
        let why = if may_replace(look) { Why::Broken(why) } else { Why::GivenUp(why) };
        return Decision::act(17, leave(look, leased, why));
    }
    let waiting =
        Waiting::Recovering { since_ms, until_ms, nodes: leased.ray.nodes(), wanted: nodes(leased) };
    Decision::wait(17, waiting)
}

/// R18: idle or old.
fn r18_over(look: &Look<'_>, leased: &Leased, first_ready_ms: u64) -> Option<String> {
    let lifetime = &look.wanted.cluster.lifetime;
    let now_ms = look.seen.tip.time_ms;
    let past = |since_ms: u64, limit: u64| now_ms.saturating_sub(since_ms) >= limit.saturating_mul(1_000);
    if let Some(limit) = lifetime.max
        && past(first_ready_ms, limit)
    {
        return Some(format!("{} minutes old", limit / 60));
    }
    match (lifetime.idle_down, &leased.ray) {
        (Some(limit), Ray::Probed { idle_since_ms: Some(since_ms), .. }) if past(*since_ms, limit) => {
            Some(format!("idle {}m", now_ms.saturating_sub(*since_ms) / 60_000))
        }
        _ => None,
    }
}

/// R19, and the second half of R13: a ready replacement ends its predecessor.
fn r19_ready(look: &Look<'_>, leased: &Leased, leaving: &[&Placed]) -> Decision {
    let old: Vec<Act> = leaving.iter().flat_map(|placed| replaced(placed)).collect();
    if !old.is_empty() {
        return Decision::act(13, old);
    }
    if leased.version == look.wanted.here.version {
        return Decision::act(19, Vec::new());
    }
    // Here with consent: something holds the replacement.
    if look.wanted.restart
        && let Err(held) = open_next(look)
    {
        return Decision::wait(19, held);
    }
    let how = if same_resources(look, leased) { "restarts every node" } else { "moves to a new deployment" };
    Decision::wait(19, Waiting::NeedsRestart { what: how.to_owned() })
}

/// Ends what has a ready successor.
fn replaced(placed: &Placed) -> Vec<Act> {
    match &placed.at {
        Placement::Bidding(bidding) => vec![close(&bidding.deployment, Why::Replaced)],
        Placement::Leased(leased) => drain_and_close(leased, Why::Replaced),
        Placement::Lost { deployment, .. } => vec![close(deployment, Why::Replaced)],
        Placement::InDoubt(_) | Placement::Closing { .. } => Vec::new(),
    }
}

/// R20: the provider leaves. The replacement is opened now, with another provider, and this lease ends when that is ready, or just before
/// the deadline.
fn r20_leaves(
    look: &Look<'_>,
    leased: &Leased,
    facts: &LeaseFacts,
    deadline_ms: u64,
    leaving: &[&Placed],
) -> Decision {
    let over = facts.ready.get(&leased.version).and_then(|ready_ms| r18_over(look, leased, *ready_ms));
    if let Some(why) = over {
        return Decision::act(18, vec![drop_wish(look.wanted, why)]);
    }
    let why = LEAVES.to_owned();
    if is_due(look, deadline_ms) {
        let why = if may_replace(look) { Why::Lost(why) } else { Why::GivenUp(why) };
        return Decision::act(20, drain_and_close(leased, why));
    }
    let opens = may_replace(look) && leaving.is_empty();
    match opens.then(|| open_next(look).ok()).flatten() {
        Some(open) => {
            let avoid = avoid(look, &leased.lease.provider, why);
            Decision::act(20, avoid.into_iter().chain([open]).collect())
        }
        None => Decision::wait(20, Waiting::Draining { until_ms: deadline_ms }),
    }
}

const LEAVES: &str = "the provider leaves";

fn is_due(look: &Look<'_>, deadline_ms: u64) -> bool {
    look.seen.tip.time_ms >= deadline_ms.saturating_sub(DRAIN_MS)
}

/// Ends a lease, and before that the jobs that are known to run.
pub(super) fn drain_and_close(leased: &Leased, why: Why) -> Vec<Act> {
    let busy = matches!(leased.ray, Ray::Probed { idle_since_ms: None, .. });
    let drain = busy.then(|| Act::DrainJobs { lease: leased.lease.clone() });
    drain.into_iter().chain([close(leased.lease.deployment(), why)]).collect()
}

/// R20 and R22 of a lease that has a successor already, ready or not: what its provider no longer serves need not be paid for.
pub(super) fn predecessor_ends(look: &Look<'_>, placed: &Placed) -> Option<Decision> {
    match &placed.at {
        Placement::Leased(leased) if leased.leaves_ms.is_some_and(|at_ms| is_due(look, at_ms)) => {
            Some(Decision::act(20, drain_and_close(leased, Why::Lost(LEAVES.to_owned()))))
        }
        Placement::Lost { deployment, loss, .. } => {
            Some(Decision::act(22, vec![close(deployment, Why::Lost(loss.text().to_owned()))]))
        }
        Placement::Leased(_) | Placement::Bidding(_) | Placement::InDoubt(_) | Placement::Closing { .. } => {
            None
        }
    }
}

/// R21 and R22: the lease is lost; closing the deployment brings the deposit back.
pub(super) fn lost(look: &Look<'_>, id: &DeploymentId, provider: Option<&Address>, loss: Loss) -> Decision {
    let why = loss.text().to_owned();
    if !may_replace(look) {
        return Decision::act(21, vec![close(id, Why::GivenUp(why))]);
    }
    let theirs = provider.filter(|_| !matches!(loss, Loss::ClosedByOwner | Loss::Unfunded));
    let avoid = theirs.and_then(|provider| avoid(look, provider, why.clone()));
    Decision::act(22, avoid.into_iter().chain([close(id, Why::Lost(why))]).collect())
}

/// The user wants replacements, and not too many were made in the last hour.
fn may_replace(look: &Look<'_>) -> bool {
    let recovery = &look.wanted.cluster.recovery;
    let now_ms = look.seen.tip.time_ms;
    let recent = |at: &&u64| now_ms.saturating_sub(**at) < HOUR_MS;
    let made = look.seen.history.replacements_ms.iter().filter(recent).count();
    recovery.replace && u32::try_from(made).unwrap_or(u32::MAX) < recovery.max_per_hour
}

impl Loss {
    /// The loss, for people.
    pub const fn text(self) -> &'static str {
        match self {
            Self::ClosedByProvider(_) => "the provider closed the lease",
            Self::ClosedByOwner => "another program with this key closed the lease",
            Self::Unfunded => "the escrow ran dry",
            Self::ManifestLate => "the provider saw no manifest in time",
            Self::Unstable => "the provider found the containers not running",
            Self::Expired => "the provider's notice is over",
        }
    }
}

/// R14: the escrow of every live lease lasts at least `escrow.runway`.
pub(super) fn r14_top_ups(wanted: &Wanted, seen: &View, policy: &Policy, decision: &mut Decision) {
    let closes = |id: &DeploymentId| {
        decision.acts.iter().any(|act| matches!(act, Act::CloseDeployment { id: closed, .. } if closed == id))
    };
    let ends = decision.acts.iter().any(|act| matches!(act, Act::DropWish { .. }));
    let mut acts: Vec<Act> = Vec::new();
    for placed in &seen.placements {
        let Placement::Leased(leased) = &placed.at else { continue };
        let id = leased.lease.deployment();
        let Escrow::Open(left) = leased.escrow else { continue };
        if ends || closes(id) {
            continue;
        }
        match top_up(wanted, (leased, left), seen, policy, deposits(&acts)) {
            Some(Ok(amount)) => acts.push(Act::TopUp { id: id.clone(), amount }),
            Some(Err(Waiting::Budget { cap: MAX_TOTAL, .. })) if ends_at_limit(wanted) => {
                acts.push(drop_wish(wanted, "budget.max_usd_total is reached".to_owned()));
            }
            Some(Err(waiting)) if decision.acts.is_empty() && decision.waiting.is_none() => {
                decision.waiting = Some(waiting);
            }
            Some(Err(_)) | None => {}
        }
    }
    // What keeps a cluster alive comes first: an opening that does not fit beside it is decided again at the next look.
    let rest =
        wanted.cluster.budget.max_total.map_or(u128::MAX, |cap| cap.saturating_sub(seen.history.spent));
    let left = rest.min(seen.wallet.uact).saturating_sub(deposits(&acts));
    decision.acts.retain(|act| act.deposit() <= left);
    if !acts.is_empty() && decision.acts.is_empty() && decision.waiting.is_none() {
        decision.row = Row(14);
    }
    decision.acts.extend(acts);
}

/// The name of the cap at which `budget.on_limit` counts.
const MAX_TOTAL: &str = "budget.max_usd_total";

fn ends_at_limit(wanted: &Wanted) -> bool {
    wanted.cluster.budget.on_limit == OnLimit::Down
}

fn deposits(acts: &[Act]) -> u128 {
    acts.iter().map(Act::deposit).fold(0, u128::saturating_add)
}

/// `promised`: what other top-ups of the same decision take, uact.
fn top_up(
    wanted: &Wanted,
    (leased, left): (&Leased, Dec),
    seen: &View,
    policy: &Policy,
    promised: u128,
) -> Option<Result<Coin, Waiting>> {
    let lasts = |seconds| cost_of(leased.price.amount, seconds, &seen.tip);
    let (left, overdue) =
        if left.is_negative() { (0, Dec::ZERO.checked_sub(left)?.ceil()?) } else { (left.trunc()?, 0) };
    if overdue == 0 && left >= lasts(wanted.cluster.escrow.runway) {
        return None;
    }
    let target = lasts(wanted.cluster.escrow.target).saturating_sub(left);
    let need = Coin::uact(target.saturating_add(overdue));
    let forbid = |have: Coin, cap| Some(Err(Waiting::Budget { need: need.clone(), have, cap }));
    let committed = seen.history.spent.saturating_add(promised);
    let have = seen.wallet.uact.saturating_sub(promised);
    if let Some(cap) = wanted.cluster.budget.max_total
        && committed.saturating_add(need.amount) > cap
    {
        return forbid(Coin::uact(cap.saturating_sub(committed)), MAX_TOTAL);
    }
    if need.amount > have {
        return forbid(Coin::uact(have), "wallet balance");
    }
    if seen.wallet.uakt < policy.fee_reserve {
        return forbid(Coin::uakt(seen.wallet.uakt), "fee reserve");
    }
    Some(Ok(need))
}
