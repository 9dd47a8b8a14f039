//! What runs of a lease (provider main, July 2026).

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};

/// What runs of a lease.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct LeaseStatus {
    /// By service name.
    #[serde(deserialize_with = "or_default")]
    pub services: BTreeMap<String, ServiceStatus>,
    /// Ports that the provider chose, by service name.
    #[serde(deserialize_with = "or_default")]
    pub forwarded_ports: BTreeMap<String, Vec<ForwardedPort>>,
    /// Leased addresses, by service name.
    #[serde(deserialize_with = "or_default")]
    pub ips: BTreeMap<String, Vec<LeasedIp>>,
}

/// Replicas of a service. Counts are the cluster's view of the moment, never the number asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ServiceStatus {
    /// Its name.
    #[serde(deserialize_with = "or_default")]
    pub name: String,
    /// Replicas available; with persistent storage those of the current revision, ready or not.
    #[serde(deserialize_with = "or_default")]
    pub available: i32,
    /// Replicas that exist.
    #[serde(deserialize_with = "or_default")]
    pub total: i32,
    /// Host names of the ingress.
    #[serde(deserialize_with = "or_default")]
    pub uris: Vec<String>,
    /// Grows with every change that was applied.
    #[serde(deserialize_with = "or_default")]
    pub observed_generation: i64,
    /// Replicas whose process runs: the count to trust. It says nothing of what the process does.
    #[serde(deserialize_with = "or_default")]
    pub ready_replicas: i32,
    /// Replicas of the current revision.
    #[serde(deserialize_with = "or_default")]
    pub updated_replicas: i32,
}

/// A port that the provider chose.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ForwardedPort {
    /// The provider's public host; when empty, the host of its address on chain.
    #[serde(deserialize_with = "or_default")]
    pub host: String,
    /// The container's port.
    #[serde(deserialize_with = "or_default")]
    pub port: u16,
    /// The port at the host.
    #[serde(rename = "externalPort", deserialize_with = "or_default")]
    pub external_port: u16,
    /// `TCP` or `UDP`.
    #[serde(deserialize_with = "or_default")]
    pub proto: String,
    /// The service.
    #[serde(deserialize_with = "or_default")]
    pub name: String,
}

/// A leased address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct LeasedIp {
    /// The address.
    #[serde(rename = "IP", deserialize_with = "or_default")]
    pub ip: String,
    /// The container's port.
    #[serde(deserialize_with = "or_default")]
    pub port: u32,
    /// The port at the address.
    #[serde(deserialize_with = "or_default")]
    pub external_port: u32,
    /// `TCP` or `UDP`.
    #[serde(deserialize_with = "or_default")]
    pub protocol: String,
}

/// Go writes null for what is empty.
pub(crate) fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    d: D,
) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(d)?.unwrap_or_default())
}
