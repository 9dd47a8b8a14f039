//! Where simulations run: a runtime with a paused clock, and a folder in memory.

use std::future::Future;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use akash_types::{UACT, UAKT};
use tempfile::TempDir;

use super::stage::{Setup, Stage};
use super::watch::{self, Watch};
use super::{entries, lost};
use crate::Error;

/// A file system in memory, where there is one.
const MEMORY: &str = "/dev/shm";

/// A folder for one simulation.
pub fn scratch() -> Result<TempDir, Error> {
    let memory = Path::new(MEMORY);
    let made = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    Ok(made?)
}

/// Runs something in one thread whose time jumps from one thing that happens to the next.
pub fn in_virtual_time<T>(run: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
    runtime.block_on(run)
}

/// A world, its chain at work, and what is watched of it.
pub(crate) struct World {
    pub(crate) stage: Arc<Stage>,
    watch: Arc<Mutex<Watch>>,
    before: (u128, u128),
}

impl World {
    /// A world whose chain makes blocks from now on.
    pub(crate) fn begin(setup: Setup) -> Result<Self, Error> {
        let stage = Arc::new(Stage::new(setup)?);
        watch::begin(&stage)?;
        let watch: Arc<Mutex<Watch>> = Arc::default();
        stage.tasks.spawn("blocks", watch::run(Arc::clone(&stage), Arc::clone(&watch)));
        let state = stage.node.state();
        let me = stage.tenant.address();
        let before = (state.balance(me, &UACT), state.balance(me, &UAKT));
        Ok(Self { stage, watch, before })
    }

    pub(crate) fn watch(&self) -> MutexGuard<'_, Watch> {
        self.watch.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks for anything that is lost.
    pub(crate) fn nothing_lost(&self, ledgers: &[std::path::PathBuf]) -> Result<(), Error> {
        lost::check(&self.stage, self.before, ledgers)?;
        let shared = *self.stage.foreign.lock().unwrap_or_else(PoisonError::into_inner) != (0, 0);
        let alone = (ledgers.len() == 1 && !shared).then_some(self.before);
        ledgers.iter().try_for_each(|ledger| entries::check(&self.stage, ledger, alone))
    }

    /// Everything beside the daemons ends.
    pub(crate) async fn end(&self) {
        self.stage.tasks.stop(std::time::Duration::from_secs(1)).await;
    }
}
