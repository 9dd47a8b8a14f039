//! What can go wrong at a gateway, and what to do about it.

use std::time::Duration;

use akash_types::Address;

use crate::BoxError;

/// What to do after an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recovery {
    /// The same again, after this long.
    Retry {
        /// How long.
        after: Duration,
    },
    /// The same again with a new token.
    Refresh,
    /// Look at the chain: the world may have changed.
    Look,
    /// It will not get better by itself.
    GiveUp,
}

/// A request that did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// The address that the provider published is none.
    #[error("`{uri}`, the address that the provider published, cannot be used: {problem}")]
    BadUri {
        /// The address.
        uri: String,
        /// Why not.
        problem: String,
    },
    /// The TLS set-up of this program failed.
    #[error("TLS could not be set up")]
    Tls {
        /// Why.
        source: BoxError,
    },
    /// Somebody else answers at the provider's address. Nothing was sent to it.
    #[error("the server at {host} could not prove that it is provider {provider}: {problem}")]
    Stranger {
        /// Where.
        host: String,
        /// Who was expected.
        provider: Address,
        /// What was wrong with the certificate.
        problem: String,
        /// Why the chain could not be asked, if that is the cause.
        source: Option<BoxError>,
    },
    /// No connection, or it broke before the answer. A provider also drops the connection when the chain has no
    /// public key of the token's account.
    #[error("{what}: no answer")]
    Unreachable {
        /// The request.
        what: String,
        /// Why.
        source: BoxError,
    },
    /// The token was not accepted.
    #[error("{what}: the token was not accepted ({status}): {problem}")]
    Token {
        /// The request.
        what: String,
        /// The HTTP status: 401, or 400 for claims such as the time.
        status: u16,
        /// The provider's words.
        problem: String,
    },
    /// The provider has nothing there: not yet, or not any more.
    #[error("{what}: nothing there{}{problem}", if .problem.is_empty() { "" } else { ": " })]
    NotThere {
        /// The request.
        what: String,
        /// The provider's words; often none.
        problem: String,
    },
    /// The request was refused.
    #[error("{what}: refused with {status}: {problem}")]
    Refused {
        /// The request.
        what: String,
        /// The HTTP status.
        status: u16,
        /// The provider's words.
        problem: String,
    },
    /// The provider has trouble of its own.
    #[error("{what}: the provider failed with {status}: {problem}")]
    Failing {
        /// The request.
        what: String,
        /// The HTTP status.
        status: u16,
        /// The provider's words.
        problem: String,
    },
    /// The answer makes no sense, or is too long.
    #[error("{what}: the answer cannot be used: {problem}")]
    Unreadable {
        /// The request.
        what: String,
        /// Why.
        problem: String,
    },
}

impl GatewayError {
    /// What to do about it.
    pub const fn recovery(&self) -> Recovery {
        match self {
            Self::BadUri { .. } | Self::Tls { .. } | Self::Refused { .. } => Recovery::GiveUp,
            Self::Stranger { source: None, .. } => Recovery::Look,
            Self::Token { .. } => Recovery::Refresh,
            Self::NotThere { .. } => Recovery::Retry { after: Duration::from_secs(3) },
            Self::Stranger { .. }
            | Self::Unreachable { .. }
            | Self::Failing { .. }
            | Self::Unreadable { .. } => Recovery::Retry { after: Duration::from_secs(5) },
        }
    }

    /// From an answer other than success.
    pub(crate) fn from_answer(what: String, status: u16, body: &[u8]) -> Self {
        let problem = words(body);
        match status {
            401 => Self::Token { what, status, problem },
            400 if problem.contains("JWT") => Self::Token { what, status, problem },
            404 => Self::NotThere { what, problem },
            // Too slow, too early, too many: a proxy in front of the provider says so, and says nothing of the request itself.
            408 | 425 | 429 | 500.. => Self::Failing { what, status, problem },
            _ => Self::Refused { what, status, problem },
        }
    }
}

/// The longest text of a provider that is passed on, in characters.
const LONGEST: usize = 400;

/// A provider's error text: either plain or `{"message": …}`; control characters become blanks.
pub(crate) fn words(body: &[u8]) -> String {
    #[derive(serde::Deserialize)]
    struct Message {
        message: String,
    }
    let text = serde_json::from_slice::<Message>(body)
        .map_or_else(|_| String::from_utf8_lossy(body).into_owned(), |body| body.message);
    printable(&text)
}

/// A stranger's text made fit for a screen.
pub(crate) fn printable(text: &str) -> String {
    let clean: String = text.chars().take(LONGEST).map(|c| if c.is_control() { ' ' } else { c }).collect();
    clean.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_told_apart() {
        let refresh = Recovery::Refresh;
        let retry = |secs| Recovery::Retry { after: Duration::from_secs(secs) };
        let cases = [
            (401, r#"{"message":"unauthorized access"}"#, refresh, "unauthorized access"),
            (400, r#"{"message":"JWT has invalid claims"}"#, refresh, "JWT has invalid claims"),
            (
                400,
                r#"{"message":"invalid authorization header"}"#,
                Recovery::GiveUp,
                "invalid authorization header",
            ),
            (404, "", retry(3), ""),
            (404, "kube: lease not found\n", retry(3), "kube: lease not found"),
            (404, "kube: no deployments for lease\n", retry(3), "kube: no deployments for lease"),
            (503, "kube\u{1b}[2J down\n", retry(5), "kube [2J down"),
            (408, "", retry(5), "failed with 408"),
            (425, "", retry(5), "failed with 425"),
            (429, "slow down", retry(5), "slow down"),
            (405, "", Recovery::GiveUp, ""),
        ];
        for (status, body, recovery, text) in cases {
            let error = GatewayError::from_answer("GET /x".to_owned(), status, body.as_bytes());
            assert_eq!(error.recovery(), recovery, "{status} {body}");
            assert!(error.to_string().contains(text), "{error}");
        }
        assert_eq!(words("x".repeat(10_000).as_bytes()).len(), LONGEST);
    }
}
