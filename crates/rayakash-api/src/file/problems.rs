//! Mistakes on their way to the user: first with a path, at the end with a line.

use super::diagnostic::Diagnostic;
use super::locate::{self, Place};
use std::fmt;

/// Enough for any honest file; what is over is not collected.
const MOST: usize = 50;

/// One step down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Into a mapping.
    Key(String),
    /// Into a list.
    Item(usize),
}

/// The way from the top of the file to a value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Path(Vec<Step>);

impl Path {
    /// The whole file.
    pub(super) fn root() -> Self {
        Self::default()
    }

    /// One key further.
    pub(super) fn key(&self, key: &str) -> Self {
        self.with(Step::Key(key.to_owned()))
    }

    /// One list item further.
    pub(super) fn item(&self, index: usize) -> Self {
        self.with(Step::Item(index))
    }

    fn with(&self, step: Step) -> Self {
        Self(self.0.iter().cloned().chain([step]).collect())
    }

    pub(super) fn steps(&self) -> &[Step] {
        &self.0
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, step) in self.0.iter().enumerate() {
            match step {
                Step::Key(key) if index == 0 => write!(f, "{key}")?,
                Step::Key(key) => write!(f, ".{key}")?,
                Step::Item(item) => write!(f, "[{item}]")?,
            }
        }
        Ok(())
    }
}

/// A mistake and its path.
#[derive(Clone, Debug)]
struct Found {
    path: Path,
    place: Place,
    message: String,
    help: Option<String>,
}

/// All mistakes so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Problems(Vec<Found>);

impl Problems {
    /// A value is wrong.
    pub(super) fn at(&mut self, path: &Path, message: impl Into<String>, help: Option<String>) {
        self.add(path, Place::Value, message.into(), help);
    }

    /// A key is wrong, or lacks something below it.
    pub(super) fn at_key(&mut self, path: &Path, message: impl Into<String>, help: Option<String>) {
        self.add(path, Place::Key, message.into(), help);
    }

    fn add(&mut self, path: &Path, place: Place, message: String, help: Option<String>) {
        if self.0.len() < MOST {
            self.0.push(Found { path: path.clone(), place, message, help });
        }
    }

    /// Keeps what was read, or says why it could not be.
    pub(super) fn take<T>(&mut self, path: &Path, read: Result<T, Refusal>) -> Option<T> {
        read.map_err(|Refusal { message, help }| self.at(path, message, help)).ok()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether something at or below the path was found wrong.
    pub(super) fn within(&self, path: &Path) -> bool {
        self.0.iter().any(|found| found.path.steps().starts_with(path.steps()))
    }

    /// The same with lines, in the order of the text.
    pub(super) fn into_diagnostics(self, text: &str) -> Vec<Diagnostic> {
        let locate = |found: Found| {
            let offset = locate::offset(text, &found.path, found.place);
            Diagnostic::at(text, offset, found.message, found.help)
        };
        let mut all: Vec<_> = self.0.into_iter().map(locate).collect();
        all.sort_by_key(|found| found.offset);
        all
    }
}

/// Why a value was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) message: String,
    pub(super) help: Option<String>,
}

impl Refusal {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), help: None }
    }

    pub(super) fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }
}

/// The candidate that was probably meant, ignoring case; none when all are far away.
pub(super) fn nearest<'a>(meant: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = meant.to_lowercase();
    let far = |candidate: &str| strsim::damerau_levenshtein(&lower, &candidate.to_lowercase());
    let allowed = meant.chars().count().div_ceil(3).min(4);
    candidates
        .into_iter()
        .map(|one| (far(one), one))
        .filter(|(far, _)| *far <= allowed)
        .min()
        .map(|(_, one)| one)
}
