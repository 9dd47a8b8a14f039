//! Deployments that were opened, what was put into them, and what came back.

use akash_types::{Coin, DeploymentId, Dseq};
use rayakash_core::view::Tip;
use rayakash_engine::facts::{Finished, Opened};
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde_json::json;

use crate::column::{Text, Whole};
use crate::entries::{self, Origin};
use crate::error::Fault;
use crate::records::{self, EventKind, Record};

/// Enters the deployment that an intent opened, with the deposit that the intent names.
pub(crate) fn open(connection: &Connection, intent: &str) -> Result<(), Fault> {
    connection.execute(
        "INSERT INTO deployments (id, intent, cluster, generation, deposited)
         SELECT deployment, id, cluster, generation, amount FROM intents WHERE id = ?1",
        [intent],
    )?;
    Ok(())
}

/// Adds to a deployment what an intent put into it.
pub(crate) fn top_up(connection: &Connection, intent: &str) -> Result<(), Fault> {
    connection.execute(
        "UPDATE deployments SET deposited = deposited + topped.amount FROM intents AS topped
         WHERE topped.id = ?1 AND deployments.id = topped.deployment",
        [intent],
    )?;
    Ok(())
}

/// True when this deployment is in the books of that cluster.
pub(crate) fn is_known(connection: &Connection, cluster: &str, id: &DeploymentId) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("SELECT 1 FROM deployments WHERE id = ?1 AND cluster = ?2")?
        .exists(params![Text(id), cluster])
}

/// Closes the books of a deployment; false when they are closed already. Doing it again with the same figures changes nothing.
pub(crate) fn finish(
    connection: &Connection,
    cluster: &str,
    id: &DeploymentId,
    end: &Finished,
    tip: &Tip,
) -> Result<bool, Fault> {
    let known = connection
        .query_row(
            "SELECT * FROM deployments WHERE id = ?1 AND cluster = ?2",
            params![Text(id), cluster],
            opened,
        )
        .optional()?;
    match known {
        None => return Err(Fault::refused(format!("deployment {id} is not in the books of {cluster}"))),
        Some(Opened { finished: Some(was), .. }) if was == *end => return Ok(false),
        Some(Opened { finished: Some(was), .. }) => {
            return Err(Fault::refused(format!(
                "deployment {id} is finished with a cost of {}, not {}",
                was.cost, end.cost
            )));
        }
        Some(Opened { finished: None, .. }) => {}
    }
    let Finished { refund, cost } = end;
    connection.execute(
        "UPDATE deployments SET refund = ?2, cost = ?3 WHERE id = ?1",
        params![Text(id), Text(refund), Text(cost)],
    )?;
    let origin = Origin { cluster: Some(cluster), ..Origin::of(tip) };
    entries::end(connection, &id.to_string(), &origin, (refund, cost))?;
    let text = format!("closed: deployment {} cost {cost}, {refund} came back", id.dseq);
    let data =
        json!({ "deployment": id.to_string(), "cost": cost.to_string(), "refund": refund.to_string() });
    records::add(
        connection,
        Record { kind: EventKind::Finish, cluster: Some(cluster), intent: None, text: &text, data },
    )?;
    Ok(true)
}

/// The deployments of a cluster, oldest first.
pub(crate) fn of(connection: &Connection, cluster: &str) -> rusqlite::Result<Vec<Opened>> {
    let mut rows = connection.prepare_cached("SELECT * FROM deployments WHERE cluster = ?1 ORDER BY seq")?;
    let all = rows.query_map([cluster], opened)?;
    all.collect()
}

/// The highest dseq that any intent of any cluster named, whatever became of it.
pub(crate) fn last_dseq(connection: &Connection) -> rusqlite::Result<Option<Dseq>> {
    let last = connection
        .query_row("SELECT max(opens) FROM intents", [], |row| row.get::<_, Option<Whole<u64>>>(0))?;
    Ok(last.and_then(|number| Dseq::new(number.0)))
}

fn opened(row: &Row<'_>) -> rusqlite::Result<Opened> {
    let refund = row.get::<_, Option<Text<Coin>>>("refund")?;
    let cost = row.get::<_, Option<Text<Coin>>>("cost")?;
    Ok(Opened {
        id: row.get::<_, Text<DeploymentId>>("id")?.0,
        generation: row.get("generation")?,
        deposited: row.get::<_, Whole<u128>>("deposited")?.0,
        finished: refund.zip(cost).map(|(refund, cost)| Finished { refund: refund.0, cost: cost.0 }),
    })
}
