//! One seed: a daemon lives through everything that its plan does to it, and at the end nothing is lost.

mod settle;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use akash_types::msg::Send;
use akash_types::{Coin, Msg};
use akash_wallet::Allowed;
use rayakash_core::spec::Name;

use super::disk::Ills;
use super::effects::Phase;
use super::fault::Fault;
use super::host::{Host, Life};
use super::plan::{Ask, NODES, Plan, Strike};
use super::sign::send;
use super::stage::Setup;
use super::world::{World, scratch};
use crate::Error;

/// A user whose command failed tries again after so long; so does a service manager.
const AGAIN_MS: u64 = 60_000;
/// A user who is told that spending stopped claims the key after so long.
const HEEDS_MS: u64 = 600_000;
/// A claim that no node answers for so long is given up.
const PATIENCE: Duration = Duration::from_secs(120);
/// The other daemon's cluster.
const OTHER: &str = "other";

/// How a seed went.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// Which.
    pub seed: u64,
    /// Promises that were broken.
    pub violations: Vec<String>,
    /// The hash of all that happened.
    pub hash: String,
    /// How often each kind of fault had an effect.
    pub tally: BTreeMap<&'static str, u64>,
    /// Transactions that moved money.
    pub money: u64,
    /// Milliseconds in which clusters were wanted, all together.
    pub cluster_ms: u64,
    /// What happened, the last lines.
    pub trace: Vec<String>,
}

impl Verdict {
    /// A seed in which too little happened does not count.
    pub fn is_void(&self) -> bool {
        self.money < 3 || self.tally.values().fold(0_u64, |sum, count| sum.saturating_add(*count)) < 5
    }
}

/// Runs a plan in virtual time.
pub async fn run(plan: &Plan) -> Result<Verdict, Error> {
    let folder = scratch()?;
    let mut run = Run::begin(plan, folder.path()).await?;
    let played = run.play().await;
    if let Err(error) = played {
        run.world.stage.violated(format!("it did not come to its end: {error}"));
    }
    run.world.end().await;
    let stage = &run.world.stage;
    let (money, cluster_ms) = (run.world.watch().money, run.cluster_ms);
    Ok(Verdict {
        seed: plan.seed,
        violations: stage.violations(),
        hash: stage.trace.hash(),
        tally: stage.faults.tally(),
        money,
        cluster_ms,
        trace: stage.trace.last(),
    })
}

struct Run<'a> {
    plan: &'a Plan,
    world: World,
    ours: Living,
    /// A second daemon with the same key, once there was one.
    other: Option<Living>,
    /// Somebody else signed with the key.
    shared: bool,
    home: std::path::PathBuf,
    agenda: BTreeMap<(u64, u64), Due>,
    entries: u64,
    /// What the user wants, as he last said and was told.
    wanted: BTreeMap<u64, Ask>,
    cluster_ms: u64,
}

/// A machine, and its daemon when it lives.
struct Living {
    host: Host,
    life: Option<Life>,
}

/// Something that is due.
#[derive(Clone, Copy, Debug)]
enum Due {
    Begin(usize, Strike),
    End(usize, Strike),
    Ask(u64, Ask),
    Boot,
    Claim,
}

fn file(name: &str, note: u64, memory: u64) -> String {
    format!(
        "apiVersion: rayakash/v1\ncluster_name: {name}\nhead_node_type: head\navailable_node_types:\n  head: {{ resources: {{ CPU: 1, memory: \
         {memory}Gi }} }}\n  worker: {{ resources: {{ CPU: 1, memory: 1Gi }}, min_workers: 1 }}\nenv: {{ NOTE: \"{note}\" \
         }}\nescrow: {{ runway: 1h, target: 2h }}\n"
    )
}

fn parse(name: &str) -> Result<Name, Error> {
    name.parse().map_err(|error| Error::Wrong(format!("{error}")))
}

fn cluster(number: u64) -> String {
    format!("c{number}")
}

impl<'a> Run<'a> {
    async fn begin(plan: &'a Plan, home: &Path) -> Result<Self, Error> {
        let world = World::begin(Setup { seed: plan.seed, busy: plan.seed.is_multiple_of(2) })?;
        let mut host = Host::new(&world.stage, home, ("a", plan.seed), NODES)?;
        let life = Some(host.boot(None).await?);
        let mut run = Self {
            plan,
            world,
            ours: Living { host, life },
            other: None,
            shared: false,
            home: home.to_owned(),
            agenda: BTreeMap::new(),
            entries: 0,
            wanted: BTreeMap::new(),
            cluster_ms: 0,
        };
        for (number, strike) in plan.strikes.iter().enumerate() {
            run.due(strike.at_ms, Due::Begin(number, *strike));
            let over = strike.at_ms.saturating_add(strike.for_ms).min(plan.length_ms);
            run.due(over, Due::End(number, *strike));
        }
        for asked in &plan.asked {
            run.due(asked.at_ms, Due::Ask(asked.cluster, asked.ask));
        }
        Ok(run)
    }

    fn due(&mut self, at_ms: u64, what: Due) {
        self.entries = self.entries.saturating_add(1);
        self.agenda.insert((at_ms, self.entries), what);
    }

    fn now_ms(&self) -> u64 {
        self.world.stage.clock.elapsed_ms()
    }

    async fn play(&mut self) -> Result<(), Error> {
        let mut last_ms = 0;
        loop {
            let now_ms = self.now_ms();
            let up = self.wanted.values().filter(|ask| matches!(ask, Ask::Up { .. })).count();
            let passed = now_ms.saturating_sub(last_ms);
            self.cluster_ms =
                self.cluster_ms.saturating_add(passed.saturating_mul(u64::try_from(up).unwrap_or(0)));
            last_ms = now_ms;
            if now_ms >= self.plan.length_ms {
                break;
            }
            let next_ms = self.agenda.keys().next().map_or(self.plan.length_ms, |(at_ms, _)| *at_ms);
            let next_ms = next_ms.min(self.plan.length_ms).max(now_ms);
            let wait = Duration::from_millis(next_ms.saturating_sub(now_ms));
            tokio::select! {
                biased;
                () = over(self.ours.life.as_ref()) => self.died().await?,
                () = tokio::time::sleep(wait) => self.carry_out(next_ms).await?,
            }
        }
        self.settle().await
    }

    async fn carry_out(&mut self, until_ms: u64) -> Result<(), Error> {
        while let Some(entry) = self.agenda.first_entry().filter(|entry| entry.key().0 <= until_ms) {
            match entry.remove() {
                Due::Begin(number, strike) => self.strike(number, strike).await?,
                Due::End(number, strike) => self.relent(number, strike).await?,
                Due::Ask(number, ask) => self.ask(number, ask).await?,
                Due::Boot => self.boot().await?,
                Due::Claim => self.claim().await,
            }
        }
        Ok(())
    }

    async fn strike(&mut self, number: usize, strike: Strike) -> Result<(), Error> {
        let stage = self.world.stage.clone();
        stage.say(&format!("begins: {}", strike.fault));
        let fault = strike.fault;
        match fault {
            Fault::Crash { effects, .. } => {
                let phase = if effects % 2 == 0 { Phase::Before } else { Phase::After };
                self.doom(effects, phase);
            }
            Fault::TornWrite { effects, .. } => self.doom(effects, Phase::Torn),
            Fault::ClockJump { by_ms } => {
                stage.clock.jump(by_ms);
                stage.faults.hit(fault.name());
            }
            Fault::DiskFull => self.ours.host.disk_goes_wrong(|ills| ills.full = true),
            Fault::DiskError { writes } => self.ours.host.disk_goes_wrong(|ills| ills.lost_answers = writes),
            Fault::ForeignSigner => self.foreign(),
            Fault::SecondDaemon => self.second().await?,
            Fault::Swizzle { .. } => stage.faults.hit(fault.name()),
            Fault::RpcErrors { .. }
            | Fault::Latency { .. }
            | Fault::Lag { .. }
            | Fault::LiesSequence { .. }
            | Fault::LiesResult { .. }
            | Fault::LiesBalance { .. }
            | Fault::LiesPrice { .. }
            | Fault::TxDropped { .. }
            | Fault::TxLate { .. }
            | Fault::AnswerLost { .. }
            | Fault::TooEarly { .. }
            | Fault::GasGrows { .. }
            | Fault::BlockTime { .. }
            | Fault::Halt
            | Fault::ProviderDown { .. }
            | Fault::ProviderSilent { .. }
            | Fault::ProviderSlow { .. }
            | Fault::ProviderLies { .. }
            | Fault::ProviderCloses { .. }
            | Fault::ProviderReclaims { .. }
            | Fault::PriceChange { .. }
            | Fault::RayDies { .. } => stage.faults.begin(number, fault),
        }
        Ok(())
    }

    async fn relent(&mut self, number: usize, strike: Strike) -> Result<(), Error> {
        self.world.stage.faults.end(number);
        if let Fault::ClockJump { by_ms } = strike.fault {
            self.world.stage.clock.jump(by_ms.saturating_neg());
        }
        if strike.fault == Fault::DiskFull {
            self.ours.host.disk_goes_wrong(|ills| ills.full = false);
        }
        if strike.fault == Fault::SecondDaemon
            && let Some(fleet) = self.other.as_ref().and_then(|other| other.life.as_ref()?.fleet.as_ref())
        {
            fleet.down(&parse(OTHER)?).await?;
            self.due(self.now_ms().saturating_add(HEEDS_MS), Due::Claim);
        }
        Ok(())
    }

    /// The daemon will die at one of its next effects.
    fn doom(&self, effects: u64, phase: Phase) {
        if let Some(life) = &self.ours.life {
            life.effects.stop_in(effects, phase);
        }
    }

    /// It died: another one starts after a while.
    async fn died(&mut self) -> Result<(), Error> {
        let Some(life) = self.ours.life.take() else { return Ok(()) };
        let torn = life.effects.was_torn();
        self.world.stage.faults.hit(if torn { "torn write" } else { "daemon crash" });
        self.ours.host.bury(life).await?;
        let away =
            self.plan.strikes.iter().rev().filter(|strike| strike.at_ms <= self.now_ms()).find_map(away_ms);
        let at_ms = self.now_ms().saturating_add(away.unwrap_or(AGAIN_MS));
        self.due(at_ms, Due::Boot);
        Ok(())
    }

    async fn boot(&mut self) -> Result<(), Error> {
        if self.ours.life.is_some() {
            return Ok(());
        }
        let life = self.ours.host.boot(None).await?;
        if life.fleet.is_some() {
            self.ours.life = Some(life);
        } else {
            self.ours.host.bury(life).await?;
            let at_ms = self.now_ms().saturating_add(AGAIN_MS);
            self.due(at_ms, Due::Boot);
        }
        Ok(())
    }

    async fn ask(&mut self, number: u64, ask: Ask) -> Result<(), Error> {
        let name = cluster(number);
        let said = match self.ours.life.as_ref().and_then(|life| life.fleet.as_ref()) {
            Some(fleet) => match ask {
                Ask::Up { note, memory } => {
                    let restart = self.wanted.contains_key(&number);
                    fleet.up(&parse(&name)?, &file(&name, note, memory), restart).await.is_ok()
                }
                Ask::Down => fleet.down(&parse(&name)?).await.is_ok(),
            },
            None => false,
        };
        self.world.stage.say(&format!("{name}: {ask:?}: {}", if said { "accepted" } else { "no answer" }));
        if said {
            self.wanted.insert(number, ask);
        } else {
            let at_ms = self.now_ms().saturating_add(AGAIN_MS);
            self.due(at_ms, Due::Ask(number, ask));
        }
        Ok(())
    }

    /// Somebody else signs with the key.
    fn foreign(&mut self) {
        let stage = self.world.stage.clone();
        let Some(other) = stage.providers.first() else { return };
        let (from, to) = (stage.tenant.address().clone(), other.key.address().clone());
        let message: Msg = Send { from, to, amount: vec![Coin::uakt(1)] }.into();
        match send(&stage.node, (&stage.tenant, &Allowed::treasury()), vec![message], 0) {
            Ok(_) => {
                stage.faults.hit("foreign signer");
                self.shared = true;
                self.due(self.now_ms().saturating_add(HEEDS_MS), Due::Claim);
            }
            Err(error) => stage.say(&format!("foreign signer: {error}")),
        }
    }

    async fn second(&mut self) -> Result<(), Error> {
        if self.other.is_none() {
            let mut host = Host::new(&self.world.stage, &self.home, ("b", self.plan.seed), NODES)?;
            let life = Some(host.boot(None).await?);
            self.other = Some(Living { host, life });
            self.shared = true;
        }
        let fleet = self.other.as_ref().and_then(|other| other.life.as_ref()?.fleet.as_ref());
        if let Some(fleet) = fleet {
            fleet.up(&parse(OTHER)?, &file(OTHER, 0, 2), false).await?;
            self.world.stage.faults.hit("second daemon");
            self.due(self.now_ms().saturating_add(HEEDS_MS), Due::Claim);
        }
        Ok(())
    }

    /// The user claims the key where spending is stopped, when that can be had now.
    async fn claim(&self) {
        for living in [Some(&self.ours), self.other.as_ref()].into_iter().flatten() {
            let went = tokio::select! {
                biased;
                () = over(living.life.as_ref()) => "the daemon died".to_owned(),
                () = tokio::time::sleep(PATIENCE) => "no answer".to_owned(),
                went = self.heed(living) => went.map_or_else(|error| error.to_string(), |()| "done".to_owned()),
            };
            self.world.stage.say(&format!("claim: {went}"));
        }
    }

    /// Where every cluster stands.
    fn words(&self) -> String {
        let fleet = self.ours.life.as_ref().and_then(|life| life.fleet.as_ref());
        let of = |number| {
            let report = fleet?.report(&parse(&cluster(number)).ok()?)?;
            Some(format!("{}: {} ({})", cluster(number), report.words, report.trouble.unwrap_or_default()))
        };
        let all: Vec<String> = (0..self.plan.clusters).filter_map(of).collect();
        all.join("; ")
    }
}

fn away_ms(strike: &Strike) -> Option<u64> {
    if let Fault::Crash { away_ms, .. } | Fault::TornWrite { away_ms, .. } = strike.fault {
        Some(away_ms)
    } else {
        None
    }
}

/// Done when a life is over; never without one.
async fn over(life: Option<&Life>) {
    match life {
        Some(life) => life.effects.over().await,
        None => std::future::pending().await,
    }
}

impl Living {
    fn fleet(&self) -> Result<&rayakash_daemon::Fleet, Error> {
        let fleet = self.life.as_ref().and_then(|life| life.fleet.as_ref());
        fleet.ok_or_else(|| Error::Wrong("the daemon does not run".to_owned()))
    }

    fn is_quiet(&self) -> bool {
        let ledger = crate::Ledger::open(&self.host.ledger()).ok().flatten();
        ledger.and_then(|ledger| ledger.is_quiet().ok()).unwrap_or(false)
    }
}
