//! The double entry, for people: what moved, when, by which transaction.

use rusqlite::{Row, params};

use crate::Ledger;
use crate::column::Whole;
use crate::error::LedgerError;

/// A line of a posting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryRow {
    /// Its number; lines of one posting follow each other.
    pub seq: u64,
    /// What it books: `fee/7`, `deposit/INTENT`, `end/DEPLOYMENT`, `earned/…`, `foreign/…`, `opening/…`.
    pub posting: String,
    /// `wallet`, `escrow/DEPLOYMENT`, `providers/DEPLOYMENT`, `fees`, `foreign`, `opening`.
    pub account: String,
    /// `uact` or `uakt`.
    pub denom: String,
    /// What came in, or went out.
    pub amount: i128,
    /// Of which cluster; none: of the wallet.
    pub cluster: Option<String>,
    /// The block.
    pub height: u64,
    /// The block's header time, Unix milliseconds.
    pub time_ms: u64,
    /// The transaction.
    pub tx: Option<String>,
}

impl Ledger {
    /// Lines in order, oldest first; of one account or of all, of one cluster or of all.
    pub async fn entries(
        &self,
        account: Option<&str>,
        cluster: Option<&str>,
    ) -> Result<Vec<EntryRow>, LedgerError> {
        let (account, cluster) = (account.map(str::to_owned), cluster.map(str::to_owned));
        self.store
            .read("read entries", move |tx| {
                let mut rows = tx.prepare_cached(
                    "SELECT * FROM entries WHERE (?1 IS NULL OR account = ?1) AND (?2 IS NULL OR cluster = ?2) ORDER BY seq",
                )?;
                let entries = rows.query_map(params![account, cluster], entry)?;
                Ok(entries.collect::<Result<_, _>>()?)
            })
            .await
    }
}

fn entry(row: &Row<'_>) -> rusqlite::Result<EntryRow> {
    Ok(EntryRow {
        seq: row.get::<_, Whole<u64>>("seq")?.0,
        posting: row.get("posting")?,
        account: row.get("account")?,
        denom: row.get("denom")?,
        amount: row.get::<_, Whole<i128>>("amount")?.0,
        cluster: row.get("cluster")?,
        height: row.get::<_, Whole<u64>>("height")?.0,
        time_ms: row.get::<_, Whole<u64>>("time_ms")?.0,
        tx: row.get("tx")?,
    })
}
