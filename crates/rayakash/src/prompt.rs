//! Questions. Asked only when somebody can answer: stdin and stderr are terminals.

use crate::failure::Failure;
use rayakash_api::error::Code;
use rayakash_core::Secret;
use std::io::{self, IsTerminal as _};

/// Whether somebody can answer.
pub(crate) fn possible() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Yes or no; no is the default.
pub(crate) fn confirm(question: &str) -> Result<bool, Failure> {
    dialoguer::Confirm::new().with_prompt(question).default(false).interact().map_err(unanswered)
}

/// A secret, not shown while it is typed. `option` names a file with it instead.
pub(crate) fn secret(question: &str, option: &str) -> Result<Secret, Failure> {
    require(question, option)?;
    dialoguer::Password::new().with_prompt(question).interact().map(Secret::new).map_err(unanswered)
}

/// A new secret, typed twice. `option` names a file with it instead.
pub(crate) fn new_secret(question: &str, option: &str) -> Result<Secret, Failure> {
    require(question, option)?;
    let ask = dialoguer::Password::new().with_prompt(question).with_confirmation("again", "they differ");
    ask.interact().map(Secret::new).map_err(unanswered)
}

fn require(question: &str, option: &str) -> Result<(), Failure> {
    if possible() {
        return Ok(());
    }
    let failure = Failure::new(Code::BadRequest, format!("nobody can be asked for: {question}"));
    Err(failure.hint(format!("run it on a terminal, or name a file with {option}")))
}

fn unanswered(error: dialoguer::Error) -> Failure {
    let dialoguer::Error::IO(error) = error;
    if error.kind() == io::ErrorKind::Interrupted {
        return Failure::new(Code::Interrupted, "interrupted");
    }
    error.into()
}
