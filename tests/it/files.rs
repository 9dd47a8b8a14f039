//! Cluster files that are wrong: exit code 3, the place, the line, a suggestion; nothing is started and nothing spent.

use crate::home::{home, must};

const HEAD: &str = "  head: { resources: { CPU: 1, memory: 2Gi } }\n";

/// The node types of a file, what comes after them, and what the message must say.
#[rustfmt::skip]
const BAD: &[(&str, &str, &[&str])] = &[
    ("  head: { resources: { CPU: 1, memory: 2Gi }, min_worker: 2 }\n", "", &["bad.yaml:5:47", "min_worker", "did you mean `min_workers`?"]),
    ("  head: { resources: { CPU: one, memory: 2Gi } }\n", "", &["bad.yaml:5:29", "CPU: one"]),
    ("  head: { resources: { CPU: 0, memory: 2Gi } }\n", "", &["bad.yaml:5:", "at least 1"]),
    ("  head: { resources: { CPU: 1, memory: 10Ti } }\n", "", &["bad.yaml:5:", "10Ti", "2Ti is the limit of Akash"]),
    ("  head: { resources: { CPU: 1, memory: 512Mi } }\n", "", &["bad.yaml:5:", "512Mi"]),
    ("  worker: { resources: { CPU: 1, memory: 2Gi } }\n", "", &["bad.yaml:3:", "head"]),
    (HEAD, "ray: { version: 2.999.0 }\n", &["bad.yaml:6:", "2.999.0"]),
    (HEAD, "budgt: { max_usd_total: 1 }\n", &["bad.yaml:6:1", "did you mean `budget`?"]),
    (HEAD, "cluster_name: again\n", &["bad.yaml:6:", "cluster_name"]),
    (HEAD, "head_node_type: [\n", &["bad.yaml:"]),
];

#[tokio::test]
async fn a_bad_file_is_shown_where_it_is_bad() {
    let home = home();
    let before = std::fs::read_dir(home.path()).unwrap().count();
    assert_eq!(before, 0);
    for (types, more, said) in BAD {
        let text = format!(
            "apiVersion: rayakash/v1\ncluster_name: bad\nhead_node_type: head\navailable_node_types:\n{types}{more}"
        );
        let file = home.write("bad.yaml", &text).unwrap().display().to_string();
        for command in ["up", "plan"] {
            let ran = must(home.run(&[command, &file]).await, 3);
            assert_eq!(ran.out, "", "{text}");
            for words in *said {
                assert!(ran.err.contains(words), "no `{words}` in:\n{}", ran.err);
            }
        }
    }
    let left: Vec<_> =
        std::fs::read_dir(home.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["bad.yaml"], "nothing was started");
}

#[tokio::test]
async fn what_is_no_file_at_all_is_refused() {
    let home = home();
    let table = [
        ("no such file", "none.yaml", None, "No such file"),
        ("a folder", ".", None, "Is a directory"),
        ("nothing", "empty.yaml", Some(String::new()), "the file is empty"),
        ("more than any file needs", "large.yaml", Some("x".repeat(2_000_000)), "256 KiB"),
        ("no text", "binary.yaml", Some("\u{0}\u{1}".to_owned()), "a character that cannot be printed"),
    ];
    for (what, name, text, said) in table {
        let file = match text {
            Some(text) => home.write(name, &text).unwrap(),
            None => home.path().join(name),
        };
        let ran = must(home.run(&["up", &file.display().to_string()]).await, 3);
        assert!(ran.err.contains(said), "{what}: {}", ran.err);
    }
}
