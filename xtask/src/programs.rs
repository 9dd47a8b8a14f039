//! Programs of `rayakash-tests`, run by name.

use std::path::Path;
use std::process::{Command, ExitCode};

/// Runs the binary `name` of `rayakash-tests` with `args`; its exit code becomes ours.
pub(crate) fn run(root: &Path, name: &str, args: impl Iterator<Item = String>) -> ExitCode {
    match command(root, name, args).status() {
        Ok(status) => {
            status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from)
        }
        Err(error) => {
            crate::complain(&format!("cargo xtask {name}: cargo did not start: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn command(root: &Path, name: &str, args: impl Iterator<Item = String>) -> Command {
    let mut cargo = Command::new(option_env!("CARGO").unwrap_or("cargo"));
    cargo.current_dir(root);
    cargo.args(["run", "--quiet", "--locked", "-p", "rayakash-tests", "--bin", name, "--"]);
    cargo.args(args);
    cargo
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_reach_the_program_untouched() {
        let made = command(
            Path::new("/"),
            "crash",
            ["up".to_owned(), "--seeds".to_owned(), "20".to_owned()].into_iter(),
        );
        let words: Vec<_> = made.get_args().map(|word| word.to_string_lossy().into_owned()).collect();
        assert_eq!(words.join(" "), "run --quiet --locked -p rayakash-tests --bin crash -- up --seeds 20");
    }
}
