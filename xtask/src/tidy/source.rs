//! One Rust file: what it names, its functions, and which of its lines are tests.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use std::ops::RangeInclusive;
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};

/// A parsed Rust file.
pub(crate) struct Source {
    pub(crate) ast: syn::File,
    names: Vec<Name>,
    lines: Vec<String>,
    tests: Vec<RangeInclusive<usize>>,
    test_modules: Vec<String>,
    is_test: bool,
}

/// Something named in code: not in comments, not in strings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Name {
    pub(crate) line: usize,
    pub(crate) path: String,
    pub(crate) kind: Kind,
}

/// What a name is used as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `a::b`, a keyword, or an item of `use a::{b}`.
    Path,
    /// `.name(…)` with that many arguments; `self.name` when it is called on `self`.
    Method(usize),
    /// `name!`.
    Macro,
    /// `#[name]`.
    Attribute,
    /// A literal such as `1.5`.
    Float,
}

impl Name {
    /// Whether the path is `prefix` or something inside it.
    pub(crate) fn within(&self, prefix: &str) -> bool {
        self.kind != Kind::Float
            && self.path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
    }

    /// Whether the path ends in `suffix`, whole parts only.
    pub(crate) fn ends(&self, suffix: &str) -> bool {
        self.path.strip_suffix(suffix).is_some_and(|rest| rest.is_empty() || rest.ends_with("::"))
    }
}

/// A function with a body.
pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) line: usize,
    pub(crate) code_lines: usize,
    pub(crate) parameters: usize,
    pub(crate) attributes: Vec<String>,
    pub(crate) annotated: bool,
    /// Whether a trait dictates the signature.
    pub(crate) of_trait: bool,
    pub(crate) in_tests: bool,
}

/// The annotation that excuses one long `match` per crate.
pub(crate) const ANNOTATION: &str = "// tidy: the one long match";

impl Source {
    /// Parses `text`; on failure gives the line and the reason.
    pub(crate) fn parse(path: &str, text: &str) -> Result<Self, (usize, String)> {
        let ast = syn::parse_file(text).map_err(|e| (e.span().start().line, e.to_string()))?;
        let tokens: TokenStream = text.parse().map_err(|_| (1, "is not Rust".to_owned()))?;
        let mut names = Vec::new();
        scan(tokens, "", &mut names);
        let mut finder = TestFinder::default();
        finder.visit_file(&ast);
        Ok(Self {
            names,
            lines: text.lines().map(str::to_owned).collect(),
            tests: finder.ranges,
            test_modules: finder.modules,
            is_test: path.contains("/tests/") || path.ends_with("/tests.rs") || path.starts_with("tests/"),
            ast,
        })
    }

    /// Everything that the file names, tests included.
    pub(crate) fn names(&self) -> &[Name] {
        &self.names
    }

    /// Whether the whole file is test code.
    pub(crate) fn is_test(&self) -> bool {
        self.is_test
    }

    pub(crate) fn make_test(&mut self) {
        self.is_test = true;
    }

    /// Whether `line` is test code.
    pub(crate) fn in_tests(&self, line: usize) -> bool {
        self.is_test || self.tests.iter().any(|range| range.contains(&line))
    }

    /// Lines outside test modules: code, comments and blanks.
    pub(crate) fn production_lines(&self) -> usize {
        (1..=self.lines.len()).filter(|line| !self.in_tests(*line)).count()
    }

    /// Where the modules declared as `#[cfg(test)] mod name;` live, without `.rs`.
    pub(crate) fn test_modules(&self, path: &str) -> Vec<String> {
        let stem = path.strip_suffix(".rs").unwrap_or(path);
        let home = match stem.rsplit_once('/') {
            Some((folder, "lib" | "main")) => folder,
            _ => stem,
        };
        self.test_modules.iter().map(|module| format!("{home}/{module}")).collect()
    }

    /// Every function with a body, tests included.
    pub(crate) fn functions(&self) -> Vec<Function> {
        let mut finder = FunctionFinder { source: self, of_trait: false, found: Vec::new() };
        finder.visit_file(&self.ast);
        finder.found
    }

    /// Lines of `range` that are neither blank nor a comment.
    fn code_lines(&self, range: &RangeInclusive<usize>) -> usize {
        let skip = range.start().saturating_sub(1);
        let count = range.end().saturating_sub(skip);
        let lines = self.lines.iter().skip(skip).take(count);
        lines.map(|line| line.trim()).filter(|line| !line.is_empty() && !line.starts_with("//")).count()
    }

    /// Whether the annotation stands on the line above `range` or inside it.
    fn annotated(&self, range: &RangeInclusive<usize>) -> bool {
        let skip = range.start().saturating_sub(2);
        let count = range.end().saturating_sub(skip);
        self.lines.iter().skip(skip).take(count).any(|line| line.trim_start().starts_with(ANNOTATION))
    }
}

/// Collects names; inside `prefix::{…}` every path is one of `prefix`.
fn scan(tokens: TokenStream, prefix: &str, names: &mut Vec<Name>) {
    let trees: Vec<TokenTree> = tokens.into_iter().collect();
    let mut at = 0;
    while let Some(tree) = trees.get(at) {
        match tree {
            TokenTree::Ident(ident) => {
                let line = ident.span().start().line;
                let (path, next) = whole_path(&trees, at);
                let path = if prefix.is_empty() { path } else { format!("{prefix}::{path}") };
                let after_dot = at.checked_sub(1).is_some_and(|before| is_punct(trees.get(before), '.'));
                let path = if after_dot && is_self(&trees, at) { format!("self.{path}") } else { path };
                let kind = kind_of(&trees, next, after_dot);
                if let (true, Some(TokenTree::Group(group))) =
                    (is_path_separator(&trees, next), trees.get(next + 2))
                {
                    names.push(Name { line, path: path.clone(), kind });
                    scan(group.stream(), &path, names);
                    at = next + 3;
                } else {
                    names.push(Name { line, path, kind });
                    at = next;
                }
                continue;
            }
            TokenTree::Group(group) => {
                let first = names.len();
                scan(group.stream(), prefix, names);
                let attribute = group.delimiter() == Delimiter::Bracket && follows_hash(&trees, at);
                if let (true, Some(name)) = (attribute, names.get_mut(first)) {
                    name.kind = Kind::Attribute;
                }
            }
            TokenTree::Literal(literal) => {
                let text = literal.to_string();
                if is_float(&text) {
                    names.push(Name { line: literal.span().start().line, path: text, kind: Kind::Float });
                }
            }
            TokenTree::Punct(_) => {}
        }
        at += 1;
    }
}

/// The path that starts at `at`, and the index after it.
fn whole_path(trees: &[TokenTree], at: usize) -> (String, usize) {
    let mut path = trees.get(at).map(ToString::to_string).unwrap_or_default();
    let mut next = at + 1;
    while is_path_separator(trees, next) {
        let Some(TokenTree::Ident(part)) = trees.get(next + 2) else { break };
        path = format!("{path}::{part}");
        next += 3;
    }
    (path, next)
}

fn kind_of(trees: &[TokenTree], next: usize, after_dot: bool) -> Kind {
    match trees.get(next) {
        Some(TokenTree::Group(group)) if after_dot && group.delimiter() == Delimiter::Parenthesis => {
            Kind::Method(arguments(group.stream()))
        }
        // `a!(…)`, but not `a != b`.
        Some(TokenTree::Punct(mark)) if mark.as_char() == '!' && !is_punct(trees.get(next + 1), '=') => {
            Kind::Macro
        }
        _ => Kind::Path,
    }
}

/// How many arguments a call has; commas inside inner brackets belong to inner calls.
fn arguments(tokens: TokenStream) -> usize {
    let trees: Vec<TokenTree> = tokens.into_iter().collect();
    trees.split(|tree| is_punct(Some(tree), ',')).filter(|part| !part.is_empty()).count()
}

fn is_punct(tree: Option<&TokenTree>, mark: char) -> bool {
    matches!(tree, Some(TokenTree::Punct(punct)) if punct.as_char() == mark)
}

/// Whether the name at `at` is `self.name`: a method or field of the file's own types.
fn is_self(trees: &[TokenTree], at: usize) -> bool {
    matches!(at.checked_sub(2).and_then(|at| trees.get(at)), Some(TokenTree::Ident(ident)) if ident == "self")
}

fn is_path_separator(trees: &[TokenTree], at: usize) -> bool {
    is_punct(trees.get(at), ':') && is_punct(trees.get(at + 1), ':')
}

/// `#[…]` or `#![…]`.
fn follows_hash(trees: &[TokenTree], at: usize) -> bool {
    let before = |back: usize| at.checked_sub(back).and_then(|index| trees.get(index));
    is_punct(before(1), '#') || (is_punct(before(1), '!') && is_punct(before(2), '#'))
}

fn is_float(literal: &str) -> bool {
    let number = literal.starts_with(|first: char| first.is_ascii_digit()) && !literal.starts_with("0x");
    number && (literal.contains('.') || literal.ends_with("f32") || literal.ends_with("f64"))
}

/// Finds items under `#[cfg(test)]`.
#[derive(Default)]
struct TestFinder {
    ranges: Vec<RangeInclusive<usize>>,
    modules: Vec<String>,
}

impl<'ast> Visit<'ast> for TestFinder {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        let Some(attributes) = attributes(item) else { return visit::visit_item(self, item) };
        if !attributes.iter().any(is_cfg_test) {
            return visit::visit_item(self, item);
        }
        self.ranges.push(lines_of(item));
        if let syn::Item::Mod(syn::ItemMod { content: None, ident, .. }) = item {
            self.modules.push(ident.to_string());
        }
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        if item.attrs.iter().any(is_cfg_test) {
            self.ranges.push(lines_of(item));
        }
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "syn::Item is open; the other kinds are not put under cfg(test)"
)]
fn attributes(item: &syn::Item) -> Option<&[syn::Attribute]> {
    match item {
        syn::Item::Mod(item) => Some(&item.attrs),
        syn::Item::Fn(item) => Some(&item.attrs),
        syn::Item::Impl(item) => Some(&item.attrs),
        syn::Item::Use(item) => Some(&item.attrs),
        syn::Item::Struct(item) => Some(&item.attrs),
        syn::Item::Const(item) => Some(&item.attrs),
        _ => None,
    }
}

fn is_cfg_test(attribute: &syn::Attribute) -> bool {
    let syn::Meta::List(list) = &attribute.meta else { return false };
    let condition = list.tokens.to_string();
    list.path.is_ident("cfg") && (condition == "test" || condition.starts_with("all (test"))
}

fn lines_of(item: &impl syn::spanned::Spanned) -> RangeInclusive<usize> {
    let span = item.span();
    span.start().line..=span.end().line
}

struct FunctionFinder<'a> {
    source: &'a Source,
    of_trait: bool,
    found: Vec<Function>,
}

impl FunctionFinder<'_> {
    fn add(
        &mut self,
        signature: &syn::Signature,
        attributes: &[syn::Attribute],
        whole: &RangeInclusive<usize>,
    ) {
        let line = signature.span().start().line;
        self.found.push(Function {
            name: signature.ident.to_string(),
            line,
            code_lines: self.source.code_lines(&(line..=*whole.end())),
            parameters: signature.inputs.len(),
            attributes: attributes.iter().filter_map(last_part).collect(),
            annotated: self.source.annotated(whole),
            of_trait: self.of_trait,
            in_tests: self.source.in_tests(line),
        });
    }
}

/// `test` of `#[tokio::test]`.
fn last_part(attribute: &syn::Attribute) -> Option<String> {
    attribute.path().segments.last().map(|part| part.ident.to_string())
}

impl<'ast> Visit<'ast> for FunctionFinder<'_> {
    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        let outer = std::mem::replace(&mut self.of_trait, item.trait_.is_some());
        visit::visit_item_impl(self, item);
        self.of_trait = outer;
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.add(&item.sig, &item.attrs, &lines_of(item));
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.add(&item.sig, &item.attrs, &lines_of(item));
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        self.add(&item.sig, &item.attrs, &lines_of(item));
        visit::visit_trait_item_fn(self, item);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source {
        Source::parse("crates/a/src/b.rs", text).unwrap()
    }

    fn names(text: &str) -> Vec<(String, Kind)> {
        source(text).names().iter().map(|name| (name.path.clone(), name.kind)).collect()
    }

    #[track_caller]
    fn has(text: &str, path: &str, kind: Kind) {
        let names = names(text);
        assert!(names.contains(&(path.to_owned(), kind)), "{path} {kind:?} in {names:?}");
    }

    #[test]
    fn names_are_found_wherever_they_stand() {
        has("use std::{io, net::{self, IpAddr}};", "std::net::IpAddr", Kind::Path);
        has("fn f() { tokio::select! { _ = tokio::spawn(x) => {} } }", "tokio::spawn", Kind::Path);
        has("fn f() { set.spawn(one(1, 2)); }", "spawn", Kind::Method(1));
        has("fn f(&self) { self.spawn(one); }", "self.spawn", Kind::Method(1));
        has("fn f(&self) { self.set.spawn(one); }", "spawn", Kind::Method(1));
        has("fn f() { Command::new(\"a\").spawn(); }", "spawn", Kind::Method(0));
        has("fn f() { todo!() }", "todo", Kind::Macro);
        has("#[ignore = \"slow\"] fn f() {}", "ignore", Kind::Attribute);
        has("const A: u8 = g(1.5);", "1.5", Kind::Float);
    }

    #[test]
    fn comments_strings_and_other_operators_are_no_names() {
        let found = names("/// std::fs\nconst A: &str = \"std::fs\"; // std::fs");
        assert!(found.iter().all(|(path, _)| !path.starts_with("std")), "{found:?}");
        has("const A: bool = todo != 1;", "todo", Kind::Path);
        assert!(!is_float("0x1f32") && !is_float("\"1.5\"") && is_float("1f64"));
    }

    #[test]
    fn a_path_is_compared_by_whole_parts() {
        let name = Name { line: 1, path: "std::fs::read".into(), kind: Kind::Path };
        assert!(name.within("std::fs") && name.within("std::fs::read") && !name.within("std::f"));
        assert!(name.ends("fs::read") && !name.ends("s::read"));
    }

    #[test]
    fn test_code_is_told_apart() {
        let source = source("fn a() {}\n\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\n");
        assert_eq!(source.production_lines(), 2);
        let tests: Vec<_> = source.functions().iter().map(|f| (f.name.clone(), f.in_tests)).collect();
        assert_eq!(tests, [("a".to_owned(), false), ("b".to_owned(), true)]);
    }

    #[test]
    fn functions_are_measured_without_comments() {
        let source = source(
            "/// Long.\n// tidy: the one long match\nfn a(x: u8,\n    y: u8) {\n\n    // why\n    b();\n}\n",
        );
        let [function] = source.functions().try_into().unwrap_or_else(|_| panic!("one function"));
        assert_eq!((function.line, function.code_lines, function.parameters), (3, 4, 2));
        assert!(function.annotated);
    }
}
