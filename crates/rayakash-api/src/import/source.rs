//! The file that is imported: values, each with its place.

use crate::file::{Diagnostic, Invalid, document};
use crate::secret_looking::shows_secret;
use akash_sdl::{Places, Position, SdlError};
use serde_yaml::Value;

/// The longest part of a foreign word that is shown.
const SHOWN: usize = 60;

/// A text that was read as YAML.
pub(super) struct Document {
    text: String,
    value: Value,
    places: Places,
}

impl Document {
    /// Reads a text within the budgets of SDL and of the cluster file.
    pub(super) fn read(text: &str) -> Result<Self, Invalid> {
        let places = Places::of(text).map_err(|error| invalid(text, &error))?;
        let value = document(text).map_err(|found| Invalid { diagnostics: vec![found] })?;
        Ok(Self { text: text.to_owned(), value, places })
    }

    /// The whole of it.
    pub(super) fn root(&self) -> Item<'_> {
        Item { document: self, value: &self.value, path: Vec::new(), shown: String::new() }
    }
}

fn invalid(text: &str, error: &SdlError) -> Invalid {
    let place = |found: &akash_sdl::Problem| {
        let at = found.at.unwrap_or(Position { line: 1, column: 1 });
        let diagnostic = Diagnostic::at_line(text, at.line, at.column, found.message.clone());
        let uneven = found.message.contains("block collection").then(|| uneven(text, at)).flatten();
        let help = uneven.map(|line| format!("in line {line} the list stands further to the left: give all its entries the same indentation"));
        Diagnostic { help, ..diagnostic }
    };
    Invalid { diagnostics: error.problems().map(place).collect() }
}

/// The nearest entry of a list above a place that stands further to the left, before anything else does.
fn uneven(text: &str, at: Position) -> Option<usize> {
    let before: Vec<&str> = text.lines().take(at.line.saturating_sub(1)).collect();
    let telling = before.iter().enumerate().rev().filter(|(_, line)| !line.trim().is_empty());
    let mut left = telling
        .filter(|(_, line)| line.chars().take_while(|c| *c == ' ').count().saturating_add(1) < at.column);
    let (index, line) = left.next()?;
    line.trim_start().starts_with("- ").then(|| index.saturating_add(1))
}

/// A value, and the way to it.
#[derive(Clone)]
pub(super) struct Item<'a> {
    document: &'a Document,
    value: &'a Value,
    path: Vec<String>,
    shown: String,
}

impl<'a> Item<'a> {
    /// What stands under a key, unless that is nothing.
    pub(super) fn get(&self, key: &str) -> Option<Self> {
        let value = self.value.get(key).filter(|value| !value.is_null())?;
        Some(self.below(key, value))
    }

    /// The way to a key, as far as it leads. Always there.
    pub(super) fn key(&self, key: &str) -> Self {
        let value = self.value.get(key).unwrap_or(&Value::Null);
        self.below(key, value)
    }

    /// The value itself where it is a text or a number, else what is under a key: `cpu: 4`, `cpu: { units: 4 }`.
    pub(super) fn own_or(&self, key: &str) -> Self {
        if self.text().is_some() { self.clone() } else { self.key(key) }
    }

    fn below(&self, key: &str, value: &'a Value) -> Self {
        let dot = if self.shown.is_empty() { "" } else { "." };
        let path = self.path.iter().cloned().chain([key.to_owned()]).collect();
        Self { document: self.document, value, path, shown: format!("{}{dot}{}", self.shown, shown(key)) }
    }

    /// The entries of a mapping, in the order of the text; nothing for other values.
    pub(super) fn entries(&self) -> Vec<(String, Self)> {
        let pairs = self.value.as_mapping().into_iter().flatten();
        pairs
            .filter_map(|(key, value)| scalar(key).map(|key| (key.clone(), self.below(&key, value))))
            .collect()
    }

    /// The items of a list; a value that is no list is its only item, and nothing has none.
    pub(super) fn items(&self) -> Vec<Self> {
        let Some(list) = self.value.as_sequence() else {
            return if self.value.is_null() { Vec::new() } else { vec![self.clone()] };
        };
        let item = |(index, value): (usize, &'a Value)| {
            let path = self.path.iter().cloned().chain([index.to_string()]).collect();
            Self { document: self.document, value, path, shown: format!("{}[{index}]", self.shown) }
        };
        list.iter().enumerate().map(item).collect()
    }

    /// A text, number or truth value as text.
    pub(super) fn text(&self) -> Option<String> {
        scalar(self.value)
    }

    /// Whether it is a mapping.
    pub(super) fn is_mapping(&self) -> bool {
        self.value.is_mapping()
    }

    /// Whether there is no value.
    pub(super) fn is_null(&self) -> bool {
        self.value.is_null()
    }

    /// Whether nothing is in it.
    pub(super) fn is_empty(&self) -> bool {
        match self.value {
            Value::Null => true,
            Value::String(text) => text.is_empty(),
            Value::Sequence(list) => list.is_empty(),
            Value::Mapping(map) => map.is_empty(),
            Value::Bool(_) | Value::Number(_) | Value::Tagged(_) => false,
        }
    }

    /// The way to it, for people.
    pub(super) fn shown(&self) -> &str {
        &self.shown
    }

    /// Where its key, or it itself in a list, begins.
    pub(super) fn place(&self) -> Position {
        self.document.places.at(&self.path)
    }

    /// A mistake that stands here.
    pub(super) fn diagnostic(&self, message: String, help: Option<&str>) -> Diagnostic {
        let Position { line, column } = self.place();
        let found = Diagnostic::at_line(&self.document.text, line, column, message);
        Diagnostic { help: help.map(str::to_owned), ..found }
    }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null | Value::Sequence(_) | Value::Mapping(_) | Value::Tagged(_) => None,
    }
}

/// Whether a character shows itself, and changes nothing of how others are shown.
pub(super) fn is_printable(c: char) -> bool {
    // Marks that turn the direction of a line could show another command than the one that runs.
    let turns =
        matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{61c}');
    let breaks = matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}');
    !c.is_control() && !turns && !breaks
}

/// A foreign word within a message: cut, on one line, and never one that holds a secret.
pub(super) fn shown(text: &str) -> String {
    if shows_secret(text) {
        return "…".to_owned();
    }
    let mut word: String =
        text.chars().take(SHOWN).map(|c| if is_printable(c) { c } else { '\u{fffd}' }).collect();
    if text.chars().nth(SHOWN).is_some() {
        word.push('…');
    }
    word
}
