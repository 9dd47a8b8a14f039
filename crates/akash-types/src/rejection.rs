//! A refusal by the chain, as a value.

use std::fmt;

/// The chain's answer to a transaction that it refused. The code means something only together with the codespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// The module that refused: `sdk`, `deployment`, `market`, `escrow`, …; `undefined` for errors without a code of their own.
    pub codespace: String,
    /// The module's number for the reason; never 0.
    pub code: u32,
    /// The text for people. Never matched on, its wording differs between node versions.
    pub log: String,
}

impl Rejection {
    /// A refusal.
    pub fn new(codespace: impl Into<String>, code: u32, log: impl Into<String>) -> Self {
        Self { codespace: codespace.into(), code, log: log.into() }
    }

    /// True when it is this module's reason.
    pub fn is(&self, (codespace, code): (&str, u32)) -> bool {
        self.codespace == codespace && self.code == code
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}: {}", self.codespace, self.code, self.log)
    }
}

impl std::error::Error for Rejection {}

/// Reasons that a client reacts to, by module and number (chain v2.1).
impl Rejection {
    /// Wrong signature, chain id or account number.
    pub const UNAUTHORIZED: (&'static str, u32) = ("sdk", 4);
    /// The fee or amount is more than the account has.
    pub const INSUFFICIENT_FUNDS: (&'static str, u32) = ("sdk", 5);
    /// The account does not exist yet.
    pub const UNKNOWN_ADDRESS: (&'static str, u32) = ("sdk", 9);
    /// The gas limit was too low.
    pub const OUT_OF_GAS: (&'static str, u32) = ("sdk", 11);
    /// The fee is under the node's minimum.
    pub const INSUFFICIENT_FEE: (&'static str, u32) = ("sdk", 13);
    /// These very bytes were already sent: poll for the hash.
    pub const IN_MEMPOOL: (&'static str, u32) = ("sdk", 19);
    /// The node's mempool is full.
    pub const MEMPOOL_FULL: (&'static str, u32) = ("sdk", 20);
    /// The height is past the transaction's timeout.
    pub const TIMED_OUT: (&'static str, u32) = ("sdk", 30);
    /// The sequence number is not the account's next.
    pub const WRONG_SEQUENCE: (&'static str, u32) = ("sdk", 32);
    /// The owner used this dseq before, in any state.
    pub const DEPLOYMENT_EXISTS: (&'static str, u32) = ("deployment", 3);
    /// No such deployment.
    pub const DEPLOYMENT_NOT_FOUND: (&'static str, u32) = ("deployment", 4);
    /// The deployment is closed.
    pub const DEPLOYMENT_CLOSED: (&'static str, u32) = ("deployment", 5);
    /// The bid is not open any more.
    pub const BID_NOT_OPEN: (&'static str, u32) = ("market", 12);
    /// The order is not open any more.
    pub const ORDER_NOT_OPEN: (&'static str, u32) = ("market", 13);
}
