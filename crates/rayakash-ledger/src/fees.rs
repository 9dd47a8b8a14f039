//! Fees that transactions took.

use akash_types::{Coin, Height, UAKT};
use rusqlite::{Connection, params};

use crate::column::Whole;

/// Enters a fee; the fee of a transaction that is in the books already is the same one.
pub(crate) fn pay(
    connection: &Connection,
    intent: &str,
    tx: Option<&str>,
    fee: &Coin,
    height: Option<Height>,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO fees (cluster, intent, tx, denom, amount, height)
             SELECT cluster, id, ?2, ?3, ?4, ?5 FROM intents WHERE id = ?1
             ON CONFLICT (tx) DO NOTHING",
        )?
        .execute(params![
            intent,
            tx.map(str::to_ascii_uppercase),
            fee.denom.as_str(),
            Whole(fee.amount),
            height.map(|height| Whole(height.0))
        ])?;
    Ok(())
}

/// What a cluster's transactions took, uakt.
pub(crate) fn total(connection: &Connection, cluster: &str) -> rusqlite::Result<u128> {
    let mut rows = connection
        .prepare_cached("SELECT coalesce(sum(amount), 0) FROM fees WHERE cluster = ?1 AND denom = ?2")?;
    rows.query_row(params![cluster, UAKT.as_str()], |row| row.get::<_, Whole<u128>>(0)).map(|sum| sum.0)
}
