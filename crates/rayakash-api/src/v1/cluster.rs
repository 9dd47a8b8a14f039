//! A cluster as a user sees it.

use super::money::Micro;
use crate::error::Code;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The wish to have a cluster: body of `PUT /v1/clusters/{name}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Apply {
    /// The cluster file, whole, as text.
    pub file: String,
    /// Agree to replace what runs when the change needs it.
    #[serde(default)]
    pub restart: bool,
    /// The most that the cluster may cost in its life, in US dollars as decimal text; the smaller of this and the file's cap holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_usd: Option<String>,
    /// The user agreed to spend real money.
    #[serde(default)]
    pub yes: bool,
}

/// All clusters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClusterList {
    /// In the order of their names.
    pub clusters: Vec<ClusterStatus>,
}

/// Where a cluster stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClusterStatus {
    /// Its name.
    pub name: String,
    /// Where it stands, in the words of `docs/lifecycle.md`, such as `collecting bids (2)`.
    pub phase: String,
    /// Where it stands, for programs.
    pub state: State,
    /// Why nothing is done, when nothing is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting: Option<Waiting>,
    /// Its nodes, the head first. Empty before there is a lease.
    #[serde(default)]
    pub nodes: Vec<Node>,
    /// Who runs it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<Provider>,
    /// What the lease costs per block, in uact, as decimal text with up to 18 decimals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price_per_block: Option<String>,
    /// The same per hour in US dollars, at the measured block time, as decimal text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price_usd_per_hour: Option<String>,
    /// The number of its deployment on chain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dseq: Option<u64>,
    /// What leases of this cluster have cost so far, in uact.
    pub spent_uact: Micro,
    /// What came back when it was closed, in uact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refund_uact: Option<Micro>,
    /// What it cost in the end, in uact; only when it is closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_uact: Option<Micro>,
    /// The same in US dollars.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_usd: Option<String>,
    /// Fees of its transactions so far, in uakt.
    pub fees_uakt: Micro,
    /// What is paid in advance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escrow: Option<Escrow>,
    /// What would be spent if the service vanished now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exposure: Option<Exposure>,
    /// Since when the state holds, Unix seconds.
    pub since: i64,
    /// The last thing that went wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    /// What kind of thing that was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_code: Option<Code>,
    /// Ray's release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ray_version: Option<String>,
    /// The network's name: `sandbox`, `mainnet`, …
    pub network: String,
    /// Whether it costs real money.
    pub real_money: bool,
    /// Counts the wishes that were written for this cluster. Equal before and after a `PUT`: nothing changed.
    pub revision: u64,
}

/// What leases may still take from their escrows when nobody tops up or closes any more. A provider may take it without serving.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Exposure {
    /// At most so much, uact.
    pub most_uact: Micro,
    /// The same in US dollars.
    pub most_usd: String,
    /// When the last escrow has run dry, Unix seconds; none when nobody knows, because one is frozen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until_unix: Option<i64>,
}

/// Where a cluster stands, for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Nothing is on the chain.
    Absent,
    /// The order is being written to the chain.
    Ordering,
    /// Bids are collected.
    Bidding,
    /// The lease is being written to the chain.
    Leasing,
    /// The manifest is being sent.
    Manifest,
    /// Containers and Ray start.
    Starting,
    /// Every node works.
    Ready,
    /// It was ready, and is not now.
    Degraded,
    /// It is being closed.
    Closing,
    /// It is closed.
    Closed,
    /// Nothing is done; see `waiting`.
    Waiting,
    /// Its lease is lost.
    Lost,
}

impl State {
    /// The word, as it stands in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Ordering => "ordering",
            Self::Bidding => "bidding",
            Self::Leasing => "leasing",
            Self::Manifest => "manifest",
            Self::Starting => "starting",
            Self::Ready => "ready",
            Self::Degraded => "degraded",
            Self::Closing => "closing",
            Self::Closed => "closed",
            Self::Waiting => "waiting",
            Self::Lost => "lost",
        }
    }
}

/// Why nothing is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Waiting {
    /// One word: `bids`, `starting`, `settling`, `locked`, `budget`, `back_off`, `given_up`, `chain_stalled`, `needs_restart`, …
    pub what: String,
    /// Since when, Unix seconds.
    pub since: i64,
    /// Until when at the latest, Unix seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<i64>,
    /// A sentence.
    pub detail: String,
}

/// A node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Node {
    /// Its name for `logs --node`: the service, and a number when there are several of it. It names a place, not a container.
    pub instance: String,
    /// Its node type in the cluster file.
    #[serde(rename = "type")]
    pub kind: String,
    /// `head` or `worker`.
    pub role: String,
    /// Whether it works.
    pub state: NodeState,
}

/// Whether a node works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NodeState {
    /// The provider has not made the container available.
    Pending,
    /// The container runs, Ray does not count the node yet.
    Starting,
    /// Ray counts it as alive.
    Alive,
    /// It was alive and is not.
    Dead,
}

impl NodeState {
    /// The word, as it stands in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Starting => "starting",
            Self::Alive => "alive",
            Self::Dead => "dead",
        }
    }
}

/// Who runs a cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Provider {
    /// The provider's address on the chain.
    pub address: String,
    /// Its gateway.
    pub host: String,
}

/// What is paid in advance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Escrow {
    /// What is left, in uact.
    pub balance_uact: Micro,
    /// When it would be empty without a top-up, Unix seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runs_dry_unix: Option<i64>,
}
