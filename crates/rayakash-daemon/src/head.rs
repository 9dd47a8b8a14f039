//! The engine's head port: Ray, through the gate.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use akash_types::LeaseId;
use async_trait::async_trait;
use ray_client::{Instance, JobInfo, Membership, NodeState, Ray as RayClient, membership};
use rayakash_core::node::PROBE;
use rayakash_core::spec::Name;
use rayakash_core::view::{Pods, Ray};
use rayakash_engine::ports::{Gate, Head, HeadLook, Node, Outcome, Receipt};
use secrecy::SecretString;
use serde::Deserialize;

use crate::clock::SystemClock;
use crate::gate::{Dashboard, GateClient, GateError};
use crate::providers::chain_of;
use crate::vault::FileVault;

/// Our own jobs, which are not the user's.
const PROBE_PREFIX: &str = "rayakash-probe-";
/// How long stopped jobs may take to end.
const DRAIN_PATIENCE: Duration = Duration::from_secs(15);

/// The longest look: a probe job takes seconds, and Ray may hang.
const LOOK_PATIENCE: Duration = Duration::from_secs(90);

/// Heads of all clusters.
pub(crate) struct Heads {
    vault: FileVault,
    /// Nodes that a probe ran on, by Ray's own ids: a node that came back is another one.
    probed: Mutex<BTreeMap<LeaseId, BTreeSet<String>>>,
    /// What was wrong at the last look, in full.
    troubles: Mutex<BTreeMap<LeaseId, String>>,
}

/// A look that saw little: how Ray is as far as that shows, and what was wrong, in full.
struct Blind {
    ray: Ray,
    why: String,
}

impl Blind {
    fn unreachable(error: &std::io::Error) -> Self {
        Self { ray: Ray::Unreachable(error.to_string()), why: chain_of(error) }
    }
}

impl From<GateError> for Blind {
    fn from(error: GateError) -> Self {
        Self { ray: Ray::Unreachable(error.short()), why: chain_of(&error) }
    }
}

/// What the supervisor says of itself; the rest of its answer is for people.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Supervisor {
    phase: String,
}

impl Heads {
    pub(crate) fn new(vault: FileVault) -> Self {
        Self { vault, probed: Mutex::default(), troubles: Mutex::default() }
    }

    /// What was wrong at the last look at a lease's head, in full.
    pub(crate) fn trouble(&self, lease: &LeaseId) -> Option<String> {
        self.troubles.lock().unwrap_or_else(PoisonError::into_inner).get(lease).cloned()
    }

    pub(crate) fn gate(&self, cluster: &Name) -> std::io::Result<GateClient> {
        GateClient::new(&self.vault.keys_of(cluster)?)
    }

    /// Ray's own API of a cluster.
    pub(crate) fn ray(&self, cluster: &Name, address: &(String, u16)) -> std::io::Result<RayClient> {
        let keys = self.vault.keys_of(cluster)?;
        let dashboard = Dashboard { gate: GateClient::new(&keys)?, address: address.clone() };
        Ok(RayClient::new(Arc::new(dashboard), SecretString::from(keys.ray_token.expose().to_owned())))
    }

    async fn try_look(&self, gate: &Gate<'_>) -> Result<HeadLook, Blind> {
        let client = self.gate(gate.cluster).map_err(|e| Blind::unreachable(&e))?;
        let status = client.status(gate.address).await?;
        let supervisor: Supervisor = serde_json::from_str(&status).unwrap_or_default();
        let ray = self.ray(gate.cluster, gate.address).map_err(|e| Blind::unreachable(&e))?;
        let rows = ray.instances().await.map_err(|error| {
            let phase = format!("head: {}", supervisor.phase);
            Blind { ray: Ray::Starting { nodes: 0, phase }, why: chain_of(&error) }
        })?;
        let ours = of_lease(&rows, gate.lease);
        let (found, joined) = standing(&ours, gate.revision);
        let nodes = ours.iter().filter(|row| row.state == NodeState::Alive).map(node).collect();
        let count = u32::try_from(found.joined.len()).unwrap_or(u32::MAX);
        if ours.iter().any(|row| row.state == NodeState::Alive && revision(row) != gate.revision) {
            let phase = "containers of the version before still run".to_owned();
            return Ok(HeadLook { ray: Ray::Starting { nodes: count, phase }, nodes });
        }
        if !found.complete() || joined != wanted(gate.expected) {
            let phase = waiting_for(&joined, gate.expected, &supervisor.phase);
            return Ok(HeadLook { ray: Ray::Starting { nodes: count, phase }, nodes });
        }
        Ok(HeadLook { ray: self.probed(gate, &ray, &ours, count).await, nodes })
    }

    /// Exactly the expected nodes have joined: did a probe run on each of them, in this life of theirs?
    async fn probed(&self, gate: &Gate<'_>, ray: &RayClient, ours: &[Instance], nodes: u32) -> Ray {
        let alive = || ours.iter().filter(|row| row.state == NodeState::Alive);
        let lives: BTreeSet<String> = alive().map(|row| row.node_id.clone()).collect();
        let known =
            self.probed.lock().unwrap_or_else(PoisonError::into_inner).get(gate.lease) == Some(&lives);
        if !known {
            let expected: BTreeSet<String> = alive().map(|row| row.instance_id.clone()).collect();
            let id = format!("{PROBE_PREFIX}{}", SystemClock.now_ms());
            match ray.probe(PROBE, &id).await {
                Ok(probe) => {
                    let failures = probe.failures(&expected);
                    if let Some((instance, why)) = failures.first_key_value() {
                        return Ray::Joined { nodes, trouble: Some(format!("{instance}: {why}")) };
                    }
                }
                Err(error) => return Ray::Joined { nodes, trouble: Some(chain_of(&error)) },
            }
            self.probed.lock().unwrap_or_else(PoisonError::into_inner).insert(gate.lease.clone(), lives);
        }
        // A list of jobs that cannot be had says nothing against the nodes; as long as nobody knows, it is not idle.
        let idle_since_ms = ray.jobs().await.ok().and_then(|jobs| idle_since(&jobs));
        Ray::Probed { nodes, idle_since_ms }
    }

    async fn try_drain(&self, gate: &Gate<'_>) -> Result<(), String> {
        let ray = self.ray(gate.cluster, gate.address).map_err(|e| chain_of(&e))?;
        let running = |jobs: Vec<JobInfo>| {
            jobs.into_iter()
                .filter(|job| !job.status.terminal())
                .filter_map(|job| job.submission_id)
                .collect::<Vec<_>>()
        };
        for id in running(ray.jobs().await.map_err(|e| chain_of(&e))?) {
            ray.stop_job(&id).await.map_err(|e| chain_of(&e))?;
        }
        while !running(ray.jobs().await.map_err(|e| chain_of(&e))?).is_empty() {
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
        Ok(())
    }
}

/// The rows of one lease: an instance id begins with its deployment, group and order.
fn of_lease(rows: &[Instance], lease: &LeaseId) -> Vec<Instance> {
    let order = &lease.order;
    let prefix = format!("{}/{}/{}/", order.deployment().dseq, order.group.gseq, order.oseq);
    rows.iter().filter(|row| row.instance_id.starts_with(&prefix)).cloned().collect()
}

/// `dseq/gseq/oseq/service/hostname/revision`.
fn service(instance: &str) -> &str {
    instance.split('/').nth(3).unwrap_or_default()
}

fn revision(row: &Instance) -> &str {
    row.instance_id.split('/').nth(5).unwrap_or_default()
}

/// How the instances of a revision stand, and how many have joined per service.
fn standing(rows: &[Instance], of: &str) -> (Membership, BTreeMap<String, u32>) {
    let rows: Vec<Instance> = rows.iter().filter(|row| revision(row) == of).cloned().collect();
    // Names of pods are not known beforehand: what is alive is what is expected, and the counts are compared.
    let alive = rows.iter().filter(|row| row.state == NodeState::Alive);
    let expected: BTreeSet<String> = alive.map(|row| row.instance_id.clone()).collect();
    let found = membership(&rows, &expected);
    let mut joined = BTreeMap::new();
    for instance in &found.joined {
        let count: &mut u32 = joined.entry(service(instance).to_owned()).or_default();
        *count = count.saturating_add(1);
    }
    (found, joined)
}

fn wanted(expected: &BTreeMap<String, Pods>) -> BTreeMap<String, u32> {
    expected.iter().map(|(service, pods)| (service.clone(), pods.wanted)).collect()
}

fn waiting_for(joined: &BTreeMap<String, u32>, expected: &BTreeMap<String, Pods>, head: &str) -> String {
    let missing =
        expected.iter().find(|(service, pods)| joined.get(*service).copied().unwrap_or(0) != pods.wanted);
    match missing {
        Some((service, pods)) => {
            let have = joined.get(service).copied().unwrap_or(0);
            format!("{have}/{} of {service} in Ray (head: {head})", pods.wanted)
        }
        None => format!("Ray settles (head: {head})"),
    }
}

fn node(row: &Instance) -> Node {
    let state = match &row.state {
        NodeState::Alive => "ALIVE".to_owned(),
        NodeState::Dead => "DEAD".to_owned(),
        NodeState::Unrecognised(word) => word.clone(),
    };
    Node { instance: row.instance_id.clone(), node_type: row.node_type.clone(), head: row.head, state }
}

/// Since when none of the user's jobs has run; none while one runs.
fn idle_since(jobs: &[JobInfo]) -> Option<u64> {
    let users = || {
        jobs.iter().filter(|job| !job.submission_id.as_deref().is_some_and(|id| id.starts_with(PROBE_PREFIX)))
    };
    if users().any(|job| !job.status.terminal()) {
        return None;
    }
    Some(jobs.iter().filter_map(|job| job.end_time).max().unwrap_or_else(|| SystemClock.now_ms()))
}

#[async_trait]
impl Head for Heads {
    async fn look(&self, gate: &Gate<'_>) -> HeadLook {
        let looked = tokio::time::timeout(LOOK_PATIENCE, self.try_look(gate)).await.unwrap_or_else(|_| {
            let why = "the look at the head took too long".to_owned();
            Err(Blind { ray: Ray::Unreachable("timed out".to_owned()), why })
        });
        let mut troubles = self.troubles.lock().unwrap_or_else(PoisonError::into_inner);
        match looked {
            Ok(look) => {
                troubles.remove(gate.lease);
                look
            }
            Err(Blind { ray, why }) => {
                troubles.insert(gate.lease.clone(), why);
                HeadLook { ray, nodes: Vec::new() }
            }
        }
    }

    async fn drain(&self, gate: &Gate<'_>) -> Outcome {
        match tokio::time::timeout(DRAIN_PATIENCE, self.try_drain(gate)).await {
            Ok(Ok(())) => Outcome::Done(Receipt::default()),
            Ok(Err(why)) => Outcome::NotStarted { why },
            Err(_) => Outcome::NotStarted { why: "jobs did not end in time".to_owned() },
        }
    }
}

#[cfg(test)]
mod tests {
    use akash_types::{Address, DeploymentId, Dseq};
    use ray_client::JobStatus;

    use super::*;

    fn row(instance: &str, start: u64, state: NodeState) -> Instance {
        Instance {
            instance_id: instance.to_owned(),
            node_type: "worker".to_owned(),
            state,
            start_time_ms: start,
            node_id: format!("{instance}@{start}"),
            ip: String::new(),
            head: false,
            state_message: None,
        }
    }

    #[test]
    fn only_rows_of_the_lease_count_and_an_old_row_keeps_it_waiting() {
        let owner = Address::from_bytes(&[1; 20]).unwrap();
        let id = DeploymentId::new(owner.clone(), Dseq::new(7).unwrap());
        let lease = id.group(1).order(1).bid(owner).lease();
        let rows = [
            row("7/1/1/ray-head/a/v2", 1, NodeState::Alive),
            row("7/1/1/ray-worker/b/v2", 1, NodeState::Alive),
            row("71/1/1/ray-worker/c/v2", 1, NodeState::Alive),
            row("7/1/1/ray-worker/d/v2", 1, NodeState::Dead),
            row("7/1/1/ray-worker/b/v1", 1, NodeState::Alive),
        ];
        let ours = of_lease(&rows, &lease);
        let (found, joined) = standing(&ours, "v2");
        assert!(found.complete());
        assert_eq!(joined, BTreeMap::from([("ray-head".to_owned(), 1), ("ray-worker".to_owned(), 1)]));
        let again = |start| row("7/1/1/ray-head/a/v2", start, NodeState::Alive);
        assert!(!standing(&[again(1), again(2)], "v2").0.complete());
    }

    #[test]
    fn probes_are_not_the_user_s_jobs() {
        let job = |id: &str, status, end_time| JobInfo {
            submission_id: Some(id.to_owned()),
            job_id: None,
            status,
            entrypoint: String::new(),
            message: None,
            driver_exit_code: None,
            start_time: None,
            end_time,
            metadata: None,
        };
        let probe = job("rayakash-probe-1", JobStatus::Running, None);
        assert_eq!(idle_since(&[probe.clone(), job("mine", JobStatus::Succeeded, Some(5))]), Some(5));
        assert_eq!(idle_since(&[probe, job("mine", JobStatus::Running, None)]), None);
    }
}
