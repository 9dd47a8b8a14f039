//! Input that means harm, and input that is broken by chance.

use super::*;
use proptest::prelude::*;

#[test]
fn bombs_are_refused_and_cost_little() {
    let laughs = (1..12).fold("a0: &a0 [x, x]\n".to_owned(), |text, n| {
        let m = n - 1;
        format!("{text}a{n}: &a{n} [*a{m}, *a{m}, *a{m}, *a{m}, *a{m}, *a{m}, *a{m}, *a{m}]\n")
    });
    for text in ["[".repeat(100_000), "- ".repeat(100_000), laughs, "x".repeat(file::MAX_BYTES + 1)] {
        assert!(import(&text).is_err());
    }
}

#[test]
fn many_of_everything_ends() {
    let many = |line: &dyn Fn(usize) -> String| (0..6000).map(line).collect::<String>();
    let service = "services:\n  ray-head:\n    image: rayproject/ray:2.60.0\n";
    let profile =
        "profiles: { compute: { ray-head: { resources: { cpu: { units: 1 }, memory: { size: 2Gi } } } } }\n";
    let sources = [
        format!("{service}    env:\n{}{profile}", many(&|n| format!("      - V{n}=1\n"))),
        format!("{service}    env:\n{}{profile}", many(&|n| format!("      - word{n}\n"))),
        format!("{service}    env: ['A{}']\n{profile}", "=".repeat(200_000)),
        format!("{service}    env: ['A={}']\n{profile}", "KEY ".repeat(50_000)),
        format!("{service}    command: ['{}']\n{profile}", "'' ; ray start ".repeat(13_000)),
        format!(
            "{service}    expose:\n{}{profile}",
            many(&|n| format!("      - {{ port: {n}, to: [{{ global: true }}] }}\n"))
        ),
        format!("{service}{}{profile}", many(&|n| format!("    key{n}: 1\n"))),
        format!("{service}{}{profile}", many(&|n| format!("  ray-worker{n}: {{ image: x }}\n"))),
        format!("available_node_types:\n{}head_node_type: t0\n", many(&|n| format!("  t{n}: {{}}\n"))),
        format!("cluster_name: x\nprovider: {{}}\nsetup_commands:\n{}", many(&|n| format!("  - echo {n}\n"))),
    ];
    for source in sources {
        if let Ok(imported) = import(&source) {
            assert!(imported.notes.len() <= 201 && file::parse(&imported.cluster_file).is_ok());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// A source that is changed anywhere is refused with a place, or becomes a valid file; never does a secret come out.
    #[test]
    fn a_changed_source_is_refused_or_valid(
        which in 0..3_usize,
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0..4_u8), 1..6),
    ) {
        let text = fixture(["template-2024-small.yaml", "template-2026.yaml", "launcher.yaml"][which]);
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        for (at, other, how) in edits {
            let (at, other) = (at.index(lines.len()), other.index(lines.len()));
            match how {
                0 => { lines.remove(at); }
                1 => lines.swap(at, other),
                2 => { let line = lines[other].clone(); lines.insert(at, line); }
                _ => lines[at] = lines[at].replace([':', '-', '1'], ["0", " ", "é", "\u{7}", ": ["][other % 5]),
            }
        }
        match import(&lines.join("\n")) {
            Ok(imported) => {
                prop_assert!(file::parse(&imported.cluster_file).is_ok());
                let out = serde_json::to_string(&imported).unwrap();
                prop_assert!(!out.contains("made-up"), "{out}");
            }
            Err(invalid) => {
                for found in &invalid.diagnostics {
                    prop_assert!(!found.message.contains("no valid cluster file"), "{found:?}");
                    prop_assert!(!format!("{found:?}").contains("made-up"), "{found:?}");
                    prop_assert!(found.line >= 1 && found.line <= lines.len() + 1);
                }
                prop_assert!(!invalid.diagnostics.is_empty());
            }
        }
    }
}
