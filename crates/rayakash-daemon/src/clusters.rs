//! The clusters that are tended, one task each.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rayakash_core::spec::Name;
use rayakash_engine::ports::{Ledger as _, World};
use rayakash_engine::tasks::Tasks;
use rayakash_engine::{Report, Settings, Tending, tend};
use rayakash_ledger::{ClusterRow, Ledger, LedgerError};
use tokio::sync::{Notify, watch};

use crate::vault::FileVault;

/// How long a first look may take; a probe job in Ray is a part of it.
const FIRST_LOOK: Duration = Duration::from_secs(20);

/// The clusters that are tended.
pub(crate) struct Clusters {
    world: Arc<dyn World>,
    kept: Kept,
    pub(crate) settings: Settings,
    tasks: Tasks,
    tended: Mutex<BTreeMap<Name, Tended>>,
}

/// What a daemon keeps on its disk.
#[derive(Clone)]
pub(crate) struct Kept {
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) vault: FileVault,
}

struct Tended {
    nudge: Arc<Notify>,
    reports: watch::Receiver<Report>,
}

impl Clusters {
    /// Clusters of a world whose ledger and vault are the ones that are kept.
    pub(crate) fn new(world: Arc<dyn World>, kept: Kept, settings: Settings, tasks: Tasks) -> Self {
        Self { world, kept, settings, tasks, tended: Mutex::default() }
    }

    /// Tends everything that the ledger says is wanted or not finished. What is wrong with one cluster is that cluster's trouble.
    pub(crate) async fn resume(&self) -> Result<(), LedgerError> {
        for row in self.kept.ledger.clusters().await?.into_iter().filter(ClusterRow::is_live) {
            match row.name.parse::<Name>() {
                Ok(name) => self.tend(&name),
                Err(error) => {
                    tracing::error!(cluster = %row.name, error = %error, "a cluster on record cannot be tended");
                }
            }
        }
        Ok(())
    }

    /// Makes sure that a cluster is tended, and looked at now.
    pub(crate) fn tend(&self, name: &Name) {
        let mut tended = self.tended.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = tended.get(name) {
            known.nudge.notify_one();
            return;
        }
        let nudge = Arc::new(Notify::new());
        let (sender, reports) = watch::channel(Report::unknown(self.world.clock().unix_ms()));
        tended.insert(name.clone(), Tended { nudge: Arc::clone(&nudge), reports });
        let tending = Tending {
            name: name.clone(),
            nudge: Arc::clone(&nudge),
            reports: sender,
            settings: self.settings.clone(),
        };
        let (world, kept) = (Arc::clone(&self.world), self.kept.clone());
        self.tasks.start("tend", async move {
            loop {
                tend(world.clone(), tending.clone()).await;
                // Nothing is there and nothing is wanted; the next wish for this name wakes the same task.
                tidy(&kept, &tending.name).await;
                tending.nudge.notified().await;
            }
        });
    }

    /// Looks again at every cluster now, for example because the key was unlocked.
    pub(crate) fn nudge_all(&self) {
        for known in self.tended.lock().unwrap_or_else(PoisonError::into_inner).values() {
            known.nudge.notify_one();
        }
    }

    /// Where a cluster stands; none when it is not tended.
    pub(crate) fn report(&self, name: &Name) -> Option<Report> {
        Some(self.reports(name)?.borrow().clone())
    }

    /// The same once it was looked at, for who wants to reach into it just after the daemon has started; as it is after a while.
    pub(crate) async fn first_report(&self, name: &Name) -> Option<Report> {
        let mut reports = self.reports(name)?;
        let looked = reports.wait_for(|report| report.revision > 0);
        let looked = tokio::time::timeout(FIRST_LOOK, looked).await.is_ok();
        tracing::debug!(cluster = %name, looked, "waited for the first look");
        Some(reports.borrow().clone())
    }

    fn reports(&self, name: &Name) -> Option<watch::Receiver<Report>> {
        let tended = self.tended.lock().unwrap_or_else(PoisonError::into_inner);
        tended.get(name).map(|known| known.reports.clone())
    }
}

/// Removes the keys of a cluster that is gone.
async fn tidy(kept: &Kept, name: &Name) {
    let gone = kept.ledger.books(name).await.is_ok_and(|books| books.wish.is_none());
    if gone && let Err(error) = kept.vault.forget(name) {
        tracing::warn!(cluster = %name, error = %error, "the keys of a closed cluster could not be removed");
    }
}
