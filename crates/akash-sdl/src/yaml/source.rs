//! What the text around the values must not contain.
//!
//! Akash's reader follows YAML 1.1, ours 1.2: where the one refuses what the other takes, the source is looked at.

use saphyr_parser::{ScalarStyle, Span};

use super::load::yaml;
use crate::{Position, SdlError};

/// Line ends of YAML 1.1 that are ordinary characters of 1.2; both agree on them inside quotes.
const SEPARATORS: [char; 2] = ['\u{2028}', '\u{2029}'];

/// The text, and which parts of it scalars cover.
pub(super) struct Source<'a> {
    text: &'a str,
    ascii: bool,
    /// Where the last look was: in characters, in bytes. Scalars come in order.
    cursor: (usize, usize),
    /// Lines that begin inside a scalar: from, up to and including.
    covered: Vec<(usize, usize)>,
    /// Separators within quotes.
    quoted_separators: usize,
}

impl<'a> Source<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        Self { text, ascii: text.is_ascii(), cursor: (0, 0), covered: vec![], quoted_separators: 0 }
    }

    /// Notes a scalar. `\/` in double quotes came with YAML 1.2.
    pub(super) fn scalar(&mut self, style: ScalarStyle, span: Span) -> Result<(), SdlError> {
        let last = if span.end.col() == 0 { span.end.line().saturating_sub(1) } else { span.end.line() };
        if last > span.start.line() {
            self.covered.push((span.start.line() + 1, last));
        }
        let double = style == ScalarStyle::DoubleQuoted;
        if !double && (self.ascii || style != ScalarStyle::SingleQuoted) {
            return Ok(());
        }
        let (from, to) = (self.byte(span.start.index()), self.byte(span.end.index()));
        let written = self.text.get(from..to).unwrap_or_default();
        self.quoted_separators += written.matches(SEPARATORS).count();
        if double && written.replace("\\\\", "").contains("\\/") {
            return Err(yaml(span.start, "the escape `\\/` is not read; write `/`"));
        }
        Ok(())
    }

    /// Where a character begins.
    fn byte(&mut self, character: usize) -> usize {
        let (known, byte) = if self.cursor.0 <= character { self.cursor } else { (0, 0) };
        let rest = self.text.get(byte..).unwrap_or_default();
        let width: usize = rest.chars().take(character - known).map(char::len_utf8).sum();
        self.cursor = (character, byte + width);
        self.cursor.1
    }

    /// Looks at what is outside scalars, once all are known.
    pub(super) fn check(&self) -> Result<(), SdlError> {
        let stray = self.text.matches(SEPARATORS).count() > self.quoted_separators;
        for (number, line) in (1..).zip(self.text.split('\n')) {
            let blank = line.len() - line.trim_start_matches([' ', '\t']).len();
            let inside = || {
                let after = self.covered.partition_point(|(from, _)| *from <= number);
                let last = after.checked_sub(1).and_then(|n| self.covered.get(n));
                last.is_some_and(|(_, to)| number <= *to)
            };
            if let Some(tab) = line.get(..blank).and_then(|blank| blank.find('\t'))
                && !inside()
            {
                let at = Position { line: number, column: tab + 1 };
                return Err(SdlError::Yaml {
                    problem: "a tab indents the line; write blanks".to_owned(),
                    at,
                });
            }
            if let Some(column) = line.chars().position(|c| SEPARATORS.contains(&c)).filter(|_| stray) {
                let at = Position { line: number, column: column + 1 };
                let problem = "U+2028 or U+2029 outside quotes ends a line for some readers".to_owned();
                return Err(SdlError::Yaml { problem, at });
            }
        }
        Ok(())
    }
}
