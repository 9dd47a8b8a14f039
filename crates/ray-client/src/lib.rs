//! Talks to a Ray head: version, nodes, jobs and their logs, and the readiness probe.
//!
//! Knows Ray's HTTP API (2.60, token mode) and nothing of where the head runs: a [`Connector`] gives
//! it byte streams. It spawns nothing; every call is one request on one connection, driven by the caller.

mod client;
mod connector;
mod error;
mod follow;
mod http1;
mod job;
mod member;
mod probe;

pub use client::{Ray, Version};
pub use connector::{Connector, Stream};
pub use error::{Error, Recovery, Request};
pub use job::{Job, JobInfo, JobStatus};
pub use member::{Instance, Membership, NodeState, membership};
pub use probe::{Probe, ProbedNode};
