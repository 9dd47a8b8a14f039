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

/// What the wallet may spend, and what of it is spent or spoken for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Budget {
    /// The network's name.
    pub network: String,
    /// Spending is stopped by the user. Closes go on.
    pub paused: bool,
    /// Spending is stopped because the chain shows less than the books: what is missing. Closes go on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<String>,
    /// The most that all clusters together may deposit in a day of chain time, uact; none: no cap.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_day_uact: Option<Micro>,
    /// What of that was set by `budget set`; the smaller of it and the configuration holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set_per_day_uact: Option<Micro>,
    /// Deposited in the last day, and on its way.
    pub today_uact: Micro,
    /// What may still be deposited today; none: no cap.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_uact: Option<Micro>,
    /// Deposits on their way, which the balance does not show yet.
    pub reserved_uact: Micro,
    /// The most that transactions may cost in a day of chain time, uakt.
    pub fees_per_day_uakt: Micro,
    /// Fees of the last day, and those on their way.
    pub fees_today_uakt: Micro,
    /// uakt that stay in the wallet, so that everything open can be closed.
    pub fee_reserve_uakt: Micro,
    /// Deployments that are open, or being opened.
    pub open_deployments: u64,
}

/// A change of what the wallet may spend. What is absent stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetBudget {
    /// US dollars that all clusters together may deposit in a day, such as `10` or `2.50`; `none` takes the cap away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_usd_per_day: Option<String>,
    /// Stop all spending, or let it go on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused: Option<bool>,
}

/// Everything that moved the wallet, oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct History {
    /// The postings.
    pub postings: Vec<Posting>,
}

/// One movement of one denomination.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Posting {
    /// The block's time, Unix milliseconds.
    pub at_ms: u64,
    /// The block.
    pub height: u64,
    /// `opening`, `deposit`, `fee`, `refund` or `foreign`.
    pub what: String,
    /// Of which cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// `uact` or `uakt`.
    pub denom: String,
    /// What came in, or went out with a minus, as decimal digits in text.
    pub amount: String,
    /// What the wallet had of it then.
    pub balance: String,
    /// The transaction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tx: Option<String>,
}

/// What clusters cost, as the books have it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Cost {
    /// What the rows are: `cluster`, `node`, `day` or `tx`.
    pub by: String,
    /// The rows.
    pub rows: Vec<CostRow>,
}

/// What one of them cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CostRow {
    /// The cluster, the node, the day or the transaction.
    pub key: String,
    /// What providers earned, uact.
    pub paid_uact: Micro,
    /// The same in US dollars.
    pub paid_usd: String,
    /// What went into escrow less what came out of it, uact; decimal digits in text, with a minus when more came out.
    pub escrow_uact: String,
    /// Fees of transactions, uakt.
    pub fees_uakt: Micro,
}
