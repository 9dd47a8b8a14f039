//! The books beside the chain: each hour, and after each transaction and each close.

use std::sync::Arc;
use std::time::Duration;

use rayakash_engine::ports::Unavailable;
use rayakash_ledger::{EventKind, Ledger, LedgerError, Reconciled};

use crate::chain::ChainAdapter;

/// Without any occasion it is done this often.
const EVERY: Duration = Duration::from_secs(3_600);
/// After an occasion: what follows it comes together.
const SOON: Duration = Duration::from_secs(2);
/// When something is under way, or no node answers.
const AGAIN: Duration = Duration::from_secs(10);
/// So many events are read at once.
const PAGE: u32 = 200;

/// Compares for ever. It decides nothing: what is missing stops spending in the ledger, which every intent asks.
pub(crate) async fn run(chain: Arc<ChainAdapter>, ledger: Arc<Ledger>) {
    let mut newest = ledger.subscribe();
    let mut read = *newest.borrow_and_update();
    let mut due = std::pin::pin!(tokio::time::sleep(SOON));
    loop {
        tokio::select! {
            () = &mut due => due.set(tokio::time::sleep(compare(&chain, &ledger).await)),
            changed = newest.changed() => {
                if changed.is_err() {
                    return;
                }
                if moves_money(&ledger, &mut read).await.unwrap_or(true) {
                    due.set(tokio::time::sleep(SOON));
                }
            }
        }
    }
}

/// True when something behind a number moved money; the number moves on.
async fn moves_money(ledger: &Ledger, read: &mut u64) -> Result<bool, LedgerError> {
    let mut found = false;
    loop {
        let events = ledger.events(*read, None, PAGE).await?;
        let Some(last) = events.last() else { return Ok(found) };
        *read = last.seq;
        found |= events.iter().any(|event| matches!(event.kind, EventKind::Ended | EventKind::Finish));
    }
}

/// Compares once; gives how long to wait for the next time.
async fn compare(chain: &ChainAdapter, ledger: &Ledger) -> Duration {
    match try_compare(chain, ledger).await {
        Ok(Reconciled::Agrees) => EVERY,
        Ok(Reconciled::Later) => AGAIN,
        Ok(Reconciled::Less { why }) => {
            tracing::error!(why = %why, "spending stopped");
            EVERY
        }
        Err(unavailable) => {
            tracing::warn!(error = %unavailable, "the books cannot be compared");
            AGAIN
        }
    }
}

async fn try_compare(chain: &ChainAdapter, ledger: &Ledger) -> Result<Reconciled, Unavailable> {
    let open = ledger.unfinished().await?;
    // Without a key there is no wallet to compare.
    let Some(shown) = chain.shown(&open).await? else { return Ok(Reconciled::Agrees) };
    Ok(ledger.reconcile(&shown).await?)
}
