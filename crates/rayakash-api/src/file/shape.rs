//! The form of the cluster file. From these types come the reader, the JSON Schema for editors, and the list of known keys.
//! Everything is optional here; what must be there is marked `required` and found missing by the comparison with the schema.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

/// A Ray cluster on Akash.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "rayakash cluster file, v1")]
pub(super) struct File {
    /// The version of this form: `rayakash/v1`.
    #[serde(rename = "apiVersion")]
    #[schemars(required)]
    pub(super) api_version: Option<String>,
    /// The cluster's name on this daemon: lower-case letters, digits and `-`.
    #[schemars(required)]
    pub(super) cluster_name: Option<String>,
    /// Which node type the head has.
    #[schemars(required)]
    pub(super) head_node_type: Option<String>,
    /// Node types by name.
    #[schemars(required)]
    pub(super) available_node_types: Option<BTreeMap<String, NodeType>>,
    /// The most workers of all types together. Default: the sum of `min_workers`.
    pub(super) max_workers: Option<u32>,
    /// As in Ray; workers that are always there are not affected. Default: 5.
    #[serde(rename = "idle_timeout_minutes")]
    pub(super) _idle_timeout_minutes: Option<u32>,
    /// As in Ray. Default: 1.
    #[serde(rename = "upscaling_speed")]
    pub(super) _upscaling_speed: Option<f64>,
    /// Which Ray.
    pub(super) ray: Option<Ray>,
    /// Environment of all nodes.
    pub(super) env: Option<BTreeMap<String, EnvValue>>,
    /// Shell commands on every node before Ray starts.
    pub(super) setup_commands: Option<Vec<String>>,
    /// Shell commands on the head, after `setup_commands`.
    pub(super) head_setup_commands: Option<Vec<String>>,
    /// Shell commands on workers, after `setup_commands`.
    pub(super) worker_setup_commands: Option<Vec<String>>,
    /// Which bid wins and how long to wait.
    pub(super) market: Option<Market>,
    /// Hard caps, checked before anything is signed. Required where money is real.
    pub(super) budget: Option<Budget>,
    /// When the escrow is filled, and how far.
    pub(super) escrow: Option<Escrow>,
    /// When the cluster closes by itself.
    pub(super) lifetime: Option<Lifetime>,
    /// What happens when the cluster breaks.
    pub(super) recovery: Option<Recovery>,
    /// What is public.
    pub(super) network: Option<Network>,
}

/// What a node is.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NodeType {
    /// What a node has.
    #[schemars(required)]
    pub(super) resources: Option<Resources>,
    /// Workers of this type that are always there. Default: 0.
    pub(super) min_workers: Option<u32>,
    /// The most workers of this type. Default: `min_workers`.
    pub(super) max_workers: Option<u32>,
    /// Ray's node labels.
    pub(super) labels: Option<BTreeMap<String, String>>,
    /// GPU models that will do, in order of preference: `[h100, a100/80Gi]`. Default: any.
    pub(super) gpu: Option<Vec<String>>,
    /// Disk. Default: `10Gi`.
    pub(super) storage: Option<Bytes>,
    /// RAM volume for objects, on top of `memory` and paid for. Default: 30 % of `memory`, at least `128Mi`.
    pub(super) object_store_memory: Option<Bytes>,
    /// Environment of nodes of this type, over the cluster's.
    pub(super) env: Option<BTreeMap<String, EnvValue>>,
}

/// What a node has.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Resources {
    /// Whole cores, at least 1. Ray is told the same number.
    #[serde(rename = "CPU")]
    #[schemars(required, range(min = 1, max = 384))]
    pub(super) cpu: Option<u32>,
    /// Whole devices. Default: 0.
    #[serde(rename = "GPU")]
    #[schemars(range(max = 24))]
    pub(super) gpu: Option<u32>,
    /// Memory for Ray and what runs in it: bytes, or with a unit.
    #[schemars(required)]
    pub(super) memory: Option<Bytes>,
}

/// Which Ray.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Ray {
    /// The release, `2.60.0`. Default: the newest that the program was tested with.
    pub(super) version: Option<String>,
    /// An image instead of `rayproject/ray:<version>-py<python>-<cpu|gpu>`; never a moving tag.
    pub(super) image: Option<String>,
    /// Python's minor version, `"3.11"`.
    pub(super) python: Option<String>,
}

/// Which bid wins and how long to wait.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Market {
    /// How bids are ranked. Default: `balanced`.
    pub(super) select: Option<Select>,
    /// How long bids are collected.
    pub(super) bid_window: Option<BidWindow>,
    /// So many acceptable bids are enough. Default: 3 where money is real, else 1.
    pub(super) min_bids: Option<u32>,
    /// The most that the whole cluster may cost per hour, in US dollars.
    pub(super) max_price: Option<Usd>,
    /// From whom bids are taken.
    pub(super) providers: Option<Providers>,
    /// Attributes that the provider must have.
    pub(super) attributes: Option<BTreeMap<String, String>>,
}

/// How bids are ranked.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Select {
    /// Audited providers first, then by price.
    Balanced,
    /// By price alone.
    Cheapest,
}

/// How long bids are collected.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BidWindow {
    /// At least so long: `12s`, or `2 blocks`. Default: `12s` where money is real, else 2 blocks.
    pub(super) min: Option<String>,
    /// At most so long. Default: `60s`.
    pub(super) max: Option<String>,
}

/// From whom bids are taken.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Providers {
    /// `true`: audited by Akash's own auditor; or a list of auditors of whom one must have signed. Default: `false`.
    pub(super) audited: Option<Audited>,
    /// Only these addresses.
    pub(super) allow: Option<Vec<String>>,
    /// None of these addresses.
    pub(super) deny: Option<Vec<String>>,
}

/// Who must have audited a provider.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum Audited {
    /// Akash's own auditor, or nobody.
    Any(bool),
    /// One of these.
    By(Vec<String>),
}

/// Hard caps.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Budget {
    /// The most that the cluster may cost per hour, in US dollars.
    pub(super) max_usd_per_hour: Option<Usd>,
    /// The most that the cluster may cost in its life, in US dollars.
    pub(super) max_usd_total: Option<Usd>,
    /// What happens when the total is reached. Default: `stop`.
    pub(super) on_limit: Option<OnLimit>,
}

/// What happens when the total is reached.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum OnLimit {
    /// No more top-ups: it runs until the escrow is empty.
    Stop,
    /// It goes down at once.
    Down,
}

/// When the escrow is filled, and how far.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Escrow {
    /// Filled when it would last less than this. Default: `6h`.
    pub(super) runway: Option<String>,
    /// Filled up to this. Default: `12h`.
    pub(super) target: Option<String>,
}

/// When the cluster closes by itself.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Lifetime {
    /// So long after it was first ready. Default: never.
    pub(super) max: Option<String>,
    /// So long after its last job. Default: never.
    pub(super) idle_down: Option<String>,
}

/// What happens when the cluster breaks.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Recovery {
    /// Open a new deployment for a lost one. Default: `true`.
    pub(super) replace: Option<bool>,
    /// At most so many in an hour. Default: 3.
    pub(super) max_per_hour: Option<u32>,
    /// How long Ray may take to heal itself. Default: `10m`.
    pub(super) grace: Option<String>,
    /// Where the head's state lives. Default: `memory`.
    pub(super) head: Option<HeadState>,
}

/// Where the head's state lives.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum HeadState {
    /// On the container's disk.
    Memory,
    /// On a persistent volume.
    Restore,
}

/// What is public.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Network {
    /// Expose Ray's dashboard through the provider's ingress. Default: `false`.
    pub(super) public_dashboard: Option<bool>,
}

/// The value of an environment variable.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum EnvValue {
    /// Plain text.
    Plain(String),
    /// From the daemon's secret store.
    Secret(SecretName),
}

/// A secret, by its name.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SecretName {
    /// Its name in the daemon's secret store.
    #[schemars(required)]
    pub(super) secret: Option<String>,
}

/// Declares a scalar that is written as a number or as text, and is kept as text until its meaning is read.
macro_rules! scalar {
    ($(#[$doc:meta])* $name:ident, $title:literal, [$($example:literal),*]) => {
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub(super) struct $name(pub(super) String);

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_any(AsText).map(Self)
            }
        }

        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": ["number", "string"], "title": $title, "examples": [$($example),*] })
            }
        }
    };
}

scalar!(
    /// A number of bytes.
    Bytes, "a size such as `512Mi` or `4Gi`, or bytes", ["512Mi", "4Gi"]
);
scalar!(
    /// An amount of money.
    Usd, "an amount in US dollars such as `0.50`", ["0.50"]
);

/// Takes the text of a number or text. A decimal number has been read as binary by the YAML reader; its shortest text is what was
/// written, for as many digits as an amount may have.
struct AsText;

impl Visitor<'_> for AsText {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number or text")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<String, E> {
        Ok(text.to_owned())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<String, E> {
        Ok(number.to_string())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<String, E> {
        Ok(number.to_string())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<String, E> {
        Ok(number.to_string())
    }
}
