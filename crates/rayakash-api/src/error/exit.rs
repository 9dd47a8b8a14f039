//! How the command line ends.

/// The exit codes of `rayakash`. Their numbers are a promise (`docs/reference/exit-codes.md`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Exit {
    /// Done.
    Ok = 0,
    /// Another failure.
    Other = 1,
    /// The command line is wrong.
    Usage = 2,
    /// The file is invalid; nothing was spent.
    InvalidFile = 3,
    /// A network or an endpoint does not answer.
    Network = 4,
    /// The chain rejected a transaction.
    Rejected = 5,
    /// Keys or access.
    Keys = 6,
    /// The state directory is damaged or held by another daemon.
    State = 7,
    /// No acceptable bid.
    NoBid = 8,
    /// Refused by the budget, or not approved.
    Refused = 9,
    /// Degraded, or still converging.
    NotReady = 10,
    /// Timed out; the daemon goes on.
    TimedOut = 11,
    /// Not found.
    NotFound = 12,
    /// Somebody else changed it.
    Conflict = 13,
    /// `plan`: there are changes.
    Changes = 20,
    /// The job failed.
    JobFailed = 100,
    /// The job is not finished.
    JobUnfinished = 101,
    /// The job is not known.
    JobNotFound = 102,
    /// The job was stopped.
    JobStopped = 103,
    /// Interrupted from the keyboard.
    Interrupted = 130,
}

impl Exit {
    /// The number that the shell sees.
    pub const fn number(self) -> u8 {
        self as u8
    }
}
