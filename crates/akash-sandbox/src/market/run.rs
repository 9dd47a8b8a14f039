//! One transaction at work: a copy of the state that is kept when every message succeeds and dropped when one fails.

use super::event::{Event, Json};
use super::state::State;

/// The work of one transaction.
#[derive(Debug)]
pub(crate) struct Run {
    /// The state as it is now; its height and time are those of the block being made.
    pub(crate) state: State,
    /// What happened so far, in order.
    pub(crate) events: Vec<Event>,
    /// Gas burnt so far.
    pub(crate) gas: u64,
}

impl Run {
    pub(crate) const fn new(state: State) -> Self {
        Self { state, events: Vec::new(), gas: 0 }
    }

    /// Burns gas.
    pub(crate) const fn burn(&mut self, gas: u64) {
        self.gas = self.gas.saturating_add(gas);
    }

    /// Emits a typed event that says only which thing it is about.
    pub(crate) fn emit(&mut self, kind: &str, id: &impl Json) {
        self.events.push(Event::new(kind, &[("id", &id.json())]));
    }

    /// Emits a typed event; the attributes must be sorted by key, as nodes sort them.
    pub(crate) fn emit_with(&mut self, kind: &str, attributes: &[(&str, &str)]) {
        self.events.push(Event::new(kind, attributes));
    }
}
