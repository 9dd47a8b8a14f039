//! Why a document is refused.

use std::fmt;

/// A place in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// Why a document is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SdlError {
    /// Longer than anything a provider would take.
    #[error("the document has {bytes} bytes; at most {limit} are read")]
    TooLarge {
        /// Its length.
        bytes: usize,
        /// The most that is read.
        limit: usize,
    },
    /// No YAML, or YAML that is not read.
    #[error("{problem} ({at})")]
    Yaml {
        /// What is wrong.
        problem: String,
        /// Where.
        at: Position,
    },
    /// It breaks a rule of SDL.
    #[error("{}{}{problem}{}", .path.join("."), if .path.is_empty() { "" } else { ": " }, place(*.at))]
    Rule {
        /// Keys and list positions that lead to the value; empty when `at` says it all.
        path: Vec<String>,
        /// What is wrong.
        problem: String,
        /// Where, when the value came out of a text.
        at: Option<Position>,
    },
}

fn place(at: Option<Position>) -> String {
    at.map(|at| format!(" ({at})")).unwrap_or_default()
}

impl SdlError {
    /// A broken rule at a path.
    pub(crate) fn rule(path: &[&str], problem: impl Into<String>) -> Self {
        Self::Rule {
            path: path.iter().map(|&step| step.to_owned()).collect(),
            problem: problem.into(),
            at: None,
        }
    }

    /// A broken rule at a place.
    pub(crate) fn at(at: Position, problem: impl Into<String>) -> Self {
        Self::Rule { path: vec![], problem: problem.into(), at: Some(at) }
    }

    /// The same error with its place, if that was open.
    pub(crate) fn placed(mut self, locate: impl FnOnce(&[String]) -> Position) -> Self {
        if let Self::Rule { path, at: at @ None, .. } = &mut self {
            *at = Some(locate(path));
        }
        self
    }

    /// Where it is, as far as known.
    pub fn position(&self) -> Option<Position> {
        match self {
            Self::TooLarge { .. } => None,
            Self::Yaml { at, .. } => Some(*at),
            Self::Rule { at, .. } => *at,
        }
    }
}
