//! Everything on record about one cluster, read at one moment.

use rayakash_engine::facts::Books;
use rusqlite::Connection;

use crate::error::Fault;
use crate::ledger::ReadWish;
use crate::{adopt, deployments, facts, fees, intents, reconcile, wishes};

pub(crate) fn read(connection: &Connection, cluster: &str, read_wish: &ReadWish) -> Result<Books, Fault> {
    Ok(Books {
        wish: wishes::read(connection, cluster, read_wish)?,
        open: intents::open(connection, cluster)?,
        opened: deployments::of(connection, cluster)?,
        facts: facts::of(connection, cluster)?,
        last_dseq: deployments::last_dseq(connection)?,
        fees: fees::total(connection, cluster)?,
        paused: wishes::paused(connection)?,
        stopped: reconcile::stopped(connection)?,
        adopted: adopt::is_adopted(connection, cluster)?,
    })
}
