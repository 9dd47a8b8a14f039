//! The body of an answer that is a failure, after RFC 9457.

use super::Code;
use crate::file::Diagnostic;
use serde::{Deserialize, Serialize};
use std::fmt;
use utoipa::ToSchema;

/// A failure, as HTTP body (`application/problem+json`) and as what the command line prints.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// A name for the kind of problem: `urn:rayakash:error:` and the code.
    #[serde(rename = "type")]
    pub kind: String,
    /// A line that is the same for every occurrence.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// The word for programs.
    pub code: Code,
    /// What failed, this time.
    pub detail: String,
    /// What to do about it: a sentence, or a command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The reasons behind, outermost first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cause: Vec<String>,
    /// What the failure cost, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<String>,
    /// What still runs, and is paid for, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub still_running: Option<String>,
    /// Where in the file, when it is about a file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub diagnostics: Vec<Diagnostic>,
}

impl Problem {
    /// A problem with nothing but its detail.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("urn:rayakash:error:{code}"),
            title: code.title().to_owned(),
            status: code.http_status(),
            code,
            detail: detail.into(),
            hint: None,
            cause: Vec::new(),
            cost: None,
            still_running: None,
            diagnostics: Vec::new(),
        }
    }

    /// The same with the error's text as detail and its sources as causes.
    pub fn from_error(code: Code, error: &dyn std::error::Error) -> Self {
        Self::new(code, error.to_string()).because(error.source())
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds an error and its sources to the causes.
    #[must_use]
    pub fn because(mut self, error: Option<&(dyn std::error::Error + 'static)>) -> Self {
        self.cause.extend(std::iter::successors(error, |error| error.source()).map(ToString::to_string));
        self
    }

    /// What the failure cost.
    #[must_use]
    pub fn cost(mut self, cost: impl Into<String>) -> Self {
        self.cost = Some(cost.into());
        self
    }

    /// What still runs.
    #[must_use]
    pub fn still_running(mut self, what: impl Into<String>) -> Self {
        self.still_running = Some(what.into());
        self
    }
}

impl From<crate::file::Invalid> for Problem {
    fn from(invalid: crate::file::Invalid) -> Self {
        Self { diagnostics: invalid.diagnostics.clone(), ..Self::new(Code::InvalidFile, invalid.to_string()) }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl std::error::Error for Problem {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_reads_as_rfc_9457_says() {
        let problem =
            Problem::new(Code::NoBid, "no bid for `a`").hint("raise market.max_price").cost("0 uact");
        let json = serde_json::to_value(&problem).unwrap();
        assert_eq!(
            json,
            serde_json::json!({
                "type": "urn:rayakash:error:no-bid", "title": "no acceptable bid", "status": 422, "code": "no-bid",
                "detail": "no bid for `a`", "hint": "raise market.max_price", "cost": "0 uact",
            })
        );
        assert_eq!(serde_json::from_value::<Problem>(json).unwrap(), problem);
    }

    #[test]
    fn causes_are_the_sources_outermost_first() {
        let error = std::io::Error::other(std::io::Error::other("disk on fire"));
        let problem = Problem::new(Code::Internal, "cannot write").because(Some(&error));
        assert_eq!(problem.cause, ["disk on fire"]);
    }
}
