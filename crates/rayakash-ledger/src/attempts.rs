//! Signed transactions: written down before they are sent, so that a restart sends the same bytes and never others.

use akash_types::{Address, Coin, Height, Rejection};
use rusqlite::{Connection, OptionalExtension as _, Row, ToSql, named_params, params};
use serde_json::json;

use crate::Ledger;
use crate::column::{Text, Whole};
use crate::error::{Fault, LedgerError};
use crate::records::{self, EventKind, Record};
use crate::{entries, fees};

/// A signed transaction, and all that it takes to send it again and to find out what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptRow {
    /// The intent that it is to bring about.
    pub intent: String,
    /// Who signed.
    pub signer: Address,
    /// The signer's account number.
    pub account_number: u64,
    /// The sequence number that it uses.
    pub sequence: u64,
    /// The height that was seen when it was made.
    pub planned: Height,
    /// The last block that can hold it.
    pub timeout: Height,
    /// Its hash, upper-case hex.
    pub hash_hex: String,
    /// As broadcast.
    pub bytes: Vec<u8>,
    /// The fee that it offers.
    pub fee: Coin,
    /// How it ended; none while it may still be executed.
    pub end: Option<EndRow>,
    /// What nodes answered last.
    pub answer: Option<String>,
}

/// How a transaction ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EndRow {
    /// It was executed.
    Landed {
        /// The block.
        height: Height,
        /// What was paid.
        fee: Coin,
        /// Gas used.
        gas_used: u64,
    },
    /// It was refused, and had no effect except perhaps on the fee.
    Failed {
        /// The block that holds it; none when it never came so far.
        height: Option<Height>,
        /// Why.
        rejection: Rejection,
        /// What was paid all the same.
        fee: Option<Coin>,
    },
    /// The chain is past its timeout, and no block that could hold it does.
    Expired {
        /// The first block read.
        from: Height,
        /// The last block read.
        to: Height,
        /// The height that was seen.
        seen_at: Height,
    },
    /// Its sequence number was used by a transaction that is not ours.
    SequenceUsed {
        /// The first block read.
        from: Height,
        /// The last block read.
        to: Height,
        /// The height that was seen.
        seen_at: Height,
        /// That transaction's block and hash, when known.
        by: Option<(Height, String)>,
    },
}

impl Ledger {
    /// Writes down a transaction that is about to be sent. Its intent must be open, and its end is not known yet.
    pub async fn attempt_add(&self, attempt: &AttemptRow) -> Result<(), LedgerError> {
        let attempt = attempt.clone();
        self.store.write("write down a transaction", move |tx| add(tx, &attempt)).await
    }

    /// Writes down what nodes answered to a transaction, for people.
    pub async fn attempt_answered(&self, hash_hex: &str, answer: &str) -> Result<(), LedgerError> {
        let (hash, answer) = (hash_hex.to_owned(), answer.to_owned());
        self.store
            .write("write down an answer", move |tx| {
                if tx.execute("UPDATE attempts SET answer = ?2 WHERE hash = ?1", [&hash, &answer])? == 0 {
                    return Err(unknown(&hash));
                }
                record(tx, EventKind::Broadcast, &hash, &answer, json!({ "tx": hash }))
            })
            .await
    }

    /// Writes down how a transaction ended, and its fee. The same end again changes nothing; another one is refused.
    pub async fn attempt_ended(&self, hash_hex: &str, end: &EndRow) -> Result<(), LedgerError> {
        let (hash, end) = (hash_hex.to_owned(), end.clone());
        self.store.write("write down the end of a transaction", move |tx| close(tx, &hash, &end)).await
    }

    /// A signer's transactions that may still be executed, oldest first.
    pub async fn attempts_open(&self, signer: &Address) -> Result<Vec<AttemptRow>, LedgerError> {
        let signer = signer.to_string();
        self.store
            .read("read open transactions", move |tx| {
                select(tx, "SELECT * FROM attempts WHERE signer = ?1 AND ended IS NULL ORDER BY seq", &signer)
            })
            .await
    }

    /// All transactions of an intent, oldest first.
    pub async fn attempts_of(&self, intent: &str) -> Result<Vec<AttemptRow>, LedgerError> {
        let intent = intent.to_owned();
        self.store
            .read("read the transactions of an intent", move |tx| {
                select(tx, "SELECT * FROM attempts WHERE intent = ?1 ORDER BY seq", &intent)
            })
            .await
    }
}

fn unknown(hash: &str) -> Fault {
    Fault::refused(format!("transaction {hash} was not written down"))
}

fn add(connection: &Connection, attempt: &AttemptRow) -> Result<(), Fault> {
    let added = connection
        .prepare_cached(
            "INSERT INTO attempts (hash, intent, signer, account_number, sequence, planned, timeout, bytes, fee, answer)
             SELECT :hash, id, :signer, :account_number, :sequence, :planned, :timeout, :bytes, :fee, :answer
             FROM intents WHERE id = :intent AND outcome IS NULL",
        )?
        .execute(named_params! {
            ":hash": attempt.hash_hex,
            ":intent": attempt.intent,
            ":signer": Text(&attempt.signer),
            ":account_number": Whole(attempt.account_number),
            ":sequence": Whole(attempt.sequence),
            ":planned": Whole(attempt.planned.0),
            ":timeout": Whole(attempt.timeout.0),
            ":bytes": attempt.bytes,
            ":fee": Text(&attempt.fee),
            ":answer": attempt.answer,
        })?;
    if added == 0 {
        return Err(Fault::refused(format!("there is no open intent {}", attempt.intent)));
    }
    let text = format!("signed, sequence {}", attempt.sequence);
    let data = json!({
        "tx": attempt.hash_hex,
        "sequence": attempt.sequence,
        "timeout": attempt.timeout.0,
        "fee": attempt.fee.to_string(),
    });
    record(connection, EventKind::Attempt, &attempt.hash_hex, &text, data)
}

fn close(connection: &Connection, hash: &str, end: &EndRow) -> Result<(), Fault> {
    let was = select(connection, "SELECT * FROM attempts WHERE hash = ?1", hash)?;
    let was = was.first().ok_or_else(|| unknown(hash))?;
    match &was.end {
        Some(before) if before == end => return Ok(()),
        Some(before) => {
            return Err(Fault::refused(format!("transaction {hash} ended with {before:?}, not {end:?}")));
        }
        None => {}
    }
    let (text, height) = write_end(connection, hash, end)?;
    if let EndRow::Landed { fee, .. } | EndRow::Failed { fee: Some(fee), .. } = end {
        fees::pay(connection, &was.intent, Some(hash), fee, height)?;
    }
    if let EndRow::Landed { height, .. } = end {
        entries::deposit(connection, &was.intent, Some(hash), Some(*height))?;
    }
    record(
        connection,
        EventKind::Ended,
        hash,
        &text,
        json!({ "tx": hash, "height": height.map(|height| height.0) }),
    )
}

/// Fills the columns of an end; gives its words and its block.
fn write_end(
    connection: &Connection,
    hash: &str,
    end: &EndRow,
) -> rusqlite::Result<(String, Option<Height>)> {
    let set = |columns: &str, values: &[&dyn ToSql]| {
        let mut all: Vec<&dyn ToSql> = vec![&hash];
        all.extend_from_slice(values);
        connection.execute(&format!("UPDATE attempts SET {columns} WHERE hash = ?1"), all.as_slice())
    };
    let whole = |height: &Height| Whole(height.0);
    match end {
        EndRow::Landed { height, fee, gas_used } => {
            let columns = "ended = 'landed', end_height = ?2, end_fee = ?3, end_gas = ?4";
            set(columns, &[&whole(height), &Text(fee), &Whole(*gas_used)])?;
            Ok((format!("landed in block {height}"), Some(*height)))
        }
        EndRow::Failed { height, rejection, fee } => {
            let columns =
                "ended = 'failed', end_height = ?2, end_fee = ?3, codespace = ?4, code = ?5, log = ?6";
            let (at, paid) = (height.as_ref().map(whole), fee.as_ref().map(Text));
            set(columns, &[&at, &paid, &rejection.codespace, &rejection.code, &rejection.log])?;
            Ok((format!("failed: {rejection}"), *height))
        }
        EndRow::Expired { from, to, seen_at } => {
            let columns = "ended = 'expired', read_from = ?2, read_to = ?3, seen_at = ?4";
            set(columns, &[&whole(from), &whole(to), &whole(seen_at)])?;
            Ok((format!("dead: not in blocks {from} to {to}"), None))
        }
        EndRow::SequenceUsed { from, to, seen_at, by } => {
            let columns = "ended = 'sequence-used', read_from = ?2, read_to = ?3, seen_at = ?4, by_height = ?5, by_tx = ?6";
            let (height, tx) = by.as_ref().map(|(height, tx)| (whole(height), tx)).unzip();
            set(columns, &[&whole(from), &whole(to), &whole(seen_at), &height, &tx])?;
            Ok(("dead: another transaction used its sequence number".to_owned(), None))
        }
    }
}

/// A record of the attempt with this hash.
fn record(
    connection: &Connection,
    kind: EventKind,
    hash: &str,
    text: &str,
    data: serde_json::Value,
) -> Result<(), Fault> {
    let of: Option<(String, String)> = connection
        .prepare_cached(
            "SELECT intents.id, intents.cluster FROM attempts JOIN intents ON intents.id = attempts.intent WHERE hash = ?1",
        )?
        .query_row(params![hash], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let (intent, cluster) = of.ok_or_else(|| unknown(hash))?;
    records::add(connection, Record { kind, cluster: Some(&cluster), intent: Some(&intent), text, data })?;
    Ok(())
}

fn select(connection: &Connection, sql: &str, key: &str) -> Result<Vec<AttemptRow>, Fault> {
    let mut rows = connection.prepare_cached(sql)?;
    let all = rows.query_map([key], attempt)?;
    Ok(all.collect::<Result<_, _>>()?)
}

fn attempt(row: &Row<'_>) -> rusqlite::Result<AttemptRow> {
    let height = |column| row.get::<_, Whole<u64>>(column).map(|height| Height(height.0));
    Ok(AttemptRow {
        intent: row.get("intent")?,
        signer: row.get::<_, Text<Address>>("signer")?.0,
        account_number: row.get::<_, Whole<u64>>("account_number")?.0,
        sequence: row.get::<_, Whole<u64>>("sequence")?.0,
        planned: height("planned")?,
        timeout: height("timeout")?,
        hash_hex: row.get("hash")?,
        bytes: row.get("bytes")?,
        fee: row.get::<_, Text<Coin>>("fee")?.0,
        end: end(row)?,
        answer: row.get("answer")?,
    })
}

fn end(row: &Row<'_>) -> rusqlite::Result<Option<EndRow>> {
    let height = |column| row.get::<_, Whole<u64>>(column).map(|height| Height(height.0));
    let maybe = |column| row.get::<_, Option<Whole<u64>>>(column).map(|height| height.map(|h| Height(h.0)));
    let fee = || row.get::<_, Option<Text<Coin>>>("end_fee").map(|fee| fee.map(|fee| fee.0));
    let Some(ended) = row.get::<_, Option<String>>("ended")? else { return Ok(None) };
    let (from, to, seen_at) = (|| height("read_from"), || height("read_to"), || height("seen_at"));
    Ok(Some(match ended.as_str() {
        "landed" => EndRow::Landed {
            height: height("end_height")?,
            fee: row.get::<_, Text<Coin>>("end_fee")?.0,
            gas_used: row.get::<_, Whole<u64>>("end_gas")?.0,
        },
        "failed" => EndRow::Failed {
            height: maybe("end_height")?,
            rejection: Rejection::new(
                row.get::<_, String>("codespace")?,
                row.get("code")?,
                row.get::<_, String>("log")?,
            ),
            fee: fee()?,
        },
        "expired" => EndRow::Expired { from: from()?, to: to()?, seen_at: seen_at()? },
        // The table's own check lets nothing else in.
        _ => EndRow::SequenceUsed {
            from: from()?,
            to: to()?,
            seen_at: seen_at()?,
            by: maybe("by_height")?.zip(row.get("by_tx")?),
        },
    }))
}
