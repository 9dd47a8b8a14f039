//! The chain, and everything that can go on around one intent.

use std::fmt;

use akash_chain::decision::{Numbering, Outset, Rules};
use stateright::{Model, Property};

use crate::machine::{self, Look};

/// The last block of a story.
pub(crate) const HEIGHTS: u8 = 7;
/// Blocks that an attempt may take.
pub(crate) const WINDOW: u64 = 3;
const ATTEMPTS: usize = 3;
const CRASHES: u8 = 2;
const FOREIGN: u8 = 2;

pub(crate) const AT_MOST_ONCE: &str = "at most once";
pub(crate) const CAN_FINISH: &str = "can finish";
pub(crate) const CAN_FINISH_AFTER_A_DEATH: &str = "can finish after a death";

/// The world under some rules.
pub(crate) struct World {
    pub(crate) rules: Rules,
}

/// A moment of a story.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct State {
    /// What each block holds; the first one is at height 1. At most one transaction matters in each.
    pub(crate) blocks: Vec<Option<InBlock>>,
    /// Every attempt that was ever signed.
    pub(crate) attempts: Vec<Signed>,
    /// What the machine is about, until it crashes: an attempt that it sets out with, and which step of that comes next.
    pub(crate) setting_out: Option<(usize, usize)>,
    crashes: u8,
    foreign: u8,
}

/// A signed attempt: its numbers, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Signed {
    pub(crate) number: u8,
    pub(crate) planned: u8,
    pub(crate) timeout: u64,
    /// The journal has it.
    pub(crate) recorded: bool,
    /// Somebody else has the bytes.
    pub(crate) sent: bool,
    /// What the journal has of its end.
    pub(crate) end: Option<Ended>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Ended {
    Landed(u8),
    Failed(u8),
    Dead,
}

/// A transaction in a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct InBlock {
    /// Which attempt; none: a transaction of somebody else with the same key.
    pub(crate) attempt: Option<usize>,
    pub(crate) outcome: Outcome,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Outcome {
    Executed,
    /// The fee was taken, the number used, and nothing done.
    Charged,
    /// Its check failed at delivery: it can still be executed later.
    NotCharged,
}

/// Something happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// A new attempt is signed by what a node shows at a height; `ahead` counts one more in the mempool.
    Plan {
        seen_at: u8,
        ahead: u8,
    },
    /// The next step of setting out.
    SetOut(Outset),
    /// A look, and what follows from it. The journal has as many ends as are `written` when the machine crashes, or all.
    Look {
        look: Look,
        written: Option<usize>,
    },
    Crash,
    Block(Option<InBlock>),
}

impl State {
    pub(crate) fn height(&self) -> u8 {
        u8::try_from(self.blocks.len()).unwrap_or(u8::MAX)
    }

    /// The account's next sequence number at a height.
    pub(crate) fn sequence_at(&self, height: u8) -> u64 {
        let used = |held: &InBlock| !matches!(held.outcome, Outcome::NotCharged);
        self.held_until(height).filter(|(_, held)| used(held)).map(|_| 1).sum()
    }

    /// What blocks hold up to a height.
    pub(crate) fn held_until(&self, height: u8) -> impl Iterator<Item = (u8, InBlock)> {
        let held = self.blocks.iter().take(usize::from(height)).zip(1_u8..);
        held.filter_map(|(held, height)| held.map(|held| (height, held)))
    }

    fn executed(&self) -> usize {
        let of_ours = |held: &InBlock| held.attempt.is_some() && held.outcome == Outcome::Executed;
        self.held_until(HEIGHTS).filter(|(_, held)| of_ours(held)).count()
    }

    /// True when nothing with this attempt's number was executed.
    fn is_unused(&self, attempt: &Signed, numbering: Numbering) -> bool {
        match numbering {
            Numbering::Sequence => self.sequence_at(self.height()) == u64::from(attempt.number),
            Numbering::OneNonce | Numbering::FreshNonce => !self.held_until(HEIGHTS).any(|(_, held)| {
                let same = held.attempt.and_then(|index| self.attempts.get(index));
                held.outcome != Outcome::NotCharged
                    && same.is_some_and(|other| other.number == attempt.number)
            }),
        }
    }

    fn next_blocks(&self, numbering: Numbering) -> Vec<Option<InBlock>> {
        let mut blocks = vec![None];
        if self.foreign < FOREIGN && numbering == Numbering::Sequence {
            blocks.push(Some(InBlock { attempt: None, outcome: Outcome::Executed }));
        }
        for (index, attempt) in self.attempts.iter().enumerate().filter(|(_, attempt)| attempt.sent) {
            let held = |outcome| Some(InBlock { attempt: Some(index), outcome });
            if !self.is_unused(attempt, numbering) {
                continue;
            }
            // A block just after the timeout can hold it too, and refuse it.
            blocks.push(held(Outcome::NotCharged));
            if u64::from(self.height()) < attempt.timeout {
                blocks.extend([held(Outcome::Executed), held(Outcome::Charged)]);
            }
        }
        blocks
    }

    fn landed(&self) -> bool {
        self.attempts.iter().any(|attempt| matches!(attempt.end, Some(Ended::Landed(_))))
    }

    pub(crate) fn may_sign(&self) -> bool {
        self.attempts.len() < ATTEMPTS
    }

    fn crash(&mut self) {
        self.crashes += 1;
        self.setting_out = None;
    }
}

impl Model for World {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State { blocks: vec![None], attempts: Vec::new(), setting_out: None, crashes: 0, foreign: 0 }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        if state.height() < HEIGHTS {
            actions.extend(state.next_blocks(self.rules.numbering).into_iter().map(Action::Block));
        }
        let can_crash = state.crashes < CRASHES;
        if can_crash && state.setting_out.is_some() {
            actions.push(Action::Crash);
        }
        if let Some((_, step)) = state.setting_out {
            actions.extend(self.rules.outset.get(step).copied().map(Action::SetOut));
            return;
        }
        machine::acts(&self.rules, state, can_crash, actions);
    }

    fn next_state(&self, before: &State, action: Action) -> Option<State> {
        let mut state = before.clone();
        match action {
            Action::Plan { seen_at, ahead } => machine::plan(&self.rules, &mut state, seen_at, ahead),
            Action::SetOut(outset) => {
                let (index, step) = state.setting_out?;
                let attempt = state.attempts.get_mut(index)?;
                match outset {
                    Outset::Record => attempt.recorded = true,
                    Outset::Broadcast => attempt.sent = true,
                }
                state.setting_out = (step == 0).then_some((index, 1));
            }
            Action::Look { look, written } => {
                machine::follow(&self.rules, &mut state, &look, written.unwrap_or(usize::MAX));
                if written.is_some() {
                    state.crash();
                }
            }
            Action::Crash => state.crash(),
            Action::Block(held) => {
                state.foreign += u8::from(held.is_some_and(|held| held.attempt.is_none()));
                state.blocks.push(held);
            }
        }
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(AT_MOST_ONCE, |_, state: &State| state.executed() <= 1),
            Property::sometimes(CAN_FINISH, |_, state: &State| state.landed()),
            Property::sometimes(CAN_FINISH_AFTER_A_DEATH, |_, state: &State| {
                state.executed() > 0 && state.attempts.iter().any(|attempt| attempt.end == Some(Ended::Dead))
            }),
        ]
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plan { seen_at, ahead: 0 } => {
                write!(f, "sign an attempt by the account at height {seen_at}")
            }
            Self::Plan { seen_at, ahead } => {
                write!(f, "sign an attempt by the account at height {seen_at}, {ahead} ahead")
            }
            Self::SetOut(Outset::Record) => f.write_str("write it down"),
            Self::SetOut(Outset::Broadcast) => f.write_str("broadcast it"),
            Self::Look { look, written: None } => write!(f, "{look}"),
            Self::Look { look, written: Some(n) } => write!(f, "{look}; crash after {n} of them is written"),
            Self::Crash => f.write_str("crash"),
            Self::Block(None) => f.write_str("an empty block"),
            Self::Block(Some(InBlock { attempt: None, .. })) => {
                f.write_str("a block with a transaction of another program")
            }
            Self::Block(Some(InBlock { attempt: Some(index), outcome })) => {
                let how = match outcome {
                    Outcome::Executed => "executed",
                    Outcome::Charged => "failed, charged",
                    Outcome::NotCharged => "failed, not charged",
                };
                write!(f, "a block with attempt {index}: {how}")
            }
        }
    }
}
