//! Nodes to values, by the rules of Akash's reader.

use std::collections::BTreeSet;

use super::{Kind, Node, Tag};
use crate::SdlError;

/// The keys of a mapping with their values; null values are as good as absent.
pub(crate) struct Fields<'a>(Vec<(&'a str, &'a Node)>);

impl<'a> Fields<'a> {
    /// A key's value, unless absent or null.
    pub(crate) fn get(&self, key: &str) -> Option<&'a Node> {
        self.0.iter().find(|(k, _)| *k == key).map(|&(_, value)| value).filter(|value| !value.is_null())
    }

    /// All keys, null values included, in the order written.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'a str, &'a Node)> + '_ {
        self.0.iter().copied()
    }

    /// A key's text; empty when absent.
    pub(crate) fn text(&self, key: &str) -> Result<String, SdlError> {
        self.get(key).map_or_else(|| Ok(String::new()), |node| node.text(key))
    }

    /// A key's list of texts; `None` when absent.
    pub(crate) fn texts(&self, key: &str) -> Result<Option<Vec<String>>, SdlError> {
        self.get(key).map(|node| node.texts(key)).transpose()
    }

    /// A key's whole number; 0 when absent.
    pub(crate) fn number(&self, key: &str) -> Result<u32, SdlError> {
        self.get(key).map_or(Ok(0), |node| node.number(key))
    }

    /// A key's truth value; false when absent.
    pub(crate) fn truth(&self, key: &str) -> Result<bool, SdlError> {
        self.get(key).map_or(Ok(false), |node| node.truth(key))
    }

    /// A key's mapping; empty when absent.
    pub(crate) fn fields(&self, key: &str) -> Result<Self, SdlError> {
        self.get(key).map_or_else(|| Ok(Fields(vec![])), |node| node.fields(key))
    }

    /// A key's list without its null items; empty when absent.
    pub(crate) fn items(&self, key: &str) -> Result<Vec<&'a Node>, SdlError> {
        self.get(key).map_or_else(|| Ok(vec![]), |node| node.items(key))
    }
}

impl Node {
    fn wrong(&self, what: &str, wanted: &str) -> SdlError {
        let found = match &self.kind {
            Kind::Scalar { text, .. } => format!("`{}`", text.chars().take(60).collect::<String>()),
            Kind::List(_) => "a list".to_owned(),
            Kind::Map(_) => "a mapping".to_owned(),
        };
        SdlError::at(self.at, format!("`{what}` must be {wanted}, not {found}"))
    }

    /// The mapping's keys and values, merge keys (`<<`) followed.
    pub(crate) fn fields(&self, what: &str) -> Result<Fields<'_>, SdlError> {
        let Kind::Map(pairs) = &self.kind else {
            return if self.is_null() { Ok(Fields(vec![])) } else { Err(self.wrong(what, "a mapping")) };
        };
        let mut all = own_keys(pairs.iter().filter(|(key, _)| !is_merge(key)))?;
        let mut seen: BTreeSet<&str> = all.iter().map(|(key, _)| *key).collect();
        let mut merges = pairs.iter().filter(|(key, _)| is_merge(key));
        if let Some((_, value)) = merges.next() {
            if let Some((again, _)) = merges.next() {
                return Err(SdlError::at(again.at, "`<<` stands twice in one mapping"));
            }
            let sources = match &value.kind {
                Kind::List(items) => items.iter().collect(),
                Kind::Map(_) | Kind::Scalar { .. } => vec![value],
            };
            for source in sources {
                if source.is_null() {
                    return Err(source.wrong("<<", "a mapping or a list of mappings"));
                }
                for (key, value) in source.fields("<<")?.0 {
                    if seen.insert(key) {
                        all.push((key, value));
                    }
                }
            }
        }
        Ok(Fields(all))
    }

    /// The mapping's keys and values where merge keys mean nothing.
    pub(crate) fn fields_without_merge(&self, what: &str) -> Result<Fields<'_>, SdlError> {
        match &self.kind {
            Kind::Map(pairs) => Ok(Fields(own_keys(pairs.iter())?)),
            Kind::List(_) | Kind::Scalar { .. } => Err(self.wrong(what, "a mapping")),
        }
    }

    /// The list's items, null ones dropped.
    pub(crate) fn items(&self, what: &str) -> Result<Vec<&Self>, SdlError> {
        match &self.kind {
            Kind::List(items) => Ok(items.iter().filter(|item| !item.is_null()).collect()),
            Kind::Map(_) | Kind::Scalar { .. } => Err(self.wrong(what, "a list")),
        }
    }

    /// The text as written, whatever it looks like; empty for null.
    pub(crate) fn text(&self, what: &str) -> Result<String, SdlError> {
        match &self.kind {
            Kind::Scalar { .. } if self.is_null() => Ok(String::new()),
            Kind::Scalar { text, tag: Tag::None | Tag::Text, .. } => Ok(text.clone()),
            Kind::Scalar { .. } | Kind::List(_) | Kind::Map(_) => Err(self.wrong(what, "text")),
        }
    }

    /// A list of texts.
    pub(crate) fn texts(&self, what: &str) -> Result<Vec<String>, SdlError> {
        self.items(what)?.into_iter().map(|item| item.text(what)).collect()
    }

    /// A whole number below 2³²: decimal, `0x`, `0o`, `0b`, octal with a leading 0, `_` anywhere, or a decimal fraction,
    /// which is cut.
    pub(crate) fn number(&self, what: &str) -> Result<u32, SdlError> {
        let wrong = || self.wrong(what, "a whole number, unquoted");
        match &self.kind {
            Kind::Scalar { text, plain: true, tag: Tag::None } | Kind::Scalar { text, tag: Tag::Int, .. } => {
                whole_number(text).ok_or_else(wrong)
            }
            Kind::Scalar { .. } | Kind::List(_) | Kind::Map(_) => Err(wrong()),
        }
    }

    /// True or false.
    pub(crate) fn truth(&self, what: &str) -> Result<bool, SdlError> {
        let wrong = || self.wrong(what, "true or false, unquoted");
        match &self.kind {
            Kind::Scalar { text, plain: true, tag: Tag::None | Tag::Bool } => match text.as_str() {
                "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" | "y" | "Y" => Ok(true),
                "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" | "n" | "N" => {
                    Ok(false)
                }
                _ => Err(wrong()),
            },
            Kind::Scalar { .. } | Kind::List(_) | Kind::Map(_) => Err(wrong()),
        }
    }
}

fn is_merge(key: &Node) -> bool {
    matches!(&key.kind, Kind::Scalar { text, plain: true, tag: Tag::None } if text == "<<")
}

fn own_keys<'a>(pairs: impl Iterator<Item = &'a (Node, Node)>) -> Result<Vec<(&'a str, &'a Node)>, SdlError> {
    let mut seen = BTreeSet::new();
    let mut keys = vec![];
    for (key, value) in pairs {
        let Kind::Scalar { text, .. } = &key.kind else {
            return Err(SdlError::at(key.at, "a key must be text"));
        };
        if key.is_null() {
            return Err(SdlError::at(key.at, "a key is missing"));
        }
        if !seen.insert(text.as_str()) {
            return Err(SdlError::at(key.at, format!("key `{text}` stands twice in one mapping")));
        }
        keys.push((text.as_str(), value));
    }
    Ok(keys)
}

fn whole_number(text: &str) -> Option<u32> {
    if !text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.')) {
        return None;
    }
    let plain = text.replace('_', "");
    let (negative, digits) = match plain.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, plain.strip_prefix('+').unwrap_or(&plain)),
    };
    let value = match integer(digits) {
        Some(value) => value,
        None => fraction(digits)?,
    };
    if negative && value != 0 { None } else { Some(value) }
}

fn integer(digits: &str) -> Option<u32> {
    let lower = digits.to_ascii_lowercase();
    let (radix, digits) = if let Some(hex) = lower.strip_prefix("0x") {
        (16, hex)
    } else if let Some(octal) = lower.strip_prefix("0o") {
        (8, octal)
    } else if let Some(binary) = lower.strip_prefix("0b") {
        (2, binary)
    } else if lower.len() > 1 && lower.starts_with('0') && lower.bytes().all(|b| matches!(b, b'0'..=b'7')) {
        (8, lower.as_str())
    } else {
        (10, lower.as_str())
    };
    // A second sign would pass the standard library.
    digits.starts_with(|c: char| c.is_ascii_hexdigit()).then(|| u32::from_str_radix(digits, radix).ok())?
}

/// `80.5`, `8e1`, `.5`, and `080`, which is no octal number.
fn fraction(digits: &str) -> Option<u32> {
    let body = digits.split(['e', 'E']).next().unwrap_or_default();
    let plain = !body.is_empty() && body.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let value: f64 = digits.parse().ok().filter(|_| plain)?;
    if !(0.0..4_294_967_296.0).contains(&value) {
        return None;
    }
    // Exact: a whole number of this range has at most ten digits.
    format!("{:.0}", value.trunc()).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_go_reads_them() {
        let cases: &[(&str, Option<u32>)] = &[
            ("80", Some(80)),
            ("+80", Some(80)),
            ("0x50", Some(80)),
            ("0X50", Some(80)),
            ("0o120", Some(80)),
            ("0120", Some(80)),
            ("080", Some(80)),
            ("09", Some(9)),
            ("0b1010000", Some(80)),
            ("8_0", Some(80)),
            ("80_", Some(80)),
            ("8e1", Some(80)),
            ("80.5", Some(80)),
            ("-0", Some(0)),
            ("-0.5", Some(0)),
            ("4294967295.9", Some(u32::MAX)),
            ("4294967296", None),
            ("1e10", None),
            ("0o80", None),
            ("_80", None),
            ("-1", None),
            ("-1.5", None),
            (".inf", None),
            ("inf", None),
            ("+-1", None),
            ("0x-1", None),
            ("", None),
            (".", None),
        ];
        for (text, wanted) in cases {
            assert_eq!(whole_number(text), *wanted, "{text}");
        }
    }
}
