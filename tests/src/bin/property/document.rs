//! A document in the making: YAML as it will be written, and why Akash's TypeScript client reads it otherwise than Akash.

use std::collections::BTreeSet;

/// A value as it will be written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Yaml {
    /// Unquoted.
    Plain(String),
    /// In double quotes.
    Text(String),
    /// Lines under `|-`; in double quotes where brackets hold it.
    Script(String),
    List(Vec<Self>),
    Map(Vec<(String, Self)>),
    /// With a name for aliases.
    Anchored(&'static str, Box<Self>),
    Alias(&'static str),
}

/// Why the client reads a document otherwise.
pub(crate) type Reasons = BTreeSet<&'static str>;

/// A piece of a document.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) yaml: Yaml,
    pub(crate) reasons: Reasons,
}

impl Part {
    pub(crate) fn of(yaml: Yaml) -> Self {
        Self { yaml, reasons: Reasons::new() }
    }

    pub(crate) fn plain(text: impl Into<String>) -> Self {
        Self::of(Yaml::Plain(text.into()))
    }

    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::of(Yaml::Text(text.into()))
    }

    pub(crate) fn list(parts: Vec<Self>) -> Self {
        let (items, reasons): (Vec<_>, Vec<_>) = parts.into_iter().map(|p| (p.yaml, p.reasons)).unzip();
        Self { yaml: Yaml::List(items), reasons: reasons.into_iter().flatten().collect() }
    }

    /// A mapping of those that are there.
    pub(crate) fn map<K: Into<String>>(entries: impl IntoIterator<Item = (K, Option<Self>)>) -> Self {
        let mut reasons = Reasons::new();
        let mut pairs = vec![];
        for (key, part) in entries {
            if let Some(part) = part {
                reasons.extend(part.reasons);
                pairs.push((key.into(), part.yaml));
            }
        }
        Self { yaml: Yaml::Map(pairs), reasons }
    }

    /// The client reads this otherwise.
    pub(crate) fn because(mut self, reason: &'static str) -> Self {
        self.reasons.insert(reason);
        self
    }
}

/// The document's text: in blocks, and from some depth on in brackets.
pub(crate) fn write(yaml: &Yaml, brackets_from: usize) -> String {
    let mut text = String::new();
    block(yaml, 0, brackets_from, &mut text);
    text
}

/// Whether it is written in lines of its own.
fn opens(yaml: &Yaml, depth: usize, brackets_from: usize) -> bool {
    let holds = match yaml {
        Yaml::Map(pairs) => !pairs.is_empty(),
        Yaml::List(items) => !items.is_empty(),
        Yaml::Plain(_) | Yaml::Text(_) | Yaml::Script(_) | Yaml::Anchored(..) | Yaml::Alias(_) => false,
    };
    holds && depth < brackets_from
}

fn block(yaml: &Yaml, depth: usize, brackets_from: usize, out: &mut String) {
    let indent = " ".repeat(depth * 2);
    if !opens(yaml, depth, brackets_from) {
        out.push_str(&format!("{indent}{}\n", flow(yaml)));
    } else if let Yaml::Map(pairs) = yaml {
        for (key, value) in pairs {
            out.push_str(&format!("{indent}{}:", self::key(key)));
            nested(value, depth, brackets_from, out);
        }
    } else if let Yaml::List(items) = yaml {
        for item in items {
            out.push_str(&format!("{indent}-"));
            nested(item, depth, brackets_from, out);
        }
    }
}

/// What stands behind `key:` or `-`.
fn nested(yaml: &Yaml, depth: usize, brackets_from: usize, out: &mut String) {
    if opens(yaml, depth + 1, brackets_from) {
        out.push('\n');
        block(yaml, depth + 1, brackets_from, out);
    } else if let Yaml::Anchored(name, value) = yaml {
        out.push_str(&format!(" &{name}"));
        nested(value, depth, brackets_from, out);
    } else if let Yaml::Script(text) = yaml {
        let indent = " ".repeat((depth + 1) * 2);
        let lines = text.lines().map(|line| format!("{indent}{line}\n"));
        out.push_str(&format!(" |-\n{}", lines.collect::<String>()));
    } else {
        out.push_str(&format!(" {}\n", flow(yaml)));
    }
}

fn flow(yaml: &Yaml) -> String {
    match yaml {
        Yaml::Plain(text) => text.clone(),
        Yaml::Text(text) | Yaml::Script(text) => quoted(text),
        Yaml::List(items) => format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Yaml::Map(pairs) => {
            let pair = |(key, value): &(String, Yaml)| format!("{}: {}", self::key(key), flow(value));
            format!("{{{}}}", pairs.iter().map(pair).collect::<Vec<_>>().join(", "))
        }
        Yaml::Anchored(name, value) => format!("&{name} {}", flow(value)),
        Yaml::Alias(name) => format!("*{name} "),
    }
}

fn key(key: &str) -> String {
    let tail = |c: char| c.is_ascii_alphanumeric() || "_-/".contains(c);
    let simple = key.len() > 1 && key.starts_with(|c: char| c.is_ascii_alphabetic()) && key.chars().all(tail);
    if simple || key == "<<" { key.to_owned() } else { quoted(key) }
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\u{2028}'
            | '\u{2029}'
            | '\u{feff}'
            | '\u{fffe}'
            | '\u{ffff}'
            | '\u{0}'..='\u{1f}'
            | '\u{7f}'..='\u{a0}' => {
                out.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_written_in_blocks_and_in_brackets() {
        let text = |text: &str| Yaml::Text(text.to_owned());
        let inner = Yaml::Map(vec![
            ("args".to_owned(), Yaml::List(vec![Yaml::Script("a\nb".to_owned()), text("\"\u{7f}")])),
            ("y".to_owned(), Yaml::List(vec![])),
        ]);
        let whole = Yaml::Map(vec![
            ("one".to_owned(), Yaml::Anchored("r", Box::new(inner))),
            ("two".to_owned(), Yaml::Alias("r")),
        ]);
        assert_eq!(
            write(&whole, 9),
            "one: &r\n  args:\n    - |-\n      a\n      b\n    - \"\\\"\\u007f\"\n  \"y\": []\ntwo: *r \n"
        );
        assert_eq!(
            write(&whole, 1),
            "one: &r {args: [\"a\\u000ab\", \"\\\"\\u007f\"], \"y\": []}\ntwo: *r \n"
        );
        assert_eq!(
            write(&whole, 0),
            "{one: &r {args: [\"a\\u000ab\", \"\\\"\\u007f\"], \"y\": []}, two: *r }\n"
        );
    }
}
