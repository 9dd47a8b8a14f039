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
    ordered.retain(|(_, act)| {
        let covered = act.deposit() <= left;
        if covered {
            left = left.saturating_sub(act.deposit());
        }
        covered
    });
    ordered
}

const fn lane(act: &Act) -> u8 {
    match act {
        // What is drained is closed afterwards: one lane, in the order of the decision.
        Act::CloseDeployment { .. } | Act::DrainJobs { .. } => 0,
        Act::Finish { .. } | Act::Avoid { .. } | Act::DropWish { .. } | Act::SendManifest { .. } => 1,
        Act::TopUp { .. } => 2,
        Act::AcceptBid { .. } | Act::UpdateDeployment { .. } => 3,
        Act::OpenDeployment { .. } => 4,
    }
}

#[cfg(test)]
mod tests {
    use akash_types::{Address, Coin, DeploymentId, Dseq};

    use super::*;
    use crate::act::Why;

    fn id(dseq: u64) -> DeploymentId {
        DeploymentId::new(Address::from_bytes(&[1; 20]).unwrap(), Dseq::new(dseq).unwrap())
    }

    fn open(dseq: u64, amount: u128) -> Act {
        Act::OpenDeployment {
            id: id(dseq),
            generation: 1,
            groups: vec![],
            version: [0; 32],
            deposit: Coin::uact(amount),
        }
    }

    #[test]
    fn closes_go_first_and_deposits_only_as_far_as_the_money_goes() {
        let lease = id(9).group(1).order(1).bid(Address::from_bytes(&[2; 20]).unwrap()).lease();
        let acts = vec![
            ("a", open(1, 70)),
            ("b", open(2, 40)),
            ("c", open(3, 30)),
            ("d", Act::DrainJobs { lease }),
            ("d", Act::CloseDeployment { id: id(9), why: Why::Asked }),
            ("e", Act::TopUp { id: id(8), amount: Coin::uact(20) }),
        ];
        let order: Vec<_> = ration(acts, 120).into_iter().map(|(who, act)| (who, act.name())).collect();
        let expected = [
            ("d", "drain-jobs"),
            ("d", "close-deployment"),
            ("e", "top-up"),
            ("a", "open-deployment"),
            ("c", "open-deployment"),
        ];
        assert_eq!(order, expected);
    }
}
