//! Everything outside the program: the chain, the providers, the heads of clusters, the files of keys, and time.
//!
//! It outlives every restart. Time is Tokio's, paused: it moves on when nothing else is to be done, so a run of hours takes no time.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use akash_types::{Coin, DeploymentId, Height, LeaseId};
use async_trait::async_trait;
use rayakash_core::blueprint::{Keys, Plan};
use rayakash_core::spec::{Cluster, Name};
use rayakash_core::view::{Ray, Tip, Version, Wallet};
use rayakash_core::{Act, Operation, Secret};
use rayakash_engine::facts::Intent;
use rayakash_engine::ports::{
    Chain, ChainLook, Clock, Gate, Head, HeadLook, LeaseLook, Outcome, Providers, Receipt, Unavailable, Vault,
};
use tokio::sync::Notify;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep};

use crate::market::{FEE, MIN_DEPOSIT, Market};
use crate::script::{Fault, Script, in_doubt};

pub(crate) const BLOCK_MS: u64 = 6_000;
const FIRST_BLOCK: u64 = 1_000;
const START_MS: u64 = 1_781_208_244_926;
/// So long after an update the pods of the version before answer.
const OLD_MS: u64 = 1_500;
/// From the manifest until the containers run, until Ray starts, until every node is probed.
const PODS_MS: u64 = 2_000;
const RAY_MS: u64 = 4_000;
pub(crate) const READY_MS: u64 = 8_000;
/// A transaction is on its way for so long, and so is the answer.
const WAY: Duration = Duration::from_millis(1_500);

pub(crate) struct Outside {
    market: Mutex<Market>,
    script: Mutex<Script>,
    providers: Mutex<BTreeMap<LeaseId, Running>>,
    files: Mutex<Files>,
    weather: Mutex<Weather>,
    release: Notify,
    start: Instant,
}

/// What runs under a lease.
struct Running {
    version: Version,
    since_ms: u64,
    sends: u32,
    /// What ran before, until when.
    old: Option<(Version, u64)>,
}

#[derive(Default)]
struct Files {
    /// By version.
    manifests: BTreeMap<Version, Plan>,
    gates: BTreeMap<LeaseId, (String, u16)>,
}

/// Whether the chain can be reached, whether it makes blocks, and whether Ray is down.
#[derive(Clone, Copy, Default)]
struct Weather {
    unreachable: bool,
    stalled: Option<Tip>,
    ray_down: bool,
}

impl Outside {
    pub(crate) fn new(market: Market) -> Arc<Self> {
        Arc::new(Self {
            market: Mutex::new(market),
            script: Mutex::default(),
            providers: Mutex::default(),
            files: Mutex::default(),
            weather: Mutex::default(),
            release: Notify::new(),
            start: Instant::now(),
        })
    }

    pub(crate) fn market(&self) -> MutexGuard<'_, Market> {
        self.market.lock().unwrap()
    }

    pub(crate) fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap()
    }

    /// Lets what is held go on.
    pub(crate) fn let_go(&self) {
        self.script().held = false;
        self.release.notify_one();
    }

    /// An act is held.
    pub(crate) fn is_held(&self) -> bool {
        self.script().held
    }

    /// How many faults have struck.
    pub(crate) fn struck(&self) -> u32 {
        self.script().struck
    }

    /// From now on no node answers, or one does again.
    pub(crate) fn set_unreachable(&self, to: bool) {
        self.weather.lock().unwrap().unreachable = to;
    }

    /// From now on the chain makes no blocks, or makes them again.
    pub(crate) fn set_stalled(&self, to: bool) {
        let at = self.tip();
        let stalled = to.then_some(Tip { stalled_since_ms: Some(at.time_ms), ..at });
        self.weather.lock().unwrap().stalled = stalled;
    }

    /// From now on Ray is down behind its gate, or it is back.
    pub(crate) fn set_ray_down(&self, to: bool) {
        self.weather.lock().unwrap().ray_down = to;
    }

    /// Versions that run, by lease, with how often each lease was sent a manifest.
    pub(crate) fn sends(&self) -> Vec<u32> {
        self.providers.lock().unwrap().values().map(|running| running.sends).collect()
    }

    pub(crate) fn now_ms(&self) -> u64 {
        START_MS + u64::try_from(self.start.elapsed().as_millis()).unwrap()
    }

    pub(crate) fn tip(&self) -> Tip {
        if let Some(tip) = self.weather.lock().unwrap().stalled {
            return tip;
        }
        let blocks = (self.now_ms() - START_MS) / BLOCK_MS;
        Tip {
            height: Height(FIRST_BLOCK + blocks),
            time_ms: START_MS + blocks * BLOCK_MS,
            block_ms: BLOCK_MS,
            stalled_since_ms: None,
        }
    }

    fn reachable(&self) -> bool {
        let weather = *self.weather.lock().unwrap();
        !weather.unreachable && weather.stalled.is_none()
    }

    async fn hold(&self) {
        self.script().held = true;
        self.release.notified().await;
    }

    /// A moment at which a process may die: before and after each thing that outlives it.
    pub(crate) async fn moment(&self) {
        let last = self.script().moment();
        if last { self.hold().await } else { yield_now().await }
    }

    /// Something that outlives the process, and a moment on each side.
    pub(crate) async fn between<T>(&self, lasting: impl Future<Output = T>) -> T {
        self.moment().await;
        let answer = lasting.await;
        self.moment().await;
        answer
    }

    /// Carries an effect out, with what the script says. A fault has struck when this returns, or when it is held.
    async fn with_faults(&self, act: &'static str, effect: impl FnOnce(Option<Fault>) -> Outcome) -> Outcome {
        let fault = self.script().begin(act);
        self.moment().await;
        sleep(WAY).await;
        if fault == Some(Fault::HeldBefore) {
            self.hold().await;
        }
        let outcome = effect(fault);
        self.moment().await;
        sleep(WAY).await;
        if fault == Some(Fault::HeldAfter) {
            self.hold().await;
        }
        self.script().struck += u32::from(fault.is_some());
        outcome
    }

    fn transact(&self, intent: &str, act: &Act, fault: Option<Fault>) -> Outcome {
        let (mut market, height) = (self.market(), self.tip().height);
        let mut script = self.script();
        match fault {
            Some(Fault::NotTried) => return not_tried(),
            Some(Fault::LostBefore) => {
                script.doubt(intent);
                return in_doubt();
            }
            _ => {}
        }
        market.fees += FEE;
        let tx = Some(format!("{intent:0>64}"));
        let receipt = Receipt { tx, height: Some(height), fee: Some(Coin::uakt(FEE)) };
        let done =
            if fault == Some(Fault::Refused) { Err("refused".to_owned()) } else { market.apply(act, height) };
        let end = match done {
            Ok(()) => Outcome::Done(receipt),
            Err(why) => Outcome::Refused { why, receipt },
        };
        script.ended(intent, &end);
        if fault == Some(Fault::AnswerLost) {
            script.doubt(intent);
            return in_doubt();
        }
        end
    }

    /// The provider takes a manifest that is the one on chain.
    fn take(&self, lease: &LeaseId, version: Version) -> Outcome {
        let mut market = self.market();
        let kept = self.files.lock().unwrap().manifests.contains_key(&version);
        if market.version_of(lease) != Some(version) || !kept {
            let why = format!("send-manifest: {lease} is not to run this version, or it is lost");
            market.surprises.push(why.clone());
            return Outcome::Refused { why, receipt: Receipt::default() };
        }
        let now_ms = self.now_ms();
        let mut providers = self.providers.lock().unwrap();
        let running = providers.entry(lease.clone()).or_insert(Running {
            version,
            since_ms: now_ms,
            sends: 0,
            old: None,
        });
        if running.version != version {
            running.old = Some((running.version, now_ms + OLD_MS));
            (running.version, running.since_ms) = (version, now_ms);
        }
        running.sends += 1;
        market.effects.push("send-manifest");
        Outcome::Done(Receipt::default())
    }

    /// What the provider runs under a lease, and for how many milliseconds.
    fn runs(&self, lease: &LeaseId) -> Option<(Version, u64)> {
        self.market().version_of(lease)?;
        let (providers, now_ms) = (self.providers.lock().unwrap(), self.now_ms());
        let running = providers.get(lease)?;
        let old = running.old.filter(|(_, until_ms)| now_ms < *until_ms);
        Some(old.map_or((running.version, now_ms - running.since_ms), |(version, _)| (version, u64::MAX)))
    }

    fn plan_of(&self, version: Version) -> Plan {
        self.files.lock().unwrap().manifests.get(&version).cloned().unwrap()
    }
}

fn not_tried() -> Outcome {
    Outcome::NotStarted { why: "not tried".to_owned() }
}

fn unavailable(what: &str) -> Unavailable {
    Unavailable { what: what.to_owned(), why: "nobody answers".to_owned() }
}

/// An effect that is no transaction.
fn plain(fault: Option<Fault>, effect: impl FnOnce() -> Outcome) -> Outcome {
    match fault {
        Some(Fault::Refused) => Outcome::Refused { why: "refused".to_owned(), receipt: Receipt::default() },
        Some(Fault::NotTried) => not_tried(),
        Some(Fault::LostBefore) => in_doubt(),
        Some(Fault::AnswerLost) => {
            drop(effect());
            in_doubt()
        }
        Some(Fault::HeldBefore | Fault::HeldAfter) | None => effect(),
    }
}

#[async_trait]
impl Chain for Outside {
    async fn look(&self, deployments: &[DeploymentId]) -> Result<ChainLook, Unavailable> {
        if self.weather.lock().unwrap().unreachable {
            return Err(unavailable("the chain"));
        }
        let (market, tip) = (self.market(), self.tip());
        let record = |id: &DeploymentId| Some((id.clone(), market.record(id, tip.height)?));
        let wallet = Wallet {
            owner: market.owner.clone(),
            uact: market.uact,
            uakt: 1_000_000_000 - market.fees,
            locked_since_ms: None,
            paused: false,
        };
        let deployments = deployments.iter().filter_map(record).collect();
        Ok(ChainLook { tip, wallet, unknown: None, frozen: None, min_deposit: MIN_DEPOSIT, deployments })
    }

    async fn perform(&self, intent: &str, act: &Act) -> Outcome {
        self.script().intents.push(intent.to_owned());
        if !self.reachable() {
            return not_tried();
        }
        self.with_faults(act.name(), |fault| self.transact(intent, act, fault)).await
    }

    async fn pursue(&self, intent: &Intent) -> Outcome {
        sleep(WAY).await;
        if self.reachable() { self.script().pursue(&intent.id) } else { in_doubt() }
    }
}

#[async_trait]
impl Providers for Outside {
    async fn look(&self, lease: &LeaseId, host_uri: &str) -> Result<LeaseLook, Unavailable> {
        if host_uri != format!("https://{}:8443", lease.provider) {
            return Err(unavailable(host_uri));
        }
        let Some((version, PODS_MS..)) = self.runs(lease) else { return Ok(LeaseLook::default()) };
        let available = self.plan_of(version).nodes;
        let gate = Some((format!("{}.example", lease.provider), 8443));
        Ok(LeaseLook { available, gate, complaints: vec![] })
    }

    async fn send_manifest(&self, _: &Name, lease: &LeaseId, _: &str, version: Version) -> Outcome {
        self.with_faults("send-manifest", |fault| plain(fault, || self.take(lease, version))).await
    }
}

#[async_trait]
impl Head for Outside {
    async fn look(&self, gate: &Gate<'_>) -> HeadLook {
        let nodes = gate.expected.values().map(|pods| pods.wanted).sum();
        let ray = match self.runs(gate.lease).map(|(version, ms)| (self.plan_of(version).revision, ms)) {
            _ if self.weather.lock().unwrap().ray_down => {
                Ray::Starting { nodes: 0, phase: "ray down".to_owned() }
            }
            None | Some((_, 0..RAY_MS)) => Ray::Unreachable("nobody answers".to_owned()),
            Some((revision, _)) if revision != gate.revision => {
                Ray::Starting { nodes: 0, phase: "containers of the version before".to_owned() }
            }
            Some((_, RAY_MS..READY_MS)) => Ray::Starting { nodes: 1, phase: "ray starts".to_owned() },
            // A job runs, so that a close is preceded by a drain.
            Some((_, READY_MS..)) => Ray::Probed { nodes, idle_since_ms: None },
        };
        HeadLook { ray, nodes: vec![] }
    }

    async fn drain(&self, _: &Gate<'_>) -> Outcome {
        let done = || Outcome::Done(Receipt::default());
        self.with_faults("drain-jobs", |fault| plain(fault, done)).await
    }
}

#[async_trait]
impl Vault for Outside {
    async fn keys(&self, _: &Name) -> Result<Keys, Unavailable> {
        Ok(Keys {
            operation: Operation([7; 10]),
            gate_certificate: "Y2VydA==".to_owned(),
            gate_key: Secret::new("a2V5"),
            gate_token: Secret::new("gate-token"),
            ray_token: Secret::new("ray-token"),
        })
    }

    async fn secrets(&self, _: &Cluster) -> Result<BTreeMap<String, Secret>, Unavailable> {
        Ok(BTreeMap::new())
    }

    async fn keep(&self, _: &Name, version: Version, manifest: &Secret) -> Result<(), Unavailable> {
        self.files.lock().unwrap().manifests.entry(version).or_insert_with(|| plan(manifest));
        Ok(())
    }

    async fn keep_gate(&self, _: &Name, lease: &LeaseId, address: &(String, u16)) -> Result<(), Unavailable> {
        self.files.lock().unwrap().gates.insert(lease.clone(), address.clone());
        Ok(())
    }

    async fn gate(&self, _: &Name, lease: &LeaseId) -> Option<(String, u16)> {
        self.files.lock().unwrap().gates.get(lease).cloned()
    }

    async fn plan(&self, _: &Name, version: Version) -> Result<Plan, Unavailable> {
        let files = self.files.lock().unwrap();
        files.manifests.get(&version).cloned().ok_or_else(|| unavailable("the manifest's file"))
    }
}

fn plan(manifest: &Secret) -> Plan {
    Plan::of(&akash_sdl::Manifest::from_json(manifest.expose().as_bytes()).unwrap())
}

#[async_trait]
impl Clock for Outside {
    fn unix_ms(&self) -> u64 {
        self.now_ms()
    }

    async fn sleep_ms(&self, millis: u64) {
        sleep(Duration::from_millis(millis)).await;
    }
}
