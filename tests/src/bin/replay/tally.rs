//! What became of the steps.

use std::path::Path;

use rayakash_tests::report::say;

/// What became of one step.
pub(crate) enum Verdict {
    /// The sandbox answered the same.
    Equal,
    /// It did not; each way in which not.
    Different(Vec<String>),
    /// It was not taken, and why.
    Excluded(String),
}

/// What differs, or that nothing does.
impl From<Vec<String>> for Verdict {
    fn from(ways: Vec<String>) -> Self {
        if ways.is_empty() { Self::Equal } else { Self::Different(ways) }
    }
}

/// A step's verdict, and how its gas compares where both are known.
pub(crate) struct Judged {
    pub(crate) verdict: Verdict,
    /// Recorded and ours.
    pub(crate) gas: Option<(u64, u64)>,
}

impl From<Verdict> for Judged {
    fn from(verdict: Verdict) -> Self {
        Self { verdict, gas: None }
    }
}

/// All files together.
#[derive(Default)]
pub(crate) struct Tally {
    equal: usize,
    different: usize,
    excluded: usize,
    gas: usize,
    gas_near: usize,
}

impl Tally {
    /// Counts a file, or a folder of small ones, and prints its line; each step has a label.
    pub(crate) fn add(&mut self, name: &str, rows: Vec<(String, Judged)>) {
        let count = |wanted: fn(&Verdict) -> bool| rows.iter().filter(|(_, j)| wanted(&j.verdict)).count();
        let equal = count(|v| matches!(v, Verdict::Equal));
        let different = count(|v| matches!(v, Verdict::Different(_)));
        let excluded = count(|v| matches!(v, Verdict::Excluded(_)));
        self.equal += equal;
        self.different += different;
        self.excluded += excluded;
        for (recorded, ours) in rows.iter().filter_map(|(_, j)| j.gas) {
            self.gas += 1;
            self.gas_near += usize::from(recorded.abs_diff(ours) * 10 <= recorded);
        }
        say(&format!(
            "{name:<44} {equal:>4} equal {different:>4} different {excluded:>4} excluded of {:>4}",
            rows.len()
        ));
        for (label, judged) in rows {
            match judged.verdict {
                Verdict::Equal => {}
                Verdict::Different(ways) => {
                    say(&format!("  {label}: different"));
                    for way in ways {
                        say(&format!("      {way}"));
                    }
                }
                Verdict::Excluded(why) => say(&format!("  {label}: excluded: {why}")),
            }
        }
    }

    /// Prints the line of a file without steps of its own.
    pub(crate) fn nothing(name: &str, why: &str) {
        say(&format!("{name:<44} no steps: {why}"));
    }

    /// Prints the last line; true when something was compared and nothing was different.
    pub(crate) fn end(&self) -> bool {
        let all = self.equal + self.different + self.excluded;
        say(&format!(
            "{} of {} steps equal, {} different, {} excluded ({} of the {all} recorded); gas within a tenth in {} of {}",
            self.equal,
            self.equal + self.different,
            self.different,
            self.excluded,
            share(self.excluded, all),
            self.gas_near,
            self.gas
        ));
        self.different == 0 && self.equal > 0
    }
}

/// `12.3 %`.
fn share(part: usize, all: usize) -> String {
    let mille = (part * 1_000).checked_div(all).unwrap_or(0);
    format!("{}.{} %", mille / 10, mille % 10)
}

/// The last two parts of a path.
pub(crate) fn shown(path: &Path) -> String {
    let mut parts: Vec<_> = path.iter().rev().take(2).map(|p| p.to_string_lossy()).collect();
    parts.reverse();
    parts.join("/")
}
