//! Why a harness cannot go on.

use std::io;
use std::time::Duration;

use akash_chain::ChainError;

/// Why a harness cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file, a folder or a process could not be used.
    #[error("{what} failed")]
    Io {
        /// What was tried.
        what: String,
        /// What the system said.
        source: io::Error,
    },
    /// The program could not be built.
    #[error("`cargo build -p rayakash` ended with {how}")]
    Build {
        /// How it ended.
        how: String,
    },
    /// Something did not happen in time.
    #[error("{what}: not within {} s", patience.as_secs())]
    Late {
        /// What was waited for.
        what: String,
        /// For how long.
        patience: Duration,
    },
    /// The chain did not answer as it should.
    #[error("the chain could not be looked at")]
    Chain(#[from] ChainError),
    /// The daemon's ledger could not be read.
    #[error("the ledger could not be read")]
    Ledger(#[from] rusqlite::Error),
    /// A command ended otherwise than it should.
    #[error("`rayakash {command}` ended with {code:?}, not {expected}:\n{said}")]
    Exit {
        /// Its arguments.
        command: String,
        /// Its exit code; none: a signal.
        code: Option<i32>,
        /// The code that was right.
        expected: i32,
        /// What it wrote to stdout and stderr.
        said: String,
    },
    /// The file system refused.
    #[error("a file of a simulation could not be used")]
    Files(#[from] io::Error),
    /// A chain in this process could not go on.
    #[error("the chain in this process failed")]
    Sandbox(#[from] akash_sandbox::Error),
    /// A daemon in this process refused.
    #[error("the daemon refused")]
    Daemon(#[from] rayakash_ledger::LedgerError),
    /// A daemon in this process reached nothing.
    #[error(transparent)]
    Unavailable(#[from] rayakash_engine::ports::Unavailable),
    /// Something is not as it should be.
    #[error("{0}")]
    Wrong(String),
}

impl Error {
    /// For `map_err`, with what was tried.
    pub fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }
}
