//! What happened, and what containers print.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Something that happened. The stream's `id` is the event's number, and `Last-Event-ID` resumes behind it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Event {
    /// Its number in the ledger; grows.
    pub id: u64,
    /// When, Unix milliseconds.
    pub at_ms: i64,
    /// About which cluster; none: about the daemon.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// A word for programs: `intended`, `settled`, `phase`, `bids`, `runway_low`, …
    pub kind: String,
    /// A sentence for people.
    pub text: String,
    /// What belongs to it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, serde_json::Value>,
}

/// A line that a container printed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LogLine {
    /// Which node printed it, see `Node::instance`.
    pub node: String,
    /// The line, without its end.
    pub text: String,
}
