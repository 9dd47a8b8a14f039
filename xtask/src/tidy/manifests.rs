//! Rules about `Cargo.toml` files other than the crate edges.

use super::edges;
use super::finding::Finding;
use super::tree::Tree;

/// The one crate that holds generated code only.
const GENERATED: &str = "crates/akash-proto/Cargo.toml";

const CORE: &str = "crates/rayakash-core/Cargo.toml";

/// What would let I/O, a clock, chance, async or a file format into the core.
const NOT_IN_CORE: &[&str] =
    &["tokio", "futures-util", "async-trait", "serde", "serde_json", "rand", "jiff", "time"];

/// Rule: every crate inherits the workspace's lints, generated code excepted.
pub(super) fn lints(tree: &Tree) -> Vec<Finding> {
    let crates =
        tree.manifests().filter(|(path, manifest)| manifest.contains_key("package") && *path != GENERATED);
    crates
        .filter(|(_, manifest)| {
            manifest.get("lints").and_then(|lints| lints.get("workspace")).and_then(toml::Value::as_bool)
                != Some(true)
        })
        .map(|(path, _)| Finding::new(path, 1, "does not inherit the lints, add `[lints] workspace = true`"))
        .collect()
}

/// Rule: the core depends on nothing that has effects or is a format.
pub(super) fn core(tree: &Tree) -> Vec<Finding> {
    let manifest = tree.manifests().find(|(path, _)| *path == CORE);
    let depends =
        manifest.map(|(_, manifest)| edges::dependencies(manifest, &["dependencies"])).unwrap_or_default();
    depends
        .iter()
        .filter(|name| NOT_IN_CORE.contains(&name.as_str()))
        .map(|name| {
            Finding::new(CORE, 1, format!("the core depends on `{name}`, keep it pure and move that code up"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACKAGE: &str = "[package]\nname = \"a\"\n";

    #[test]
    fn lints_are_inherited() {
        let bad = Tree::of(&[("crates/a/Cargo.toml", PACKAGE)]);
        assert_eq!(lints(&bad).len(), 1);
        let good = format!("{PACKAGE}[lints]\nworkspace = true\n");
        let good =
            Tree::of(&[("crates/a/Cargo.toml", &good), (GENERATED, PACKAGE), ("Cargo.toml", "[workspace]")]);
        assert_eq!(lints(&good), []);
    }

    #[test]
    fn the_core_stays_pure() {
        let bad = format!("{PACKAGE}[dependencies]\nserde.workspace = true\nakash-types.workspace = true\n");
        assert_eq!(core(&Tree::of(&[(CORE, &bad)])).len(), 1);
        let good = format!(
            "{PACKAGE}[dependencies]\nakash-types.workspace = true\n[dev-dependencies]\nserde = \"1\"\n"
        );
        assert_eq!(core(&Tree::of(&[(CORE, &good)])), []);
    }
}
