//! What to do about an intent and its attempts: the decisions alone, from what is known and what was seen.
//!
//! Why an end is certain. The chain executes at most one transaction of an account's sequence number, and raises the number in
//! the same step; it executes none after its timeout; and a block is final. So no attempt of a number can be executed any more when the number
//! is still unused at a height past every timeout; nor when the number is used, and no block up to there holds one of them
//! executed. A new number is used only after that.
//!
//! A block can hold a transaction that failed before it was charged (its check at delivery failed): then the number has not
//! moved because of it, and the same bytes may still be executed by a later block.
//!
//! [`Rules`] are values, so that the model check (`cargo xtask model`) can ask these very functions what would happen under others.

mod begin;
mod believe;
mod next;
mod rules;

pub use begin::{Begin, begin};
pub use believe::{Witness, believed};
pub use next::{Flight, Scan, Seen, Step, View, next};
pub use rules::{Death, Failure, Lifetime, Numbering, Outset, Rules, Witnesses};

#[cfg(test)]
mod tests;
