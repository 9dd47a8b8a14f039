//! What a provider says of itself to everybody.

use serde::Deserialize;

use crate::lease::or_default;

/// What a provider says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ProviderStatus {
    /// Its account.
    #[serde(deserialize_with = "or_default")]
    pub address: String,
    /// The host that its leased ports are reached at.
    #[serde(deserialize_with = "or_default")]
    pub cluster_public_hostname: String,
    /// The notice it gives before it takes resources back, in nanoseconds; 0 for none.
    #[serde(deserialize_with = "or_default")]
    pub reclamation_window: u64,
    /// Its machines.
    #[serde(deserialize_with = "or_default")]
    pub cluster: Cluster,
}

/// A provider's machines.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Cluster {
    /// Deployments that it runs.
    #[serde(deserialize_with = "or_default")]
    pub leases: u32,
    /// What it has.
    #[serde(deserialize_with = "or_default")]
    pub inventory: Inventory,
}

/// What a provider has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Inventory {
    /// What is free.
    #[serde(deserialize_with = "or_default")]
    pub available: Available,
}

/// What is free.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Available {
    /// By machine.
    #[serde(deserialize_with = "or_default")]
    pub nodes: Vec<Node>,
}

/// A machine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Node {
    /// Its name.
    #[serde(deserialize_with = "or_default")]
    pub name: String,
    /// All that it can give.
    #[serde(deserialize_with = "or_default")]
    pub allocatable: Amounts,
    /// What of it is free.
    #[serde(deserialize_with = "or_default")]
    pub available: Amounts,
}

/// Amounts of resources. Providers are known to wrap below zero: compare, do not add.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Amounts {
    /// Thousandths of a core.
    #[serde(deserialize_with = "or_default")]
    pub cpu: u64,
    /// Graphics processors.
    #[serde(deserialize_with = "or_default")]
    pub gpu: u64,
    /// Bytes.
    #[serde(deserialize_with = "or_default")]
    pub memory: u64,
    /// Bytes.
    #[serde(deserialize_with = "or_default")]
    pub storage_ephemeral: u64,
}
