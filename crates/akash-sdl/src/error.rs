//! Why a document is refused.

use std::cell::RefCell;
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

/// One thing that is wrong with a document, or doubtful.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Keys and list positions that lead to the value; empty when the place says it all.
    pub path: Vec<String>,
    /// What is wrong, or what comes of it.
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

    /// With its place, where that was open.
    pub(crate) fn placed(&mut self, locate: impl Fn(&[String]) -> Position) {
        if self.at.is_none() {
            self.at = Some(locate(&self.path));
        }
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

/// Why a document is refused: everything that is wrong with its values; when nothing is, every rule that the document breaks
/// as a whole. What follows from another problem is left out. In the order in which Akash's own reader would come to it.
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
            problem.placed(&locate);
        }
        self
    }
}

impl From<Problem> for SdlError {
    fn from(first: Problem) -> Self {
        Self { first, others: vec![] }
    }
}

/// The most that is said of one document.
const MOST: usize = 500;

fn add(all: &mut Vec<Problem>, problem: Problem) {
    if all.len() < MOST && !all.contains(&problem) {
        all.push(problem);
    }
}

/// Takes down what is wrong or doubtful while the rest is still looked at.
#[derive(Debug, Default)]
pub(crate) struct Found {
    problems: RefCell<Vec<Problem>>,
    doubts: RefCell<Vec<Problem>>,
}

impl Found {
    pub(crate) fn add(&self, problem: Problem) {
        add(&mut self.problems.borrow_mut(), problem);
    }

    /// Akash accepts it, and it will hardly be what was meant.
    pub(crate) fn doubt(&self, doubt: Problem) {
        add(&mut self.doubts.borrow_mut(), doubt);
    }

    /// The value, or its type's default once the problem is taken down.
    pub(crate) fn or_default<T: Default>(&self, result: Result<T, Problem>) -> T {
        result.unwrap_or_else(|problem| {
            self.add(problem);
            T::default()
        })
    }

    /// What was doubtful, unless something is wrong. What several parts of a document say alike is said once.
    pub(crate) fn into_result(self) -> Result<Vec<Problem>, SdlError> {
        let mut problems = self.problems.into_inner().into_iter();
        match problems.next() {
            None => Ok(self.doubts.into_inner()),
            Some(first) => Err(SdlError { first, others: problems.collect() }),
        }
    }
}
