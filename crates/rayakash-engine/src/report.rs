//! Where a cluster stands, for people and programs.

use akash_types::Dec;
use rayakash_core::view::{Escrow, Frozen, Placement, Tip, View, Wallet};
use rayakash_core::{Decision, Waiting};

use crate::facts::Books;
use crate::look::{NodeView, Placing};

/// One step's result, published after each look and before each act.
#[derive(Clone, Debug)]
pub struct Report {
    /// Counts up with each change.
    pub revision: u64,
    /// Where it stands, in the words of `docs/lifecycle.md`.
    pub words: String,
    /// The same, for programs.
    pub summary: Summary,
    /// Why nothing is done, since when, until when.
    pub waiting: Option<Waiting>,
    /// Since when it stands there, Unix milliseconds.
    pub since_ms: u64,
    /// The newest generation from close by.
    pub near: Option<NodeView>,
    /// What each lease is paid from, and its price per block, uact.
    pub leases: Vec<(Escrow, Dec)>,
    /// The chain's newest block, once one was seen.
    pub tip: Option<Tip>,
    /// The wallet, once it was seen.
    pub wallet: Option<Wallet>,
    /// What the ledger knows.
    pub books: Books,
    /// The last thing that went wrong, for people.
    pub trouble: Option<String>,
}

/// Where a cluster stands, for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Summary {
    /// Nothing is there and nothing is wanted.
    Absent,
    /// A deployment is being opened.
    Ordering,
    /// Bids are collected.
    Bidding,
    /// A bid is being accepted.
    Leasing,
    /// The provider gets the manifest.
    Manifest,
    /// Containers and Ray start.
    Starting,
    /// It works.
    Ready,
    /// It worked.
    Degraded,
    /// Its lease ended.
    Lost,
    /// It is being closed.
    Closing,
    /// Something must happen first.
    Waiting,
}

impl Summary {
    /// Its name in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Ordering => "ordering",
            Self::Bidding => "bidding",
            Self::Leasing => "leasing",
            Self::Manifest => "manifest",
            Self::Starting => "starting",
            Self::Ready => "ready",
            Self::Degraded => "degraded",
            Self::Lost => "lost",
            Self::Closing => "closing",
            Self::Waiting => "waiting",
        }
    }

    /// From the row that decided.
    pub(crate) fn of(decision: &Decision, view: &View) -> Self {
        match decision.row.0 {
            1 => Self::Absent,
            6 => Self::Ordering,
            7 => Self::Leasing,
            8 => Self::Bidding,
            10 => Self::Manifest,
            14 => Self::of_placement(view),
            15 => Self::Starting,
            12 | 13 if !decision.acts.is_empty() => Self::Ordering,
            12 | 13 | 19 => Self::Ready,
            17 | 20 => Self::Degraded,
            21 | 22 => Self::Lost,
            9 | 11 | 16 | 18 | 23..=25 => Self::Closing,
            _ => Self::Waiting,
        }
    }

    fn of_placement(view: &View) -> Self {
        match view.current().map(|placed| &placed.at) {
            Some(Placement::Leased(_)) => Self::Ready,
            _ => Self::Waiting,
        }
    }
}

impl Report {
    /// Nothing is known yet.
    pub fn unknown(now_ms: u64) -> Self {
        Self {
            revision: 0,
            words: "looking".to_owned(),
            summary: Summary::Waiting,
            waiting: None,
            since_ms: now_ms,
            near: None,
            leases: Vec::new(),
            tip: None,
            wallet: None,
            books: Books::default(),
            trouble: None,
        }
    }

    /// What comes after this report when a decision was made; `since_ms` is kept while the state is the same.
    pub(crate) fn next(&self, decision: &Decision, seen: Placing, books: Books, now_ms: u64) -> Self {
        let summary = Summary::of(decision, &seen.view);
        let words = decision.words();
        let same = summary == self.summary && words == self.words;
        let stopped = books.stopped.as_ref().map(|stopped| {
            format!("{}: nothing is spent until `rayakash wallet claim`; closes go on", stopped.why)
        });
        let unsafe_key =
            |frozen: &Frozen| format!("{}; only closes are signed: {}", frozen.seen(), frozen.remedy());
        let closes_only = |why: &String| format!("{why}: what runs goes on, only closes are signed");
        Self {
            revision: self.revision.saturating_add(1),
            words,
            summary,
            waiting: decision.waiting.clone(),
            since_ms: if same { self.since_ms } else { now_ms },
            near: seen.serving().cloned(),
            leases: seen.close_by.iter().map(|near| (near.escrow, near.price)).collect(),
            tip: Some(seen.view.tip),
            trouble: seen
                .view
                .unknown
                .as_ref()
                .map(closes_only)
                .or_else(|| seen.view.frozen.as_ref().map(unsafe_key))
                .or(stopped),
            wallet: Some(seen.view.wallet),
            books,
        }
    }

    /// The same place, and something else to say about it.
    pub(crate) fn saying(&self, words: String, summary: Summary, now_ms: u64) -> Self {
        let same = words == self.words;
        let since_ms = if same { self.since_ms } else { now_ms };
        Self { revision: self.revision.saturating_add(1), words, summary, since_ms, ..self.clone() }
    }
}
