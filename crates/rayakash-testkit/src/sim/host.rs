//! The machine that a daemon runs on, and its lives there.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use akash_chain::{Client, Nearby};
use rayakash_core::Policy;
use rayakash_daemon::{Fleet, Network, Parts};
use rayakash_engine::Settings;
use rayakash_engine::machine::Machine;
use rayakash_engine::tasks::Tasks;

use super::canary;
use super::chance::Chance;
use super::disk::{Ills, Setting, SimDisk};
use super::effects::{Effects, Point};
use super::gateway::SimGateways;
use super::head::SimHeads;
use super::node::SimNode;
use super::stage::Stage;
use crate::Error;

/// A machine.
pub(crate) struct Host {
    stage: Arc<Stage>,
    home: PathBuf,
    name: &'static str,
    seed: u64,
    /// How many nodes its daemon is told of.
    nodes: usize,
    /// What its disk does wrong.
    pub(crate) ills: Arc<Mutex<Ills>>,
    lives: u64,
    /// Where the next life finds its state.
    state: PathBuf,
}

/// One life of a daemon.
pub(crate) struct Life {
    /// Its clusters; none when it did not even start.
    pub(crate) fleet: Option<Fleet>,
    /// Its effects.
    pub(crate) effects: Arc<Effects>,
    disk: Arc<SimDisk>,
    tasks: Tasks,
    state: PathBuf,
    next: PathBuf,
}

impl Host {
    /// A machine with an empty disk below `home`.
    pub(crate) fn new(
        stage: &Arc<Stage>,
        home: &Path,
        (name, seed): (&'static str, u64),
        nodes: usize,
    ) -> Result<Self, Error> {
        let state = home.join(format!("{name}-0"));
        fs::create_dir_all(&state)?;
        let (stage, home) = (Arc::clone(stage), home.to_owned());
        Ok(Self { stage, home, name, seed, nodes, ills: Arc::default(), lives: 0, state })
    }

    /// The ledger as the last life left it, or as this one has it.
    pub(crate) fn ledger(&self) -> PathBuf {
        self.state.join("ledger.sqlite")
    }

    /// Starts the daemon on what is on the disk. It may die while it starts.
    pub(crate) async fn boot(&mut self, stop: Option<Point>) -> Result<Life, Error> {
        self.lives = self.lives.saturating_add(1);
        let (stage, seed) = (&self.stage, self.seed);
        let stream = |what: &str| Chance::new(seed, &format!("{}: {what} of life {}", self.name, self.lives));
        let effects = Arc::new(Effects::new(stop));
        let next = self.home.join(format!("{}-{}", self.name, self.lives));
        let setting = Setting {
            effects: Arc::clone(&effects),
            clock: Arc::clone(&stage.clock),
            chance: stream("disk"),
            ills: Arc::clone(&self.ills),
        };
        let disk = Arc::new(SimDisk::new(self.state.clone(), next.clone(), setting));
        let nodes = (0..self.nodes).map(|number| {
            let node: Arc<dyn Nearby> = Arc::new(SimNode::new(stage, number, &effects));
            (format!("node-{number}"), node)
        });
        let parts = Parts {
            client: Client::nearby(nodes)?,
            network: Network::Sandbox,
            key: stage.tenant.clone(),
            state: self.state.clone(),
            machine: Arc::clone(&disk) as Arc<dyn Machine>,
            make_keys: canary::keys(stream("keys")),
            providers: Arc::new(SimGateways {
                stage: Arc::clone(stage),
                effects: Arc::clone(&effects),
                state: self.state.clone(),
            }),
            head: Arc::new(SimHeads::new(stage, &effects)),
            clock: Arc::clone(&stage.clock) as _,
            settings: Settings { policy: Policy::default() },
        };
        let tasks = Tasks::new();
        let fleet = match Fleet::open(parts, &tasks) {
            Ok(fleet) => match fleet.resume().await {
                Ok(()) => Some(fleet),
                Err(error) => self.not_started(&error),
            },
            Err(error) => self.not_started(&error),
        };
        stage.say(&format!("{}: life {} begins", self.name, self.lives));
        Ok(Life { fleet, effects, disk, tasks, state: self.state.clone(), next })
    }

    fn not_started(&self, error: &dyn std::error::Error) -> Option<Fleet> {
        self.stage.say(&format!("{}: does not start: {error}", self.name));
        None
    }

    /// Ends a life: what was not on the disk is gone.
    pub(crate) async fn bury(&mut self, life: Life) -> Result<(), Error> {
        life.disk.cut_power()?;
        let Life { fleet, tasks, state, next, effects, .. } = life;
        tasks.stop().await;
        drop(fleet);
        self.stage.say(&format!(
            "{}: life {} is over after {} effects",
            self.name,
            self.lives,
            effects.count()
        ));
        if next.exists() {
            self.state = next;
            fs::remove_dir_all(state)?;
        }
        Ok(())
    }

    /// How often the disk was full, and how often it failed.
    pub(crate) fn ills_told(&self) -> (u64, u64) {
        self.ills.lock().unwrap_or_else(PoisonError::into_inner).told
    }

    /// What the disk does wrong from now on.
    pub(crate) fn disk_goes_wrong(&self, change: impl FnOnce(&mut Ills)) {
        change(&mut self.ills.lock().unwrap_or_else(PoisonError::into_inner));
    }
}
