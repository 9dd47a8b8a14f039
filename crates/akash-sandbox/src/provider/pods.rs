//! Pods as processes of this machine: what Kubernetes is to a real provider.
//!
//! [`Runtime`] holds one [`Lease`] for each lease that runs here; a lease holds its [`Pod`]s. Nothing in here knows the
//! chain: the [lease book](super::leases) says what to run and when to end it.
//!
//! Pods share the host ("host mode"): each has a directory, a process group, a loopback address and a block of ports of
//! its own, and learns them from its environment.

mod backend;
mod environment;
mod events;
mod exec;
mod forward;
mod image;
mod lease;
mod life;
mod logs;
mod memory;
mod namespace;
mod place;
mod pod;
mod process;
mod random;
mod runtime;
mod sweep;
mod workload;

pub(crate) use backend::Ingress;
pub(crate) use exec::{Exec, Wish, read};
pub use image::{Environment, Images};
pub(crate) use lease::{GRACE, Lease};
pub(crate) use logs::Tail;
pub(crate) use pod::{Phase, Pod};
pub(crate) use random::random;
pub(crate) use runtime::{Runtime, Shared};
pub(crate) use workload::{Expose, Service, Workload};

#[cfg(test)]
mod tests;
