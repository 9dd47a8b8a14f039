//! What can go wrong with the ledger's file.

use std::io;
use std::path::{Path, PathBuf};

use rayakash_engine::ports::Unavailable;

/// Why the ledger could not be opened, or did not do what it was asked. Nothing was written then.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The file system refused.
    #[error("cannot {what} {}", path.display())]
    Folder {
        /// What was tried.
        what: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The file is a database of something else.
    #[error("{} is a database, but not a ledger of rayakash; it was left as it is", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The file was written by a newer release.
    #[error(
        "{} was written by a newer rayakash (format {found}, this one knows {known}); it was left as it is",
        path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: i64,
        /// The newest format known here.
        known: i64,
    },
    /// The file is damaged. It is kept: it says what may still be running and costing money.
    #[error("{} is damaged: {problem}; it was left as it is, restore it from a backup", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What SQLite found.
        problem: String,
    },
    /// SQLite failed: a full disk, a broken one, a value that does not fit.
    #[error("cannot {what} in {}", path.display())]
    Failed {
        /// What was tried.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        source: rusqlite::Error,
    },
    /// The disk refused, or did not say whether it took it.
    #[error("cannot {what} in {}", path.display())]
    Disk {
        /// What was tried.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
    /// The books do not allow it.
    #[error("cannot {what} in {}: {why}", path.display())]
    Refused {
        /// What was tried.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        why: String,
    },
    /// The program is stopping. Whether it was written shows when the ledger is opened again.
    #[error("stopped before it was certain whether this was done in {}: {what}", path.display())]
    Stopped {
        /// What was tried.
        what: &'static str,
        /// The file.
        path: PathBuf,
    },
}

/// What a transaction's body fails with; it does not know the file.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    #[error("SQLite failed")]
    Sql(#[from] rusqlite::Error),
    #[error("the disk failed")]
    Disk(#[from] io::Error),
    #[error("{0}")]
    Refused(String),
}

impl Fault {
    pub(crate) fn refused(why: impl Into<String>) -> Self {
        Self::Refused(why.into())
    }

    pub(crate) fn at(self, path: &Path, what: &'static str) -> LedgerError {
        let path = path.to_owned();
        match self {
            Self::Refused(why) => LedgerError::Refused { what, path, why },
            Self::Sql(source) if is_damage(&source) => {
                LedgerError::Damaged { path, problem: source.to_string() }
            }
            Self::Sql(source) => LedgerError::Failed { what, path, source },
            Self::Disk(source) => LedgerError::Disk { what, path, source },
        }
    }
}

fn is_damage(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
    matches!(error.sqlite_error_code(), Some(DatabaseCorrupt | NotADatabase))
}

impl From<LedgerError> for Unavailable {
    fn from(error: LedgerError) -> Self {
        let mut why = error.to_string();
        let mut source = std::error::Error::source(&error);
        while let Some(cause) = source {
            why = format!("{why}: {cause}");
            source = cause.source();
        }
        Self { what: "the ledger".to_owned(), why }
    }
}
