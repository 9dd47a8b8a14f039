//! One act: write it down, do it, write down what became of it.

use rayakash_core::Act;
use rayakash_core::reserve::Short;
use rayakash_core::view::Tip;

use crate::facts::Intent;
use crate::look::Placing;
use crate::ports::{Gate, Intended, Outcome, Unavailable};
use crate::step::Tended;

/// Whether an act was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CarriedOut {
    Done,
    NotDone,
    /// Nobody knows: whatever else was decided must wait.
    InDoubt,
    /// It could not be written down, so it was not done: a full disk, or a wish that is gone.
    NotRecorded(Unavailable),
    /// There is no money for it, so it was not done.
    Short(Short),
}

pub(crate) async fn carry_out(
    of: &Tended<'_>,
    act: &Act,
    seen: &Placing,
    tip: &Tip,
) -> Result<CarriedOut, Unavailable> {
    if matches!(act, Act::DropWish { .. } | Act::Avoid { .. } | Act::Finish { .. }) {
        of.world.ledger().enter(of.name, act, tip).await?;
        return Ok(CarriedOut::Done);
    }
    let id = match of.world.ledger().intend(of.name, act, tip, &seen.view.wallet).await {
        Ok(Intended::Written(id)) => id,
        Ok(Intended::Short(short)) => return Ok(CarriedOut::Short(short)),
        Err(unavailable) => return Ok(CarriedOut::NotRecorded(unavailable)),
    };
    let intent = Intent::of(id, of.name.as_str(), act);
    tracing::info!(cluster = %of.name, act = act.name(), intent = %intent.id, "carrying out");
    let outcome = perform(of, &intent.id, act, seen).await;
    let carried_out = match outcome {
        Outcome::Done(_) => CarriedOut::Done,
        Outcome::Refused { .. } | Outcome::NotStarted { .. } => CarriedOut::NotDone,
        Outcome::InDoubt { .. } => CarriedOut::InDoubt,
    };
    if let Outcome::Refused { why, .. } | Outcome::NotStarted { why } | Outcome::InDoubt { why, .. } =
        &outcome
    {
        tracing::warn!(cluster = %of.name, act = act.name(), intent = %intent.id, why = %why, "not done");
    }
    // The record of an outcome says why, for people too.
    of.world.ledger().settle(&intent, &outcome, &settled_at(tip, &outcome)).await?;
    Ok(carried_out)
}

async fn perform(of: &Tended<'_>, intent: &str, act: &Act, seen: &Placing) -> Outcome {
    match act {
        Act::SendManifest { lease, version } => {
            let host = seen.of(lease).map(|near| near.host_uri.clone()).unwrap_or_default();
            of.world.providers().send_manifest(of.name, lease, &host, *version).await
        }
        Act::DrainJobs { lease } => drain(of, lease, seen).await,
        Act::OpenDeployment { .. }
        | Act::AcceptBid { .. }
        | Act::UpdateDeployment { .. }
        | Act::TopUp { .. }
        | Act::CloseDeployment { .. } => of.world.chain().perform(intent, act).await,
        // Entered in the ledger before this is reached.
        Act::DropWish { .. } | Act::Avoid { .. } | Act::Finish { .. } => {
            Outcome::NotStarted { why: "nothing to perform".to_owned() }
        }
    }
}

async fn drain(of: &Tended<'_>, lease: &akash_types::LeaseId, seen: &Placing) -> Outcome {
    let nothing = Outcome::NotStarted { why: "the gate's address is not known".to_owned() };
    let Some(address) = seen.of(lease).and_then(|near| near.gate.as_ref()) else { return nothing };
    let expected = std::collections::BTreeMap::new();
    of.world.head().drain(&Gate { cluster: of.name, lease, address, expected: &expected, revision: "" }).await
}

/// The look's block, or that of the transaction when it is later.
fn settled_at(tip: &Tip, outcome: &Outcome) -> Tip {
    let height = match outcome {
        Outcome::Done(receipt) | Outcome::Refused { receipt, .. } => receipt.height,
        Outcome::NotStarted { .. } | Outcome::InDoubt { .. } => None,
    };
    let later = height.filter(|height| *height > tip.height);
    later.map_or(*tip, |height| Tip {
        time_ms: tip.time_ms.saturating_add(height.since(tip.height).saturating_mul(tip.block_ms)),
        height,
        ..*tip
    })
}
