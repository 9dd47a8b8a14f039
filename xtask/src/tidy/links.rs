//! Rules about the pages: links lead somewhere, and the book lists every page.

use super::finding::Finding;
use super::tree::{Tree, has_extension};

const SUMMARY: &str = "docs/SUMMARY.md";

/// Rule: every relative link of a Markdown file leads to a file or folder.
pub(super) fn targets(tree: &Tree) -> Vec<Finding> {
    let pages = tree.texts().filter(|(path, _)| has_extension(path, "md"));
    pages
        .flat_map(|(path, text)| links(text).into_iter().map(move |(line, link)| (path, line, link)))
        .filter(|(path, _, link)| resolve(path, link).is_none_or(|target| !tree.holds(&target)))
        .map(|(path, line, link)| {
            Finding::new(path, line, format!("the link `{link}` leads nowhere, correct it"))
        })
        .collect()
}

/// Rule: `docs/SUMMARY.md` links every page under `docs/`.
pub(super) fn listed(tree: &Tree) -> Vec<Finding> {
    let summary = tree.text(SUMMARY).unwrap_or_default();
    let listed: Vec<String> = links(summary).iter().filter_map(|(_, link)| resolve(SUMMARY, link)).collect();
    tree.paths()
        .filter(|path| path.starts_with("docs/") && has_extension(path, "md") && *path != SUMMARY)
        .filter(|path| !listed.iter().any(|known| known == path))
        .map(|path| Finding::new(path, 1, format!("{SUMMARY} does not list this page, add it")))
        .collect()
}

/// The relative links of a page with their lines; code is not looked at.
fn links(page: &str) -> Vec<(usize, String)> {
    let mut fenced = false;
    let mut found = Vec::new();
    for (line, at) in page.lines().zip(1..) {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            let prose: String = line.split('`').step_by(2).collect::<Vec<_>>().join("`");
            let inline = prose.split("](").skip(1).filter_map(|rest| rest.split([')', ' ']).next());
            found.extend(inline.filter(|link| is_relative(link)).map(|link| (at, link.to_owned())));
        }
    }
    found
}

fn is_relative(link: &str) -> bool {
    !link.is_empty() && !link.starts_with('#') && !link.contains("://") && !link.starts_with("mailto:")
}

/// The path from the root that `link` in `page` means; `None` when it leaves the repository.
fn resolve(page: &str, link: &str) -> Option<String> {
    let mut parts: Vec<&str> = page.split('/').collect();
    parts.pop();
    for part in link.split('#').next()?.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken(page: &str) -> usize {
        targets(&Tree::of(&[("docs/guide/a.md", page), ("docs/b.md", ""), ("README.md", "")])).len()
    }

    #[test]
    fn links_lead_somewhere() {
        assert_eq!(
            broken("[b](../b.md#part) [up](..) [r](../../README.md) [web](https://a.b/c) [here](#a)"),
            0
        );
        assert_eq!(broken("`[b](no.md)`\n```\n[b](no.md)\n```\n"), 0);
        assert_eq!(broken("[b](../c.md)"), 1);
        assert_eq!(broken("[b](../../../out.md)"), 1);
        assert_eq!(broken("![picture](pic.png \"title\")"), 1);
    }

    #[test]
    fn the_book_lists_every_page() {
        let page = ("docs/guide/a.md", "");
        assert_eq!(listed(&Tree::of(&[(SUMMARY, "- [A](guide/a.md)"), page])), []);
        assert_eq!(listed(&Tree::of(&[(SUMMARY, "- [A](a.md)"), page])).len(), 1);
    }
}
