//! YAML with the text of every scalar as it was written, and where.
//!
//! SDL needs both: `1.50` is text in one place and a number in another, and an error must point at its line. What is
//! read follows the YAML 1.1 of Akash's Go library; constructs on which readers differ are refused.

mod load;
mod read;
mod source;
mod write;

pub(crate) use load::load;
pub(crate) use read::Fields;
pub(crate) use write::Writer;

use crate::Position;

/// A value and where it begins.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) at: Position,
    pub(crate) kind: Kind,
}

/// The three kinds of value.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Scalar { text: String, plain: bool, tag: Tag },
    List(Vec<Node>),
    Map(Vec<(Node, Node)>),
}

/// The type that was written before a scalar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tag {
    /// None: the text decides.
    None,
    /// `!!str`, `!`, or one of the document's own: text, whatever it looks like.
    Text,
    /// `!!int`.
    Int,
    /// `!!bool`.
    Bool,
}

impl Node {
    /// True for `null`, `~` and nothing at all.
    pub(crate) fn is_null(&self) -> bool {
        let Kind::Scalar { text, plain, tag } = &self.kind else { return false };
        *plain && *tag == Tag::None && matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL")
    }

    /// The value's position by a path of keys and list positions, as far as the path leads.
    pub(crate) fn locate<S: AsRef<str>>(&self, path: &[S]) -> Position {
        let Some((step, rest)) = path.split_first() else { return self.at };
        match &self.kind {
            Kind::Scalar { .. } => self.at,
            Kind::List(items) => step
                .as_ref()
                .parse::<usize>()
                .ok()
                .and_then(|n| items.get(n))
                .map_or(self.at, |item| item.locate(rest)),
            Kind::Map(pairs) => {
                let found = pairs
                    .iter()
                    .find(|(key, _)| matches!(&key.kind, Kind::Scalar { text, .. } if text == step.as_ref()));
                match found {
                    Some((key, _)) if rest.is_empty() => key.at,
                    Some((_, value)) => value.locate(rest),
                    None => self.at,
                }
            }
        }
    }
}
