//! Money couples clusters: which acts of several decisions go first.

use crate::act::Act;

/// Puts the acts of several clusters in order: closes, then what costs nothing, top-ups, leases, creates; and leaves out
/// creates and top-ups that `balance` (uact) does not cover after those before them.
///
/// What is left out is decided again at the next look, with the balance of then.
pub fn ration<K>(acts: Vec<(K, Act)>, balance: u128) -> Vec<(K, Act)> {
    let mut ordered = acts;
    ordered.sort_by_key(|(_, act)| lane(act));
    let mut left = balance;
    ordered.retain(|(_, act)| match deposit(act) {
        Some(amount) if amount > left => false,
        Some(amount) => {
            left = left.saturating_sub(amount);
            true
        }
        None => true,
    });
    ordered
}

const fn lane(act: &Act) -> u8 {
    match act {
        Act::CloseDeployment { .. } => 0,
        Act::Finish { .. }
        | Act::Avoid { .. }
        | Act::DropWish { .. }
        | Act::DrainJobs { .. }
        | Act::SendManifest { .. } => 1,
        Act::TopUp { .. } => 2,
        Act::AcceptBid { .. } | Act::UpdateDeployment { .. } => 3,
        Act::OpenDeployment { .. } => 4,
    }
}

const fn deposit(act: &Act) -> Option<u128> {
    match act {
        Act::OpenDeployment { deposit, .. } => Some(deposit.amount),
        Act::TopUp { amount, .. } => Some(amount.amount),
        Act::AcceptBid { .. }
        | Act::SendManifest { .. }
        | Act::UpdateDeployment { .. }
        | Act::DrainJobs { .. }
        | Act::CloseDeployment { .. }
        | Act::DropWish { .. }
        | Act::Avoid { .. }
        | Act::Finish { .. } => None,
    }
}
