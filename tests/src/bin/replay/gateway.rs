//! Taking the exchanges with a provider's gateway again on a sandbox.
//!
//! What stands around the exchanges is in [`story`]; what stands beside them in [`crate::observed`]. Requests that only ask are asked again
//! while the answer is another, for as long as the recorded one had taken: between two exchanges the recorded provider had time to do
//! something, and ours may need some too.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use akash_sandbox::provider::Timers;
use akash_sandbox::{Config, Sandbox};
use akash_wallet::certificate::{Identity, generate};
use serde_json::Value;
use time::OffsetDateTime;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use crate::exchange::{Exchange, Heard};
use crate::heard;
use crate::market::Market;
use crate::mint::{authorization, everything};
use crate::observed::{Observed, Phase, compare_chain};
use crate::recording::Exchanges;
use crate::sign::CHAIN_ID;
use crate::story::{self, Act};
use crate::tally::{Judged, Verdict};
use crate::watch::Watch;
use crate::{app, around, dial};

type Failed = Box<dyn Error>;

/// How long an answer may be another one than the recorded, at least.
const PATIENCE: Duration = Duration::from_secs(8);
/// The pause between two tries.
const PAUSE: Duration = Duration::from_millis(40);
/// An exchange that took this long was watched, not asked.
const LONG_MS: u64 = 1_500;
/// Why something cannot be taken again.
const NO_MANIFEST: &str = "it shows what a manifest made run that is in no exchange of the recording";
/// How long a workload is waited for before something is changed.
const SETTLING: Duration = Duration::from_secs(5);
/// How long is waited for phases that a lease must still go through. A look that finds a crashing container just started puts off the end
/// of its lease, here as there.
const PHASES: Duration = Duration::from_secs(180);

/// Takes all exchanges of a folder; each file's name and what became of it.
pub(crate) async fn replay(recording: Exchanges) -> Result<Vec<(String, Judged)>, Failed> {
    let home = tempfile::tempdir()?;
    let mut stage = Stage::open(recording, home.path()).await?;
    stage.play().await?;
    let rows = stage.end().await;
    Ok(rows)
}

/// A sandbox under a recording.
struct Stage {
    recording: Exchanges,
    sandbox: Sandbox,
    market: Market,
    http: reqwest::Client,
    identity: Identity,
    /// Where the gateway is.
    gateway: Arc<Mutex<String>>,
    seconds: Vec<u64>,
    /// What became of the exchanges, by number.
    verdicts: BTreeMap<usize, Vec<String>>,
    /// Exchanges that go on while others are taken.
    running: JoinSet<(usize, Result<Heard, String>)>,
    /// When a deployment was changed last: here, and in the recording.
    changed: BTreeMap<u64, (Instant, u64)>,
    /// Looks at leases' statuses, with their deployments.
    watches: Vec<(u64, Watch)>,
    /// Deployments for which a manifest was taken.
    sent: BTreeSet<u64>,
    /// Deployments whose manifest is in no exchange.
    unknown: BTreeSet<u64>,
    watching: JoinSet<()>,
    /// What could not be done between exchanges.
    failed: Vec<String>,
    /// Answers of the chain, by the number of the file that they are compared with.
    told: BTreeMap<usize, Value>,
}

impl Stage {
    async fn open(recording: Exchanges, home: &std::path::Path) -> Result<Self, Failed> {
        let mut config = Config::new(home.join("sandbox"), home.join("cache"));
        config.genesis = akash_sandbox::market::Genesis::sandbox(CHAIN_ID, now() * 1_000);
        config.genesis.params.min_reclamation_window = 5;
        config.block_time = Duration::from_millis(250);
        config.providers = 1;
        // The recorded programs are stood in for by programs of this machine, which find each other on it.
        config.pods = akash_sandbox::Pods::Host;
        config.cluster = around::cluster(&recording.exchanges);
        config.timers = Timers { rollout: Duration::from_millis(250), ..Timers::default() };
        let image = app::make(&home.join("image"))?;
        for name in around::images(&recording.exchanges) {
            config.images.insert(name, image.clone());
        }
        let sandbox = akash_sandbox::start(config).await?;
        let market = Market::new(&sandbox)?;
        let http = reqwest::Client::builder().no_proxy().danger_accept_invalid_certs(true).build()?;
        let identity = generate(&market.owner.parse()?, 1, now() - 60, now() + 3_600, &[])?;
        let seconds = story::seconds(&recording.exchanges);
        let unknown = story::without_manifest(&recording.exchanges);
        Ok(Self {
            recording,
            sandbox,
            market,
            http,
            identity,
            gateway: Arc::default(),
            seconds,
            verdicts: BTreeMap::new(),
            running: JoinSet::new(),
            changed: BTreeMap::new(),
            watches: Vec::new(),
            sent: BTreeSet::new(),
            unknown,
            watching: JoinSet::new(),
            failed: Vec::new(),
            told: BTreeMap::new(),
        })
    }

    async fn play(&mut self) -> Result<(), Failed> {
        self.find_gateway().await;
        self.market.show_key().await?;
        let kubernetes = around::cluster(&self.recording.exchanges).kubernetes;
        let mut moments = story::tell(&self.recording.exchanges, &self.recording.facts, kubernetes);
        let end = moments.last().map_or(0, |(second, _)| *second);
        moments.extend(around::left_over(&self.recording, &moments).into_iter().map(|act| (end, act)));
        for (at, (second, act)) in moments.iter().enumerate() {
            let next = moments.get(at + 1).map_or(*second, |(next, _)| *next);
            match act {
                Act::Ask(n) => {
                    if let Err(problem) = self.ask(*n, next).await {
                        self.verdicts.insert(*n, vec![format!("not asked: {problem}")]);
                    }
                }
                Act::Create { .. }
                | Act::Lease { .. }
                | Act::Update { .. }
                | Act::CloseLease { .. }
                | Act::Close { .. }
                | Act::Send { .. }
                | Act::Restart => {
                    if let Err(problem) = self.act(act, *second).await {
                        self.failed.push(problem.to_string());
                    }
                }
            }
        }
        while let Some(done) = self.running.join_next().await {
            match done {
                Ok((n, heard)) => self.judge(n, heard),
                Err(problem) => self.failed.push(problem.to_string()),
            }
        }
        self.wait_for_phases().await;
        Ok(())
    }

    /// The looks at the lease with these names.
    fn watches_of<'a>(&'a self, names: &'a BTreeSet<String>) -> impl Iterator<Item = &'a Watch> {
        self.watches.iter().map(|(_, watch)| watch).filter(|watch| watch.has(names))
    }

    /// Waits until what was sent for a deployment runs, unless it does not come to that: the recorded tenant had waited, too, before it
    /// changed something.
    async fn settle(&self, dseq: u64) {
        let watch = self.watches.iter().rev().find(|(own, _)| *own == dseq);
        let Some((_, watch)) = watch.filter(|_| self.sent.contains(&dseq)) else { return };
        let ready = async {
            while watch.phases().last() != Some(&Phase::Ready) {
                sleep(PAUSE).await;
            }
        };
        // Not every workload ever runs.
        let _in_time = timeout(SETTLING, ready).await;
    }

    async fn act(&mut self, act: &Act, second: u64) -> Result<(), Failed> {
        if let Some(dseq) = act.dseq() {
            self.settle(dseq).await;
        }
        match act {
            Act::Restart => {
                self.sandbox.providers().kill(0).await;
                self.sandbox.providers().restart(0).await?;
                self.find_gateway().await;
            }
            Act::Send { dseq, manifest } => {
                self.send(*dseq, manifest).await?;
                self.sent.insert(*dseq);
            }
            Act::Create { .. }
            | Act::Lease { .. }
            | Act::Update { .. }
            | Act::CloseLease { .. }
            | Act::Close { .. }
            | Act::Ask(_) => {
                let groups = act.dseq().map(|dseq| around::groups(&self.recording, dseq)).unwrap_or_default();
                if let Act::Lease { dseq, oseq } = act {
                    let bid = self.market.bid(*dseq, *oseq).await?;
                    self.note_bid(*dseq, *oseq, &bid);
                }
                self.market.act(act, &groups).await?;
                if let Act::Lease { dseq, oseq } = act {
                    self.watch(*dseq, *oseq);
                }
            }
        }
        if let Some(dseq) = act.dseq() {
            self.ask_the_chain(dseq).await?;
            self.changed.insert(dseq, (Instant::now(), second));
        }
        Ok(())
    }

    fn note_bid(&mut self, dseq: u64, oseq: u32, bid: &Value) {
        let files = self.recording.observed.iter().enumerate();
        let of_it =
            files.filter(|(_, (_, o))| matches!(o, Observed::Bid(_)) && o.dseq() == Some(dseq) && oseq == 1);
        for (n, _) in of_it {
            self.told.insert(n, bid.clone());
        }
    }

    fn watch(&mut self, dseq: u64, oseq: u32) {
        let path = format!("/lease/{dseq}/1/{oseq}/status");
        let (keys, owner) = (Arc::clone(&self.market.keys), self.market.owner.clone());
        let mint = move || everything(&keys, &owner, now()).unwrap_or_default();
        let watch = Watch::default();
        self.watching.spawn(watch.clone().look(self.http.clone(), (Arc::clone(&self.gateway), path), mint));
        self.watches.push((dseq, watch));
    }

    /// Looks where the gateway is: started again, it may be elsewhere.
    async fn find_gateway(&self) {
        let found = self.sandbox.providers().info().await.first().map(|p| p.host_uri.clone());
        *self.gateway.lock().unwrap_or_else(PoisonError::into_inner) = found.unwrap_or_default();
    }

    fn address(&self) -> Result<SocketAddr, Failed> {
        let uri = self.gateway.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(uri.trim_start_matches("https://").parse()?)
    }

    /// Sends a manifest whose exchange was not written down.
    async fn send(&self, dseq: u64, manifest: &[u8]) -> Result<(), Failed> {
        let mut asked = Exchange {
            method: "PUT".into(),
            path: format!("/deployment/{dseq}/manifest"),
            sni: "localhost".into(),
            body: manifest.to_vec(),
            ..Exchange::default()
        };
        let minted = everything(&self.market.keys, &self.market.owner, now())?;
        asked.headers = vec![
            ("Host".into(), "localhost".into()),
            ("Connection".into(), "close".into()),
            ("Authorization".into(), String::new()),
            ("Content-Length".into(), manifest.len().to_string()),
        ];
        let heard =
            dial::ask(self.address()?, &asked, Some(&minted), None).await.map_err(|e| e.to_string())?;
        match heard.answer {
            Some(answer) if answer.status == 200 => Ok(()),
            other => Err(format!("a manifest that must have been taken was not: {other:?}").into()),
        }
    }
}

impl Stage {
    async fn ask(&mut self, n: usize, next: u64) -> Result<(), Failed> {
        let Some(exchange) = self.recording.exchanges.get(n).cloned() else { return Ok(()) };
        if self.lacks_manifest(&exchange) {
            return Ok(());
        }
        let second = self.seconds.get(n).copied().unwrap_or_default();
        let address = self.address()?;
        let shift = now().saturating_sub(second);
        let minted = authorization(&self.market.keys, &exchange, shift)?;
        if second + exchange.heard.ms / 1_000 > next {
            self.go_on(n, exchange, minted, address);
            // The recorded one had begun before whatever comes next, too.
            sleep(Duration::from_secs(next.saturating_sub(second)).min(Duration::from_secs(1))).await;
            return Ok(());
        }
        let repeats = exchange.method == "GET" && exchange.heard.ms < LONG_MS;
        let until = self.until(&exchange, second);
        loop {
            let identity = exchange.certificate.then_some(&self.identity);
            let heard = dial::ask(address, &exchange, minted.as_deref(), identity).await;
            let heard = heard.map_err(|e| e.to_string());
            let good = heard.as_ref().is_ok_and(|heard| heard::compare(&exchange, heard).is_empty());
            if good || !repeats || Instant::now() > until {
                self.judge(n, heard);
                return Ok(());
            }
            sleep(PAUSE).await;
        }
    }

    /// Until when another answer is put up with: while the recorded provider, too, had time since its deployment was changed.
    fn until(&self, exchange: &Exchange, second: u64) -> Instant {
        let least = Instant::now() + PATIENCE;
        let change = exchange.names().and_then(|(dseq, _, _)| self.changed.get(&dseq));
        let since =
            change.map(|(at, then)| *at + Duration::from_secs(second.saturating_sub(*then)) + PATIENCE);
        since.map_or(least, |since| since.max(least))
    }

    fn go_on(&mut self, n: usize, exchange: Exchange, minted: Option<String>, address: SocketAddr) {
        let identity = exchange.certificate.then(|| self.identity.clone());
        self.running.spawn(async move {
            let heard = dial::ask(address, &exchange, minted.as_deref(), identity.as_ref()).await;
            (n, heard.map_err(|e| e.to_string()))
        });
    }

    fn judge(&mut self, n: usize, heard: Result<Heard, String>) {
        let Some(exchange) = self.recording.exchanges.get(n) else { return };
        if let Some((dseq, ..)) =
            exchange.names().filter(|_| exchange.method == "PUT" && exchange.status() == 200)
        {
            self.sent.insert(dseq);
        }
        let ways = match heard {
            Ok(heard) => heard::compare(exchange, &heard),
            Err(problem) => vec![format!("not asked: {problem}")],
        };
        self.verdicts.insert(n, ways);
    }

    /// Waits until every lease has gone through the phases that the recorded one went through.
    async fn wait_for_phases(&self) {
        let all = async {
            loop {
                let done = self.recording.observed.iter().all(|(_, observed)| match observed {
                    Observed::Steps(phases, names) => {
                        let mut own = self.watches_of(names).peekable();
                        own.peek().is_none() || own.any(|w| w.went_through(phases))
                    }
                    Observed::Bid(_) | Observed::Deployment(_) => true,
                });
                if done {
                    return;
                }
                sleep(PAUSE).await;
            }
        };
        // Too late is told by the verdicts.
        let _in_time = timeout(PHASES, all).await;
    }

    /// Asks for the deployments of which an answer is in the recording. It does not say when it was given: any time will do.
    async fn ask_the_chain(&mut self, about: u64) -> Result<(), Failed> {
        for (n, (_, observed)) in self.recording.observed.iter().enumerate() {
            let Observed::Deployment(recorded) = observed else { continue };
            if observed.dseq() != Some(about) {
                continue;
            }
            let ours = self.market.deployment(about).await?;
            if !self.told.contains_key(&n) || compare_chain(recorded, &ours).is_empty() {
                self.told.insert(n, ours);
            }
        }
        Ok(())
    }

    async fn end(mut self) -> Vec<(String, Judged)> {
        let mut rows = Vec::new();
        for (n, exchange) in self.recording.exchanges.iter().enumerate() {
            let verdict = if self.lacks_manifest(exchange) {
                Verdict::Excluded(NO_MANIFEST.to_owned())
            } else {
                self.verdicts.remove(&n).unwrap_or_else(|| vec!["not asked".to_owned()]).into()
            };
            rows.push((exchange.name.clone(), verdict.into()));
        }
        for (n, (name, observed)) in self.recording.observed.iter().enumerate() {
            rows.push((name.clone(), self.observed(n, observed).into()));
        }
        for (name, why) in std::mem::take(&mut self.recording.odd) {
            rows.push((name, Verdict::Different(vec![why]).into()));
        }
        for problem in std::mem::take(&mut self.failed) {
            rows.push(("between exchanges".to_owned(), Verdict::Different(vec![problem]).into()));
        }
        self.watching.shutdown().await;
        self.sandbox.stop().await;
        rows
    }

    /// Whether an exchange shows what ran where nobody knows what was to run.
    fn lacks_manifest(&self, exchange: &Exchange) -> bool {
        exchange.names().is_some_and(|(dseq, ..)| self.unknown.contains(&dseq))
            && story::shows_workload(exchange)
    }

    /// Whether names must be those of a lease whose manifest nobody knows: only what runs tells its names. So every lease that something
    /// was sent to has told others, and there are no more such strangers than deployments of which nobody knows the manifest.
    fn are_of_unknown(&self, names: &BTreeSet<String>) -> bool {
        let strange = |names: &BTreeSet<String>| !names.is_empty() && self.watches_of(names).next().is_none();
        let strangers = self.recording.observed.iter().filter(|(_, observed)| match observed {
            Observed::Steps(_, names) => strange(names),
            Observed::Bid(_) | Observed::Deployment(_) => false,
        });
        let all_told =
            self.watches.iter().all(|(dseq, watch)| !self.sent.contains(dseq) || !watch.is_nameless());
        strange(names) && all_told && strangers.count() <= self.unknown.len()
    }

    fn observed(&self, n: usize, observed: &Observed) -> Verdict {
        let (phases, names) = match observed {
            Observed::Bid(recorded) | Observed::Deployment(recorded) => {
                let ours = self.told.get(&n).map(|ours| compare_chain(recorded, ours));
                return ours.unwrap_or_else(|| vec!["not asked".to_owned()]).into();
            }
            Observed::Steps(phases, names) => (phases, names),
        };
        if names.is_empty() {
            return Verdict::Excluded("it does not tell which lease it is about".to_owned());
        }
        if self.are_of_unknown(names) {
            return Verdict::Excluded(NO_MANIFEST.to_owned());
        }
        let own: Vec<&Watch> = self.watches_of(names).collect();
        if own.iter().any(|w| w.went_through(phases)) {
            return Verdict::Equal;
        }
        let ours: Vec<_> = own.iter().map(|w| w.phases()).collect();
        Verdict::Different(vec![format!("recorded {phases:?}, ours {ours:?}")])
    }
}

/// Unix seconds.
fn now() -> u64 {
    u64::try_from(OffsetDateTime::now_utc().unix_timestamp()).unwrap_or(0)
}
