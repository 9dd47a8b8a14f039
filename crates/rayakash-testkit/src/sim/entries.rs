//! Every account of a ledger's double entry against the chain's own books, to the micro-unit.

use std::collections::BTreeMap;
use std::path::Path;

use akash_sandbox::market::State;
use akash_types::escrow::AccountId;
use akash_types::{Dec, DeploymentId, UACT, UAKT};
use akash_wallet::TxHash;
use rusqlite::{Connection, OpenFlags};

use super::stage::Stage;
use crate::Error;

/// What stands in an account of a denomination.
type Accounts = BTreeMap<(String, String), i128>;

/// Looks at the books of one daemon. `alone`: nobody else used the key, so that nothing is foreign and what there was at the beginning
/// is where the books began: uact and uakt.
pub(crate) fn check(stage: &Stage, ledger: &Path, alone: Option<(u128, u128)>) -> Result<(), Error> {
    let file = Connection::open_with_flags(ledger, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let accounts = accounts(&file)?;
    let state = stage.node.state();
    let mut expected = escrows(&file, &state)?;
    let me = stage.tenant.address();
    let at = |account: &str, denom: &str| (account.to_owned(), denom.to_owned());
    for denom in [UACT, UAKT] {
        expected.insert(at("wallet", denom.as_str()), whole(state.balance(me, &denom)));
    }
    expected.insert(at("fees", "uakt"), fees(stage, &file)?);
    if let Some((uact, uakt)) = alone {
        expected.insert(at("opening", "uact"), whole(uact).saturating_neg());
        expected.insert(at("opening", "uakt"), whole(uakt).saturating_neg());
        expected.insert(at("foreign", "uact"), 0);
        expected.insert(at("foreign", "uakt"), 0);
    }
    for (place, chain) in &expected {
        let books = accounts.get(place).copied().unwrap_or(0);
        if books != *chain {
            let (account, denom) = place;
            stage.violated(format!("G6: {books}{denom} stand in {account}, and the chain has {chain}"));
        }
    }
    let extra = accounts.iter().filter(|(place, amount)| {
        let (account, _) = place;
        **amount != 0 && !expected.contains_key(*place) && !matches!(account.as_str(), "opening" | "foreign")
    });
    for ((account, denom), amount) in extra {
        stage.violated(format!("G6: {amount}{denom} stand in {account}, of which the chain knows nothing"));
    }
    Ok(())
}

fn accounts(file: &Connection) -> Result<Accounts, Error> {
    let mut rows = file.prepare("SELECT account, denom, sum(amount) FROM entries GROUP BY account, denom")?;
    let all =
        rows.query_map([], |row| Ok(((row.get(0)?, row.get(1)?), i128::from(row.get::<_, i64>(2)?))))?;
    Ok(all.collect::<Result<_, _>>()?)
}

/// Every escrow is empty, and its provider has what left it for good: what is paid out is cut to whole micro-units, so the last begun
/// one is spent too.
fn escrows(file: &Connection, state: &State) -> Result<Accounts, Error> {
    let mut rows = file.prepare("SELECT id FROM deployments")?;
    let ids = rows.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
    let known: BTreeMap<String, &DeploymentId> =
        state.deployments.iter().map(|(id, _)| (id.to_string(), id)).collect();
    let mut expected = Accounts::new();
    for id in ids {
        let account = known.get(&id).and_then(|id| state.escrow_account(&AccountId::of_deployment(id)));
        let paid = account.and_then(|account| account.transferred.iter().find(|coin| coin.denom == UACT));
        let paid = paid.map_or(Dec::ZERO, |coin| coin.amount);
        expected.insert((format!("escrow/{id}"), "uact".to_owned()), 0);
        expected.insert((format!("providers/{id}"), "uact".to_owned()), whole(paid.ceil().unwrap_or(0)));
    }
    Ok(expected)
}

/// What the chain took for the transactions of this ledger.
fn fees(stage: &Stage, file: &Connection) -> Result<i128, Error> {
    let mut rows = file.prepare("SELECT hash FROM attempts")?;
    let hashes = rows.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
    let mut sum: u128 = 0;
    for hash in hashes.iter().filter_map(|hash| hash.parse::<TxHash>().ok()) {
        let Some((block, place)) = stage.node.tx(&hash) else { continue };
        let Some(delivered) = block.txs.get(place) else { continue };
        let paid = delivered.outcome.fee.iter().filter(|coin| coin.denom == UAKT);
        sum = paid.map(|coin| coin.amount).fold(sum, u128::saturating_add);
    }
    Ok(whole(sum))
}

fn whole(amount: u128) -> i128 {
    i128::try_from(amount).unwrap_or(i128::MAX)
}
