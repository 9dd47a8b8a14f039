//! Documents against the recorded answers of Akash's own Go library (`tests/fixtures/sdl/README.md`).

use std::io::Read as _;
use std::path::{Path, PathBuf};

use akash_sdl::{Manifest, Sdl};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// What became of the lines of a file.
#[derive(Default)]
struct Score {
    both_accept: usize,
    both_refuse: usize,
    /// Ours refuses what Go accepts: a choice.
    stricter: Vec<String>,
    /// Another answer, or accepted though Go refuses: never.
    wrong: Vec<String>,
}

fn lines(path: &Path) -> Vec<Value> {
    let bytes = std::fs::read(path).unwrap();
    let mut text = String::new();
    if path.extension().is_some_and(|e| e == "gz") {
        flate2::read::GzDecoder::new(bytes.as_slice()).read_to_string(&mut text).unwrap();
    } else {
        text = String::from_utf8(bytes).unwrap();
    }
    text.split('\n').filter(|line| !line.is_empty()).map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn hex(bytes: impl AsRef<[u8]>) -> String {
    bytes.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The first answer that differs from Go's.
fn difference(sdl: &Sdl, line: &Value) -> Option<&'static str> {
    let manifest = sdl.manifest().unwrap();
    let text = manifest.to_json();
    if line["hash"] != hex(manifest.hash()) {
        return Some("hash");
    }
    if line["manifest"].is_array() && serde_json::from_str::<Value>(&text).unwrap() != line["manifest"] {
        return Some("manifest");
    }
    if line["groups"].is_array() {
        let groups: Value = serde_json::from_str(&sdl.groups_json().unwrap()).unwrap();
        if groups != line["groups"] {
            return Some("groups");
        }
    }
    let sum =
        |key: &str, text: &str| line[key].as_str().is_some_and(|wanted| wanted != hex(Sha256::digest(text)));
    if sum("manifest_sha256", &text) {
        return Some("manifest_sha256");
    }
    if sum("groups_sha256", &sdl.groups_json().unwrap()) {
        return Some("groups_sha256");
    }
    if Manifest::from_json(text.as_bytes()).as_ref() != Ok(&manifest) {
        return Some("manifest read back");
    }
    if manifest.check_against(&sdl.groups().unwrap()).is_err() {
        return Some("manifest against its own groups");
    }
    (Sdl::parse(&sdl.to_yaml()).as_ref() != Ok(sdl)).then_some("written as YAML and read back")
}

fn score(path: &Path) -> Score {
    let mut score = Score::default();
    for (number, line) in lines(path).iter().enumerate() {
        let name = line["name"].as_str().map_or_else(|| format!("line {}", number + 1), str::to_owned);
        let accepted = line["hash"].is_string();
        match Sdl::parse(line["sdl"].as_str().unwrap()) {
            Ok(sdl) if accepted => match difference(&sdl, line) {
                None => score.both_accept += 1,
                Some(what) => score.wrong.push(format!("{name}: another {what}")),
            },
            Ok(_) => score.wrong.push(format!("{name}: accepted, but Go says {}", line["error"])),
            Err(error) if accepted => score.stricter.push(format!("{name}: {error}")),
            Err(_) => score.both_refuse += 1,
        }
    }
    score
}

fn fixtures(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/sdl").join(name)
}

#[test]
fn answers_are_those_of_akash() {
    for file in ["probes.jsonl.gz", "corpus.jsonl.gz"] {
        let score = score(&fixtures(file));
        assert!(score.both_accept > 50 && score.both_refuse > 20, "{file} is there");
        assert_eq!(score.wrong, Vec::<String>::new(), "{file}");
        assert_eq!(score.stricter, Vec::<String>::new(), "{file}");
    }
}

/// All vectors, when `RAYAKASH_VECTORS` names their folder.
#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "a test's own switch; the program's settings are read elsewhere"
)]
#[expect(clippy::print_stdout, reason = "the counts are what the run is for")]
fn all_vectors_agree() {
    let Ok(folder) = std::env::var("RAYAKASH_VECTORS") else { return };
    for file in ["sdl-probes.jsonl", "sdl-corpus.jsonl.gz"] {
        let score = score(&Path::new(&folder).join(file));
        let equal = score.both_accept + score.both_refuse;
        let total = equal + score.stricter.len() + score.wrong.len();
        println!(
            "{file}: {equal}/{total} equal ({} accepted, {} refused by both); stricter {}; wrong {}",
            score.both_accept,
            score.both_refuse,
            score.stricter.len(),
            score.wrong.len()
        );
        for line in score.wrong.iter().chain(&score.stricter) {
            println!("  {line}");
        }
        assert_eq!(score.wrong, Vec::<String>::new(), "{file}");
    }
}
