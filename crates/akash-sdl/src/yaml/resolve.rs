//! What a scalar is, by its text and tag: the rules of Akash's Go reader, YAML 1.1 with parts of 1.2.

use std::borrow::Cow;

use super::{Scalar, Tag};
use crate::quantity;

/// What a scalar turned out to be.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Resolved<'a> {
    Null,
    Bool(bool),
    Int(i128),
    Float(f64),
    Text(Cow<'a, str>),
}

impl Scalar {
    /// True for `null`, `~` and nothing at all.
    pub(super) fn is_null(&self) -> bool {
        match self.tag {
            Tag::None => self.plain && is_null_word(&self.text),
            Tag::Null => true,
            Tag::Text
            | Tag::Int
            | Tag::Float
            | Tag::Bool
            | Tag::Timestamp
            | Tag::Binary
            | Tag::Merge
            | Tag::Other => false,
        }
    }

    /// What it is; `None` when its text does not fit its tag.
    pub(super) fn resolve(&self) -> Option<Resolved<'_>> {
        let text = self.text.as_str();
        let found = match self.tag {
            Tag::None if self.plain => return Some(plain(text)),
            Tag::None | Tag::Text | Tag::Merge | Tag::Other => return Some(Resolved::Text(text.into())),
            Tag::Binary => return binary(text).map(|text| Resolved::Text(text.into())),
            Tag::Timestamp => return is_day(text).then(|| Resolved::Text(text.into())),
            Tag::Int | Tag::Float | Tag::Bool | Tag::Null => plain(text),
        };
        match (self.tag, found) {
            (Tag::Float, Resolved::Int(whole)) => format!("{whole}").parse().ok().map(Resolved::Float),
            (Tag::Int, found @ Resolved::Int(_))
            | (Tag::Float, found @ Resolved::Float(_))
            | (Tag::Bool, found @ Resolved::Bool(_))
            | (Tag::Null, found @ Resolved::Null) => Some(found),
            _ => None,
        }
    }
}

fn is_null_word(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

fn plain(text: &str) -> Resolved<'_> {
    match text {
        _ if is_null_word(text) => return Resolved::Null,
        "true" | "True" | "TRUE" => return Resolved::Bool(true),
        "false" | "False" | "FALSE" => return Resolved::Bool(false),
        ".nan" | ".NaN" | ".NAN" => return Resolved::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => return Resolved::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => return Resolved::Float(f64::NEG_INFINITY),
        _ => {}
    }
    let found = match text.as_bytes().first() {
        Some(b'.') => quantity::float(text).map(Resolved::Float),
        Some(b'+' | b'-' | b'0'..=b'9') => {
            let digits = text.replace('_', "");
            integer(&digits).map(Resolved::Int).or_else(|| fraction(&digits).map(Resolved::Float))
        }
        _ => None,
    };
    found.unwrap_or(Resolved::Text(text.into()))
}

/// A whole number of at most 64 bits: decimal, or with `0x`, `0o`, `0b` or a leading 0.
fn integer(text: &str) -> Option<i128> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, text.get(1..)?),
        b'+' => (false, text.get(1..)?),
        _ => (false, text),
    };
    let lower = digits.to_ascii_lowercase();
    let (radix, digits) = match lower.get(..2) {
        Some("0x") => (16, lower.get(2..)?),
        Some("0o") => (8, lower.get(2..)?),
        Some("0b") => (2, lower.get(2..)?),
        Some(_) if lower.starts_with('0') => (8, lower.get(1..)?),
        _ => (10, lower.as_str()),
    };
    // A second sign would pass the standard library.
    if !digits.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return None;
    }
    let size = i128::from_str_radix(digits, radix).ok()?;
    let value = if negative { -size } else { size };
    (i128::from(i64::MIN)..=i128::from(u64::MAX)).contains(&value).then_some(value)
}

/// `80.5`, `8e1`, `5.`, and `080`, which is no octal number.
fn fraction(text: &str) -> Option<f64> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let plain = digits.starts_with(|c: char| c.is_ascii_digit())
        || digits.strip_prefix('.').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    let known = digits.bytes().all(|b| b.is_ascii_digit() || b".eE+-".contains(&b));
    text.parse().ok().filter(|value: &f64| plain && known && value.is_finite())
}

/// A day that every month has, such as `2001-12-14`. What else Go takes for a time is refused under this tag.
fn is_day(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts.as_slice() else { return false };
    let number = |text: &str| text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse::<u8>().ok())?;
    let short = |text: &str| if text.len() <= 2 { number(text) } else { None };
    year.len() == 4
        && year.bytes().all(|b| b.is_ascii_digit())
        && short(month).is_some_and(|month| (1..=12).contains(&month))
        && short(day).is_some_and(|day| (1..=28).contains(&day))
}

/// Base64, line ends passed over; each byte that is no UTF-8 becomes U+FFFD, as in Go's JSON.
fn binary(text: &str) -> Option<String> {
    use base64::Engine as _;
    let packed: String = text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
    let bytes = base64::engine::general_purpose::STANDARD.decode(packed).ok()?;
    let mut decoded = String::new();
    for chunk in bytes.utf8_chunks() {
        decoded.push_str(chunk.valid());
        decoded.extend(chunk.invalid().iter().map(|_| '\u{fffd}'));
    }
    Some(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain_scalar(text: &str) -> Scalar {
        Scalar { text: text.to_owned(), plain: true, tag: Tag::None }
    }

    #[test]
    fn plain_text_is_what_go_takes_it_for() {
        let int = |n| Resolved::Int(n);
        let cases: &[(&str, Resolved<'_>)] = &[
            ("80", int(80)),
            ("+80", int(80)),
            ("0x50", int(80)),
            ("0X50", int(80)),
            ("0o120", int(80)),
            ("0120", int(80)),
            ("080", Resolved::Float(80.0)),
            ("0b1010000", int(80)),
            ("-0b11", int(-3)),
            ("8_0", int(80)),
            ("80_", int(80)),
            ("8e1", Resolved::Float(80.0)),
            (".5", Resolved::Float(0.5)),
            ("5.", Resolved::Float(5.0)),
            ("18446744073709551615", int(u64::MAX.into())),
            ("18446744073709551616", Resolved::Float(18_446_744_073_709_551_616.0)),
            ("0o80", Resolved::Text("0o80".into())),
            ("_80", Resolved::Text("_80".into())),
            ("+-1", Resolved::Text("+-1".into())),
            ("0x-1", Resolved::Text("0x-1".into())),
            ("inf", Resolved::Text("inf".into())),
            (".", Resolved::Text(".".into())),
            ("yes", Resolved::Text("yes".into())),
            ("~", Resolved::Null),
            ("TRUE", Resolved::Bool(true)),
        ];
        for (text, wanted) in cases {
            assert_eq!(plain_scalar(text).resolve().as_ref(), Some(wanted), "{text}");
        }
    }

    #[test]
    fn a_tag_must_fit() {
        let tagged = |text: &str, tag| Scalar { text: text.to_owned(), plain: false, tag };
        assert_eq!(tagged("80", Tag::Int).resolve(), Some(Resolved::Int(80)));
        assert_eq!(tagged("80", Tag::Float).resolve(), Some(Resolved::Float(80.0)));
        assert_eq!(tagged("80", Tag::Text).resolve(), Some(Resolved::Text("80".into())));
        assert_eq!(tagged("2001-1-2", Tag::Timestamp).resolve(), Some(Resolved::Text("2001-1-2".into())));
        assert_eq!(tagged("2001-13-2", Tag::Timestamp).resolve(), None);
        assert_eq!(tagged("yes", Tag::Bool).resolve(), None);
        assert_eq!(tagged("x", Tag::Int).resolve(), None);
        assert_eq!(tagged("/w==", Tag::Binary).resolve(), Some(Resolved::Text("\u{fffd}".into())));
        assert_eq!(tagged("?", Tag::Binary).resolve(), None);
    }
}
