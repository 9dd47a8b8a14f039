//! Text of shells: words, statements, and scripts within commands.

/// What one word or separator of a script is, and where it stands.
pub(crate) struct Word {
    pub(crate) at: usize,
    pub(crate) end: usize,
    /// Without its quotes.
    pub(crate) text: String,
    pub(crate) separator: bool,
    /// Whether a shell puts something else in its place: `$HOME`.
    pub(crate) expands: bool,
}

/// Shells within shells that are looked through.
const DEPTH: u8 = 4;

/// The script of a container: the text that a shell gets, or the words of the command.
pub(crate) fn script(words: &[String]) -> String {
    within(words, DEPTH).unwrap_or_else(|| joined(words))
}

fn within(words: &[String], depth: u8) -> Option<String> {
    let script = given(&spread(words))?;
    let depth = depth.checked_sub(1)?;
    Some(within(std::slice::from_ref(&script), depth).unwrap_or(script))
}

/// The words, of which the first may be a whole command.
fn spread(words: &[String]) -> Vec<String> {
    let Some((first, rest)) = words.split_first() else { return Vec::new() };
    let parts = split(first);
    if parts.iter().any(|part| part.separator) {
        return words.to_vec();
    }
    parts.into_iter().map(|part| part.text).chain(rest.iter().cloned()).collect()
}

/// What a shell among the words is given behind its `-c`.
fn given(words: &[String]) -> Option<String> {
    let is_shell =
        |word: &String| matches!(word.rsplit('/').next(), Some("sh" | "bash" | "dash" | "zsh" | "ash"));
    let shells = words.iter().enumerate().filter(|(_, word)| is_shell(word)).take(usize::from(DEPTH));
    shells.filter_map(|(at, _)| words.get(at.checked_add(1)?..)).find_map(|rest| {
        let mut rest = rest.iter();
        loop {
            let word = rest.next()?;
            let short = word.starts_with(['-', '+']) && !word.starts_with("--");
            if short && word.starts_with('-') && word.contains('c') {
                return rest.next().cloned();
            } else if short && word.ends_with('o') {
                rest.next()?;
            } else if !short && !word.starts_with("--") {
                return None;
            }
        }
    })
}

/// The words as a shell would take them. A first word with blanks is a script, and so are the others then.
fn joined(words: &[String]) -> String {
    if words.first().is_some_and(|first| first.contains(char::is_whitespace)) {
        return words.join(" ");
    }
    words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_@%+=:,./-".contains(c);
    let operator = word.chars().all(|c| matches!(c, ';' | '&' | '|' | '>' | '<' | '1' | '2'));
    if !word.is_empty() && (operator || word.chars().all(plain)) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

/// Words and separators, as a shell would see them. Quotes and comments are taken off; substitutions stay text.
pub(crate) fn split(script: &str) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    let mut word: Option<Word> = None;
    let (mut quote, mut escaped, mut comment) = (None, false, false);
    for (at, c) in script.char_indices() {
        let end = at.saturating_add(c.len_utf8());
        comment = comment && c != '\n';
        match (quote, c) {
            _ if comment => {}
            _ if escaped => {
                escaped = false;
                if c != '\n' {
                    grow(&mut word, at, end).text.push(c);
                }
            }
            (None | Some('"'), '\\') => escaped = true,
            (Some(open), c) if c == open => {
                grow(&mut word, at, end);
                quote = None;
            }
            (None, '"' | '\'') => {
                grow(&mut word, at, end);
                quote = Some(c);
            }
            (None, '#') if word.is_none() => comment = true,
            (None, c) if is_separator(c) && !redirects(c, word.as_ref(), script.get(end..)) => {
                words.extend(word.take());
                if c == '\n' || !c.is_whitespace() {
                    separate(&mut words, at, end, c);
                }
            }
            (_, c) => {
                let word = grow(&mut word, at, end);
                word.text.push(c);
                word.expands |= matches!(c, '$' | '`') && quote != Some('\'');
            }
        }
    }
    words.extend(word);
    words
}

fn is_separator(c: char) -> bool {
    c.is_whitespace() || matches!(c, ';' | '&' | '|' | '(' | ')')
}

/// Whether a `&` belongs to a redirection: `2>&1`, `&>log`.
fn redirects(c: char, word: Option<&Word>, rest: Option<&str>) -> bool {
    let behind = word.is_some_and(|word| word.text.ends_with(['>', '<']));
    c == '&' && (behind || rest.is_some_and(|rest| rest.starts_with('>')))
}

fn grow(word: &mut Option<Word>, at: usize, end: usize) -> &mut Word {
    let word = word.get_or_insert(Word { at, end, text: String::new(), separator: false, expands: false });
    word.end = end;
    word
}

/// Adds a separator, or makes the last one longer: `&&`.
fn separate(words: &mut Vec<Word>, at: usize, end: usize, c: char) {
    match words.last_mut() {
        Some(last) if last.separator => {
            last.text.push(c);
            last.end = end;
        }
        _ => words.push(Word { at, end, text: c.to_string(), separator: true, expands: false }),
    }
}

/// The statements, each with the separator before it.
pub(crate) fn statements(words: &[Word]) -> Vec<(&str, &[Word])> {
    let mut before = "";
    let mut all = Vec::new();
    for part in words.chunk_by(|one, next| one.separator == next.separator) {
        match part.first() {
            Some(first) if first.separator => before = &first.text,
            _ => all.push((before, part)),
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_are_taken_out_of_shells() {
        let table: [(&[&str], &str); 12] = [
            (&["tini", "--", "bash", "-c", "a x && b"], "a x && b"),
            (&["/usr/bin/env", "bash", "-c", "a x && b"], "a x && b"),
            (&["bash", "-euxo", "pipefail", "-c", "a && b"], "a && b"),
            (&["bash -c 'ray start --head'"], "ray start --head"),
            (&["bash -c", "a && b"], "a && b"),
            (&["sh", "-lc", "exec bash -c 'a b'"], "a b"),
            (&["a b && c", "d e"], "a b && c d e"),
            (&["a", "b c", "d'e", "$F", ""], "a 'b c' 'd'\\''e' '$F' ''"),
            (&["a", "&&", "b", ">", "c", "2>&1"], "a && b > c 2>&1"),
            (&["env", "SHELL=/bin/bash", "sh", "-c", "a"], "a"),
            (&["bash", "run.sh", "-c", "x"], "bash run.sh -c x"),
            (&[], ""),
        ];
        for (words, expected) in table {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            assert_eq!(script(&words), expected, "{words:?}");
        }
    }

    #[test]
    fn words_are_those_of_a_shell() {
        let table: [(&str, &[&str]); 7] = [
            ("a # b; c\nd", &["a", "\n", "d"]),
            ("# a 'b\nc", &["\n", "c"]),
            ("a#b '# c' \\# d", &["a#b", "# c", "#", "d"]),
            ("a > /dev/null 2>&1; b &>c & d", &["a", ">", "/dev/null", "2>&1", ";", "b", "&>c", "&", "d"]),
            ("a >&2 && b <&3", &["a", ">&2", "&&", "b", "<&3"]),
            ("a=\"b c\"'d'", &["a=b cd"]),
            ("a;\n\nb", &["a", ";\n\n", "b"]),
        ];
        for (text, expected) in table {
            assert_eq!(split(text).iter().map(|word| word.text.as_str()).collect::<Vec<_>>(), expected);
        }
        assert!(split("\"$A\"")[0].expands && !split("'$A'")[0].expands);
    }
}
