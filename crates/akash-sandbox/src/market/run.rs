//! One transaction at work: a copy of the state that is kept when every message succeeds and dropped when one fails.

use super::event::{Event, Json};
use super::state::State;

/// The work of one transaction.
#[derive(Debug)]
pub(crate) struct Run {
    /// The state as it is now; its height and time are those of the block being made.
    pub(crate) state: State,
    /// What happened so far, in order; stays empty when nobody asks.
    pub(crate) events: Vec<Event>,
    asked: bool,
    /// Gas burnt so far.
    pub(crate) gas: u64,
}

impl Run {
    pub(crate) const fn new(state: State) -> Self {
        Self { state, events: Vec::new(), asked: true, gas: 0 }
    }

    /// The same where nobody asks what happened: the texts of events would be much of the work.
    pub(crate) fn quiet(state: State) -> Self {
        Self { asked: false, ..Self::new(state) }
    }

    /// Burns gas.
    pub(crate) const fn burn(&mut self, gas: u64) {
        self.gas = self.gas.saturating_add(gas);
    }

    /// Emits a typed event that says only which thing it is about.
    pub(crate) fn emit(&mut self, kind: &'static str, id: &impl Json) {
        self.emit_with(kind, || [("id", id.json())]);
    }

    /// Emits a typed event; the attributes must be sorted by key, as nodes sort them.
    pub(crate) fn emit_with<const N: usize>(
        &mut self,
        kind: &'static str,
        attributes: impl FnOnce() -> [(&'static str, String); N],
    ) {
        self.tell(|| [Event::new(kind, attributes())]);
    }

    /// Says what happened; the events are made only when somebody asks.
    pub(crate) fn tell<const N: usize>(&mut self, events: impl FnOnce() -> [Event; N]) {
        if self.asked {
            self.events.extend(events());
        }
    }
}
