//! The books beside the chain: what is more there came from outside, what is less stops spending.

use akash_types::{Dec, DeploymentId, UACT, UAKT};
use rayakash_core::view::{Tip, Wallet};
use rayakash_engine::facts::Stopped;
use rusqlite::{Connection, OptionalExtension as _, params};
use serde_json::json;

use crate::Ledger;
use crate::column::{Text, Whole};
use crate::entries::{self, FOREIGN, Origin, WALLET};
use crate::error::{Fault, LedgerError};
use crate::records::{self, EventKind, Record};

/// The wallet and every deployment that is not finished, as the chain has them at one height.
#[derive(Clone, Debug)]
pub struct Shown {
    /// That height.
    pub tip: Tip,
    /// The balances.
    pub wallet: Wallet,
    /// The escrows.
    pub escrows: Vec<EscrowShown>,
}

/// What an escrow account holds and has paid. The two together are all that was ever put in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EscrowShown {
    /// Whose.
    pub deployment: DeploymentId,
    /// What it holds, uact.
    pub held: Dec,
    /// What it has paid, uact.
    pub paid: Dec,
}

/// What a comparison came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reconciled {
    /// Something is under way, or the look is older than the books: look again later. Nothing was compared.
    Later,
    /// The books agree with the chain; what came from outside, if anything, is booked as foreign.
    Agrees,
    /// The chain shows less than the books. Nothing is spent until somebody claims the wallet.
    Less {
        /// By how much, and where.
        why: String,
    },
}

/// What a difference that shows less means.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Less {
    Stops,
    Accepted,
}

/// An account that the chain shows differently than the books.
struct Difference {
    account: String,
    denom: akash_types::Denom,
    /// What the chain has more.
    more: i128,
}

impl Ledger {
    /// Compares the books with what the chain shows, and books what providers earned by then. Deposits of strangers become `foreign`; one
    /// settlement may round one uact away for each deployment; anything less than that stops spending until [`Self::accept_difference`].
    pub async fn reconcile(&self, shown: &Shown) -> Result<Reconciled, LedgerError> {
        let shown = shown.clone();
        self.store.write("compare the books", move |tx| compare(tx, &shown, Less::Stops)).await
    }

    /// The same, with whatever is missing booked as foreign; spending goes on.
    pub async fn accept_difference(&self, shown: &Shown) -> Result<Reconciled, LedgerError> {
        let shown = shown.clone();
        self.store.write("accept what is missing", move |tx| compare(tx, &shown, Less::Accepted)).await
    }

    /// Every deployment that is not finished, of all clusters.
    pub async fn unfinished(&self) -> Result<Vec<DeploymentId>, LedgerError> {
        self.store
            .read("list open deployments", |tx| {
                let mut rows =
                    tx.prepare_cached("SELECT id FROM deployments WHERE cost IS NULL ORDER BY seq")?;
                let ids = rows.query_map([], |row| row.get::<_, Text<DeploymentId>>(0))?;
                Ok(ids.map(|id| id.map(|id| id.0)).collect::<Result<_, _>>()?)
            })
            .await
    }
}

/// Since when and why spending is stopped because of a difference; header time.
pub(crate) fn stopped(connection: &Connection) -> Result<Option<Stopped>, Fault> {
    let found = connection
        .query_row("SELECT stopped_ms, stopped_why FROM wallet WHERE stopped_ms IS NOT NULL", [], |row| {
            Ok(Stopped { since_ms: row.get::<_, Whole<u64>>(0)?.0, why: row.get(1)? })
        })
        .optional()?;
    Ok(found)
}

fn compare(connection: &Connection, shown: &Shown, less: Less) -> Result<Reconciled, Fault> {
    if !comparable(connection, shown)? {
        return Ok(Reconciled::Later);
    }
    entries::open(connection, &shown.wallet, &shown.tip)?;
    let mut missing = Vec::new();
    for one in differences(connection, shown)? {
        let accepted = one.more > 0 || less == Less::Accepted;
        if accepted {
            let posting = format!("foreign/{}/{}/{}", shown.tip.height, one.account, one.denom);
            let lines = [
                (one.account.as_str(), one.denom.clone(), one.more),
                (FOREIGN, one.denom.clone(), -one.more),
            ];
            if entries::post(connection, &posting, &Origin::of(&shown.tip), &lines)? {
                say(connection, &foreign(&one), &one)?;
            }
        } else {
            missing.push(one);
        }
    }
    for one in &shown.escrows {
        let deployment = one.deployment.to_string();
        let posting = format!("earned/{}/{deployment}", shown.tip.height);
        let cluster = cluster_of(connection, &deployment)?;
        let origin = Origin { cluster: cluster.as_deref(), ..Origin::of(&shown.tip) };
        entries::earned(connection, &deployment, (&origin, &posting), one.paid.trunc().unwrap_or(0))?;
    }
    if missing.is_empty() {
        go_on(connection)?;
        return Ok(Reconciled::Agrees);
    }
    stop(connection, &shown.tip, &missing)
}

/// Nothing under way, nothing in the books later than the look, and every open deployment in it.
fn comparable(connection: &Connection, shown: &Shown) -> Result<bool, Fault> {
    let busy: bool = connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM attempts WHERE ended IS NULL)
                 OR EXISTS (SELECT 1 FROM intents WHERE outcome IS NULL AND signs = 1)
                 OR coalesce((SELECT max(height) FROM entries), 0) > ?1",
        )?
        .query_row([Whole(shown.tip.height.0)], |row| row.get(0))?;
    if busy {
        return Ok(false);
    }
    let mut rows = connection.prepare_cached("SELECT id FROM deployments WHERE cost IS NULL")?;
    let open = rows.query_map([], |row| row.get::<_, Text<DeploymentId>>(0))?;
    for id in open {
        let id = id?.0;
        if !shown.escrows.iter().any(|one| one.deployment == id) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn differences(connection: &Connection, shown: &Shown) -> Result<Vec<Difference>, Fault> {
    let mut found = Vec::new();
    let whole = |amount: u128| i128::try_from(amount).map_err(|_| Fault::refused("a balance out of range"));
    for (denom, amount) in [(UACT, shown.wallet.uact), (UAKT, shown.wallet.uakt)] {
        let more = whole(amount)?.saturating_sub(entries::balance(connection, WALLET, &denom)?);
        found.push(Difference { account: WALLET.to_owned(), denom, more });
    }
    for one in &shown.escrows {
        let deployment = one.deployment.to_string();
        let account = entries::escrow(&deployment);
        let in_all = one.held.checked_add(one.paid).and_then(Dec::trunc).unwrap_or(0);
        let booked = entries::balance(connection, &account, &UACT)?.saturating_add(entries::balance(
            connection,
            &entries::providers(&deployment),
            &UACT,
        )?);
        let more = whole(in_all)?.saturating_sub(booked);
        // Held and paid are cut to 18 digits each, so their sum may be one uact short.
        found.push(Difference { account, denom: UACT, more: if more == -1 { 0 } else { more } });
    }
    found.retain(|one| one.more != 0);
    Ok(found)
}

fn cluster_of(connection: &Connection, deployment: &str) -> Result<Option<String>, Fault> {
    let found = connection
        .prepare_cached("SELECT cluster FROM deployments WHERE id = ?1")?
        .query_row([deployment], |row| row.get(0))
        .optional()?;
    Ok(found)
}

fn foreign(one: &Difference) -> String {
    let Difference { account, denom, more } = one;
    if *more > 0 {
        format!("{more}{denom} came into {account} from outside")
    } else {
        format!("{}{denom} left {account}, and not through here; accepted", more.unsigned_abs())
    }
}

fn say(connection: &Connection, text: &str, one: &Difference) -> Result<(), Fault> {
    let data = json!({ "account": one.account, "denom": one.denom.as_str(), "more": one.more.to_string() });
    let kind = EventKind::Phase;
    records::add(connection, Record { kind, cluster: None, intent: None, text, data })?;
    Ok(())
}

/// Stops spending, once: the first time and the first figures stay until somebody looks into it.
fn stop(connection: &Connection, tip: &Tip, missing: &[Difference]) -> Result<Reconciled, Fault> {
    let each = |one: &Difference| format!("{}{} less in {}", one.more.unsigned_abs(), one.denom, one.account);
    let why = missing.iter().map(each).collect::<Vec<_>>().join(", ");
    let why = format!("the chain shows {why} than the books since block {}", tip.height);
    if let Some(before) = stopped(connection)? {
        return Ok(Reconciled::Less { why: before.why });
    }
    connection
        .execute("UPDATE wallet SET stopped_ms = ?1, stopped_why = ?2", params![Whole(tip.time_ms), why])?;
    for one in missing {
        let text = format!("spending stopped: {why}; `rayakash wallet claim` ends it");
        say(connection, &text, one)?;
    }
    Ok(Reconciled::Less { why })
}

fn go_on(connection: &Connection) -> Result<(), Fault> {
    if stopped(connection)?.is_some() {
        connection.execute("UPDATE wallet SET stopped_ms = NULL, stopped_why = NULL", [])?;
        let (kind, data) = (EventKind::Phase, json!({}));
        let text = "spending goes on: the books agree with the chain";
        records::add(connection, Record { kind, cluster: None, intent: None, text, data })?;
    }
    Ok(())
}
