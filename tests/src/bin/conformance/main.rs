//! `cargo xtask conformance sdl FILE…`: documents with the answers of Akash's own library, answered again by `akash-sdl`.
//!
//! A file holds one JSON object a line (`.gz` too): `sdl`, and `hash` or null; where given, `manifest_sha256`,
//! `groups_sha256`, `manifest` and `groups` are compared as well. Exit 1 when anything is accepted with another answer, or
//! accepted although Akash refuses it.

use std::io::Read as _;
use std::path::Path;
use std::process::ExitCode;

use akash_sdl::{Manifest, Sdl};
use flate2::read::GzDecoder;
use rayakash_tests::report::{complain, say};
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

fn score(path: &Path) -> Result<Score, String> {
    let mut bytes = std::fs::read(path).map_err(|error| error.to_string())?;
    if path.extension().is_some_and(|end| end == "gz") {
        let mut text = vec![];
        GzDecoder::new(bytes.as_slice()).read_to_end(&mut text).map_err(|error| error.to_string())?;
        bytes = text;
    }
    let mut score = Score::default();
    let lines = bytes.split(|byte| *byte == b'\n').zip(1..).filter(|(line, _)| !line.is_empty());
    for (line, number) in lines {
        let value: Value = serde_json::from_slice(line).map_err(|error| format!("line {number}: {error}"))?;
        let name = field(&value, "name").as_str().map(|name| format!(" ({name})")).unwrap_or_default();
        let Some(text) = field(&value, "sdl").as_str() else {
            return Err(format!("line {number}: no `sdl`"));
        };
        let akash_accepts = field(&value, "hash").is_string();
        match Sdl::parse(text) {
            Ok(sdl) if akash_accepts => match difference(&sdl, &value) {
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
fn difference(sdl: &Sdl, answers: &Value) -> Option<String> {
    let (groups, manifest) = match sdl.build() {
        Ok(built) => built,
        Err(error) => return Some(format!("accepted, then refused: {error}")),
    };
    let groups_json = match sdl.groups_json() {
        Ok(json) => json,
        Err(error) => return Some(format!("accepted, then refused: {error}")),
    };
    let json = manifest.to_json();
    let sum = |text: &str| hex::encode(Sha256::digest(text));
    let answers = [
        ("hash", hex::encode(manifest.hash())),
        ("manifest_sha256", sum(&json)),
        ("groups_sha256", sum(&groups_json)),
    ]
    .into_iter()
    .find(|(key, ours)| field(answers, key).as_str().is_some_and(|theirs| theirs != ours))
    .map(|(key, _)| format!("another {key}"));
    let read_back = || {
        (Manifest::from_json(json.as_bytes()).as_ref() != Ok(&manifest))
            .then(|| "the manifest's own JSON reads otherwise".to_owned())
    };
    let fits = || manifest.check_against(&groups).err().map(|error| format!("its own groups: {error}"));
    let again = || {
        (Sdl::parse(&sdl.to_yaml()).as_ref() != Ok(sdl)).then(|| "its own YAML reads otherwise".to_owned())
    };
    answers.or_else(read_back).or_else(fits).or_else(again)
}
