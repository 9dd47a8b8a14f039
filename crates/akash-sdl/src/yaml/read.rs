//! Nodes to values, by the rules of Akash's reader. What is wrong is taken down and the rest still read.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::resolve::Resolved;
use super::{Kind, Node, Scalar, Tag};
use crate::error::{Found, Problem};

/// A value on its way to the document, and where to write down what is wrong with it.
#[derive(Clone, Copy)]
pub(crate) struct Value<'a> {
    node: &'a Node,
    found: &'a Found,
}

/// The keys of a mapping with their values; null values are as good as absent.
pub(crate) struct Fields<'a> {
    entries: Vec<Entry<'a>>,
}

struct Entry<'a> {
    name: Cow<'a, str>,
    key: Value<'a>,
    value: Value<'a>,
}

impl<'a> Fields<'a> {
    /// A key's value, unless absent or null.
    pub(crate) fn get(&self, key: &str) -> Option<Value<'a>> {
        self.entries
            .iter()
            .find(|entry| entry.name == key)
            .map(|entry| entry.value)
            .filter(|value| !value.is_null())
    }

    /// All keys, null values included, in the order written.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, Value<'a>)> + '_ {
        self.entries.iter().map(|entry| (entry.name.as_ref(), entry.value))
    }

    /// Takes down every other key: Akash passes over it, which will hardly be what was meant.
    pub(crate) fn known(self, keys: &[&str]) -> Self {
        for entry in self.entries.iter().filter(|entry| !keys.contains(&entry.name.as_ref())) {
            entry.key.doubt(format!("`{}` means nothing here; Akash knows {}", entry.name, keys.join(", ")));
        }
        self
    }

    /// A key's text; empty when absent.
    pub(crate) fn text(&self, key: &str) -> String {
        self.get(key).map(|value| value.text(key)).unwrap_or_default()
    }

    /// A key's list of texts; `None` when absent.
    pub(crate) fn texts(&self, key: &str) -> Option<Vec<String>> {
        self.get(key).map(|value| value.texts(key))
    }

    /// A key's whole number; 0 when absent.
    pub(crate) fn number(&self, key: &str) -> u32 {
        self.get(key).map(|value| value.number(key)).unwrap_or_default()
    }

    /// A key's truth value; false when absent.
    pub(crate) fn truth(&self, key: &str) -> bool {
        self.get(key).is_some_and(|value| value.truth(key))
    }

    /// A key's mapping; empty when absent.
    pub(crate) fn fields(&self, key: &str) -> Self {
        self.get(key).map_or(Fields { entries: vec![] }, |value| value.fields(key))
    }

    /// A key's list without its null items; empty when absent.
    pub(crate) fn items(&self, key: &str) -> Vec<Value<'a>> {
        self.get(key).map(|value| value.items(key)).unwrap_or_default()
    }
}

impl<'a> Value<'a> {
    pub(crate) fn new(node: &'a Node, found: &'a Found) -> Self {
        Self { node, found }
    }

    pub(crate) fn is_null(self) -> bool {
        self.node.is_null()
    }

    pub(crate) fn is_scalar(self) -> bool {
        matches!(self.node.kind, Kind::Scalar(_))
    }

    /// The text of a scalar, whatever its type; nothing for lists and mappings.
    pub(crate) fn raw(self) -> &'a str {
        self.node.raw()
    }

    /// The anchor's name, when it stands here by an alias.
    pub(crate) fn alias(self) -> Option<&'a str> {
        self.node.alias.as_deref()
    }

    /// Its items with the null ones, when it is a list.
    pub(crate) fn list(self) -> Option<Vec<Self>> {
        match &self.node.kind {
            Kind::List(items) => Some(items.iter().map(|node| Self { node, ..self }).collect()),
            Kind::Map(_) | Kind::Scalar(_) => None,
        }
    }

    /// Takes down that this is wrong.
    pub(crate) fn refuse(self, message: impl Into<String>) {
        self.found.add(Problem::at(self.node.at, message));
    }

    /// Takes down that this will hardly be what was meant.
    pub(crate) fn doubt(self, message: impl Into<String>) {
        self.found.doubt(Problem::at(self.node.at, message));
    }

    /// The result's value, or its type's default once the problem is taken down.
    pub(crate) fn check<T: Default>(self, result: Result<T, String>) -> T {
        self.found.or_default(result.map_err(|message| Problem::at(self.node.at, message)))
    }

    fn wrong(self, what: &str, wanted: &str) {
        let found = match &self.node.kind {
            Kind::Scalar(Scalar { text, .. }) => format!("`{}`", text.chars().take(60).collect::<String>()),
            Kind::List(_) => "a list".to_owned(),
            Kind::Map(_) => "a mapping".to_owned(),
        };
        self.refuse(format!("`{what}` must be {wanted}, not {found}"));
    }

    /// The mapping's keys and values, merge keys (`<<`) followed; without any when it is none.
    pub(crate) fn fields(self, what: &str) -> Fields<'a> {
        let mut entries = vec![];
        match &self.node.kind {
            Kind::Map(pairs) => self.merged(pairs, &mut entries),
            Kind::Scalar(_) if self.is_null() => {}
            Kind::List(_) | Kind::Scalar(_) => self.wrong(what, "a mapping"),
        }
        Fields { entries }
    }

    fn merged(self, pairs: &'a [(Node, Node)], entries: &mut Vec<Entry<'a>>) {
        let (merges, own): (Vec<_>, Vec<_>) = pairs.iter().partition(|(key, _)| is_merge(key));
        let mut seen = BTreeSet::new();
        for (key, node) in own {
            let key = Self { node: key, ..self };
            // Akash passes over a null key and what stands behind it.
            let Some(name) = key.key() else { continue };
            if seen.insert(name.clone()) {
                entries.push(Entry { name, key, value: Self { node, ..self } });
            } else {
                key.refuse(format!("key `{name}` stands twice in one mapping"));
            }
        }
        if let Some((again, _)) = merges.get(1) {
            Self { node: again, ..self }.refuse("`<<` stands twice in one mapping");
        }
        for source in
            merges.first().map(|(_, node)| Self { node, ..self }.merge_sources()).unwrap_or_default()
        {
            for entry in source.fields("<<").entries {
                if seen.insert(entry.name.clone()) {
                    entries.push(entry);
                }
            }
        }
    }

    /// The mappings behind a merge key.
    fn merge_sources(self) -> Vec<Self> {
        let sources: Vec<Self> = match &self.node.kind {
            Kind::List(items) if self.node.alias.is_none() => {
                items.iter().map(|node| Self { node, ..self }).collect()
            }
            Kind::List(_) | Kind::Map(_) | Kind::Scalar(_) => vec![self],
        };
        let is_map = |source: &Self| matches!(source.node.kind, Kind::Map(_));
        if let Some(other) = sources.iter().find(|source| !is_map(source)) {
            other.wrong("<<", "a mapping or a list of mappings");
        }
        sources.into_iter().filter(is_map).collect()
    }

    fn key(self) -> Option<Cow<'a, str>> {
        match &self.node.kind {
            Kind::Scalar(_) if self.is_null() => None,
            Kind::Scalar(scalar) => self.own_text(scalar, "a key"),
            Kind::List(_) | Kind::Map(_) => {
                self.refuse("a key must be text");
                None
            }
        }
    }

    /// Keys and values one after another, as Akash takes some places apart without looking whether there is a mapping: a list
    /// will do, and merge keys mean nothing. `odd` says whether a last key without a value is an error.
    pub(crate) fn bare_pairs(self, odd: bool) -> Vec<(&'a str, Self)> {
        let wrap = |node| Self { node, ..self };
        let pairs: Vec<(Self, Self)> = match &self.node.kind {
            Kind::Map(pairs) => pairs.iter().map(|(key, value)| (wrap(key), wrap(value))).collect(),
            Kind::List(items) => {
                let chunks = items.chunks_exact(2);
                if odd && let [last] = chunks.remainder() {
                    wrap(last).refuse("a key without a value; write a mapping");
                }
                let pair = |chunk: &'a [Node]| match chunk {
                    [key, value] => Some((wrap(key), wrap(value))),
                    _ => None,
                };
                chunks.filter_map(pair).collect()
            }
            Kind::Scalar(_) => vec![],
        };
        for (key, _) in pairs.iter().filter(|(key, _)| key.alias().is_some()) {
            key.refuse("an alias cannot be a key here");
        }
        pairs.into_iter().map(|(key, value)| (key.raw(), value)).collect()
    }

    /// The list's items, null ones dropped.
    pub(crate) fn items(self, what: &str) -> Vec<Self> {
        let Some(items) = self.list() else {
            if !self.is_null() {
                self.wrong(what, "a list");
            }
            return vec![];
        };
        items.into_iter().filter(|item| !item.is_null()).collect()
    }

    /// The text as written, whatever it looks like; empty for null.
    pub(crate) fn text(self, what: &str) -> String {
        match &self.node.kind {
            Kind::Scalar(_) if self.is_null() => String::new(),
            Kind::Scalar(scalar) => self.own_text(scalar, what).unwrap_or_default().into_owned(),
            Kind::List(_) | Kind::Map(_) => {
                self.wrong(what, "text");
                String::new()
            }
        }
    }

    /// A scalar's text; only `!!binary` is not what was written.
    fn own_text(self, scalar: &'a Scalar, what: &str) -> Option<Cow<'a, str>> {
        match scalar.tag {
            Tag::None | Tag::Text | Tag::Other | Tag::Merge => Some(scalar.text.as_str().into()),
            Tag::Binary | Tag::Int | Tag::Float | Tag::Bool | Tag::Null | Tag::Timestamp => {
                match scalar.resolve() {
                    Some(Resolved::Text(text)) => Some(text),
                    Some(_) => Some(scalar.text.as_str().into()),
                    None => {
                        self.wrong(what, "of the type that is written before it");
                        None
                    }
                }
            }
        }
    }

    /// A list of texts.
    pub(crate) fn texts(self, what: &str) -> Vec<String> {
        self.items(what).into_iter().map(|item| item.text(what)).collect()
    }

    /// A whole number below 2³², unquoted; a fraction is cut.
    pub(crate) fn number(self, what: &str) -> u32 {
        let number = match &self.node.kind {
            Kind::Scalar(_) if self.is_null() => Some(0),
            Kind::Scalar(scalar) => match scalar.resolve() {
                Some(Resolved::Int(value)) => u32::try_from(value).ok(),
                Some(Resolved::Float(value)) => cut(value),
                _ => None,
            },
            Kind::List(_) | Kind::Map(_) => None,
        };
        number.unwrap_or_else(|| {
            self.wrong(what, "a whole number, unquoted");
            0
        })
    }

    /// True or false.
    pub(crate) fn truth(self, what: &str) -> bool {
        let truth = match &self.node.kind {
            Kind::Scalar(_) if self.is_null() => Some(false),
            Kind::Scalar(scalar) => match scalar.resolve() {
                Some(Resolved::Bool(value)) => Some(value),
                Some(Resolved::Text(word)) => match word.as_ref() {
                    "yes" | "Yes" | "YES" | "on" | "On" | "ON" | "y" | "Y" => Some(true),
                    "no" | "No" | "NO" | "off" | "Off" | "OFF" | "n" | "N" => Some(false),
                    _ => None,
                },
                _ => None,
            },
            Kind::List(_) | Kind::Map(_) => None,
        };
        truth.unwrap_or_else(|| {
            self.wrong(what, "true or false, unquoted");
            false
        })
    }
}

fn is_merge(key: &Node) -> bool {
    let Kind::Scalar(Scalar { text, plain, tag }) = &key.kind else { return false };
    key.alias.is_none() && text == "<<" && (*tag == Tag::Merge || (*plain && *tag == Tag::None))
}

/// The whole part, when it is a number below 2³² that is not negative.
fn cut(value: f64) -> Option<u32> {
    let whole = value.trunc();
    // A whole number of this range is exact, and has at most ten digits.
    (0.0..4_294_967_296.0).contains(&whole).then(|| format!("{:.0}", whole.abs()).parse().ok())?
}
