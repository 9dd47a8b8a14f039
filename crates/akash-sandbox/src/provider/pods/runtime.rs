//! All leases that run on this machine for one provider.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use akash_types::LeaseId;
use nix::unistd::getpid;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use super::backend::Ingress;
use super::image::Images;
use super::isolation::Isolation;
use super::lease::{Lease, stop_all};
use super::memory;
use super::process::{Process, Table};
use super::sweep::collect;
use super::workload::Workload;
use crate::private;
use crate::tasks::Tasks;

/// What pods get to end when the sandbox stops.
const STOP_GRACE: Duration = Duration::from_secs(5);

/// What all leases use.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) dir: PathBuf,
    pub(crate) images: Images,
    pub(crate) isolation: Isolation,
    pub(crate) tasks: Tasks,
    pub(crate) ingress: Ingress,
    /// The host name under which the provider's node ports are reached.
    pub(crate) public_host: String,
    /// What each step to running containers takes.
    pub(crate) rollout: Duration,
    /// Whether a container's main process is its first one.
    pub(crate) main_is_first: bool,
}

/// The leases of one provider and their pods. Dropping it kills every pod; [`Runtime::stop`] ends them orderly.
#[derive(Debug)]
pub(crate) struct Runtime {
    shared: Arc<Shared>,
    leases: Leases,
    /// What is on its way to which lease.
    coming: Arc<Mutex<BTreeMap<LeaseId, Coming>>>,
    /// Nothing is left to end.
    ended: AtomicBool,
}

type Leases = Arc<Mutex<BTreeMap<LeaseId, Arc<Lease>>>>;

/// A workload on its way.
#[derive(Debug)]
struct Coming {
    workload: Workload,
    /// The cluster has a record of it.
    recorded: bool,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The services of a lease cannot be renamed, added or removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("manifest service rename is not allowed")]
pub(crate) struct Renamed;

impl Runtime {
    /// Opens the folder `shared.dir`: pods that still run are adopted, those that do not are started.
    pub(crate) fn open(shared: Shared) -> io::Result<Self> {
        // Orphans of pods become our children, so that they can be collected.
        nix::sys::prctl::set_child_subreaper(true).ok();
        private::folder(&shared.dir)?;
        let shared = Arc::new(shared);
        let mut leases = BTreeMap::new();
        for entry in std::fs::read_dir(&shared.dir)?.flatten() {
            match Lease::restore(&shared, &entry.path()) {
                Ok(lease) => drop(leases.insert(lease.id.clone(), lease)),
                Err(problem) => {
                    tracing::warn!(folder = %entry.path().display(), %problem, "no lease found in it");
                }
            }
        }
        let (leases, ended) = (Arc::new(Mutex::new(leases)), AtomicBool::new(false));
        let runtime = Self { shared, leases, coming: Arc::default(), ended };
        runtime.watch();
        Ok(runtime)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<LeaseId, Arc<Lease>>> {
        locked(&self.leases)
    }

    /// The lease, while anything of it is here.
    pub(crate) fn lease(&self, id: &LeaseId) -> Option<Arc<Lease>> {
        self.lock().get(id).cloned()
    }

    /// All leases of which anything is here, or on its way.
    pub(crate) fn leases(&self) -> BTreeSet<LeaseId> {
        let here: BTreeSet<LeaseId> = self.lock().keys().cloned().collect();
        here.into_iter().chain(locked(&self.coming).keys().cloned()).collect()
    }

    /// Whether the cluster has a record of what is to run for the lease, which it has before anything of the lease is here.
    pub(crate) fn is_recorded(&self, id: &LeaseId) -> bool {
        self.lock().contains_key(id) || locked(&self.coming).get(id).is_some_and(|coming| coming.recorded)
    }

    /// Runs a workload for a lease, now.
    #[cfg(test)]
    pub(crate) fn deploy(&self, id: &LeaseId, workload: Workload) -> io::Result<Result<(), Renamed>> {
        open_lease(&self.leases, &self.shared, id)?.apply(workload)
    }

    /// Runs a workload for a lease after the time that a cluster takes, in the background: first there is nothing, then a record, then the
    /// lease without pods, then pods. Of several workloads on their way the last one runs.
    pub(crate) fn roll_out(&self, id: &LeaseId, workload: Workload) {
        match locked(&self.coming).entry(id.clone()) {
            Entry::Occupied(mut before) => {
                before.get_mut().workload = workload;
                return;
            }
            Entry::Vacant(place) => place.insert(Coming { workload, recorded: false }),
        };
        let (leases, coming, shared) =
            (Arc::clone(&self.leases), Arc::clone(&self.coming), Arc::clone(&self.shared));
        let id = id.clone();
        self.shared.tasks.spawn("rollout", async move {
            // The record and the namespace share the first step: they come soon after one another.
            sleep(shared.rollout / 2).await;
            if let Some(coming) = locked(&coming).get_mut(&id) {
                coming.recorded = true;
            }
            sleep(shared.rollout / 2).await;
            if locked(&coming).contains_key(&id)
                && let Err(problem) = open_lease(&leases, &shared, &id)
            {
                tracing::error!(lease = %id, %problem, "no folder for it");
            }
            sleep(shared.rollout).await;
            let Some(Coming { workload, .. }) = locked(&coming).remove(&id) else { return };
            match open_lease(&leases, &shared, &id).and_then(|lease| lease.apply(workload)) {
                Ok(Ok(())) => {}
                Ok(Err(problem)) => tracing::warn!(lease = %id, %problem, "deployment failed"),
                Err(problem) => tracing::error!(lease = %id, %problem, "deployment failed"),
            }
        });
    }

    /// Ends a lease's pods and forgets it, in the background. Once is enough.
    pub(crate) fn teardown(&self, id: &LeaseId, grace: Duration) {
        locked(&self.coming).remove(id);
        let Some(lease) = self.lease(id).filter(|lease| lease.begin_close()) else { return };
        let leases = Arc::clone(&self.leases);
        self.shared.tasks.spawn("teardown", async move {
            lease.end(grace).await;
            lease.forget();
            locked(&leases).remove(&lease.id);
            lease.events.end();
        });
    }

    fn all(&self) -> Vec<Arc<Lease>> {
        self.lock().values().cloned().collect()
    }

    /// Every second: memory limits, networks that are gone, and orphans that died.
    fn watch(&self) {
        let leases = Arc::clone(&self.leases);
        let mut seen = BTreeSet::new();
        self.shared.tasks.spawn("memory", async move {
            let mut ticks = interval(Duration::from_secs(1));
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                ticks.tick().await;
                let leases: Vec<Arc<Lease>> = locked(&leases).values().cloned().collect();
                if leases.is_empty() {
                    continue;
                }
                let looked = tokio::task::spawn_blocking(move || {
                    look(&leases, &mut seen);
                    seen
                });
                let Ok(after) = looked.await else { return };
                seen = after;
            }
        });
    }

    /// Ends all pods within a few seconds and keeps what is written down: the next start runs them again.
    pub(crate) async fn stop(&self) {
        locked(&self.coming).clear();
        let pods: Vec<_> = self.all().iter().flat_map(|lease| lease.pods()).collect();
        if timeout(STOP_GRACE * 4, stop_all(&pods, STOP_GRACE)).await.is_err() {
            tracing::warn!("some pods would not end");
        }
        for lease in self.all() {
            lease.end_network().await;
        }
        self.shared.tasks.stop(STOP_GRACE).await;
        self.ended.store(true, Ordering::Release);
    }

    /// Lets go of everything without ending it, as a sandbox that is killed does.
    #[cfg(test)]
    pub(crate) async fn abandon(self) {
        self.shared.tasks.stop(STOP_GRACE).await;
        self.ended.store(true, Ordering::Release);
    }
}

impl Runtime {
    /// Kills every pod now, from any thread. Does nothing after [`Runtime::stop`].
    pub(crate) fn kill(&self) {
        locked(&self.coming).clear();
        self.shared.tasks.token().cancel();
        if !self.ended.swap(true, Ordering::AcqRel) {
            for lease in self.all() {
                lease.kill();
            }
        }
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The lease, which is made if it is not here.
fn open_lease(leases: &Leases, shared: &Arc<Shared>, id: &LeaseId) -> io::Result<Arc<Lease>> {
    let mut leases = locked(leases);
    if let Some(lease) = leases.get(id) {
        return Ok(Arc::clone(lease));
    }
    let lease = Lease::create(shared, id)?;
    leases.insert(id.clone(), Arc::clone(&lease));
    Ok(lease)
}

/// One look at the machine: enforces the limits, remembers who belongs to a pod, collects the dead among them that
/// became our children.
fn look(leases: &[Arc<Lease>], seen: &mut BTreeSet<Process>) {
    let table = Table::look();
    let me = getpid().as_raw();
    for lease in leases {
        lease.kill_cut_off();
        for pod in lease.pods() {
            let Some(main) = pod.main() else { continue };
            seen.extend(table.family([main]).into_iter().filter(|process| *process != main));
            let limit = lease.memory_limit(&pod.service);
            if let Some(victim) = memory::enforce(&pod, limit, &table) {
                let note =
                    format!("process {} of the container used too much memory and was killed", victim.pid);
                lease.events.warning(&pod.name, "OOMKilling", note);
            }
        }
    }
    let here: BTreeSet<Process> = table.iter().map(|(process, _)| process).collect();
    seen.retain(|process| here.contains(process));
    for (process, row) in table.iter() {
        if row.zombie && row.parent == me && seen.contains(&process) {
            collect(process);
        }
    }
}
