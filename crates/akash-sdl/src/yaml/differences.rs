//! Where libyaml, whose scanner is used, and Akash's Go reader part; each was found by giving both the same documents.

use libyaml_safer::{Error, Mark, Scanner, TokenData};

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
    if text.ends_with('\\') {
        let at = Position { line: text.lines().count(), column: 1 };
        return Err(Problem::at(at, "the document ends with `\\`"));
    }
    match tag_before_comma(text) {
        Some(at) => Err(Problem::at(at, "a type (`!…`) is followed by a comma; write what is meant")),
        None => Ok(()),
    }
}

/// A tag right before a comma stops the scanner for good. A blank between them does no harm, and shows whether what looks
/// like a tag is one.
fn tag_before_comma(text: &str) -> Option<Position> {
    let close = |word: &str| word.find('!').is_some_and(|at| word[at..].contains(','));
    if !text.contains('!') || !text.split([' ', '\n', '\t']).any(close) {
        return None;
    }
    let spaced = text.replace(',', " ,");
    let mut bytes = spaced.as_bytes();
    let mut scanner = Scanner::new();
    scanner.set_input_string(&mut bytes);
    for token in scanner {
        let token = token.ok()?;
        let end = usize::try_from(token.end_mark.index).ok()?;
        if matches!(token.data, TokenData::Tag { .. })
            && spaced.get(end..).is_some_and(|rest| rest.starts_with(" ,"))
        {
            return Some(super::load::place(token.start_mark));
        }
    }
    None
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
