//! What the handlers share.

use std::sync::Arc;

use rayakash_engine::tasks::Tasks;
use rayakash_ledger::Ledger;
use tokio_util::sync::CancellationToken;

use crate::clusters::Clusters;
use crate::config::Context;
use crate::keyring::Keyring;
use crate::world::RealWorld;

/// One daemon, as its handlers see it.
pub(crate) struct Service {
    pub(crate) world: Arc<RealWorld>,
    pub(crate) clusters: Clusters,
    pub(crate) context: Context,
    pub(crate) keyring: Keyring,
    pub(crate) tasks: Tasks,
    pub(crate) stop: CancellationToken,
    pub(crate) started_ms: u64,
    pub(crate) state_dir: String,
}

impl Service {
    pub(crate) fn world(&self) -> &RealWorld {
        &self.world
    }

    pub(crate) fn ledger(&self) -> &Ledger {
        &self.world().ledger
    }
}
