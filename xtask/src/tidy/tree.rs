//! The repository in memory: every file's path, text, and what parses.

use super::finding::Finding;
use super::source::Source;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::{fs, io};

/// Folders that are made, not written.
const SKIPPED: &[&str] = &[".git", "target", ".venv", "node_modules", "__pycache__"];

/// All files, by path from the root with `/` between parts.
pub(crate) struct Tree {
    paths: BTreeSet<String>,
    texts: BTreeMap<String, String>,
    sources: BTreeMap<String, Source>,
    manifests: BTreeMap<String, toml::Table>,
    unreadable: Vec<Finding>,
}

impl Tree {
    /// Reads everything under `root` but what is made by tools.
    pub(crate) fn load(root: &Path) -> io::Result<Self> {
        let mut files = Vec::new();
        walk(root, "", &mut files)?;
        Ok(Self::build(files))
    }

    /// A small tree for a test.
    #[cfg(test)]
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        Self::build(files.iter().map(|(path, text)| ((*path).to_owned(), Some((*text).to_owned()))).collect())
    }

    fn build(files: Vec<(String, Option<String>)>) -> Self {
        let mut tree = Self {
            paths: files.iter().map(|(path, _)| path.clone()).collect(),
            texts: files.into_iter().filter_map(|(path, text)| Some((path, text?))).collect(),
            sources: BTreeMap::new(),
            manifests: BTreeMap::new(),
            unreadable: Vec::new(),
        };
        for (path, text) in &tree.texts {
            if has_extension(path, "rs") {
                match Source::parse(path, text) {
                    Ok(source) => drop(tree.sources.insert(path.clone(), source)),
                    Err((line, why)) => {
                        tree.unreadable.push(Finding::new(path, line, format!("{why}, mend it")));
                    }
                }
            } else if path == "Cargo.toml" || path.ends_with("/Cargo.toml") {
                match text.parse::<toml::Table>() {
                    Ok(table) => drop(tree.manifests.insert(path.clone(), table)),
                    Err(why) => {
                        tree.unreadable.push(Finding::new(path, 1, format!("{}, mend it", why.message())));
                    }
                }
            }
        }
        tree.mark_test_modules();
        tree
    }

    /// `#[cfg(test)] mod name;` makes the files of `name` test code.
    fn mark_test_modules(&mut self) {
        let homes: Vec<String> =
            self.sources.iter().flat_map(|(path, source)| source.test_modules(path)).collect();
        for (path, source) in &mut self.sources {
            let test = homes.iter().any(|home| {
                path.strip_prefix(home.as_str()).is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
            });
            if test {
                source.make_test();
            }
        }
    }

    /// How many files there are.
    pub(crate) fn len(&self) -> usize {
        self.paths.len()
    }

    /// Every path.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &str> {
        self.paths.iter().map(String::as_str)
    }

    /// Whether `path` is a file or a folder of the tree.
    pub(crate) fn holds(&self, path: &str) -> bool {
        let folder = format!("{path}/");
        path.is_empty()
            || self.paths.contains(path)
            || self.paths.range(folder.clone()..).next().is_some_and(|next| next.starts_with(&folder))
    }

    /// Every file that is text.
    pub(crate) fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.texts.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// The text of one file.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.texts.get(path).map(String::as_str)
    }

    /// Every Rust file that parses, tests included.
    pub(crate) fn sources(&self) -> impl Iterator<Item = (&str, &Source)> {
        self.sources.iter().map(|(path, source)| (path.as_str(), source))
    }

    /// The Rust files that are shipped: under a crate's `src`, and no test module.
    pub(crate) fn production(&self) -> impl Iterator<Item = (&str, &Source)> {
        self.sources().filter(|(path, source)| {
            (path.starts_with("crates/") || path.starts_with("xtask/"))
                && path.contains("/src/")
                && !source.is_test()
        })
    }

    /// Every `Cargo.toml` that parses, except those of crates that are workspaces of their own: fuzzers are built with other flags.
    pub(crate) fn manifests(&self) -> impl Iterator<Item = (&str, &toml::Table)> {
        let ours = |(path, table): &(&String, &toml::Table)| {
            path.as_str() == "Cargo.toml"
                || !(table.contains_key("workspace") && table.contains_key("package"))
        };
        self.manifests.iter().filter(ours).map(|(path, table)| (path.as_str(), table))
    }

    /// Rule: every Rust file and manifest parses.
    pub(crate) fn unreadable(&self) -> Vec<Finding> {
        self.unreadable.clone()
    }
}

/// Whether `path` ends in `.extension`.
pub(crate) fn has_extension(path: &str, extension: &str) -> bool {
    Path::new(path).extension().is_some_and(|found| found == extension)
}

fn walk(folder: &Path, prefix: &str, files: &mut Vec<(String, Option<String>)>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if SKIPPED.contains(&name.as_str()) {
            continue;
        }
        let path = format!("{prefix}{name}");
        if entry.file_type()?.is_dir() {
            walk(&entry.path(), &format!("{path}/"), files)?;
        } else {
            files.push((path, String::from_utf8(fs::read(entry.path())?).ok()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_parse_is_a_finding() {
        let tree = Tree::of(&[
            ("crates/a/src/lib.rs", "//! a\nfn ("),
            ("crates/a/Cargo.toml", "= 1"),
            ("b.md", "fn ("),
        ]);
        let lines: Vec<_> = tree.unreadable().iter().map(ToString::to_string).collect();
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(lines.iter().any(|line| line.starts_with("crates/a/src/lib.rs:2:")), "{lines:?}");
        assert!(Tree::of(&[("crates/a/src/lib.rs", "fn a() {}")]).unreadable().is_empty());
    }

    #[test]
    fn production_is_what_ships() {
        let tree = Tree::of(&[
            ("crates/a/src/lib.rs", "mod b;"),
            ("crates/a/src/b.rs", "#[cfg(test)]\nmod tests;"),
            ("crates/a/src/b/tests.rs", "fn t() {}"),
            ("crates/a/tests/it.rs", "fn t() {}"),
            ("tests/src/lib.rs", "fn t() {}"),
        ]);
        let paths: Vec<_> = tree.production().map(|(path, _)| path).collect();
        assert_eq!(paths, ["crates/a/src/b.rs", "crates/a/src/lib.rs"]);
    }

    #[test]
    fn a_workspace_of_its_own_is_none_of_ours() {
        let fuzz = "[package]\nname = \"f\"\n[workspace]\n";
        let tree = Tree::of(&[
            ("Cargo.toml", "[workspace]\n"),
            ("crates/a/Cargo.toml", "[package]\nname = \"a\"\n"),
            ("crates/a/fuzz/Cargo.toml", fuzz),
        ]);
        let paths: Vec<_> = tree.manifests().map(|(path, _)| path).collect();
        assert_eq!(paths, ["Cargo.toml", "crates/a/Cargo.toml"]);
    }

    #[test]
    fn holds_files_and_folders() {
        let tree = Tree::of(&[("docs/guide/a.md", ""), ("docs-old", "")]);
        assert!(tree.holds("docs") && tree.holds("docs/guide") && tree.holds("docs/guide/a.md"));
        assert!(!tree.holds("docs/guide/a") && !tree.holds("doc"));
    }
}
