//! Where to begin with an intent, from what the journal knows of it.

use akash_types::Rejection;
use akash_wallet::TxHash;

use crate::{Attempt, End};

/// So many times more gas is offered after the gas ran out.
pub(crate) const MOST_GAS_TRIES: usize = 3;

/// Where to begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begin {
    /// It has happened.
    Done(End),
    /// Attempts may still be executed. They all have the same number, or the oldest come first.
    Follow(Vec<Attempt>),
    /// Nothing can happen by itself any more, so a new attempt can be made.
    Plan {
        /// The attempt that ran out of gas last, when that is why the last one failed, and it was not tried too often.
        out_of_gas: Option<TxHash>,
    },
}

/// Where to begin with an intent. `known` are all its attempts, oldest first.
pub fn begin(known: &[Attempt]) -> Begin {
    if let Some(end) = known.iter().filter_map(|attempt| attempt.end.as_ref()).find(|end| end.is_landed()) {
        return Begin::Done(end.clone());
    }
    let open: Vec<Attempt> = known.iter().filter(|attempt| attempt.end.is_none()).cloned().collect();
    if !open.is_empty() {
        return Begin::Follow(open);
    }
    let starved = known.iter().rev().take_while(|attempt| ran_out_of_gas(attempt));
    let out_of_gas =
        if starved.clone().count() < MOST_GAS_TRIES { starved.map(|a| a.hash).next() } else { None };
    Begin::Plan { out_of_gas }
}

/// Charged, and nothing done, only because the gas limit was too low.
pub(crate) fn ran_out_of_gas(attempt: &Attempt) -> bool {
    match &attempt.end {
        Some(End::Failed { height: Some(_), rejection, .. }) => rejection.is(Rejection::OUT_OF_GAS),
        Some(End::Failed { .. } | End::Landed { .. } | End::Dead { .. }) | None => false,
    }
}
