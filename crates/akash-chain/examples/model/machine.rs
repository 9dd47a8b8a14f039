//! The machine: what it sees, and what it does about it by the sender's own decisions.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::LazyLock;

use akash_chain::decision::{
    Begin, Death, Flight, Numbering, Rules, Scan, Seen, Step, View, Witness, begin, believed, next,
};
use akash_chain::{Attempt, End, Evidence};
use akash_types::{Address, Coin, Height, Rejection};
use akash_wallet::TxHash;

use crate::world::{Action, Ended, HEIGHTS, Outcome, Signed, State, WINDOW};

/// Blocks that a node's index of transactions is behind its height.
const INDEX_LAG: u8 = 2;
/// A number that nobody else uses.
const FIRST_NONCE: u8 = 100;

/// The account; making an address takes longer than everything else.
#[expect(clippy::expect_used, reason = "20 bytes are an address")]
static SIGNER: LazyLock<Address> =
    LazyLock::new(|| Address::from_bytes(&[1; 20]).expect("20 bytes are an address"));

/// A look of which something follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Look {
    seen_at: u8,
    /// The endpoint says that nothing ever happened, and may make its height up.
    lies: bool,
    /// Nodes ask for more than is offered.
    too_cheap: bool,
    /// What an honest endpoint sees at this height.
    witness: Option<u8>,
    step: Step,
}

impl Look {
    /// How many ends follow.
    const fn ends(&self) -> usize {
        match &self.step {
            Step::End(ends) => ends.len(),
            Step::Broadcast | Step::Replace | Step::Wait(_) | Step::Scan => 0,
        }
    }
}

/// What can be done by somebody who begins with the journal.
pub(crate) fn acts(rules: &Rules, state: &State, can_crash: bool, actions: &mut Vec<Action>) {
    let attempts = match begin(&known(state)) {
        Begin::Done(_) => return,
        Begin::Plan { .. } => return plans(rules, state, actions),
        Begin::Follow(attempts) => attempts,
    };
    for look in looks(rules, state, &attempts) {
        if can_crash && look.ends() > 1 {
            actions.push(Action::Look { look: look.clone(), written: Some(1) });
        }
        actions.push(Action::Look { look, written: None });
    }
}

fn plans(rules: &Rules, state: &State, actions: &mut Vec<Action>) {
    if !state.may_sign() {
        return;
    }
    let most_ahead = u8::from(rules.numbering == Numbering::Sequence);
    for seen_at in 1..=state.height() {
        actions.extend((0..=most_ahead).map(|ahead| Action::Plan { seen_at, ahead }));
    }
}

pub(crate) fn plan(rules: &Rules, state: &mut State, seen_at: u8, ahead: u8) {
    let sequence = state.sequence_at(seen_at).saturating_add(u64::from(ahead));
    let fresh = FIRST_NONCE.saturating_add(u8::try_from(state.attempts.len()).unwrap_or(u8::MAX));
    let number = rules.number(&known(state), sequence, u64::from(fresh));
    sign(rules, state, u8::try_from(number).unwrap_or(u8::MAX), (seen_at, 0));
}

fn sign(rules: &Rules, state: &mut State, number: u8, (planned, least): (u8, u64)) {
    let timeout = rules.timeout(Height(u64::from(planned)), WINDOW).0.max(least);
    state.setting_out = Some((state.attempts.len(), 0));
    state.attempts.push(Signed { number, planned, timeout, recorded: false, sent: false, end: None });
}

/// Every look that changes something.
fn looks(rules: &Rules, state: &State, attempts: &[Attempt]) -> Vec<Look> {
    let mut looks = Vec::new();
    for lies in [false, true] {
        let newest = if lies { HEIGHTS + 1 } else { state.height() };
        for seen_at in 1..=newest {
            for too_cheap in [false, true] {
                if too_cheap && rules.replacements == 0 {
                    continue;
                }
                let step = step(rules, state, attempts, (seen_at, lies, too_cheap));
                let look = Look { seen_at, lies, too_cheap, witness: None, step };
                looks.extend(consequences(rules, state, attempts, look));
            }
        }
    }
    looks
}

fn consequences(rules: &Rules, state: &State, attempts: &[Attempt], look: Look) -> Vec<Look> {
    match &look.step {
        Step::Wait(_) | Step::Scan => Vec::new(),
        Step::Replace if !state.may_sign() => Vec::new(),
        Step::Broadcast | Step::Replace => vec![look],
        Step::End(ends) => {
            let believes = |height: &u8| {
                let theirs = step(rules, state, attempts, (*height, false, false));
                let shows = Witness::Shows(Height(u64::from(*height)), theirs);
                believed(rules, ends, &[shows]).is_none()
            };
            let heights: Vec<u8> = (1..=state.height()).filter(believes).collect();
            // They all lead to the same.
            heights.last().map(|height| Look { witness: Some(*height), ..look.clone() }).into_iter().collect()
        }
    }
}

/// Does what follows from a look; at most `written` ends reach the journal.
pub(crate) fn follow(rules: &Rules, state: &mut State, look: &Look, written: usize) {
    match &look.step {
        Step::Wait(_) | Step::Scan => {}
        Step::Broadcast => {
            if let Some(last) = open(state).last().copied()
                && let Some(attempt) = state.attempts.get_mut(last)
            {
                attempt.sent = true;
            }
        }
        Step::Replace => {
            let last = open(state).last().and_then(|index| state.attempts.get(*index));
            if let Some((number, timeout)) = last.map(|attempt| (attempt.number, attempt.timeout)) {
                sign(rules, state, number, (look.seen_at, timeout));
            }
        }
        Step::End(ends) => {
            for (hash, end) in ends.iter().take(written) {
                let index = usize::from(hash.0[0]);
                if let Some(attempt) = state.attempts.get_mut(index) {
                    attempt.end = Some(short(end));
                }
            }
        }
    }
}

/// The decision of one endpoint's word.
fn step(rules: &Rules, state: &State, attempts: &[Attempt], how: (u8, bool, bool)) -> Step {
    let (seen_at, lies, too_cheap) = how;
    let is_sent = |attempt: &Attempt| {
        state.attempts.get(usize::from(attempt.hash.0[0])).is_some_and(|signed| signed.sent)
    };
    // Sent once is sent for good here: what is repeated changes nothing.
    let sent = attempts.last().filter(|attempt| is_sent(attempt)).map(|_| Height(u64::from(seen_at)));
    let flight = Flight { attempts, sent, every: 2 };
    let late = matches!(rules.death, Death::Patience);
    let mut view = View { height: Height(u64::from(seen_at)), too_cheap, late, ..View::default() };
    if lies {
        view.sequence = attempts.last().map_or(0, |attempt| attempt.sequence);
        view.scan = Some(Scan::default());
        return next(rules, flight, &view);
    }
    view.sequence = state.sequence_at(seen_at);
    view.results = results(state, attempts, seen_at);
    match next(rules, flight, &view) {
        Step::Scan => {
            view.scan = Some(scan(state, flight, seen_at));
            next(rules, flight, &view)
        }
        step @ (Step::Broadcast | Step::Replace | Step::Wait(_) | Step::End(_)) => step,
    }
}

/// What the index of a node says, which is behind its height.
fn results(state: &State, attempts: &[Attempt], seen_at: u8) -> BTreeMap<TxHash, Seen> {
    let indexed = state.held_until(seen_at.saturating_sub(INDEX_LAG));
    let ours =
        indexed.filter_map(|(height, held)| held.attempt.map(|index| (height, hash(index), held.outcome)));
    ours.filter(|(_, hash, _)| attempts.iter().any(|attempt| attempt.hash == *hash))
        .map(|(height, hash, outcome)| {
            let rejection = match outcome {
                Outcome::Executed => None,
                Outcome::Charged | Outcome::NotCharged => Some(Rejection::new("deployment", 5, "")),
            };
            let sequence_after = Some(state.sequence_at(height));
            let height = Height(u64::from(height));
            (hash, Seen { height, rejection, gas_used: 0, sequence_after })
        })
        .collect()
}

/// What the blocks say.
fn scan(state: &State, flight: Flight<'_>, seen_at: u8) -> Scan {
    let (from, to) = flight.span(Height(u64::from(seen_at)));
    let mut scan = Scan::default();
    for (height, held) in state.held_until(seen_at) {
        let height = Height(u64::from(height));
        match held.attempt.map(hash) {
            _ if height < from || height > to => {}
            Some(ours) if flight.attempts.iter().any(|attempt| attempt.hash == ours) => {
                scan.ours.insert(ours, height);
            }
            Some(_) => {}
            None => scan.other = Some((height, TxHash([255; 32]))),
        }
    }
    scan
}

/// What the journal knows.
fn known(state: &State) -> Vec<Attempt> {
    let recorded = state.attempts.iter().enumerate().filter(|(_, signed)| signed.recorded);
    recorded.map(|(index, signed)| attempt(index, signed)).collect()
}

/// The attempts that the journal has open.
fn open(state: &State) -> Vec<usize> {
    let open =
        state.attempts.iter().enumerate().filter(|(_, signed)| signed.recorded && signed.end.is_none());
    open.map(|(index, _)| index).collect()
}

fn hash(index: usize) -> TxHash {
    TxHash([u8::try_from(index).unwrap_or(u8::MAX); 32])
}

fn attempt(index: usize, signed: &Signed) -> Attempt {
    let hash = hash(index);
    let end = signed.end.map(|end| match end {
        Ended::Landed(height) => {
            End::Landed { height: Height(u64::from(height)), hash, fee: Coin::uakt(0), gas_used: 0 }
        }
        Ended::Failed(height) => End::Failed {
            height: Some(Height(u64::from(height))),
            rejection: Rejection::new("deployment", 5, ""),
            fee: None,
            hash: Some(hash),
        },
        Ended::Dead => {
            let evidence = Evidence::Expired { from: Height(0), to: Height(0), seen_at: Height(0) };
            End::Dead { hash, evidence }
        }
    });
    Attempt {
        intent: String::new(),
        signer: SIGNER.clone(),
        account_number: 0,
        sequence: u64::from(signed.number),
        planned: Height(u64::from(signed.planned)),
        timeout: Height(signed.timeout),
        hash,
        bytes: Vec::new(),
        fee: Coin::uakt(0),
        end,
    }
}

fn short(end: &End) -> Ended {
    let low = |height: Height| u8::try_from(height.0).unwrap_or(u8::MAX);
    match end {
        End::Landed { height, .. } => Ended::Landed(low(*height)),
        End::Failed { height, .. } => Ended::Failed(height.map_or(0, low)),
        End::Dead { .. } => Ended::Dead,
    }
}

impl fmt::Display for Look {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let who = if self.lies { "look at an endpoint that lies, at height" } else { "look at height" };
        let what = match &self.step {
            Step::Broadcast => "broadcast again",
            Step::Replace => "sign a dearer attempt with the same number",
            Step::End(ends) if ends.iter().all(|(_, end)| end.is_dead()) => "dead",
            Step::End(ends) if ends.iter().any(|(_, end)| end.is_landed()) => "landed",
            Step::End(_) => "failed for good",
            Step::Wait(_) | Step::Scan => "wait",
        };
        write!(f, "{who} {}: {what}", self.seen_at)
    }
}
