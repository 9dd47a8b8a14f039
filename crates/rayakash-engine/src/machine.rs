//! What a store of this program takes from the machine it runs on, for who wants to stand in for that machine.

use std::io;
use std::path::Path;

/// A write that is durable when it returns.
#[derive(Clone, Copy, Debug)]
pub enum Write<'a> {
    /// One transaction of the ledger.
    Ledger {
        /// What it does.
        what: &'static str,
        /// The ledger's file; its write-ahead log lies beside it.
        path: &'a Path,
    },
    /// A whole file, put in the place of the old one.
    File {
        /// Which.
        path: &'a Path,
        /// What will be in it.
        content: &'a [u8],
    },
    /// The end of a folder.
    Removal {
        /// Which.
        path: &'a Path,
    },
}

impl Write<'_> {
    /// What is written, for people.
    pub const fn what(&self) -> &'static str {
        match self {
            Self::Ledger { what, .. } => what,
            Self::File { .. } => "write a file",
            Self::Removal { .. } => "remove a folder",
        }
    }
}

/// A machine that a harness stands in for. Every durable write of the daemon is told to it, before and after, so that it can be
/// counted, refused, or be the last thing that happens; and whatever a store chooses by chance or reads off a clock comes from it.
///
/// A store without one uses the machine itself.
pub trait Machine: Send + Sync {
    /// Something is about to be written. An error: nothing was.
    fn before(&self, write: &Write<'_>) -> io::Result<()>;

    /// It is on the disk. An error: it is there, and its writer does not learn so.
    fn after(&self, write: &Write<'_>) -> io::Result<()>;

    /// Bytes that nobody can guess.
    fn random(&self, bytes: &mut [u8]);

    /// Unix milliseconds.
    fn unix_ms(&self) -> u64;
}
