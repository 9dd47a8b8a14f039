//! Where libyaml, whose scanner is used, and Akash's Go reader part; each was found by giving both the same documents.

use std::borrow::Cow;

use libyaml_safer::{Error, Mark, ScalarStyle, Scanner, TokenData};

use super::load::place;
use crate::Position;
use crate::error::Problem;

/// The most `\'` that are followed up in one document; each costs a reading.
pub(super) const MOST_QUOTES: usize = 100;

/// Refuses what this scanner cannot be given, though Akash may read it: no person writes such a document.
pub(super) fn refuse_traps(text: &str) -> Result<(), Problem> {
    if text.contains("\n\u{feff}") {
        let line = text.lines().skip(1).position(|line| line.starts_with('\u{feff}')).unwrap_or(0);
        let at = Position { line: line + 2, column: 1 };
        return Err(Problem::at(at, "a byte order mark (U+FEFF) begins the line; remove it"));
    }
    tag_before_comma(text)
}

/// A block of text on a last line without an end stops the scanner for good, so every last line gets one. Says whether it did.
pub(super) fn end_last_line(text: &mut Cow<'_, str>) -> bool {
    let ended = text.is_empty() || text.ends_with(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']);
    if !ended {
        text.to_mut().push('\n');
    }
    !ended
}

/// Whether a block of text reaches to the end that was added.
pub(super) fn is_last_block(text: &str, style: ScalarStyle, end: Mark) -> bool {
    let last = usize::try_from(end.index).is_ok_and(|end| end == text.len());
    last && matches!(style, ScalarStyle::Literal | ScalarStyle::Folded)
}

/// The value of a last block of text without the end that was added to its line. Where that line holds nothing but blanks,
/// it hangs on their number what it means.
pub(super) fn without_end(text: &str, mut value: String, at: Position) -> Result<String, Problem> {
    let last = text.trim_end_matches('\n').rsplit(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']).next();
    if last.is_some_and(|line| line.chars().all(|c| c == ' ')) {
        return Err(Problem::at(at, "this text ends in blanks on a line without an end; end the line"));
    }
    if value.ends_with('\n') {
        value.pop();
    }
    Ok(value)
}

/// A tag right before a comma stops the scanner for good. A blank between them does no harm, and shows whether what looks
/// like a tag is one. An error of such a text is the document's error: it may lie behind a tag that was not yet told of.
fn tag_before_comma(text: &str) -> Result<(), Problem> {
    let close = |word: &str| word.find('!').is_some_and(|at| word[at..].contains(','));
    if !text.contains('!') || !text.split([' ', '\n', '\t']).any(close) {
        return Ok(());
    }
    let spaced = text.replace(',', " ,");
    // Where a place of the spaced text lies in the document.
    let at = |mark: Mark| {
        let Position { line, column } = place(mark);
        let before = spaced.lines().nth(line - 1).unwrap_or_default().chars().take(column - 1);
        Position { line, column: column - before.filter(|c| *c == ',').count() }
    };
    let mut bytes = spaced.as_bytes();
    let mut scanner = Scanner::new();
    scanner.set_input_string(&mut bytes);
    for token in scanner {
        let token = token.map_err(|error| {
            let mark = error.problem_mark().unwrap_or_default();
            Problem::at(at(mark), format!("this is no YAML: {}", error.problem()))
        })?;
        let behind = usize::try_from(token.end_mark.index).ok().and_then(|end| spaced.get(end..));
        if matches!(token.data, TokenData::Tag { .. }) && behind.is_some_and(|rest| rest.starts_with(" ,")) {
            let message = "a type (`!…`) is followed by a comma; write what is meant";
            return Err(Problem::at(at(token.start_mark), message));
        }
    }
    Ok(())
}

/// The text with `'` for the `\'` at which libyaml gave up. What follows it on its line moves by a column.
pub(super) fn without_quote(text: &str, error: &Error) -> Option<String> {
    if error.problem() != "found unknown escape character" {
        return None;
    }
    let at = usize::try_from(error.problem_mark()?.index).ok()?;
    let (before, after) = text.split_at_checked(at)?;
    let rest = after.strip_prefix("\\'")?;
    Some(format!("{before}'{rest}"))
}

/// True when a double-quoted scalar has the escape `\/`, which came with YAML 1.2.
pub(super) fn has_slash(text: &str, from: Mark, to: Mark) -> bool {
    let index = |mark: Mark| usize::try_from(mark.index).ok();
    let written = || text.get(index(from)?..index(to)?);
    written().is_some_and(|written| written.contains("\\/") && written.replace("\\\\", "").contains("\\/"))
}
