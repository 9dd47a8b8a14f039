//! The daemon's ledger, read without the daemon.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension as _, Row};

use crate::Error;

/// A ledger that is only read, while the daemon writes it or when it is dead.
#[derive(Debug)]
pub struct Ledger(Connection);

/// Something that the daemon wrote down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its number.
    pub seq: u64,
    /// What it is: `intent`, `attempt`, `broadcast`, …
    pub kind: String,
    /// For people.
    pub text: String,
    /// The act that it is about; empty when it says none.
    pub act: String,
}

/// What the daemon believes about money.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Books {
    /// Put into deployments, uact.
    pub deposited: u128,
    /// Came back from closed ones, uact.
    pub refund: u128,
    /// What closed ones cost, uact.
    pub cost: u128,
    /// Fees, uakt.
    pub fees: u128,
    /// Deployments that are not finished.
    pub unfinished: u64,
}

impl Ledger {
    /// The ledger at a path; none when the daemon has not made it yet.
    pub fn open(path: &Path) -> Result<Option<Self>, Error> {
        if !path.exists() {
            return Ok(None);
        }
        let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        connection.busy_timeout(Duration::from_secs(5))?;
        Ok(Some(Self(connection)))
    }

    /// The newest record.
    pub fn newest(&self) -> Result<Option<Record>, Error> {
        let sql = "SELECT seq, kind, text, data FROM records ORDER BY seq DESC LIMIT 1";
        Ok(self.0.prepare_cached(sql)?.query_row([], record).optional()?)
    }

    /// What was written down behind a number, oldest first.
    pub fn since(&self, seq: u64) -> Result<Vec<Record>, Error> {
        let sql = "SELECT seq, kind, text, data FROM records WHERE seq > ?1 ORDER BY seq";
        let mut rows = self.0.prepare_cached(sql)?;
        let records = rows.query_map([i64::try_from(seq).unwrap_or(i64::MAX)], record)?;
        Ok(records.collect::<Result<_, _>>()?)
    }

    /// True when nothing is wanted, nothing is open and nothing is in progress.
    pub fn is_quiet(&self) -> Result<bool, Error> {
        let sql = "SELECT NOT EXISTS (SELECT 1 FROM wishes) AND NOT EXISTS (SELECT 1 FROM deployments WHERE cost IS NULL)
            AND NOT EXISTS (SELECT 1 FROM intents WHERE outcome IS NULL)";
        Ok(self.0.query_row(sql, [], |row| row.get(0))?)
    }

    /// How many closes were ever decided on.
    pub fn closes(&self) -> Result<u64, Error> {
        let sql = "SELECT count(*) FROM intents WHERE act = 'close-deployment'";
        Ok(self.0.query_row(sql, [], |row| row.get::<_, i64>(0))?.unsigned_abs())
    }

    /// What the daemon believes about money, all clusters together.
    pub fn books(&self) -> Result<Books, Error> {
        let mut books = Books::default();
        let mut rows = self.0.prepare("SELECT deposited, refund, cost FROM deployments")?;
        let all = rows.query_map([], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, Option<String>>(1)?, row.get::<_, Option<String>>(2)?))
        })?;
        for row in all {
            let (deposited, refund, cost) = row?;
            books.deposited += whole(deposited)?;
            match (refund, cost) {
                (Some(refund), Some(cost)) => {
                    books.refund += uact(&refund)?;
                    books.cost += uact(&cost)?;
                }
                _ => books.unfinished += 1,
            }
        }
        let fees = "SELECT coalesce(sum(amount), 0) FROM fees WHERE denom = 'uakt'";
        books.fees = whole(self.0.query_row(fees, [], |row| row.get(0))?)?;
        Ok(books)
    }
}

fn record(row: &Row<'_>) -> rusqlite::Result<Record> {
    let data: String = row.get(3)?;
    let data: serde_json::Value = serde_json::from_str(&data).unwrap_or_default();
    Ok(Record {
        seq: row.get::<_, i64>(0)?.unsigned_abs(),
        kind: row.get(1)?,
        text: row.get(2)?,
        act: data.get("act").and_then(|act| act.as_str()).unwrap_or_default().to_owned(),
    })
}

fn whole(amount: i64) -> Result<u128, Error> {
    u128::try_from(amount).map_err(|_| Error::Wrong(format!("the ledger holds an amount of {amount}")))
}

/// `123uact`.
fn uact(coin: &str) -> Result<u128, Error> {
    let amount = coin.strip_suffix("uact").and_then(|amount| amount.parse().ok());
    amount.ok_or_else(|| Error::Wrong(format!("the ledger holds `{coin}` where uact are expected")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_in_another_currency_are_an_error() {
        assert_eq!(uact("12uact").unwrap(), 12);
        assert!(uact("12uakt").is_err() && uact("uact").is_err() && uact("-1uact").is_err());
        assert!(whole(-1).is_err());
    }

    #[test]
    fn a_ledger_that_is_not_there_is_none() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Ledger::open(&folder.path().join("ledger.sqlite")).unwrap().is_none());
    }
}
