//! By what rules an intent is brought about at most once.

use akash_types::Height;

use crate::Attempt;

/// The rules. Every [`crate::Sender`] follows [`Rules::ADVISED`]; others can be made so that the model check shows what each
/// rule is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// What comes first, the journal or the nodes.
    pub outset: [Outset; 2],
    /// What keeps an attempt from being executed twice.
    pub numbering: Numbering,
    /// How long an attempt may be executed.
    pub lifetime: Lifetime,
    /// How often an attempt may be followed by a dearer one with the same number.
    pub replacements: usize,
    /// When a failure in a block is the end.
    pub failure: Failure,
    /// What proves that an attempt can never be executed.
    pub death: Death,
    /// How many endpoints have to see an end, when there are several.
    pub witnesses: Witnesses,
}

/// What is done with a new attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outset {
    /// It is written into the journal.
    Record,
    /// It is given to the nodes.
    Broadcast,
}

/// What keeps an attempt from being executed twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Numbering {
    /// The account's sequence number.
    Sequence,
    /// A number chosen once for the intent, for transactions without an order. The chain shows nobody whether it is used.
    OneNonce,
    /// A number chosen for each attempt.
    FreshNonce,
}

/// How long an attempt may be executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifetime {
    /// So far as its window goes.
    Window,
    /// For ever.
    Endless,
}

/// When a failure in a block is the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// When the number was used by it.
    Charged,
    /// Always.
    InBlock,
}

/// What proves that an attempt can never be executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Death {
    /// A height past the timeout with the number unused; or the number used, and no block that holds the attempt executed.
    Proof,
    /// The same, and never before the timeout.
    ProofAfterTimeout,
    /// A height past the timeout, and an index of transactions that does not know it.
    Index,
    /// It was not found for long enough by the machine's own clock.
    Patience,
}

/// How many endpoints have to see an end, when there are several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Witnesses {
    /// The one that was asked.
    One,
    /// A second one too.
    Two,
}

impl Rules {
    /// The rules of this program.
    pub const ADVISED: Self = Self {
        outset: [Outset::Record, Outset::Broadcast],
        numbering: Numbering::Sequence,
        lifetime: Lifetime::Window,
        replacements: 3,
        failure: Failure::Charged,
        death: Death::Proof,
        witnesses: Witnesses::Two,
    };

    /// The number of a new attempt of an intent: `known` are its earlier ones, `sequence` is the account's next number, `fresh` one that nobody
    /// used yet.
    pub fn number(&self, known: &[Attempt], sequence: u64, fresh: u64) -> u64 {
        match self.numbering {
            Numbering::Sequence => sequence,
            Numbering::OneNonce => known.first().map_or(fresh, |attempt| attempt.sequence),
            Numbering::FreshNonce => fresh,
        }
    }

    /// The last block that may hold an attempt that is made at `planned`.
    pub const fn timeout(&self, planned: Height, window: u64) -> Height {
        match self.lifetime {
            Lifetime::Window => planned.plus(window),
            Lifetime::Endless => Height(u64::MAX),
        }
    }
}
