//! How a command fails.

use rayakash_api::client;
use rayakash_api::error::{Code, Exit, Problem};
use std::path::PathBuf;

/// A problem, and the file that it is about.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) problem: Box<Problem>,
    /// The file that the problem's diagnostics are about.
    pub(crate) file: Option<PathBuf>,
}

impl Failure {
    /// A failure with nothing but its detail.
    pub(crate) fn new(code: Code, detail: impl Into<String>) -> Self {
        Problem::new(code, detail).into()
    }

    /// A failure because of an error.
    pub(crate) fn because(
        code: Code,
        detail: impl Into<String>,
        error: &(dyn std::error::Error + 'static),
    ) -> Self {
        Problem::new(code, detail).because(Some(error)).into()
    }

    /// What to do about it.
    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Self { problem: Box::new(self.problem.hint(hint)), ..self }
    }

    /// What still runs.
    pub(crate) fn still_running(self, what: impl Into<String>) -> Self {
        Self { problem: Box::new(self.problem.still_running(what)), ..self }
    }

    /// How the program ends.
    pub(crate) fn exit(&self) -> Exit {
        self.problem.code.exit_code()
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self { problem: Box::new(problem), file: None }
    }
}

impl From<client::Error> for Failure {
    fn from(error: client::Error) -> Self {
        Problem::from(error).into()
    }
}

/// Everything that writes to stdout or reads a terminal may fail like this.
impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::because(Code::Internal, "the terminal or the pipe failed", &error)
    }
}
