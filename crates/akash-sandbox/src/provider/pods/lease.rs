//! The pods of one lease: what a namespace is to a real provider.

mod entrances;
mod status;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use akash_types::{DeploymentId, LeaseId};
use nix::sys::signal::Signal;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tokio_util::sync::CancellationToken;

use super::environment::{Variables, links};
use super::events::Events;
use super::isolation::Isolation;
use super::life::Life;
use super::namespace::namespace;
use super::network::{self, Network};
use super::place::Place;
use super::pod::{Phase, Pod};
use super::random::{letter, letters, uid};
use super::runtime::{Renamed, Shared};
use super::workload::Workload;
use crate::private;
use crate::tasks::Tasks;

/// What Kubernetes gives a pod between SIGTERM and SIGKILL.
pub(crate) const GRACE: Duration = Duration::from_secs(30);

/// One lease's workload and pods.
#[derive(Debug)]
pub(crate) struct Lease {
    pub(crate) id: LeaseId,
    pub(crate) namespace: String,
    pub(crate) events: Arc<Events>,
    dir: PathBuf,
    shared: Arc<Shared>,
    /// Its own network, where pods have namespaces.
    pub(super) network: Option<Arc<Network>>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    workload: Workload,
    /// Grows with every change of the workload.
    generation: u64,
    pods: Vec<Arc<Pod>>,
    /// Node ports by what they lead to.
    ports: BTreeMap<String, u16>,
    /// The listeners behind them.
    listeners: BTreeMap<String, Tasks>,
    hosts: Vec<String>,
    closing: bool,
}

/// What is written down about a lease.
#[derive(Debug, Serialize, Deserialize)]
struct Record {
    owner: String,
    dseq: u64,
    gseq: u32,
    oseq: u32,
    provider: String,
    workload: Workload,
    generation: u64,
    ports: BTreeMap<String, u16>,
}

impl Lease {
    /// A lease without a workload.
    pub(crate) fn create(shared: &Arc<Shared>, id: &LeaseId) -> io::Result<Arc<Self>> {
        let namespace = namespace(id);
        let dir = shared.dir.join(&namespace);
        private::folder(&dir.join("pods"))?;
        Ok(Arc::new(Self::assemble(shared, id.clone(), dir, State::default())))
    }

    /// The lease that a sandbox before us left in `dir`, with its pods; those that died are started again.
    pub(crate) fn restore(shared: &Arc<Shared>, dir: &Path) -> io::Result<Arc<Self>> {
        let record: Record = private::load(&dir.join("lease.json"))?.ok_or(io::ErrorKind::NotFound)?;
        let id = record.id().ok_or(io::ErrorKind::InvalidData)?;
        private::folder(&dir.join("pods"))?;
        if shared.isolation == Isolation::Host {
            network::end(dir);
        }
        let restore = |entry: std::fs::DirEntry| Pod::restore(&entry.path(), shared.isolation);
        let found = std::fs::read_dir(dir.join("pods"))?.flatten().map(restore);
        let state = State {
            pods: found.flatten().map(Arc::new).collect(),
            workload: record.workload,
            generation: record.generation,
            ports: record.ports,
            ..State::default()
        };
        let lease = Arc::new(Self::assemble(shared, id, dir.to_owned(), state));
        lease.start(&mut lease.lock())?;
        Ok(lease)
    }

    fn assemble(shared: &Arc<Shared>, id: LeaseId, dir: PathBuf, state: State) -> Self {
        let namespace = namespace(&id);
        let events = Arc::new(Events::open(&namespace, &dir.join("events.jsonl")));
        let network = match shared.isolation {
            Isolation::Host => None,
            Isolation::Namespaces(privilege) => Some(Arc::new(Network::open(&dir, privilege))),
        };
        Self { id, namespace, events, dir, shared: Arc::clone(shared), network, state: Mutex::new(state) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs this workload from now on: nothing happens if it runs already, otherwise every pod is replaced. A workload
    /// with other service names is refused, as a real cluster does.
    pub(crate) fn apply(self: &Arc<Self>, workload: Workload) -> io::Result<Result<(), Renamed>> {
        let mut state = self.lock();
        if state.workload == workload || state.closing {
            return Ok(Ok(()));
        }
        if state.generation > 0 && !state.workload.services.keys().eq(workload.services.keys()) {
            return Ok(Err(Renamed));
        }
        let before = std::mem::replace(&mut state.workload, workload);
        state.generation += 1;
        if let Err(problem) = self.start(&mut state) {
            // Otherwise the same workload, asked for again, would seem to run.
            self.take_back(&mut state, before);
            return Err(problem);
        }
        Ok(Ok(()))
    }

    /// After a start that failed: its pods, none of which lives yet, are forgotten, and the workload before holds.
    fn take_back(self: &Arc<Self>, state: &mut State, before: Workload) {
        let failed = state.generation;
        for pod in state.pods.extract_if(.., |pod| pod.generation == failed) {
            pod.remove();
        }
        state.workload = before;
        state.generation = failed.saturating_sub(1);
        if let Err(problem) = self.open_entrances(state) {
            tracing::warn!(lease = %self.id, %problem, "entrances not opened again");
        }
    }

    /// Makes pods and entrances what the workload says.
    fn start(self: &Arc<Self>, state: &mut State) -> io::Result<()> {
        state.pods.retain(|pod| pod.phase() != Phase::Gone);
        self.fill(state)?;
        self.open_entrances(state)?;
        self.save(state)?;
        for pod in &state.pods {
            if pod.generation != state.generation {
                pod.stop(GRACE);
            }
        }
        let links = self.links(state);
        let head_pod = state.workload.head().and_then(|name| state.current(name).next());
        let head = head_pod.map(|pod| pod.place.told_as_head()).unwrap_or_default();
        self.write_notes(state)?;
        for pod in state.pods.iter().filter(|pod| pod.wants_life()) {
            self.live(Arc::clone(pod), state, &links, &head);
        }
        Ok(())
    }

    /// Makes the missing pods.
    fn fill(&self, state: &mut State) -> io::Result<()> {
        for (service, spec) in &state.workload.services {
            let wanted = usize::try_from(spec.count).unwrap_or(usize::MAX);
            let have = state
                .pods
                .iter()
                .filter(|p| p.generation == state.generation && p.service == *service)
                .count();
            let set = format!("{service}-{}", replica_set(&state.workload, service, state.generation));
            if have == 0 {
                let old = state.pods.iter().filter(|p| p.service == *service && !p.is_ending());
                self.tell_scaling(service, &set, wanted, &old.collect::<Vec<_>>());
            }
            for _ in have..wanted {
                let name = format!("{set}-{}", letters::<5>()?);
                let dir = self.dir.join("pods").join(&name);
                let place = Place::find(self.shared.isolation, state.pods.iter().map(|pod| &pod.place))?;
                let pod = Arc::new(Pod::create(&dir, place, name, (service, state.generation))?);
                self.events.of_set(&set, "SuccessfulCreate", format!("Created pod: {}", pod.name));
                let note = format!("Successfully assigned {}/{} to node1", self.namespace, pod.name);
                self.events.normal(&pod.name, "Scheduled", note);
                state.pods.push(pod);
            }
        }
        Ok(())
    }

    /// Tells how a service's pods are replaced, as a rolling update does it: one old one down, one new one up. (Here all new ones start
    /// together.)
    fn tell_scaling(&self, service: &str, set: &str, wanted: usize, old: &[&Arc<Pod>]) {
        if old.is_empty() {
            self.events.of_service(service, format!("Scaled up replica set {set} from 0 to {wanted}"));
            return;
        }
        for n in 0..wanted.max(old.len()) {
            if let Some(pod) = old.get(n) {
                let set = pod.name.rsplit_once('-').map_or(pod.name.as_str(), |(set, _)| set);
                let (from, to) = (old.len() - n, old.len() - n - 1);
                self.events.of_service(service, format!("Scaled down replica set {set} from {from} to {to}"));
                self.events.of_set(set, "SuccessfulDelete", format!("Deleted pod: {}", pod.name));
            }
            if n < wanted {
                self.events.of_service(service, format!("Scaled up replica set {set} from {n} to {}", n + 1));
            }
        }
    }

    fn live(&self, pod: Arc<Pod>, state: &State, links: &Variables, head: &Variables) {
        let service = state.workload.services.get(&pod.service).cloned().unwrap_or_default();
        let life = Life {
            pod,
            service,
            lease: self.id.clone(),
            public_host: self.shared.public_host.clone(),
            links: links.clone(),
            head: head.clone(),
            network: self.network.clone(),
            images: self.shared.images.clone(),
            rollout: self.shared.rollout,
            main_is_first: self.shared.main_is_first,
            events: Arc::clone(&self.events),
            uid: uid().unwrap_or_default(),
        };
        self.shared.tasks.spawn("pod", life.live());
    }

    fn links(&self, state: &State) -> Variables {
        links(&state.workload, |service| {
            let place = &state.current(service).next()?.place;
            let spec = state.workload.services.get(service)?;
            Some((place.ip(), spec.expose.iter().map(|e| (e.port, place.port(e.port))).collect()))
        })
    }

    /// Tells the pods, where each has its own files for that, which address has which name. As in Kubernetes a service has a name if it has
    /// a port for others of the lease; there is nothing that would spread connections over its pods, so the name has all addresses.
    fn write_notes(&self, state: &State) -> io::Result<()> {
        if self.network.is_none() {
            return Ok(());
        }
        let mut names = String::new();
        for (name, spec) in &state.workload.services {
            let named = spec.expose.iter().any(|expose| !expose.is_node_port());
            for pod in state.current(name).filter(|_| named) {
                let long = format!("{name}.{}.svc.cluster.local", self.namespace);
                names.push_str(&format!("{} {name} {long}\n", pod.place.ip()));
            }
        }
        for pod in &state.pods {
            network::write_notes(&pod.notes(), &format!("{} {}\n{names}", pod.place.ip(), pod.host_name()))?;
        }
        Ok(())
    }

    fn save(&self, state: &State) -> io::Result<()> {
        let order = &self.id.order;
        let record = Record {
            owner: order.deployment().owner.to_string(),
            dseq: order.deployment().dseq.get(),
            gseq: order.group.gseq,
            oseq: order.oseq,
            provider: self.id.provider.to_string(),
            workload: state.workload.clone(),
            generation: state.generation,
            ports: state.ports.clone(),
        };
        private::save(&self.dir.join("lease.json"), &record)
    }

    /// Whether some pod's image is being built.
    pub(crate) fn pulls(&self) -> bool {
        self.lock().pods.iter().any(|pod| pod.phase() == Phase::Creating)
    }

    /// All pods that still exist, those that are ending too.
    pub(crate) fn pods(&self) -> Vec<Arc<Pod>> {
        let mut state = self.lock();
        state.pods.retain(|pod| pod.phase() != Phase::Gone);
        state.pods.clone()
    }

    /// Cancelled when the pods' side of the provider ends.
    pub(crate) fn stop_token(&self) -> CancellationToken {
        self.shared.tasks.token().clone()
    }

    /// Whether nothing was deployed yet.
    pub(crate) fn is_empty(&self) -> bool {
        let state = self.lock();
        state.generation == 0 && !state.closing
    }

    /// Whether it is being closed.
    pub(crate) fn is_closing(&self) -> bool {
        self.lock().closing
    }

    /// Whether a service is there, and has a RAM volume; `None` when there is no such service.
    pub(crate) fn has_ram_volume(&self, service: &str) -> Option<bool> {
        self.lock().workload.services.get(service).map(|spec| spec.ram)
    }

    /// Bytes that one pod of `service` may use.
    pub(crate) fn memory_limit(&self, service: &str) -> u64 {
        self.lock().workload.services.get(service).map_or(0, |spec| spec.memory)
    }

    /// Closes the entrances and hides the lease's status; false when that was done before.
    pub(crate) fn begin_close(&self) -> bool {
        let mut state = self.lock();
        self.close_entrances(&mut state);
        self.events.freeze();
        !std::mem::replace(&mut state.closing, true)
    }

    /// Gives the pods `grace` to end. Ends when nothing is left.
    pub(crate) async fn end(&self, grace: Duration) {
        stop_all(&self.pods(), grace).await;
        self.end_network().await;
    }

    /// Ends the lease's network, if it has one.
    pub(crate) async fn end_network(&self) {
        if let Some(network) = self.network.clone() {
            tokio::task::spawn_blocking(move || network.end()).await.ok();
        }
    }

    /// Kills every pod and ends the network now, from any thread.
    pub(crate) fn kill(&self) {
        for pod in self.pods() {
            pod.marks().kill_blocking(50);
            pod.remove();
        }
        if let Some(network) = &self.network {
            network.end();
        }
    }

    /// Kills the containers whose network is gone: they are started again on a new one.
    pub(crate) fn kill_cut_off(&self) {
        let pods = self.pods();
        let running = pods.iter().filter(|pod| pod.phase() == Phase::Running);
        for pod in running.filter(|pod| pod.is_cut_off(self.network.as_deref())) {
            if let Some(main) = pod.main() {
                self.events.warning(
                    &pod.name,
                    "NetworkNotReady",
                    "The lease's network is gone; it is made anew",
                );
                main.signal(Signal::SIGKILL);
            }
        }
    }

    /// Removes what is written down about the lease.
    pub(crate) fn forget(&self) {
        if let Err(problem) = std::fs::remove_dir_all(&self.dir) {
            tracing::warn!(lease = %self.id, %problem, "folder not removed");
        }
    }
}

/// Tells pods to end and waits until each is gone.
pub(crate) async fn stop_all(pods: &[Arc<Pod>], grace: Duration) {
    for pod in pods {
        pod.stop(grace);
    }
    for pod in pods {
        let mut phases = pod.phases();
        phases.wait_for(|phase| *phase == Phase::Gone).await.ok();
    }
}

impl State {
    /// The pods of a service that belong to the present workload.
    fn current<'a>(&'a self, service: &'a str) -> impl Iterator<Item = &'a Arc<Pod>> {
        self.pods.iter().filter(move |pod| pod.service == service && pod.generation == self.generation)
    }
}

impl Record {
    fn id(&self) -> Option<LeaseId> {
        let deployment = DeploymentId::new(self.owner.parse().ok()?, akash_types::Dseq::new(self.dseq)?);
        Some(deployment.group(self.gseq).order(self.oseq).bid(self.provider.parse().ok()?).lease())
    }
}

/// The middle of a pod's name, equal for pods that were made for the same workload.
fn replica_set(workload: &Workload, service: &str, generation: u64) -> String {
    let text = serde_json::to_vec(&(service, workload.services.get(service), generation)).unwrap_or_default();
    Sha256::digest(text).iter().take(9).map(letter).collect()
}
