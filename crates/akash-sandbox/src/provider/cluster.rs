//! What stands behind a provider's gateway.

use std::time::Duration;

/// What stands behind a provider's gateway, as far as tenants see a difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cluster {
    /// Whether manifests are carried out. A real daemon can be started without a cluster: then it bids and takes manifests, and nothing
    /// comes of them.
    pub kubernetes: bool,
    /// The host name under which node ports are reached.
    pub public_host: String,
    /// The notice that the provider offers before it ends a lease; `None`: what an order asks for.
    pub reclamation_window: Option<Duration>,
    /// Whether a container's main process is its first one. To the first process of a container SIGTERM comes only if it handles it:
    /// everything else is killed when its grace of 30 s is over, as on a real cluster. Without this it ends at once.
    pub main_is_first: bool,
}

impl Default for Cluster {
    fn default() -> Self {
        Self {
            kubernetes: true,
            public_host: "127.0.0.1".to_owned(),
            reclamation_window: None,
            main_is_first: false,
        }
    }
}
