//! Looks, decides, acts, looks again; owns the ports that it needs.
//!
//! One [`tend`] per cluster. A step is: finish what has no known end, look, [`decide`](rayakash_core::decide()),
//! [`check`](rayakash_core::check()), carry out. Every effect is written down before it is done and after.

mod afford;
mod carry_out;
pub mod facts;
mod look;
pub mod machine;
pub mod ports;
mod preview;
mod report;
mod step;
pub mod tasks;
mod tend;

pub use look::{NodeView, Placing};
pub use preview::{Preview, preview};
pub use report::{Report, Summary};
pub use step::Settings;
pub use tend::{Tending, tend};
