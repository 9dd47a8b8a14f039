//! Rules about size. Files are measured in lines outside test modules; functions in lines that are neither
//! blank nor a comment, as clippy measures them.

use super::finding::Finding;
use super::source::{ANNOTATION, Function, Source};
use super::tree::{Tree, has_extension};
use std::collections::BTreeMap;
use syn::visit::{self, Visit};

const FILE: usize = 500;
const FILE_P90: usize = 350;
const FUNCTION: usize = 70;
const FUNCTION_P90: usize = 35;
const PARAMETERS: usize = 5;
const TRAIT_METHODS: usize = 8;
const ERROR_VARIANTS: usize = 15;
const MAIN: usize = 130;
const ARCHITECTURE: usize = 249;

/// Rule: no file is too long, and few are long.
pub(super) fn files(tree: &Tree) -> Vec<Finding> {
    let sizes: Vec<(usize, String)> =
        tree.production().map(|(path, source)| (source.production_lines(), path.to_owned())).collect();
    let mut findings: Vec<Finding> = sizes
        .iter()
        .map(|(lines, path)| (*lines, path.as_str()))
        .chain(
            tree.texts().filter(|(path, _)| has_limit(path)).map(|(path, text)| (text.lines().count(), path)),
        )
        .filter(|(lines, path)| *lines > limit(path))
        .map(|(lines, path)| {
            Finding::new(path, 1, format!("{lines} lines, the limit is {}; split it", limit(path)))
        })
        .collect();
    findings.extend(p90(sizes, FILE_P90).map(|(p90, path)| {
        Finding::new(
            path,
            1,
            format!("the longest file; 90 % of files have up to {p90} lines, the limit is {FILE_P90}"),
        )
    }));
    findings
}

/// Files that are not Rust and have a budget all the same.
fn has_limit(path: &str) -> bool {
    path == "ARCHITECTURE.md" || (path.starts_with("crates/rayakash-core/node/") && has_extension(path, "py"))
}

fn limit(path: &str) -> usize {
    match path {
        "crates/rayakash/src/main.rs" => MAIN,
        "ARCHITECTURE.md" => ARCHITECTURE,
        _ => FILE,
    }
}

/// Rule: no function is too long, and few are long; one annotated `match` per crate may be.
pub(super) fn functions(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut sizes = Vec::new();
    let mut excused: BTreeMap<&str, usize> = BTreeMap::new();
    for (path, function) in production_functions(tree) {
        if function.annotated {
            let krate = path.split("/src/").next().unwrap_or(path);
            let count = excused.entry(krate).or_default();
            *count += 1;
            if *count > 1 {
                let what = format!(
                    "a second `{ANNOTATION}` in {krate}, one is the limit; split `{}`",
                    function.name
                );
                findings.push(Finding::new(path, function.line, what));
            }
            continue;
        }
        if function.code_lines > FUNCTION {
            let what = format!(
                "`{}` has {} lines, the limit is {FUNCTION}; split it",
                function.name, function.code_lines
            );
            findings.push(Finding::new(path, function.line, what));
        }
        sizes.push((function.code_lines, path.to_owned()));
    }
    findings.extend(p90(sizes, FUNCTION_P90).map(|(p90, path)| {
        let what =
            format!("has the longest function; 90 % have up to {p90} lines, the limit is {FUNCTION_P90}");
        Finding::new(path, 1, what)
    }));
    findings
}

/// Rule: a function has few parameters, `self` included; a trait's method is counted where the trait is declared.
pub(super) fn parameters(tree: &Tree) -> Vec<Finding> {
    production_functions(tree)
        .filter(|(_, function)| function.parameters > PARAMETERS && !function.of_trait)
        .map(|(path, function)| {
            let Function { name, parameters, line, .. } = function;
            Finding::new(
                path,
                line,
                format!("`{name}` takes {parameters} parameters, the limit is {PARAMETERS}; group them"),
            )
        })
        .collect()
}

fn production_functions(tree: &Tree) -> impl Iterator<Item = (&str, Function)> {
    tree.production()
        .flat_map(|(path, source)| source.functions().into_iter().map(move |function| (path, function)))
        .filter(|(_, function)| !function.in_tests)
}

/// The 90th percentile and the path of the largest, when that percentile is over `limit`.
fn p90(mut sizes: Vec<(usize, String)>, limit: usize) -> Option<(usize, String)> {
    sizes.sort();
    let (at_p90, _) = sizes.get(sizes.len().saturating_mul(9) / 10)?;
    let at_p90 = *at_p90;
    sizes.pop().filter(|_| at_p90 > limit).map(|(_, path)| (at_p90, path))
}

/// Rule: a trait has few methods.
pub(super) fn traits(tree: &Tree) -> Vec<Finding> {
    counted(tree, |item| {
        let syn::Item::Trait(item) = item else { return None };
        let methods = item.items.iter().filter(|part| matches!(part, syn::TraitItem::Fn(_))).count();
        let what =
            format!("trait `{}` has {methods} methods, the limit is {TRAIT_METHODS}; split it", item.ident);
        (methods > TRAIT_METHODS).then(|| (item.ident.span().start().line, what))
    })
}

/// Rule: an error has few variants.
pub(super) fn errors(tree: &Tree) -> Vec<Finding> {
    counted(tree, |item| {
        let syn::Item::Enum(item) = item else { return None };
        let (name, count) = (&item.ident, item.variants.len());
        let what = format!("error `{name}` has {count} variants, the limit is {ERROR_VARIANTS}; split it");
        (is_error(item) && count > ERROR_VARIANTS).then(|| (item.ident.span().start().line, what))
    })
}

fn is_error(item: &syn::ItemEnum) -> bool {
    let derives_error =
        item.attrs.iter().filter(|attribute| attribute.path().is_ident("derive")).any(|attribute| {
            let syn::Meta::List(list) = &attribute.meta else { return false };
            list.tokens.clone().into_iter().any(|token| token.to_string() == "Error")
        });
    derives_error || item.ident.to_string().ends_with("Error")
}

fn counted(tree: &Tree, judge: fn(&syn::Item) -> Option<(usize, String)>) -> Vec<Finding> {
    let found = tree.production().flat_map(|(path, source)| {
        let mut items = Items { judge, source, found: Vec::new() };
        items.visit_file(&source.ast);
        items.found.into_iter().map(move |(line, what)| Finding::new(path, line, what))
    });
    found.collect()
}

/// Judges every item of a file, however deep, that is not test code.
struct Items<'a> {
    judge: fn(&syn::Item) -> Option<(usize, String)>,
    source: &'a Source,
    found: Vec<(usize, String)>,
}

impl<'ast> Visit<'ast> for Items<'_> {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        self.found.extend((self.judge)(item).filter(|(line, _)| !self.source.in_tests(*line)));
        visit::visit_item(self, item);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIB: &str = "crates/a/src/lib.rs";

    fn lines(findings: &[Finding]) -> Vec<String> {
        findings.iter().map(ToString::to_string).collect()
    }

    fn comments(count: usize) -> String {
        "// why\n".repeat(count)
    }

    fn function(name: &str, lines: usize) -> String {
        format!("fn {name}() {{\n{}}}\n", "    step();\n".repeat(lines - 2))
    }

    #[track_caller]
    fn file(path: &str, text: &str, findings: usize) {
        let found = files(&Tree::of(&[(path, text), ("crates/a/src/z1.rs", ""), ("crates/a/src/z2.rs", "")]));
        let over: Vec<_> = lines(&found).into_iter().filter(|line| line.contains("split it")).collect();
        assert_eq!(over.len(), findings, "{path}: {over:?}");
    }

    #[test]
    fn files_are_short() {
        file(LIB, &comments(500), 0);
        file(LIB, &comments(501), 1);
        file(LIB, &format!("{}#[cfg(test)]\nmod tests {{\n{}}}\n", comments(400), comments(400)), 0);
        file("crates/a/tests/it.rs", &comments(501), 0);
        file("crates/rayakash/src/main.rs", &comments(131), 1);
        file("crates/rayakash/src/main.rs", &comments(130), 0);
        file("ARCHITECTURE.md", &comments(250), 1);
        file("ARCHITECTURE.md", &comments(249), 0);
        file("crates/rayakash-core/node/gate.py", &comments(501), 1);
        file("crates/rayakash-core/node/gate.py", &comments(500), 0);
    }

    #[test]
    fn most_files_are_much_shorter() {
        let paths: Vec<String> = (0..10).map(|n| format!("crates/a/src/f{n}.rs")).collect();
        let tree = |long: usize| {
            let texts = [comments(351), comments(100)];
            let files: Vec<(&str, &str)> = paths
                .iter()
                .enumerate()
                .map(|(n, path)| (path.as_str(), texts[usize::from(n >= long)].as_str()))
                .collect();
            files_found(&files)
        };
        assert_eq!(tree(0), 0);
        assert_eq!(tree(2), 1);
    }

    fn files_found(files_of: &[(&str, &str)]) -> usize {
        files(&Tree::of(files_of)).len()
    }

    #[test]
    fn functions_are_short() {
        let short = function("a", 10).repeat(20);
        let with = |extra: &str| lines(&functions(&Tree::of(&[(LIB, &format!("{short}{extra}"))])));
        assert_eq!(with(&function("long", 70)), Vec::<String>::new());
        assert_eq!(with(&function("long", 71)).len(), 1);
        let one = format!("{ANNOTATION}\n{}", function("long", 90));
        assert_eq!(with(&one), Vec::<String>::new());
        assert_eq!(with(&one.repeat(2)).len(), 1);
        assert_eq!(
            with(&format!("#[cfg(test)]\nmod tests {{\n{}}}\n", function("long", 90))),
            Vec::<String>::new()
        );
    }

    #[test]
    fn most_functions_are_much_shorter() {
        let text = function("a", 36).repeat(2);
        assert_eq!(functions(&Tree::of(&[(LIB, &text)])).len(), 1);
        let text = function("a", 35).repeat(2);
        assert_eq!(functions(&Tree::of(&[(LIB, &text)])), []);
    }

    #[test]
    fn parameters_are_few() {
        let text = "impl A { fn f(&self, a: u8, b: u8, c: u8, d: u8, e: u8) {} }";
        assert_eq!(parameters(&Tree::of(&[(LIB, text)])).len(), 1);
        assert_eq!(parameters(&Tree::of(&[(LIB, &text.replace("impl A", "impl Foreign for A"))])), []);
        let declared = "trait T { fn f(&self, a: u8, b: u8, c: u8, d: u8, e: u8); }";
        assert_eq!(parameters(&Tree::of(&[(LIB, declared)])).len(), 1);
        assert_eq!(parameters(&Tree::of(&[(LIB, "fn f(a: u8, b: u8, c: u8, d: u8, e: u8) {}")])), []);
    }

    #[test]
    fn traits_are_small() {
        let methods = |count: usize| format!("mod m {{ trait T {{ {} }} }}", "fn f(); ".repeat(count));
        assert_eq!(traits(&Tree::of(&[(LIB, &methods(9))])).len(), 1);
        assert_eq!(traits(&Tree::of(&[(LIB, &methods(8))])), []);
    }

    #[test]
    fn errors_have_few_variants() {
        let variants = |head: &str, count: usize| format!("{head} {{ {} }}", "A, ".repeat(count));
        assert_eq!(errors(&Tree::of(&[(LIB, &variants("enum SendError", 16))])).len(), 1);
        assert_eq!(
            errors(&Tree::of(&[(LIB, &variants("#[derive(Debug, thiserror::Error)] enum Send", 16))])).len(),
            1
        );
        assert_eq!(errors(&Tree::of(&[(LIB, &variants("enum SendError", 15))])), []);
        assert_eq!(errors(&Tree::of(&[(LIB, &variants("enum Kind", 40))])), []);
    }
}
