//! What of a decision there is money for.

use rayakash_core::spec::Name;
use rayakash_core::view::View;
use rayakash_core::{Decision, Row, Waiting};

use crate::ports::{Unavailable, World};

/// Leaves out what caps, balance or fee reserve forbid beside all other clusters, and says so when nothing else is said: R4, or R14
/// for a top-up. It is told before anything is begun; the ledger asks again when an act is written down, and that answer counts.
pub(crate) async fn afford(
    world: &dyn World,
    name: &Name,
    decision: Decision,
    seen: &View,
) -> Result<Decision, Unavailable> {
    let Decision { row, acts, waiting } = decision;
    let mut left = Decision { row, acts: Vec::new(), waiting };
    let mut short = None;
    for act in acts {
        let refused = if act.spends() {
            world.ledger().afford(name, &act, &seen.tip, &seen.wallet).await?
        } else {
            None
        };
        match refused {
            None => left.acts.push(act),
            Some(why) => short = short.or(Some(why)),
        }
    }
    if let Some(why) = short
        && left.waiting.is_none()
        && left.acts.is_empty()
    {
        left.row = if row == Row(14) { row } else { Row(4) };
        left.waiting = Some(Waiting::from(why));
    }
    Ok(left)
}
