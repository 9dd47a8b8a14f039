//! Queries a chain; builds, signs, sends and follows transactions until landed or proven dead.
//!
//! [`Client`] asks; every answer is checked and comes in the words of [`akash_types`]. [`Sender`] is the one writer of a key: it
//! writes an [`Attempt`] into its [`Journal`] before anything leaves the machine, and follows it until an [`End`] is
//! proven; what it decides is in [`decision`]. [`Compatibility`] says whether a chain is one that this program knows. Nothing here runs in the background: whoever drops a future stops the work, and the journal knows what is open.

mod attempt;
mod client;
mod compatibility;
pub mod decision;
mod error;
mod journal;
mod pace;
mod policy;
mod refusal;
mod sender;
mod turn;

pub use attempt::{Attempt, End, Evidence};
pub use client::{
    Account, Answer, At, Block, BlockTx, Broadcast, Client, DeploymentParams, DeploymentRecord, FeeAllowance,
    Grant, Granted, LeaseRecord, MarketFilter, Nearby, NodeConfig, Simulation, Tip, TxResult, Used,
};
pub use compatibility::{About, Compatibility, Unknown};
pub use error::{ChainError, Recovery};
pub use journal::{Journal, JournalError, MemoryJournal};
pub use policy::{Class, Policy, TooDear};
pub use sender::{Sender, Unsettled};
