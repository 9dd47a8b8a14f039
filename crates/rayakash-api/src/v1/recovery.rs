//! What is on chain of this key, and what a key that is not safe needs.

use super::money::Micro;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Answer of `GET` and `POST /v1/wallet/claim`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Claim {
    /// The key's address.
    pub address: String,
    /// The network's name.
    pub network: String,
    /// Whether it costs real money.
    pub real_money: bool,
    /// Why nothing is spent; none: nothing is wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frozen: Option<Frozen>,
}

/// Why nothing is spent with a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Frozen {
    /// In the words of `status`.
    pub what: String,
    /// What was seen.
    pub seen: String,
    /// What to type next.
    pub remedy: String,
}

/// Body of `POST /v1/wallet/claim`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClaimRequest {
    /// The user agreed: no other program signs with this key any more.
    #[serde(default)]
    pub yes: bool,
}

/// Body of `POST /v1/adopt`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AdoptRequest {
    /// Deployments to adopt although they do not bear our mark.
    #[serde(default)]
    pub dseqs: Vec<u64>,
    /// What clusters are to be called, by the number of a deployment of theirs.
    #[serde(default)]
    pub names: BTreeMap<u64, String>,
    /// Cluster files, whole, as text: a cluster whose manifest one of them makes gets its name.
    #[serde(default)]
    pub files: Vec<String>,
}

/// Body of `POST /v1/gc`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GcRequest {
    /// Only these deployments, also such as do not bear our mark; none: all that do and that nobody wants.
    #[serde(default)]
    pub dseqs: Vec<u64>,
    /// The user agreed to close them.
    #[serde(default)]
    pub yes: bool,
}

/// Every open deployment of the key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeploymentList {
    /// The network's name.
    pub network: String,
    /// Whether it costs real money.
    pub real_money: bool,
    /// In the order of their numbers.
    pub deployments: Vec<OpenDeployment>,
    /// Clusters that the ledger wanted although the chain shows them closed: they are not wanted any more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub withdrawn: Vec<String>,
}

/// An open deployment, as the chain and the ledger have it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OpenDeployment {
    /// Its number.
    pub dseq: u64,
    /// It bears our mark.
    pub ours: bool,
    /// The cluster that it belongs to by the ledger.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// Somebody wants it: a wish, or an adoption.
    pub wanted: bool,
    /// `leased`, `order open`, or `no lease`: then only its deposit is locked.
    pub state: String,
    /// Who runs it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// What it costs per hour, in US dollars.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price_usd_per_hour: Option<String>,
    /// What was put into its escrow, in uact.
    pub deposited_uact: Micro,
    /// What is left there, in uact.
    pub left_uact: Micro,
    /// What was done about it just now: `adopted`, `corrected`, `closing`; none: nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done: Option<String>,
}
