//! What is said of an import.

use super::Secret;
use super::source::Item;
use crate::file::{Diagnostic, Invalid};
use serde::Serialize;
use std::fmt;

/// Enough for any honest file. What is over is counted.
const MOST: usize = 200;

/// Something that was left out or changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Note {
    /// Where it stands, from 1.
    pub line: usize,
    /// Other lines of which the same is true.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<usize>,
    /// The way to it: `services.ray-head.expose[0]`.
    pub key: String,
    /// Why it could not be carried over, or what became of it.
    pub reason: String,
    /// What to do instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instead: Option<String>,
}

/// `LINE: KEY: REASON; INSTEAD`.
impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.line, self.key, self.reason)?;
        if let Some(instead) = &self.instead {
            write!(f, "; {instead}")?;
        }
        match self.also.as_slice() {
            [] => Ok(()),
            [one] => write!(f, " (and line {one})"),
            some => {
                let lines: Vec<_> = some.iter().map(ToString::to_string).collect();
                write!(f, " (and lines {})", lines.join(", "))
            }
        }
    }
}

/// Notes, mistakes and secrets so far.
#[derive(Debug, Default)]
pub(super) struct Report {
    notes: Vec<Note>,
    /// How many notes were too many.
    dropped: usize,
    refused: Vec<Diagnostic>,
    secrets: Vec<Secret>,
}

impl Report {
    /// Something is left out or changed; an empty `instead` says nothing. The same said again is one note with several lines.
    pub(super) fn note(&mut self, item: &Item<'_>, reason: impl Into<String>, instead: impl Into<String>) {
        let (reason, instead) = (reason.into(), instead.into());
        let instead = Some(instead).filter(|text| !text.is_empty());
        // Keys at the top are named one by one.
        let alike = |key: &str| key == item.shown() || (key.contains('.') && item.shown().contains('.'));
        let same = |note: &&mut Note| note.reason == reason && note.instead == instead && alike(&note.key);
        if let Some(note) = self.notes.iter_mut().find(same) {
            let line = item.place().line;
            if note.line != line && !note.also.contains(&line) && note.also.len() < MOST {
                note.also.push(line);
            }
        } else if self.notes.len() < MOST {
            let key = item.shown().to_owned();
            self.notes.push(Note { line: item.place().line, also: Vec::new(), key, reason, instead });
        } else {
            self.dropped = self.dropped.saturating_add(1);
        }
    }

    /// Something cannot be.
    pub(super) fn refuse(&mut self, item: &Item<'_>, message: impl Into<String>, help: &str) {
        if self.refused.len() < MOST {
            self.refused.push(item.diagnostic(message.into(), Some(help).filter(|help| !help.is_empty())));
        }
    }

    /// Whether something was refused.
    pub(super) fn has_refused(&self) -> bool {
        !self.refused.is_empty()
    }

    /// A variable probably holds a secret.
    pub(super) fn secret(&mut self, item: &Item<'_>, name: &str) {
        let known = self.secrets.iter().any(|secret| secret.name == name);
        if !known && self.secrets.len() < MOST {
            self.secrets.push(Secret { name: name.to_owned(), line: item.place().line });
        }
    }

    /// All of it in the order of the text.
    pub(super) fn finish(mut self) -> Result<(Vec<Note>, Vec<Secret>), Invalid> {
        if !self.refused.is_empty() {
            self.refused.sort_by_key(|found| found.offset);
            return Err(Invalid { diagnostics: self.refused });
        }
        for note in &mut self.notes {
            // What is reported for several places at once begins with the first of them.
            note.also.push(note.line);
            note.also.sort_unstable();
            note.also.dedup();
            note.line = note.also.remove(0);
        }
        self.notes.sort_by_key(|note| note.line);
        if let Some(last) = self.notes.last_mut().filter(|_| self.dropped > 0) {
            last.reason = format!("{} (and {} more notes)", last.reason, self.dropped);
        }
        self.secrets.sort_by_key(|secret| secret.line);
        Ok((self.notes, self.secrets))
    }
}
