//! Text to nodes, within budgets: a hostile document costs little and cannot overflow the stack.

use std::collections::BTreeMap;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span, Tag as Written};

use super::source::Source;
use super::{Kind, Node, Tag};
use crate::{Position, SdlError};

/// The longest document read, in bytes. Akash's own limits on transactions and manifests are of this order.
pub(crate) const MAX_BYTES: usize = 256 * 1024;
/// The deepest nesting read; SDL itself needs 9.
const MAX_DEPTH: usize = 64;
/// The most values held, copies behind anchors and aliases counted each time.
const MAX_NODES: usize = 100_000;

/// Reads the first document of a text.
pub(crate) fn load(text: &str) -> Result<Node, SdlError> {
    if text.len() > MAX_BYTES {
        return Err(SdlError::TooLarge { bytes: text.len(), limit: MAX_BYTES });
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    refuse_strange_characters(text)?;
    refuse_directives(text)?;
    let mut tree = Tree { source: Source::of(text), open: vec![], anchors: BTreeMap::new(), nodes: 0 };
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|e| yaml(*e.marker(), e.info()))?;
        if let Some(root) = tree.take(event, span)? {
            tree.source.check()?;
            return Ok(root);
        }
    }
    Err(SdlError::Yaml { problem: "the document is empty".into(), at: Position { line: 1, column: 1 } })
}

pub(super) fn place(mark: Marker) -> Position {
    Position { line: mark.line(), column: mark.col() + 1 }
}

pub(super) fn yaml(mark: Marker, problem: impl Into<String>) -> SdlError {
    SdlError::Yaml { problem: problem.into(), at: place(mark) }
}

/// Characters that Akash's reader refuses, or takes for a line's end where others do not.
fn refuse_strange_characters(text: &str) -> Result<(), SdlError> {
    let strange = |c: char| {
        matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{7f}'..='\u{9f}')
            || matches!(c, '\u{feff}' | '\u{fffe}' | '\u{ffff}')
    };
    for (line, content) in text.lines().enumerate() {
        if let Some((column, c)) = content.chars().enumerate().find(|&(_, c)| strange(c)) {
            let at = Position { line: line + 1, column: column + 1 };
            let code = u32::from(c);
            return Err(SdlError::Yaml { problem: format!("character U+{code:04X} is not read here"), at });
        }
    }
    Ok(())
}

/// Akash's reader knows `%YAML 1.1` alone.
fn refuse_directives(text: &str) -> Result<(), SdlError> {
    let head = text
        .split(['\n', '\r'])
        .enumerate()
        .take_while(|(_, line)| line.is_empty() || line.starts_with(['%', '#', ' ']));
    let mut seen = false;
    for (number, line) in head.filter(|(_, line)| line.starts_with('%')) {
        let mut words = line.split_whitespace();
        let known = words.next() == Some("%YAML") && words.next() == Some("1.1");
        let rest = words.next().is_none_or(|word| word.starts_with('#'));
        if !known || !rest || std::mem::replace(&mut seen, true) {
            let at = Position { line: number + 1, column: 1 };
            return Err(SdlError::Yaml { problem: format!("`{line}` is not read"), at });
        }
    }
    Ok(())
}

/// A collection whose end has not come yet.
struct Open {
    at: Position,
    anchor: usize,
    list: bool,
    children: Vec<Node>,
}

/// The tree while it is read.
struct Tree<'a> {
    source: Source<'a>,
    open: Vec<Open>,
    anchors: BTreeMap<usize, (Node, usize)>,
    nodes: usize,
}

impl Tree<'_> {
    /// Takes the next event; gives the document's root once it is complete.
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<Option<Node>, SdlError> {
        let at = place(span.start);
        match event {
            Event::Nothing | Event::StreamStart | Event::DocumentStart(_) => Ok(None),
            Event::StreamEnd | Event::DocumentEnd => Err(yaml(span.start, "the document is empty")),
            Event::Alias(anchor) => {
                let Some((node, size)) = self.anchors.get(&anchor).cloned() else {
                    return Err(yaml(span.start, "the alias names a value that is not complete yet"));
                };
                self.place(node, size, span.start)
            }
            Event::Scalar(text, style, anchor, tag) => {
                self.source.scalar(style, span)?;
                let tag = scalar_tag(tag.as_deref(), span.start)?;
                let plain = style == ScalarStyle::Plain;
                let node = Node { at, kind: Kind::Scalar { text: text.into_owned(), plain, tag } };
                self.remember(anchor, &node, 1);
                self.place(node, 1, span.start)
            }
            Event::SequenceStart(anchor, tag) => self.open(anchor, tag.as_deref(), true, span.start),
            Event::MappingStart(anchor, tag) => self.open(anchor, tag.as_deref(), false, span.start),
            Event::SequenceEnd | Event::MappingEnd => self.close(span.start),
        }
    }

    fn open(
        &mut self,
        anchor: usize,
        tag: Option<&Written>,
        list: bool,
        mark: Marker,
    ) -> Result<Option<Node>, SdlError> {
        if self.open.len() >= MAX_DEPTH {
            return Err(yaml(mark, format!("nested deeper than {MAX_DEPTH} levels")));
        }
        let natural = if list { "seq" } else { "map" };
        if let Some(tag) = tag.filter(|t| !(t.is_yaml_core_schema() && t.suffix == natural)) {
            return Err(yaml(mark, format!("the type `!!{}` is not read here", tag.suffix)));
        }
        self.open.push(Open { at: place(mark), anchor, list, children: vec![] });
        Ok(None)
    }

    fn close(&mut self, mark: Marker) -> Result<Option<Node>, SdlError> {
        let Some(Open { at, anchor, list, children }) = self.open.pop() else {
            return Err(yaml(mark, "a collection ends that never began"));
        };
        let kind = if list { Kind::List(children) } else { Kind::Map(pairs(children)) };
        let node = Node { at, kind };
        if anchor != 0 {
            let size = count(&node);
            self.remember(anchor, &node, size);
        }
        self.place(node, 1, mark)
    }

    fn remember(&mut self, anchor: usize, node: &Node, size: usize) {
        if anchor != 0 {
            self.nodes += size;
            self.anchors.insert(anchor, (node.clone(), size));
        }
    }

    /// Puts a complete value where it belongs.
    fn place(&mut self, node: Node, size: usize, mark: Marker) -> Result<Option<Node>, SdlError> {
        self.nodes += size;
        if self.nodes > MAX_NODES {
            return Err(yaml(mark, format!("more than {MAX_NODES} values, aliases followed")));
        }
        match self.open.last_mut() {
            Some(parent) => {
                parent.children.push(node);
                Ok(None)
            }
            None => Ok(Some(node)),
        }
    }
}

fn pairs(children: Vec<Node>) -> Vec<(Node, Node)> {
    let mut children = children.into_iter();
    let mut pairs = vec![];
    while let (Some(key), Some(value)) = (children.next(), children.next()) {
        pairs.push((key, value));
    }
    pairs
}

fn count(node: &Node) -> usize {
    match &node.kind {
        Kind::Scalar { .. } => 1,
        Kind::List(items) => 1 + items.iter().map(count).sum::<usize>(),
        Kind::Map(pairs) => 1 + pairs.iter().map(|(k, v)| count(k) + count(v)).sum::<usize>(),
    }
}

fn scalar_tag(tag: Option<&Written>, mark: Marker) -> Result<Tag, SdlError> {
    let Some(tag) = tag else { return Ok(Tag::None) };
    if !tag.is_yaml_core_schema() {
        return Ok(Tag::Text);
    }
    match tag.suffix.as_str() {
        "str" => Ok(Tag::Text),
        "int" => Ok(Tag::Int),
        "bool" => Ok(Tag::Bool),
        other => Err(yaml(mark, format!("the type `!!{other}` is not read here"))),
    }
}
