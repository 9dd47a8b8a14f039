//! What there is money for: all that is spent or spoken for, summed in the transaction that asks.

use rayakash_core::Act;
use rayakash_core::reserve::{Limits, Purse, Short, Spoken};
use rayakash_core::view::{Tip, Wallet};
use rayakash_engine::facts::Stopped;
use rusqlite::{Connection, named_params, params};

use crate::column::Whole;
use crate::error::{Fault, LedgerError};
use crate::ledger::ReadWish;
use crate::records::{self, EventKind, Record};
use crate::{Ledger, reconcile, wishes};

/// A day of chain time.
const DAY_MS: u64 = 86_400_000;

/// What the wallet may spend, and what of it is spent or spoken for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Funds {
    /// The limits that hold: of the configuration and of what was set, the smaller.
    pub limits: Limits,
    /// What is spent or spoken for, all clusters together.
    pub spoken: Spoken,
    /// What was set beside the configuration, uact per day.
    pub set_per_day: Option<u128>,
    /// All spending is stopped by the user.
    pub paused: bool,
    /// Spending is stopped because the chain shows less than the books.
    pub stopped: Option<Stopped>,
}

/// Who asks, and by which look.
pub(crate) struct Asking<'a> {
    pub(crate) cluster: &'a str,
    pub(crate) act: &'a Act,
    pub(crate) tip: &'a Tip,
    pub(crate) wallet: &'a Wallet,
}

/// Whether there is money for an act.
pub(crate) fn cover(
    connection: &Connection,
    asking: &Asking<'_>,
    configured: &Limits,
    read_wish: &ReadWish,
) -> Result<Option<Short>, Fault> {
    let Asking { cluster, act, tip, wallet } = asking;
    if !act.spends() {
        return Ok(None);
    }
    // A file is read anew only where its cap counts.
    let max_total = if act.deposit() > 0 {
        wishes::read(connection, cluster, read_wish)?.and_then(|wish| wish.cluster.budget.max_total)
    } else {
        None
    };
    let purse = Purse {
        uact: wallet.uact,
        uakt: wallet.uakt,
        max_total,
        limits: limits(connection, configured)?,
        spoken: spoken(connection, cluster, tip)?,
    };
    Ok(purse.cover(act).err())
}

/// The configured limits, and the smaller cap per day where one was set.
fn limits(connection: &Connection, configured: &Limits) -> Result<Limits, Fault> {
    let caps = [configured.max_per_day, set_per_day(connection)?];
    Ok(Limits { max_per_day: caps.into_iter().flatten().min(), ..*configured })
}

fn set_per_day(connection: &Connection) -> Result<Option<u128>, Fault> {
    let set = connection
        .query_row("SELECT max_per_day FROM wallet", [], |row| row.get::<_, Option<Whole<u128>>>(0))?;
    Ok(set.map(|cap| cap.0))
}

const SPOKEN: &str = "
    SELECT
        (SELECT coalesce(sum(amount), 0) FROM intents WHERE outcome IS NULL AND amount IS NOT NULL) AS promised,
        (SELECT coalesce(sum(amount), 0) FROM intents
            WHERE outcome = 'done' AND amount IS NOT NULL AND settled_ms > :day AND settled_at > :height) AS landed,
        (SELECT coalesce(sum(amount), 0) FROM intents
            WHERE outcome = 'done' AND amount IS NOT NULL AND settled_ms > :day) AS today,
        (SELECT coalesce(sum(amount), 0) FROM intents
            WHERE cluster = :cluster AND outcome IS NULL AND amount IS NOT NULL) AS begun,
        (SELECT coalesce(sum(coalesce(CAST(cost AS INTEGER), deposited)), 0) FROM deployments WHERE cluster = :cluster) AS cluster,
        (SELECT count(*) FROM deployments WHERE cost IS NULL)
            + (SELECT count(*) FROM intents WHERE outcome IS NULL AND amount IS NOT NULL AND opens IS NOT NULL) AS open,
        (SELECT coalesce(sum(CAST(fee AS INTEGER)), 0) FROM attempts WHERE ended IS NULL AND fee LIKE '%uakt') AS offered,
        (SELECT coalesce(sum(amount), 0) FROM entries
            WHERE account = 'fees' AND time_ms > :day AND height > :height AND denom = 'uakt') AS taken,
        (SELECT coalesce(sum(amount), 0) FROM entries
            WHERE account = 'fees' AND time_ms > :day AND denom = 'uakt') AS fees_today,
        (SELECT dearest_close FROM wallet) AS dearest_close";

/// All sums as of a look.
fn spoken(connection: &Connection, cluster: &str, tip: &Tip) -> Result<Spoken, Fault> {
    let mut rows = connection.prepare_cached(SPOKEN)?;
    let given = named_params! {
        ":cluster": cluster,
        ":height": Whole(tip.height.0),
        ":day": Whole(tip.time_ms.saturating_sub(DAY_MS)),
    };
    let spoken = rows.query_row(given, |row| {
        let sum = |column: &str| row.get::<_, Whole<u128>>(column).map(|sum| sum.0);
        let (promised, offered) = (sum("promised")?, sum("offered")?);
        Ok(Spoken {
            promised: promised.saturating_add(sum("landed")?),
            cluster: sum("cluster")?.saturating_add(sum("begun")?),
            today: sum("today")?.saturating_add(promised),
            open: row.get::<_, Whole<u64>>("open")?.0,
            fees_promised: offered.saturating_add(sum("taken")?),
            fees_today: sum("fees_today")?.saturating_add(offered),
            dearest_close: row.get::<_, Option<Whole<u128>>>("dearest_close")?.map(|fee| fee.0),
        })
    })?;
    Ok(spoken)
}

impl Ledger {
    /// What the wallet may spend and what of it is spoken for, as of a block.
    pub async fn funds(&self, tip: &Tip) -> Result<Funds, LedgerError> {
        let (tip, configured) = (*tip, self.limits);
        self.store
            .read("sum up the wallet", move |tx| {
                Ok(Funds {
                    limits: limits(tx, &configured)?,
                    spoken: spoken(tx, "", &tip)?,
                    set_per_day: set_per_day(tx)?,
                    paused: wishes::paused(tx)?,
                    stopped: reconcile::stopped(tx)?,
                })
            })
            .await
    }

    /// Sets the most that all clusters together may deposit in a day of chain time, uact; none: no limit but the configured one.
    pub async fn set_max_per_day(&self, cap: Option<u128>) -> Result<(), LedgerError> {
        self.store
            .write("set the cap per day", move |tx| {
                let was = set_per_day(tx)?;
                if was != cap {
                    tx.execute("UPDATE wallet SET max_per_day = ?1", params![cap.map(Whole)])?;
                    let text = cap.map_or_else(
                        || "the cap per day is no longer set".to_owned(),
                        |cap| format!("the cap per day is {cap}uact"),
                    );
                    let data = serde_json::json!({ "max_per_day": cap.map(|cap| cap.to_string()) });
                    let kind = EventKind::Phase;
                    records::add(tx, Record { kind, cluster: None, intent: None, text: &text, data })?;
                }
                Ok(())
            })
            .await
    }
}
