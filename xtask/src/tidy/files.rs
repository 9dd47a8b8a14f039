//! Rules about the names of files and about what no file may speak of.

use super::finding::Finding;
use super::tree::{Tree, has_extension};

/// Names that say nothing about what is inside.
const EMPTY_NAMES: &[&str] =
    &["utils", "util", "helpers", "helper", "common", "misc", "manager", "managers", "types", "mod"];

/// Places outside the repository that only exist on somebody's machine.
const OUTSIDE: &[&str] = &[concat!("../", "shared"), concat!("/work/", "shared"), concat!("/work/", "main")];

/// Rule: `foo.rs` beside `foo/`, and a file is named for the one thing that it holds.
pub(super) fn names(tree: &Tree) -> Vec<Finding> {
    let rust = tree.paths().filter(|path| has_extension(path, "rs"));
    rust.filter_map(|path| {
        let inside = path.split_once("/src/").map_or(path, |(_, inside)| inside);
        let bad = inside.trim_end_matches(".rs").split('/').find(|part| EMPTY_NAMES.contains(part))?;
        let advice =
            if bad == "mod" { "use `foo.rs` beside `foo/`" } else { "name it for the one thing it holds" };
        Some(Finding::new(path, 1, format!("a file named `{bad}`, {advice}")))
    })
    .collect()
}

/// Rule: the repository speaks of nothing outside itself.
pub(super) fn outside(tree: &Tree) -> Vec<Finding> {
    let lines =
        tree.texts().flat_map(|(path, text)| text.lines().zip(1..).map(move |(line, at)| (path, line, at)));
    lines
        .filter_map(|(path, line, at)| {
            let place = OUTSIDE.iter().find(|place| line.contains(**place))?;
            Some(Finding::new(path, at, format!("speaks of `{place}`, say it here or copy what is needed")))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn named(path: &str, findings: usize) {
        assert_eq!(names(&Tree::of(&[(path, "")])).len(), findings, "{path}");
    }

    #[test]
    fn a_file_is_named_for_one_thing() {
        named("crates/a/src/utils.rs", 1);
        named("crates/a/src/bid/mod.rs", 1);
        named("crates/a/src/types/bid.rs", 1);
        named("tests/it/common/mod.rs", 1);
        named("crates/akash-types/src/bid.rs", 0);
        named("crates/a/src/bid.rs", 0);
        named("docs/utils.md", 0);
    }

    #[test]
    fn nothing_points_outside() {
        let path = concat!("see ../", "shared/design");
        assert_eq!(outside(&Tree::of(&[("docs/a.md", &format!("one\n{path}\n"))])).len(), 1);
        assert_eq!(outside(&Tree::of(&[("docs/a.md", "see ../guide/shared.md\n")])), []);
    }
}
