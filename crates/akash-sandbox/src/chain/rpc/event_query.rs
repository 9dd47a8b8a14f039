//! CometBFT's query language: `tm.event='Tx' AND tx.height>5 AND message.sender EXISTS AND a.b CONTAINS 'c'`.
//!
//! What is queried are events as `type.key` with all their values; a condition holds when it holds for any of them. Numbers are
//! compared with the first number in a value, so `transfer.amount>5` sees `7uakt`. The literals `TIME` and `DATE` are not known.

use std::collections::BTreeMap;

use akash_types::Dec;

/// What is known about a block or a transaction: values by `type.key`.
pub(super) type Events = BTreeMap<String, Vec<String>>;

/// Conditions that must all hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Query {
    conditions: Vec<Condition>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Condition {
    key: String,
    test: Test,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Test {
    Exists,
    Contains(String),
    Is(String),
    Number(Order, Dec),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Less,
    AtMost,
    Equal,
    AtLeast,
    More,
}

const ORDERS: [(&str, Order); 5] = [
    ("<=", Order::AtMost),
    (">=", Order::AtLeast),
    ("<", Order::Less),
    (">", Order::More),
    ("=", Order::Equal),
];

impl Query {
    /// Reads a query.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut conditions = Vec::new();
        let mut rest = text.trim_start();
        loop {
            let (condition, after) = condition(rest)?;
            conditions.push(condition);
            let after = after.trim_start();
            if after.is_empty() {
                return Ok(Self { conditions });
            }
            let next = after.strip_prefix("AND").filter(|next| next.starts_with(char::is_whitespace));
            rest = next.ok_or_else(|| format!("got {after:?}, wanted AND"))?.trim_start();
        }
    }

    /// Whether all conditions hold.
    pub(super) fn matches(&self, events: &Events) -> bool {
        self.conditions.iter().all(|condition| {
            let values = events.get(&condition.key).map(Vec::as_slice).unwrap_or_default();
            match &condition.test {
                Test::Exists => !values.is_empty(),
                Test::Contains(part) => values.iter().any(|value| value.contains(part)),
                Test::Is(text) => values.iter().any(|value| value == text),
                Test::Number(order, wanted) => {
                    values.iter().filter_map(|v| first_number(v)).any(|number| order.holds(&number, wanted))
                }
            }
        })
    }
}

impl Order {
    fn holds(self, value: &Dec, wanted: &Dec) -> bool {
        match self {
            Self::Less => value < wanted,
            Self::AtMost => value <= wanted,
            Self::Equal => value == wanted,
            Self::AtLeast => value >= wanted,
            Self::More => value > wanted,
        }
    }
}

fn condition(text: &str) -> Result<(Condition, &str), String> {
    let end = text.find(|c: char| c.is_whitespace() || "<>='".contains(c)).unwrap_or(text.len());
    let (key, rest) = text.split_at(end);
    if key.is_empty() {
        return Err(format!("got {text:?}, wanted a tag"));
    }
    let rest = rest.trim_start();
    let (test, rest) = if let Some(rest) = rest.strip_prefix("EXISTS") {
        (Test::Exists, rest)
    } else if let Some(rest) = rest.strip_prefix("CONTAINS") {
        let (part, rest) = quoted(rest.trim_start())?;
        (Test::Contains(part), rest)
    } else {
        comparison(rest)?
    };
    Ok((Condition { key: key.to_owned(), test }, rest))
}

fn comparison(text: &str) -> Result<(Test, &str), String> {
    let found = ORDERS.iter().find_map(|(sign, order)| Some((*order, text.strip_prefix(sign)?)));
    let (order, rest) = found.ok_or_else(|| format!("got {text:?}, wanted an operator"))?;
    let rest = rest.trim_start();
    if rest.starts_with('\'') && order == Order::Equal {
        let (text, rest) = quoted(rest)?;
        return Ok((Test::Is(text), rest));
    }
    let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
    let (number, rest) = rest.split_at(end);
    let number = number.parse().map_err(|_| format!("got {number:?}, wanted a number"))?;
    Ok((Test::Number(order, number), rest))
}

/// A text in single quotes; nothing is escaped in it.
fn quoted(text: &str) -> Result<(String, &str), String> {
    let inside = text.strip_prefix('\'').and_then(|inside| inside.split_once('\''));
    let (inside, rest) = inside.ok_or_else(|| format!("got {text:?}, wanted a text in single quotes"))?;
    Ok((inside.to_owned(), rest))
}

fn first_number(value: &str) -> Option<Dec> {
    let start = value.find(|c: char| c.is_ascii_digit())?;
    let from = value.get(start..)?;
    let end = from.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(from.len());
    from.get(..end)?.trim_end_matches('.').parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events() -> Events {
        let list = [
            ("tm.event", vec!["Tx"]),
            ("tx.height", vec!["684"]),
            ("transfer.amount", vec!["7uakt", "500uact"]),
            ("akash.market.v1.EventBidCreated.id", vec![r#"{"owner":"a","dseq":"17"}"#]),
        ];
        let owned = |values: Vec<&str>| values.into_iter().map(str::to_owned).collect();
        list.into_iter().map(|(key, values)| (key.to_owned(), owned(values))).collect()
    }

    #[test]
    fn conditions() {
        let table = [
            ("tm.event='Tx'", true),
            ("tm.event = 'Tx' AND tx.height=684", true),
            ("tm.event='NewBlock'", false),
            ("tx.height>683 AND tx.height<685", true),
            ("tx.height>=684 AND tx.height<=684", true),
            ("tx.height>684", false),
            ("tx.height='684'", true),
            ("transfer.amount=500", true),
            ("transfer.amount>500", false),
            ("transfer.sender EXISTS", false),
            ("transfer.amount EXISTS AND tm.event='Tx'", true),
            (r#"akash.market.v1.EventBidCreated.id CONTAINS '"dseq":"17"'"#, true),
            (r#"akash.market.v1.EventBidCreated.id CONTAINS '"dseq":"1"'"#, false),
            ("nothing.at='all'", false),
        ];
        for (text, holds) in table {
            assert_eq!(Query::parse(text).unwrap().matches(&events()), holds, "{text}");
        }
    }

    #[test]
    fn what_is_no_query() {
        for text in [
            "",
            "AND",
            "tm.event",
            "tm.event='Tx",
            "a.b=",
            "a.b='c' OR d.e='f'",
            "a.b>'c'",
            "a.b=c",
            "a='b'AND",
        ] {
            assert!(Query::parse(text).is_err(), "{text}");
        }
    }
}
