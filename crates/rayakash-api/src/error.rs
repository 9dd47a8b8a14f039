//! How a failure is told: one closed list of codes, one body, one list of exit codes; the same on the command line and over HTTP.

mod exit;
mod problem;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use exit::Exit;
pub use problem::Problem;

/// What went wrong, as a word that programs may rely on. Each code has a page in `docs/reference/errors/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Code {
    /// A bug, or something that has no code of its own.
    Internal,
    /// The request or the command line is wrong.
    BadRequest,
    /// The cluster file, or an SDL, is invalid.
    InvalidFile,
    /// The daemon does not answer.
    NoDaemon,
    /// No endpoint of the network answers.
    Unreachable,
    /// The node at the endpoint belongs to another chain than the context says.
    WrongNetwork,
    /// The node, or the market of its chain, is of a version that is not known: only closes are signed there.
    UnknownVersion,
    /// The key is not safe to spend with until the user has looked into it: only closes are signed.
    Frozen,
    /// The chain rejected a transaction.
    Rejected,
    /// The key's passphrase was not given since the daemon started.
    Locked,
    /// The passphrase does not open the key file.
    WrongPassphrase,
    /// The caller may not do this.
    Forbidden,
    /// The state directory is damaged or cannot be written.
    StateDamaged,
    /// Another daemon holds the state directory.
    StateInUse,
    /// No bid was acceptable.
    NoBid,
    /// A cap, the balance or the fee reserve forbids it.
    OverBudget,
    /// Real money, and nobody agreed.
    NotApproved,
    /// The cluster is degraded, or not ready yet.
    NotReady,
    /// The provider refused, or the cluster did not start, and it is not tried again.
    GivenUp,
    /// It took longer than allowed. The daemon goes on.
    TimedOut,
    /// There is no such thing.
    NotFound,
    /// It exists already, or somebody else changed it.
    Conflict,
    /// A program that is needed on this machine is missing.
    MissingProgram,
    /// The job failed.
    JobFailed,
    /// The job is not finished.
    JobUnfinished,
    /// Ray does not know the job.
    JobNotFound,
    /// The job was stopped.
    JobStopped,
    /// Interrupted from the keyboard. The daemon goes on.
    Interrupted,
}

impl Code {
    /// Every code.
    pub const ALL: [Self; 28] = [
        Self::Internal,
        Self::BadRequest,
        Self::InvalidFile,
        Self::NoDaemon,
        Self::Unreachable,
        Self::WrongNetwork,
        Self::UnknownVersion,
        Self::Frozen,
        Self::Rejected,
        Self::Locked,
        Self::WrongPassphrase,
        Self::Forbidden,
        Self::StateDamaged,
        Self::StateInUse,
        Self::NoBid,
        Self::OverBudget,
        Self::NotApproved,
        Self::NotReady,
        Self::GivenUp,
        Self::TimedOut,
        Self::NotFound,
        Self::Conflict,
        Self::MissingProgram,
        Self::JobFailed,
        Self::JobUnfinished,
        Self::JobNotFound,
        Self::JobStopped,
        Self::Interrupted,
    ];

    /// The word, as it stands in JSON and names the page.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Internal => "internal",
            Self::BadRequest => "bad-request",
            Self::InvalidFile => "invalid-file",
            Self::NoDaemon => "no-daemon",
            Self::Unreachable => "unreachable",
            Self::WrongNetwork => "wrong-network",
            Self::UnknownVersion => "unknown-version",
            Self::Frozen => "frozen",
            Self::Rejected => "rejected",
            Self::Locked => "locked",
            Self::WrongPassphrase => "wrong-passphrase",
            Self::Forbidden => "forbidden",
            Self::StateDamaged => "state-damaged",
            Self::StateInUse => "state-in-use",
            Self::NoBid => "no-bid",
            Self::OverBudget => "over-budget",
            Self::NotApproved => "not-approved",
            Self::NotReady => "not-ready",
            Self::GivenUp => "given-up",
            Self::TimedOut => "timed-out",
            Self::NotFound => "not-found",
            Self::Conflict => "conflict",
            Self::MissingProgram => "missing-program",
            Self::JobFailed => "job-failed",
            Self::JobUnfinished => "job-unfinished",
            Self::JobNotFound => "job-not-found",
            Self::JobStopped => "job-stopped",
            Self::Interrupted => "interrupted",
        }
    }

    /// A line that says the same for every occurrence.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Internal => "something failed that should not",
            Self::BadRequest => "the request is wrong",
            Self::InvalidFile => "the file is invalid",
            Self::NoDaemon => "the daemon does not answer",
            Self::Unreachable => "the network does not answer",
            Self::WrongNetwork => "the endpoint belongs to another network",
            Self::UnknownVersion => "the node is of an unknown version",
            Self::Frozen => "spending is frozen",
            Self::Rejected => "the chain rejected a transaction",
            Self::Locked => "the key is locked",
            Self::WrongPassphrase => "the passphrase is wrong",
            Self::Forbidden => "not allowed",
            Self::StateDamaged => "the state directory is damaged or cannot be written",
            Self::StateInUse => "another daemon holds the state directory",
            Self::NoBid => "no acceptable bid",
            Self::OverBudget => "refused by the budget",
            Self::NotApproved => "not approved",
            Self::NotReady => "the cluster is not ready",
            Self::GivenUp => "given up",
            Self::TimedOut => "timed out",
            Self::NotFound => "not found",
            Self::Conflict => "conflict",
            Self::MissingProgram => "a program is missing",
            Self::JobFailed => "the job failed",
            Self::JobUnfinished => "the job is not finished",
            Self::JobNotFound => "the job is not known",
            Self::JobStopped => "the job was stopped",
            Self::Interrupted => "interrupted",
        }
    }

    /// How the command line ends.
    pub const fn exit_code(self) -> Exit {
        match self {
            Self::Internal | Self::GivenUp | Self::MissingProgram => Exit::Other,
            Self::BadRequest => Exit::Usage,
            Self::InvalidFile => Exit::InvalidFile,
            Self::NoDaemon | Self::Unreachable | Self::WrongNetwork | Self::UnknownVersion => Exit::Network,
            Self::Rejected => Exit::Rejected,
            Self::Frozen | Self::Locked | Self::WrongPassphrase | Self::Forbidden => Exit::Keys,
            Self::StateDamaged | Self::StateInUse => Exit::State,
            Self::NoBid => Exit::NoBid,
            Self::OverBudget | Self::NotApproved => Exit::Refused,
            Self::NotReady => Exit::NotReady,
            Self::TimedOut => Exit::TimedOut,
            Self::NotFound => Exit::NotFound,
            Self::Conflict => Exit::Conflict,
            Self::JobFailed => Exit::JobFailed,
            Self::JobUnfinished => Exit::JobUnfinished,
            Self::JobNotFound => Exit::JobNotFound,
            Self::JobStopped => Exit::JobStopped,
            Self::Interrupted => Exit::Interrupted,
        }
    }

    /// The HTTP status of an answer with this code.
    pub const fn http_status(self) -> u16 {
        match self {
            Self::BadRequest => 400,
            Self::Forbidden | Self::WrongPassphrase => 403,
            Self::NotFound | Self::JobNotFound => 404,
            Self::Conflict | Self::StateInUse | Self::JobFailed | Self::JobStopped => 409,
            Self::InvalidFile | Self::OverBudget | Self::NotApproved | Self::NoBid | Self::GivenUp => 422,
            Self::Frozen | Self::Locked => 423,
            Self::Internal | Self::StateDamaged | Self::MissingProgram | Self::Interrupted => 500,
            Self::Unreachable | Self::WrongNetwork | Self::UnknownVersion | Self::Rejected => 502,
            Self::NoDaemon | Self::NotReady | Self::JobUnfinished => 503,
            Self::TimedOut => 504,
        }
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_the_same_word_in_json() {
        for code in Code::ALL {
            assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
        }
    }

    #[test]
    fn codes_end_as_the_product_promises() {
        let table = [
            (Code::Internal, 1, 500),
            (Code::BadRequest, 2, 400),
            (Code::InvalidFile, 3, 422),
            (Code::Unreachable, 4, 502),
            (Code::Rejected, 5, 502),
            (Code::Locked, 6, 423),
            (Code::StateInUse, 7, 409),
            (Code::NoBid, 8, 422),
            (Code::OverBudget, 9, 422),
            (Code::NotApproved, 9, 422),
            (Code::NotReady, 10, 503),
            (Code::TimedOut, 11, 504),
            (Code::NotFound, 12, 404),
            (Code::Conflict, 13, 409),
            (Code::JobFailed, 100, 409),
            (Code::JobUnfinished, 101, 503),
            (Code::JobNotFound, 102, 404),
            (Code::JobStopped, 103, 409),
            (Code::Interrupted, 130, 500),
        ];
        for (code, exit, status) in table {
            assert_eq!((code.exit_code().number(), code.http_status()), (exit, status), "{code}");
        }
    }
}
