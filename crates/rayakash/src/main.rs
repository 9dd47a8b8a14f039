//! The command line of rayakash: parse, call one verb of the daemon, render.
//!
//! [`args`] is what can be typed, [`command`] one module per command, [`session`] how a daemon is found or started, [`output`] the
//! only way to stdout and stderr. The daemon and the sandbox run in this program too, as `daemon run` and `sandbox run`.

mod approve;
mod args;
mod command;
mod daemon;
mod diagnostics;
mod duration;
mod failure;
mod file;
mod follow;
mod log;
mod output;
mod printable;
mod progress;
mod prompt;
mod runtime;
mod sandbox;
mod session;
mod spawn;
mod status;

use args::Args;
use clap::Parser as _;
use output::Output;
use std::process::ExitCode;

fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        // Help and version are answers, not failures: clap knows where they go and how they end.
        Err(asked) => {
            return match asked.print() {
                Ok(()) => ExitCode::from(u8::try_from(asked.exit_code()).unwrap_or(2)),
                Err(_) => ExitCode::from(rayakash_api::error::Exit::Other.number()),
            };
        }
    };
    let output = Output::new(&args.global);
    match command::run(args, &output) {
        Ok(exit) => ExitCode::from(exit.number()),
        Err(failure) => {
            output.failure(&failure);
            ExitCode::from(failure.exit().number())
        }
    }
}
