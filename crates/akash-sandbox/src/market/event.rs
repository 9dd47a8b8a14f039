//! Events: what a transaction's answer says about what it did.

use akash_types::{Address, BidId, Coin, Dec, DecCoin, DeploymentId, GroupId, LeaseId, OrderId, Time};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// An event of a block: a type and attributes in the order in which a node sends them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// `akash.market.v1.EventBidCreated`, `transfer`, `tx`, …
    pub kind: &'static str,
    /// Keys and values; values of typed events are proto JSON.
    pub attributes: Vec<(&'static str, String)>,
}

impl Event {
    /// An event; attributes in the given order.
    pub(crate) fn new<const N: usize>(kind: &'static str, attributes: [(&'static str, String); N]) -> Self {
        Self { kind, attributes: attributes.into() }
    }

    /// The same with the number of its message, which nodes put last.
    #[must_use]
    pub(crate) fn of_message(mut self, index: usize) -> Self {
        self.attributes.push(("msg_index", index.to_string()));
        self
    }
}

/// Coins as the bank's events write them.
pub(crate) fn coins(amount: &[Coin]) -> String {
    amount.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

/// The three events of moving coins, and the sender.
pub(crate) fn transfer(from: &Address, to: &Address, coin: &Coin) -> [Event; 4] {
    let (from, to, amount) = (|| from.to_string(), || to.to_string(), coin.to_string());
    [
        Event::new("coin_spent", [("spender", from()), ("amount", amount.clone())]),
        Event::new("coin_received", [("receiver", to()), ("amount", amount.clone())]),
        Event::new("transfer", [("recipient", to()), ("sender", from()), ("amount", amount)]),
        Event::new("message", [("sender", from())]),
    ]
}

/// A time as proto JSON writes it: `2026-11-24T18:48:39.325901695Z`, without zeros at the end.
pub(crate) fn rfc3339(time: Time) -> String {
    let at = OffsetDateTime::from_unix_timestamp_nanos(time.0.into()).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    at.format(&Rfc3339).unwrap_or_default()
}

/// A text in the JSON of an event.
pub(crate) fn quoted(text: impl std::fmt::Display) -> String {
    format!("\"{text}\"")
}

/// A decimal with the 18 places that nodes write.
pub(crate) fn decimal(dec: Dec) -> String {
    format!("{dec:.18}")
}

/// An id as proto JSON writes it: 64-bit numbers quoted, 32-bit ones bare.
pub(crate) trait Json {
    /// The JSON text.
    fn json(&self) -> String;
}

fn order_fields(id: &OrderId) -> String {
    let deployment = id.deployment();
    format!(
        r#""owner":"{}","dseq":"{}","gseq":{},"oseq":{}"#,
        deployment.owner, deployment.dseq, id.group.gseq, id.oseq
    )
}

impl Json for DeploymentId {
    fn json(&self) -> String {
        format!(r#"{{"owner":"{}","dseq":"{}"}}"#, self.owner, self.dseq)
    }
}

impl Json for GroupId {
    fn json(&self) -> String {
        let deployment = &self.deployment;
        format!(r#"{{"owner":"{}","dseq":"{}","gseq":{}}}"#, deployment.owner, deployment.dseq, self.gseq)
    }
}

impl Json for OrderId {
    fn json(&self) -> String {
        format!("{{{}}}", order_fields(self))
    }
}

impl Json for BidId {
    fn json(&self) -> String {
        format!(r#"{{{},"provider":"{}","bseq":0}}"#, order_fields(&self.order), self.provider)
    }
}

impl Json for LeaseId {
    fn json(&self) -> String {
        self.bid().json()
    }
}

impl Json for Coin {
    fn json(&self) -> String {
        format!(r#"{{"denom":"{}","amount":"{}"}}"#, self.denom, self.amount)
    }
}

impl Json for DecCoin {
    fn json(&self) -> String {
        format!(r#"{{"denom":"{}","amount":"{:.18}"}}"#, self.denom, self.amount)
    }
}
