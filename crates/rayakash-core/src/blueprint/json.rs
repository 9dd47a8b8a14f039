//! The little JSON that a container's settings need.

use std::fmt::Write as _;

/// An object of these fields, whose values are JSON already.
pub(super) fn object(fields: &[(&str, String)]) -> String {
    let each = |(name, value): &(&str, String)| format!("{}:{value}", text(name));
    format!("{{{}}}", fields.iter().map(each).collect::<Vec<_>>().join(","))
}

/// A list of texts.
pub(super) fn texts<'a>(items: impl IntoIterator<Item = &'a String>) -> String {
    format!("[{}]", items.into_iter().map(|item| text(item)).collect::<Vec<_>>().join(","))
}

/// A text, quoted.
pub(super) fn text(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            c if c.is_control() => {
                // Writing to a String cannot fail.
                let _infallible = write!(quoted, "\\u{:04x}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
