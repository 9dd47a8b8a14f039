//! Which files are taken at all.

use super::*;

/// `line:column message | help` of everything that is refused.
pub(super) fn refused(text: &str) -> Vec<String> {
    let Err(invalid) = import(text) else { return Vec::new() };
    let line = |found: &Diagnostic| {
        let help = found.help.as_deref().map(|help| format!(" | {help}")).unwrap_or_default();
        format!("{}:{} {}{help}", found.line, found.column, found.message)
    };
    invalid.diagnostics.iter().map(line).collect()
}

#[test]
fn a_file_that_is_neither_is_refused_with_what_was_looked_for() {
    let table = [
        ("a: 1\n", "1:1 this is neither an Akash SDL nor a file of Ray's cluster launcher | looked for"),
        ("[]\n", "1:1 this is neither"),
        ("just words\n", "1:1 this is neither"),
        (
            "\n# c\napiVersion: rayakash/v1\n",
            "3:1 this is a cluster file already | run `rayakash up` with it",
        ),
        ("apiVersion: ray.io/v1\nkind: RayCluster\n", "1:1 this is a resource of KubeRay"),
        ("apiVersion: apps/v1\n", "1:1 this is neither"),
        ("service: x\nprovider: { name: aws }\n", "1:1 this is neither"),
        ("services:\n  web: { image: nginx }\n", "1:1 these services have no resources | Akash's SDL has"),
        ("", "1:1 the document is empty"),
    ];
    for (text, expected) in table {
        let found = refused(text);
        assert!(matches!(found.as_slice(), [one] if one.starts_with(expected)), "{text}: {found:?}");
    }
}

#[test]
fn broken_yaml_is_refused_with_its_line() {
    // The mistake of the first template: one entry of a list stands a column before the others.
    let text = fixture("template-2024.yaml");
    let at = text.match_indices("      - RAY_ADDRESS_HOST").nth(3).unwrap().0;
    let broken = format!("{}     {}", &text[..at], text[at..].trim_start());
    let line = text[..at].matches('\n').count() + 1;
    let help = format!(
        "in line {line} the list stands further to the left: give all its entries the same indentation"
    );
    let found = refused(&broken);
    assert!(matches!(found.as_slice(), [one] if one.ends_with(&help)), "{line}: {found:?}");
    let invalid = import(&broken).unwrap_err();
    assert!(!serde_json::to_string(&invalid.diagnostics).unwrap().contains("made-up"), "{invalid:?}");
    let table = [
        ("services:\n\tweb: 1\n", "2:1 a tab cannot indent a line"),
        ("services: [a\nprofiles: b\n", "2:9 this is no YAML"),
        ("services: *nobody\n", "1:11 the alias `*nobody` names no value"),
        ("a: 1\na: 2\n", "2:1 the key `a` is there twice"),
        ("a: 1\n---\nb: 2\n", "2:1 there is more than one document"),
    ];
    for (text, expected) in table {
        let found = refused(text);
        assert!(matches!(found.as_slice(), [one] if one.starts_with(expected)), "{text}: {found:?}");
    }
}
