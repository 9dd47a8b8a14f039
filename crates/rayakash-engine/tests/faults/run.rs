//! The engine over the real ledger, run until something is so, interrupted and started again.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use async_trait::async_trait;
use rayakash_core::reserve::Short;
use rayakash_core::spec::{Name, Wait};
use rayakash_core::view::{Tip, Wallet};
use rayakash_core::{Act, Policy};
use rayakash_engine::facts::{Books, Fact, Intent};
use rayakash_engine::ports::{self, Intended, Ledger as _, Outcome, Unavailable, World};
use rayakash_engine::{Report, Settings, Summary, Tending, tend};
use rayakash_ledger::{EventKind, Ledger};
use tempfile::TempDir;
use tokio::sync::{Notify, watch};
use tokio::task::yield_now;
use tokio::time::{sleep, timeout};

use crate::market::Market;
use crate::outside::{BLOCK_MS, Outside};
use crate::wish;

/// What the tenant has at first, uact.
pub(crate) const MONEY: u128 = 1_000_000_000;
/// Paused time after which something that was waited for will not come any more.
const PATIENCE: Duration = Duration::from_secs(2 * 3600);

/// What lives as long as a process does.
pub(crate) struct Process {
    outside: Arc<Outside>,
    pub(crate) ledger: Ledger,
}

impl World for Process {
    fn chain(&self) -> &dyn ports::Chain {
        self.outside.as_ref()
    }

    fn providers(&self) -> &dyn ports::Providers {
        self.outside.as_ref()
    }

    fn head(&self) -> &dyn ports::Head {
        self.outside.as_ref()
    }

    fn ledger(&self) -> &dyn ports::Ledger {
        self
    }

    fn vault(&self) -> &dyn ports::Vault {
        self.outside.as_ref()
    }

    fn clock(&self) -> &dyn ports::Clock {
        self.outside.as_ref()
    }
}

/// The real ledger; each write has a moment before it and one after it.
#[async_trait]
impl ports::Ledger for Process {
    async fn books(&self, cluster: &Name) -> Result<Books, Unavailable> {
        self.ledger.books(cluster).await
    }

    async fn afford(
        &self,
        cluster: &Name,
        act: &Act,
        tip: &Tip,
        wallet: &Wallet,
    ) -> Result<Option<Short>, Unavailable> {
        self.ledger.afford(cluster, act, tip, wallet).await
    }

    async fn intend(
        &self,
        cluster: &Name,
        act: &Act,
        tip: &Tip,
        wallet: &Wallet,
    ) -> Result<Intended, Unavailable> {
        self.outside.between(self.ledger.intend(cluster, act, tip, wallet)).await
    }

    async fn settle(&self, intent: &Intent, outcome: &Outcome, tip: &Tip) -> Result<(), Unavailable> {
        self.outside.between(self.ledger.settle(intent, outcome, tip)).await
    }

    async fn enter(&self, cluster: &Name, act: &Act, tip: &Tip) -> Result<(), Unavailable> {
        self.outside.between(self.ledger.enter(cluster, act, tip)).await
    }

    async fn note(&self, cluster: &Name, fact: &Fact) -> Result<(), Unavailable> {
        self.outside.between(self.ledger.note(cluster, fact)).await
    }

    async fn say(&self, cluster: &Name, words: &str, detail: &str) -> Result<(), Unavailable> {
        // Words are for people. But a process may die here, too: an outcome is said before it is written down.
        yield_now().await;
        self.ledger.say(cluster, words, detail).await
    }
}

impl Process {
    pub(crate) fn start(outside: &Arc<Outside>, home: &TempDir) -> Arc<Self> {
        let ledger = Ledger::open(&home.path().join("ledger.db"), wish::read).unwrap();
        Arc::new(Self { outside: Arc::clone(outside), ledger })
    }

    pub(crate) fn tend(self: &Arc<Self>, name: &Name) -> Engine {
        let (sender, reports) = watch::channel(Report::unknown(self.outside.now_ms()));
        let nudge = Arc::new(Notify::new());
        let tending =
            Tending { name: name.clone(), nudge: Arc::clone(&nudge), reports: sender, settings: settings() };
        let world: Arc<dyn World> = Arc::<Self>::clone(self);
        Engine { tend: Box::pin(tend(world, tending)), reports, nudge, gone: false }
    }
}

/// As on the sandbox, which bids at once.
fn settings() -> Settings {
    let quick =
        Policy { bid_window_min: Wait::Blocks(1), min_bids: 2, back_off_ms: 5_000, ..Policy::default() };
    Settings { policy: quick }
}

/// One cluster's loop, which goes on only while it is waited for.
pub(crate) struct Engine {
    tend: Pin<Box<dyn Future<Output = ()> + Send>>,
    pub(crate) reports: watch::Receiver<Report>,
    pub(crate) nudge: Arc<Notify>,
    /// The loop has ended: nothing is there and nothing is wanted.
    pub(crate) gone: bool,
}

impl Engine {
    /// Goes on until something is so. An error: it never became so, or the loop ended first.
    pub(crate) async fn until(&mut self, mut done: impl FnMut(&Self) -> bool) -> Result<(), String> {
        let going_on = std::future::poll_fn(|context| {
            if done(self) {
                return Poll::Ready(Ok(()));
            }
            if self.gone {
                return Poll::Ready(Err("the loop has ended".to_owned()));
            }
            self.gone = self.tend.as_mut().poll(context).is_ready();
            if done(self) {
                return Poll::Ready(Ok(()));
            }
            if self.gone { Poll::Ready(Err("the loop has ended".to_owned())) } else { Poll::Pending }
        });
        timeout(PATIENCE, going_on).await.unwrap_or_else(|_| Err("it never came".to_owned()))
    }

    pub(crate) fn is(&self, summary: Summary) -> bool {
        self.reports.borrow().summary == summary
    }

    pub(crate) fn words(&self) -> String {
        self.reports.borrow().words.clone()
    }
}

/// One cluster from beginning to end, with interruptions.
pub(crate) struct Run {
    label: String,
    pub(crate) outside: Arc<Outside>,
    home: TempDir,
    process: Option<Arc<Process>>,
    engine: Option<Engine>,
    /// Begin anew with the ledger's file after each fault, not only with a new loop after one that holds.
    restart: bool,
    struck: u32,
}

impl Run {
    /// A market, and nothing wanted yet.
    pub(crate) fn new(label: impl Into<String>, restart: bool) -> Self {
        // Just under the ceiling, with a fraction: a deposit for the runway is short of it at once.
        let outside = Outside::new(Market::new(MONEY, ["29999.25", "29999.5"]));
        let home = tempfile::tempdir().unwrap();
        let process = Process::start(&outside, &home);
        let engine = process.tend(&name());
        Self {
            label: label.into(),
            outside,
            home,
            process: Some(process),
            engine: Some(engine),
            restart,
            struck: 0,
        }
    }

    pub(crate) fn ledger(&self) -> &Ledger {
        &self.process.as_ref().unwrap().ledger
    }

    pub(crate) fn engine(&self) -> &Engine {
        self.engine.as_ref().unwrap()
    }

    /// Wants the cluster; the words follow its name.
    pub(crate) async fn wish(&self, options: &str, restart: bool) {
        let text = format!("{} {options}", name());
        self.ledger().write_wish(&name(), &text, restart, self.outside.now_ms()).await.unwrap();
        self.engine().nudge.notify_one();
    }

    /// Wants it no longer.
    pub(crate) async fn down(&self) {
        self.ledger().drop_wish(&name(), self.outside.now_ms()).await.unwrap();
        self.engine().nudge.notify_one();
    }

    /// Ends the loop where it stands and begins anew: with the ledger's file, or with a new loop only.
    pub(crate) async fn interrupt(&mut self) {
        self.away(2 * BLOCK_MS, || {}).await;
    }

    /// Ends the loop and begins anew so much later; something happens just before that.
    pub(crate) async fn away(&mut self, millis: u64, happens: impl FnOnce()) {
        self.engine = None;
        self.outside.script().held = false;
        // Paused time moves on only when no write is under way.
        sleep(Duration::from_millis(millis)).await;
        happens();
        if self.restart {
            self.process = None;
            self.process = Some(Process::start(&self.outside, &self.home));
        }
        self.engine = Some(self.process.as_ref().unwrap().tend(&name()));
    }

    /// Goes on until something is so; what strikes meanwhile interrupts.
    pub(crate) async fn until(&mut self, what: &str, mut done: impl FnMut(&Engine) -> bool) {
        loop {
            let (outside, struck) = (Arc::clone(&self.outside), self.struck);
            let hit = || (outside.is_held(), outside.struck() > struck);
            let ended =
                self.engine.as_mut().unwrap().until(|engine| hit() != (false, false) || done(engine)).await;
            if let Err(error) = ended {
                panic!("{}", self.story(what, &error).await);
            }
            let (held, hit) = hit();
            self.struck = outside.struck();
            if held || (hit && self.restart) {
                self.interrupt().await;
            } else if !hit {
                return;
            }
        }
    }

    /// Goes on until something is so, and interrupts nothing.
    pub(crate) async fn until_plainly(&mut self, what: &str, done: impl FnMut(&Engine) -> bool) {
        if let Err(error) = self.engine.as_mut().unwrap().until(done).await {
            panic!("{}", self.story(what, &error).await);
        }
    }

    pub(crate) async fn until_ready(&mut self) {
        let outside = Arc::clone(&self.outside);
        // The second manifest and the first top-up belong to coming up.
        let up =
            move || outside.sends().iter().any(|sends| *sends >= 2) && outside.market().count("top-up") > 0;
        self.until("ready", |engine| engine.is(Summary::Ready) && up()).await;
    }

    pub(crate) async fn until_gone(&mut self) {
        self.until("gone", |engine| engine.gone).await;
    }

    /// Goes on for some time.
    pub(crate) async fn for_ms(&mut self, millis: u64) {
        let (outside, end_ms) = (Arc::clone(&self.outside), self.outside.now_ms() + millis);
        self.until("later", |engine| engine.gone || outside.now_ms() >= end_ms).await;
    }

    pub(crate) async fn books(&self) -> Books {
        self.ledger().books(&name()).await.unwrap()
    }

    /// How often it was written down that the cluster is not ready any more.
    pub(crate) async fn times_unready(&self) -> usize {
        self.books().await.facts.iter().filter(|fact| matches!(fact, Fact::Unready { .. })).count()
    }

    /// All money is somewhere, and the ledger says where: once what is on its way has arrived.
    pub(crate) async fn check_money(&mut self) {
        while !self.engine().gone && !self.books().await.open.is_empty() {
            self.for_ms(500).await;
        }
        let books = self.books().await;
        let market = self.outside.market();
        let all = market.uact + market.escrowed() + market.earned();
        assert_eq!(all, MONEY, "{}: money is conserved", self.label);
        let deposited: u128 = books.opened.iter().map(|opened| opened.deposited).sum();
        assert_eq!(deposited, market.deposited, "{}: the books have all deposits", self.label);
        assert_eq!(books.fees, market.fees, "{}: the books have all fees", self.label);
    }

    /// Nothing is there, nothing is open, and the books agree with the market to the micro-unit.
    pub(crate) async fn check_end(&mut self) {
        self.check_money().await;
        let (label, books) = (&self.label, self.books().await);
        assert!(books.wish.is_none(), "{label}: nothing is wanted");
        assert_eq!(books.open, [], "{label}: no open intent");
        assert!(books.opened.iter().all(|opened| opened.finished.is_some()), "{label}: all is finished");
        let written = self.intents_on_record().await;
        let market = self.outside.market();
        assert_eq!(market.surprises, [""; 0], "{label}: nothing was asked that makes no sense");
        assert_eq!((market.live(), market.open_orders()), (0, 0), "{label}: nothing lives");
        assert_eq!(books.cost(), market.earned(), "{label}: cost");
        assert_eq!(books.refund(), market.refunded, "{label}: refund");
        assert_eq!(
            books.cost() + books.refund(),
            market.deposited,
            "{label}: cost and refund are the deposits"
        );
        assert_eq!(market.uact, MONEY - books.cost(), "{label}: the wallet lacks the cost and no more");
        assert_eq!(books.opened.len(), market.created(), "{label}: the books have every deployment");
        let performed = &self.outside.script().intents;
        assert!(performed.iter().all(|id| written.contains(id)), "{label}: no effect without an intent");
    }

    async fn intents_on_record(&self) -> Vec<String> {
        let events = self.ledger().events(0, None, u32::MAX).await.unwrap();
        let intents = events.into_iter().filter(|event| event.kind == EventKind::Intent);
        intents.filter_map(|event| event.intent).collect()
    }

    /// What happened, for whoever has to find out why.
    async fn story(&self, what: &str, error: &str) -> String {
        let events = self.ledger().events(0, None, u32::MAX).await.unwrap();
        let newest = events.iter().rev().take(60).rev();
        let lines: Vec<String> =
            newest.map(|event| format!("  {} {}: {}", event.seq, event.kind.word(), event.text)).collect();
        let report = self.engine().reports.borrow().clone();
        let market = self.outside.market();
        format!(
            "{}: {what}: {error}\nit says: {}, {:?}\neffects: {:?}\nsurprises: {:?}\nrecords:\n{}",
            self.label,
            report.words,
            report.trouble,
            market.effects.iter().take(40).collect::<Vec<_>>(),
            market.surprises,
            lines.join("\n")
        )
    }
}

pub(crate) fn name() -> Name {
    "quick".parse().unwrap()
}
