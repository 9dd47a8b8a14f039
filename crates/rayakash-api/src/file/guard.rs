//! Distrust: how large and how deep a text may be before a parser sees it.

use super::diagnostic::Diagnostic;
use std::io::{self, Read};

/// The largest text that is read: 256 KiB.
pub const MAX_BYTES: usize = 256 * 1024;
/// The deepest nesting of brackets. The YAML scanner needs time quadratic in it: 100,000 brackets take more than a minute.
const MAX_BRACKETS: usize = 64;
/// The most brackets that open. Those in quotes and comments look as if they closed others, so nesting alone can be hidden.
const MAX_OPENINGS: usize = 10_000;

/// A text that could not be read, or was too large to be read whole.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It is longer than [`MAX_BYTES`].
    #[error("it is larger than {} KiB", MAX_BYTES / 1024)]
    TooLarge,
    /// It holds bytes that are no UTF-8.
    #[error("it is not UTF-8 text, at byte {offset}")]
    NotText {
        /// Where the first such byte is.
        offset: usize,
    },
    /// The system says no.
    #[error("it cannot be read")]
    Io(#[source] io::Error),
}

/// Reads a text, never more than a byte over [`MAX_BYTES`] of it.
///
/// # Errors
///
/// See [`ReadError`].
pub fn read(from: impl Read) -> Result<String, ReadError> {
    let limit = u64::try_from(MAX_BYTES).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    from.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(ReadError::Io)?;
    if bytes.len() > MAX_BYTES {
        return Err(ReadError::TooLarge);
    }
    String::from_utf8(bytes).map_err(|error| ReadError::NotText { offset: error.utf8_error().valid_up_to() })
}

/// The one YAML document in a text, with merge keys resolved.
pub(crate) fn document(text: &str) -> Result<serde_yaml::Value, Diagnostic> {
    let refuse = |offset, message: &str, help: &str| {
        Err(Diagnostic::at(text, offset, message.to_owned(), Some(help.to_owned())))
    };
    if text.len() > MAX_BYTES {
        let message = format!("the file is larger than {} KiB", MAX_BYTES / 1024);
        return refuse(0, &message, "a cluster file has a few hundred lines at most");
    }
    if let Some(offset) = too_deep(text) {
        return refuse(offset, "brackets are nested too deep", "64 levels are the limit");
    }
    if let Some((offset, _)) = text.match_indices(['[', '{']).nth(MAX_OPENINGS) {
        return refuse(
            offset,
            "there are too many brackets",
            "10000 are the limit; write lists in block style",
        );
    }
    if has_alias(text)
        && let Err(error) = akash_sdl::Places::of(text)
        && let Some(found) = error.problems().next()
    {
        let (line, column) = found.at.map_or((1, 1), |at| (at.line, at.column));
        if !found.message.contains("aliases followed") {
            return Err(Diagnostic::at_line(text, line, column, found.message.clone()));
        }
        let message = "aliases expand to far more than the file holds".to_owned();
        let help = Some("write it out".to_owned());
        return Err(Diagnostic { help, ..Diagnostic::at_line(text, line, column, message) });
    }
    let mut value: serde_yaml::Value = match serde_yaml::from_str(text) {
        Ok(value) => value,
        Err(error) => return Err(syntax(text, &error)),
    };
    if value.is_null() {
        return refuse(0, "the file is empty", "start from config/examples/quickstart.yaml");
    }
    match value.apply_merge() {
        Ok(()) => Ok(value),
        Err(error) => refuse(
            text.find("<<").unwrap_or(0),
            &error.to_string(),
            "`<<` takes a mapping or a list of mappings",
        ),
    }
}

/// Whether an alias may stand in the text. What follows aliases must be counted before it is copied.
fn has_alias(text: &str) -> bool {
    let begins = |before: Option<char>| before.is_none_or(|c| c.is_whitespace() || "[{,:-?".contains(c));
    text.contains('&')
        && text.match_indices('*').any(|(at, _)| {
            let (before, after) = text.split_at_checked(at).unwrap_or_default();
            let name = after.chars().nth(1).is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '-');
            name && begins(before.chars().next_back())
        })
}

/// Where the brackets are nested deeper than any honest file has them.
fn too_deep(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'[' | b'{' => depth = depth.saturating_add(1),
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_BRACKETS {
            return Some(at);
        }
    }
    None
}

/// What the YAML parser says, in our words where its own would not help.
fn syntax(text: &str, error: &serde_yaml::Error) -> Diagnostic {
    let said = error.to_string();
    let at = error.location().map_or(0, |place| place.index());
    if said.contains("repetition limit") {
        let bomb = text.find('*').unwrap_or(0);
        return Diagnostic::at(
            text,
            bomb,
            "aliases expand to far more than the file holds".into(),
            Some("write it out".into()),
        );
    }
    if said.contains("more than one document") {
        let second = text.match_indices("\n---").map(|(at, _)| at.saturating_add(1)).last().unwrap_or(0);
        return Diagnostic::at(
            text,
            second,
            "there is more than one document".into(),
            Some("one cluster per file".into()),
        );
    }
    if said.contains("control characters") {
        let unprintable = |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{85}');
        let place = text.find(unprintable).unwrap_or(at);
        return Diagnostic::at(
            text,
            place,
            "a character that cannot be printed".into(),
            Some("remove it".into()),
        );
    }
    if let Some((_, key)) = said.split_once("duplicate entry with key \"")
        && let Some((key, _)) = key.split_once('"')
    {
        let message = format!("the key `{key}` is there twice");
        return Diagnostic::at(text, second(text, at, key), message, Some("remove one of the two".into()));
    }
    // The text ends with " at line 3 column 7", which the diagnostic says itself.
    let message = said.split(" at line ").next().unwrap_or(&said).to_owned();
    Diagnostic::at(text, at, message, None)
}

/// Where a key stands for the second time in the mapping that begins at `start`. In block style all keys of a mapping stand in one
/// column.
fn second(text: &str, start: usize, key: &str) -> usize {
    let line_start =
        |at: usize| text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |at| at.saturating_add(1));
    let column = start.saturating_sub(line_start(start));
    let flow = text.get(start..).is_some_and(|rest| rest.starts_with('{'));
    let found = text.match_indices(key).map(|(at, _)| at).filter(|at| {
        let after =
            text.get(at.saturating_add(key.len())..).unwrap_or_default().trim_start_matches(['"', '\'', ' ']);
        *at >= start && after.starts_with(':') && (flow || at.saturating_sub(line_start(*at)) == column)
    });
    found.take(2).last().unwrap_or(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives zeros for ever, and counts how many were taken.
    struct Endless(u64);

    impl Read for Endless {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            buffer.fill(b'0');
            self.0 += buffer.len() as u64;
            Ok(buffer.len())
        }
    }

    #[test]
    fn endless_input_is_refused_after_a_little() {
        let mut endless = Endless(0);
        assert!(matches!(read(&mut endless), Err(ReadError::TooLarge)));
        assert!(endless.0 <= 2 * MAX_BYTES as u64, "{} bytes were taken", endless.0);
    }

    #[test]
    fn what_is_no_text_is_refused() {
        assert!(matches!(read(&b"ab\xff"[..]), Err(ReadError::NotText { offset: 2 })));
        assert_eq!(read(&b"a: 1"[..]).unwrap(), "a: 1");
    }

    #[test]
    fn bombs_are_refused() {
        let laughs = (1..12).fold("a0: &a0 [x, x]\n".to_owned(), |text, n| {
            let m = n - 1;
            format!("{text}a{n}: &a{n} [*a{m}, *a{m}, *a{m}, *a{m}, *a{m}, *a{m}, *a{m}, *a{m}]\n")
        });
        let table = [
            ("[".repeat(100_000), "brackets are nested too deep"),
            ("{a: ".repeat(60_000), "brackets are nested too deep"),
            ("[ # ]\n".repeat(20_000), "too many brackets"),
            ("- ".repeat(100_000), "recursion limit"),
            (laughs, "aliases expand"),
            (format!("a: &a {}\nb: [{}]", "x".repeat(70_000), "*a,".repeat(50_000)), "aliases expand"),
            ("x".repeat(MAX_BYTES + 1), "larger than 256 KiB"),
            (String::new(), "empty"),
            ("a: 1\n---\nb: 2\n".into(), "more than one document"),
            ("a: [1\nb: 2".into(), "did not find expected"),
            ("a: *nothing".into(), "unknown anchor"),
            ("a: \u{7}".into(), "cannot be printed"),
        ];
        for (text, expected) in table {
            let found = document(&text).unwrap_err();
            assert!(found.message.contains(expected), "{expected}: {}", found.message);
        }
    }
}
