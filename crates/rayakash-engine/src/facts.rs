//! What the ledger knows about a cluster, and how facts become the history that `decide` sees.

use akash_types::{Address, Coin, DeploymentId, Dseq, LeaseId};
use rayakash_core::Act;
use rayakash_core::spec::Cluster;
use rayakash_core::view::{Healed, History, Try, Version};

/// A cluster that was ready for less than this between two troubles had one trouble.
const STEADY_MS: u64 = 300_000;

/// Everything on record about one cluster.
#[derive(Clone, Debug, Default)]
pub struct Books {
    /// What the user wants; none after `down`.
    pub wish: Option<Wish>,
    /// Intents without a known end, oldest first.
    pub open: Vec<Intent>,
    /// Deployments that were opened, oldest first, finished ones included.
    pub opened: Vec<Opened>,
    /// Facts, oldest first.
    pub facts: Vec<Fact>,
    /// The highest dseq that this wallet ever used here, in any cluster.
    pub last_dseq: Option<Dseq>,
    /// Fees paid for this cluster, uakt.
    pub fees: u128,
    /// The user stopped all spending.
    pub paused: bool,
    /// Spending is stopped because the chain shows less than the books.
    pub stopped: Option<Stopped>,
    /// It was adopted, and no wish says what it should be.
    pub adopted: bool,
}

/// Why nothing is spent until the wallet is claimed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stopped {
    /// Since when, header time, Unix milliseconds.
    pub since_ms: u64,
    /// What is missing.
    pub why: String,
}

/// A wish, as it was written.
#[derive(Clone, Debug)]
pub struct Wish {
    /// What is wanted.
    pub cluster: Cluster,
    /// The user agreed to a restart for it.
    pub restart: bool,
    /// When, Unix milliseconds.
    pub written_ms: u64,
}

/// An act that was written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intent {
    /// Its id.
    pub id: String,
    /// The cluster.
    pub cluster: String,
    /// The act's name.
    pub act: String,
    /// The deployment that it is about.
    pub deployment: Option<DeploymentId>,
    /// The generation that it opens.
    pub generation: u32,
    /// It is a transaction.
    pub signs: bool,
}

impl Intent {
    /// The intent of an act that was written down under an id.
    pub fn of(id: String, cluster: &str, act: &Act) -> Self {
        let generation = if let Act::OpenDeployment { generation, .. } = act { *generation } else { 0 };
        Self {
            id,
            cluster: cluster.to_owned(),
            act: act.name().to_owned(),
            deployment: act.deployment().cloned(),
            generation,
            signs: act.signs(),
        }
    }
}

/// A deployment that was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// Which.
    pub id: DeploymentId,
    /// Which generation it is.
    pub generation: u32,
    /// What was put into its escrow, uact.
    pub deposited: u128,
    /// What it cost and what came back, once it is in the books.
    pub finished: Option<Finished>,
}

/// The end of a deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    /// What came back.
    pub refund: Coin,
    /// What it cost.
    pub cost: Coin,
}

/// A fact about a cluster. Times are header times, Unix milliseconds, unless said otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// The user wrote the wish anew: earlier tries do not count any more. Wall-clock time.
    WishWritten {
        /// When.
        at_ms: u64,
    },
    /// A provider took a manifest.
    ManifestSent {
        /// Of which lease.
        lease: LeaseId,
        /// Which.
        version: Version,
        /// When.
        at_ms: u64,
    },
    /// A provider refused a manifest for good.
    ManifestRefused {
        /// Of which lease.
        lease: LeaseId,
        /// Why.
        why: String,
    },
    /// The cluster was ready.
    Ready {
        /// Under which lease.
        lease: LeaseId,
        /// Running what.
        version: Version,
        /// Since when.
        at_ms: u64,
    },
    /// The cluster is not ready any more; written again when nothing could be seen for a while, so that the grace starts anew.
    Unready {
        /// Under which lease.
        lease: LeaseId,
        /// Since when.
        at_ms: u64,
    },
    /// A try came to nothing.
    Failed {
        /// When.
        at_ms: u64,
        /// Why.
        why: String,
    },
    /// A lost deployment was closed, to be replaced.
    Replaced {
        /// When.
        at_ms: u64,
    },
    /// No further try until the wish is written again.
    GaveUp {
        /// When.
        at_ms: u64,
        /// Why.
        why: String,
    },
    /// A provider is left out.
    Avoided {
        /// Which.
        provider: Address,
        /// Until when.
        until_ms: u64,
        /// Why.
        why: String,
    },
}

impl Books {
    /// The history that `decide` sees.
    pub fn history(&self) -> History {
        let mut history = History {
            last_dseq: self.last_dseq,
            last_generation: self.opened.iter().map(|opened| opened.generation).max().unwrap_or(0),
            adopted: self.adopted,
            spent: self.committed(),
            ..History::default()
        };
        for fact in &self.facts {
            apply(&mut history, fact);
        }
        history
    }

    /// What this cluster may have cost, uact: finished deployments by what they cost, others by all that was put into them.
    fn committed(&self) -> u128 {
        let of = |opened: &Opened| opened.finished.as_ref().map_or(opened.deposited, |end| end.cost.amount);
        self.opened.iter().map(of).fold(0, u128::saturating_add)
    }

    /// What finished deployments cost together, uact.
    pub fn cost(&self) -> u128 {
        let costs = self.opened.iter().filter_map(|opened| opened.finished.as_ref());
        costs.map(|end| end.cost.amount).fold(0, u128::saturating_add)
    }

    /// What came back from finished deployments together, uact.
    pub fn refund(&self) -> u128 {
        let refunds = self.opened.iter().filter_map(|opened| opened.finished.as_ref());
        refunds.map(|end| end.refund.amount).fold(0, u128::saturating_add)
    }
}

fn apply(history: &mut History, fact: &Fact) {
    match fact {
        Fact::WishWritten { .. } => {
            history.tries.clear();
            history.gave_up = None;
        }
        Fact::ManifestSent { lease, version, at_ms } => {
            history.leases.entry(lease.clone()).or_default().sends.push((*version, *at_ms));
        }
        Fact::ManifestRefused { lease, why } => {
            history.leases.entry(lease.clone()).or_default().refused = Some(why.clone());
        }
        Fact::Ready { lease, version, at_ms } => {
            let facts = history.leases.entry(lease.clone()).or_default();
            facts.ready.entry(*version).or_insert(*at_ms);
            if let Some(since_ms) = facts.unready_since_ms.take() {
                facts.healed = Some(Healed { since_ms, at_ms: *at_ms });
            }
            // A cluster that came up ends the row of failures.
            history.tries.clear();
        }
        Fact::Unready { lease, at_ms } => {
            let facts = history.leases.entry(lease.clone()).or_default();
            // A cluster that comes for a moment and goes again has not healed, and does not get its whole grace again.
            let again = facts.healed.take().filter(|healed| at_ms.saturating_sub(healed.at_ms) < STEADY_MS);
            facts.unready_since_ms = Some(again.map_or(*at_ms, |healed| healed.since_ms));
        }
        Fact::Failed { at_ms, why } => history.tries.push(Try { at_ms: *at_ms, why: why.clone() }),
        Fact::Replaced { at_ms } => history.replacements_ms.push(*at_ms),
        Fact::GaveUp { why, .. } => history.gave_up = Some(why.clone()),
        Fact::Avoided { provider, until_ms, .. } => {
            history.avoided.insert(provider.clone(), *until_ms);
        }
    }
}
