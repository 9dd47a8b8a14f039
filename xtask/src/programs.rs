//! Programs of this repository, run by name: those of `rayakash-tests`, the conformance program of `akash-sdl` and the model of `akash-chain`.

use std::path::Path;
use std::process::{Command, ExitCode};

/// Runs the program `name` with `args`; its exit code becomes ours.
pub(crate) fn run(root: &Path, name: &str, args: impl Iterator<Item = String>) -> ExitCode {
    match command(root, name, &args.collect::<Vec<_>>()).status() {
        Ok(status) => {
            status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from)
        }
        Err(error) => {
            crate::complain(&format!("cargo xtask {name}: cargo did not start: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn command(root: &Path, name: &str, args: &[String]) -> Command {
    let mut cargo = Command::new(option_env!("CARGO").unwrap_or("cargo"));
    cargo.current_dir(root);
    cargo.args(["run", "--quiet", "--locked"]);
    match name {
        "conformance" => cargo.args(["-p", "akash-sdl", "--example", name]),
        // Tens of millions of states.
        "model" => cargo.args(["-p", "akash-chain", "--example", name, "--profile", "measure"]),
        _ => cargo.args(["-p", "rayakash-tests", "--bin", name]),
    };
    // What runs in the program itself is run optimised; other benches, and kills, are of a program of their own.
    let inside = match name {
        "bench" => args.first().is_some_and(|what| what == "chain" || what == "sdl"),
        "crash" => args.first().is_some_and(|what| what.starts_with("--")),
        _ => name == "sim",
    };
    if inside {
        cargo.args(["--profile", "measure"]);
    }
    cargo.arg("--").args(args);
    cargo
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_reach_the_program_untouched() {
        let made = |name: &str, args: &[&str]| {
            let args: Vec<String> = args.iter().map(|a| (*a).to_owned()).collect();
            let made = command(Path::new("/"), name, &args);
            let words: Vec<_> = made.get_args().map(|word| word.to_string_lossy().into_owned()).collect();
            words.join(" ")
        };
        let start = "run --quiet --locked -p rayakash-tests --bin";
        assert_eq!(made("crash", &["up", "--seeds", "20"]), format!("{start} crash -- up --seeds 20"));
        assert_eq!(
            made("conformance", &["sdl", "x"]),
            "run --quiet --locked -p akash-sdl --example conformance -- sdl x"
        );
        assert_eq!(
            made("model", &[]),
            "run --quiet --locked -p akash-chain --example model --profile measure --"
        );
        assert_eq!(made("bench", &["up"]), format!("{start} bench -- up"));
        for (name, args) in
            [("bench", "chain"), ("bench", "sdl"), ("crash", "--all-points"), ("sim", "--seeds")]
        {
            assert_eq!(made(name, &[args]), format!("{start} {name} --profile measure -- {args}"));
        }
    }
}
