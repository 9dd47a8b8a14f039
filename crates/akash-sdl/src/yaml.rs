//! YAML as Akash's Go reader takes it: the text of every scalar as it was written, its type decided by who asks, and where
//! it stands.
//!
//! SDL needs all three: `1.50` is text in one place and a number in another, and an error must point at its line.

mod differences;
mod load;
mod read;
mod resolve;
mod write;

use std::rc::Rc;

pub(crate) use load::load;
pub(crate) use read::{Fields, Value};
pub(crate) use write::Writer;

use crate::Position;

/// A value and where it begins.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) at: Position,
    pub(crate) kind: Kind,
    /// The anchor's name, when the value stands there by an alias.
    pub(crate) alias: Option<Rc<str>>,
}

/// The three kinds of value.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Scalar(Scalar),
    List(Vec<Node>),
    Map(Vec<(Node, Node)>),
}

/// A scalar as written.
#[derive(Clone, Debug)]
pub(crate) struct Scalar {
    /// Quotes and escapes undone.
    pub(crate) text: String,
    /// Neither quoted nor a block.
    pub(crate) plain: bool,
    pub(crate) tag: Tag,
}

/// The type that was written before a scalar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tag {
    /// None, or `!`: text and style decide.
    None,
    /// `!!str`.
    Text,
    /// `!!int`.
    Int,
    /// `!!float`.
    Float,
    /// `!!bool`.
    Bool,
    /// `!!null`.
    Null,
    /// `!!timestamp`.
    Timestamp,
    /// `!!binary`.
    Binary,
    /// `!!merge`.
    Merge,
    /// Any other: the text stays as it is.
    Other,
}

impl Node {
    /// True for `null`, `~` and nothing at all.
    pub(crate) fn is_null(&self) -> bool {
        match &self.kind {
            Kind::Scalar(scalar) => scalar.is_null(),
            Kind::List(_) | Kind::Map(_) => false,
        }
    }

    /// The scalar's text, whatever its type is said to be; nothing for lists and mappings. Akash reads quantities so.
    pub(crate) fn raw(&self) -> &str {
        match &self.kind {
            Kind::Scalar(scalar) => &scalar.text,
            Kind::List(_) | Kind::Map(_) => "",
        }
    }

    /// The value's position by a path of keys and list positions, as far as the path leads.
    pub(crate) fn locate<S: AsRef<str>>(&self, path: &[S]) -> Position {
        let Some((step, rest)) = path.split_first() else { return self.at };
        match &self.kind {
            Kind::Scalar(_) => self.at,
            Kind::List(items) => step
                .as_ref()
                .parse::<usize>()
                .ok()
                .and_then(|n| items.get(n))
                .map_or(self.at, |item| item.locate(rest)),
            Kind::Map(pairs) => {
                let found = pairs
                    .iter()
                    .find(|(key, _)| matches!(&key.kind, Kind::Scalar(key) if key.text == step.as_ref()));
                match found {
                    Some((key, _)) if rest.is_empty() => key.at,
                    Some((_, value)) => value.locate(rest),
                    None => self.at,
                }
            }
        }
    }
}
