//! Faults on demand.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Something that goes wrong because somebody asked for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Fault {
    /// The next broadcast is refused before the node has looked at it.
    Refuse,
    /// The next broadcast is looked at this much later.
    Delay {
        /// Milliseconds.
        ms: u64,
    },
    /// The next broadcast is accepted, and its answer is lost.
    DropAnswer,
    /// The next broadcast is accepted, and its answer is lost after a block has it.
    DropAnswerAfterCommit,
    /// No blocks are made until [`Fault::Resume`].
    Halt,
    /// Blocks are made again.
    Resume,
    /// The node says that it is another version, as after an upgrade; until the sandbox ends.
    Version {
        /// Which, such as `v3.0.0`.
        version: String,
    },
}

/// The faults that were asked for.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    pub(crate) halted: bool,
    pub(crate) version: Option<String>,
    refuse: u32,
    drop_answer: u32,
    drop_after_commit: u32,
    delay: Option<Duration>,
}

/// What happens to one broadcast.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Given,
    Dropped,
    DroppedAfterCommit,
}

impl Faults {
    pub(crate) fn ask(&mut self, fault: Fault) {
        match fault {
            Fault::Refuse => self.refuse = self.refuse.saturating_add(1),
            Fault::Delay { ms } => self.delay = Some(Duration::from_millis(ms)),
            Fault::DropAnswer => self.drop_answer = self.drop_answer.saturating_add(1),
            Fault::DropAnswerAfterCommit => self.drop_after_commit = self.drop_after_commit.saturating_add(1),
            Fault::Halt => self.halted = true,
            Fault::Resume => self.halted = false,
            Fault::Version { version } => self.version = Some(version),
        }
    }

    pub(crate) const fn take_delay(&mut self) -> Option<Duration> {
        self.delay.take()
    }

    pub(crate) const fn take_refusal(&mut self) -> bool {
        take(&mut self.refuse)
    }

    pub(crate) const fn take_answer(&mut self) -> Answer {
        if take(&mut self.drop_after_commit) {
            Answer::DroppedAfterCommit
        } else if take(&mut self.drop_answer) {
            Answer::Dropped
        } else {
            Answer::Given
        }
    }
}

const fn take(count: &mut u32) -> bool {
    let some = *count > 0;
    *count = count.saturating_sub(1);
    some
}
