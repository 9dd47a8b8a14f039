//! Sources, and what becomes of them.

use super::*;

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/import");

fn fixture(name: &str) -> String {
    std::fs::read_to_string(format!("{FIXTURES}/{name}")).unwrap()
}

fn told(imported: &Imported) -> String {
    imported.notes.iter().map(|note| format!("{note}\n")).collect()
}

/// The files beside the sources say what must come out. To write them anew: `UPDATE=1 cargo test -p rayakash-api import`.
#[test]
fn every_source_becomes_what_is_written_beside_it() {
    let sources = ["template-2024", "template-2024-small", "template-2026", "launcher"];
    for name in sources {
        let imported = import(&fixture(&format!("{name}.yaml"))).unwrap();
        for (kind, text) in [("cluster.yaml", imported.cluster_file.clone()), ("notes", told(&imported))] {
            let path = format!("{FIXTURES}/{name}.{kind}");
            if std::env::vars().any(|(name, _)| name == "UPDATE") {
                std::fs::write(&path, &text).unwrap();
            }
            let expected = std::fs::read_to_string(&path).unwrap_or_default();
            assert!(text == expected, "{path} is not what comes out:\n{text}");
        }
        assert!(file::parse(&imported.cluster_file).is_ok());
    }
}

#[test]
fn the_templates_become_their_clusters() {
    let counts = |name| {
        let cluster = file::parse(&import(&fixture(name)).unwrap().cluster_file).unwrap();
        let workers: Vec<_> = cluster.workers().map(|(name, _, count)| (name.to_string(), count)).collect();
        (cluster.nodes(), workers)
    };
    let named = |name: &str, count| (name.to_owned(), count);
    assert_eq!(
        counts("template-2024.yaml"),
        (7, vec![named("worker", 3), named("worker4", 2), named("worker6", 1)])
    );
    assert_eq!(counts("template-2024-small.yaml"), (7, vec![named("worker", 6)]));
    assert_eq!(counts("template-2026.yaml"), (2, vec![named("worker", 1)]));
    assert_eq!(counts("launcher.yaml"), (3, vec![named("worker", 2)]));
    // The later form says six by one number.
    let later = fixture("template-2026.yaml");
    let (before, last) = later.rsplit_once("count: 1").unwrap();
    let six = file::parse(&import(&format!("{before}count: 6{last}")).unwrap().cluster_file).unwrap();
    assert_eq!(six.nodes(), 7);
}

/// Values that are made up in the sources stand nowhere in what comes out.
#[test]
fn no_secret_leaves_a_source() {
    for name in ["template-2024.yaml", "template-2024-small.yaml", "launcher.yaml"] {
        let text = fixture(name);
        assert!(text.contains("made-up") || text.contains("madeup"));
        let out = serde_json::to_string(&import(&text).unwrap()).unwrap();
        assert!(!out.contains("made-up") && !out.contains("madeup"), "{name}: {out}");
    }
    let imported = import(&fixture("template-2024.yaml")).unwrap();
    let names: Vec<_> = imported.secrets.iter().map(|secret| secret.name.as_str()).collect();
    let expected = [
        "R2_BUCKET_URL",
        "S3_ENDPOINT_URL",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "B2_APPLICATION_KEY_ID",
        "B2_APPLICATION_KEY",
        "MINIO_ACCESS_KEY",
        "MINIO_SECRET_KEY",
        "AWS_DEFAULT_REGION",
        "WANDB_API_KEY",
        "WANDB_PROJECT",
    ];
    assert_eq!(names, expected);
}

#[test]
fn the_same_text_gives_the_same_answer() {
    let text = fixture("launcher.yaml");
    assert_eq!(import(&text), import(&text));
    assert_eq!(import(&format!("\u{feff}{text}")), import(&text));
    assert_eq!(
        import(&text.replace('\n', "\r\n")).unwrap().cluster_file,
        import(&text).unwrap().cluster_file
    );
}

mod files;
mod hostile;
mod launchers;
mod templates;
