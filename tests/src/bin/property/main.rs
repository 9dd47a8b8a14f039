//! `cargo xtask property sdl`: random valid documents, read by `akash-sdl` and by Akash's TypeScript client, must have one hash.
//!
//! Documents in which the two are known to part are counted with the reason and not compared (docs/reference/sdl.md). A document
//! that differs without a reason is made as small as it can be, and printed; exit 1.

mod apart;
mod document;
mod generate;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::error::Error;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::process::ExitCode;

use akash_sdl::{Review, Sdl};
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use rayakash_tests::report::{chain_of, complain, say};
use rayakash_tests::ts_sdk::Sdk;
use serde_json::json;

use crate::generate::Document;

const USAGE: &str = "usage: cargo xtask property sdl [--count N] [--seed S] [--write FILE]

  --count N     so many documents; 500 when not given
  --seed S      those of another run; a fresh one when not given
  --write FILE  the documents with their hashes, a line of JSON each";

/// What was asked for.
struct Wanted {
    count: u32,
    seed: u64,
    write: Option<String>,
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let Some(wanted) = wanted(&words) else {
        complain(USAGE);
        return ExitCode::from(2);
    };
    match compare(&wanted) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            complain(&format!("error: {}", chain_of(&*error)));
            ExitCode::FAILURE
        }
    }
}

fn wanted(words: &[&str]) -> Option<Wanted> {
    let mut rest = words.strip_prefix(&["sdl"])?;
    let mut wanted = Wanted { count: 500, seed: rand::random(), write: None };
    while let [option, value, more @ ..] = rest {
        match *option {
            "--count" => wanted.count = value.parse().ok().filter(|count| *count > 0)?,
            "--seed" => wanted.seed = value.parse().ok()?,
            "--write" => wanted.write = Some((*value).to_owned()),
            _ => return None,
        }
        rest = more;
    }
    rest.is_empty().then_some(wanted)
}

/// What became of the documents.
#[derive(Default)]
struct Tally {
    same: u32,
    /// Why documents were not compared; one may have several reasons.
    apart: BTreeMap<&'static str, u32>,
    not_compared: u32,
    /// Not compared, and the same all the same.
    same_though: u32,
}

fn compare(wanted: &Wanted) -> Result<bool, Box<dyn Error>> {
    say(&format!("seed {}", wanted.seed));
    let sdk = RefCell::new(Sdk::start()?);
    let tally = RefCell::new(Tally::default());
    let out = wanted.write.as_ref().map(File::create).transpose()?;
    let out = RefCell::new(out.map(BufWriter::new));
    let mut seed = [0; 32];
    seed.iter_mut().zip(wanted.seed.to_le_bytes()).for_each(|(byte, given)| *byte = given);
    let config = Config { cases: wanted.count, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed));
    let ended = runner.run(&generate::document(), |document| {
        let (text, hash) = one(&document, &sdk, &tally).map_err(TestCaseError::fail)?;
        if let Some(out) = out.borrow_mut().as_mut() {
            let line = json!({ "sdl": text, "hash": hash });
            writeln!(out, "{line}").map_err(|error| TestCaseError::fail(error.to_string()))?;
        }
        Ok(())
    });
    match ended {
        Ok(()) => {
            print(&tally.borrow(), wanted.count);
            // Otherwise the reasons have become excuses.
            let enough = tally.borrow().same >= wanted.count / 4;
            if !enough {
                complain("fewer than a quarter of the documents were compared");
            }
            Ok(enough)
        }
        Err(TestError::Fail(why, document)) => {
            say(&format!("{why}, in the document:\n\n{}", text(&document)));
            Ok(false)
        }
        Err(TestError::Abort(why)) => Err(why.to_string().into()),
    }
}

fn text(document: &Document) -> String {
    document::write(&document.part.yaml, document.brackets_from)
}

/// Compares one document; gives its text and our hash of it.
fn one(document: &Document, sdk: &RefCell<Sdk>, tally: &RefCell<Tally>) -> Result<(String, String), String> {
    let text = text(document);
    let read = Sdl::review(&text).map_err(|error| format!("a valid document is refused: {error}"))?;
    let Review { sdl, groups, manifest, .. } = read;
    manifest.check_against(&groups).map_err(|error| format!("not its own groups: {error}"))?;
    let hash = hex::encode(manifest.hash());
    let theirs = sdk.borrow_mut().hash(&text).map_err(|error| error.to_string())?;
    let same = theirs.as_ref() == Ok(&hash);
    let mut reasons = document.part.reasons.clone();
    reasons.extend(apart::reasons(&sdl, &manifest));
    let mut tally = tally.borrow_mut();
    if reasons.is_empty() && !same {
        return Err(match theirs {
            Ok(theirs) => format!("hash {hash} here, {theirs} in Akash's client"),
            Err(why) => format!("accepted here; Akash's client says: {why}"),
        });
    }
    if reasons.is_empty() {
        tally.same += 1;
    } else {
        tally.not_compared += 1;
        tally.same_though += u32::from(same);
        for reason in reasons {
            *tally.apart.entry(reason).or_default() += 1;
        }
    }
    Ok((text, hash))
}

fn print(tally: &Tally, count: u32) {
    say(&format!("{count} documents: {} have the same hash in Akash's client, 0 another", tally.same));
    say(&format!(
        "{} not compared, because the client parts from Akash in them ({} are the same all the same):",
        tally.not_compared, tally.same_though
    ));
    for (reason, count) in &tally.apart {
        say(&format!("{count:>7}  {reason}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_asked_for() {
        let is = |words: &[&str]| wanted(words).map(|wanted| (wanted.count, wanted.write.is_some()));
        assert_eq!(is(&["sdl"]), Some((500, false)));
        assert_eq!(is(&["sdl", "--count", "7", "--seed", "1", "--write", "x"]), Some((7, true)));
        for bad in [&[][..], &["sdl", "--count"], &["sdl", "--count", "0"], &["sdl", "--what", "1"], &["up"]]
        {
            assert!(wanted(bad).is_none(), "{bad:?}");
        }
        assert_eq!(wanted(&["sdl", "--seed", "9"]).map(|wanted| wanted.seed), Some(9));
    }
}
