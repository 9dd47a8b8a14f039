//! What goes wrong, and when.

use std::collections::BTreeMap;

use rayakash_engine::ports::Outcome;

/// What happens to one act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It is refused for good.
    Refused,
    /// It is not even tried.
    NotTried,
    /// It is done, and the answer is lost.
    AnswerLost,
    /// It is lost on the way, and that is not known at first.
    LostBefore,
    /// It is not done until somebody lets it go on.
    HeldBefore,
    /// It is done, and its answer does not come until somebody lets it go on.
    HeldAfter,
}

impl Fault {
    pub(crate) const ALL: [Self; 6] = [
        Self::Refused,
        Self::NotTried,
        Self::AnswerLost,
        Self::LostBefore,
        Self::HeldBefore,
        Self::HeldAfter,
    ];
}

/// What is still to go wrong, and what became of each intent.
#[derive(Default)]
pub(crate) struct Script {
    /// By the act's name and how many times it is begun.
    to_come: BTreeMap<(&'static str, u32), Fault>,
    begun: BTreeMap<&'static str, u32>,
    /// How many faults have struck.
    pub(crate) struck: u32,
    /// An act is held.
    pub(crate) held: bool,
    /// Moments so far, and the one at which what is going on is held.
    moments: u32,
    last_moment: Option<u32>,
    /// Intents that were performed.
    pub(crate) intents: Vec<String>,
    /// How the transactions of intents ended.
    ends: BTreeMap<String, Outcome>,
    /// Intents whose end is not known at the first question.
    unclear: Vec<String>,
}

impl Script {
    /// The `nth` time that an act is begun, this happens.
    pub(crate) fn plan(&mut self, act: &'static str, nth: u32, fault: Fault) {
        self.to_come.insert((act, nth), fault);
    }

    /// At this moment what is going on is held.
    pub(crate) fn hold_at(&mut self, moment: u32) {
        self.last_moment = Some(moment);
    }

    /// Counts a moment. True when it is the one to hold at.
    pub(crate) fn moment(&mut self) -> bool {
        self.moments += 1;
        let last = self.last_moment == Some(self.moments);
        self.last_moment = self.last_moment.filter(|_| !last);
        last
    }

    /// Nothing is still to go wrong.
    pub(crate) fn is_over(&self) -> bool {
        self.to_come.is_empty() && self.last_moment.is_none()
    }

    pub(crate) fn begin(&mut self, act: &'static str) -> Option<Fault> {
        let nth = self.begun.entry(act).or_default();
        *nth += 1;
        self.to_come.remove(&(act, *nth))
    }

    /// How often an act was begun.
    pub(crate) fn begun(&self, act: &str) -> u32 {
        self.begun.get(act).copied().unwrap_or(0)
    }

    /// How many acts were begun.
    pub(crate) fn all_begun(&self) -> u32 {
        self.begun.values().sum()
    }

    /// The end of a transaction, for those who ask later.
    pub(crate) fn ended(&mut self, intent: &str, end: &Outcome) {
        let before = self.ends.insert(intent.to_owned(), end.clone());
        assert_eq!(before, None, "intent {intent} was performed twice");
    }

    /// Nobody knows at the first question.
    pub(crate) fn doubt(&mut self, intent: &str) {
        self.unclear.push(intent.to_owned());
    }

    pub(crate) fn pursue(&mut self, intent: &str) -> Outcome {
        if let Some(at) = self.unclear.iter().position(|unclear| unclear == intent) {
            self.unclear.remove(at);
            return in_doubt();
        }
        let never = || Outcome::NotStarted { why: "it was in no block and cannot be in one".to_owned() };
        self.ends.get(intent).cloned().unwrap_or_else(never)
    }
}

pub(crate) fn in_doubt() -> Outcome {
    Outcome::InDoubt { why: "the node does not answer".to_owned(), tx: None, dead_at: None }
}
