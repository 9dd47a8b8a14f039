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

/// One thing that is wrong with a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Keys and list positions that lead to the value; empty when the place says it all.
    pub path: Vec<String>,
    /// What is wrong.
    pub message: String,
    /// Where, when the value came out of a text.
    pub at: Option<Position>,
}

impl Problem {
    /// At the end of a path.
    pub(crate) fn rule(path: &[&str], message: impl Into<String>) -> Self {
        let path = path.iter().map(|&step| step.to_owned()).collect();
        Self { path, message: message.into(), at: None }
    }

    /// At a place.
    pub(crate) fn at(at: Position, message: impl Into<String>) -> Self {
        Self { path: vec![], message: message.into(), at: Some(at) }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path.join("."))?;
        }
        f.write_str(&self.message)?;
        self.at.map_or(Ok(()), |at| write!(f, " ({at})"))
    }
}

/// Why a document is refused: everything that is wrong with its values, in the order in which Akash's own reader would come
/// to it; when nothing is, the first rule that the document breaks as a whole.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{}", .first, more(.others))]
pub struct SdlError {
    first: Problem,
    others: Vec<Problem>,
}

fn more(others: &[Problem]) -> String {
    match others.len() {
        0 => String::new(),
        n => format!(", and {n} more"),
    }
}

impl SdlError {
    /// All problems; at least one.
    pub fn problems(&self) -> impl Iterator<Item = &Problem> {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// The same problems with their places, where these were open.
    pub(crate) fn placed(mut self, locate: impl Fn(&[String]) -> Position) -> Self {
        for problem in std::iter::once(&mut self.first).chain(&mut self.others) {
            if problem.at.is_none() {
                problem.at = Some(locate(&problem.path));
            }
        }
        self
    }
}

impl From<Problem> for SdlError {
    fn from(first: Problem) -> Self {
        Self { first, others: vec![] }
    }
}

/// Takes down what is wrong while the rest is still looked at.
#[derive(Debug, Default)]
pub(crate) struct Found(std::cell::RefCell<Vec<Problem>>);

impl Found {
    pub(crate) fn add(&self, problem: Problem) {
        self.0.borrow_mut().push(problem);
    }

    /// The value, or its type's default once the problem is taken down.
    pub(crate) fn or_default<T: Default>(&self, result: Result<T, Problem>) -> T {
        result.unwrap_or_else(|problem| {
            self.add(problem);
            T::default()
        })
    }

    /// The value, unless something was found.
    pub(crate) fn into_result<T>(self, value: T) -> Result<T, SdlError> {
        let mut problems = self.0.into_inner().into_iter();
        match problems.next() {
            None => Ok(value),
            Some(first) => Err(SdlError { first, others: problems.collect() }),
        }
    }
}
