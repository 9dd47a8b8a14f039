//! The daemon about itself.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Answer of `GET /v1/version`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Version {
    /// The program's version.
    pub version: String,
    /// The version of this interface: `v1`.
    pub api: String,
    /// The daemon's process id.
    pub pid: u32,
    /// Since when it runs, Unix seconds.
    pub since: i64,
    /// The context it works in.
    pub network: Network,
    /// Where ledger, keys and logs are.
    pub state_dir: String,
}

/// The context that the daemon works in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Network {
    /// The context's name.
    pub context: String,
    /// The network's name.
    pub network: String,
    /// Whether it costs real money.
    pub real_money: bool,
    /// What the chain last said; none: nothing yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chain: Option<Chain>,
}

/// What the chain last said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Chain {
    /// Its id.
    pub chain_id: String,
    /// The endpoint that answered.
    pub endpoint: String,
    /// The newest block.
    pub height: u64,
}

/// Answer of `GET /livez` and `GET /readyz`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Health {
    /// Whether every check passed.
    pub ok: bool,
    /// The checks.
    pub checks: Vec<Check>,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Check {
    /// What is checked: `loop`, `chain`, `ledger`, `key`.
    pub name: String,
    /// Whether it passed.
    pub ok: bool,
    /// A sentence: which endpoint does not answer, and since when.
    pub detail: String,
}
