//! Rules about the HTTP contract in `rayakash-api`: every route has a scope, every error code a page.

use super::finding::Finding;
use super::tree::Tree;
use std::collections::BTreeMap;
use syn::visit::{self, Visit};

const API: &str = "crates/rayakash-api/src/";
const DAEMON: &str = "crates/rayakash-daemon/src/";
const PAGES: &str = "docs/reference/errors/";
const INDEX: &str = "docs/reference/errors/index.md";

/// Rule: every code of `enum Code` has a page, and every page a code.
pub(super) fn pages(tree: &Tree) -> Vec<Finding> {
    let codes = strings_of(tree, |found| found.self_type == "Code" && found.function == "as_str");
    let page_of = |code: &String| format!("{PAGES}{code}.md");
    let unwritten =
        codes.iter().filter(|(code, _)| !tree.holds(&page_of(code))).map(|(code, (path, line))| {
            Finding::new(path, *line, format!("code `{code}` has no page, write {}", page_of(code)))
        });
    let stray = tree
        .paths()
        .filter(|path| path.starts_with(PAGES) && *path != INDEX)
        .filter(|path| !codes.keys().any(|code| page_of(code) == *path))
        .map(|path| Finding::new(path, 1, "a page of a code that rayakash-api does not have, remove it"));
    unwritten.chain(stray).collect()
}

/// Rule: every path that the daemon serves stands in `ROUTES` of rayakash-api, where each route names its scope.
pub(super) fn scopes(tree: &Tree) -> Vec<Finding> {
    let mut table = Vec::new();
    for (_, source) in tree.production().filter(|(path, _)| path.starts_with(API)) {
        let mut finder = Strings::default();
        finder.visit_file(&source.ast);
        table.extend(
            finder.found.into_iter().filter(|found| found.constant == "ROUTES").map(|found| found.text),
        );
    }
    let daemon = tree.production().filter(|(path, _)| path.starts_with(DAEMON));
    daemon
        .flat_map(|(path, source)| {
            let mut finder = Served::default();
            finder.visit_file(&source.ast);
            finder.found.into_iter().map(move |(line, route)| (path, line, route))
        })
        .filter(|(_, _, route)| !table.contains(route))
        .map(|(path, line, route)| {
            Finding::new(path, line, format!("`{route}` has no scope, add it to ROUTES of rayakash-api"))
        })
        .collect()
}

/// The string literals of rayakash-api that `wanted` picks, with their place.
fn strings_of(tree: &Tree, wanted: fn(&Found) -> bool) -> BTreeMap<String, (String, usize)> {
    let mut all = BTreeMap::new();
    for (path, source) in tree.production().filter(|(path, _)| path.starts_with(API)) {
        let mut finder = Strings::default();
        finder.visit_file(&source.ast);
        let picked = finder.found.into_iter().filter(wanted);
        all.extend(picked.map(|found| (found.text, (path.to_owned(), found.line))));
    }
    all
}

/// A string literal and what it stands in.
struct Found {
    text: String,
    line: usize,
    self_type: String,
    function: String,
    constant: String,
}

#[derive(Default)]
struct Strings {
    self_type: String,
    function: String,
    constant: String,
    found: Vec<Found>,
}

impl<'ast> Visit<'ast> for Strings {
    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        if let syn::Type::Path(path) = &*item.self_ty {
            self.self_type = path.path.segments.last().map(|part| part.ident.to_string()).unwrap_or_default();
        }
        visit::visit_item_impl(self, item);
        self.self_type.clear();
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.function = item.sig.ident.to_string();
        visit::visit_impl_item_fn(self, item);
        self.function.clear();
    }

    fn visit_item_const(&mut self, item: &'ast syn::ItemConst) {
        self.constant = item.ident.to_string();
        visit::visit_item_const(self, item);
        self.constant.clear();
    }

    fn visit_lit_str(&mut self, literal: &'ast syn::LitStr) {
        self.found.push(Found {
            text: literal.value(),
            line: literal.span().start().line,
            self_type: self.self_type.clone(),
            function: self.function.clone(),
            constant: self.constant.clone(),
        });
    }
}

/// The first arguments of `.route("…", …)`.
#[derive(Default)]
struct Served {
    found: Vec<(usize, String)>,
}

impl<'ast> Visit<'ast> for Served {
    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        if let (true, Some(syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(path), .. }))) =
            (call.method == "route", call.args.first())
        {
            self.found.push((path.span().start().line, path.value()));
        }
        visit::visit_expr_method_call(self, call);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODES: &str =
        "impl Code { pub fn as_str(self) -> &'static str { match self { Self::Gone => \"not_found\" } } }";

    fn page_findings(pages_: &[&str]) -> usize {
        let mut files = vec![("crates/rayakash-api/src/error.rs", CODES)];
        files.extend(pages_.iter().map(|path| (*path, "")));
        pages(&Tree::of(&files)).len()
    }

    #[test]
    fn every_code_has_a_page() {
        assert_eq!(page_findings(&["docs/reference/errors/not_found.md", INDEX]), 0);
        assert_eq!(page_findings(&[]), 1);
        assert_eq!(page_findings(&["docs/reference/errors/not_found.md", "docs/reference/errors/old.md"]), 1);
    }

    #[test]
    fn every_route_has_a_scope() {
        let served = |path: &str| {
            let api = "pub const ROUTES: &[Route] = &[Route { path: \"/livez\", scope: Scope::Open }];";
            let daemon = format!("fn f() {{ Router::new().route(\"{path}\", get(h)); }}");
            scopes(&Tree::of(&[
                ("crates/rayakash-api/src/routes.rs", api),
                ("crates/rayakash-daemon/src/serve.rs", &daemon),
            ]))
            .len()
        };
        assert_eq!(served("/livez"), 0);
        assert_eq!(served("/v1/secret"), 1);
    }
}
