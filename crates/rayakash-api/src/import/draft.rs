//! The cluster that a file describes, before it is written.

use super::env::Env;
use super::image::Ray;
use super::name;
use super::note::Report;
use super::source::Item;
use rayakash_core::spec;
use std::collections::BTreeSet;

/// The chain's limit for replicas of one service.
pub(super) const MOST_NODES: u32 = 50;

/// Node types in a cluster file: the chain's 20 resource units of a group, less one for the head.
const MOST_TYPES: usize = 19;

/// A cluster.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub(super) name: String,
    /// Whether the source has a name for it.
    pub(super) named: bool,
    pub(super) head: Node,
    pub(super) workers: Vec<Node>,
    pub(super) max_workers: Option<u32>,
    pub(super) idle_timeout_minutes: Option<u32>,
    pub(super) upscaling_speed: Option<String>,
    pub(super) ray: Ray,
    /// Of all nodes; see [`Draft::gather_env`].
    pub(super) env: Env,
    pub(super) setup: spec::Setup,
    pub(super) market: Market,
}

/// A node type.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) name: String,
    pub(super) min_workers: u32,
    pub(super) max_workers: Option<u32>,
    pub(super) cpus: u32,
    pub(super) gpus: u32,
    /// Models that will do; empty: any.
    pub(super) models: Vec<String>,
    pub(super) memory: u64,
    pub(super) storage: Option<u64>,
    pub(super) object_store: Option<u64>,
    pub(super) labels: Vec<(String, String)>,
    pub(super) env: Env,
}

impl Node {
    /// Whether two are the same machine, whatever they are called and how many of them there are.
    fn is_like(&self, other: &Self) -> bool {
        let Self {
            name: _,
            min_workers: _,
            max_workers,
            cpus,
            gpus,
            models,
            memory,
            storage,
            object_store,
            labels,
            env,
        } = self;
        (max_workers, cpus, gpus, models) == (&other.max_workers, &other.cpus, &other.gpus, &other.models)
            && (memory, storage, object_store) == (&other.memory, &other.storage, &other.object_store)
            && (labels, env) == (&other.labels, &other.env)
    }
}

/// Which bids are taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Market {
    /// In uact per hour, of the whole cluster.
    pub(super) max_price: Option<u128>,
    pub(super) audited: Vec<String>,
    pub(super) attributes: Vec<(String, String)>,
}

/// Makes one node type of workers that are the same machine, unless there would be too many of it.
pub(super) fn merge(workers: Vec<Node>) -> Vec<Node> {
    let mut merged: Vec<Node> = Vec::new();
    for worker in workers {
        let fits = |node: &&mut Node| {
            node.is_like(&worker) && node.min_workers.saturating_add(worker.min_workers) <= MOST_NODES
        };
        match merged.iter_mut().find(fits) {
            Some(node) => node.min_workers = node.min_workers.saturating_add(worker.min_workers),
            None => merged.push(worker),
        }
    }
    merged
}

impl Draft {
    /// Gives every node type a name of its own, the head's first; the only worker type is `worker`.
    pub(super) fn name_types(&mut self) {
        let mut taken = BTreeSet::new();
        if let [only] = self.workers.as_mut_slice()
            && only.name.contains("worker")
        {
            "worker".clone_into(&mut only.name);
        }
        for node in std::iter::once(&mut self.head).chain(&mut self.workers) {
            node.name = name::free(&node.name, &mut taken);
        }
    }

    /// Refuses more node types than a cluster can have.
    pub(super) fn check(&self, types: &Item<'_>, report: &mut Report) {
        if self.workers.len() >= MOST_TYPES {
            let message =
                format!("{} different kinds of node are too many", self.workers.len().saturating_add(1));
            report.refuse(types, message, "a cluster has at most 19");
        }
    }

    /// What all node types have in their environment is the cluster's.
    pub(super) fn gather_env(&mut self) {
        let nodes = std::iter::once(&mut self.head).chain(&mut self.workers);
        self.env = Env::common(nodes.map(|node| &mut node.env));
    }
}
