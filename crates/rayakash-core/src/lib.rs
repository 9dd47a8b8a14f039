//! What a cluster should be, what it is, and what to do next.
//!
//! [`spec`] is the wish, [`blueprint`] what it becomes on Akash, [`view`] what was seen in one look, [`decide()`] the next acts,
//! [`check()`] a second opinion on them. No I/O, clock or randomness: the same input gives the same answer, and a test needs no world.

mod act;
pub mod blueprint;
mod check;
mod choose;
mod decide;
mod mark;
mod money;
pub mod node;
mod ration;
pub mod reserve;
mod secret;
pub mod spec;
pub mod view;

pub use act::{Act, Decision, NO_BID, Row, Waiting, Why};
pub use check::{Violation, check};
pub use choose::{Choice, Considered, choose};
pub use decide::{Drawn, Now, Policy, Wanted, decide};
pub use mark::{Mark, Operation};
pub use money::{ceiling_beside, ceiling_per_block, cost_of, deposit_for, per_hour, usd};
pub use ration::ration;
pub use secret::Secret;
