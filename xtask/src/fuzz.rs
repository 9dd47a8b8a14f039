//! `cargo xtask fuzz SET [MINUTES]`: hostile input until time is up or something breaks. Not part of CI.
//!
//! A set is a `fuzz` folder of a crate, with its corpus and dictionary. `cargo install cargo-fuzz --locked` is needed, and no nightly
//! compiler: memory is watched by the fuzzer's own cap, since nothing here is unsafe.

use std::path::Path;
use std::process::{Command, ExitCode};

use crate::{complain, say};

const USAGE: &str = "usage: cargo xtask fuzz sdl [MINUTES]";
/// Mebibytes that one run may hold, and seconds that one input may take.
const LIMITS: [&str; 3] = ["-rss_limit_mb=256", "-malloc_limit_mb=64", "-timeout=5"];

/// Runs the fuzzer; what it finds new is kept under `target`, what breaks in the crate's `fuzz/artifacts`.
pub(crate) fn run(root: &Path, args: impl Iterator<Item = String>) -> ExitCode {
    let words: Vec<String> = args.collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let minutes = match words.as_slice() {
        ["sdl"] => Some(10),
        ["sdl", minutes] => minutes.parse::<u32>().ok().filter(|minutes| (1..=1_440).contains(minutes)),
        _ => None,
    };
    let Some(minutes) = minutes else {
        complain(USAGE);
        return ExitCode::from(2);
    };
    match command(root, minutes).status() {
        Ok(status) if status.success() => {
            say(&format!("{minutes} minutes without a finding"));
            ExitCode::SUCCESS
        }
        Ok(status) => {
            let found = root.join("crates/akash-sdl/fuzz/artifacts");
            complain(&format!(
                "the fuzzer ended with {status}, see above; what it found lies in {}. It needs `cargo install cargo-fuzz --locked`",
                found.display()
            ));
            ExitCode::FAILURE
        }
        Err(error) => {
            complain(&format!("cargo did not start: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn command(root: &Path, minutes: u32) -> Command {
    let fuzz = root.join("crates/akash-sdl/fuzz");
    let target = root.join("target/fuzz");
    let found = target.join("corpus/sdl");
    // The fuzzer wants its folders to be there; if they cannot be made, it says so.
    let _made = std::fs::create_dir_all(&found);
    let mut cargo = Command::new("cargo");
    cargo
        .args(["fuzz", "run", "--sanitizer", "none", "--fuzz-dir"])
        .arg(&fuzz)
        .arg("--target-dir")
        .arg(&target);
    cargo.arg("parse").arg(&found).arg(fuzz.join("corpus/parse"));
    cargo.arg("--").args(LIMITS).arg(format!("-dict={}", fuzz.join("sdl.dict").display()));
    cargo.args([
        format!("-max_total_time={}", minutes * 60).as_str(),
        "-max_len=8192",
        "-print_final_stats=1",
    ]);
    // Instrumentation of coverage is behind a gate of the compiler.
    cargo.current_dir(&fuzz).env("RUSTC_BOOTSTRAP", "1");
    cargo
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fuzzer_is_capped_and_finds_its_files() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let made = command(&root, 3);
        let words: Vec<_> = made.get_args().map(|word| word.to_string_lossy().into_owned()).collect();
        assert!(words.contains(&"-max_total_time=180".to_owned()), "{words:?}");
        assert!(LIMITS.iter().all(|limit| words.contains(&(*limit).to_owned())), "{words:?}");
        for file in ["sdl.dict", "corpus/parse", "fuzz_targets/parse.rs"] {
            assert!(root.join("crates/akash-sdl/fuzz").join(file).exists(), "{file}");
        }
    }
}
