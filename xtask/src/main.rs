//! The chores of this repository: `cargo xtask help` lists them.

mod fuzz;
mod mutants;
mod programs;
mod tidy;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

const HELP: &str = "\
Usage: cargo xtask COMMAND

  tidy           check the rules of ARCHITECTURE.md: crate edges, absences, budgets, pages, links
  crash ARGS…    kill the daemon at random moments, or end it at every effect, and compare the books (rayakash-tests, bin crash)
  sim ARGS…      the daemon in a simulated world in which everything goes wrong (rayakash-tests, bin sim)
  conformance sdl FILE…  documents with the answers of Akash's own library (akash-sdl, example conformance)
  fuzz sdl [MINUTES]  hostile documents, with cargo-fuzz
  model          every interleaving of an intent, a chain, nodes that lie and crashes, under several rules (akash-chain, example model)
  mutants [SET]  seeded bugs of tests/mutants/SET.toml, or of all there, each of which a test must find
  property sdl [ARGS…]   random documents, read here and by Akash's TypeScript client (rayakash-tests, bin property)
  localnet ARGS… a cluster's life on a real local chain, or on a sandbox as one (rayakash-tests, bin localnet)
  bench ARGS…    measure the program on this machine (rayakash-tests, bin bench)
  replay PATH…   take recordings of a real node and a real provider again, on the sandbox (rayakash-tests, bin replay)
  help           this text";

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let command = args.next().unwrap_or_else(|| "help".to_owned());
    match command.as_str() {
        "tidy" => run_tidy(&root()),
        "fuzz" => fuzz::run(&root(), args),
        "mutants" => mutants::run(&root(), args),
        "crash" | "bench" | "conformance" | "localnet" | "model" | "property" | "replay" | "sim" => {
            programs::run(&root(), &command, args)
        }
        "help" | "-h" | "--help" => {
            say(HELP);
            ExitCode::SUCCESS
        }
        other => {
            complain(&format!("cargo xtask: there is no command `{other}`\n\n{HELP}"));
            ExitCode::from(2)
        }
    }
}

fn run_tidy(root: &Path) -> ExitCode {
    let tree = match tidy::Tree::load(root) {
        Ok(tree) => tree,
        Err(error) => {
            complain(&format!("cargo xtask tidy: reading {}: {error}", root.display()));
            return ExitCode::FAILURE;
        }
    };
    let findings = tidy::check(&tree);
    if findings.is_empty() {
        say(&format!("tidy: {} rules, {} files, no findings", tidy::rules(), tree.len()));
        return ExitCode::SUCCESS;
    }
    for finding in &findings {
        say(&finding.to_string());
    }
    complain(&format!("tidy: {} rules, {} files, {} findings", tidy::rules(), tree.len(), findings.len()));
    ExitCode::FAILURE
}

/// The folder that holds the workspace's `Cargo.toml`.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map_or_else(|| PathBuf::from("."), Path::to_path_buf)
}

#[expect(clippy::print_stdout, reason = "the result of a command goes to stdout, from this one place")]
fn say(text: &str) {
    println!("{text}");
}

#[expect(clippy::print_stderr, reason = "what went wrong goes to stderr, from this one place")]
fn complain(text: &str) {
    eprintln!("{text}");
}
