//! What a key owns.

use super::grant::Funding;
use super::money::Micro;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What the context's key owns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Wallet {
    /// The network's name.
    pub network: String,
    /// Whether it is real money.
    pub real_money: bool,
    /// The key's address.
    pub address: String,
    /// Whether the daemon can sign with the key.
    pub unlocked: bool,
    /// What it owns, in the order of the denominations.
    pub balances: Vec<Balance>,
    /// What its funder lets it use, when it has one: that is the money that there is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub funding: Option<Funding>,
}

/// So much of one denomination.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Balance {
    /// `uact` or `uakt`.
    pub denom: String,
    /// How much.
    pub amount: Micro,
}
