//! Somebody answers for what a key did beside this ledger.

use rayakash_core::spec::Name;
use rayakash_engine::ports::Unavailable;
use rayakash_ledger::Ledger;

use crate::chain::ChainAdapter;
use crate::survey::Survey;

/// Takes all that the key did by now for explained, and what is missing for spent by others, so that spending goes on. False: there is
/// no key.
pub(crate) async fn claim(chain: &ChainAdapter, ledger: &Ledger) -> Result<bool, Unavailable> {
    let Some(survey) = Survey::of(chain, ledger).await? else { return Ok(false) };
    // Whoever paid in what is there: caps count it from now on.
    for seen in &survey.seen {
        if let Some(held) = &seen.held {
            let name: Name = held.cluster.parse().map_err(|error| Unavailable {
                what: "the ledger".to_owned(),
                why: format!("`{}` is not a name: {error}", held.cluster),
            })?;
            ledger.adopt(&name, &seen.found(&survey.tip), &survey.tip, false).await?;
        }
    }
    let (sequence, height) = (survey.sequence, survey.tip.height);
    ledger.claim(&survey.owner, sequence, height, "claimed").await?;
    accept(chain, ledger).await?;
    tracing::info!(sequence, height = height.0, "the key was claimed");
    Ok(true)
}

/// From now on the books are what the chain shows; what is less there than in them is booked as foreign.
pub(crate) async fn accept(chain: &ChainAdapter, ledger: &Ledger) -> Result<(), Unavailable> {
    let open = ledger.unfinished().await?;
    if let Some(shown) = chain.shown(&open).await? {
        ledger.accept_difference(&shown).await?;
    }
    Ok(())
}
