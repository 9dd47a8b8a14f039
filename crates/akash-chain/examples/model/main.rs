//! Every interleaving of one intent with a chain, nodes that lag or lie, other programs and crashes, under several rules: `cargo xtask model`.
//!
//! What the machine does is decided by [`akash_chain::decision`], the very functions of the sender. The rules of the program must never
//! let an intent happen twice; seven other sets of rules, each of which is plausible, must each be seen to.

mod machine;
mod rule_sets;
mod table;
mod world;

use std::process::ExitCode;

use stateright::{Checker as _, Model as _};

use crate::rule_sets::{RULE_SETS, RuleSet};
use crate::world::World;

/// Processor cores to use.
const THREADS: usize = 2;

fn main() -> ExitCode {
    let mut as_expected = true;
    for set in RULE_SETS {
        let found = explore(set);
        as_expected &= found.is_as_expected(set);
        table::print(set, &found);
    }
    if as_expected {
        table::say("all rule sets are as they should be");
        return ExitCode::SUCCESS;
    }
    table::say("FAILED: a rule set is not as it should be");
    ExitCode::FAILURE
}

/// What the exploration of one rule set found.
struct Found {
    states: usize,
    /// The shortest story in which the intent happens twice.
    twice: Option<Vec<String>>,
    /// It can happen at all; also after an attempt that died.
    can_finish: bool,
}

impl Found {
    fn is_as_expected(&self, set: &RuleSet) -> bool {
        self.twice.is_none() == set.safe && (self.can_finish || !set.safe)
    }
}

fn explore(set: &RuleSet) -> Found {
    let checker = World { rules: set.rules }.checker().threads(THREADS);
    // Whoever looks for the bug stops at it; whoever proves its absence sees everything.
    let done = if set.safe { checker.spawn_bfs().join() } else { checker.threads(1).spawn_bfs().join() };
    let twice = done.discovery(world::AT_MOST_ONCE).map(|path| path.into_actions());
    Found {
        states: done.unique_state_count(),
        twice: twice.map(|actions| actions.iter().map(ToString::to_string).collect()),
        can_finish: [world::CAN_FINISH, world::CAN_FINISH_AFTER_A_DEATH]
            .into_iter()
            .all(|name| done.discovery(name).is_some()),
    }
}
