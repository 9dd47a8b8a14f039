//! The rules of `ARCHITECTURE.md`, checked over the tree as it lies on disk.
//!
//! Each rule is a pure function from a [`Tree`] to findings; its tests show it firing on a bad example
//! and silent on a good one.

mod absences;
mod budgets;
mod contract;
mod edges;
mod files;
mod finding;
mod lifecycle;
mod links;
mod manifests;
mod source;
mod tree;

use finding::Finding;
pub(crate) use tree::Tree;

struct Rule {
    name: &'static str,
    check: fn(&Tree) -> Vec<Finding>,
}

const RULES: &[Rule] = &[
    Rule { name: "parse", check: Tree::unreadable },
    Rule { name: "crate-edges", check: edges::check },
    Rule { name: "lints-inherited", check: manifests::lints },
    Rule { name: "core-manifest", check: manifests::core },
    Rule { name: "file-names", check: files::names },
    Rule { name: "outside", check: files::outside },
    Rule { name: "file-budget", check: budgets::files },
    Rule { name: "function-budget", check: budgets::functions },
    Rule { name: "parameters", check: budgets::parameters },
    Rule { name: "trait-methods", check: budgets::traits },
    Rule { name: "error-variants", check: budgets::errors },
    Rule { name: "lifecycle", check: lifecycle::check },
    Rule { name: "route-scopes", check: contract::scopes },
    Rule { name: "error-pages", check: contract::pages },
    Rule { name: "links", check: links::targets },
    Rule { name: "book", check: links::listed },
];

/// How many rules there are.
pub(crate) fn rules() -> usize {
    RULES.len() + absences::ABSENCES.len()
}

/// Everything that is wrong with `tree`, in order of path and line.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings: Vec<Finding> =
        RULES.iter().flat_map(|rule| (rule.check)(tree).into_iter().map(|f| f.of(rule.name))).collect();
    findings.extend(absences::check(tree));
    findings.sort();
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_has_a_name_of_its_own() {
        let mut names: Vec<_> =
            RULES.iter().map(|r| r.name).chain(absences::ABSENCES.iter().map(|a| a.rule)).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), rules());
    }

    #[test]
    fn findings_are_sorted_by_place() {
        let tree = Tree::of(&[("crates/b/src/utils.rs", ""), ("crates/a/src/mod.rs", "")]);
        let lines: Vec<_> = check(&tree).iter().map(ToString::to_string).collect();
        let mut sorted = lines.clone();
        sorted.sort();
        assert_eq!(lines, sorted);
        assert!(
            lines.iter().any(|line| line.starts_with("crates/a/src/mod.rs:1: file-names: ")),
            "{lines:?}"
        );
    }
}
