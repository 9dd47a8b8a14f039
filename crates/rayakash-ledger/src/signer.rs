//! What is known of a key's sequence numbers, and the freeze that follows when the chain shows more of them.

use akash_types::{Address, Height};
use rayakash_core::view::Frozen;
use rusqlite::{Connection, OptionalExtension as _, Row, named_params, params};
use serde_json::json;

use crate::Ledger;
use crate::column::Whole;
use crate::error::{Fault, LedgerError};
use crate::records::{self, EventKind, Record};

/// How far the ledger explains what a key did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Explained {
    /// Every sequence number below this one is explained: by a transaction of the ledger, also one that is still open, or by a claim.
    pub sequence: u64,
    /// The newest block of which that is known; what comes above was used later.
    pub since: Height,
}

impl Ledger {
    /// How far a key is explained; none before it was seen for the first time.
    pub async fn explained(&self, signer: &Address) -> Result<Option<Explained>, LedgerError> {
        let signer = signer.to_string();
        self.store.read("read what a key did", move |tx| Ok(explained(tx, &signer)?)).await
    }

    /// Takes what a key did so far for explained, when it is seen for the first time; otherwise nothing changes.
    pub async fn meet_signer(
        &self,
        signer: &Address,
        sequence: u64,
        height: Height,
    ) -> Result<(), LedgerError> {
        let signer = signer.to_string();
        self.store
            .write("write down a key", move |tx| {
                tx.execute(
                    "INSERT INTO signers (address, sequence, height) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
                    params![signer, Whole(sequence), Whole(height.0)],
                )?;
                Ok(())
            })
            .await
    }

    /// Why nothing may be spent.
    pub async fn frozen(&self) -> Result<Option<Frozen>, LedgerError> {
        self.store.read("read whether spending is frozen", |tx| Ok(read(tx)?)).await
    }

    /// Stops all spending until [`Self::claim`]. What was seen first stays; a freeze of two funders is not kept, the chain shows it.
    pub async fn freeze(&self, frozen: &Frozen) -> Result<(), LedgerError> {
        let frozen = frozen.clone();
        self.store.write("freeze spending", move |tx| freeze(tx, &frozen)).await
    }

    /// Takes everything that a key did below a sequence number for explained, and lets spending go on. `why` is for people.
    pub async fn claim(
        &self,
        signer: &Address,
        sequence: u64,
        height: Height,
        why: &'static str,
    ) -> Result<(), LedgerError> {
        let signer = signer.to_string();
        self.store.write("claim a key", move |tx| claim(tx, &signer, (sequence, height), why)).await
    }
}

fn explained(connection: &Connection, signer: &str) -> rusqlite::Result<Option<Explained>> {
    let row = |row: &Row<'_>| {
        let whole = |column| row.get::<_, Option<Whole<u64>>>(column).map(|number| number.map_or(0, |n| n.0));
        let sequence = whole("sequence")?.max(whole("next")?);
        Ok(Explained { sequence, since: Height(whole("height")?.max(whole("ended_at")?)) })
    };
    connection
        .prepare_cached(
            "SELECT sequence, height,
                 (SELECT max(sequence) + 1 FROM attempts WHERE signer = address
                  AND (ended IS NULL OR ended = 'landed' OR (ended = 'failed' AND end_fee IS NOT NULL))) AS next,
                 (SELECT max(end_height) FROM attempts WHERE signer = address
                  AND (ended = 'landed' OR (ended = 'failed' AND end_fee IS NOT NULL))) AS ended_at
             FROM signers WHERE address = ?1",
        )?
        .query_row([signer], row)
        .optional()
}

pub(crate) fn read(connection: &Connection) -> rusqlite::Result<Option<Frozen>> {
    let frozen = |row: &Row<'_>| {
        let height = Height(row.get::<_, Whole<u64>>("height")?.0);
        let why: Option<String> = row.get("why")?;
        Ok(match why {
            Some(why) => Frozen::Restored { height, why },
            None => Frozen::ForeignSigner {
                height,
                sequence: row.get::<_, Whole<u64>>("sequence")?.0,
                tx: row.get("tx")?,
            },
        })
    };
    connection.prepare_cached("SELECT * FROM frozen")?.query_row([], frozen).optional()
}

fn freeze(connection: &Connection, frozen: &Frozen) -> Result<(), Fault> {
    let (kind, height, sequence, tx, why) = match frozen {
        Frozen::ForeignSigner { height, sequence, tx } => {
            ("foreign-signer", height, Some(Whole(*sequence)), tx.as_deref(), None)
        }
        Frozen::Restored { height, why } => ("restored", height, None, None, Some(why)),
        Frozen::TwoFunders { .. } => return Ok(()),
    };
    let added = connection.execute(
        "INSERT INTO frozen (id, kind, height, sequence, tx, why) VALUES (1, :kind, :height, :sequence, :tx, :why)
         ON CONFLICT DO NOTHING",
        named_params! { ":kind": kind, ":height": Whole(height.0), ":sequence": sequence, ":tx": tx, ":why": why },
    )?;
    if added > 0 {
        let text = format!("spending {}: {}", frozen.words(), frozen.seen());
        let data = json!({ "frozen": kind, "height": height.0, "tx": tx });
        let kind = EventKind::Phase;
        records::add(connection, Record { kind, cluster: None, intent: None, text: &text, data })?;
    }
    Ok(())
}

fn claim(
    connection: &Connection,
    signer: &str,
    (sequence, height): (u64, Height),
    why: &str,
) -> Result<(), Fault> {
    connection.execute(
        "INSERT INTO signers (address, sequence, height) VALUES (?1, ?2, ?3)
         ON CONFLICT DO UPDATE SET sequence = excluded.sequence, height = excluded.height",
        params![signer, Whole(sequence), Whole(height.0)],
    )?;
    connection.execute("DELETE FROM frozen", [])?;
    let text = format!("{why}: all below sequence number {sequence} is taken for explained");
    let data = json!({ "signer": signer, "sequence": sequence, "height": height.0 });
    let kind = EventKind::Phase;
    records::add(connection, Record { kind, cluster: None, intent: None, text: &text, data })?;
    Ok(())
}
