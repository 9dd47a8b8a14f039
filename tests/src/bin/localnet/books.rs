//! The daemon's books against the chain's.

use std::fmt::Display;

use rayakash_testkit::{Books, Error, Standing};
use serde_json::Value;

/// A cluster is up: so many deployments were ever opened for it and one is open, and what left the wallet is what the daemon says.
pub(crate) fn ready(
    now: &Standing,
    (before, ever_opened): (&Standing, usize),
    books: &Books,
    status: &Value,
) -> Result<(), Error> {
    same("the state in `status`", &text(status, "state"), &"ready")?;
    same("deployments ever opened on the chain", &now.opened_since(before).len(), &ever_opened)?;
    same("open deployments on the chain", &now.open().count(), &1)?;
    same("deployments that the ledger has open", &books.unfinished, &1)?;
    same("uact that left the wallet", &(before.uact - now.uact), &(books.deposited - books.refund))?;
    same("uakt that left the wallet", &(before.uakt - now.uakt), &books.fees)
}

/// A cluster is closed: none of its deployments is open, and to the micro-unit the wallet lost what the daemon says.
pub(crate) fn closed(now: &Standing, before: &Standing, books: &Books, status: &Value) -> Result<(), Error> {
    same("the state in `status`", &text(status, "state"), &"closed")?;
    same("open deployments on the chain", &now.open().count(), &0)?;
    same("deployments that the ledger has open", &books.unfinished, &0)?;
    let (cost, fees) = (before.uact - now.uact, before.uakt - now.uakt);
    same("uact that left the wallet", &cost, &books.cost)?;
    same("deposits less refunds", &(books.deposited - books.refund), &books.cost)?;
    same("uakt that left the wallet", &fees, &books.fees)?;
    same("the cost in `status`", &text(status, "cost_uact"), &cost.to_string().as_str())?;
    same("the fees in `status`", &text(status, "fees_uakt"), &fees.to_string().as_str())
}

fn text<'a>(status: &'a Value, name: &str) -> &'a str {
    status.get(name).and_then(Value::as_str).unwrap_or_default()
}

pub(crate) fn same<T: PartialEq + Display>(what: &str, is: &T, should: &T) -> Result<(), Error> {
    if is == should { Ok(()) } else { Err(Error::Wrong(format!("{what}: {is}, expected {should}"))) }
}
