//! Money is shared: what one cluster is about to spend, another cannot.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use rayakash_core::spec::Name;
use rayakash_core::{Act, ration};

/// Deposits that are under way, per cluster.
#[derive(Debug, Default)]
pub struct Treasury {
    reserved: Mutex<BTreeMap<Name, u128>>,
}

impl Treasury {
    /// The acts of one cluster that the balance (uact) covers, with what other clusters are about to spend taken off. What they
    /// deposit is reserved until [`Self::release`].
    pub fn admit(&self, cluster: &Name, acts: Vec<Act>, balance: u128) -> Vec<Act> {
        let mut reserved = self.reserved.lock().unwrap_or_else(PoisonError::into_inner);
        let free = beside(&reserved, cluster, balance);
        let admitted: Vec<Act> = ration(acts.into_iter().map(|act| ((), act)).collect(), free)
            .into_iter()
            .map(|((), act)| act)
            .collect();
        reserved.insert(cluster.clone(), admitted.iter().map(Act::deposit).fold(0, u128::saturating_add));
        admitted
    }

    /// What of the balance (uact) other clusters are not about to spend.
    pub fn free(&self, cluster: &Name, balance: u128) -> u128 {
        beside(&self.reserved.lock().unwrap_or_else(PoisonError::into_inner), cluster, balance)
    }

    /// The acts are carried out: the balance of the next look has them.
    pub fn release(&self, cluster: &Name) {
        self.reserved.lock().unwrap_or_else(PoisonError::into_inner).remove(cluster);
    }
}

fn beside(reserved: &BTreeMap<Name, u128>, cluster: &Name, balance: u128) -> u128 {
    let others = reserved.iter().filter(|(name, _)| *name != cluster).map(|(_, amount)| *amount);
    balance.saturating_sub(others.fold(0, u128::saturating_add))
}
