//! The model of the chain: a pure, deterministic state machine. No I/O, no clock, no randomness.
//!
//! [`Chain`] is what a node is between two system calls: a committed [`State`], a mempool, and the blocks so far. Bytes of
//! transactions go in through [`Chain::check`], [`Chain::next_block`] makes a block of them. The same blocks make the same
//! state on every machine, which is what the sandbox's log relies on.
//!
//! It follows a real node (v2.1) down to its defects where a client can meet them: settlement is lazy and truncates, losing
//! bids beyond the first stay open, escrow keys match by prefix.

mod ante;
mod bank;
mod basic;
mod bid;
mod bids;
pub(crate) mod bme;
mod chain;
mod deployment;
mod deposit;
mod escrow;
pub(crate) mod event;
mod execute;
mod gas;
mod genesis;
mod grant;
mod group_limits;
mod lease;
pub(crate) mod oracle;
mod order;
mod placement;
pub(crate) mod refuse;
mod registry;
pub(crate) mod run;
mod settle;
mod state;
mod table;
#[cfg(test)]
mod tests;
mod tx;

pub use akash_wallet::TxHash;
pub use ante::MINIMUM_GAS_PRICE;
pub use bids::Bids;
pub use bme::Exchange;
pub use chain::{Block, Chain, Delivered, Proposal};
pub use event::Event;
pub use execute::{Outcome, Simulated, apply};
pub use genesis::{Genesis, Holder, Keyholder};
pub use oracle::Oracle;
pub use state::{Account, Grant, Params, State};
pub use table::Table;
pub use tx::Tx;
