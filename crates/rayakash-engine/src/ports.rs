//! What the engine needs of the world, in its own words. Adapters live with the daemon, doubles in `tests/faults`.

use std::collections::BTreeMap;

use akash_types::{
    Address, AuditedAttributes, Bid, Coin, Deployment, DeploymentId, Group, Height, Lease, LeaseId, Order,
    escrow,
};
use async_trait::async_trait;
use rayakash_core::blueprint::{Keys, Plan};
use rayakash_core::reserve::Short;
use rayakash_core::spec::{Cluster, Name};
use rayakash_core::view::{Frozen, Pods, Ray, Tip, Version, Wallet};
use rayakash_core::{Act, Secret};

use crate::facts::{Books, Fact, Intent};

/// Everything that the engine reaches the world through.
pub trait World: Send + Sync + 'static {
    /// The chain.
    fn chain(&self) -> &dyn Chain;
    /// Providers' gateways.
    fn providers(&self) -> &dyn Providers;
    /// The heads of clusters, through their gates.
    fn head(&self) -> &dyn Head;
    /// Wishes, intents, money and events on disk.
    fn ledger(&self) -> &dyn Ledger;
    /// Keys of clusters, and manifests, which hold them.
    fn vault(&self) -> &dyn Vault;
    /// Time.
    fn clock(&self) -> &dyn Clock;
}

/// A part of the world that does not answer. Nothing was done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} does not answer: {why}")]
pub struct Unavailable {
    /// Which part: an endpoint, a gateway, the disk.
    pub what: String,
    /// What it said.
    pub why: String,
}

/// What became of an effect. A timeout is a fact about the world, not an error of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is done.
    Done(Receipt),
    /// It was refused for good; a fee may have been paid all the same.
    Refused {
        /// Why, for people.
        why: String,
        /// What it cost.
        receipt: Receipt,
    },
    /// It was not even tried, so nothing is at stake; the next look decides again.
    NotStarted {
        /// Why.
        why: String,
    },
    /// Nobody knows yet.
    InDoubt {
        /// Why.
        why: String,
        /// The transaction's hash, upper-case hex.
        tx: Option<String>,
        /// From this height on it can be proven dead.
        dead_at: Option<Height>,
    },
}

/// What an effect cost and where it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Receipt {
    /// The transaction's hash.
    pub tx: Option<String>,
    /// Its block.
    pub height: Option<Height>,
    /// The fee that was taken.
    pub fee: Option<Coin>,
}

/// The chain, and the wallet that signs for it.
#[async_trait]
pub trait Chain: Send + Sync {
    /// These deployments and the wallet, all at one height.
    async fn look(&self, deployments: &[DeploymentId]) -> Result<ChainLook, Unavailable>;

    /// Makes the transaction of an act that was written down as `intent`, and follows it to its end. Dropping the future leaves
    /// what is journalled; [`Self::pursue`] takes it up again.
    async fn perform(&self, intent: &str, act: &Act) -> Outcome;

    /// Follows the transaction of an intent that was written down earlier. [`Outcome::NotStarted`]: none was ever signed.
    async fn pursue(&self, intent: &Intent) -> Outcome;
}

/// What the chain shows at one height.
#[derive(Clone, Debug)]
pub struct ChainLook {
    /// That height.
    pub tip: Tip,
    /// What can be spent.
    pub wallet: Wallet,
    /// What about the chain is not known, so that nothing but closes may be signed there.
    pub unknown: Option<String>,
    /// What about the key makes spending unsafe.
    pub frozen: Option<Frozen>,
    /// The chain's minimum deposit, uact.
    pub min_deposit: u128,
    /// Those of the deployments asked for that exist.
    pub deployments: BTreeMap<DeploymentId, Record>,
}

/// A deployment and all that hangs on it.
#[derive(Clone, Debug)]
pub struct Record {
    /// Itself.
    pub deployment: Deployment,
    /// Its groups.
    pub groups: Vec<Group>,
    /// What it is paid from.
    pub escrow: escrow::Account,
    /// Its newest order.
    pub order: Option<Order>,
    /// The bids on that order.
    pub bids: Vec<Bid>,
    /// Its newest lease.
    pub lease: Option<Lease>,
    /// The bidders and the lessor.
    pub providers: BTreeMap<Address, ProviderFacts>,
}

/// What the chain says of a provider.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProviderFacts {
    /// Its gateway; none when it has no entry.
    pub host_uri: Option<String>,
    /// What auditors signed for it.
    pub audits: Vec<AuditedAttributes>,
    /// It has a valid certificate on chain.
    pub certified: bool,
}

/// Providers' gateways.
#[async_trait]
pub trait Providers: Send + Sync {
    /// What the provider says of a lease.
    async fn look(&self, lease: &LeaseId, host_uri: &str) -> Result<LeaseLook, Unavailable>;

    /// Gives the provider a manifest. Repeating it is harmless.
    async fn send_manifest(
        &self,
        cluster: &Name,
        lease: &LeaseId,
        host_uri: &str,
        version: Version,
    ) -> Outcome;
}

/// What a provider says of a lease.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeaseLook {
    /// Containers per service; empty until the provider has deployed anything.
    pub available: BTreeMap<String, u32>,
    /// Where the gate's port is reached from outside: host and port.
    pub gate: Option<(String, u16)>,
    /// What the provider's events complain about, newest last: a missing image, no room.
    pub complaints: Vec<String>,
}

/// The heads of clusters, through their gates.
#[async_trait]
pub trait Head: Send + Sync {
    /// How Ray is. A probe job runs as part of the look when exactly the expected nodes have joined and none has run on them yet.
    async fn look(&self, gate: &Gate<'_>) -> HeadLook;

    /// Stops running jobs, and waits a bounded time for them to end.
    async fn drain(&self, gate: &Gate<'_>) -> Outcome;
}

/// How a head is reached, and what is expected behind it.
#[derive(Clone, Copy, Debug)]
pub struct Gate<'a> {
    /// The cluster.
    pub cluster: &'a Name,
    /// The lease.
    pub lease: &'a LeaseId,
    /// Host and port of the gate, from the provider's status.
    pub address: &'a (String, u16),
    /// Nodes per service.
    pub expected: &'a BTreeMap<String, Pods>,
    /// Of which revision.
    pub revision: &'a str,
}

/// What a look through the gate saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeadLook {
    /// How Ray is.
    pub ray: Ray,
    /// Every node that Ray knows of this lease.
    pub nodes: Vec<Node>,
}

/// A node of a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// `dseq/gseq/oseq/service/hostname/revision`.
    pub instance: String,
    /// Its node type.
    pub node_type: String,
    /// It is the head.
    pub head: bool,
    /// Ray's word for its state: `ALIVE`, `DEAD`.
    pub state: String,
}

/// Whether an act was written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Intended {
    /// It was, under this id.
    Written(String),
    /// There is no money for it; nothing was written.
    Short(Short),
}

/// Wishes, intents, money and events on disk. A call returns when what it wrote is durable.
#[async_trait]
pub trait Ledger: Send + Sync {
    /// Everything on record about a cluster.
    async fn books(&self, cluster: &Name) -> Result<Books, Unavailable>;

    /// Whether there would be money for an act, beside all that is spoken for. Nothing is written.
    async fn afford(
        &self,
        cluster: &Name,
        act: &Act,
        tip: &Tip,
        wallet: &Wallet,
    ) -> Result<Option<Short>, Unavailable>;

    /// Writes an act down before it is done, if there is money for it: the one place that says yes. `wallet` is as of `tip`. What is
    /// written down is spoken for, so of two that race for the same money one is refused.
    async fn intend(
        &self,
        cluster: &Name,
        act: &Act,
        tip: &Tip,
        wallet: &Wallet,
    ) -> Result<Intended, Unavailable>;

    /// Writes down what became of an intent; one in doubt stays open.
    async fn settle(&self, intent: &Intent, outcome: &Outcome, tip: &Tip) -> Result<(), Unavailable>;

    /// Writes down an act that is nothing but a record: `DropWish`, `Avoid`, `Finish`.
    async fn enter(&self, cluster: &Name, act: &Act, tip: &Tip) -> Result<(), Unavailable>;

    /// Writes down a fact.
    async fn note(&self, cluster: &Name, fact: &Fact) -> Result<(), Unavailable>;

    /// Writes down where a cluster stands, for people, when that changed.
    async fn say(&self, cluster: &Name, words: &str, detail: &str) -> Result<(), Unavailable>;
}

/// Keys of clusters, and manifests, which hold them. Never in the ledger, never in a log.
#[async_trait]
pub trait Vault: Send + Sync {
    /// A cluster's own keys; made at the first call, the same ever after.
    async fn keys(&self, cluster: &Name) -> Result<Keys, Unavailable>;

    /// The values of the user's secrets that a wish names; an error names those that are missing.
    async fn secrets(&self, cluster: &Cluster) -> Result<BTreeMap<String, Secret>, Unavailable>;

    /// Keeps a manifest under its version. Durable when it returns: it is called before the version goes on chain.
    async fn keep(&self, cluster: &Name, version: Version, manifest: &Secret) -> Result<(), Unavailable>;

    /// Keeps where a lease's gate was seen: a gateway that is silent later does not hide a head that answers.
    async fn keep_gate(
        &self,
        cluster: &Name,
        lease: &LeaseId,
        address: &(String, u16),
    ) -> Result<(), Unavailable>;

    /// Where a lease's gate was last seen.
    async fn gate(&self, cluster: &Name, lease: &LeaseId) -> Option<(String, u16)>;

    /// What nodes of a manifest that was kept are known by.
    async fn plan(&self, cluster: &Name, version: Version) -> Result<Plan, Unavailable>;
}

/// Time.
#[async_trait]
pub trait Clock: Send + Sync {
    /// Unix milliseconds. For sequence numbers and text; never for deadlines of money.
    fn unix_ms(&self) -> u64;

    /// Waits.
    async fn sleep_ms(&self, millis: u64);
}
