//! Puts it together: config, adapters for the engine's ports, HTTP handlers, start and drain.
//!
//! [`run`] is the service; its `main` is in the command line. One daemon per state directory, which a file lock sees to.

mod adopt;
mod audit;
mod chain;
mod claim;
mod clock;
mod clusters;
mod config;
mod cost;
mod doctor;
mod fleet;
mod gate;
mod grants;
mod head;
mod http;
mod journal;
mod keyring;
mod listener;
mod network;
mod private;
mod providers;
mod run;
mod sandbox;
mod service;
mod status;
mod survey;
mod vault;
mod wish;
mod world;

pub use config::{BadConfig, Config, Context, Overrides, Paths};
pub use fleet::{Fleet, Parts};
pub use network::Network;
pub use run::{RunError, run};
pub use sandbox::SandboxFile;
pub use vault::MakeKeys;
