//! What to do next about open attempts.

use std::collections::BTreeMap;

use akash_types::{Height, Rejection};
use akash_wallet::TxHash;

use super::{Death, Failure, Numbering, Rules};
use crate::{Attempt, End, Evidence};

/// Open attempts of one number, and what this process did for them.
#[derive(Clone, Copy, Debug)]
pub struct Flight<'a> {
    /// Oldest first; the last one is the one that is broadcast.
    pub attempts: &'a [Attempt],
    /// The height of the last broadcast.
    pub sent: Option<Height>,
    /// Blocks between two broadcasts.
    pub every: u64,
}

/// What was seen in one look.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// The newest height.
    pub height: Height,
    /// The account's next sequence number, at this very height.
    pub sequence: u64,
    /// What is known of the attempts; not asked for while their number is unused and their time not over.
    pub results: BTreeMap<TxHash, Seen>,
    /// What the blocks say, when they were read.
    pub scan: Option<Scan>,
    /// The nodes ask for a higher fee than the last attempt offers, and it may be offered.
    pub too_cheap: bool,
    /// It takes long by the machine's own clock. The advised rules do not look at it.
    pub late: bool,
}

/// An attempt in a block.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The block.
    pub height: Height,
    /// Why it had no effect; `None`: it was executed.
    pub rejection: Option<Rejection>,
    /// Gas used.
    pub gas_used: u64,
    /// The account's next sequence number after that block, when the node still knows it. Asked for when there is a rejection.
    pub sequence_after: Option<u64>,
}

/// What every block says that can hold one of the attempts executed when their number is used at the view's height.
#[derive(Clone, Debug, Default)]
pub struct Scan {
    /// The last block that holds each attempt.
    pub ours: BTreeMap<TxHash, Height>,
    /// Another transaction with this key and sequence number.
    pub other: Option<(Height, TxHash)>,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Send the bytes of the last attempt (again).
    Broadcast,
    /// Make a dearer attempt with the same number.
    Replace,
    /// Look again later.
    Wait(&'static str),
    /// Read the blocks that could hold them, then decide again.
    Scan,
    /// They have all ended, each in its way; one that happened comes first.
    End(Vec<(TxHash, End)>),
}

impl Flight<'_> {
    /// The blocks that can hold an attempt executed, when the number is used at a height: the first and the last.
    pub fn span(&self, seen_at: Height) -> (Height, Height) {
        let from = self.attempts.iter().map(|attempt| attempt.planned).min().unwrap_or_default();
        (from, seen_at.min(self.timeout()))
    }

    /// The last block that can hold any of them.
    pub fn timeout(&self) -> Height {
        self.attempts.iter().map(|attempt| attempt.timeout).max().unwrap_or_default()
    }
}

/// The decision.
pub fn next(rules: &Rules, flight: Flight<'_>, view: &View) -> Step {
    let Some(newest) = flight.attempts.last() else { return Step::End(Vec::new()) };
    let numbered = rules.numbering == Numbering::Sequence;
    if view.height < newest.planned || (numbered && view.sequence < newest.sequence) {
        return Step::Wait("the node is behind what was seen before");
    }
    let used = match rules.numbering {
        Numbering::Sequence => view.sequence > newest.sequence,
        // Nothing shows it; when the time is over, the blocks tell.
        Numbering::OneNonce | Numbering::FreshNonce => view.height > flight.timeout(),
    };
    match happened(rules, flight, view, used) {
        Happened::Nothing => {}
        Happened::End(attempt, height, end) => return Step::End(ends(flight, view, (attempt, height), end)),
        Happened::Unclear(why) => return Step::Wait(why),
        Happened::AskBlocks => return Step::Scan,
    }
    let over = view.height > flight.timeout();
    match rules.death {
        Death::Patience if view.late => return Step::End(dead(flight, &expired(flight, view))),
        Death::Index if over => return Step::End(dead(flight, &expired(flight, view))),
        Death::ProofAfterTimeout if used && !over => {
            return Step::Wait("another used its number, and its time is not over");
        }
        Death::Proof | Death::ProofAfterTimeout if used => {
            return view.scan.as_ref().map_or(Step::Scan, |scan| judge(flight, view, scan));
        }
        Death::Proof | Death::ProofAfterTimeout if over => {
            return Step::End(dead(flight, &expired(flight, view)));
        }
        Death::Proof | Death::ProofAfterTimeout | Death::Index | Death::Patience => {}
    }
    if used || over {
        return Step::Wait("it is in no block yet");
    }
    // The attempts before stay what they are: at most one of a number is ever executed.
    if view.too_cheap && flight.attempts.len() <= rules.replacements && view.height < flight.timeout() {
        return Step::Replace;
    }
    // The next block is too late for what is sent at the timeout itself.
    let due = flight.sent.is_none_or(|sent| view.height >= sent.plus(flight.every));
    if due && view.height < newest.timeout {
        return Step::Broadcast;
    }
    Step::Wait("it is in no block yet")
}

/// What the results say.
enum Happened<'a> {
    /// No block holds one of them, or the chain did not charge it: nothing has happened yet.
    Nothing,
    /// This one used the number.
    End(&'a Attempt, Height, End),
    Unclear(&'static str),
    AskBlocks,
}

fn happened<'a>(rules: &Rules, flight: Flight<'a>, view: &View, used: bool) -> Happened<'a> {
    let seen = || {
        let results = flight.attempts.iter().filter_map(|a| view.results.get(&a.hash).map(|seen| (a, seen)));
        results.filter(|(attempt, seen)| !came_too_late(attempt, seen))
    };
    if let Some(why) = seen().find_map(|(attempt, seen)| contradiction(attempt, seen, view)) {
        return Happened::Unclear(why);
    }
    let numbered = rules.numbering == Numbering::Sequence;
    if let Some((attempt, seen)) = seen().find(|(_, seen)| seen.rejection.is_none()) {
        if numbered && !used {
            return Happened::Unclear("the node reports it executed, and its sequence number unused");
        }
        let (height, hash, fee) = (seen.height, attempt.hash, attempt.fee.clone());
        return Happened::End(attempt, height, End::Landed { height, hash, fee, gas_used: seen.gas_used });
    }
    for (attempt, seen) in seen() {
        let Some(rejection) = &seen.rejection else { continue };
        let charged = match rules.failure {
            Failure::InBlock => Charged::Yes,
            Failure::Charged if numbered && used && !rejection.is(Rejection::WRONG_SEQUENCE) => {
                charged(flight, view, seen)
            }
            Failure::Charged => Charged::No,
        };
        match charged {
            Charged::No => {}
            Charged::Yes => {
                let (height, rejection) = (Some(seen.height), rejection.clone());
                let (fee, hash) = (Some(attempt.fee.clone()), Some(attempt.hash));
                return Happened::End(attempt, seen.height, End::Failed { height, rejection, fee, hash });
            }
            Charged::AskBlocks => return Happened::AskBlocks,
            Charged::Unclear(why) => return Happened::Unclear(why),
        }
    }
    Happened::Nothing
}

/// A node can take bytes just before their timeout, and a block just after it can hold them: there their check fails, and nothing happens.
fn came_too_late(attempt: &Attempt, seen: &Seen) -> bool {
    seen.rejection.is_some() && seen.height > attempt.timeout
}

fn contradiction(attempt: &Attempt, seen: &Seen, view: &View) -> Option<&'static str> {
    if seen.height > attempt.timeout || seen.height <= attempt.planned {
        return Some("the node reports it in a block that cannot hold it");
    }
    (seen.height > view.height).then_some("a block holds it, and the account was read before that block")
}

/// Whether a failure in a block used the number.
enum Charged {
    No,
    Yes,
    AskBlocks,
    Unclear(&'static str),
}

fn charged(flight: Flight<'_>, view: &View, seen: &Seen) -> Charged {
    let number = flight.attempts.last().map_or(0, |attempt| attempt.sequence);
    let moved = seen.sequence_after.map(|after| after > number);
    match (moved, &view.scan) {
        (Some(false), _) => Charged::No,
        // Nothing else of ours can have moved it.
        (Some(true), _) if flight.attempts.len() == 1 => Charged::Yes,
        // A sibling in the same block, or the same bytes in a later one, may have.
        (Some(true) | None, None) => Charged::AskBlocks,
        (Some(true) | None, Some(scan)) if is_unresolved(view, scan) => Charged::Unclear(UNRESOLVED),
        (None, Some(scan)) if scan.other.is_some() => Charged::No,
        (Some(true) | None, Some(_)) => Charged::Yes,
    }
}

const UNRESOLVED: &str = "a block holds it, and the node has no result for it yet";

/// True when a block holds one of them, and its result is not known, or is that of an earlier block.
fn is_unresolved(view: &View, scan: &Scan) -> bool {
    let known = |hash| view.results.get(hash).map_or(Height::default(), |seen| seen.height);
    scan.ours.iter().any(|(hash, height)| *height > known(hash))
}

/// One of them used the number, so the others never will.
fn ends(
    flight: Flight<'_>,
    view: &View,
    (winner, height): (&Attempt, Height),
    end: End,
) -> Vec<(TxHash, End)> {
    let (from, to) = flight.span(view.height);
    let evidence = Evidence::SequenceUsed { from, to, seen_at: view.height, by: Some((height, winner.hash)) };
    let others = flight.attempts.iter().filter(|attempt| attempt.hash != winner.hash);
    let others = others.map(|a| (a.hash, End::Dead { hash: a.hash, evidence: evidence.clone() }));
    std::iter::once((winner.hash, end)).chain(others).collect()
}

/// Dead, because another used the number, unless a block holds one of them whose result is not known yet.
fn judge(flight: Flight<'_>, view: &View, scan: &Scan) -> Step {
    if is_unresolved(view, scan) {
        return Step::Wait(UNRESOLVED);
    }
    let (from, to) = flight.span(view.height);
    let evidence = Evidence::SequenceUsed { from, to, seen_at: view.height, by: scan.other };
    Step::End(dead(flight, &evidence))
}

fn expired(flight: Flight<'_>, view: &View) -> Evidence {
    let (from, to) = flight.span(flight.timeout());
    Evidence::Expired { from, to, seen_at: view.height }
}

fn dead(flight: Flight<'_>, evidence: &Evidence) -> Vec<(TxHash, End)> {
    let end = |hash| End::Dead { hash, evidence: evidence.clone() };
    flight.attempts.iter().map(|attempt| (attempt.hash, end(attempt.hash))).collect()
}
