//! Remembers wishes, intents, money and events on disk, in one SQLite file. It owns that format and its migrations.
//!
//! Every write is one transaction, durable when the call returns, and adds a row to `records`: the journal of what was done, in
//! order, and the stream of events that people follow. No secret is ever in it: a cluster file holds their names only.

mod adopt;
mod attempts;
mod books;
mod chance;
mod column;
mod deployments;
mod entries;
mod error;
mod facts;
mod fees;
mod funds;
mod history;
mod intents;
mod ledger;
mod reconcile;
mod records;
mod signer;
mod store;
mod wishes;

#[cfg(test)]
mod tests;

pub use adopt::{Entered, Found, Held};
pub use attempts::{AttemptRow, EndRow};
pub use error::LedgerError;
pub use funds::Funds;
pub use history::EntryRow;
pub use ledger::{Ledger, ReadWish};
pub use reconcile::{EscrowShown, Reconciled, Shown};
pub use records::{EventKind, EventRow};
pub use signer::Explained;
pub use wishes::ClusterRow;
