//! How long a provider waits for what.

use std::time::Duration;

/// The periods of a provider. [`Timers::default`] has the real provider's, where the sandbox has no reason to differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timers {
    /// A lease without a manifest is closed after this (reason 10003).
    pub manifest: Duration,
    /// A bid that nobody took is closed after this.
    pub bid: Duration,
    /// How often a lease's pods are looked at; a quarter of it is added at random.
    pub monitor: Duration,
    /// A lease that was unhealthy at this many looks in a row is closed (reason 10000). Time in which an image is being
    /// built does not count: a real provider pulls what the sandbox must build.
    pub tries: u32,
    /// How often earnings are withdrawn.
    pub withdraw: Duration,
    /// How long each step from a manifest to running containers takes: the lease's record and namespace, its pods, their containers. A
    /// real cluster takes about a quarter of a second for each.
    pub rollout: Duration,
}

impl Default for Timers {
    fn default() -> Self {
        Self {
            manifest: Duration::from_secs(300),
            bid: Duration::from_secs(300),
            monitor: Duration::from_secs(4),
            tries: 10,
            withdraw: Duration::from_secs(600),
            rollout: Duration::from_millis(50),
        }
    }
}
