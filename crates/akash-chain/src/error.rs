//! What can go wrong when a chain is asked.

use std::time::Duration;

use akash_types::{Height, Malformed};
use tonic::{Code, Status};

use crate::refusal;

/// What to do about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recovery {
    /// Ask again after a while.
    Retry {
        /// How long to wait.
        after: Duration,
    },
    /// The question rests on something old: look at the chain again and ask anew.
    Refresh,
    /// Nobody knows what became of it: look before acting.
    Look,
    /// Asking again gives the same answer.
    GiveUp,
}

/// A question to a chain that got no usable answer.
#[derive(Debug, thiserror::Error)]
pub enum ChainError {
    /// An endpoint's address is not one.
    #[error("`{endpoint}` is not the address of a gRPC endpoint")]
    BadEndpoint {
        /// What was configured.
        endpoint: String,
        /// Why not.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// There is no endpoint to ask.
    #[error("no gRPC endpoint is configured")]
    NoEndpoint,
    /// No endpoint answered in time; this is what happened at the last one.
    #[error("cannot {what}: {endpoint} does not answer")]
    Unreachable {
        /// What was asked.
        what: &'static str,
        /// Of whom, last.
        endpoint: String,
        /// What happened.
        source: Box<Status>,
    },
    /// A node answered with an error.
    #[error("cannot {what}: {endpoint} refuses")]
    Refused {
        /// What was asked.
        what: &'static str,
        /// Of whom.
        endpoint: String,
        /// Its answer.
        source: Box<Status>,
    },
    /// A node answered with something that cannot be.
    #[error("cannot {what}: the answer makes no sense")]
    Malformed {
        /// What was asked.
        what: &'static str,
        /// Why it cannot be.
        source: Malformed,
    },
    /// The endpoint belongs to another chain.
    #[error("{endpoint} is a node of chain `{found}`, not of `{expected}`")]
    WrongChain {
        /// Which endpoint.
        endpoint: String,
        /// The chain that was expected.
        expected: String,
        /// The chain that it serves.
        found: String,
    },
    /// A node shows an older state than was seen before: endpoints may be several nodes behind one name.
    #[error("the node is behind: it is at block {at}, and block {seen} was seen before")]
    Behind {
        /// Its newest block.
        at: Height,
        /// The newest block that was seen, anywhere.
        seen: Height,
    },
    /// Two endpoints show different things at one height, where both must be final.
    #[error("two endpoints do not agree on {what} at block {height}: one of them is wrong")]
    Disagree {
        /// On what.
        what: &'static str,
        /// At which height.
        height: Height,
    },
    /// A list does not end.
    #[error("cannot {what}: the list has more than {pages} pages")]
    TooMany {
        /// What was asked.
        what: &'static str,
        /// How many pages were read.
        pages: usize,
    },
}

impl ChainError {
    /// What to do about it.
    pub fn recovery(&self) -> Recovery {
        match self {
            Self::Unreachable { .. } | Self::Behind { .. } | Self::Disagree { .. } => {
                Recovery::Retry { after: Duration::from_secs(1) }
            }
            // A pinned height that the node does not have yet, or no longer.
            Self::Refused { source, .. } if source.code() == Code::Unknown => Recovery::Refresh,
            Self::Refused { .. }
            | Self::BadEndpoint { .. }
            | Self::NoEndpoint
            | Self::Malformed { .. }
            | Self::WrongChain { .. }
            | Self::TooMany { .. } => Recovery::GiveUp,
        }
    }

    /// Why, in a few words for people: of what has many layers, the innermost. The layers are for logs.
    pub fn gist(&self) -> String {
        match self {
            Self::Unreachable { source, .. } => root_of(source),
            Self::Refused { what, source, .. } => format!("cannot {what}: {}", source.message()),
            Self::BadEndpoint { .. }
            | Self::NoEndpoint
            | Self::Malformed { .. }
            | Self::WrongChain { .. }
            | Self::Behind { .. }
            | Self::Disagree { .. }
            | Self::TooMany { .. } => with_sources(self),
        }
    }

    /// True when a node answered that it does not have this height.
    pub(crate) fn is_missing_height(&self) -> bool {
        matches!(self, Self::Refused { source, .. } if refusal::is_missing_height(source))
    }

    /// How much the error says about the question: that there is no such thing, that a node refuses, anything else.
    pub(crate) fn says(&self) -> u8 {
        match self {
            Self::Refused { .. } if self.is_not_found() => 2,
            Self::Refused { .. } => 1,
            Self::BadEndpoint { .. }
            | Self::NoEndpoint
            | Self::Unreachable { .. }
            | Self::Malformed { .. }
            | Self::WrongChain { .. }
            | Self::Behind { .. }
            | Self::Disagree { .. }
            | Self::TooMany { .. } => 0,
        }
    }

    /// True when a node answered that there is no such thing.
    pub(crate) fn is_not_found(&self) -> bool {
        matches!(self, Self::Refused { source, .. } if source.code() == Code::NotFound)
    }
}

/// How tonic's messages begin when an answer is no gRPC: a proxy's, with an empty body, a page, or a part of an answer.
const NO_GRPC: [&str; 4] = [
    "grpc-status header missing",
    "protocol error: ",
    "Unexpected EOF decoding stream",
    "Missing response message",
];

/// True when the error was made on this side or by something between, so that another endpoint may do better. Errors that
/// a node sent have no source and none of the texts that tonic makes up for it.
pub(crate) fn is_transport(status: &Status) -> bool {
    std::error::Error::source(status).is_some()
        || matches!(status.code(), Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled)
        || NO_GRPC.iter().any(|begin| status.message().starts_with(begin))
}

/// What broke a connection; else what the status says.
fn root_of(status: &Status) -> String {
    let sources = std::iter::successors(std::error::Error::source(status), |error| error.source());
    let broken = sources.filter_map(|error| error.downcast_ref::<std::io::Error>()).last();
    broken.map_or_else(|| status.message().to_owned(), |error| error.kind().to_string())
}

/// An error with its causes, in one line.
pub(crate) fn with_sources(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gist_is_the_innermost_cause() {
        let unreachable = |status: Status| ChainError::Unreachable {
            what: "read the newest height",
            endpoint: "http://n".to_owned(),
            source: Box::new(status),
        };
        let broken = Status::from_error(Box::new(std::io::Error::from_raw_os_error(111)));
        assert_eq!(unreachable(broken).gist(), "connection refused");
        assert_eq!(unreachable(Status::deadline_exceeded("too late")).gist(), "too late");
        let (what, endpoint) = ("read a deployment", "http://n".to_owned());
        let source = Box::new(Status::unknown("height 7 is not available"));
        let error = ChainError::Refused { what, endpoint, source };
        assert_eq!(error.gist(), "cannot read a deployment: height 7 is not available");
    }
}
