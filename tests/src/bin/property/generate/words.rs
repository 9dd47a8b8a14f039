//! Texts, numbers, prices, and how odd they may be.

use proptest::prelude::*;
use proptest::sample::select;

use crate::document::Part;

/// Whether a document may hold what Akash's TypeScript client is known to read otherwise.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Taste {
    Plain,
    Odd,
}

impl Taste {
    /// The usual, or where the taste allows it at times something odd.
    pub(super) fn or<T, U, O>(self, usual: U, odd: O) -> BoxedStrategy<T>
    where
        T: Clone + std::fmt::Debug + 'static,
        U: Strategy<Value = T> + 'static,
        O: Strategy<Value = T> + 'static,
    {
        match self {
            Self::Plain => usual.boxed(),
            Self::Odd => prop_oneof![12 => usual, 1 => odd].boxed(),
        }
    }
}

/// Texts that somebody once got wrong.
const ODD: [&str; 16] = [
    "",
    " ",
    "null",
    "~",
    "1.50",
    "0x1F",
    "yes",
    "<a href=\"x\">&amp;</a>",
    "tab\there",
    "line\nbreak\n",
    "back\\slash \"quoted\" 'single'",
    "é ü 漢字 😀",
    "\u{0}\u{1}\u{1f}\u{7f}\u{80}\u{85}\u{a0}",
    "\u{feff}bom\u{200b}",
    "{\"json\": [1, null]}",
    "# no comment: *alias &anchor",
];

/// A piece that is there in `often` of ten documents.
pub(super) fn maybe<S>(part: S, often: u32) -> impl Strategy<Value = Option<Part>>
where
    S: Strategy<Value = Part> + 'static,
{
    prop_oneof![10 - often => Just(None), often => part.prop_map(Some)]
}

/// A section that is there in `often` of ten documents; null instead would be odd.
pub(super) fn section<S>(taste: Taste, part: S, often: u32) -> impl Strategy<Value = Option<Part>>
where
    S: Strategy<Value = Part> + 'static,
{
    let null = Just(Some(Part::plain("~").because("null for a section, or an unknown key")));
    taste.or(maybe(part, often), null)
}

/// Any text, quoted as it must be.
pub(super) fn text(taste: Taste) -> impl Strategy<Value = Part> {
    let usual = prop_oneof![
        3 => "[ -~]{0,16}".prop_map(Part::text),
        1 => "[a-z][a-z0-9/]{1,9}".prop_filter("a word of YAML", |word| !is_word(word)).prop_map(Part::plain),
        2 => select(&ODD[..]).prop_map(Part::text),
    ];
    let odd = prop_oneof![
        select(&["a\u{2028}b", "\u{2029}"][..])
            .prop_map(|text| Part::text(text).because("U+2028 or U+2029, which the client does not escape")),
        select(&["8080", "1.50", "true", "0x1F"][..]).prop_map(
            |text| Part::plain(text).because("an unquoted number or truth value where text belongs")
        ),
    ];
    taste.or(usual, odd)
}

/// What YAML takes for something else than text.
fn is_word(text: &str) -> bool {
    ["null", "true", "false", "yes", "no", "on", "off", "y", "n"].contains(&text)
}

/// A whole number from a range.
pub(super) fn number(range: std::ops::Range<u32>) -> impl Strategy<Value = Part> {
    range.prop_map(|number| Part::plain(number.to_string()))
}

/// A price of a replica and block.
pub(super) fn price(taste: Taste) -> impl Strategy<Value = Part> {
    let usual = prop_oneof![
        6 => (1_u32..10_000_000).prop_map(|n| Part::plain(n.to_string())),
        3 => (1_u32..9_999, 1_u32..999).prop_map(|(n, part)| Part::text(format!("{n}.{part:03}"))),
        1 => select(&["0.000000000000000001", "001", "10000000"][..]).prop_map(Part::text),
    ];
    let odd = select(&["+5", "+.5"][..]).prop_map(|text| Part::text(text).because("a price with a sign"));
    taste
        .or(usual, odd)
        .prop_map(|amount| Part::map([("denom", Some(Part::plain("uact"))), ("amount", Some(amount))]))
}
