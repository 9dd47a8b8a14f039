//! The program in a hermetic home, and an independent look at what it did.
//!
//! [`Home`] runs the real `rayakash`, one command or a service; [`Chain`] asks the chain with queries of its own; [`Ledger`] reads
//! the daemon's records without the daemon; [`Process`] tells what runs. [`sim`] is a whole world in one thread, for the daemon's own code. Nothing here believes what the program says of itself.

mod chain;
mod error;
mod home;
mod ledger;
mod process;
mod program;
mod service;
pub mod sim;
mod wait;

pub use chain::{Chain, Standing};
pub use error::Error;
pub use home::{Home, Ran};
pub use ledger::{Books, Ledger, Record};
pub use process::{Process, descendants, resident_kib};
pub use program::{Program, workspace};
pub use service::Service;
pub use wait::until;
