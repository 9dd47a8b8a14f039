//! What goes wrong, and how often it did.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Something that goes wrong, for a while or at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// A node answers so many of a thousand questions with an error.
    RpcErrors {
        /// Which node.
        node: usize,
        /// How many.
        permille: u64,
    },
    /// A node takes up to so long.
    Latency {
        /// Which node.
        node: usize,
        /// Milliseconds.
        most_ms: u64,
    },
    /// A node is so many blocks behind.
    Lag {
        /// Which node.
        node: usize,
        /// Blocks.
        blocks: u64,
    },
    /// A node lies about accounts' sequences.
    LiesSequence {
        /// Which node.
        node: usize,
    },
    /// A node denies transactions that are in blocks.
    LiesResult {
        /// Which node.
        node: usize,
    },
    /// A node lies about balances.
    LiesBalance {
        /// Which node.
        node: usize,
    },
    /// A node lies about the prices of bids.
    LiesPrice {
        /// Which node.
        node: usize,
    },
    /// Transactions that were accepted are lost, so many of a thousand.
    TxDropped {
        /// How many.
        permille: u64,
    },
    /// Transactions come into a block later than they were sent.
    TxLate {
        /// How many of a thousand.
        permille: u64,
        /// How much later.
        blocks: u64,
    },
    /// The answer to a broadcast is lost once a block has the transaction.
    AnswerLost {
        /// How many of a thousand.
        permille: u64,
    },
    /// A proposer has a transaction before its turn: it fails there, and may come again.
    TooEarly {
        /// How many of a thousand.
        permille: u64,
    },
    /// Transactions burn more than a trial of them showed.
    GasGrows {
        /// Of what they burn, a trial shows so many hundredths.
        shown: u64,
    },
    /// Blocks come at another pace.
    BlockTime {
        /// Milliseconds.
        ms: u64,
    },
    /// No blocks.
    Halt,
    /// A provider's gateway refuses connections.
    ProviderDown {
        /// Which provider.
        provider: usize,
    },
    /// A provider's gateway takes connections and never answers.
    ProviderSilent {
        /// Which provider.
        provider: usize,
    },
    /// A provider's gateway takes its time.
    ProviderSlow {
        /// Which provider.
        provider: usize,
    },
    /// A provider says that containers run which do not, takes manifests and does nothing.
    ProviderLies {
        /// Which provider.
        provider: usize,
    },
    /// A provider closes its leases.
    ProviderCloses {
        /// Which provider.
        provider: usize,
    },
    /// A provider gives notice.
    ProviderReclaims {
        /// Which provider.
        provider: usize,
    },
    /// A provider asks for so many thousandths of its usual price.
    PriceChange {
        /// Which provider.
        provider: usize,
        /// Thousandths.
        permille: u64,
    },
    /// Ray is dead in the clusters of a provider.
    RayDies {
        /// Which provider.
        provider: usize,
    },
    /// The daemon dies at one of its next effects.
    Crash {
        /// Which.
        effects: u64,
        /// How long it stays away.
        away_ms: u64,
    },
    /// The daemon dies in the middle of a write.
    TornWrite {
        /// At which of its next effects.
        effects: u64,
        /// How long it stays away.
        away_ms: u64,
    },
    /// The wall clock jumps.
    ClockJump {
        /// By how much.
        by_ms: i64,
    },
    /// The disk is full.
    DiskFull,
    /// The disk takes writes and says that it failed.
    DiskError {
        /// How many.
        writes: u32,
    },
    /// Another program signs with the key.
    ForeignSigner,
    /// Another daemon works with the same key, from another machine.
    SecondDaemon,
    /// Nodes, gateways and the disk stop one after the other, and come back in another order.
    Swizzle {
        /// Where in the order it begins.
        from: u64,
    },
}

/// The name of each kind, in the order of [`Fault::kind`].
pub const KINDS: [&str; 29] = [
    "rpc errors",
    "latency",
    "lag",
    "byzantine: sequence",
    "byzantine: tx result",
    "byzantine: balance",
    "byzantine: price",
    "tx dropped",
    "tx reordered",
    "answer lost after commit",
    "included with ante failure",
    "gas growth",
    "block time",
    "chain halt",
    "provider down",
    "provider silent",
    "provider slow",
    "provider lying",
    "provider closing",
    "provider reclaiming",
    "price change",
    "ray dies",
    "daemon crash",
    "torn write",
    "clock jump",
    "ENOSPC",
    "EIO",
    "foreign signer",
    "second daemon",
];
/// A swizzle is not told by what it hits, which counts for itself.
pub const SWIZZLE: &str = "swizzle";

impl Fault {
    /// Its number in [`KINDS`]; one more is the swizzle.
    pub(crate) const fn kind(&self) -> usize {
        match self {
            Self::RpcErrors { .. } => 0,
            Self::Latency { .. } => 1,
            Self::Lag { .. } => 2,
            Self::LiesSequence { .. } => 3,
            Self::LiesResult { .. } => 4,
            Self::LiesBalance { .. } => 5,
            Self::LiesPrice { .. } => 6,
            Self::TxDropped { .. } => 7,
            Self::TxLate { .. } => 8,
            Self::AnswerLost { .. } => 9,
            Self::TooEarly { .. } => 10,
            Self::GasGrows { .. } => 11,
            Self::BlockTime { .. } => 12,
            Self::Halt => 13,
            Self::ProviderDown { .. } => 14,
            Self::ProviderSilent { .. } => 15,
            Self::ProviderSlow { .. } => 16,
            Self::ProviderLies { .. } => 17,
            Self::ProviderCloses { .. } => 18,
            Self::ProviderReclaims { .. } => 19,
            Self::PriceChange { .. } => 20,
            Self::RayDies { .. } => 21,
            Self::Crash { .. } => 22,
            Self::TornWrite { .. } => 23,
            Self::ClockJump { .. } => 24,
            Self::DiskFull => 25,
            Self::DiskError { .. } => 26,
            Self::ForeignSigner => 27,
            Self::SecondDaemon => 28,
            Self::Swizzle { .. } => 29,
        }
    }

    /// What it does to transactions: how many of a thousand it hits.
    pub(crate) const fn permille_of_txs(&self) -> u64 {
        if let Self::TxDropped { permille }
        | Self::TxLate { permille, .. }
        | Self::AnswerLost { permille }
        | Self::TooEarly { permille } = self
        {
            *permille
        } else {
            0
        }
    }

    /// The name of its kind.
    pub fn name(&self) -> &'static str {
        KINDS.get(self.kind()).copied().unwrap_or(SWIZZLE)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

/// What goes wrong at the moment, and how often each kind had an effect.
#[derive(Debug, Default)]
pub(crate) struct Faults(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// By the number of the strike that brought it.
    active: BTreeMap<usize, Fault>,
    tally: BTreeMap<&'static str, u64>,
}

impl Faults {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// It begins.
    pub(crate) fn begin(&self, strike: usize, fault: Fault) {
        self.inner().active.insert(strike, fault);
    }

    /// It is over.
    pub(crate) fn end(&self, strike: usize) {
        self.inner().active.remove(&strike);
    }

    /// All is well.
    pub(crate) fn clear(&self) {
        self.inner().active.clear();
    }

    /// The first active fault that is of interest.
    pub(crate) fn find<T>(&self, of: impl Fn(&Fault) -> Option<T>) -> Option<T> {
        self.inner().active.values().find_map(of)
    }

    /// A fault had an effect.
    pub(crate) fn hit(&self, kind: &'static str) {
        let mut inner = self.inner();
        let count = inner.tally.entry(kind).or_default();
        *count = count.saturating_add(1);
    }

    /// How often each kind had an effect.
    pub(crate) fn tally(&self) -> BTreeMap<&'static str, u64> {
        self.inner().tally.clone()
    }
}
