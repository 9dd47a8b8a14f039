//! What was seen in one look: the chain at one height, providers, Ray, open intents, and facts from the ledger.
//!
//! Where a cluster stands is derived from this alone; nothing is stored as a step.

use std::collections::BTreeMap;

use akash_types::{
    Address, Bid, CloseReason, Coin, Dec, DecCoin, DeploymentId, Dseq, GroupSpec, Height, LeaseId,
};

/// SHA-256 of a manifest's canonical JSON: the version that chain and provider compare.
pub type Version = [u8; 32];

/// One look at one cluster.
#[derive(Clone, Debug)]
pub struct View {
    /// The chain's newest block.
    pub tip: Tip,
    /// What can be spent.
    pub wallet: Wallet,
    /// What about the chain is not known, so that nothing but closes may be signed there; `None` when all that matters is known.
    pub unknown: Option<String>,
    /// Why nothing may be spent with this key until the user has looked into it.
    pub frozen: Option<Frozen>,
    /// Where this cluster's deployments stand, oldest generation first. Empty: absent.
    pub placements: Vec<Placed>,
    /// Facts from the ledger.
    pub history: History,
}

/// The chain's newest block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tip {
    /// Its height; everything read from the chain is as of it.
    pub height: Height,
    /// Its header time, Unix milliseconds.
    pub time_ms: u64,
    /// Milliseconds per block, measured.
    pub block_ms: u64,
    /// Unix milliseconds since when no block came or no node answers; a chain that stands still freezes every deadline.
    pub stalled_since_ms: Option<u64>,
}

impl Tip {
    /// Milliseconds of chain time since a block.
    pub const fn since_ms(&self, height: Height) -> u64 {
        self.height.since(height).saturating_mul(self.block_ms)
    }

    /// Blocks in so many milliseconds, at least 1.
    pub fn blocks_in(&self, millis: u64) -> u64 {
        millis.checked_div(self.block_ms).unwrap_or(0).max(1)
    }
}

/// What can be spent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wallet {
    /// The account.
    pub owner: Address,
    /// Balance in uact.
    pub uact: u128,
    /// Balance in uakt, for fees.
    pub uakt: u128,
    /// Unix milliseconds since when the key is not in memory.
    pub locked_since_ms: Option<u64>,
    /// The user stopped all spending.
    pub paused: bool,
}

/// What about the key makes spending unsafe. Closes go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frozen {
    /// Another program signs with this key.
    ForeignSigner {
        /// The block at which it was noticed.
        height: Height,
        /// The sequence number that it used.
        sequence: u64,
        /// The transaction that used it, when it could be found: its hash, upper-case hex.
        tx: Option<String>,
    },
    /// The chain shows something of this program's that the ledger does not know: the ledger is an older copy, or is not the only one.
    Restored {
        /// The block at which it was noticed.
        height: Height,
        /// What.
        why: String,
    },
    /// More than one account pays for this key, and the chain would mix their money.
    TwoFunders {
        /// Who.
        funders: Vec<Address>,
    },
}

impl Frozen {
    /// What it is, in the words of `docs/lifecycle.md`.
    pub const fn words(&self) -> &'static str {
        match self {
            Self::ForeignSigner { .. } => "frozen: another program signs with this key",
            Self::Restored { .. } => "frozen: the ledger does not know all that this key did",
            Self::TwoFunders { .. } => "frozen: more than one account pays for this key",
        }
    }

    /// What was seen.
    pub fn seen(&self) -> String {
        match self {
            Self::ForeignSigner { height, sequence, tx } => {
                let tx = tx.as_ref().map_or_else(String::new, |tx| format!(" by transaction {tx}"));
                format!("at block {height}, sequence number {sequence} was used{tx} and is not in the ledger")
            }
            Self::Restored { height, why } => format!("at block {height}, {why}"),
            Self::TwoFunders { funders } => {
                let all: Vec<&str> = funders.iter().map(Address::as_str).collect();
                format!("{} have granted deposits to this key", all.join(" and "))
            }
        }
    }

    /// What to type next.
    pub const fn remedy(&self) -> &'static str {
        match self {
            Self::ForeignSigner { .. } => "`rayakash wallet claim` tells what to make sure of, and goes on",
            Self::Restored { .. } => "`rayakash adopt` enters what is there; then spending goes on",
            Self::TwoFunders { .. } => "`rayakash wallet revoke` with the key of one of them",
        }
    }
}

/// Where the deployment of one role and generation stands.
#[derive(Clone, Debug)]
pub struct Placed {
    /// What it serves as.
    pub role: Role,
    /// 1 for the first; a replacement has the next.
    pub generation: u32,
    /// Where it stands.
    pub at: Placement,
}

/// What a deployment serves as.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// The head, and every worker that lives in the same deployment.
    Head,
    /// One worker in a deployment of its own.
    Worker {
        /// Its node type.
        node_type: String,
        /// Its number.
        number: u32,
    },
}

/// Where a deployment stands. Derived, never stored.
#[derive(Clone, Debug)]
pub enum Placement {
    /// An intent was written down and the chain does not show what became of it.
    InDoubt(Doubt),
    /// Its order takes bids.
    Bidding(Bidding),
    /// A provider has it.
    Leased(Box<Leased>),
    /// The lease ended and not by us; the deposit is still locked.
    Lost {
        /// The deployment.
        deployment: DeploymentId,
        /// Who had it.
        provider: Option<Address>,
        /// Why it ended.
        loss: Loss,
    },
    /// It is being closed, or is closed and not yet in the books.
    Closing {
        /// The deployment.
        deployment: DeploymentId,
        /// The block of the close; the look's when not known.
        since: Height,
        /// What the chain shows once it is closed.
        closed: Option<Closed>,
    },
}

/// An intent without a known end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubt {
    /// The intent.
    pub intent: String,
    /// What it does.
    pub act: String,
    /// The transaction's hash, upper-case hex; none before it was signed.
    pub tx: Option<String>,
    /// From this height on it can be proven dead.
    pub dead_at: Option<Height>,
}

/// A deployment whose order takes bids.
#[derive(Clone, Debug)]
pub struct Bidding {
    /// The deployment.
    pub deployment: DeploymentId,
    /// The block that opened the order.
    pub opened: Height,
    /// The most that the order pays per block.
    pub ceiling: DecCoin,
    /// All bids on that order, in any state.
    pub offers: Vec<Offer>,
}

/// A bid, and what the chain says of the bidder.
#[derive(Clone, Debug)]
pub struct Offer {
    /// The bid.
    pub bid: Bid,
    /// Auditors who signed for the provider.
    pub auditors: Vec<String>,
    /// Its host and a certificate are on chain, so that it can be talked to safely.
    pub reachable: bool,
}

/// A leased deployment.
#[derive(Clone, Debug)]
pub struct Leased {
    /// The lease.
    pub lease: LeaseId,
    /// The block that made it.
    pub since: Height,
    /// Per block.
    pub price: DecCoin,
    /// What the chain was told to run.
    pub version: Version,
    /// What it asked for.
    pub groups: Vec<GroupSpec>,
    /// Where the manifest is.
    pub manifest: Manifest,
    /// Per service, what the provider reports.
    pub pods: BTreeMap<String, Pods>,
    /// How Ray is, as seen through the gate.
    pub ray: Ray,
    /// What it is paid from.
    pub escrow: Escrow,
    /// When the provider leaves, Unix milliseconds, once it has given notice. Until then it is paid and serves as ever, except that it
    /// takes no manifest.
    pub leaves_ms: Option<u64>,
}

/// What an escrow account is worth to a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Escrow {
    /// What is left when all that is due by now is taken off. Below zero it is overdue: whoever settles it first ends the lease, and a
    /// deposit before that saves it.
    Open(Dec),
    /// It ran dry and AKT paid the rest, which leaves the balance below zero: nothing flows any more, and a deposit buys nothing.
    Frozen,
}

/// Where the manifest is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Manifest {
    /// The provider has not taken it.
    Unsent,
    /// The provider took this version.
    Accepted(Version),
    /// The provider refused it for good.
    Refused(String),
}

/// Containers of one service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pods {
    /// How many there should be.
    pub wanted: u32,
    /// How many the provider reports as running, which says only that their supervisor runs.
    pub available: u32,
}

/// How Ray is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ray {
    /// The gate does not answer, and why.
    Unreachable(String),
    /// So many nodes have joined.
    Starting {
        /// Nodes that are alive and ours.
        nodes: u32,
        /// What the slowest part is at.
        phase: String,
    },
    /// Exactly the expected nodes are alive; no probe has run on them yet.
    Joined {
        /// How many.
        nodes: u32,
        /// Why the last probe failed, if one ran.
        trouble: Option<String>,
    },
    /// A probe job ran a task on each of exactly these nodes.
    Probed {
        /// How many.
        nodes: u32,
        /// Unix milliseconds since when no job has run; none while one runs.
        idle_since_ms: Option<u64>,
    },
}

impl Ray {
    /// Nodes that are alive and ours.
    pub const fn nodes(&self) -> u32 {
        match self {
            Self::Unreachable(_) => 0,
            Self::Starting { nodes, .. } | Self::Joined { nodes, .. } | Self::Probed { nodes, .. } => *nodes,
        }
    }
}

/// Why a lease ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// The provider closed it.
    ClosedByProvider(CloseReason),
    /// Its owner did, and not through this program: another one has the key.
    ClosedByOwner,
    /// The escrow ran dry.
    Unfunded,
    /// The provider saw no manifest in time.
    ManifestLate,
    /// The provider found the containers not running.
    Unstable,
    /// The promised notice is over.
    Expired,
}

/// The end of a deployment, as the chain shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closed {
    /// What came back.
    pub refund: Coin,
    /// What providers were paid.
    pub cost: Coin,
    /// The chain closed it because the escrow ran dry.
    pub dry: bool,
}

/// Facts from the ledger about one cluster. Facts, never a step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// Per lease.
    pub leases: BTreeMap<LeaseId, LeaseFacts>,
    /// Tries that failed since the wish was written, oldest first.
    pub tries: Vec<Try>,
    /// Header times of replacements, Unix milliseconds.
    pub replacements_ms: Vec<u64>,
    /// Why nothing is tried any more until the wish is written again.
    pub gave_up: Option<String>,
    /// Providers that are not to be used, until when (Unix milliseconds).
    pub avoided: BTreeMap<Address, u64>,
    /// The highest dseq that this wallet ever used here.
    pub last_dseq: Option<Dseq>,
    /// The highest generation ever opened.
    pub last_generation: u32,
    /// It was adopted, and no wish says what it should be: what is there is kept.
    pub adopted: bool,
    /// What this cluster may have cost, uact: finished deployments by what they cost, others by all that was put into them.
    pub spent: u128,
}

/// Facts about one lease.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeaseFacts {
    /// Manifests that the provider accepted: version and header time, oldest first.
    pub sends: Vec<(Version, u64)>,
    /// When the cluster was first ready under a version: header time.
    pub ready: BTreeMap<Version, u64>,
    /// Since when it is not ready any more: header time. None while it is.
    pub unready_since_ms: Option<u64>,
    /// How the last such time ended.
    pub healed: Option<Healed>,
    /// Why the provider refused the manifest for good, if it did.
    pub refused: Option<String>,
}

/// The end of a time in which a cluster was not ready. Header times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Healed {
    /// Since when it was not ready.
    pub since_ms: u64,
    /// Since when it is again.
    pub at_ms: u64,
}

/// A try that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Try {
    /// Unix milliseconds.
    pub at_ms: u64,
    /// Why.
    pub why: String,
}

impl View {
    /// The newest generation, if there is one.
    pub fn current(&self) -> Option<&Placed> {
        self.placements.iter().max_by_key(|placed| placed.generation)
    }
}
