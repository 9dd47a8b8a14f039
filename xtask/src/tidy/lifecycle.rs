//! Rule: every row of `docs/lifecycle.md` has a test in the core, and every such test a row.

use super::finding::Finding;
use super::tree::Tree;
use std::collections::BTreeMap;

const PAGE: &str = "docs/lifecycle.md";

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let Some(page) = tree.text(PAGE) else {
        return vec![Finding::new(PAGE, 1, "is missing, it is the specification of decide")];
    };
    let rows: BTreeMap<u32, usize> =
        page.lines().zip(1..).filter_map(|(line, at)| Some((row(line)?, at))).collect();
    let tests = tests(tree);
    let untested = rows.iter().filter(|(row, _)| !tests.contains_key(row)).map(|(row, line)| {
        Finding::new(PAGE, *line, format!("row R{row} has no test, write `r{row}_…` in rayakash-core"))
    });
    let unwritten = tests.iter().filter(|(row, _)| !rows.contains_key(row)).map(|(row, (path, line))| {
        Finding::new(
            path,
            *line,
            format!("a test of row R{row}, which {PAGE} does not have; write the row first"),
        )
    });
    untested.chain(unwritten).collect()
}

/// 4 of `| R4 | yes | …`.
fn row(line: &str) -> Option<u32> {
    line.strip_prefix("| R")?.split_once(' ')?.0.parse().ok()
}

/// Where a test of each row stands.
fn tests(tree: &Tree) -> BTreeMap<u32, (String, usize)> {
    let core = tree.sources().filter(|(path, _)| path.starts_with("crates/rayakash-core/"));
    let functions =
        core.flat_map(|(path, source)| source.functions().into_iter().map(move |found| (path, found)));
    functions
        .filter(|(_, function)| function.attributes.iter().any(|attribute| attribute == "test"))
        .filter_map(|(path, function)| Some((row_of_test(&function.name)?, (path.to_owned(), function.line))))
        .collect()
}

/// 4 of `r4_a_cap_forbids`.
fn row_of_test(name: &str) -> Option<u32> {
    name.strip_prefix('r')?.split_once('_')?.0.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROWS: &str = "| row | wanted |\n|---|---|\n| R1 | no |\n| R2 | any |\n";
    const TESTS: &str = "crates/rayakash-core/src/decide/tests.rs";

    fn findings(tests: &str) -> Vec<String> {
        check(&Tree::of(&[(PAGE, ROWS), (TESTS, tests)])).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn rows_and_tests_match() {
        assert_eq!(
            findings("#[test] fn r1_gone() {} #[test] fn r2_settling() {} #[test] fn r_words() {}").len(),
            0
        );
    }

    #[test]
    fn a_row_without_a_test_fails() {
        let found = findings("#[test] fn r1_gone() {} fn r2_settling() {}");
        assert_eq!(found.len(), 1);
        assert!(found.iter().all(|line| line.starts_with("docs/lifecycle.md:4: ")), "{found:?}");
    }

    #[test]
    fn a_test_without_a_row_fails() {
        let found = findings("#[test] fn r1_gone() {}\n#[test] fn r2_a() {}\n#[test] fn r3_b() {}");
        assert_eq!(found.len(), 1);
        assert!(found.iter().all(|line| line.contains("decide/tests.rs:3: ")), "{found:?}");
        assert_eq!(check(&Tree::of(&[])).len(), 1);
    }
}
