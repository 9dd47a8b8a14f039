//! Fees that transactions took.

use akash_types::{Coin, Height, UAKT};
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::column::Whole;
use crate::entries;
use crate::error::Fault;

/// Enters a fee, and books it; the fee of a transaction that is in the books already is the same one.
pub(crate) fn pay(
    connection: &Connection,
    intent: &str,
    tx: Option<&str>,
    fee: &Coin,
    height: Option<Height>,
) -> Result<(), Fault> {
    let tx = tx.map(str::to_ascii_uppercase);
    let seq = connection
        .prepare_cached(
            "INSERT INTO fees (cluster, intent, tx, denom, amount, height)
             SELECT cluster, id, ?2, ?3, ?4, ?5 FROM intents WHERE id = ?1
             ON CONFLICT (tx) DO NOTHING RETURNING seq",
        )?
        .query_row(
            params![intent, tx, fee.denom.as_str(), Whole(fee.amount), height.map(|height| Whole(height.0))],
            |row| row.get::<_, i64>(0),
        )
        .optional()?;
    let Some(seq) = seq else { return Ok(()) };
    entries::fee(connection, seq, (intent, tx.as_deref()), fee, height)?;
    if fee.denom == UAKT {
        connection.execute(
            "UPDATE wallet SET dearest_close = ?2
             WHERE coalesce(dearest_close, 0) < ?2
               AND EXISTS (SELECT 1 FROM intents WHERE id = ?1 AND act = 'close-deployment')",
            params![intent, Whole(fee.amount)],
        )?;
    }
    Ok(())
}

/// What a cluster's transactions took, uakt.
pub(crate) fn total(connection: &Connection, cluster: &str) -> rusqlite::Result<u128> {
    let mut rows = connection
        .prepare_cached("SELECT coalesce(sum(amount), 0) FROM fees WHERE cluster = ?1 AND denom = ?2")?;
    rows.query_row(params![cluster, UAKT.as_str()], |row| row.get::<_, Whole<u128>>(0)).map(|sum| sum.0)
}
