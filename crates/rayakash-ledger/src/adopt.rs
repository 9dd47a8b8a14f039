//! Deployments that are on chain and not in the books, or not as they are there.

use akash_types::{Coin, DeploymentId, LeaseId, UACT};
use rayakash_core::spec::Name;
use rayakash_core::view::{Tip, Version};
use rayakash_engine::facts::Fact;
use rusqlite::{Connection, OptionalExtension as _, named_params, params};
use serde_json::json;

use crate::Ledger;
use crate::column::{Text, Whole};
use crate::entries::{self, Origin};
use crate::error::{Fault, LedgerError};
use crate::facts;
use crate::records::{self, EventKind, Record};

/// A deployment, as the chain shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Which.
    pub id: DeploymentId,
    /// Which generation of its cluster it is.
    pub generation: u32,
    /// What was put into its escrow altogether, uact.
    pub deposited: u128,
    /// Its lease, since when that is held (header time, Unix milliseconds), and what runs there.
    pub lease: Option<(LeaseId, u64, Version)>,
}

/// What entering it came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entered {
    /// It was not in the books.
    New,
    /// It was, with another deposit: this one, uact.
    Corrected(u128),
    /// It was, as it is.
    Known,
}

/// A deployment of the books that is not finished.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Which.
    pub id: DeploymentId,
    /// Of which cluster.
    pub cluster: String,
    /// That cluster is wanted, or was adopted: somebody asked for it to go on.
    pub kept: bool,
}

impl Ledger {
    /// Deployments that are not finished: those of the books, and those that an intent without a known end may have opened.
    pub async fn held(&self) -> Result<Vec<Held>, LedgerError> {
        self.store
            .read("list open deployments", |tx| {
                let mut rows = tx.prepare_cached(HELD)?;
                let all = rows.query_map([], |row| {
                    Ok(Held {
                        id: row.get::<_, Text<DeploymentId>>("id")?.0,
                        cluster: row.get("cluster")?,
                        kept: row.get("kept")?,
                    })
                })?;
                Ok(all.collect::<Result<_, _>>()?)
            })
            .await
    }

    /// Clusters that are wanted, and whose newest deployment was never closed by an act of this ledger: when the chain shows none of theirs,
    /// they were ended by something that it does not know.
    pub async fn never_closed(&self) -> Result<Vec<String>, LedgerError> {
        self.store
            .read("list what was never closed", |tx| {
                let mut rows = tx.prepare_cached(NEVER_CLOSED)?;
                let all = rows.query_map([], |row| row.get(0))?;
                Ok(all.collect::<Result<_, _>>()?)
            })
            .await
    }

    /// Enters a deployment of a cluster as the chain shows it. Doing it again changes nothing. `keep`: when no wish speaks of the cluster,
    /// it is kept as it is until one does or it is taken down; otherwise it is taken down.
    pub async fn adopt(
        &self,
        cluster: &Name,
        found: &Found,
        tip: &Tip,
        keep: bool,
    ) -> Result<Entered, LedgerError> {
        let (cluster, found, tip) = (cluster.to_string(), found.clone(), *tip);
        self.store.write("adopt a deployment", move |tx| adopt(tx, &cluster, (&found, keep), &tip)).await
    }
}

const HELD: &str = "
    WITH held (id, cluster) AS (
        SELECT id, cluster FROM deployments WHERE cost IS NULL
        UNION SELECT deployment, cluster FROM intents WHERE act = 'open-deployment' AND outcome IS NULL
    )
    SELECT id, cluster,
        EXISTS (SELECT 1 FROM wishes WHERE wishes.cluster = held.cluster)
            OR EXISTS (SELECT 1 FROM adoptions WHERE adoptions.cluster = held.cluster) AS kept
    FROM held ORDER BY id";

const NEVER_CLOSED: &str = "
    SELECT newest.cluster FROM deployments AS newest JOIN wishes ON wishes.cluster = newest.cluster
    WHERE newest.seq = (SELECT max(seq) FROM deployments WHERE cluster = wishes.cluster)
        AND NOT EXISTS (SELECT 1 FROM intents WHERE intents.deployment = newest.id
                        AND act = 'close-deployment' AND outcome = 'done')
    ORDER BY newest.cluster";

/// True when a cluster was adopted, and no wish speaks of it.
pub(crate) fn is_adopted(connection: &Connection, cluster: &str) -> rusqlite::Result<bool> {
    connection.prepare_cached("SELECT 1 FROM adoptions WHERE cluster = ?1")?.exists([cluster])
}

/// From now on a wish says what the cluster should be, or nothing of it is kept. True when it had been adopted.
pub(crate) fn release(connection: &Connection, cluster: &str) -> rusqlite::Result<bool> {
    Ok(connection.execute("DELETE FROM adoptions WHERE cluster = ?1", [cluster])? > 0)
}

fn adopt(
    connection: &Connection,
    cluster: &str,
    (found, keep): (&Found, bool),
    tip: &Tip,
) -> Result<Entered, Fault> {
    let entered = match on_record(connection, &found.id)? {
        Some((of, deposited, finished)) => {
            if of != cluster || finished {
                let how = if finished { "finished" } else { "on record" };
                return Err(Fault::refused(format!("deployment {} is {how} as one of {of}", found.id)));
            }
            correct(connection, found, deposited)?
        }
        None => {
            enter(connection, cluster, found, tip)?;
            Entered::New
        }
    };
    if entered != Entered::Known {
        let origin = Origin { cluster: Some(cluster), ..Origin::of(tip) };
        entries::adopt(connection, &found.id.to_string(), &origin, found.deposited)?;
    }
    if let Some((lease, since_ms, version)) = &found.lease {
        note_lease(connection, cluster, (lease, *since_ms, *version), tip)?;
    }
    if keep {
        connection.execute(
            "INSERT INTO adoptions (cluster, at_ms) SELECT ?1, ?2
             WHERE NOT EXISTS (SELECT 1 FROM wishes WHERE cluster = ?1) ON CONFLICT DO NOTHING",
            params![cluster, Whole(tip.time_ms)],
        )?;
    }
    if entered != Entered::Known {
        let text = match entered {
            Entered::Corrected(was) => {
                format!("deployment {}: {} was put in, not {was}", found.id.dseq, found.deposited)
            }
            Entered::New | Entered::Known => format!("adopted deployment {}", found.id.dseq),
        };
        let data = json!({ "deployment": found.id.to_string(), "deposited": found.deposited.to_string() });
        let (kind, cluster) = (EventKind::Phase, Some(cluster));
        records::add(connection, Record { kind, cluster, intent: None, text: &text, data })?;
    }
    Ok(entered)
}

/// Its cluster, what is on record as put in, and whether its books are closed.
fn on_record(connection: &Connection, id: &DeploymentId) -> rusqlite::Result<Option<(String, u128, bool)>> {
    connection
        .prepare_cached("SELECT cluster, deposited, cost IS NOT NULL FROM deployments WHERE id = ?1")?
        .query_row([Text(id)], |row| Ok((row.get(0)?, row.get::<_, Whole<u128>>(1)?.0, row.get(2)?)))
        .optional()
}

fn correct(connection: &Connection, found: &Found, deposited: u128) -> Result<Entered, Fault> {
    if deposited == found.deposited {
        return Ok(Entered::Known);
    }
    connection.execute(
        "UPDATE deployments SET deposited = ?2 WHERE id = ?1",
        params![Text(&found.id), Whole(found.deposited)],
    )?;
    Ok(Entered::Corrected(deposited))
}

/// A deployment needs the intent that opened it. One of this number that the ledger has is that; it did land.
fn enter(connection: &Connection, cluster: &str, found: &Found, tip: &Tip) -> Result<(), Fault> {
    let dseq = Whole(found.id.dseq.get());
    connection.execute(
        "INSERT INTO intents (cluster, act, signs, deployment, opens, generation, amount, words, detail, decided_at, outcome,
                              outcome_why, settled_at)
         VALUES (:cluster, 'open-deployment', 0, :id, :dseq, :generation, :deposited, 'adopted', :detail, :height, 'done',
                 'found on chain', :height)
         ON CONFLICT (opens) DO UPDATE SET outcome = 'done', outcome_why = 'found on chain', settled_at = excluded.settled_at",
        named_params! {
            ":cluster": cluster,
            ":id": Text(&found.id),
            ":dseq": dseq,
            ":generation": found.generation,
            ":deposited": Whole(found.deposited),
            ":detail": format!("deployment {}, {} put in", found.id.dseq, Coin { denom: UACT, amount: found.deposited }),
            ":height": Whole(tip.height.0),
        },
    )?;
    connection.execute(
        "INSERT INTO deployments (id, intent, cluster, generation, deposited)
         SELECT deployment, id, ?2, ?3, ?4 FROM intents WHERE opens = ?1",
        params![dseq, cluster, found.generation, Whole(found.deposited)],
    )?;
    Ok(())
}

/// A lease that goes on has its manifest, or its provider would have closed it. Whether the cluster was ready nobody knows any more: it
/// gets the grace of one that was.
fn note_lease(
    connection: &Connection,
    cluster: &str,
    (lease, since_ms, version): (&LeaseId, u64, Version),
    tip: &Tip,
) -> Result<(), Fault> {
    let known = connection
        .prepare_cached("SELECT 1 FROM facts WHERE lease = ?1 AND kind = 'manifest-sent'")?
        .exists([Text(lease)])?;
    if !known {
        let lease = lease.clone();
        facts::note(
            connection,
            cluster,
            &Fact::ManifestSent { lease: lease.clone(), version, at_ms: since_ms },
        )?;
        facts::note(connection, cluster, &Fact::Ready { lease, version, at_ms: tip.time_ms })?;
    }
    Ok(())
}
