//! Sending a manifest: what the answers mean.

use crate::GatewayError;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_told_apart() {
        let lost = "rpc error: code = NotFound desc = Deployment not found: key not found";
        let claims = r#"{"message":"JWT has invalid claims"}"#;
        let cases = [
            (404, "no lease for deployment\n", "no lease"),
            (500, lost, "no lease"),
            (422, "manifest version validation failed\n", "version"),
            (422, "invalid manifest: zero global services", "refused"),
            (422, "manifest cross-validation error: x", "refused"),
            (500, "invalid manifest: group count mismatch (1 != 2)", "refused"),
            (500, "hostname not allowed: host \"h\" in use", "refused"),
            (500, "GPU must not be nil", "refused"),
            (405, "", "refused"),
            (500, "not running", "failing"),
            (503, "", "failing"),
            (401, r#"{"message":"unauthorized access"}"#, "token"),
            (400, claims, "token"),
        ];
        for (status, body, wanted) in cases {
            let told = match GatewayError::from_answer("PUT".to_owned(), status, body.as_bytes()).into() {
                PutError::NoLease { .. } => "no lease",
                PutError::Version => "version",
                PutError::Refused { .. } => "refused",
                PutError::Gateway { source: GatewayError::Failing { .. } } => "failing",
                PutError::Gateway { source: GatewayError::Token { .. } } => "token",
                PutError::Gateway { .. } => "another",
            };
            assert_eq!(told, wanted, "{status} {body}");
        }
    }
}
