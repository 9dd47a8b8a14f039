//! Rows of a wish that has no deployment: R4 to R6.

use akash_types::{Coin, Dec, DeploymentId, Dseq};

use super::Look;
use crate::act::{Act, Decision, Waiting};
use crate::money::{deposit_for, per_hour, running};
use crate::view::Try;

/// dseqs of one wallet all have 13 digits: shorter ones share escrow key prefixes with longer ones.
const FIRST_DSEQ: u64 = 1_000_000_000_000;

pub(super) fn rows(look: &Look<'_>) -> Decision {
    let deposit = deposit(look);
    if let Some(waiting) = r4_forbidden(look, &deposit) {
        return Decision::wait(4, waiting);
    }
    if let Some(waiting) = r5_hold(look) {
        return Decision::wait(5, waiting);
    }
    Decision::act(6, vec![open(look, deposit)])
}

fn deposit(look: &Look<'_>) -> Coin {
    let wanted = look.wanted;
    deposit_for(&wanted.cluster, wanted.ceiling.amount, look.policy.min_deposit, &look.seen.tip)
}

/// R6 for the replacement of R13 and R20, which R4 and R5 hold like any other.
pub(super) fn open_next(look: &Look<'_>) -> Result<Act, Waiting> {
    let deposit = deposit(look);
    match r4_forbidden(look, &deposit).or_else(|| r5_hold(look)) {
        Some(held) => Err(held),
        None => Ok(open(look, deposit)),
    }
}

fn open(look: &Look<'_>, deposit: Coin) -> Act {
    let after = look.seen.history.last_dseq.map_or(FIRST_DSEQ, |last| last.next().get());
    let number = look.now.unix_ms.max(after).max(FIRST_DSEQ);
    // `number` is never 0.
    let dseq = Dseq::new(number).unwrap_or(Dseq::MIN);
    Act::OpenDeployment {
        id: DeploymentId::new(look.seen.wallet.owner.clone(), dseq),
        generation: look.seen.history.last_generation.saturating_add(1),
        groups: look.wanted.next.groups.clone(),
        version: look.wanted.next.version,
        deposit,
    }
}

/// R4: caps first, they are the user's own word; then what the wallet has.
fn r4_forbidden(look: &Look<'_>, deposit: &Coin) -> Option<Waiting> {
    let budget = &look.wanted.cluster.budget;
    let forbid = |need: Coin, have: Coin, cap| {
        (need.amount > have.amount).then_some(Waiting::Budget { need, have, cap })
    };
    // While a replacement is ready and its predecessor not closed, both are paid.
    let ceiling = look.wanted.ceiling.amount;
    let both = running(look.seen).checked_add(ceiling).unwrap_or(Dec::MAX);
    let hourly = per_hour(both, &look.seen.tip);
    // Rounding up the hourly rate of a ceiling that was rounded down from the cap may exceed it by one. A ceiling of nothing buys nothing.
    let need = if ceiling == Dec::ZERO { hourly.saturating_add(1) } else { hourly.saturating_sub(1) };
    let over_rate = budget
        .max_per_hour
        .and_then(|cap| forbid(Coin::uact(need), Coin::uact(cap), "budget.max_usd_per_hour"));
    let over_total = budget.max_total.and_then(|cap| {
        let left = cap.saturating_sub(look.seen.history.spent);
        forbid(deposit.clone(), Coin::uact(left), "budget.max_usd_total")
    });
    over_rate
        .or(over_total)
        .or_else(|| forbid(deposit.clone(), Coin::uact(look.seen.wallet.uact), "wallet balance"))
        .or_else(|| {
            let need = Coin::uakt(look.policy.fee_reserve);
            forbid(need, Coin::uakt(look.seen.wallet.uakt), "fee reserve")
        })
}

/// R5: given up, or backing off.
fn r5_hold(look: &Look<'_>) -> Option<Waiting> {
    let history = &look.seen.history;
    if let Some(why) = &history.gave_up {
        return Some(Waiting::GivenUp { why: why.clone() });
    }
    let last: &Try = history.tries.last()?;
    let failed = u32::try_from(history.tries.len()).unwrap_or(u32::MAX);
    let factor = 1_u64.checked_shl(failed.saturating_sub(1)).unwrap_or(u64::MAX);
    let pause = look.policy.back_off_ms.saturating_mul(factor).min(look.policy.back_off_max_ms);
    let until_ms = last.at_ms.saturating_add(pause);
    (until_ms > look.seen.tip.time_ms).then(|| Waiting::BackOff {
        number: failed.saturating_add(1),
        until_ms,
        why: last.why.clone(),
    })
}
