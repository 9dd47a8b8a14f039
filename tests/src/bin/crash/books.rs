//! The daemon's books against the chain's.

use rayakash_testkit::{Books, Error, Standing};
use serde_json::Value;

/// A cluster is up: one deployment was ever opened, it is open, and what left the wallet is what the daemon says.
pub(crate) fn ready(now: &Standing, before: &Standing, books: &Books, status: &Value) -> Result<(), Error> {
    one_opened(now, before)?;
    same("open deployments on the chain", &now.open().count(), &1)?;
    same("the state in `status`", &text(status, "state"), &"ready")?;
    same("uact that left the wallet", &(before.uact - now.uact), &books.deposited)?;
    same("uakt that left the wallet", &(before.uakt - now.uakt), &books.fees)?;
    same("deployments that the ledger has open", &books.unfinished, &1)
}

/// A cluster is closed: one deployment was ever opened, none is open, and to the micro-unit the wallet lost what the daemon says.
pub(crate) fn closed(now: &Standing, before: &Standing, books: &Books, status: &Value) -> Result<(), Error> {
    one_opened(now, before)?;
    same("open deployments on the chain", &now.open().count(), &0)?;
    same("the state in `status`", &text(status, "state"), &"closed")?;
    let (cost, fees) = (before.uact - now.uact, before.uakt - now.uakt);
    same("uact that left the wallet", &cost, &books.cost)?;
    same("deposit less cost", &(books.deposited - books.cost), &books.refund)?;
    same("uakt that left the wallet", &fees, &books.fees)?;
    same("deployments that the ledger has open", &books.unfinished, &0)?;
    same("the cost in `status`", &text(status, "cost_uact"), &cost.to_string().as_str())?;
    same("the refund in `status`", &text(status, "refund_uact"), &books.refund.to_string().as_str())?;
    same("the fees in `status`", &text(status, "fees_uakt"), &fees.to_string().as_str())
}

fn one_opened(now: &Standing, before: &Standing) -> Result<(), Error> {
    same("deployments ever opened on the chain", &now.opened_since(before).len(), &1)
}

fn text<'a>(status: &'a Value, name: &str) -> &'a str {
    status.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn same<T: PartialEq + std::fmt::Display>(what: &str, is: &T, should: &T) -> Result<(), Error> {
    if is == should { Ok(()) } else { Err(Error::Wrong(format!("{what}: {is}, expected {should}"))) }
}
