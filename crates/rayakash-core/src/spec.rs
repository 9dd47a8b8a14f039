//! The wish: what a cluster should be. Checked once, when the cluster file is read; every value here is in range.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// The newest Ray release that this program was tested with.
pub const RAY_VERSION: &str = "2.60.0";
/// The Python of the image that goes with it.
pub const RAY_PYTHON: &str = "3.11";
/// The smallest head that keeps its dashboard (measured with Ray 2.60): 1 GiB.
pub const MIN_HEAD_MEMORY: u64 = 1 << 30;
/// The smallest worker that does any work: 512 MiB.
pub const MIN_WORKER_MEMORY: u64 = 512 << 20;
/// The smallest RAM volume for objects; Ray's own minimum is 75 MiB.
pub const MIN_OBJECT_STORE: u64 = 128 << 20;
/// The longest environment value: the kernel takes 128 KiB per string and a longer one stops the container from starting.
pub const MAX_ENV_VALUE: usize = 100_000;

/// The name of a cluster: lower-case letters, digits and `-`, from a letter, 40 characters at most.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name(String);

/// The name of a node type; the same form as [`Name`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TypeName(String);

/// A text that is no name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a name: {problem}")]
pub struct BadName {
    /// What was given.
    pub text: String,
    /// Why it will not do.
    pub problem: &'static str,
}

/// Names become service names and host names at the provider, so they keep to what DNS and Kubernetes take.
fn name(text: &str, longest: usize) -> Result<String, BadName> {
    let bad = |problem| Err(BadName { text: text.chars().take(60).collect(), problem });
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    match text.chars().next() {
        None => bad("it is empty"),
        Some(c) if !c.is_ascii_lowercase() => bad("it must start with a lower-case letter"),
        Some(_) if text.len() > longest => bad("it is too long"),
        Some(_) if !text.chars().all(plain) => bad("only lower-case letters, digits and `-`"),
        Some(_) if text.ends_with('-') => bad("it must not end with `-`"),
        Some(_) => Ok(text.to_owned()),
    }
}

macro_rules! named {
    ($ty:ident, $longest:literal) => {
        impl $ty {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $ty {
            type Err = BadName;

            fn from_str(text: &str) -> Result<Self, BadName> {
                name(text, $longest).map(Self)
            }
        }

        impl fmt::Display for $ty {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

named!(Name, 40);
named!(TypeName, 40);

/// A cluster as the user wants it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cluster {
    /// Its name; unique per daemon.
    pub name: Name,
    /// Which Ray.
    pub ray: Ray,
    /// The type of the one head node; a key of `types`.
    pub head: TypeName,
    /// All node types, the head's included.
    pub types: BTreeMap<TypeName, NodeType>,
    /// The most workers of all types together.
    pub max_workers: u32,
    /// Environment of every node.
    pub env: BTreeMap<String, EnvValue>,
    /// Commands run in a node before Ray starts.
    pub setup: Setup,
    /// Which bid wins.
    pub market: Market,
    /// Hard caps.
    pub budget: Budget,
    /// When and how far the escrow is filled.
    pub escrow: Escrow,
    /// When the cluster closes by itself.
    pub lifetime: Lifetime,
    /// What happens when it breaks.
    pub recovery: Recovery,
    /// Expose Ray's dashboard through the provider's ingress.
    pub public_dashboard: bool,
}

impl Cluster {
    /// The head's type. The reader of the file made sure that it exists.
    pub fn head_type(&self) -> Option<&NodeType> {
        self.types.get(&self.head)
    }

    /// Worker types that have nodes, with their counts, in the order of their names. The head's type is among them
    /// when it also has workers.
    pub fn workers(&self) -> impl Iterator<Item = (&TypeName, &NodeType, u32)> {
        self.types
            .iter()
            .filter(|(_, node)| node.min_workers > 0)
            .map(|(name, node)| (name, node, node.min_workers))
    }

    /// All nodes: the head and every worker.
    pub fn nodes(&self) -> u32 {
        self.workers().map(|(_, _, count)| count).fold(1, u32::saturating_add)
    }
}

/// Which Ray.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ray {
    /// The release, `2.60.0`.
    pub version: String,
    /// The Python, `3.11`.
    pub python: String,
    /// Another image than Ray's own for that release; never a moving tag.
    pub image: Option<String>,
}

impl Default for Ray {
    fn default() -> Self {
        Self { version: RAY_VERSION.to_owned(), python: RAY_PYTHON.to_owned(), image: None }
    }
}

impl Ray {
    /// The image of a node with or without GPUs.
    pub fn image_for(&self, gpu: bool) -> String {
        self.image.clone().unwrap_or_else(|| {
            let kind = if gpu { "gpu" } else { "cpu" };
            format!("rayproject/ray:{}-py{}-{kind}", self.version, self.python.replace('.', ""))
        })
    }
}

/// What a node is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeType {
    /// Whole cores, at least 1.
    pub cpus: u32,
    /// Whole devices.
    pub gpus: u32,
    /// Models that will do, in order of preference; empty: any.
    pub gpu_models: Vec<GpuModel>,
    /// Bytes for Ray and what runs in it.
    pub memory: u64,
    /// Bytes of disk.
    pub storage: u64,
    /// Bytes of the RAM volume for objects, on top of `memory`.
    pub object_store: u64,
    /// Workers of this type that are always there. For the head's type: workers beside the head.
    pub min_workers: u32,
    /// The most workers of this type.
    pub max_workers: u32,
    /// Ray's labels.
    pub labels: BTreeMap<String, String>,
    /// Environment of nodes of this type, over the cluster's.
    pub env: BTreeMap<String, EnvValue>,
}

/// A GPU model as Akash names them: `a100`, or `a100` with `80Gi`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GpuModel {
    /// Lower-case model name.
    pub model: String,
    /// Memory, in Akash's notation.
    pub ram: Option<String>,
}

/// The value of an environment variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EnvValue {
    /// Plain text.
    Plain(String),
    /// The name of a secret in the daemon's store.
    Secret(String),
}

/// Commands run in a node before Ray starts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Setup {
    /// On every node, first.
    pub all: Vec<String>,
    /// Then on the head.
    pub head: Vec<String>,
    /// Then on workers.
    pub worker: Vec<String>,
}

/// Which bid wins, and how long to wait for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Market {
    /// How bids are ranked.
    pub select: Select,
    /// Collect at least so long, even when there are enough bids; `None`: the network's default.
    pub window_min: Option<Wait>,
    /// Take what there is after so many milliseconds.
    pub window_max_ms: u64,
    /// So many acceptable bids are enough; `None`: the network's default.
    pub min_bids: Option<u32>,
    /// The most that the whole cluster may cost per hour, in uact.
    pub max_price_per_hour: Option<u128>,
    /// Auditors of whom one must have signed for the provider.
    pub audited: Vec<String>,
    /// Only these providers; empty: all.
    pub allow: Vec<String>,
    /// Never these.
    pub deny: Vec<String>,
    /// Attributes that the provider must have.
    pub attributes: BTreeMap<String, String>,
}

impl Default for Market {
    fn default() -> Self {
        Self {
            select: Select::Balanced,
            window_min: None,
            window_max_ms: 60_000,
            min_bids: None,
            max_price_per_hour: None,
            audited: Vec::new(),
            allow: Vec::new(),
            deny: Vec::new(),
            attributes: BTreeMap::new(),
        }
    }
}

/// A time to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Milliseconds of header time.
    Millis(u64),
    /// Blocks.
    Blocks(u64),
}

/// How bids are ranked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Select {
    /// Audited providers first, then by price.
    #[default]
    Balanced,
    /// By price alone.
    Cheapest,
}

/// Hard caps, in uact (1 ACT = 1 USD = 1,000,000 uact).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Budget {
    /// The most that all leases together may cost per hour.
    pub max_per_hour: Option<u128>,
    /// The most that the cluster may cost in its life.
    pub max_total: Option<u128>,
    /// What happens at the total.
    pub on_limit: OnLimit,
}

/// What happens when the total is reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnLimit {
    /// No more top-ups: it runs until the escrow is empty.
    #[default]
    Stop,
    /// It goes down at once.
    Down,
}

/// When the escrow is filled, and how far, in seconds of the lease's price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Escrow {
    /// Filled when it would last less than this.
    pub runway: u64,
    /// Filled up to this.
    pub target: u64,
}

impl Default for Escrow {
    fn default() -> Self {
        Self { runway: 6 * 3600, target: 12 * 3600 }
    }
}

/// When the cluster closes by itself, in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lifetime {
    /// So long after it was first ready.
    pub max: Option<u64>,
    /// So long after its last job.
    pub idle_down: Option<u64>,
}

/// What happens when the cluster breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recovery {
    /// Open a new deployment for a lost one.
    pub replace: bool,
    /// At most so many in an hour.
    pub max_per_hour: u32,
    /// Seconds that Ray may take to heal itself.
    pub grace: u64,
    /// Where the head's state lives.
    pub head: HeadState,
}

impl Default for Recovery {
    fn default() -> Self {
        Self { replace: true, max_per_hour: 3, grace: 600, head: HeadState::Memory }
    }
}

/// Where the head's state lives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HeadState {
    /// On the container's disk: it survives a crash of Ray, not the container.
    #[default]
    Memory,
    /// On a persistent volume: it survives the container, not the lease.
    Restore,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_to_what_dns_takes() {
        for good in ["a", "quickstart", "a-1", "gpu-h100"] {
            assert!(good.parse::<Name>().is_ok(), "{good}");
        }
        for bad in ["", "A", "1a", "a-", "a_b", "a b", "../a", "a\n", &"a".repeat(41)] {
            assert!(bad.parse::<Name>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn images_are_rays_own_unless_another_is_named() {
        let ray = Ray::default();
        assert_eq!(ray.image_for(false), "rayproject/ray:2.60.0-py311-cpu");
        assert_eq!(ray.image_for(true), "rayproject/ray:2.60.0-py311-gpu");
    }
}
