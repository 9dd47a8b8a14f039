//! Whether an end that one endpoint shows is believed.

use akash_types::Height;

use super::{Rules, Step, Witnesses};
use crate::End;

/// What another endpoint shows of the same attempts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Witness {
    /// It did not answer.
    Silent,
    /// What would follow if it alone were asked, and its newest height.
    Shows(Height, Step),
}

/// Why an end is not believed yet; `None`: it is. `ends` is what [`Step::End`] of the first endpoint says; there are `others`, unless it is the
/// only one.
///
/// A death sets the intent free for another attempt, so a second endpoint has to see it too, by itself. What happened in a block sets
/// nothing free: there it is enough that nobody who has the block contradicts.
pub fn believed(
    rules: &Rules,
    ends: &[(akash_wallet::TxHash, End)],
    others: &[Witness],
) -> Option<&'static str> {
    if rules.witnesses == Witnesses::One || others.is_empty() {
        return None;
    }
    let happened = ends.iter().find_map(|(hash, end)| match end {
        End::Landed { height, .. } | End::Failed { height: Some(height), .. } => Some((hash, *height)),
        End::Failed { height: None, .. } | End::Dead { .. } => None,
    });
    let Some((hash, height)) = happened else {
        let dead = others
            .iter()
            .any(|other| matches!(other, Witness::Shows(_, Step::End(theirs)) if all_dead(theirs)));
        return (!dead).then_some("one endpoint shows that it is dead, and no other agrees");
    };
    let mut contradicted = false;
    for other in others {
        let Witness::Shows(seen, step) = other else { continue };
        match step {
            Step::End(theirs) if theirs.iter().any(|(h, end)| h == hash && !end.is_dead()) => return None,
            // It does not have that block yet.
            Step::Wait(_) | Step::Broadcast | Step::Replace | Step::Scan if *seen < height => {}
            Step::End(_) | Step::Wait(_) | Step::Broadcast | Step::Replace | Step::Scan => {
                contradicted = true;
            }
        }
    }
    contradicted.then_some("one endpoint shows it in a block, and another that has the block does not")
}

fn all_dead(ends: &[(akash_wallet::TxHash, End)]) -> bool {
    ends.iter().all(|(_, end)| end.is_dead())
}
