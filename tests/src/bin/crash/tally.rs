//! What the seeds have shown.

use std::collections::BTreeMap;

use rayakash_testkit::Record;
use rayakash_tests::report::say;

use crate::plan::KINDS;

/// Results so far.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// How often a kind was last, by phase and kind.
    seen: BTreeMap<(&'static str, String), u64>,
    failures: u64,
    kills: u64,
}

impl Tally {
    /// The daemon was killed after this record, and what came of it is right.
    pub(crate) fn killed(&mut self, seed: u64, phase: &'static str, last: &Record, then: &str) {
        self.kills += 1;
        *self.seen.entry((phase, last.kind.clone())).or_default() += 1;
        let what = if last.act.is_empty() { &last.text } else { &last.act };
        let what: String = what.chars().take(24).collect();
        say(&format!("{seed:>4}  {phase:<5}  {:<10} {what:<26}  {then}", last.kind));
    }

    /// A seed went wrong.
    pub(crate) fn failed(&mut self, seed: u64, why: &str) {
        self.failures += 1;
        say(&format!("{seed:>4}  FAILED {why}"));
    }

    /// Prints the table. True when nothing failed and every kind was the last one at least once in `up` and in `down`.
    pub(crate) fn conclude(&self) -> bool {
        say("\nlast record     up  down");
        let count = |phase, kind: &str| self.seen.get(&(phase, kind.to_owned())).copied().unwrap_or(0);
        let others = self.seen.keys().map(|(_, kind)| kind.as_str()).filter(|kind| !KINDS.contains(kind));
        let others: std::collections::BTreeSet<&str> = others.collect();
        for kind in KINDS.into_iter().chain(others) {
            say(&format!("{kind:<12} {:>5} {:>5}", count("up", kind), count("down", kind)));
        }
        let missed: Vec<String> = ["up", "down"]
            .into_iter()
            .flat_map(|phase| KINDS.map(|kind| (phase, kind)))
            .filter(|(phase, kind)| count(phase, kind) == 0)
            .map(|(phase, kind)| format!("{kind} in {phase}"))
            .collect();
        if !missed.is_empty() {
            say(&format!("never the last record: {}", missed.join(", ")));
        }
        say(&format!("{} kills, {} seeds failed", self.kills, self.failures));
        missed.is_empty() && self.failures == 0
    }
}
