//! What can be done, why nothing is done, and how both are said.

use akash_types::{Address, BidId, Coin, DecCoin, DeploymentId, GroupSpec, Height, LeaseId};

use crate::choose::Considered;
use crate::view::{Frozen, Version};

/// One effect, with nothing left to choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Opens a deployment and funds its escrow.
    OpenDeployment {
        /// Ours to choose, never used before.
        id: DeploymentId,
        /// Which generation it is.
        generation: u32,
        /// What it asks for.
        groups: Vec<GroupSpec>,
        /// What will run in it.
        version: Version,
        /// The first deposit.
        deposit: Coin,
    },
    /// Accepts a bid, which starts the payments.
    AcceptBid {
        /// Which.
        bid: BidId,
        /// What it costs per block.
        price: DecCoin,
        /// Every bid and why it won or lost.
        considered: Vec<Considered>,
    },
    /// Gives the provider the manifest.
    SendManifest {
        /// To whom.
        lease: LeaseId,
        /// Which.
        version: Version,
    },
    /// Tells the chain that another manifest is to run.
    UpdateDeployment {
        /// Where.
        id: DeploymentId,
        /// Which.
        version: Version,
    },
    /// Puts more money into the escrow.
    TopUp {
        /// Where.
        id: DeploymentId,
        /// How much.
        amount: Coin,
    },
    /// Lets running jobs end, or stops them.
    DrainJobs {
        /// Where.
        lease: LeaseId,
    },
    /// Ends a deployment and brings the rest of its deposit back.
    CloseDeployment {
        /// Which.
        id: DeploymentId,
        /// Why.
        why: Why,
    },
    /// The cluster goes down by itself.
    DropWish {
        /// When the wish that goes was written, Unix milliseconds; a newer one stays.
        written_ms: u64,
        /// Why.
        why: String,
    },
    /// Leaves a provider out for a while.
    Avoid {
        /// Whom.
        provider: Address,
        /// Until when, Unix milliseconds.
        until_ms: u64,
        /// Why.
        why: String,
    },
    /// Enters a closed deployment into the books.
    Finish {
        /// Which.
        id: DeploymentId,
        /// What came back.
        refund: Coin,
        /// What it cost.
        cost: Coin,
        /// The chain closed it because the escrow ran dry: that was a try that failed.
        dry: bool,
    },
}

/// How the reason of a close for want of a bid begins.
pub const NO_BID: &str = "no acceptable bid";

/// Why a deployment is closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// The user asked.
    Asked,
    /// No bid would do.
    NoBid(String),
    /// The provider would not take the manifest.
    Refused(String),
    /// It was not ready in time.
    NotReady(String),
    /// It broke and did not heal.
    Broken(String),
    /// The lease was lost, and a replacement follows.
    Lost(String),
    /// The lease was lost, and no replacement follows.
    GivenUp(String),
    /// A replacement is ready.
    Replaced,
}

impl Why {
    /// The reason as the user reads it.
    pub fn text(&self) -> String {
        match self {
            Self::Asked => "you asked for it".to_owned(),
            Self::NoBid(why) => format!("{NO_BID}: {why}"),
            Self::Refused(why) => format!("provider refused: {why}"),
            Self::NotReady(why) => format!("did not start: {why}"),
            Self::Broken(why) => format!("broke and did not heal: {why}"),
            Self::Lost(why) => format!("lost: {why}, replacing"),
            Self::GivenUp(why) => format!("lost: {why}, not replaced"),
            Self::Replaced => "its replacement is ready".to_owned(),
        }
    }

    /// True when the close ends a try that counts for the back-off.
    pub const fn is_failure(&self) -> bool {
        !matches!(self, Self::Asked | Self::Replaced)
    }
}

/// A row of `docs/lifecycle.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Row(pub u8);

/// Why nothing is done, since when, until when. Times are Unix milliseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// A transaction has no known end yet.
    Settling {
        /// What it does.
        act: String,
        /// Its hash.
        tx: Option<String>,
        /// From this height on it can be proven dead.
        dead_at: Option<Height>,
    },
    /// The user stopped all spending.
    Paused,
    /// The node or its market is of a version that is not known here, so only what closes is signed.
    UnknownVersion {
        /// What is not known.
        why: String,
    },
    /// Something about the key makes spending unsafe until the user has looked into it.
    Frozen(Frozen),
    /// It was adopted without a cluster file: what is there is kept, and nothing is added.
    Adopted,
    /// The key is not in memory.
    Locked {
        /// Since when.
        since_ms: u64,
    },
    /// The chain makes no blocks, or no node answers.
    ChainStalled {
        /// Since when.
        since_ms: u64,
    },
    /// A cap, the balance or the fee reserve forbids it.
    Budget {
        /// What it takes.
        need: Coin,
        /// What there is.
        have: Coin,
        /// Which limit.
        cap: &'static str,
    },
    /// A failed try is followed by the next one later.
    BackOff {
        /// The number of the next try.
        number: u32,
        /// When.
        until_ms: u64,
        /// Why the last one failed.
        why: String,
    },
    /// No further try until the wish is written again.
    GivenUp {
        /// Why.
        why: String,
    },
    /// Bids are collected.
    Bids {
        /// All.
        seen: u32,
        /// Those that would do.
        acceptable: u32,
        /// When the window closes.
        until_ms: u64,
    },
    /// The provider starts the containers, and Ray in them.
    Starting {
        /// What the slowest part is at.
        phase: String,
        /// Nodes that have joined.
        nodes: u32,
        /// Nodes that there should be.
        wanted: u32,
        /// When it is given up.
        until_ms: u64,
    },
    /// It was ready and is not; Ray may heal itself.
    Recovering {
        /// Since when.
        since_ms: u64,
        /// When it is given up.
        until_ms: u64,
        /// Nodes that are alive.
        nodes: u32,
        /// Nodes that there should be.
        wanted: u32,
    },
    /// It is ready, and a change waits for the user's consent.
    NeedsRestart {
        /// What the change takes.
        what: String,
    },
    /// The provider leaves.
    Draining {
        /// When.
        until_ms: u64,
    },
    /// The chain does not show it closed yet.
    Closing {
        /// Since when.
        since: Height,
    },
}

/// What to do, or why not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The row that decided.
    pub row: Row,
    /// What to do, in this order.
    pub acts: Vec<Act>,
    /// Why nothing is done.
    pub waiting: Option<Waiting>,
}

impl Decision {
    /// Acts, and nothing to wait for.
    pub(crate) fn act(row: u8, acts: Vec<Act>) -> Self {
        Self { row: Row(row), acts, waiting: None }
    }

    /// No act, and why.
    pub(crate) const fn wait(row: u8, waiting: Waiting) -> Self {
        Self { row: Row(row), acts: Vec::new(), waiting: Some(waiting) }
    }

    /// Where the cluster stands, in the words of `docs/lifecycle.md`.
    pub fn words(&self) -> String {
        if let Some(waiting) = &self.waiting {
            return waiting.words();
        }
        match self.acts.first() {
            None if self.row == Row(1) => "gone".to_owned(),
            None => "ready".to_owned(),
            Some(act) => act.words(),
        }
    }
}

impl Act {
    /// What is being done, in the words of `docs/lifecycle.md`.
    pub fn words(&self) -> String {
        match self {
            Self::OpenDeployment { .. } => "ordering".to_owned(),
            Self::AcceptBid { .. } => "leasing".to_owned(),
            Self::SendManifest { .. } => "sending manifest".to_owned(),
            Self::UpdateDeployment { .. } => "updating in place".to_owned(),
            Self::TopUp { .. } => "topping up".to_owned(),
            Self::DrainJobs { .. } => "draining jobs".to_owned(),
            Self::CloseDeployment { why: Why::Asked, .. } => "closing".to_owned(),
            Self::CloseDeployment { why, .. } => why.text(),
            Self::DropWish { why, .. } => format!("going down: {why}"),
            Self::Avoid { why, .. } => format!("avoiding a provider: {why}"),
            Self::Finish { .. } => "closed".to_owned(),
        }
    }

    /// The figures of the act, for the timeline.
    pub fn detail(&self) -> String {
        match self {
            Self::OpenDeployment { id, deposit, .. } => format!("deployment {}, deposit {deposit}", id.dseq),
            Self::AcceptBid { bid, price, considered } => {
                let each = |c: &Considered| {
                    format!("{} at {}: {}", c.provider, c.price, c.against.unwrap_or("acceptable"))
                };
                let all = considered.iter().map(each).collect::<Vec<_>>().join("; ");
                format!("{} at {price} per block, of: {all}", bid.provider)
            }
            Self::SendManifest { lease, .. } => format!("to {}", lease.provider),
            Self::UpdateDeployment { id, .. } => format!("deployment {}", id.dseq),
            Self::TopUp { id, amount } => format!("deployment {}, {amount}", id.dseq),
            Self::DrainJobs { lease } => format!("deployment {}", lease.deployment().dseq),
            Self::CloseDeployment { id, why } => format!("deployment {}: {}", id.dseq, why.text()),
            Self::DropWish { why, .. } => why.clone(),
            Self::Avoid { provider, why, .. } => format!("{provider}: {why}"),
            Self::Finish { id, refund, cost, .. } => {
                format!("deployment {}: cost {cost}, {refund} came back", id.dseq)
            }
        }
    }

    /// The act's name in the books.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::OpenDeployment { .. } => "open-deployment",
            Self::AcceptBid { .. } => "accept-bid",
            Self::SendManifest { .. } => "send-manifest",
            Self::UpdateDeployment { .. } => "update-deployment",
            Self::TopUp { .. } => "top-up",
            Self::DrainJobs { .. } => "drain-jobs",
            Self::CloseDeployment { .. } => "close-deployment",
            Self::DropWish { .. } => "drop-wish",
            Self::Avoid { .. } => "avoid",
            Self::Finish { .. } => "finish",
        }
    }

    /// The deployment that it is about.
    pub const fn deployment(&self) -> Option<&DeploymentId> {
        match self {
            Self::OpenDeployment { id, .. }
            | Self::UpdateDeployment { id, .. }
            | Self::TopUp { id, .. }
            | Self::CloseDeployment { id, .. }
            | Self::Finish { id, .. } => Some(id),
            Self::AcceptBid { bid, .. } => Some(bid.order.deployment()),
            Self::SendManifest { lease, .. } | Self::DrainJobs { lease } => Some(lease.deployment()),
            Self::DropWish { .. } | Self::Avoid { .. } => None,
        }
    }

    /// What it takes from the wallet into an escrow, uact.
    pub const fn deposit(&self) -> u128 {
        if let Self::OpenDeployment { deposit: coin, .. } | Self::TopUp { amount: coin, .. } = self {
            return coin.amount;
        }
        0
    }

    /// True when it spends money or commits to spending it.
    pub const fn spends(&self) -> bool {
        matches!(
            self,
            Self::OpenDeployment { .. }
                | Self::AcceptBid { .. }
                | Self::UpdateDeployment { .. }
                | Self::TopUp { .. }
        )
    }

    /// True when it is nothing but an entry in the books.
    pub const fn is_record(&self) -> bool {
        matches!(self, Self::DropWish { .. } | Self::Avoid { .. } | Self::Finish { .. })
    }

    /// True when it is a transaction.
    pub const fn signs(&self) -> bool {
        self.spends() || matches!(self, Self::CloseDeployment { .. })
    }
}

impl Waiting {
    /// Where the cluster stands, in the words of `docs/lifecycle.md`.
    pub fn words(&self) -> String {
        match self {
            Self::Settling { act, .. } => format!("settling: {act}"),
            Self::Paused => "paused".to_owned(),
            Self::UnknownVersion { .. } => "closes only: the node is of an unknown version".to_owned(),
            Self::Frozen(frozen) => frozen.words().to_owned(),
            Self::Adopted => "adopted".to_owned(),
            Self::Locked { .. } => "locked".to_owned(),
            Self::ChainStalled { .. } => "chain stalled".to_owned(),
            Self::Budget { need, have, cap } => {
                format!("refused by budget: {cap} (needs {need}, has {have})")
            }
            Self::BackOff { number, why, .. } => format!("waiting to retry (try {number}): {why}"),
            Self::GivenUp { why } => format!("given up: {why}"),
            Self::Bids { seen, .. } => format!("collecting bids ({seen})"),
            Self::Starting { nodes, wanted, phase, .. } => {
                format!("starting: {nodes}/{wanted} nodes, {phase}")
            }
            Self::Recovering { nodes, wanted, .. } => format!("degraded {nodes}/{wanted}"),
            Self::NeedsRestart { .. } => "ready (change waits for up --restart)".to_owned(),
            Self::Draining { .. } => "provider leaves".to_owned(),
            Self::Closing { .. } => "closing".to_owned(),
        }
    }
}
