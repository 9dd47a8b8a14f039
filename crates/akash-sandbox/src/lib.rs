//! A market on this machine: a chain behind gRPC, and providers with a gateway and pods as local processes.
//!
//! [`start`] brings up a sandbox in the background of a runtime: a pure model of the chain ([`market`]) behind the chain's own
//! gRPC services, and providers that are ordinary clients of that chain. There is no process-wide state: a test binary may run
//! many. [`run_providers`] brings the providers to a node that somebody else runs. [`control`] speaks to a sandbox in another process.

mod chain;
mod clock;
mod config;
pub mod control;
mod error;
mod home;
pub mod market;
mod peer;
mod private;
pub mod provider;
mod providers;
mod providers_only;
mod sandbox;
mod tasks;

pub use chain::{Fault, Node};
pub use config::Config;
pub use error::Error;
pub use home::{Info, ProviderInfo};
pub use provider::{NoNamespaces, Wish as Pods};
pub use providers::Providers;
pub use providers_only::{Visit, run_providers};
pub use sandbox::{MNEMONIC, Sandbox, key, run, start};
pub use tasks::Tasks;
