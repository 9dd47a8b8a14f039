//! One thing that is wrong, and where.

use std::fmt;

/// A place, a rule, and what to do about it. Ordered by place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    path: String,
    line: usize,
    rule: &'static str,
    what: String,
}

impl Finding {
    /// `what` says what is wrong and, after a comma or semicolon, what to do.
    pub(crate) fn new(path: impl Into<String>, line: usize, what: impl Into<String>) -> Self {
        Self { path: path.into(), line: line.max(1), rule: "", what: what.into() }
    }

    /// The same finding under the name of the rule that made it.
    pub(crate) fn of(mut self, rule: &'static str) -> Self {
        self.rule = rule;
        self
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}: {}", self.path, self.line, self.rule, self.what)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_with_place_rule_and_advice() {
        let finding = Finding::new("a.rs", 0, "too long, split it").of("file-budget");
        assert_eq!(finding.to_string(), "a.rs:1: file-budget: too long, split it");
    }
}
