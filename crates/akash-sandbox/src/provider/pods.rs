//! Pods as processes of this machine: what Kubernetes is to a real provider.
//!
//! [`Runtime`] holds one [`Lease`] for each lease that runs here; a lease holds its [`Pod`]s. Nothing in here knows the
//! chain: the [lease book](super::leases) says what to run and when to end it.
//!
//! Each pod has a directory and a process group. How pods are [kept apart](isolation) beyond that is one of two: they share
//! the [host], with a loopback address and a block of ports of their own, which they learn from their environment; or they
//! have namespaces, and each lease a [network] of its own.

mod backend;
mod environment;
mod events;
mod exec;
mod forward;
mod host;
mod image;
mod isolation;
mod lease;
mod life;
mod logs;
mod memory;
mod namespace;
mod network;
mod place;
mod pod;
mod process;
mod random;
mod runtime;
mod sweep;
mod workload;

pub(crate) use backend::Ingress;
pub(crate) use exec::{Exec, Line, read};
pub use image::{Environment, Images};
pub use isolation::{Isolation, NoNamespaces, Wish};
pub(crate) use lease::{GRACE, Lease};
pub(crate) use logs::Tail;
pub use network::Privilege;
pub(crate) use pod::{Phase, Pod};
pub(crate) use random::random;
pub(crate) use runtime::{Runtime, Shared};
pub(crate) use workload::{Expose, Service, Workload};

#[cfg(test)]
mod tests;
