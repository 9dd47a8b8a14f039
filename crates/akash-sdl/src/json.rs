//! JSON as Go's encoder writes it.

use std::io;

use serde::Serialize;
use serde_json::Value;
use serde_json::ser::{CompactFormatter, Formatter, Serializer};

/// Compact, keys in the order of the types.
pub(crate) fn compact(value: &impl Serialize) -> String {
    write(value, false)
}

/// Compact, keys sorted by bytes at every level, HTML characters escaped.
pub(crate) fn canonical(value: &impl Serialize) -> String {
    // It cannot fail: every key is text and every number a whole one.
    let value = serde_json::to_value(value).unwrap_or_default();
    write(&Sorted(&value), true)
}

/// A value whose keys are written in order; `serde_json` sorts them only when it is built so.
struct Sorted<'a>(&'a Value);

impl Serialize for Sorted<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Array(items) => serializer.collect_seq(items.iter().map(Sorted)),
            Value::Object(map) => {
                let mut entries: Vec<_> = map.iter().map(|(key, item)| (key, Sorted(item))).collect();
                entries.sort_by_key(|(key, _)| *key);
                serializer.collect_map(entries)
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                self.0.serialize(serializer)
            }
        }
    }
}

fn write(value: &impl Serialize, html: bool) -> String {
    let mut bytes = vec![];
    let mut serializer = Serializer::with_formatter(&mut bytes, Go { html });
    // Writing to memory cannot fail.
    let written = value.serialize(&mut serializer).is_ok();
    debug_assert!(written, "every key is text");
    String::from_utf8(bytes).unwrap_or_default()
}

/// Escapes what Go escapes beyond serde_json.
struct Go {
    html: bool,
}

impl Formatter for Go {
    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, writer: &mut W, text: &str) -> io::Result<()> {
        let special =
            |c: char| matches!(c, '\u{2028}' | '\u{2029}') || (self.html && matches!(c, '<' | '>' | '&'));
        // Most texts have none of their bytes.
        if !text.bytes().any(|b| matches!(b, b'<' | b'>' | b'&' | 0xe2)) {
            return CompactFormatter.write_string_fragment(writer, text);
        }
        let mut rest = text;
        while let Some(at) = rest.find(special) {
            let (plain, tail) = rest.split_at(at);
            CompactFormatter.write_string_fragment(writer, plain)?;
            let mut tail = tail.chars();
            let code = tail.next().map_or(0, u32::from);
            write!(writer, "\\u{code:04x}")?;
            rest = tail.as_str();
        }
        CompactFormatter.write_string_fragment(writer, rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_escaped_as_go_escapes_them() {
        let text = "a<b>&c\u{2028}\"\\/\u{8}\u{c}\n\r\t\u{1}\u{7f}é😀";
        let escaped = "\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\u{7f}é😀\"";
        assert_eq!(canonical(&text), format!("\"a\\u003cb\\u003e\\u0026c\\u2028{escaped}"));
        assert_eq!(compact(&text), format!("\"a<b>&c\\u2028{escaped}"));
    }

    #[test]
    fn keys_are_sorted_at_every_level() {
        let value: Value = serde_json::from_str(r#"{"b":[{"z":1,"A":null}],"a":{}}"#).unwrap();
        assert_eq!(canonical(&value), r#"{"a":{},"b":[{"A":null,"z":1}]}"#);
    }
}
