//! "Nothing lost", in six parts, from the chain's own books against the ledgers, when nothing is in progress any more.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use akash_sandbox::market::State;
use akash_types::{DeploymentState, LeaseState, OrderState, UACT, UAKT};
use akash_wallet::TxHash;
use rusqlite::{Connection, OpenFlags};

use super::canary;
use super::stage::Stage;
use crate::Error;

/// Looks for anything that is lost. `before`: what the tenant had, uact and uakt; `ledgers`: of every daemon with the key.
pub(crate) fn check(stage: &Stage, before: (u128, u128), ledgers: &[PathBuf]) -> Result<(), Error> {
    let state = stage.node.state();
    let mut books = Books::default();
    for ledger in ledgers {
        books.read(ledger)?;
    }
    money(stage, &state, before, &books);
    deployments(stage, &state, &books);
    operations(stage, &books);
    running(stage, &state);
    attempts(stage, &books);
    secrets(stage, ledgers)
}

#[derive(Debug, Default)]
struct Books {
    /// What closed deployments cost, uact.
    cost: u128,
    fees: u128,
    /// True: finished.
    deployments: BTreeMap<String, bool>,
    wishes: Vec<String>,
    open_intents: Vec<String>,
    attempts: Vec<Attempted>,
    /// Deployments that were decided on while nobody wanted the cluster.
    unwanted: Vec<String>,
}

#[derive(Debug)]
struct Attempted {
    hash: String,
    ended: Option<String>,
    height: Option<u64>,
}

impl Books {
    fn read(&mut self, ledger: &Path) -> Result<(), Error> {
        let file = Connection::open_with_flags(ledger, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let mut rows = file.prepare("SELECT id, cost FROM deployments")?;
        let all =
            rows.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, Option<String>>(1)?)))?;
        for row in all {
            let (id, cost) = row?;
            let amount = cost.as_ref().and_then(|cost| cost.strip_suffix("uact")?.parse::<u128>().ok());
            self.cost = self.cost.saturating_add(amount.unwrap_or(0));
            self.deployments.insert(id, cost.is_some());
        }
        let fees = "SELECT coalesce(sum(amount), 0) FROM fees WHERE denom = 'uakt'";
        let fees: i64 = file.query_row(fees, [], |row| row.get(0))?;
        self.fees = self.fees.saturating_add(u128::from(fees.unsigned_abs()));
        self.wishes.extend(texts(&file, "SELECT cluster FROM wishes")?);
        let open = "SELECT act || ' of ' || cluster FROM intents WHERE outcome IS NULL";
        self.open_intents.extend(texts(&file, open)?);
        let mut rows = file.prepare("SELECT hash, ended, end_height FROM attempts")?;
        let all = rows.query_map([], |row| {
            let height = row.get::<_, Option<i64>>(2)?.map(i64::unsigned_abs);
            Ok(Attempted { hash: row.get(0)?, ended: row.get(1)?, height })
        })?;
        for row in all {
            self.attempts.push(row?);
        }
        // G8: behind a `down`, and before the next wish, nothing is opened.
        let unwanted = "SELECT made.text FROM records made JOIN intents ON intents.id = made.intent
            WHERE made.kind = 'intent' AND intents.act = 'open-deployment' AND coalesce(
                (SELECT kind FROM records WHERE cluster = made.cluster AND seq < made.seq AND kind IN ('wish', 'down')
                 ORDER BY seq DESC LIMIT 1), 'down') = 'down'";
        self.unwanted.extend(texts(&file, unwanted)?);
        Ok(())
    }
}

fn texts(file: &Connection, sql: &str) -> Result<Vec<String>, Error> {
    let mut rows = file.prepare(sql)?;
    let all = rows.query_map([], |row| row.get(0))?;
    Ok(all.collect::<Result<_, _>>()?)
}

/// (a) Every micro-unit that left the wallet is in the books.
fn money(stage: &Stage, state: &State, (uact, uakt): (u128, u128), books: &Books) {
    let me = stage.tenant.address();
    let foreign = *stage.foreign.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let spent = uact.saturating_sub(state.balance(me, &UACT));
    let declared = books.cost.saturating_add(foreign.0);
    if spent != declared {
        stage.violated(format!("(a) {spent}uact left the wallet, and the books say {declared}"));
    }
    let fees = uakt.saturating_sub(state.balance(me, &UAKT));
    let declared = books.fees.saturating_add(foreign.1);
    if fees != declared {
        stage.violated(format!("(a) {fees}uakt left the wallet, and the books say {declared}"));
    }
}

/// (b) What is on chain is in the ledger, in the same state, and the other way round.
fn deployments(stage: &Stage, state: &State, books: &Books) {
    let me = stage.tenant.address();
    let mine = state.deployments.iter().filter(|(id, _)| &id.owner == me);
    let chain: BTreeMap<String, bool> =
        mine.map(|(id, found)| (id.to_string(), found.state == DeploymentState::Closed)).collect();
    for id in chain.keys().collect::<BTreeSet<_>>().union(&books.deployments.keys().collect()) {
        let (there, here) = (chain.get(*id), books.deployments.get(*id));
        if there != here {
            let word = |closed: Option<&bool>| match closed {
                Some(true) => "closed",
                Some(false) => "open",
                None => "unknown",
            };
            stage.violated(format!("(b) {id} is {} on chain and {} in the ledger", word(there), word(here)));
        }
    }
}

/// (c) Every acknowledged operation is in one terminal state; nothing was opened that nobody wanted.
fn operations(stage: &Stage, books: &Books) {
    for wish in &books.wishes {
        stage.violated(format!("(c) {wish} is still wanted, though `down` was acknowledged"));
    }
    for intent in &books.open_intents {
        stage.violated(format!("(c) without an end: {intent}"));
    }
    for text in &books.unwanted {
        stage.violated(format!("G8: decided behind a `down`: {text}"));
    }
}

/// (d) Nothing is paid for any more.
fn running(stage: &Stage, state: &State) {
    let me = stage.tenant.address();
    let leases = state.leases.iter().filter(|(id, lease)| {
        &id.deployment().owner == me
            && !matches!(lease.state, LeaseState::Closed | LeaseState::InsufficientFunds)
    });
    for (id, _) in leases {
        stage.violated(format!("(d) lease {id} is live"));
    }
    let orders = state
        .orders
        .iter()
        .filter(|(id, order)| &id.group.deployment.owner == me && order.state == OrderState::Open);
    for (id, _) in orders {
        stage.violated(format!("(d) order {id} is open"));
    }
}

/// (e) Every transaction ever signed landed, failed or died, and the chain says the same.
fn attempts(stage: &Stage, books: &Books) {
    for attempt in &books.attempts {
        let hash: Option<TxHash> = attempt.hash.parse().ok();
        let found = hash.and_then(|hash| stage.node.tx(&hash));
        let shown = found.and_then(|(block, place)| {
            let delivered = block.txs.get(place)?;
            // What failed before its messages used nothing.
            let executed = !delivered.outcome.fee.is_empty();
            executed.then(|| (block.height.0, delivered.outcome.rejection.is_none()))
        });
        let says = attempt.ended.as_deref();
        let right = match (says, shown) {
            (Some("landed"), Some((height, true))) | (Some("failed"), Some((height, false))) => {
                attempt.height == Some(height)
            }
            (Some("failed" | "expired" | "sequence-used"), None) => true,
            _ => false,
        };
        if !right {
            let says = says.unwrap_or("without an end");
            stage.violated(format!(
                "(e) {} is {says} at {:?}, on chain {shown:?}",
                attempt.hash, attempt.height
            ));
        }
    }
}

/// (f) No secret anywhere but in the vault.
fn secrets(stage: &Stage, ledgers: &[PathBuf]) -> Result<(), Error> {
    for ledger in ledgers {
        let folder = ledger.parent().unwrap_or(ledger);
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_file() && canary::sings(&fs::read(&path)?) {
                stage.violated(format!("(f) a secret stands in {}", path.display()));
            }
        }
    }
    for block in stage.node.blocks_from(stage.node.first()) {
        if block.txs.iter().any(|delivered| canary::sings(&delivered.tx.bytes)) {
            stage.violated(format!("(f) a secret stands in block {}", block.height));
        }
    }
    if stage.trace.last().iter().any(|line| canary::sings(line.as_bytes())) || canary::logged() {
        stage.violated("(f) a secret was shown".to_owned());
    }
    Ok(())
}
