//! What the provider is told to run.
//!
//! Field order and presence are those of Akash's Go types (provider manifest v2beta3), because the version hash on chain
//! is taken over this JSON.

pub(crate) mod check;
mod cross;
mod decode;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::json;

/// All groups of a deployment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Manifest(pub Vec<Group>);

/// A group's services.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Group {
    /// The group's name on chain.
    pub name: String,
    /// Sorted by name.
    pub services: Vec<Service>,
}

/// A service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Service {
    /// Its name, also in the lease's DNS.
    pub name: String,
    /// The container image.
    pub image: String,
    /// The entry point; `null` leaves the image's.
    pub command: Option<Vec<String>>,
    /// Its arguments.
    pub args: Option<Vec<String>>,
    /// `NAME=value`.
    pub env: Option<Vec<String>>,
    /// What a replica gets.
    pub resources: Resources,
    /// How many replicas.
    pub count: u32,
    /// Ports, sorted by service, port, protocol, global first.
    pub expose: Vec<Expose>,
    /// Mounts and rights.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub params: Option<Params>,
    /// How to fetch a private image.
    pub credentials: Option<Credentials>,
}

/// What a replica gets. `None` is what only a broken manifest has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Resources {
    /// The resource unit's id in the group on chain.
    pub id: u32,
    /// Processors.
    pub cpu: Option<Units>,
    /// Memory.
    pub memory: Option<Memory>,
    /// Volumes.
    pub storage: Option<Vec<Volume>>,
    /// Graphics processors.
    pub gpu: Option<Units>,
    /// Ways in from outside.
    pub endpoints: Option<Vec<Endpoint>>,
}

/// An amount: decimal digits in a JSON string.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Amount {
    /// The number.
    #[serde(serialize_with = "digits")]
    pub val: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape that serde asks for")]
fn digits<S: serde::Serializer>(value: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

/// Devices that are counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Units {
    /// Thousandths of a core, or whole graphics processors.
    pub units: Amount,
    /// What kind.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<Attribute>,
}

/// Memory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Memory {
    /// Bytes.
    pub size: Amount,
    /// What kind.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<Attribute>,
}

/// A volume.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Volume {
    /// Its name.
    pub name: String,
    /// Bytes.
    pub size: Amount,
    /// What kind.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<Attribute>,
}

/// A property.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Attribute {
    /// Its name.
    pub key: String,
    /// Its value.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub value: String,
}

/// A way in from outside.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Endpoint {
    /// 0 HTTP ingress, 1 random port, 2 leased IP.
    #[serde(skip_serializing_if = "is_zero")]
    pub kind: u32,
    /// Which leased IP.
    pub sequence_number: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape that serde asks for")]
const fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// A port.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Expose {
    /// The container's.
    pub port: u32,
    /// The one outside; 0 is the same.
    pub external_port: u32,
    /// `TCP` or `UDP`.
    pub proto: String,
    /// Who may connect.
    pub service: String,
    /// Everybody may.
    pub global: bool,
    /// Host names of the ingress.
    pub hosts: Option<Vec<String>>,
    /// What the ingress does.
    pub http_options: HttpOptions,
    /// The leased IP's name.
    pub ip: String,
    /// Its number.
    pub endpoint_sequence_number: u32,
}

impl Expose {
    /// The port outside.
    pub const fn outside(&self) -> u32 {
        if self.external_port == 0 { self.port } else { self.external_port }
    }

    /// True when it becomes a route of the provider's HTTP ingress.
    pub fn is_ingress(&self) -> bool {
        self.global && self.proto == "TCP" && self.outside() == 80
    }
}

/// What the ingress does with requests.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HttpOptions {
    /// Bytes.
    pub max_body_size: u32,
    /// Milliseconds.
    pub read_timeout: u32,
    /// Milliseconds.
    pub send_timeout: u32,
    /// Tries at other replicas.
    pub next_tries: u32,
    /// Milliseconds; 0 is no limit.
    pub next_timeout: u32,
    /// When another replica is tried.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub next_cases: Vec<String>,
    /// Bytes; 0 is the provider's choice.
    #[serde(skip_serializing_if = "is_zero")]
    pub proxy_buffer_size: u32,
}

/// Mounts and rights.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Params {
    /// Mounts, sorted by volume name.
    pub storage: Option<Vec<Mount>>,
    /// What the service may read of its lease.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub permissions: Option<Permissions>,
    /// Confidential computing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tee: Option<Tee>,
}

/// Where a volume appears.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Mount {
    /// The volume.
    pub name: String,
    /// An absolute path.
    pub mount: String,
    /// Cannot be written.
    pub read_only: bool,
}

/// What a service may read of its lease.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Permissions {
    /// `logs`, `events`, `deployment`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub read: Vec<String>,
}

/// Confidential computing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tee {
    /// `cpu` or `cpu-gpu`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Whether the provider must prove it.
    pub attestation: bool,
}

/// How to fetch a private image.
#[derive(Clone, Default, PartialEq, Eq, Serialize)]
pub struct Credentials {
    /// The registry.
    pub host: String,
    /// The account's address.
    pub email: String,
    /// The account.
    pub username: String,
    /// Its password.
    pub password: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials")
            .field("host", &self.host)
            .field("password", &"***")
            .finish_non_exhaustive()
    }
}

/// Why a provider refuses a manifest. `Display` is the provider's own text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// The JSON does not fit.
    #[error("{problem}")]
    Undecodable {
        /// Go's words.
        problem: String,
    },
    /// A rule that concerns the manifest alone.
    #[error("invalid manifest: {problem}")]
    Invalid {
        /// Akash's words.
        problem: String,
    },
    /// Resources are missing.
    #[error("{problem}")]
    Resources {
        /// Akash's words.
        problem: String,
    },
    /// Its groups are not those of the deployment.
    #[error("invalid manifest: {problem}")]
    Groups {
        /// Akash's words.
        problem: String,
    },
    /// Its resources are not those of the groups on chain.
    #[error("manifest cross-validation error: {problem}")]
    Mismatch {
        /// Akash's words.
        problem: String,
    },
}

impl ManifestError {
    /// The HTTP status with which a provider answers it.
    pub const fn status(&self) -> u16 {
        match self {
            Self::Undecodable { .. } | Self::Invalid { .. } | Self::Mismatch { .. } => 422,
            Self::Resources { .. } | Self::Groups { .. } => 500,
        }
    }
}

impl Manifest {
    /// Reads a request body as the provider does: unknown keys vanish, a missing key is a null one, key case does not
    /// matter, and what follows the first JSON value is not looked at.
    pub fn from_json(body: &[u8]) -> Result<Self, ManifestError> {
        decode::manifest(body)
    }

    /// The JSON to send: compact, keys in the order of Akash's types.
    pub fn to_json(&self) -> String {
        json::compact(self)
    }

    /// The JSON that is hashed: compact, keys sorted, `<`, `>` and `&` escaped.
    pub fn canonical_json(&self) -> String {
        json::canonical(self)
    }

    /// The version hash that must stand on chain.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.canonical_json()).into()
    }

    /// Checks what a provider checks before it compares the hash.
    pub fn validate(&self) -> Result<(), ManifestError> {
        check::manifest(self).into_iter().next().map_or(Ok(()), |broken| Err(broken.error))
    }

    /// Checks what a provider checks after: that it asks for exactly what the deployment's groups hold.
    pub fn check_against(&self, groups: &[akash_types::GroupSpec]) -> Result<(), ManifestError> {
        cross::check(self, groups)
    }
}

impl<'de> Deserialize<'de> for Manifest {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = serde_json::Value::deserialize(deserializer)?;
        decode::value(&value).map_err(serde::de::Error::custom)
    }
}
