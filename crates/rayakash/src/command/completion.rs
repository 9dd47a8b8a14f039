//! `completion`.

use super::Outcome;
use crate::args::Args;
use crate::output::Output;
use clap::CommandFactory as _;
use rayakash_api::error::Exit;

pub(super) fn run(shell: clap_complete::Shell, output: &Output) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "rayakash", &mut script);
    output.text(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Ok)
}
