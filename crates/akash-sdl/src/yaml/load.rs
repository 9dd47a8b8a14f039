//! Text to nodes, within budgets: a hostile document costs little and cannot overflow the stack.
//!
//! The scanner is libyaml's, of which the scanner of Akash's Go reader is a translation too. Where the two part, this file
//! says so.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::rc::Rc;

use libyaml_safer::{
    Error, Event, EventData, MappingStyle, Mark, Parser, ScalarStyle, Scanner, SequenceStyle, TokenData,
};

use super::{Kind, Node, Scalar, Tag, differences};
use crate::error::Problem;
use crate::{Position, SdlError};

/// The longest document read, in bytes. Akash's own limits on transactions and manifests are of this order.
pub(crate) const MAX_BYTES: usize = 256 * 1024;
/// The deepest nesting read; SDL itself needs 9.
const MAX_DEPTH: usize = 64;
/// The most that is held, copies behind anchors and aliases counted each time.
const MOST: Weight = Weight { values: 100_000, bytes: 1024 * 1024 };

/// Reads the first document of a text; what follows it is not looked at.
pub(crate) fn load(text: &str) -> Result<Node, SdlError> {
    root(text).map_err(SdlError::from)
}

fn root(text: &str) -> Result<Node, Problem> {
    let start = Position { line: 1, column: 1 };
    if text.len() > MAX_BYTES {
        let length = text.len();
        return Err(Problem::at(
            start,
            format!("the document has {length} bytes; at most {MAX_BYTES} are read"),
        ));
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut text = Cow::Borrowed(text);
    let unended = differences::end_last_line(&mut text);
    differences::refuse_traps(&text)?;
    for _ in 0..differences::MOST_QUOTES {
        match read(&text, unended) {
            Ok(done) => return done,
            Err(error) => match differences::without_quote(&text, &error) {
                Some(mended) => text = Cow::Owned(mended),
                None => return Err(broken(&text, &error)),
            },
        }
    }
    Err(Problem::at(start, format!("more than {} escapes `\\'`; write `'`", differences::MOST_QUOTES)))
}

/// Reads once. The outer error is libyaml's, the inner one ours. `unended`: the last line's end is not the document's own.
fn read(text: &str, unended: bool) -> Result<Result<Node, Problem>, Error> {
    let empty = || Problem::at(Position { line: 1, column: 1 }, "the document is empty");
    let mut bytes = text.as_bytes();
    let mut parser = Parser::new();
    parser.set_input_string(&mut bytes);
    let mut tree = Tree::default();
    loop {
        let Event { data, start_mark, end_mark, .. } = parser.parse()?;
        let taken = match data {
            EventData::StreamEnd => return Ok(Err(empty())),
            // The end counts: what stands before it belongs to the document.
            EventData::DocumentEnd { .. } => {
                look_past(text, start_mark)?;
                return Ok(tree.root.ok_or_else(empty));
            }
            EventData::DocumentStart { version_directive: Some(version), .. }
                if (version.major, version.minor) != (1, 1) =>
            {
                Err(Problem::at(place(start_mark), "of YAML only version 1.1 is read"))
            }
            EventData::Scalar { style: ScalarStyle::DoubleQuoted, .. }
                if differences::has_slash(text, start_mark, end_mark) =>
            {
                Err(Problem::at(place(start_mark), "the escape `\\/` is not read; write `/`"))
            }
            EventData::Scalar { anchor, tag, value, plain_implicit, quoted_implicit, style }
                if unended && differences::is_last_block(text, style, end_mark) =>
            {
                differences::without_end(text, value, place(start_mark)).and_then(|value| {
                    let scalar =
                        EventData::Scalar { anchor, tag, value, plain_implicit, quoted_implicit, style };
                    tree.take(scalar, start_mark)
                })
            }
            event @ (EventData::StreamStart { .. }
            | EventData::DocumentStart { .. }
            | EventData::Alias { .. }
            | EventData::Scalar { .. }
            | EventData::SequenceStart { .. }
            | EventData::SequenceEnd
            | EventData::MappingStart { .. }
            | EventData::MappingEnd) => tree.take(event, start_mark),
        };
        if let Err(problem) = taken {
            return Ok(Err(problem));
        }
    }
}

/// Akash's reader is always two tokens ahead, so it stumbles over what stands close behind the document.
fn look_past(text: &str, end: Mark) -> Result<(), Error> {
    let behind = usize::try_from(end.index).ok().and_then(|at| text.get(at..));
    if behind.is_some_and(|rest| rest.trim().is_empty()) {
        return Ok(());
    }
    let mut bytes = text.as_bytes();
    let mut scanner = Scanner::new();
    scanner.set_input_string(&mut bytes);
    let mut behind = 0;
    for token in scanner {
        let token = token?;
        // The last token that was looked at, and two more. Ends of blocks have no text of their own.
        behind += u32::from(token.start_mark.index >= end.index && token.data != TokenData::BlockEnd);
        if behind == 3 {
            break;
        }
    }
    Ok(())
}

pub(super) fn place(mark: Mark) -> Position {
    let number = |n: u64| usize::try_from(n).unwrap_or(usize::MAX).saturating_add(1);
    Position { line: number(mark.line), column: number(mark.column) }
}

/// What the scanner or the parser found, in words.
fn broken(text: &str, error: &Error) -> Problem {
    match error.problem_mark() {
        Some(mark) if error.problem() == "found character that cannot start any token" => {
            let line = usize::try_from(mark.line).ok().and_then(|line| text.lines().nth(line));
            let found = usize::try_from(mark.column).ok().and_then(|column| line?.chars().nth(column));
            let message = match found {
                Some('\t') => "a tab cannot indent a line; write blanks".to_owned(),
                Some(other) => format!("`{other}` cannot begin a value; put the value in quotes"),
                None => "this is no YAML".to_owned(),
            };
            Problem::at(place(mark), message)
        }
        Some(mark) => {
            let context = error.context().map(|context| format!("{context}: ")).unwrap_or_default();
            Problem::at(place(mark), format!("this is no YAML: {context}{}", error.problem()))
        }
        None => unreadable(text),
    }
}

/// The first character that YAML does not have.
fn unreadable(text: &str) -> Problem {
    let strange = |c: char| {
        matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{7f}'..='\u{84}')
            || matches!(c, '\u{86}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}')
    };
    let found = text.lines().zip(1..).find_map(|(content, line)| {
        let (column, c) =
            content.chars().zip(1..).map(|(c, column)| (column, c)).find(|(_, c)| strange(*c))?;
        Some((Position { line, column }, u32::from(c)))
    });
    let (at, code) = found.unwrap_or((Position { line: 1, column: 1 }, 0));
    Problem::at(at, format!("this is no YAML: it has no character U+{code:04X}"))
}

/// A collection whose end has not come yet.
struct Open {
    at: Position,
    anchor: Option<Rc<str>>,
    list: bool,
    /// Within brackets or braces.
    flow: bool,
    children: Vec<Node>,
}

/// The tree while it is read.
#[derive(Default)]
struct Tree {
    open: Vec<Open>,
    /// Complete values by anchor, and what they weigh.
    anchors: BTreeMap<Rc<str>, (Node, Weight)>,
    held: Weight,
    root: Option<Node>,
}

/// How much of memory something takes.
#[derive(Clone, Copy, Debug, Default)]
struct Weight {
    values: usize,
    /// Of texts.
    bytes: usize,
}

impl Weight {
    /// One value without what it holds.
    fn one(bytes: usize) -> Self {
        Self { values: 1, bytes }
    }

    /// All of a value.
    fn of(node: &Node) -> Self {
        match &node.kind {
            Kind::Scalar(scalar) => Self::one(scalar.text.len()),
            Kind::List(items) => items.iter().fold(Self::one(0), |sum, item| sum.plus(Self::of(item))),
            Kind::Map(pairs) => pairs
                .iter()
                .fold(Self::one(0), |sum, (key, value)| sum.plus(Self::of(key)).plus(Self::of(value))),
        }
    }

    fn plus(self, other: Self) -> Self {
        Self { values: self.values + other.values, bytes: self.bytes + other.bytes }
    }
}

impl Tree {
    fn take(&mut self, event: EventData, mark: Mark) -> Result<(), Problem> {
        let at = place(mark);
        match event {
            EventData::Alias { anchor } => {
                let anchor: Rc<str> = anchor.into();
                let Some((node, weight)) = self.anchors.get(&anchor) else {
                    let message = format!("the alias `*{anchor}` names no value that is complete here");
                    return Err(Problem::at(at, message));
                };
                // Counted before it is copied.
                self.held = self.held.plus(*weight);
                let node = Node { alias: Some(anchor), at, ..node.clone() };
                self.place(node)
            }
            EventData::Scalar { anchor, tag, value, style, .. } => {
                let tag = scalar_tag(tag.as_deref());
                let scalar = Scalar { text: value, plain: style == ScalarStyle::Plain, tag };
                // Akash's reader ends a plain text there, and finds nothing that it could read on.
                let ends = |open: &Open| open.flow && scalar.plain && scalar.text.contains('?');
                if self.open.last().is_some_and(ends) {
                    return Err(Problem::at(at, "within brackets a text with `?` needs quotes"));
                }
                if tag == Tag::Null && scalar.resolve().is_none() {
                    return Err(Problem::at(at, format!("`{}` is not null", scalar.text)));
                }
                let weight = Weight::one(scalar.text.len());
                let node = Node { at, kind: Kind::Scalar(scalar), alias: None };
                self.remember(anchor.map(Rc::from), &node, weight);
                self.held = self.held.plus(weight);
                self.place(node)
            }
            EventData::SequenceStart { anchor, tag, style, .. } => {
                let (anchor, flow) = (anchor.map(Rc::from), style == SequenceStyle::Flow);
                self.begin(tag.as_deref(), Open { at, anchor, list: true, flow, children: vec![] })
            }
            EventData::MappingStart { anchor, tag, style, .. } => {
                let (anchor, flow) = (anchor.map(Rc::from), style == MappingStyle::Flow);
                self.begin(tag.as_deref(), Open { at, anchor, list: false, flow, children: vec![] })
            }
            EventData::SequenceEnd | EventData::MappingEnd => self.end(at),
            EventData::StreamStart { .. }
            | EventData::StreamEnd
            | EventData::DocumentStart { .. }
            | EventData::DocumentEnd { .. } => Ok(()),
        }
    }

    fn begin(&mut self, tag: Option<&str>, open: Open) -> Result<(), Problem> {
        if self.open.len() >= MAX_DEPTH {
            return Err(Problem::at(open.at, format!("nested deeper than {MAX_DEPTH} levels")));
        }
        if scalar_tag(tag) == Tag::Null {
            return Err(Problem::at(open.at, "a list or mapping is not null"));
        }
        self.open.push(open);
        Ok(())
    }

    fn end(&mut self, at: Position) -> Result<(), Problem> {
        let Some(Open { at, anchor, list, children, .. }) = self.open.pop() else {
            return Err(Problem::at(at, "a collection ends that never began"));
        };
        let kind = if list { Kind::List(children) } else { Kind::Map(pairs(children)) };
        let node = Node { at, kind, alias: None };
        if anchor.is_some() {
            let weight = Weight::of(&node);
            self.remember(anchor, &node, weight);
        }
        self.held = self.held.plus(Weight::one(0));
        self.place(node)
    }

    fn remember(&mut self, anchor: Option<Rc<str>>, node: &Node, weight: Weight) {
        if let Some(anchor) = anchor {
            self.held = self.held.plus(weight);
            self.anchors.insert(anchor, (node.clone(), weight));
        }
    }

    /// Puts a complete value where it belongs, once it is counted.
    fn place(&mut self, node: Node) -> Result<(), Problem> {
        if self.held.values > MOST.values || self.held.bytes > MOST.bytes {
            let Weight { values, bytes } = MOST;
            let message = format!("more than {values} values or {bytes} bytes, aliases followed");
            return Err(Problem::at(node.at, message));
        }
        match self.open.last_mut() {
            Some(parent) => parent.children.push(node),
            None => self.root = Some(node),
        }
        Ok(())
    }
}

fn pairs(children: Vec<Node>) -> Vec<(Node, Node)> {
    let mut pairs = Vec::with_capacity(children.len() / 2);
    let mut children = children.into_iter();
    while let (Some(key), Some(value)) = (children.next(), children.next()) {
        pairs.push((key, value));
    }
    pairs
}

fn scalar_tag(tag: Option<&str>) -> Tag {
    let Some(tag) = tag.filter(|tag| *tag != "!") else { return Tag::None };
    match tag.strip_prefix("tag:yaml.org,2002:") {
        Some("str") => Tag::Text,
        Some("int") => Tag::Int,
        Some("float") => Tag::Float,
        Some("bool") => Tag::Bool,
        Some("null") => Tag::Null,
        Some("timestamp") => Tag::Timestamp,
        Some("binary") => Tag::Binary,
        Some("merge") => Tag::Merge,
        Some(_) | None => Tag::Other,
    }
}
