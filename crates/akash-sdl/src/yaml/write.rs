//! Values to text that every YAML reader takes alike.

use std::fmt::Write as _;

/// Writes mappings and lists in block form.
#[derive(Default)]
pub(crate) struct Writer {
    text: String,
    indent: usize,
    /// The next line begins with a dash.
    item: bool,
}

impl Writer {
    /// The text.
    pub(crate) fn finish(self) -> String {
        self.text
    }

    fn begin(&mut self) {
        let width = if self.item { self.indent - 2 } else { self.indent };
        self.text.extend(std::iter::repeat_n(' ', width));
        if std::mem::take(&mut self.item) {
            self.text.push_str("- ");
        }
    }

    /// `key: value`, the value being text.
    pub(crate) fn text(&mut self, key: &str, value: &str) {
        self.raw(key, &quoted(value));
    }

    /// `key: value`, the value written as it is.
    pub(crate) fn raw(&mut self, key: &str, value: &str) {
        self.begin();
        // Writing to a string cannot fail.
        let _ = writeln!(self.text, "{}: {value}", quoted(key));
    }

    /// `key:` and what `inside` writes, one level deeper; an empty mapping when it writes nothing.
    pub(crate) fn map(&mut self, key: &str, inside: impl FnOnce(&mut Self)) {
        self.begin();
        let _ = write!(self.text, "{}:", quoted(key));
        let before = self.text.len();
        self.text.push('\n');
        self.indent += 2;
        inside(self);
        self.indent -= 2;
        if self.text.len() == before + 1 {
            self.text.truncate(before);
            self.text.push_str(" {}\n");
        }
    }

    /// `key:` and a list of mappings.
    pub(crate) fn list<T>(&mut self, key: &str, items: &[T], mut each: impl FnMut(&mut Self, &T)) {
        if items.is_empty() {
            return self.raw(key, "[]");
        }
        self.begin();
        let _ = writeln!(self.text, "{}:", quoted(key));
        self.indent += 4;
        for item in items {
            self.item = true;
            each(self, item);
        }
        self.indent -= 4;
    }

    /// `key:` and a list of texts.
    pub(crate) fn texts(&mut self, key: &str, items: &[String]) {
        if items.is_empty() {
            return self.raw(key, "[]");
        }
        self.begin();
        let _ = writeln!(self.text, "{}:", quoted(key));
        for item in items {
            let _ = writeln!(self.text, "{:width$}- {}", "", quoted(item), width = self.indent + 2);
        }
    }
}

/// Plain where no reader can take it for anything but text, else in double quotes.
fn quoted(text: &str) -> String {
    let first = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/');
    let plain = first && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_./".contains(&b));
    let word = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    if plain && !word.contains(&text.to_ascii_lowercase().as_str()) {
        return text.to_owned();
    }
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\0'..='\u{1f}'
            | '\u{7f}'..='\u{a0}'
            | '\u{2028}'
            | '\u{2029}'
            | '\u{feff}'
            | '\u{fffe}'..='\u{ffff}' => {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            other => out.push(other),
        }
    }
    out.push('"');
    out
}
