//! Rule: crates depend on each other only as the table of `ARCHITECTURE.md` §1 says.

use super::finding::Finding;
use super::tree::Tree;
use std::collections::{BTreeMap, BTreeSet};

const PAGE: &str = "ARCHITECTURE.md";

/// One row of the table.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    line: usize,
    dev: bool,
    may: BTreeSet<String>,
}

/// One crate of the workspace as its manifest has it.
struct Member<'a> {
    path: &'a str,
    dependencies: BTreeSet<String>,
    dev_dependencies: BTreeSet<String>,
}

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let Some(page) = tree.text(PAGE) else {
        return vec![Finding::new(PAGE, 1, "is missing, write the crate table")];
    };
    let rows = table(page);
    let members = members(tree);
    let mut findings = Vec::new();
    for (name, row) in &rows {
        if !members.contains_key(name) {
            let what =
                format!("the table has `{name}`, but there is no such crate, drop the row or add the crate");
            findings.push(Finding::new(PAGE, row.line, what));
        }
    }
    for (name, member) in &members {
        match rows.get(name) {
            Some(row) => findings.extend(edges(name, member, row, &rows, &members)),
            None => findings.push(Finding::new(
                member.path,
                1,
                format!("crate `{name}` is not in the table of {PAGE} §1, add its row with a charter"),
            )),
        }
    }
    findings
}

fn edges(
    name: &str,
    member: &Member<'_>,
    row: &Row,
    rows: &BTreeMap<String, Row>,
    members: &BTreeMap<String, Member<'_>>,
) -> Vec<Finding> {
    let known = |other: &&String| members.contains_key(*other);
    let forbidden = member.dependencies.iter().filter(known).filter(|other| !row.may.contains(*other)).map(|other| {
        format!("`{name}` depends on `{other}`, which {PAGE} §1 does not allow; move the code or argue for the edge")
    });
    let is_dev = |other: &&String| rows.get(*other).is_some_and(|row| row.dev);
    let backwards = member.dev_dependencies.iter().filter(|_| !row.dev).filter(is_dev).map(|other| {
        format!(
            "the tests of `{name}` depend on `{other}`, a crate for development above it; move the test there"
        )
    });
    forbidden.chain(backwards).map(|what| Finding::new(member.path, 1, what)).collect()
}

fn members(tree: &Tree) -> BTreeMap<String, Member<'_>> {
    let named = tree.manifests().filter_map(|(path, manifest)| {
        let name = manifest.get("package")?.get("name")?.as_str()?.to_owned();
        let dev_dependencies = dependencies(manifest, &["dev-dependencies"]);
        let dependencies = dependencies(manifest, &["dependencies", "build-dependencies"]);
        Some((name, Member { path, dependencies, dev_dependencies }))
    });
    named.collect()
}

/// The names in the given sections, for every target.
pub(super) fn dependencies(manifest: &toml::Table, sections: &[&str]) -> BTreeSet<String> {
    let targets =
        manifest.get("target").and_then(toml::Value::as_table).into_iter().flat_map(toml::Table::values);
    let places = std::iter::once(manifest).chain(targets.filter_map(toml::Value::as_table));
    places
        .flat_map(|place| sections.iter().filter_map(|section| place.get(*section)?.as_table()))
        .flat_map(|table| table.iter().map(|(key, value)| real_name(key, value)))
        .collect()
}

/// `serde_yaml = { package = "yaml_serde" }` is `yaml_serde`.
fn real_name(key: &str, value: &toml::Value) -> String {
    value.get("package").and_then(toml::Value::as_str).unwrap_or(key).to_owned()
}

/// The rows of the first table whose header starts with `crate`.
fn table(page: &str) -> BTreeMap<String, Row> {
    let lines = page.lines().zip(1..).skip_while(|(line, _)| !line.starts_with("| crate |"));
    let cells: Vec<(usize, String, bool, String)> = lines
        .take_while(|(line, _)| line.starts_with('|'))
        .filter_map(|(line, number)| {
            let mut cells = line.trim_matches('|').split('|');
            let (name, may) = (cells.next()?, cells.nth(1)?);
            Some((number, ticked(name).next()?.to_owned(), name.contains("(dev)"), may.trim().to_owned()))
        })
        .collect();
    let all: Vec<String> = cells.iter().map(|(_, name, _, _)| name.clone()).collect();
    let above = |at: usize| all.iter().take(at).cloned().collect();
    let rows = cells.iter().enumerate().map(|(at, (line, name, dev, may))| {
        (name.clone(), Row { line: *line, dev: *dev, may: allowed(may, &all, &above(at)) })
    });
    rows.collect()
}

fn allowed(cell: &str, all: &[String], above: &BTreeSet<String>) -> BTreeSet<String> {
    let named: BTreeSet<String> = ticked(cell).map(str::to_owned).collect();
    if cell.starts_with("anything") {
        all.iter().cloned().collect()
    } else if cell.starts_with("all of the above") {
        above.difference(&named).cloned().collect()
    } else if cell.starts_with("all but") {
        all.iter().filter(|name| !named.contains(*name)).cloned().collect()
    } else {
        named
    }
}

/// The words in backticks.
fn ticked(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "\
# Architecture

| crate | charter, one line | may depend on |
|---|---|---|
| `low` | Words. | – |
| `mid` | Clients. | `low` |
| `top` | All. | all of the above except `mid` |
| `kit` (dev) | Worlds. | all but `top` |
| `checks` in `tests/` (dev) | Outside. | anything |
";

    fn manifest(name: &str, rest: &str) -> String {
        format!("[package]\nname = \"{name}\"\n{rest}")
    }

    fn findings(name: &str, rest: &str) -> Vec<String> {
        let one = manifest(name, rest);
        let others: Vec<(String, String)> = ["low", "mid", "top", "kit", "checks"]
            .into_iter()
            .map(|other| (format!("crates/{other}/Cargo.toml"), manifest(other, "")))
            .filter(|(path, _)| *path != format!("crates/{name}/Cargo.toml"))
            .collect();
        let path = format!("crates/{name}/Cargo.toml");
        let mut files: Vec<(&str, &str)> =
            others.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        files.push((PAGE, TABLE));
        files.push((&path, &one));
        check(&Tree::of(&files)).iter().map(ToString::to_string).collect()
    }

    #[track_caller]
    fn quiet(name: &str, rest: &str) {
        assert_eq!(findings(name, rest), Vec::<String>::new());
    }

    #[track_caller]
    fn fires(name: &str, rest: &str, words: &str) {
        let found = findings(name, rest);
        assert!(found.len() == 1 && found.iter().all(|line| line.contains(words)), "{found:?}");
    }

    #[test]
    fn edges_of_the_table_pass() {
        quiet("mid", "[dependencies]\nlow.workspace = true\nserde = \"1\"");
        quiet("top", "[dependencies]\nlow.workspace = true");
        quiet("kit", "[dependencies]\nmid.workspace = true");
        quiet("checks", "[dependencies]\ntop.workspace = true\nkit.workspace = true");
        quiet("low", "[dev-dependencies]\nmid.workspace = true");
    }

    #[test]
    fn other_edges_fail() {
        fires("low", "[dependencies]\nmid.workspace = true", "`low` depends on `mid`");
        fires("top", "[dependencies]\nmid.workspace = true", "`top` depends on `mid`");
        fires("kit", "[dependencies]\ntop.workspace = true", "`kit` depends on `top`");
        fires("low", "[build-dependencies]\nmid.workspace = true", "`low` depends on `mid`");
        fires("low", "[target.'cfg(unix)'.dependencies]\nmid.workspace = true", "`low` depends on `mid`");
        fires(
            "low",
            "[dependencies]\nx = { package = \"mid\", path = \"../mid\" }",
            "`low` depends on `mid`",
        );
    }

    #[test]
    fn tests_of_the_product_do_not_reach_up_to_the_kit() {
        fires("mid", "[dev-dependencies]\nkit.workspace = true", "the tests of `mid` depend on `kit`");
        fires("mid", "[dependencies]\nkit.workspace = true", "`mid` depends on `kit`");
    }

    #[test]
    fn table_and_folders_agree() {
        fires("stray", "", "crate `stray` is not in the table");
        let tree = Tree::of(&[(PAGE, "| crate | x | y |\n|---|---|---|\n| `gone` | Gone. | – |\n")]);
        let found: Vec<_> = check(&tree).iter().map(ToString::to_string).collect();
        assert!(found.iter().any(|line| line.starts_with("ARCHITECTURE.md:3: ")), "{found:?}");
        assert_eq!(check(&Tree::of(&[])).len(), 1);
    }
}
