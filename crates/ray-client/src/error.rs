//! What can go wrong, and what to do then.

use std::time::Duration;

use thiserror::Error;

/// The request that an error is about, without its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// HTTP method.
    pub method: http::Method,
    /// Path and query.
    pub path: String,
}

impl std::fmt::Display for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

/// What a caller can do about an [`Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recovery {
    /// Ask again after this long.
    Retry {
        /// How long to wait first.
        after: Duration,
    },
    /// The token is not this head's: find out anew which cluster this is.
    Refresh,
    /// It may have happened: look before doing it again.
    Look,
    /// Asking again will not help.
    GiveUp,
}

/// A call to Ray that gave no usable answer.
#[derive(Debug, Error)]
pub enum Error {
    /// The head could not be reached.
    #[error("cannot connect to the Ray head for {request}")]
    Connect {
        /// What was to be asked.
        request: Request,
        /// The connector's reason.
        source: std::io::Error,
    },
    /// The connection ended, or broke HTTP, before the answer was complete.
    #[error("the connection ended before Ray answered {request}")]
    Cut {
        /// What was asked.
        request: Request,
        /// What hyper saw.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// No complete answer in time.
    #[error("Ray did not answer {request} within {seconds} s")]
    Timeout {
        /// What was asked.
        request: Request,
        /// The limit.
        seconds: u64,
    },
    /// The answer's body is larger than we read.
    #[error("Ray's answer to {request} is larger than {limit} bytes")]
    TooLarge {
        /// What was asked.
        request: Request,
        /// The limit in bytes.
        limit: usize,
    },
    /// Ray does not accept the token (401 or 403).
    #[error("Ray refuses the token for {request} ({status})")]
    Unauthorized {
        /// What was asked.
        request: Request,
        /// 401 or 403.
        status: u16,
    },
    /// Ray knows no such thing (404).
    #[error("Ray knows nothing of {request}")]
    NotFound {
        /// What was asked.
        request: Request,
    },
    /// A job with this submission id is known already: it was submitted before, perhaps by us.
    #[error("a job {submission_id} exists already")]
    JobExists {
        /// The id.
        submission_id: String,
    },
    /// Ray refuses the request itself (other 4xx).
    #[error("Ray refuses {request} ({status}): {message}")]
    Refused {
        /// What was asked.
        request: Request,
        /// The HTTP status.
        status: u16,
        /// The last line of Ray's text; before it comes a Python traceback.
        message: String,
    },
    /// Ray has a fault of its own (5xx, or `"result": false`).
    #[error("Ray failed at {request} ({status}): {message}")]
    Failed {
        /// What was asked.
        request: Request,
        /// The HTTP status.
        status: u16,
        /// The last line of Ray's text.
        message: String,
    },
    /// The answer is not what this version of the API promises.
    #[error("cannot read Ray's answer to {request}")]
    Unreadable {
        /// What was asked.
        request: Request,
        /// Where reading stopped.
        source: serde_json::Error,
    },
    /// The probe job ended, or ran out of time, without its result line.
    #[error("the probe job {submission_id} is {status} and printed no result: {message}")]
    NoProbe {
        /// The probe's submission id.
        submission_id: String,
        /// The job's state.
        status: String,
        /// Ray's words about the job.
        message: String,
    },
}

impl Error {
    /// What a caller can do about it.
    #[must_use]
    pub fn recovery(&self) -> Recovery {
        let soon = Recovery::Retry { after: Duration::from_secs(1) };
        match self {
            Self::Connect { .. } | Self::NoProbe { .. } => soon,
            // What only reads can be asked again; what writes may have been done.
            Self::Cut { request, .. } | Self::Timeout { request, .. } | Self::Failed { request, .. } => {
                if request.method.is_safe() {
                    soon
                } else {
                    Recovery::Look
                }
            }
            Self::JobExists { .. } => Recovery::Look,
            Self::Unauthorized { .. } => Recovery::Refresh,
            Self::TooLarge { .. }
            | Self::NotFound { .. }
            | Self::Refused { .. }
            | Self::Unreadable { .. } => Recovery::GiveUp,
        }
    }
}
