//! The claims as JSON, in the order in which Akash's Go library writes them.

use serde::{Deserialize, Serialize};

/// The one version of the claims.
pub(super) const VERSION: &str = "v1";
/// Everything, everywhere.
pub(super) const FULL: &str = "full";
/// The same actions everywhere.
pub(super) const SCOPED: &str = "scoped";
/// Actions by provider or deployment.
pub(super) const GRANULAR: &str = "granular";

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Payload {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) iss: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) exp: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) nbf: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) iat: Option<Date>,
    pub(super) version: String,
    pub(super) leases: Leases,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Leases {
    pub(super) access: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) scope: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) permissions: Vec<Permission>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Permission {
    pub(super) provider: String,
    pub(super) access: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) scope: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) deployments: Vec<Deployment>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Deployment {
    pub(super) scope: Vec<String>,
    pub(super) dseq: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) gseq: u32,
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) oseq: u32,
    pub(super) services: Vec<String>,
}

/// Unix seconds. Providers take a number, with or without a fraction, and the same as a string.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Date {
    Number(serde_json::Number),
    Text(String),
}

impl Date {
    /// Whole seconds; `None` when it is no number of seconds.
    pub(super) fn seconds(&self) -> Option<u64> {
        let text = match self {
            Self::Number(number) => number.to_string(),
            Self::Text(text) => text.clone(),
        };
        text.split('.').next().and_then(|whole| whole.parse().ok())
    }
}

impl From<u64> for Date {
    fn from(seconds: u64) -> Self {
        Self::Number(seconds.into())
    }
}

impl Payload {
    pub(super) fn to_json(&self) -> String {
        // Strings, integers and lists always have a JSON form; an empty text would be refused by every provider.
        serde_json::to_string(self).unwrap_or_default()
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes the field by reference")]
const fn is_zero(n: &u32) -> bool {
    *n == 0
}
