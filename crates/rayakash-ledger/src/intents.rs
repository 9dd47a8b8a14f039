//! Acts that were written down before they were done, and what became of them.

mod settle;

use akash_types::{Coin, DeploymentId, Dseq, LeaseId, UACT};
use rayakash_core::view::Version;
use rayakash_core::{Act, Why};
use rayakash_engine::facts::Intent;
use rusqlite::{Connection, Row, named_params};
use serde_json::json;

pub(crate) use settle::settle;

use crate::column::{Text, Whole};
use crate::error::Fault;
use crate::funds::Asking;
use crate::records::{self, EventKind, Record};
use crate::{deployments, wishes};

/// What an intent keeps of its act: all that its end has consequences for.
pub(crate) struct Kept<'a> {
    deployment: &'a DeploymentId,
    opens: Option<Dseq>,
    generation: u32,
    version: Option<&'a Version>,
    lease: Option<LeaseId>,
    amount: Option<&'a Coin>,
    why: Option<&'a Why>,
}

impl<'a> Kept<'a> {
    const fn of(deployment: &'a DeploymentId) -> Self {
        Self { deployment, opens: None, generation: 0, version: None, lease: None, amount: None, why: None }
    }

    /// `None` for an act that is nothing but a record.
    fn from(act: &'a Act) -> Option<Self> {
        Some(match act {
            Act::OpenDeployment { id, generation, version, deposit, .. } => Self {
                opens: Some(id.dseq),
                generation: *generation,
                version: Some(version),
                amount: Some(deposit),
                ..Self::of(id)
            },
            Act::AcceptBid { bid, .. } => {
                Self { lease: Some(bid.lease()), ..Self::of(bid.order.deployment()) }
            }
            Act::SendManifest { lease, version } => {
                Self { lease: Some(lease.clone()), version: Some(version), ..Self::of(lease.deployment()) }
            }
            Act::UpdateDeployment { id, version } => Self { version: Some(version), ..Self::of(id) },
            Act::TopUp { id, amount } => Self { amount: Some(amount), ..Self::of(id) },
            Act::DrainJobs { lease } => Self { lease: Some(lease.clone()), ..Self::of(lease.deployment()) },
            Act::CloseDeployment { id, why } => Self { why: Some(why), ..Self::of(id) },
            Act::DropWish { .. } | Act::Avoid { .. } | Act::Finish { .. } => return None,
        })
    }
}

/// Writes down an act that was admitted; gives its id, 80 random bits in hex.
pub(crate) fn intend(connection: &Connection, asking: &Asking<'_>, kept: &Kept<'_>) -> Result<String, Fault> {
    let Asking { cluster, act, tip, .. } = asking;
    let (words, detail) = (act.words(), act.detail());
    let (why_kind, why) = kept.why.map(why_words).unzip();
    let id: String = connection
        .prepare_cached(
            "INSERT INTO intents (cluster, act, signs, deployment, opens, generation, version, lease, amount, why_kind, why,
                                  words, detail, decided_at, decided_ms, block_ms)
             VALUES (:cluster, :act, :signs, :deployment, :opens, :generation, :version, :lease, :amount, :why_kind, :why,
                     :words, :detail, :decided_at, :decided_ms, :block_ms)
             RETURNING id",
        )?
        .query_row(
            named_params! {
                ":cluster": cluster,
                ":act": act.name(),
                ":signs": act.signs(),
                ":deployment": Text(kept.deployment),
                ":opens": kept.opens.map(|dseq| Whole(dseq.get())),
                ":generation": kept.generation,
                ":version": kept.version.map(Text),
                ":lease": kept.lease.as_ref().map(Text),
                ":amount": kept.amount.map(|coin| Whole(coin.amount)),
                ":why_kind": why_kind,
                ":why": why,
                ":words": words,
                ":detail": detail,
                ":decided_at": Whole(tip.height.0),
                ":decided_ms": Whole(tip.time_ms),
                ":block_ms": Whole(tip.block_ms),
            },
            |row| row.get(0),
        )?;
    let data = json!({
        "act": act.name(),
        "deployment": kept.deployment.to_string(),
        "detail": detail,
        "height": tip.height.0,
    });
    records::add(
        connection,
        Record { kind: EventKind::Intent, cluster: Some(*cluster), intent: Some(&id), text: &words, data },
    )?;
    Ok(id)
}

/// No intent that could not be entered into the books when it is done.
pub(crate) fn admit<'a>(connection: &Connection, cluster: &str, act: &'a Act) -> Result<Kept<'a>, Fault> {
    let kept =
        Kept::from(act).ok_or_else(|| Fault::refused(format!("{} is nothing to be done", act.name())))?;
    // `down` may have been acknowledged since this was decided.
    if act.spends() && !wishes::may_spend(connection, cluster)? {
        return Err(Fault::refused(format!(
            "{cluster} is not wanted any more, or spending is stopped or frozen"
        )));
    }
    if let Some(coin) = kept.amount.filter(|coin| coin.denom != UACT) {
        return Err(Fault::refused(format!("deployments are funded in {UACT}, not with {coin}")));
    }
    if let Some(dseq) = kept.opens {
        let used = connection
            .prepare_cached("SELECT 1 FROM intents WHERE opens = ?1")?
            .exists([Whole(dseq.get())])?;
        if used {
            return Err(Fault::refused(format!("dseq {dseq} was used before")));
        }
    }
    if matches!(act, Act::TopUp { .. }) && !deployments::is_known(connection, cluster, kept.deployment)? {
        return Err(Fault::refused(format!(
            "deployment {} is not in the books of {cluster}",
            kept.deployment
        )));
    }
    Ok(kept)
}

/// Intents of a cluster without a known end, oldest first.
pub(crate) fn open(connection: &Connection, cluster: &str) -> rusqlite::Result<Vec<Intent>> {
    let mut rows = connection
        .prepare_cached("SELECT * FROM intents WHERE cluster = ?1 AND outcome IS NULL ORDER BY seq")?;
    let all = rows.query_map([cluster], intent)?;
    all.collect()
}

fn intent(row: &Row<'_>) -> rusqlite::Result<Intent> {
    Ok(Intent {
        id: row.get("id")?,
        cluster: row.get("cluster")?,
        act: row.get("act")?,
        deployment: Some(row.get::<_, Text<DeploymentId>>("deployment")?.0),
        generation: row.get("generation")?,
        signs: row.get("signs")?,
    })
}

/// Why a deployment is closed, as two columns.
fn why_words(why: &Why) -> (&'static str, &str) {
    match why {
        Why::Asked => ("asked", ""),
        Why::NoBid(text) => ("no-bid", text),
        Why::Refused(text) => ("refused", text),
        Why::NotReady(text) => ("not-ready", text),
        Why::Broken(text) => ("broken", text),
        Why::Lost(text) => ("lost", text),
        Why::GivenUp(text) => ("given-up", text),
        Why::Replaced => ("replaced", ""),
    }
}

/// The same back from its columns.
fn why_from(kind: &str, text: String) -> Option<Why> {
    Some(match kind {
        "asked" => Why::Asked,
        "no-bid" => Why::NoBid(text),
        "refused" => Why::Refused(text),
        "not-ready" => Why::NotReady(text),
        "broken" => Why::Broken(text),
        "lost" => Why::Lost(text),
        "given-up" => Why::GivenUp(text),
        "replaced" => Why::Replaced,
        _ => return None,
    })
}
