//! Double entry: every movement of money is a posting, whose lines sum to zero for each denomination.
//!
//! A posting is written in the transaction of the fact that it books, and its name says which fact that is, so that nothing is booked
//! twice. Accounts: `wallet`, `escrow/DEPLOYMENT`, `providers/DEPLOYMENT`, `fees`, `foreign` (what others put in or took out),
//! `opening` (what there was when the books began).

use std::collections::BTreeMap;

use akash_types::{Coin, Denom, Height, UACT, UAKT};
use rayakash_core::view::{Tip, Wallet};
use rusqlite::{Connection, OptionalExtension as _, named_params, params};

use crate::column::Whole;
use crate::error::Fault;

/// The account of what can be spent.
pub(crate) const WALLET: &str = "wallet";
/// The account of what transactions took.
pub(crate) const FEES: &str = "fees";
/// The account of what others put in, or took out.
pub(crate) const FOREIGN: &str = "foreign";
/// The account that the books began from.
const OPENING: &str = "opening";

/// Where and when a posting belongs.
#[derive(Clone, Copy, Default)]
pub(crate) struct Origin<'a> {
    pub(crate) cluster: Option<&'a str>,
    pub(crate) height: u64,
    pub(crate) time_ms: u64,
    pub(crate) tx: Option<&'a str>,
    pub(crate) intent: Option<&'a str>,
}

impl Origin<'_> {
    /// A fact of a look, which belongs to no cluster.
    pub(crate) const fn of(tip: &Tip) -> Self {
        Self { cluster: None, height: tip.height.0, time_ms: tip.time_ms, tx: None, intent: None }
    }
}

/// A line: account, denomination, signed amount.
pub(crate) type Line<'a> = (&'a str, Denom, i128);

/// Adds a posting; one that is in the books already is left as it is. False: it was there, or all its lines are nothing.
pub(crate) fn post(
    connection: &Connection,
    posting: &str,
    origin: &Origin<'_>,
    lines: &[Line<'_>],
) -> Result<bool, Fault> {
    let mut sums: BTreeMap<&str, i128> = BTreeMap::new();
    for (_, denom, amount) in lines {
        let sum = sums.entry(denom.as_str()).or_default();
        *sum = sum.checked_add(*amount).ok_or_else(|| unbalanced(posting))?;
    }
    if sums.values().any(|sum| *sum != 0) {
        return Err(unbalanced(posting));
    }
    let known = connection.prepare_cached("SELECT 1 FROM entries WHERE posting = ?1")?.exists([posting])?;
    let lines = lines.iter().filter(|(_, _, amount)| *amount != 0);
    let mut added = false;
    for (account, denom, amount) in lines.filter(|_| !known) {
        connection
            .prepare_cached(
                "INSERT INTO entries (posting, account, denom, amount, cluster, height, time_ms, tx, intent)
                 VALUES (:posting, :account, :denom, :amount, :cluster, :height, :time_ms, :tx, :intent)",
            )?
            .execute(named_params! {
                ":posting": posting,
                ":account": account,
                ":denom": denom.as_str(),
                ":amount": Whole(*amount),
                ":cluster": origin.cluster,
                ":height": Whole(origin.height),
                ":time_ms": Whole(origin.time_ms),
                ":tx": origin.tx,
                ":intent": origin.intent,
            })?;
        added = true;
    }
    Ok(added)
}

fn unbalanced(posting: &str) -> Fault {
    Fault::refused(format!("posting {posting} does not sum to zero"))
}

/// What stands in an account.
pub(crate) fn balance(connection: &Connection, account: &str, denom: &Denom) -> Result<i128, Fault> {
    let sum = connection
        .prepare_cached("SELECT coalesce(sum(amount), 0) FROM entries WHERE account = ?1 AND denom = ?2")?
        .query_row(params![account, denom.as_str()], |row| row.get::<_, Whole<i128>>(0))?;
    Ok(sum.0)
}

/// The account of a deployment's escrow.
pub(crate) fn escrow(deployment: &str) -> String {
    format!("escrow/{deployment}")
}

/// The account of what a deployment's provider earned.
pub(crate) fn providers(deployment: &str) -> String {
    format!("providers/{deployment}")
}

/// Where the books of a wallet begin: at the look before its first act. Nothing else is under way then.
pub(crate) fn open(connection: &Connection, wallet: &Wallet, tip: &Tip) -> Result<(), Fault> {
    let posting = format!("opening/{}", wallet.owner);
    let known = connection.prepare_cached("SELECT 1 FROM entries WHERE posting = ?1")?.exists([&posting])?;
    if known {
        return Ok(());
    }
    let seen = |amount: u128, denom: &Denom| -> Result<i128, Fault> {
        let amount = i128::try_from(amount).map_err(|_| unbalanced(&posting))?;
        Ok(amount.saturating_sub(balance(connection, WALLET, denom)?))
    };
    let (uact, uakt) = (seen(wallet.uact, &UACT)?, seen(wallet.uakt, &UAKT)?);
    let lines = [(WALLET, UACT, uact), (OPENING, UACT, -uact), (WALLET, UAKT, uakt), (OPENING, UAKT, -uakt)];
    post(connection, &posting, &Origin::of(tip), &lines)?;
    Ok(())
}

/// What of an intent its postings need.
struct Booked {
    cluster: String,
    deployment: String,
    amount: Option<i128>,
    height: u64,
    time_ms: u64,
}

/// The header time of a block is counted from the intent's look, by the pace of then.
fn booked(connection: &Connection, intent: &str, at: Option<Height>) -> Result<Option<Booked>, Fault> {
    let found = connection
        .prepare_cached(
            "SELECT cluster, deployment, amount, coalesce(?2, decided_at) AS height,
                    max(0, coalesce(decided_ms, 0) + (coalesce(?2, decided_at) - decided_at) * coalesce(block_ms, 0)) AS time_ms
             FROM intents WHERE id = ?1",
        )?
        .query_row(params![intent, at.map(|height| Whole(height.0))], |row| {
            Ok(Booked {
                cluster: row.get("cluster")?,
                deployment: row.get("deployment")?,
                amount: row.get::<_, Option<Whole<i128>>>("amount")?.map(|amount| amount.0),
                height: row.get::<_, Whole<u64>>("height")?.0,
                time_ms: row.get::<_, Whole<u64>>("time_ms")?.0,
            })
        })
        .optional()?;
    Ok(found)
}

/// Books the fee that entered the books as number `seq`.
pub(crate) fn fee(
    connection: &Connection,
    seq: i64,
    (intent, tx): (&str, Option<&str>),
    fee: &Coin,
    at: Option<Height>,
) -> Result<(), Fault> {
    let Some(booked) = booked(connection, intent, at)? else { return Ok(()) };
    let amount = i128::try_from(fee.amount).map_err(|_| unbalanced("fee"))?;
    let Booked { cluster, height, time_ms, .. } = &booked;
    let (cluster, intent) = (Some(cluster.as_str()), Some(intent));
    let origin = Origin { cluster, height: *height, time_ms: *time_ms, tx, intent };
    let lines = [(WALLET, fee.denom.clone(), -amount), (FEES, fee.denom.clone(), amount)];
    post(connection, &format!("fee/{seq}"), &origin, &lines)?;
    Ok(())
}

/// Books what an intent put into an escrow, once: when its transaction landed, or when it is settled without one.
pub(crate) fn deposit(
    connection: &Connection,
    intent: &str,
    tx: Option<&str>,
    at: Option<Height>,
) -> Result<(), Fault> {
    let Some(booked) = booked(connection, intent, at)? else { return Ok(()) };
    let Booked { cluster, deployment, amount, height, time_ms } = &booked;
    let Some(amount) = *amount else { return Ok(()) };
    let origin =
        Origin { cluster: Some(cluster), height: *height, time_ms: *time_ms, tx, intent: Some(intent) };
    let escrow = escrow(deployment);
    let lines = [(WALLET, UACT, -amount), (escrow.as_str(), UACT, amount)];
    post(connection, &format!("deposit/{intent}"), &origin, &lines)?;
    Ok(())
}

/// Books what a provider earned by now, in all; what is booked already is not booked again.
pub(crate) fn earned(
    connection: &Connection,
    deployment: &str,
    (origin, posting): (&Origin<'_>, &str),
    in_all: u128,
) -> Result<(), Fault> {
    let (escrow, providers) = (escrow(deployment), providers(deployment));
    let in_all = i128::try_from(in_all).map_err(|_| unbalanced(posting))?;
    let more = in_all.saturating_sub(balance(connection, &providers, &UACT)?);
    if more > 0 {
        let lines = [(escrow.as_str(), UACT, -more), (providers.as_str(), UACT, more)];
        post(connection, posting, origin, &lines)?;
    }
    Ok(())
}

/// Books a deployment that the chain shows and the books lack, or have less in: whoever paid it in did so before the books knew.
pub(crate) fn adopt(
    connection: &Connection,
    deployment: &str,
    origin: &Origin<'_>,
    in_all: u128,
) -> Result<(), Fault> {
    let posting = format!("adopt/{}/{deployment}", origin.height);
    let escrow = escrow(deployment);
    let in_all = i128::try_from(in_all).map_err(|_| unbalanced(&posting))?;
    let booked = balance(connection, &escrow, &UACT)?.saturating_add(balance(
        connection,
        &providers(deployment),
        &UACT,
    )?);
    let more = in_all.saturating_sub(booked);
    post(connection, &posting, origin, &[(escrow.as_str(), UACT, more), (OPENING, UACT, -more)])?;
    Ok(())
}

/// Books the end of a deployment: its cost is the provider's, the refund the wallet's. What strangers put into its escrow goes back to them.
pub(crate) fn end(
    connection: &Connection,
    deployment: &str,
    origin: &Origin<'_>,
    (refund, cost): (&Coin, &Coin),
) -> Result<(), Fault> {
    let (escrow, providers) = (escrow(deployment), providers(deployment));
    let posting = format!("end/{deployment}");
    let whole = |coin: &Coin| i128::try_from(coin.amount).map_err(|_| unbalanced(&posting));
    let held = balance(connection, &escrow, &UACT)?;
    let (refund, earned) =
        (whole(refund)?, whole(cost)?.saturating_sub(balance(connection, &providers, &UACT)?));
    let strange = held.saturating_sub(refund).saturating_sub(earned);
    let lines = [
        (WALLET, UACT, refund),
        (providers.as_str(), UACT, earned),
        (FOREIGN, UACT, strange),
        (escrow.as_str(), UACT, -held),
    ];
    post(connection, &posting, origin, &lines)?;
    Ok(())
}
