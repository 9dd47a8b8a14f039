//! Every write, in order: what a crash is judged by, and the events that people follow.

use rusqlite::{Connection, Row, named_params, params};
use serde_json::Value;

use crate::Ledger;
use crate::column::{Text, Whole, Word};
use crate::error::LedgerError;

/// Something that was written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRow {
    /// Its number. Numbers grow; there may be gaps.
    pub seq: u64,
    /// When, by the machine's clock, Unix milliseconds.
    pub unix_ms: i64,
    /// About which cluster; none: about all.
    pub cluster: Option<String>,
    /// What it is.
    pub kind: EventKind,
    /// The intent that it belongs to.
    pub intent: Option<String>,
    /// For people.
    pub text: String,
    /// For programs: a JSON object.
    pub data: String,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $word:literal,)*) => {
        /// What was written down.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum EventKind {
            $($(#[$doc])* $kind,)*
        }

        impl EventKind {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$kind),*];

            /// Its word, the same for ever.
            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$kind => $word,)*
                }
            }
        }
    };
}

kinds! {
    /// A wish.
    Wish = "wish",
    /// The end of a wish.
    Down = "down",
    /// An act that is about to be done.
    Intent = "intent",
    /// A signed transaction that is about to be sent.
    Attempt = "attempt",
    /// What nodes answered to it.
    Broadcast = "broadcast",
    /// How a transaction ended.
    Ended = "ended",
    /// What became of an act.
    Settled = "settled",
    /// The provider took the manifest.
    Manifest = "manifest",
    /// A fact.
    Fact = "fact",
    /// Where a cluster stands.
    Phase = "phase",
    /// A closed deployment, its cost and refund.
    Finish = "finish",
}

impl Word for EventKind {
    fn write(&self) -> String {
        self.word().to_owned()
    }

    fn read(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.word() == text)
    }
}

/// A record to add.
pub(crate) struct Record<'a> {
    pub(crate) kind: EventKind,
    pub(crate) cluster: Option<&'a str>,
    pub(crate) intent: Option<&'a str>,
    pub(crate) text: &'a str,
    /// An object; members that are null are left out.
    pub(crate) data: Value,
}

/// Adds a record to the transaction of what it records, and gives its number.
pub(crate) fn add(connection: &Connection, record: Record<'_>) -> rusqlite::Result<u64> {
    let mut data = record.data;
    if let Some(members) = data.as_object_mut() {
        members.retain(|_, value| !value.is_null());
    }
    connection
        .prepare_cached(
            "INSERT INTO records (cluster, kind, intent, text, data) VALUES (:cluster, :kind, :intent, :text, :data) RETURNING seq",
        )?
        .query_row(
            named_params! {
                ":cluster": record.cluster,
                ":kind": record.kind.word(),
                ":intent": record.intent,
                ":text": record.text,
                ":data": data.to_string(),
            },
            |row| row.get::<_, Whole<u64>>(0),
        )
        .map(|seq| seq.0)
}

/// The number of the newest record; 0 when there is none.
pub(crate) fn newest_seq(connection: &Connection) -> rusqlite::Result<u64> {
    let newest = connection
        .query_row("SELECT max(seq) FROM records", [], |row| row.get::<_, Option<Whole<u64>>>(0))?;
    Ok(newest.map_or(0, |seq| seq.0))
}

fn event(row: &Row<'_>) -> rusqlite::Result<EventRow> {
    Ok(EventRow {
        seq: row.get::<_, Whole<u64>>("seq")?.0,
        unix_ms: row.get("unix_ms")?,
        cluster: row.get("cluster")?,
        kind: row.get::<_, Text<EventKind>>("kind")?.0,
        intent: row.get("intent")?,
        text: row.get("text")?,
        data: row.get("data")?,
    })
}

impl Ledger {
    /// What was written down behind a number, oldest first, at most `limit` rows; of one cluster, or of all and the wallet.
    pub async fn events(
        &self,
        after_seq: u64,
        cluster: Option<&str>,
        limit: u32,
    ) -> Result<Vec<EventRow>, LedgerError> {
        let cluster = cluster.map(str::to_owned);
        self.store
            .read("read events", move |tx| {
                let mut rows = tx.prepare_cached(
                    "SELECT * FROM records WHERE seq > ?1 AND (?2 IS NULL OR cluster = ?2) ORDER BY seq LIMIT ?3",
                )?;
                // Nothing is behind a number beyond the largest.
                let after = i64::try_from(after_seq).unwrap_or(i64::MAX);
                let events = rows.query_map(params![after, cluster, limit], event)?;
                Ok(events.collect::<Result<_, _>>()?)
            })
            .await
    }
}
