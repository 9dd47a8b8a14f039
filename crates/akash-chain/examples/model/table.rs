//! What is printed.

use crate::Found;
use crate::rule_sets::RuleSet;

pub(crate) fn print(set: &RuleSet, found: &Found) {
    let expected = if set.safe { "safe" } else { "unsafe" };
    let is = if found.twice.is_some() { "UNSAFE: it happens twice" } else { "safe" };
    say(&format!("{:<52} expected {expected:<6}  {is}  ({} states)", set.name, found.states));
    for (n, action) in found.twice.iter().flatten().enumerate() {
        say(&format!("    {:>2}. {action}", n + 1));
    }
    if set.safe && !found.can_finish {
        say("    it can never happen, or never after an attempt that died");
    }
}

#[expect(clippy::print_stdout, reason = "the result of this program")]
pub(crate) fn say(text: &str) {
    println!("{text}");
}
