//! A pod: one replica of a service, with what is its own on this machine.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::environment::Variables;
use super::isolation::Isolation;
use super::network::Network;
use super::place::{Place, Spot};
use super::process::{Process, boot};
use super::random::short_folder;
use super::sweep::Marks;
use crate::private;

/// What a pod does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Waits for its image.
    Creating,
    /// Its main process runs.
    Running,
    /// Its main process ended; it waits for its next start.
    Waiting,
    /// It was told to end.
    Ending,
    /// Nothing of it is left.
    Gone,
}

/// What is written down about a pod, so that it can be adopted.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) name: String,
    pub(crate) service: String,
    pub(crate) generation: u64,
    #[serde(flatten)]
    spot: Spot,
    tmp: PathBuf,
    /// How often its container was started.
    starts: u32,
    main: Option<Process>,
    /// The holder of the network that `main` is on.
    #[serde(default)]
    network: Option<Process>,
    /// The start of the machine that `main` belongs to.
    #[serde(default)]
    boot: String,
}

/// One replica of a service.
#[derive(Debug)]
pub(crate) struct Pod {
    pub(crate) name: String,
    pub(crate) service: String,
    /// The generation of the workload that it belongs to.
    pub(crate) generation: u64,
    pub(crate) place: Place,
    dir: PathBuf,
    tmp: PathBuf,
    record: Mutex<Record>,
    phase: watch::Sender<Phase>,
    /// Whether somebody lives for it.
    alive: AtomicBool,
    /// How long it may take to end, once it was told to.
    stop: watch::Sender<Option<Duration>>,
    /// The environment of its container, for other commands that are run in it.
    environment: Mutex<Variables>,
}

impl Pod {
    /// A new pod at `place`, in `dir`, which is made.
    pub(crate) fn create(
        dir: &Path,
        place: Place,
        name: String,
        (service, generation): (&str, u64),
    ) -> io::Result<Self> {
        private::folder(dir)?;
        let record = Record {
            name,
            service: service.to_owned(),
            generation,
            spot: place.spot(),
            tmp: short_folder()?,
            starts: 0,
            main: None,
            network: None,
            boot: boot(),
        };
        private::save(&dir.join("pod.json"), &record)?;
        Ok(Self::assemble(dir, place, record))
    }

    /// The pod that a sandbox before us left in `dir`; its processes may run or not.
    pub(crate) fn restore(dir: &Path, isolation: Isolation) -> io::Result<Self> {
        let mut record: Record = private::load(&dir.join("pod.json"))?.ok_or(io::ErrorKind::NotFound)?;
        let boot = boot();
        if record.boot != boot {
            // The machine was started anew since: what has that number now is a stranger.
            record.main = None;
            record.boot = boot;
        }
        match Place::again(isolation, record.spot) {
            Ok(place) => Ok(Self::assemble(dir, place, record)),
            Err(problem) => {
                marks(dir, &record).kill_blocking(250);
                remove(dir, &record.tmp);
                Err(problem)
            }
        }
    }

    fn assemble(dir: &Path, place: Place, record: Record) -> Self {
        Self {
            name: record.name.clone(),
            service: record.service.clone(),
            generation: record.generation,
            place,
            dir: dir.to_owned(),
            tmp: record.tmp.clone(),
            record: Mutex::new(record),
            phase: watch::Sender::new(Phase::Creating),
            alive: AtomicBool::new(false),
            stop: watch::Sender::new(None),
            environment: Mutex::default(),
        }
    }

    fn with_record<T>(&self, use_it: impl FnOnce(&mut Record) -> T) -> T {
        use_it(&mut self.record.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Writes down that the container starts once more; answers the file for what it says.
    pub(crate) fn begin(&self) -> io::Result<PathBuf> {
        self.with_record(|record| {
            record.starts += 1;
            record.main = None;
            private::save(&self.dir.join("pod.json"), record)?;
            Ok(self.log_file(record.starts))
        })
    }

    /// Writes down the container's main process, and the holder of the network that it is on.
    pub(crate) fn began(&self, main: Process, network: Option<Process>) -> io::Result<()> {
        self.with_record(|record| {
            (record.main, record.network) = (Some(main), network);
            private::save(&self.dir.join("pod.json"), record)
        })
    }

    /// Remembers the environment of its container.
    pub(crate) fn set_environment(&self, environment: Variables) {
        *self.environment.lock().unwrap_or_else(PoisonError::into_inner) = environment;
    }

    /// The environment of its container; empty before the first start.
    pub(crate) fn environment(&self) -> Variables {
        self.environment.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The main process that was written down last.
    pub(crate) fn main(&self) -> Option<Process> {
        self.with_record(|record| record.main)
    }

    /// Whether its container is on another network than this one, or on one that is gone.
    pub(crate) fn is_cut_off(&self, network: Option<&Network>) -> bool {
        let holder = network.and_then(Network::holder);
        network.is_some() && self.with_record(|record| record.network != holder || holder.is_none())
    }

    /// What the container says, or said last; `None` before its first start.
    pub(crate) fn log(&self) -> Option<PathBuf> {
        let starts = self.with_record(|record| record.starts);
        (starts > 0).then(|| self.log_file(starts))
    }

    fn log_file(&self, start: u32) -> PathBuf {
        self.dir.join(format!("log.{start}"))
    }

    /// The folder for what belongs to the container: working directory, home, own Python packages.
    pub(crate) fn root(&self) -> PathBuf {
        self.dir.join("root")
    }

    /// What it calls itself. A host name has at most 63 characters, to which Kubernetes, too, cuts the pod's.
    pub(crate) fn host_name(&self) -> &str {
        let Place::Network(_) = self.place else { return &self.name };
        self.name.get(..63).unwrap_or(&self.name).trim_end_matches(['-', '.'])
    }

    /// The folder of its notes about the network.
    pub(crate) fn notes(&self) -> PathBuf {
        self.dir.join("etc")
    }

    /// Its `TMPDIR`, or its `/tmp`.
    pub(crate) fn tmp(&self) -> &Path {
        &self.tmp
    }

    /// Empties what a container starts with: a new container finds nothing of the one before.
    pub(crate) fn clear(&self) -> io::Result<()> {
        for folder in [self.root(), self.tmp.clone()] {
            match fs::remove_dir_all(&folder) {
                Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
                _ => {}
            }
        }
        // Below /tmp a folder that somebody else made meanwhile must not do.
        use std::os::unix::fs::DirBuilderExt as _;
        fs::DirBuilder::new().mode(0o700).create(&self.tmp)?;
        private::folder(&self.root().join("home"))?;
        private::folder(&self.root().join("layer"))
    }

    /// Removes the pod's folders.
    pub(crate) fn remove(&self) {
        remove(&self.dir, &self.tmp);
    }

    /// How its processes are found.
    pub(crate) fn marks(&self) -> Marks {
        self.with_record(|record| marks(&self.dir, record))
    }

    /// What it does now.
    pub(crate) fn phase(&self) -> Phase {
        *self.phase.borrow()
    }

    /// Says what it does from now on.
    pub(crate) fn set_phase(&self, phase: Phase) {
        self.phase.send_replace(phase);
    }

    /// Follows what it does.
    pub(crate) fn phases(&self) -> watch::Receiver<Phase> {
        self.phase.subscribe()
    }

    /// Tells it to end within `grace`.
    pub(crate) fn stop(&self, grace: Duration) {
        self.stop.send_replace(Some(grace));
    }

    /// Whether it was told to end.
    pub(crate) fn is_ending(&self) -> bool {
        self.stop.borrow().is_some()
    }

    /// Whether nobody lives for this pod yet; true once.
    pub(crate) fn wants_life(&self) -> bool {
        !self.alive.swap(true, Ordering::AcqRel)
    }

    /// Follows the order to end.
    pub(crate) fn stops(&self) -> watch::Receiver<Option<Duration>> {
        self.stop.subscribe()
    }
}

fn marks(dir: &Path, record: &Record) -> Marks {
    Marks { main: record.main, folders: [dir.join("root"), record.tmp.clone()], tmp: record.tmp.clone() }
}

fn remove(dir: &Path, tmp: &Path) {
    for folder in [dir, tmp] {
        if let Err(problem) = fs::remove_dir_all(folder) {
            tracing::debug!(folder = %folder.display(), %problem, "not removed");
        }
    }
}
