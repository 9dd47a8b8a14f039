//! What is wrong with a text, and where.

use crate::secret_looking::shows_secret;
use serde::{Deserialize, Serialize};
use std::fmt;
use utoipa::ToSchema;

/// One mistake in a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Diagnostic {
    /// What is wrong.
    pub message: String,
    /// The line, from 1.
    pub line: usize,
    /// The character in the line, from 1.
    pub column: usize,
    /// Where it begins in the text, in bytes.
    pub offset: usize,
    /// How long it is, in bytes; within its line.
    pub len: usize,
    /// The line itself.
    pub source: String,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

/// The longest part of a line that is shown.
const SHOWN: usize = 200;

impl Diagnostic {
    /// A mistake at a byte of the text, with the length of what stands there.
    pub(super) fn at(text: &str, offset: usize, message: String, help: Option<String>) -> Self {
        let offset = floor_char_boundary(text, offset);
        let (before, after) = text.split_at(offset);
        let start = before.rfind('\n').map_or(0, |at| at.saturating_add(1));
        let source = text.get(start..).and_then(|rest| rest.lines().next()).unwrap_or_default();
        let column = before.get(start..).unwrap_or_default().chars().count().saturating_add(1);
        Self {
            message,
            line: before.matches('\n').count().saturating_add(1),
            column,
            offset,
            len: extent(after.lines().next().unwrap_or_default()),
            source: source.chars().take(SHOWN).collect(),
            help,
        }
    }

    /// The mistake in `text` without its line where that may show a secret: logs keep what is printed.
    #[must_use]
    pub fn veiled(self, text: &str) -> Self {
        if !shows_secret(&self.source) && !goes_on_with_secret(text, self.line) {
            return self;
        }
        let indent: String = self.source.chars().take_while(|c| c.is_whitespace()).collect();
        Self { source: format!("{indent}… (this line may hold a secret)"), len: 1, ..self }
    }

    /// A mistake at a line and a column of the text, both from 1, the column in characters.
    pub fn at_line(text: &str, line: usize, column: usize, message: String) -> Self {
        let mut lines = text.split_inclusive('\n');
        let skipped: usize = lines.by_ref().take(line.saturating_sub(1)).map(str::len).sum();
        let within = lines.next().unwrap_or_default();
        let before = column.saturating_sub(1);
        let offset = within.char_indices().nth(before).map_or(within.trim_end().len(), |(at, _)| at);
        Self::at(text, skipped.saturating_add(offset), message, None)
    }
}

/// Whether the lines above leave the value of a secret to this one: a name without its value, or a key that has not ended.
fn goes_on_with_secret(text: &str, line: usize) -> bool {
    let above: Vec<&str> = text.lines().take(line.saturating_sub(1)).collect();
    let named = above.iter().rfind(|line| !line.trim().is_empty());
    let named = named.is_some_and(|line| !shows_secret(line) && shows_secret(&format!("{line} x")));
    let mark = above.iter().rfind(|line| line.contains("-----BEGIN ") || line.contains("-----END "));
    named || mark.is_some_and(|line| !line.contains("-----END "))
}

fn floor_char_boundary(text: &str, offset: usize) -> usize {
    (0..=offset.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// The length of the scalar, key or bracket at the start of `rest`; 1 when there is nothing.
fn extent(rest: &str) -> usize {
    let quoted = rest.chars().next().filter(|c| matches!(c, '"' | '\''));
    let end = match quoted {
        Some(quote) => rest.get(1..).and_then(|inner| inner.find(quote)).map(|at| at.saturating_add(2)),
        None if rest.starts_with(['[', '{']) => Some(1),
        None => [": ", ", ", " #", "}", "]"].iter().filter_map(|stop| rest.find(stop)).min(),
    };
    let token = end.and_then(|end| rest.get(..end)).unwrap_or(rest).trim_end();
    token.strip_suffix(':').unwrap_or(token).len().max(1)
}

/// A text that was refused, and every reason.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Invalid {
    /// At least one, in the order of the text.
    pub diagnostics: Vec<Diagnostic>,
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.diagnostics.as_slice() {
            [] => f.write_str("the file is invalid"),
            [one] => write!(f, "line {}: {}", one.line, one.message),
            [first, rest @ ..] => {
                write!(f, "line {}: {}, and {} more", first.line, first.message, rest.len())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_may_hold_a_secret_is_not_shown() {
        let table = [
            ("env:\n  A: 1\n", 2, true),
            ("env:\n  HF_TOKEN: abc\n", 2, false),
            ("env:\n  HF_TOKEN: [abc]\n", 2, false),
            ("env:\n  HF_TOKEN:\n\n    @abc\n", 4, false),
            ("env:\n  HF_TOKEN: abc\n  A: [\n", 3, true),
            ("env: |\n -----BEGIN KEY-----\n abc\n a: @\n", 4, false),
            ("env: |\n -----BEGIN KEY-----\n abc\n -----END KEY-----\n a: @\n", 5, true),
        ];
        for (text, line, shown) in table {
            let found = Diagnostic::at_line(text, line, 1, "wrong".to_owned());
            let source = found.source.clone();
            assert_eq!(found.veiled(text).source == source, shown, "{text}");
        }
    }
}
