//! The lease book: which leases this provider has, what it was told to run for them, and when it gives one up.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use akash_sdl::{Manifest, manifest::Group};
use akash_types::{CloseReason, DeploymentId, LeaseId};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::pods::{GRACE, Lease, Runtime, random};
use super::timers::Timers;
use super::translate::workload;
use crate::private;

/// A look at the chain may be a block or two older than what the gateway saw.
const EARLY: u32 = 4;

/// A manifest that was taken, and the names of the deployment's groups by number.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    owner: String,
    dseq: u64,
    manifest: Manifest,
    groups: BTreeMap<u32, String>,
}

/// A lease that is active on chain.
#[derive(Debug)]
struct Held {
    since: Instant,
    /// Some manifest was sent for its deployment since.
    heard: bool,
    next_look: Instant,
    tries: u32,
    /// Whether everything ran at some look.
    healthy: bool,
}

#[derive(Debug, Default)]
struct State {
    kept: BTreeMap<DeploymentId, Kept>,
    held: BTreeMap<LeaseId, Held>,
    /// Leases whose manifest came before they were seen active, with how many looks at the chain they may still be missing.
    early: BTreeMap<LeaseId, u32>,
    orders: usize,
    /// Deployments for which a manifest was sent since the start, existing ones or not: the real provider counts them for ever.
    managers: BTreeSet<DeploymentId>,
}

/// The book. Manifests are written to its folder; leases are read from the chain.
#[derive(Debug)]
pub(crate) struct Book {
    /// Where manifests are carried out, if they are.
    runtime: Option<Runtime>,
    folder: PathBuf,
    timers: Timers,
    state: Mutex<State>,
}

/// Sizes for `/status`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counts {
    pub(crate) leases: usize,
    pub(crate) orders: usize,
    pub(crate) manifests: usize,
}

impl Book {
    /// The book in `folder`, over the pods of `runtime`; without one, nothing comes of manifests.
    pub(crate) fn open(folder: &Path, runtime: Option<Runtime>, timers: Timers) -> io::Result<Arc<Self>> {
        private::folder(folder)?;
        let mut state = State::default();
        for entry in std::fs::read_dir(folder)?.flatten() {
            let Ok(Some(kept)) = private::load::<Kept>(&entry.path()) else { continue };
            if let Some(id) = kept.id() {
                state.kept.insert(id, kept);
            }
        }
        Ok(Arc::new(Self { runtime, folder: folder.to_owned(), timers, state: Mutex::new(state) }))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Somebody sent a manifest for this deployment, a good one or not: its leases are not closed for want of one.
    pub(crate) fn heard(&self, deployment: &DeploymentId) {
        let mut state = self.lock();
        state.managers.insert(deployment.clone());
        for (_, held) in state.held.iter_mut().filter(|(id, _)| id.deployment() == deployment) {
            held.heard = true;
        }
    }

    /// Keeps a manifest.
    pub(crate) fn keep(
        &self,
        deployment: &DeploymentId,
        manifest: Manifest,
        groups: BTreeMap<u32, String>,
    ) -> io::Result<()> {
        let kept =
            Kept { owner: deployment.owner.to_string(), dseq: deployment.dseq.get(), manifest, groups };
        private::save(&self.file(deployment), &kept)?;
        self.lock().kept.insert(deployment.clone(), kept);
        Ok(())
    }

    fn file(&self, deployment: &DeploymentId) -> PathBuf {
        self.folder.join(format!("{}-{}.json", deployment.owner, deployment.dseq))
    }

    /// Whether the cluster has a record of this lease's manifest.
    pub(crate) fn is_recorded(&self, lease: &LeaseId) -> bool {
        self.runtime.as_ref().is_some_and(|runtime| runtime.is_recorded(lease))
    }

    /// The manifest's group for this lease, once the cluster has a record of it.
    pub(crate) fn manifest(&self, lease: &LeaseId) -> Option<Group> {
        if !self.is_recorded(lease) {
            return None;
        }
        let state = self.lock();
        state.held.get(lease)?;
        group(&state, lease).cloned()
    }

    /// Runs what was kept for this lease, which the gateway has just found active.
    pub(crate) fn deploy_early(&self, lease: &LeaseId) {
        {
            let mut state = self.lock();
            match state.held.get_mut(lease) {
                Some(held) => held.heard = true,
                None => drop(state.early.insert(lease.clone(), EARLY)),
            }
        }
        self.deploy(lease);
    }

    /// Runs what was kept for this lease, if anything was.
    fn deploy(&self, lease: &LeaseId) {
        let Some(workload) = group(&self.lock(), lease).map(workload) else { return };
        if let Some(runtime) = &self.runtime {
            runtime.roll_out(lease, workload);
        }
    }

    /// The pods of a lease, while any are here.
    pub(crate) fn pods(&self, lease: &LeaseId) -> Option<Arc<Lease>> {
        self.runtime.as_ref()?.lease(lease)
    }

    /// Takes note of how many orders are being looked at.
    pub(crate) fn set_orders(&self, orders: usize) {
        self.lock().orders = orders;
    }

    /// For `/status`.
    pub(crate) fn counts(&self) -> Counts {
        let state = self.lock();
        Counts { leases: state.held.len(), orders: state.orders, manifests: state.managers.len() }
    }

    /// Follows the chain: these leases are active now. New ones start with what was kept for their deployment, as the
    /// real provider does; the pods of others end.
    pub(crate) fn follow(&self, active: &BTreeSet<LeaseId>) {
        let now = Instant::now();
        let fresh: Vec<LeaseId> = {
            let mut state = self.lock();
            state.held.retain(|id, _| active.contains(id));
            let fresh = active.iter().filter(|id| !state.held.contains_key(id)).cloned();
            let fresh: Vec<LeaseId> = fresh.collect();
            for id in &fresh {
                let heard = state.early.contains_key(id) || self.pods(id).is_some();
                let next_look = now + self.timers.monitor;
                let held = Held { since: now, heard, next_look, tries: 0, healthy: false };
                state.held.insert(id.clone(), held);
            }
            state.early.retain(|id, looks| {
                *looks = looks.saturating_sub(1);
                *looks > 0 && !active.contains(id)
            });
            fresh
        };
        for lease in &fresh {
            self.deploy(lease);
        }
        let Some(runtime) = &self.runtime else { return };
        for lease in runtime.leases() {
            let is_early = self.lock().early.contains_key(&lease);
            if !active.contains(&lease) && !is_early {
                runtime.teardown(&lease, GRACE);
            }
        }
    }

    /// A deployment that is closed needs its manifest no more.
    pub(crate) fn forget(&self, deployment: &DeploymentId) {
        if self.lock().kept.remove(deployment).is_some() {
            std::fs::remove_file(self.file(deployment)).ok();
        }
    }

    /// Deployments with a manifest and no lease here.
    pub(crate) fn idle(&self) -> Vec<DeploymentId> {
        let state = self.lock();
        let leased: BTreeSet<&DeploymentId> = state.held.keys().map(LeaseId::deployment).collect();
        state.kept.keys().filter(|id| !leased.contains(id)).cloned().collect()
    }

    /// Looks at the leases whose time has come; answers those to give up and why.
    pub(crate) fn due(&self) -> Vec<(LeaseId, CloseReason)> {
        let now = Instant::now();
        let mut state = self.lock();
        let State { kept, held, .. } = &mut *state;
        let mut due = Vec::new();
        for (id, held) in held {
            if !held.heard {
                if now.duration_since(held.since) > self.timers.manifest {
                    due.push((id.clone(), CloseReason::ManifestTimeout));
                }
                continue;
            }
            if now < held.next_look {
                continue;
            }
            held.next_look = now + self.timers.monitor + self.jitter();
            match self.health(id, kept.get(id.deployment())) {
                Health::Good => {
                    held.tries = 0;
                    held.healthy = true;
                }
                Health::Unknown => {}
                Health::Bad => held.tries += 1,
            }
            if held.tries > self.timers.tries {
                due.push((id.clone(), CloseReason::Unstable));
            }
        }
        due
    }

    fn jitter(&self) -> std::time::Duration {
        let quarter = self.timers.monitor / 4;
        let byte = random::<1>().map_or(0, |[byte]| u32::from(byte));
        quarter * byte / 256
    }

    /// Every service that the manifest names must have its pods; the names that run do not count.
    fn health(&self, id: &LeaseId, kept: Option<&Kept>) -> Health {
        let Some(group) = kept.and_then(|kept| kept.group(id)) else { return Health::Unknown };
        let Some(lease) = self.pods(id) else { return Health::Bad };
        let Some(status) = lease.status() else { return Health::Bad };
        let has_all = |service: &akash_sdl::manifest::Service| {
            let available = status.services.get(&service.name).map_or(0, |found| found.available);
            u32::try_from(available).unwrap_or(u32::MAX) >= service.count
        };
        match group.services.iter().all(has_all) {
            true => Health::Good,
            false if lease.pulls() => Health::Unknown,
            false => Health::Bad,
        }
    }

    /// All leases that are held.
    pub(crate) fn held(&self) -> Vec<LeaseId> {
        self.lock().held.keys().cloned().collect()
    }

    /// The same, and whether everything of it was seen to run.
    pub(crate) fn held_and_healthy(&self) -> Vec<(LeaseId, bool)> {
        self.lock().held.iter().map(|(id, held)| (id.clone(), held.healthy)).collect()
    }

    /// Ends all pods and keeps everything that is written down.
    pub(crate) async fn stop(&self) {
        if let Some(runtime) = &self.runtime {
            runtime.stop().await;
        }
    }

    /// Kills all pods.
    pub(crate) fn kill(&self) {
        if let Some(runtime) = &self.runtime {
            runtime.kill();
        }
    }
}

enum Health {
    Good,
    Bad,
    /// Nobody was told what to run, or an image is being built.
    Unknown,
}

impl Kept {
    fn id(&self) -> Option<DeploymentId> {
        Some(DeploymentId::new(self.owner.parse().ok()?, akash_types::Dseq::new(self.dseq)?))
    }

    fn group(&self, lease: &LeaseId) -> Option<&Group> {
        let name = self.groups.get(&lease.order.group.gseq)?;
        self.manifest.0.iter().find(|group| &group.name == name)
    }
}

fn group<'a>(state: &'a State, lease: &LeaseId) -> Option<&'a Group> {
    state.kept.get(lease.deployment())?.group(lease)
}
