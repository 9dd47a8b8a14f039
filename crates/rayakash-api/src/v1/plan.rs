//! What `up` would do.

use super::cluster::Waiting;
use super::money::Micro;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Body of `POST /v1/clusters/{name}/plan`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanRequest {
    /// The cluster file, whole, as text.
    pub file: String,
    /// A cap on the whole cost in US dollars, on top of the file's; the smaller one holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_usd: Option<String>,
}

/// What `up` would do, and the most that it can spend. Nothing was changed to find out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Plan {
    /// The cluster's name.
    pub name: String,
    /// The network's name.
    pub network: String,
    /// Whether it costs real money.
    pub real_money: bool,
    /// What differs between the wish and the world. Empty: `up` would do nothing.
    pub changes: Vec<Change>,
    /// Whether `up` leaves running nodes as they are until it is called with `--restart`.
    pub needs_restart: bool,
    /// What the decision waits for, when it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting: Option<Waiting>,
    /// The deposit that would be made first, in uact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deposit_uact: Option<Micro>,
    /// The most that the leases can cost per hour, in US dollars.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub most_usd_per_hour: Option<String>,
    /// The most that the cluster can cost in its life, in US dollars; none: no cap.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub most_usd_total: Option<String>,
}

/// One difference, and what `up` would do about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Change {
    /// The act: `open_deployment`, `update_deployment`, `close_deployment`, …
    pub act: String,
    /// A sentence.
    pub detail: String,
}
