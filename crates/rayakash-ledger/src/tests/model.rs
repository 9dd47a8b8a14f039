//! Any sequence of calls leaves the books as a simple model of them in memory.

use std::collections::BTreeSet;

use proptest::prelude::*;
use rayakash_engine::facts::{Fact, Finished, Opened};

use super::*;

const CLUSTERS: [&str; 2] = ["one", "two"];
const DSEQS: std::ops::Range<u64> = 1..6;
/// When wishes are written: few times, so that one to be dropped is often there.
const TIMES: std::ops::Range<u64> = 0..3;

#[derive(Clone, Debug)]
enum Call {
    WriteWish { cluster: usize, restart: bool },
    DropWish { cluster: usize },
    Intend { cluster: usize, act: Act },
    Settle { which: prop::sample::Index, outcome: Outcome },
    Enter { cluster: usize, act: Act },
    Note { cluster: usize, fact: Fact },
    Pause(bool),
    Reopen,
}

fn acts() -> impl Strategy<Value = Act> {
    let whys = prop_oneof![
        Just(Why::Asked),
        Just(Why::NotReady("slow".to_owned())),
        Just(Why::Lost("left".to_owned())),
        Just(Why::GivenUp("left".to_owned())),
    ];
    prop_oneof![
        3 => (DSEQS, 0..9_u128).prop_map(|(dseq, deposit)| opening(dseq, deposit)),
        2 => (DSEQS, 0..9_u128).prop_map(|(dseq, amount)| topping_up(dseq, amount)),
        1 => DSEQS.prop_map(accepting),
        1 => DSEQS.prop_map(updating),
        1 => DSEQS.prop_map(sending),
        2 => (DSEQS, whys).prop_map(|(dseq, why)| closing(dseq, why)),
    ]
}

fn outcomes() -> impl Strategy<Value = Outcome> {
    let tx = || 0..30_u8;
    prop_oneof![
        4 => tx().prop_map(|tx| Outcome::Done(landed(&format!("{tx:X}"), 11))),
        1 => tx().prop_map(|tx| Outcome::Refused { why: "no".to_owned(), receipt: landed(&format!("{tx:X}"), 11) }),
        1 => Just(not_started()),
        1 => Just(in_doubt()),
    ]
}

fn records() -> impl Strategy<Value = Act> {
    prop_oneof![
        TIMES.prop_map(dropping),
        Just(Act::Avoid { provider: address(5), until_ms: 77, why: "slow".to_owned() }),
        (DSEQS, 0..3_u128, any::<bool>()).prop_map(|(dseq, cost, dry)| finishing(dseq, cost, dry)),
    ]
}

fn calls() -> impl Strategy<Value = Call> {
    let cluster = || 0..CLUSTERS.len();
    prop_oneof![
        4 => (cluster(), any::<bool>()).prop_map(|(cluster, restart)| Call::WriteWish { cluster, restart }),
        1 => cluster().prop_map(|cluster| Call::DropWish { cluster }),
        6 => (cluster(), acts()).prop_map(|(cluster, act)| Call::Intend { cluster, act }),
        6 => (any::<prop::sample::Index>(), outcomes()).prop_map(|(which, outcome)| Call::Settle { which, outcome }),
        2 => (cluster(), records()).prop_map(|(cluster, act)| Call::Enter { cluster, act }),
        1 => (cluster(), DSEQS).prop_map(|(cluster, dseq)| {
            Call::Note { cluster, fact: Fact::Unready { lease: lease(dseq), at_ms: 5 } }
        }),
        1 => prop::bool::weighted(0.2).prop_map(Call::Pause),
        1 => Just(Call::Reopen),
    ]
}

/// What the books of one cluster should be.
#[derive(Default)]
struct Shelf {
    wish: Option<(bool, u64)>,
    opened: Vec<Opened>,
    facts: Vec<Fact>,
    fees: u128,
}

impl Shelf {
    fn wishes(&self) -> usize {
        self.facts.iter().filter(|fact| matches!(fact, Fact::WishWritten { .. })).count()
    }

    /// The consent was for the change that was decided when there had been so many wishes.
    fn use_up_consent(&mut self, wishes: usize) {
        if self.wishes() == wishes {
            self.wish = self.wish.map(|(_, written_ms)| (false, written_ms));
        }
    }
}

/// What all books should be.
#[derive(Default)]
struct Model {
    shelves: [Shelf; 2],
    /// Every intent, its cluster, and its outcome.
    intents: Vec<(Intent, Act, usize, Option<&'static str>)>,
    /// How many wishes there had been when each intent was written down.
    wishes: Vec<usize>,
    used: BTreeSet<u64>,
    paid: BTreeSet<String>,
    paused: bool,
}

impl Model {
    fn may_intend(&self, cluster: usize, act: &Act) -> bool {
        if act.spends() && (self.paused || self.shelves[cluster].wish.is_none()) {
            return false;
        }
        match act {
            Act::OpenDeployment { id, .. } => !self.used.contains(&id.dseq.get()),
            Act::TopUp { id, .. } => self.shelves[cluster].opened.iter().any(|opened| &opened.id == id),
            Act::AcceptBid { .. }
            | Act::SendManifest { .. }
            | Act::UpdateDeployment { .. }
            | Act::DrainJobs { .. }
            | Act::CloseDeployment { .. } => true,
            Act::DropWish { .. } | Act::Avoid { .. } | Act::Finish { .. } => false,
        }
    }

    fn intended(&mut self, cluster: usize, act: &Act, intent: Intent) {
        if let Act::OpenDeployment { id, .. } = act {
            self.used.insert(id.dseq.get());
        }
        self.wishes.push(self.shelves[cluster].wishes());
        self.intents.push((intent, act.clone(), cluster, None));
    }

    /// Whether the ledger should take it.
    fn settled(&mut self, which: usize, outcome: &Outcome) -> bool {
        let (_, act, cluster, was) = &mut self.intents[which];
        let (word, receipt) = match outcome {
            Outcome::InDoubt { .. } => return true,
            Outcome::Done(receipt) => ("done", receipt.clone()),
            Outcome::Refused { receipt, .. } => ("refused", receipt.clone()),
            Outcome::NotStarted { .. } => ("not-started", Receipt::default()),
        };
        if let Some(was) = was {
            return *was == word;
        }
        *was = Some(word);
        let shelf = &mut self.shelves[*cluster];
        if let Some((tx, fee)) = receipt.tx.zip(receipt.fee)
            && self.paid.insert(tx)
        {
            shelf.fees += fee.amount;
        }
        let (at_ms, no) = (12_000, || "no".to_owned());
        match (&*act, word) {
            (Act::OpenDeployment { id, deposit, .. }, "done") => {
                let deposited = deposit.amount;
                shelf.opened.push(Opened { id: id.clone(), generation: 1, deposited, finished: None });
                shelf.use_up_consent(self.wishes[which]);
            }
            (Act::UpdateDeployment { .. }, "done") => shelf.use_up_consent(self.wishes[which]),
            (Act::TopUp { id, amount }, "done") => {
                shelf.opened.iter_mut().find(|opened| &opened.id == id).unwrap().deposited += amount.amount;
            }
            (Act::SendManifest { lease, version }, "done") => {
                shelf.facts.push(Fact::ManifestSent { lease: lease.clone(), version: *version, at_ms });
            }
            (Act::CloseDeployment { why: Why::NotReady(_), .. }, "done") => {
                shelf.facts.push(Fact::Failed { at_ms, why: "did not start: slow".to_owned() });
            }
            (Act::CloseDeployment { why: Why::Lost(_), .. }, "done") => {
                shelf.facts.push(Fact::Failed { at_ms, why: "lost: left, replacing".to_owned() });
                shelf.facts.push(Fact::Replaced { at_ms });
            }
            (Act::CloseDeployment { why: Why::GivenUp(_), .. }, "done") => {
                shelf.facts.push(Fact::Failed { at_ms, why: "lost: left, not replaced".to_owned() });
                shelf.facts.push(Fact::GaveUp { at_ms, why: "left".to_owned() });
            }
            (Act::OpenDeployment { .. }, "refused") => shelf.facts.push(Fact::Failed { at_ms, why: no() }),
            (Act::AcceptBid { .. }, "refused") => {
                shelf.facts.push(Fact::Avoided {
                    provider: address(2),
                    until_ms: at_ms + 600_000,
                    why: no(),
                });
            }
            (Act::SendManifest { lease, .. }, "refused") => {
                shelf.facts.push(Fact::ManifestRefused { lease: lease.clone(), why: no() });
            }
            _ => {}
        }
        true
    }

    /// Whether the ledger should take it.
    fn entered(&mut self, cluster: usize, act: &Act) -> bool {
        let shelf = &mut self.shelves[cluster];
        match act {
            Act::DropWish { written_ms, .. } => shelf.wish = shelf.wish.filter(|wish| wish.1 != *written_ms),
            Act::Avoid { provider, until_ms, why } => {
                shelf.facts.push(Fact::Avoided {
                    provider: provider.clone(),
                    until_ms: *until_ms,
                    why: why.clone(),
                });
            }
            Act::Finish { id, refund, cost, dry } => {
                let end = Finished { refund: refund.clone(), cost: cost.clone() };
                let Some(opened) = shelf.opened.iter_mut().find(|opened| &opened.id == id) else {
                    return false;
                };
                if *dry && opened.finished.is_none() {
                    shelf.facts.push(Fact::Failed { at_ms: 13_000, why: "the escrow ran dry".to_owned() });
                }
                return *opened.finished.get_or_insert(end.clone()) == end;
            }
            Act::OpenDeployment { .. }
            | Act::AcceptBid { .. }
            | Act::SendManifest { .. }
            | Act::UpdateDeployment { .. }
            | Act::TopUp { .. }
            | Act::DrainJobs { .. }
            | Act::CloseDeployment { .. } => return false,
        }
        true
    }

    /// Nothing appears and nothing vanishes, and every account holds what the model says.
    fn conserve(&self, desk: &Desk) {
        let sum = |what: &str, denom: &str| desk.booked(what, denom);
        for denom in ["uact", "uakt"] {
            assert_eq!(sum("%", denom), 0, "all accounts together");
        }
        let opened = self.shelves.iter().flat_map(|shelf| &shelf.opened);
        let (mut held, mut earned, mut refunded, mut put) = (0, 0, 0, 0);
        for one in opened {
            let deposited = i128::try_from(one.deposited).unwrap();
            put += deposited;
            match &one.finished {
                None => held += deposited,
                Some(end) => {
                    earned += i128::try_from(end.cost.amount).unwrap();
                    refunded += i128::try_from(end.refund.amount).unwrap();
                }
            }
        }
        let fees: u128 = self.shelves.iter().map(|shelf| shelf.fees).sum();
        let begun = if desk.booked("opening", "uact") == 0 { 0 } else { 1 << 60 };
        assert_eq!(sum("escrow/%", "uact"), held, "escrow");
        assert_eq!(sum("providers/%", "uact"), earned, "providers");
        assert_eq!(sum("wallet", "uact"), begun - put + refunded, "wallet");
        assert_eq!(sum("foreign", "uact"), put - held - earned - refunded, "foreign");
        assert_eq!(sum("fees", "uakt"), i128::try_from(fees).unwrap(), "fees");
        assert_eq!(sum("wallet", "uakt"), begun - i128::try_from(fees).unwrap(), "wallet, for fees");
    }

    fn compare(&self, cluster: usize, books: &Books) {
        let shelf = &self.shelves[cluster];
        assert_eq!(books.wish.as_ref().map(|wish| (wish.restart, wish.written_ms)), shelf.wish);
        let open: Vec<&Intent> = self
            .intents
            .iter()
            .filter(|(_, _, of, outcome)| *of == cluster && outcome.is_none())
            .map(|(intent, ..)| intent)
            .collect();
        assert_eq!(books.open.iter().collect::<Vec<_>>(), open);
        assert_eq!(books.opened, shelf.opened);
        assert_eq!(books.facts, shelf.facts);
        assert_eq!(books.last_dseq.map(Dseq::get), self.used.last().copied());
        assert_eq!(books.fees, shelf.fees);
        assert_eq!(books.paused, self.paused);
    }
}

/// The ledger and its model.
struct Pair {
    desk: Desk,
    model: Model,
}

impl Pair {
    /// Makes a call on both. False when the ledger refused it, which the model has to agree with.
    async fn call(&mut self, call: Call, at_ms: u64) -> bool {
        match call {
            Call::Intend { cluster, act } => self.intend(cluster, &act).await,
            Call::Settle { which, outcome } => self.settle(which, &outcome).await,
            Call::Enter { cluster, act } => {
                let taken = self.desk.ledger.enter(&name(CLUSTERS[cluster]), &act, &tip(13)).await.is_ok();
                assert_eq!(taken, self.model.entered(cluster, &act), "{act:?}");
                taken
            }
            Call::WriteWish { .. }
            | Call::DropWish { .. }
            | Call::Note { .. }
            | Call::Pause(_)
            | Call::Reopen => {
                self.change(call, at_ms).await;
                true
            }
        }
    }

    async fn intend(&mut self, cluster: usize, act: &Act) -> bool {
        let may = self.model.may_intend(cluster, act);
        if may {
            let intent = self.desk.intend(CLUSTERS[cluster], act).await;
            self.model.intended(cluster, act, intent);
        } else {
            self.desk.begin(CLUSTERS[cluster], act).await.unwrap_err();
        }
        may
    }

    async fn settle(&mut self, which: prop::sample::Index, outcome: &Outcome) -> bool {
        if self.model.intents.is_empty() {
            return true;
        }
        let which = which.index(self.model.intents.len());
        let intent = self.model.intents[which].0.clone();
        let taken = self.desk.settle(&intent, outcome).await.is_ok();
        assert_eq!(taken, self.model.settled(which, outcome), "{outcome:?}");
        taken
    }

    /// What is never refused.
    async fn change(&mut self, call: Call, at_ms: u64) {
        let ledger = &self.desk.ledger;
        match call {
            Call::WriteWish { cluster, restart } => {
                let text = format!("{}\n", CLUSTERS[cluster]);
                ledger.write_wish(&name(CLUSTERS[cluster]), &text, restart, at_ms).await.unwrap();
                self.model.shelves[cluster].wish = Some((restart, at_ms));
                self.model.shelves[cluster].facts.push(Fact::WishWritten { at_ms });
            }
            Call::DropWish { cluster } => {
                let dropped = ledger.drop_wish(&name(CLUSTERS[cluster]), at_ms).await.unwrap();
                assert_eq!(dropped.is_some(), self.model.shelves[cluster].wish.take().is_some());
            }
            Call::Note { cluster, fact } => {
                ledger.note(&name(CLUSTERS[cluster]), &fact).await.unwrap();
                self.model.shelves[cluster].facts.push(fact);
            }
            Call::Pause(to) => {
                ledger.set_paused(to).await.unwrap();
                self.model.paused = to;
            }
            Call::Reopen => self.desk.ledger = open(&self.desk.path()),
            Call::Intend { .. } | Call::Settle { .. } | Call::Enter { .. } => unreachable!("may be refused"),
        }
    }
}

async fn run(calls: Vec<Call>) {
    let mut pair = Pair { desk: Desk::new(), model: Model::default() };
    for (at_ms, call) in TIMES.cycle().zip(calls) {
        let before = pair.desk.kinds().await.len();
        let taken = pair.call(call, at_ms).await;
        if !taken {
            assert_eq!(pair.desk.kinds().await.len(), before, "what is refused leaves no record");
        }
        pair.model.conserve(&pair.desk);
        for (cluster, text) in CLUSTERS.iter().enumerate() {
            pair.model.compare(cluster, &pair.desk.books(text).await);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_books_follow_the_model(calls in prop::collection::vec(calls(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(run(calls));
    }
}
