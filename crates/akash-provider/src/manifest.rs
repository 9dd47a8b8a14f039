//! Sending a manifest: what the answers mean, and when to send again.

use std::time::Duration;

use crate::{GatewayError, Recovery};

/// A manifest that was not accepted.
#[derive(Debug, thiserror::Error)]
pub enum PutError {
    /// The provider has not seen the lease yet, or it is over. It keeps the manifest all the same.
    #[error("the provider knows no lease of the deployment: {problem}")]
    NoLease {
        /// The provider's words.
        problem: String,
    },
    /// The provider compares with another version: it has not seen the latest update, or the manifest is not the one
    /// whose hash is on chain.
    #[error("the provider expects another version of the manifest")]
    Version,
    /// The manifest is refused for good.
    #[error("the manifest is refused ({status}): {problem}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The provider's words.
        problem: String,
    },
    /// It did not get as far as that.
    #[error("the manifest could not be sent")]
    Gateway {
        /// Why.
        source: GatewayError,
    },
}

/// What providers answer with 500 though it is the manifest's fault (provider 0.14 to 0.16).
const OUR_FAULT: [&str; 4] =
    ["invalid manifest", "hostname not allowed", "must not be nil", "manifest cross-validation"];

impl From<GatewayError> for PutError {
    fn from(source: GatewayError) -> Self {
        match source {
            GatewayError::NotThere { problem, .. } => Self::NoLease { problem },
            GatewayError::Failing { problem, .. } if problem.contains("Deployment not found") => {
                Self::NoLease { problem }
            }
            GatewayError::Refused { status: 422, ref problem, .. }
                if problem.contains("version validation failed") =>
            {
                Self::Version
            }
            GatewayError::Refused { status, problem, .. } => Self::Refused { status, problem },
            GatewayError::Failing { status, problem, .. }
                if OUR_FAULT.iter().any(|text| problem.contains(text)) =>
            {
                Self::Refused { status, problem }
            }
            source @ (GatewayError::BadUri { .. }
            | GatewayError::Tls { .. }
            | GatewayError::Stranger { .. }
            | GatewayError::Unreachable { .. }
            | GatewayError::Token { .. }
            | GatewayError::Failing { .. }
            | GatewayError::Unreadable { .. }) => Self::Gateway { source },
        }
    }
}

impl PutError {
    /// What to do about it, once. [`next`] also knows when it is enough.
    pub const fn recovery(&self) -> Recovery {
        match self {
            Self::NoLease { .. } => Recovery::Retry { after: Duration::from_secs(6) },
            Self::Version => Recovery::Retry { after: Duration::from_secs(4) },
            Self::Refused { .. } => Recovery::GiveUp,
            Self::Gateway { source } => source.recovery(),
        }
    }
}

/// What to do after sending a manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Send the same again after this long.
    Again {
        /// How long.
        after: Duration,
    },
    /// Send the same again with a new token, at once.
    Refresh,
    /// The provider has it for certain.
    Done,
    /// Look at the chain: waiting longer does not help.
    Look,
    /// It is refused for good.
    Stop,
}

/// How often a provider may say that it knows no lease.
const MOST_NO_LEASE: u32 = 10;
/// How often it may expect another version.
const MOST_VERSION: u32 = 5;
/// How often a new token is tried.
const MOST_TOKENS: u32 = 2;
/// When an accepted manifest is sent the second time.
const CONFIRM: Duration = Duration::from_secs(15);

/// The rule. `accepted` and `alike` count earlier answers to the same manifest: successes, and those in a row of the kind
/// that came now.
///
/// An accepted manifest is sent once more, unchanged: a provider that accepts before its own event loop has seen the lease
/// would close the lease after five minutes for want of a manifest. An identical one restarts nothing.
pub fn next(outcome: &Result<(), PutError>, accepted: u32, alike: u32) -> Next {
    let error = match outcome {
        Ok(()) if accepted > 0 => return Next::Done,
        Ok(()) => return Next::Again { after: CONFIRM },
        Err(error) => error,
    };
    let most = match error {
        PutError::NoLease { .. } => MOST_NO_LEASE,
        PutError::Version => MOST_VERSION,
        PutError::Gateway { source: GatewayError::Token { .. } } => MOST_TOKENS,
        PutError::Refused { .. } | PutError::Gateway { .. } => u32::MAX,
    };
    match error.recovery() {
        Recovery::GiveUp => Next::Stop,
        Recovery::Look => Next::Look,
        _ if alike >= most => Next::Look,
        Recovery::Refresh => Next::Refresh,
        // A provider in trouble is asked ever more seldom.
        Recovery::Retry { after } if most == u32::MAX => {
            Next::Again { after: after * 2_u32.pow(alike.min(4)) }
        }
        Recovery::Retry { after } => Next::Again { after },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Result<(), PutError> {
        Err(GatewayError::from_answer("PUT".to_owned(), status, body.as_bytes()).into())
    }

    #[test]
    fn the_rule() {
        let again = |secs| Next::Again { after: Duration::from_secs(secs) };
        let version = "manifest version validation failed\n";
        let lost = "rpc error: code = NotFound desc = Deployment not found: key not found";
        let cases = [
            (Ok(()), 0, 0, again(15)),
            (Ok(()), 1, 0, Next::Done),
            (answer(404, "no lease for deployment\n"), 0, 0, again(6)),
            (answer(404, "no lease for deployment\n"), 0, 10, Next::Look),
            (answer(500, lost), 0, 0, again(6)),
            (answer(422, version), 0, 0, again(4)),
            (answer(422, version), 0, 5, Next::Look),
            (answer(422, "invalid manifest: zero global services"), 0, 0, Next::Stop),
            (answer(422, "manifest cross-validation error: x"), 0, 0, Next::Stop),
            (answer(500, "invalid manifest: group count mismatch (1 != 2)"), 0, 0, Next::Stop),
            (answer(500, "hostname not allowed: host \"h\" in use"), 0, 0, Next::Stop),
            (answer(500, "GPU must not be nil"), 0, 0, Next::Stop),
            (answer(500, "not running"), 0, 0, again(5)),
            (answer(503, ""), 0, 2, again(20)),
            (answer(503, ""), 0, 99, again(80)),
            (answer(401, r#"{"message":"unauthorized access"}"#), 0, 0, Next::Refresh),
            (answer(400, r#"{"message":"JWT has invalid claims"}"#), 0, 2, Next::Look),
            (answer(405, ""), 0, 0, Next::Stop),
        ];
        for (outcome, accepted, alike, wanted) in cases {
            assert_eq!(next(&outcome, accepted, alike), wanted, "{outcome:?} after {accepted}, {alike}");
        }
    }
}
