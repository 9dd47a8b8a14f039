//! What to do next about an open attempt: the decision alone, from what was seen.
//!
//! Why an end is certain. The chain executes at most one transaction of an account's sequence number, and raises the number in
//! the same step; it executes none after its timeout; and a block is final. So an attempt can never be executed when its number
//! is still unused at a height past its timeout; nor when its number is used, and no block up to there holds the attempt
//! executed.
//!
//! A block can hold a transaction that failed before it was charged (its check at delivery failed): then the number has not
//! moved because of it, and the same bytes may still be executed by a later block.

use akash_types::{Height, Rejection};
use akash_wallet::TxHash;

use crate::{Attempt, End, Evidence};

/// What was seen in one look.
#[derive(Clone, Debug)]
pub(crate) struct View {
    /// The newest height.
    pub(crate) height: Height,
    /// The account's next sequence number, at this very height.
    pub(crate) sequence: u64,
    /// What is known of the attempt; not asked for while its number is unused and its time not over.
    pub(crate) result: Option<Seen>,
    /// What the blocks say, when they were read.
    pub(crate) scan: Option<Scan>,
}

impl View {
    /// The blocks that can hold the attempt executed, when its number is used at this height: the first and the last.
    pub(crate) fn span(&self, attempt: &Attempt) -> (Height, Height) {
        (attempt.planned, self.height.min(attempt.timeout))
    }
}

/// The attempt in a block.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) height: Height,
    pub(crate) rejection: Option<Rejection>,
    pub(crate) gas_used: u64,
    /// The account's next sequence number after that block, when the node still knows it. Asked for when there is a rejection.
    pub(crate) sequence_after: Option<u64>,
}

/// What every block says that can hold the attempt executed when its number is used at the view's height.
#[derive(Clone, Debug)]
pub(crate) struct Scan {
    /// The last block that holds the attempt.
    pub(crate) ours: Option<Height>,
    /// Another transaction with this key and sequence number.
    pub(crate) other: Option<(Height, TxHash)>,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Send the bytes (again).
    Broadcast,
    /// Look again later.
    Wait(&'static str),
    /// Read the blocks that could hold it, then decide again.
    Scan,
    /// It has ended.
    End(End),
}

/// The decision. `sent` is the height of the last broadcast, `every` the blocks between two.
pub(crate) fn next(attempt: &Attempt, sent: Option<Height>, every: u64, view: &View) -> Step {
    if view.height < attempt.planned || view.sequence < attempt.sequence {
        return Step::Wait("the node is behind what was seen before");
    }
    let used = view.sequence > attempt.sequence;
    if let Some(seen) = &view.result {
        match outcome(attempt, used, view, seen) {
            Outcome::End(end) => return Step::End(end),
            Outcome::Unclear(why) => return Step::Wait(why),
            Outcome::NotExecuted => {}
        }
    }
    if used {
        return match &view.scan {
            None => Step::Scan,
            Some(scan) => judge(attempt, view, scan),
        };
    }
    if view.height > attempt.timeout {
        let (from, to, seen_at) = (attempt.planned, attempt.timeout, view.height);
        let evidence = Evidence::Expired { from, to, seen_at };
        return Step::End(End::Dead { hash: attempt.hash, evidence });
    }
    if sent.is_none_or(|sent| view.height >= sent.plus(every)) {
        return Step::Broadcast;
    }
    Step::Wait("it is in no block yet")
}

enum Outcome {
    End(End),
    Unclear(&'static str),
    /// A block holds it, and the chain did not charge it: nothing has happened yet.
    NotExecuted,
}

fn outcome(attempt: &Attempt, used: bool, view: &View, seen: &Seen) -> Outcome {
    if seen.height > attempt.timeout || seen.height <= attempt.planned {
        return Outcome::Unclear("the node reports it in a block that cannot hold it");
    }
    if seen.height > view.height {
        return Outcome::Unclear("a block holds it, and the account was read before that block");
    }
    let Some(rejection) = &seen.rejection else {
        if !used {
            return Outcome::Unclear("the node reports it executed, and its sequence number unused");
        }
        return Outcome::End(End::Landed {
            height: seen.height,
            hash: attempt.hash,
            fee: attempt.fee.clone(),
            gas_used: seen.gas_used,
        });
    };
    // The number must have moved by that block, and not before it in that block: then the rejection would be this one.
    let charged = !rejection.is(Rejection::WRONG_SEQUENCE)
        && seen.sequence_after.unwrap_or(view.sequence) > attempt.sequence;
    if used && charged {
        return Outcome::End(End::Failed {
            height: Some(seen.height),
            rejection: rejection.clone(),
            fee: Some(attempt.fee.clone()),
            hash: Some(attempt.hash),
        });
    }
    Outcome::NotExecuted
}

/// Dead, because another used its number, unless a block holds it whose result is not known yet.
fn judge(attempt: &Attempt, view: &View, scan: &Scan) -> Step {
    let known = view.result.as_ref().map_or(Height::default(), |seen| seen.height);
    if scan.ours.is_some_and(|height| height > known) {
        return Step::Wait("a block holds it, and the node has no result for it yet");
    }
    let (from, to) = view.span(attempt);
    let evidence = Evidence::SequenceUsed { from, to, seen_at: view.height, by: scan.other };
    Step::End(End::Dead { hash: attempt.hash, evidence })
}

#[cfg(test)]
mod tests;
