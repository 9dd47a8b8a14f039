//! The end of an intent, and all that follows from it, in one transaction.

use akash_types::LeaseId;
use rayakash_core::Why;
use rayakash_core::view::{Tip, Version};
use rayakash_engine::facts::Fact;
use rayakash_engine::ports::{Outcome, Receipt};
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde_json::json;

use super::why_from;
use crate::column::{Text, Whole};
use crate::error::Fault;
use crate::records::{self, EventKind, Record};
use crate::{deployments, entries, facts, fees, wishes};

/// For how long a provider whose bid could not be accepted is left out, milliseconds of header time.
const AVOID_MS: u64 = 600_000;

/// An intent as it was written down.
struct Written {
    id: String,
    cluster: String,
    act: String,
    lease: Option<LeaseId>,
    version: Option<Version>,
    why: Option<Why>,
    outcome: Option<String>,
}

/// An outcome that is certain.
struct Ending<'a> {
    word: &'static str,
    why: Option<&'a str>,
    receipt: &'a Receipt,
}

/// Writes down what became of an intent. An intent that has this outcome already is left as it is, so that nothing counts twice;
/// one that has another is refused.
pub(crate) fn settle(connection: &Connection, id: &str, outcome: &Outcome, tip: &Tip) -> Result<(), Fault> {
    let written = connection
        .query_row("SELECT * FROM intents WHERE id = ?1", [id], written)
        .optional()?
        .ok_or_else(|| Fault::refused(format!("there is no intent {id}")))?;
    let none = Receipt::default();
    let ending = match outcome {
        Outcome::Done(receipt) => Ending { word: "done", why: None, receipt },
        Outcome::Refused { why, receipt } => Ending { word: "refused", why: Some(why), receipt },
        Outcome::NotStarted { why } => Ending { word: "not-started", why: Some(why), receipt: &none },
        Outcome::InDoubt { why, tx, dead_at } => {
            let data = json!({ "act": written.act, "tx": tx, "dead_at": dead_at.map(|height| height.0) });
            let text = format!("in doubt: {}: {why}", written.act);
            record(connection, EventKind::Phase, &written, &text, data)?;
            return Ok(());
        }
    };
    match &written.outcome {
        Some(was) if was == ending.word => return Ok(()),
        Some(was) => {
            return Err(Fault::refused(format!("intent {id} is {was}, it cannot be {}", ending.word)));
        }
        None => {}
    }
    refuse_while_live(connection, id)?;
    if let Some(fee) = &ending.receipt.fee {
        fees::pay(connection, id, ending.receipt.tx.as_deref(), fee, ending.receipt.height)?;
    }
    if let Outcome::Done(receipt) = outcome {
        // It may be booked since the transaction landed; an act without a journal of its own is booked here.
        entries::deposit(connection, id, receipt.tx.as_deref(), Some(receipt.height.unwrap_or(tip.height)))?;
    }
    match outcome {
        Outcome::Done(_) => done(connection, &written, tip)?,
        Outcome::Refused { why, .. } => refused(connection, &written, why, tip)?,
        Outcome::NotStarted { .. } | Outcome::InDoubt { .. } => {}
    }
    close(connection, &written, &ending, tip)
}

/// A transaction that may still be executed keeps its intent open: what it does must find its way into the books.
fn refuse_while_live(connection: &Connection, id: &str) -> Result<(), Fault> {
    let live: Option<String> = connection
        .query_row("SELECT hash FROM attempts WHERE intent = ?1 AND ended IS NULL", [id], |row| row.get(0))
        .optional()?;
    live.map_or(Ok(()), |hash| {
        Err(Fault::refused(format!("transaction {hash} of intent {id} has no end yet")))
    })
}

fn close(connection: &Connection, written: &Written, ending: &Ending<'_>, tip: &Tip) -> Result<(), Fault> {
    let Ending { word, why, receipt } = ending;
    let height = receipt.height.unwrap_or(tip.height).0;
    connection.execute(
        "UPDATE intents SET outcome = ?2, outcome_why = ?3, settled_at = ?4, settled_ms = ?5 WHERE id = ?1",
        params![written.id, word, why, Whole(height), Whole(header_ms(tip, height))],
    )?;
    let sent = written.act == "send-manifest" && *word == "done";
    let kind = if sent { EventKind::Manifest } else { EventKind::Settled };
    let text = why
        .map_or_else(|| format!("{}: {word}", written.act), |why| format!("{}: {word}: {why}", written.act));
    let data = json!({
        "act": written.act,
        "outcome": word,
        "height": height,
        "tx": receipt.tx,
        "fee": receipt.fee.as_ref().map(ToString::to_string),
        "lease": written.lease.as_ref().map(ToString::to_string),
    });
    record(connection, kind, written, &text, data)
}

/// The header time of a block near a look.
const fn header_ms(tip: &Tip, height: u64) -> u64 {
    let later = height.saturating_sub(tip.height.0).saturating_mul(tip.block_ms);
    let earlier = tip.height.0.saturating_sub(height).saturating_mul(tip.block_ms);
    tip.time_ms.saturating_add(later).saturating_sub(earlier)
}

fn done(connection: &Connection, written: &Written, tip: &Tip) -> Result<(), Fault> {
    let at_ms = tip.time_ms;
    match written.act.as_str() {
        "open-deployment" => {
            deployments::open(connection, &written.id)?;
            wishes::use_up_consent(connection, &written.cluster, &written.id)
        }
        "update-deployment" => wishes::use_up_consent(connection, &written.cluster, &written.id),
        "top-up" => deployments::top_up(connection, &written.id),
        "send-manifest" => {
            let (lease, version) =
                written.lease.clone().zip(written.version).ok_or_else(|| incomplete(written))?;
            Ok(facts::add(connection, &written.cluster, &Fact::ManifestSent { lease, version, at_ms })?)
        }
        "close-deployment" => {
            let why = written.why.as_ref().ok_or_else(|| incomplete(written))?;
            for fact in after_close(why, at_ms) {
                facts::note(connection, &written.cluster, &fact)?;
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

/// What a close says about the try that it ends.
fn after_close(why: &Why, at_ms: u64) -> Vec<Fact> {
    let mut facts = Vec::new();
    if why.is_failure() {
        facts.push(Fact::Failed { at_ms, why: why.text() });
    }
    match why {
        Why::Lost(_) | Why::Broken(_) => facts.push(Fact::Replaced { at_ms }),
        Why::GivenUp(text) => facts.push(Fact::GaveUp { at_ms, why: text.clone() }),
        Why::Asked | Why::NoBid(_) | Why::Refused(_) | Why::NotReady(_) | Why::Replaced => {}
    }
    facts
}

fn refused(connection: &Connection, written: &Written, why: &str, tip: &Tip) -> Result<(), Fault> {
    let why = why.to_owned();
    let lease = || written.lease.clone().ok_or_else(|| incomplete(written));
    let fact = match written.act.as_str() {
        "open-deployment" => Fact::Failed { at_ms: tip.time_ms, why },
        "accept-bid" => {
            Fact::Avoided { provider: lease()?.provider, until_ms: tip.time_ms.saturating_add(AVOID_MS), why }
        }
        "send-manifest" => Fact::ManifestRefused { lease: lease()?, why },
        _ => return Ok(()),
    };
    Ok(facts::note(connection, &written.cluster, &fact)?)
}

fn incomplete(written: &Written) -> Fault {
    Fault::refused(format!("intent {} of {} lacks a part", written.id, written.act))
}

fn record(
    connection: &Connection,
    kind: EventKind,
    written: &Written,
    text: &str,
    data: serde_json::Value,
) -> Result<(), Fault> {
    let (cluster, intent) = (Some(written.cluster.as_str()), Some(written.id.as_str()));
    records::add(connection, Record { kind, cluster, intent, text, data })?;
    Ok(())
}

fn written(row: &Row<'_>) -> rusqlite::Result<Written> {
    let kind: Option<String> = row.get("why_kind")?;
    let text: Option<String> = row.get("why")?;
    Ok(Written {
        id: row.get("id")?,
        cluster: row.get("cluster")?,
        act: row.get("act")?,
        lease: row.get::<_, Option<Text<LeaseId>>>("lease")?.map(|lease| lease.0),
        version: row.get::<_, Option<Text<Version>>>("version")?.map(|version| version.0),
        why: kind.zip(text).and_then(|(kind, text)| why_from(&kind, text)),
        outcome: row.get("outcome")?,
    })
}
