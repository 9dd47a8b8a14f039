//! What the user wants: cluster files as they were given, and whether spending is stopped.

use std::sync::Arc;

use rayakash_core::spec::Name;
use rayakash_engine::facts::{Fact, Wish};
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde_json::{Value, json};

use crate::column::Whole;
use crate::error::{Fault, LedgerError};
use crate::ledger::ReadWish;
use crate::records::{self, EventKind, Record};
use crate::{Ledger, adopt, facts, signer};

/// A cluster that the ledger knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterRow {
    /// Its name.
    pub name: String,
    /// There is a wish for it.
    pub wanted: bool,
    /// Something of it may still be there: a deployment that is not finished, an intent without a known end.
    pub present: bool,
    /// When its wish was last written, Unix milliseconds.
    pub written_ms: Option<u64>,
}

impl ClusterRow {
    /// True when it has to be tended; otherwise it is history.
    pub const fn is_live(&self) -> bool {
        self.wanted || self.present
    }
}

impl Ledger {
    /// Writes a wish: the text of the cluster file, and whether the user agreed to a restart for it. Gives the number of its event. A file
    /// that cannot be read, or that is of another cluster, is refused.
    pub async fn write_wish(
        &self,
        name: &Name,
        file_text: &str,
        restart: bool,
        at_ms: u64,
    ) -> Result<u64, LedgerError> {
        let (name, file, read_wish) = (name.to_string(), file_text.to_owned(), Arc::clone(&self.read_wish));
        self.store
            .write("write down a wish", move |tx| {
                let found = read_wish(&file).map_err(Fault::refused)?.name;
                if found.as_str() != name {
                    return Err(Fault::refused(format!("the file is of cluster {found}, not of {name}")));
                }
                tx.execute(
                    "INSERT INTO wishes (cluster, file, restart, written_ms) VALUES (?1, ?2, ?3, ?4)
                     ON CONFLICT (cluster) DO UPDATE SET
                     file = excluded.file, restart = excluded.restart, written_ms = excluded.written_ms",
                    params![name, file, restart, Whole(at_ms)],
                )?;
                adopt::release(tx, &name)?;
                facts::add(tx, &name, &Fact::WishWritten { at_ms })?;
                let data = json!({ "restart": restart, "at_ms": at_ms });
                let (kind, cluster) = (EventKind::Wish, Some(name.as_str()));
                Ok(records::add(tx, Record { kind, cluster, intent: None, text: "wanted", data })?)
            })
            .await
    }

    /// Drops a wish, or what keeps an adopted cluster; gives the number of its event, none when there was neither. What is there is closed
    /// from now on.
    pub async fn drop_wish(&self, name: &Name, at_ms: u64) -> Result<Option<u64>, LedgerError> {
        let name = name.to_string();
        self.store
            .write("drop a wish", move |tx| {
                withdraw(tx, &name, "you asked for it", json!({ "at_ms": at_ms }))
            })
            .await
    }

    /// The text of a cluster's file, as it was given.
    pub async fn wish_text(&self, name: &Name) -> Result<Option<String>, LedgerError> {
        let name = name.to_string();
        self.store
            .read("read a wish", move |tx| {
                let mut rows = tx.prepare_cached("SELECT file FROM wishes WHERE cluster = ?1")?;
                Ok(rows.query_row([name], |row| row.get(0)).optional()?)
            })
            .await
    }

    /// Every cluster that was ever wanted, by name; those that are gone too.
    pub async fn clusters(&self) -> Result<Vec<ClusterRow>, LedgerError> {
        self.store
            .read("list clusters", |tx| {
                let mut rows = tx.prepare_cached(CLUSTERS)?;
                let all = rows.query_map([], row)?;
                Ok(all.collect::<Result<_, _>>()?)
            })
            .await
    }

    /// Stops all spending, or lets it go on. Closes are not held up.
    pub async fn set_paused(&self, to: bool) -> Result<(), LedgerError> {
        self.store
            .write("pause spending", move |tx| {
                let changed = tx.execute("UPDATE wallet SET paused = ?1 WHERE paused != ?1", [to])?;
                if changed > 0 {
                    let text = if to { "spending paused" } else { "spending resumed" };
                    let data = json!({ "paused": to });
                    let kind = EventKind::Phase;
                    records::add(tx, Record { kind, cluster: None, intent: None, text, data })?;
                }
                Ok(())
            })
            .await
    }
}

const CLUSTERS: &str = "
    WITH names (name) AS (
        SELECT cluster FROM wishes UNION SELECT cluster FROM intents UNION SELECT cluster FROM facts
    )
    SELECT name,
        EXISTS (SELECT 1 FROM wishes WHERE cluster = name) AS wanted,
        EXISTS (SELECT 1 FROM deployments WHERE cluster = name AND cost IS NULL)
            OR EXISTS (SELECT 1 FROM intents WHERE cluster = name AND outcome IS NULL) AS present,
        (SELECT at_ms FROM facts WHERE cluster = name AND kind = 'wish-written' ORDER BY seq DESC LIMIT 1) AS written_ms
    FROM names ORDER BY name";

fn row(row: &Row<'_>) -> rusqlite::Result<ClusterRow> {
    Ok(ClusterRow {
        name: row.get("name")?,
        wanted: row.get("wanted")?,
        present: row.get("present")?,
        written_ms: row.get::<_, Option<Whole<u64>>>("written_ms")?.map(|at| at.0),
    })
}

/// Takes a wish away, or what keeps an adopted cluster; gives the number of the record, none when there was neither.
pub(crate) fn withdraw(
    connection: &Connection,
    cluster: &str,
    why: &str,
    data: Value,
) -> Result<Option<u64>, Fault> {
    let kept = adopt::release(connection, cluster)?;
    if connection.execute("DELETE FROM wishes WHERE cluster = ?1", [cluster])? == 0 && !kept {
        return Ok(None);
    }
    let record = Record { kind: EventKind::Down, cluster: Some(cluster), intent: None, text: why, data };
    Ok(Some(records::add(connection, record)?))
}

/// Takes a wish away that was written at a certain time; one that was written since stays.
pub(crate) fn outlive(
    connection: &Connection,
    cluster: &str,
    written_ms: u64,
    why: &str,
) -> Result<(), Fault> {
    let same = connection
        .prepare_cached("SELECT 1 FROM wishes WHERE cluster = ?1 AND written_ms = ?2")?
        .exists(params![cluster, Whole(written_ms)])?;
    if same {
        withdraw(connection, cluster, why, json!({}))?;
    }
    Ok(())
}

/// True when there is a wish and spending is neither stopped nor frozen: only then may anything be spent.
pub(crate) fn may_spend(connection: &Connection, cluster: &str) -> Result<bool, Fault> {
    let mut rows = connection.prepare_cached(
        "SELECT 1 FROM wishes, wallet WHERE cluster = ?1 AND paused = 0 AND stopped_ms IS NULL",
    )?;
    Ok(rows.exists([cluster])? && signer::read(connection)?.is_none())
}

/// The user's consent to a restart was for one change, which `intent` made. A wish that was written since keeps its own.
pub(crate) fn use_up_consent(connection: &Connection, cluster: &str, intent: &str) -> Result<(), Fault> {
    connection.execute(
        "UPDATE wishes SET restart = 0 WHERE cluster = ?1 AND NOT EXISTS (
             SELECT 1 FROM records wish JOIN records made ON made.intent = ?2 AND made.kind = 'intent'
             WHERE wish.cluster = ?1 AND wish.kind = 'wish' AND wish.seq > made.seq)",
        [cluster, intent],
    )?;
    Ok(())
}

/// The wish of a cluster, read anew from the text of its file.
pub(crate) fn read(
    connection: &Connection,
    cluster: &str,
    read_wish: &ReadWish,
) -> Result<Option<Wish>, Fault> {
    let mut rows =
        connection.prepare_cached("SELECT file, restart, written_ms FROM wishes WHERE cluster = ?1")?;
    let row = rows
        .query_row([cluster], |row| {
            Ok((row.get::<_, String>(0)?, row.get(1)?, row.get::<_, Whole<u64>>(2)?.0))
        })
        .optional()?;
    let Some((file, restart, written_ms)) = row else { return Ok(None) };
    let cluster = read_wish(&file)
        .map_err(|why| Fault::refused(format!("the file of {cluster} cannot be read any more: {why}")))?;
    Ok(Some(Wish { cluster, restart, written_ms }))
}

/// True when all spending is stopped.
pub(crate) fn paused(connection: &Connection) -> rusqlite::Result<bool> {
    connection.query_row("SELECT paused FROM wallet", [], |row| row.get(0))
}
