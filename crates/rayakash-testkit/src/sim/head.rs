//! Ray, as the daemon reaches it through the gates of clusters.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use akash_types::LeaseId;
use async_trait::async_trait;
use rayakash_core::view::Ray;
use rayakash_engine::ports::{Gate, Head, HeadLook, Outcome, Receipt};

use super::effects::{Effects, Kind};
use super::fault::Fault;
use super::stage::Stage;

/// How long Ray takes to come up once the containers run.
const JOIN_MS: u64 = 20_000;
/// How long jobs take to end when they are asked to.
const DRAIN: Duration = Duration::from_secs(3);

/// The heads, as one life of a daemon reaches them.
pub(crate) struct SimHeads {
    stage: Arc<Stage>,
    effects: Arc<Effects>,
    /// Leases on whose nodes a probe ran in this life, with the revision.
    probed: Mutex<BTreeSet<(LeaseId, String)>>,
}

impl SimHeads {
    /// The heads.
    pub(crate) fn new(stage: &Arc<Stage>, effects: &Arc<Effects>) -> Self {
        Self { stage: Arc::clone(stage), effects: Arc::clone(effects), probed: Mutex::default() }
    }

    /// How Ray stands, before any probe.
    fn stands(&self, gate: &Gate<'_>) -> Ray {
        let now_ms = self.stage.clock.elapsed_ms();
        let Some(pod) = self.stage.pods().get(gate.lease).cloned() else {
            return Ray::Unreachable("connection refused".to_owned());
        };
        if pod.sham || now_ms < pod.up_ms {
            return Ray::Unreachable("connection refused".to_owned());
        }
        let dead = self.stage.trader(&gate.lease.provider).is_some_and(|(number, _)| {
            let wanted = Fault::RayDies { provider: number };
            self.stage.provider_fault(number, |fault, _| *fault == wanted)
        });
        if dead || now_ms < pod.up_ms.saturating_add(JOIN_MS) {
            return Ray::Starting { nodes: 0, phase: "head: starting ray".to_owned() };
        }
        let nodes = gate.expected.values().map(|pods| pods.wanted).fold(0, u32::saturating_add);
        Ray::Joined { nodes, trouble: None }
    }
}

#[async_trait]
impl Head for SimHeads {
    async fn look(&self, gate: &Gate<'_>) -> HeadLook {
        if self.effects.is_off() {
            return std::future::pending().await;
        }
        let stands = self.stands(gate);
        let Ray::Joined { nodes, .. } = stands else { return HeadLook { ray: stands, nodes: Vec::new() } };
        let life = (gate.lease.clone(), gate.revision.to_owned());
        let known = self.probed.lock().unwrap_or_else(PoisonError::into_inner).contains(&life);
        if !known {
            if self.effects.leave(Kind::Probe).await {
                self.effects.turn_off();
                return std::future::pending().await;
            }
            self.probed.lock().unwrap_or_else(PoisonError::into_inner).insert(life);
        }
        let idle_since_ms = (!self.stage.busy).then(|| self.stage.clock.true_ms());
        HeadLook { ray: Ray::Probed { nodes, idle_since_ms }, nodes: Vec::new() }
    }

    async fn drain(&self, gate: &Gate<'_>) -> Outcome {
        let ends = self.effects.leave(Kind::Drain).await;
        self.stage.say(&format!("{}: drain", gate.cluster));
        tokio::time::sleep(DRAIN).await;
        if ends {
            self.effects.turn_off();
            return std::future::pending().await;
        }
        Outcome::Done(Receipt::default())
    }
}
