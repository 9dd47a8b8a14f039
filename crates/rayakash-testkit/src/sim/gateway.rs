//! Providers' gateways, as the daemon reaches them.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use akash_sdl::Manifest;
use akash_types::{LeaseId, LeaseState};
use async_trait::async_trait;
use rayakash_core::blueprint::Plan;
use rayakash_core::spec::Name;
use rayakash_core::view::Version;
use rayakash_engine::ports::{LeaseLook, Outcome, Providers, Receipt, Unavailable};

use super::effects::{Effects, Kind};
use super::fault::Fault;
use super::stage::{Pod, Stage};

/// How long the daemon's client waits for a gateway that says nothing.
const SILENCE: Duration = Duration::from_secs(15);
/// How long a slow gateway takes.
const SLOW: Duration = Duration::from_secs(9);
/// How long containers take to come up, at the least and at the most.
const START_MS: (u64, u64) = (10_000, 120_000);
/// The port of every gate.
const GATE: u16 = 31_000;

/// The gateways, as one life of a daemon reaches them.
pub(crate) struct SimGateways {
    /// The world.
    pub(crate) stage: Arc<Stage>,
    /// The life's effects.
    pub(crate) effects: Arc<Effects>,
    /// The daemon's state directory: a manifest that it did not keep cannot be sent.
    pub(crate) state: PathBuf,
}

impl SimGateways {
    /// Waits as long as the gateway makes one wait; an error when it says nothing.
    async fn reach(&self, lease: &LeaseId, host_uri: &str) -> Result<usize, Unavailable> {
        if self.effects.is_off() {
            return std::future::pending().await;
        }
        let silent =
            |why: &str| Unavailable { what: format!("the gateway at {host_uri}"), why: why.to_owned() };
        let Some((number, trader)) = self.stage.trader(&lease.provider) else {
            return Err(silent("no such host"));
        };
        if trader.host_uri != host_uri {
            return Err(silent("another host"));
        }
        let has = |is: fn(usize) -> Fault| {
            let wanted = is(number);
            self.stage.provider_fault(number, |fault, _| *fault == wanted)
        };
        if has(|provider| Fault::ProviderDown { provider }) {
            return Err(silent("connection refused"));
        }
        if has(|provider| Fault::ProviderSilent { provider }) {
            tokio::time::sleep(SILENCE).await;
            return Err(silent("it takes too long"));
        }
        if has(|provider| Fault::ProviderSlow { provider }) {
            tokio::time::sleep(SLOW).await;
        }
        Ok(number)
    }

    fn lies(&self, number: usize) -> bool {
        let wanted = Fault::ProviderLies { provider: number };
        self.stage.provider_fault(number, |fault, _| *fault == wanted)
    }

    fn live(&self, lease: &LeaseId) -> Option<LeaseState> {
        let state = self.stage.node.state();
        let found = state.leases.get(lease)?;
        matches!(found.state, LeaseState::Active | LeaseState::Reclaiming).then_some(found.state)
    }

    /// Takes a manifest, or says why not.
    fn take(&self, number: usize, cluster: &Name, lease: &LeaseId, version: Version) -> Outcome {
        let not = |why: String| Outcome::NotStarted { why };
        let path = self.state.join(format!("clusters/{cluster}/manifest-{}.json", hex::encode(version)));
        let Ok(content) = std::fs::read(&path) else {
            return not(format!("{} is missing", path.display()));
        };
        let Ok(manifest) = Manifest::from_json(&content) else {
            return not(format!("{} cannot be read", path.display()));
        };
        if self.live(lease) != Some(LeaseState::Active) {
            return not("no lease for deployment".to_owned());
        }
        let on_chain = self.stage.node.state().deployments.get(lease.deployment()).map(|found| found.hash);
        if on_chain != Some(version) {
            return not("manifest version validation failed".to_owned());
        }
        let now_ms = self.stage.clock.elapsed_ms();
        let mut pods = self.stage.pods();
        if pods.get(lease).is_some_and(|pod| pod.version == version) {
            return Outcome::Done(Receipt::default());
        }
        let takes = self.stage.chance.between(START_MS.0, START_MS.1);
        let sham = self.lies(number);
        let services = Plan::of(&manifest).nodes;
        pods.insert(lease.clone(), Pod { version, services, up_ms: now_ms.saturating_add(takes), sham });
        Outcome::Done(Receipt::default())
    }
}

#[async_trait]
impl Providers for SimGateways {
    async fn look(&self, lease: &LeaseId, host_uri: &str) -> Result<LeaseLook, Unavailable> {
        let number = self.reach(lease, host_uri).await?;
        let lies = self.lies(number);
        let now_ms = self.stage.clock.elapsed_ms();
        let Some(pod) = self.stage.pods().get(lease).cloned() else { return Ok(LeaseLook::default()) };
        let up = (now_ms >= pod.up_ms && !pod.sham) || lies;
        let count = |(name, wanted): (&String, &u32)| (name.clone(), if up { *wanted } else { 0 });
        Ok(LeaseLook {
            available: pod.services.iter().map(count).collect(),
            gate: up.then(|| (format!("provider-{number}.sim"), GATE)),
            complaints: if up { Vec::new() } else { vec!["Pulling: an image".to_owned()] },
        })
    }

    async fn send_manifest(
        &self,
        cluster: &Name,
        lease: &LeaseId,
        host_uri: &str,
        version: Version,
    ) -> Outcome {
        let ends = self.effects.leave(Kind::Manifest).await;
        let outcome = match self.reach(lease, host_uri).await {
            Ok(number) => self.take(number, cluster, lease, version),
            Err(silent) => Outcome::NotStarted { why: silent.to_string() },
        };
        self.stage.say(&format!("{cluster}: manifest to {}: {outcome:?}", lease.provider));
        if ends {
            self.effects.turn_off();
            return std::future::pending().await;
        }
        outcome
    }
}
