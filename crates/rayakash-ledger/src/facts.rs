//! Facts about clusters, as rows.

use akash_types::{Address, LeaseId};
use rayakash_core::view::Version;
use rayakash_engine::facts::Fact;
use rusqlite::{Connection, Row, named_params};
use serde_json::json;

use crate::column::{Text, Whole};
use crate::records::{self, EventKind, Record};

/// A fact, taken apart.
#[derive(Default)]
struct Parts<'a> {
    kind: &'static str,
    at_ms: Option<u64>,
    lease: Option<&'a LeaseId>,
    version: Option<&'a Version>,
    provider: Option<&'a Address>,
    why: Option<&'a str>,
}

fn parts(fact: &Fact) -> Parts<'_> {
    let of = |kind, at_ms: &u64| Parts { kind, at_ms: Some(*at_ms), ..Parts::default() };
    match fact {
        Fact::WishWritten { at_ms } => of("wish-written", at_ms),
        Fact::ManifestSent { lease, version, at_ms } => {
            Parts { lease: Some(lease), version: Some(version), ..of("manifest-sent", at_ms) }
        }
        Fact::ManifestRefused { lease, why } => {
            Parts { kind: "manifest-refused", lease: Some(lease), why: Some(why), ..Parts::default() }
        }
        Fact::Ready { lease, version, at_ms } => {
            Parts { lease: Some(lease), version: Some(version), ..of("ready", at_ms) }
        }
        Fact::Unready { lease, at_ms } => Parts { lease: Some(lease), ..of("unready", at_ms) },
        Fact::Failed { at_ms, why } => Parts { why: Some(why), ..of("failed", at_ms) },
        Fact::Replaced { at_ms } => of("replaced", at_ms),
        Fact::GaveUp { at_ms, why } => Parts { why: Some(why), ..of("gave-up", at_ms) },
        Fact::Avoided { provider, until_ms, why } => {
            Parts { provider: Some(provider), why: Some(why), ..of("avoided", until_ms) }
        }
    }
}

/// Adds a fact without a record of its own.
pub(crate) fn add(connection: &Connection, cluster: &str, fact: &Fact) -> rusqlite::Result<()> {
    let parts = parts(fact);
    connection
        .prepare_cached(
            "INSERT INTO facts (cluster, kind, at_ms, lease, version, provider, why)
             VALUES (:cluster, :kind, :at_ms, :lease, :version, :provider, :why)",
        )?
        .execute(named_params! {
            ":cluster": cluster,
            ":kind": parts.kind,
            ":at_ms": parts.at_ms.map(Whole),
            ":lease": parts.lease.map(Text),
            ":version": parts.version.map(Text),
            ":provider": parts.provider.map(Text),
            ":why": parts.why,
        })?;
    Ok(())
}

/// Adds a fact, and a record of it.
pub(crate) fn note(connection: &Connection, cluster: &str, fact: &Fact) -> rusqlite::Result<()> {
    add(connection, cluster, fact)?;
    let parts = parts(fact);
    let word = parts.kind.replace('-', " ");
    let text = parts.why.map_or_else(|| word.clone(), |why| format!("{word}: {why}"));
    let data = json!({
        "fact": parts.kind,
        "at_ms": parts.at_ms,
        "lease": parts.lease.map(ToString::to_string),
        "version": parts.version.map(hex::encode),
        "provider": parts.provider.map(ToString::to_string),
    });
    records::add(
        connection,
        Record { kind: EventKind::Fact, cluster: Some(cluster), intent: None, text: &text, data },
    )?;
    Ok(())
}

/// The facts of a cluster, oldest first.
pub(crate) fn of(connection: &Connection, cluster: &str) -> rusqlite::Result<Vec<Fact>> {
    let mut rows = connection.prepare_cached("SELECT * FROM facts WHERE cluster = ?1 ORDER BY seq")?;
    let facts = rows.query_map([cluster], fact)?;
    facts.collect()
}

fn fact(row: &Row<'_>) -> rusqlite::Result<Fact> {
    let at_ms = || row.get::<_, Whole<u64>>("at_ms").map(|at| at.0);
    let lease = || row.get::<_, Text<LeaseId>>("lease").map(|lease| lease.0);
    let version = || row.get::<_, Text<Version>>("version").map(|version| version.0);
    let why = || row.get("why");
    Ok(match row.get_ref("kind")?.as_str()? {
        "wish-written" => Fact::WishWritten { at_ms: at_ms()? },
        "manifest-sent" => Fact::ManifestSent { lease: lease()?, version: version()?, at_ms: at_ms()? },
        "manifest-refused" => Fact::ManifestRefused { lease: lease()?, why: why()? },
        "ready" => Fact::Ready { lease: lease()?, version: version()?, at_ms: at_ms()? },
        "unready" => Fact::Unready { lease: lease()?, at_ms: at_ms()? },
        "failed" => Fact::Failed { at_ms: at_ms()?, why: why()? },
        "replaced" => Fact::Replaced { at_ms: at_ms()? },
        "gave-up" => Fact::GaveUp { at_ms: at_ms()?, why: why()? },
        // The table's own check lets nothing else in.
        _ => Fact::Avoided {
            provider: row.get::<_, Text<Address>>("provider")?.0,
            until_ms: at_ms()?,
            why: why()?,
        },
    })
}
