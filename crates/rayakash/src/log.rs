//! What services write about themselves, to stderr.

use std::io::IsTerminal as _;
use tracing_subscriber::EnvFilter;

/// The filter of the configuration, unless `-v` asks for more.
pub(crate) fn filter(configured: &str, verbose: u8) -> &str {
    match verbose {
        0 => configured,
        1 => "info,rayakash_engine=debug,rayakash_daemon=debug,akash_sandbox=debug",
        2.. => "trace",
    }
}

/// Starts logging: a level, or targets such as `info,rayakash_engine=debug`.
pub(crate) fn start(filter: &str, json: bool) {
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let builder = builder.with_ansi(std::io::stderr().is_terminal());
    // A second start in one process keeps the first.
    let _first = if json { builder.json().try_init() } else { builder.try_init() };
}
