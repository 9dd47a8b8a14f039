//! `cargo xtask conformance sdl FILE…`: documents with the answers of Akash's own library, answered again by `akash-sdl`.
//!
//! A file holds one JSON object a line (`.gz` too): `sdl`, and `hash` or null; where given, `manifest_sha256`,
//! `groups_sha256`, `manifest` and `groups` are compared as well. Exit 1 when anything is accepted with another answer, or
//! accepted although Akash refuses it.

use std::io::{self, Read as _};
use std::path::Path;
use std::process::ExitCode;

use akash_sdl::{Manifest, Review, Sdl};
use flate2::read::GzDecoder;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

const HELP: &str = "Usage: cargo xtask conformance sdl FILE…\n\n  FILE  lines of JSON with `sdl` and the answers; may be gzipped";
/// How many differences of a sort are shown.
const SHOWN: usize = 20;

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let files: Vec<String> = match args.next().as_deref() {
        Some("sdl") => args.collect(),
        _ => vec![],
    };
    if files.is_empty() {
        complain(HELP);
        return ExitCode::from(2);
    }
    let mut all = Score::default();
    for file in &files {
        match score(Path::new(file)) {
            Ok(score) => {
                score.print(file);
                all.add(score);
            }
            Err(error) => {
                complain(&format!("`{file}` was not read: {error}"));
                return ExitCode::from(2);
            }
        }
    }
    if files.len() > 1 {
        all.print("all");
    }
    if all.wrong.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// How the answers compare.
#[derive(Default)]
struct Score {
    accepted: usize,
    refused: usize,
    /// Refused here, accepted by Akash.
    stricter: Vec<String>,
    /// Another answer, or accepted although Akash refuses.
    wrong: Vec<String>,
}

impl Score {
    fn add(&mut self, other: Self) {
        self.accepted += other.accepted;
        self.refused += other.refused;
        self.stricter.extend(other.stricter);
        self.wrong.extend(other.wrong);
    }

    fn print(&self, name: &str) {
        let equal = self.accepted + self.refused;
        let total = equal + self.stricter.len() + self.wrong.len();
        let share = |n: usize| format!("{}.{:02} %", n * 100 / total.max(1), n * 10_000 / total.max(1) % 100);
        let (ours, wrong) = (self.stricter.len(), self.wrong.len());
        say(&format!(
            "{name}: {equal}/{total} equal ({} accepted, {} refused by both); {ours} refused here only ({}); {wrong} wrong",
            self.accepted,
            self.refused,
            share(ours),
        ));
        for (sort, list) in [("wrong", &self.wrong), ("refused here only", &self.stricter)] {
            for line in list.iter().take(SHOWN).filter(|_| name != "all") {
                say(&format!("  {sort}: {}", line.escape_debug()));
            }
        }
    }
}

fn lines(path: &Path) -> io::Result<Vec<u8>> {
    let bytes = std::fs::read(path)?;
    if path.extension().is_none_or(|end| end != "gz") {
        return Ok(bytes);
    }
    let mut text = vec![];
    GzDecoder::new(bytes.as_slice()).read_to_end(&mut text)?;
    Ok(text)
}

fn score(path: &Path) -> Result<Score, String> {
    let bytes = lines(path).map_err(|error| error.to_string())?;
    let mut score = Score::default();
    let lines = bytes.split(|byte| *byte == b'\n').zip(1..).filter(|(line, _)| !line.is_empty());
    for (line, number) in lines {
        let value: Value = serde_json::from_slice(line).map_err(|error| format!("line {number}: {error}"))?;
        let name = field(&value, "name").as_str().map(|name| format!(" ({name})")).unwrap_or_default();
        let Some(text) = field(&value, "sdl").as_str() else {
            return Err(format!("line {number}: no `sdl`"));
        };
        let akash_accepts = field(&value, "hash").is_string();
        match Sdl::review(text) {
            Ok(read) if akash_accepts => match difference(&read, &value) {
                None => score.accepted += 1,
                Some(what) => score.wrong.push(format!("line {number}{name}: {what}")),
            },
            Ok(_) => {
                score.wrong.push(format!(
                    "line {number}{name}: accepted here; Akash says {}",
                    field(&value, "error")
                ));
            }
            Err(error) if akash_accepts => score.stricter.push(format!("line {number}{name}: {error}")),
            Err(_) => score.refused += 1,
        }
    }
    Ok(score)
}

fn field<'a>(value: &'a Value, key: &str) -> &'a Value {
    value.get(key).unwrap_or(&Value::Null)
}

/// The first answer that differs.
fn difference(read: &Review, answers: &Value) -> Option<String> {
    let Review { sdl, groups, manifest, .. } = read;
    let (json, groups_json) = (manifest.to_json(), read.groups_json());
    let sum = |text: &str| Value::from(hex::encode(Sha256::digest(text)));
    let whole = |text: &str| serde_json::from_str(text).unwrap_or(Value::Null);
    let ours = [
        ("hash", hex::encode(manifest.hash()).into()),
        ("manifest_sha256", sum(&json)),
        ("groups_sha256", sum(&groups_json)),
        ("manifest", whole(&json)),
        ("groups", whole(&groups_json)),
    ];
    let differs =
        |(key, ours): &(&str, Value)| Some(field(answers, key)).is_some_and(|it| !it.is_null() && it != ours);
    if let Some((key, _)) = ours.iter().find(|ours| differs(ours)) {
        return Some(format!("another {key}"));
    }
    if let Err(error) = manifest.check_against(groups) {
        return Some(format!("its own groups: {error}"));
    }
    let again = [
        (
            Manifest::from_json(json.as_bytes()).as_ref() == Ok(manifest),
            "the manifest's own JSON reads otherwise",
        ),
        (Sdl::parse(&sdl.to_yaml()).as_ref() == Ok(sdl), "its own YAML reads otherwise"),
    ];
    again.into_iter().find(|(same, _)| !same).map(|(_, what)| what.to_owned())
}

#[expect(clippy::print_stdout, reason = "the result of a program goes to stdout, from this one place")]
fn say(text: &str) {
    println!("{text}");
}

#[expect(clippy::print_stderr, reason = "what went wrong goes to stderr, from this one place")]
fn complain(text: &str) {
    eprintln!("{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recorded_documents_are_answered_as_by_akash() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/sdl");
        for file in ["probes.jsonl.gz", "corpus.jsonl.gz", "ends.jsonl.gz"] {
            let score = score(&folder.join(file)).unwrap();
            assert!(score.accepted > 150 && score.refused > 30, "{file} is there");
            assert_eq!((score.wrong, score.stricter), (vec![], vec![]), "{file}");
        }
    }

    #[test]
    fn another_answer_is_seen() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/sdl/probes.jsonl.gz");
        let text = lines(&file).unwrap();
        let line = text
            .split(|byte| *byte == b'\n')
            .find(|line| line.windows(8).any(|w| w == b"\"groups\""))
            .unwrap();
        let accepted: Value = serde_json::from_slice(line).unwrap();
        let read = Sdl::review(accepted["sdl"].as_str().unwrap()).unwrap();
        assert_eq!(difference(&read, &accepted), None);
        for key in ["hash", "manifest", "groups"] {
            let mut other = accepted.clone();
            other[key] = "another".into();
            assert_eq!(difference(&read, &other), Some(format!("another {key}")));
        }
    }
}
