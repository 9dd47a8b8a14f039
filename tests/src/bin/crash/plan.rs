//! When a seed kills.

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

/// The kinds of records that must each be the last one before a kill.
pub(crate) const KINDS: [&str; 5] = ["intent", "attempt", "broadcast", "settled", "manifest"];

/// Six seeds have one kind of moment each.
const SHARES: u64 = 6;

/// When to kill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// While this is the newest record: its `nth` of this kind.
    At { kind: &'static str, nth: u64 },
    /// So many milliseconds after the first record of this kind.
    After { kind: &'static str, ms: u64 },
    /// So many milliseconds after the wish was written or withdrawn.
    Random { ms: u64 },
}

/// What a seed does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) up: Moment,
    pub(crate) down: Moment,
    /// `down` is asked for while the manifest is on its way, so that its record can be the last one of a `down`.
    pub(crate) early: bool,
    /// Kill the daemon once more, so many milliseconds after it was started again.
    pub(crate) again_ms: Option<u64>,
}

impl Plan {
    /// The plan of a seed, always the same.
    pub(crate) fn of(seed: u64) -> Self {
        let mut chance = StdRng::seed_from_u64(seed);
        let share = seed % SHARES;
        let nth = chance.gen_range(1..=2);
        let anything = |chance: &mut StdRng, kinds: &[&'static str], most: u64| {
            let kind = kinds.get(chance.gen_range(0..kinds.len())).copied().unwrap_or("intent");
            if chance.gen_bool(0.5) {
                Moment::After { kind, ms: chance.gen_range(0..=50) }
            } else {
                Moment::Random { ms: chance.gen_range(0..most) }
            }
        };
        let up = match share {
            // Before the manifest, which an early `down` then meets.
            0 => Moment::At { kind: "intent", nth },
            1 => Moment::At { kind: "attempt", nth },
            2 => Moment::At { kind: "broadcast", nth },
            3 => Moment::At { kind: "settled", nth },
            4 => Moment::At { kind: "manifest", nth: 1 },
            _ => anything(&mut chance, &KINDS, 8_000),
        };
        let down = match share {
            0 => Moment::At { kind: "manifest", nth: 1 },
            1 => Moment::At { kind: "intent", nth: 1 },
            2 => Moment::At { kind: "attempt", nth: 1 },
            3 => Moment::At { kind: "broadcast", nth: 1 },
            4 => Moment::At { kind: "settled", nth: 1 },
            _ => anything(&mut chance, &["intent", "attempt", "broadcast", "settled"], 800),
        };
        let again_ms = chance.gen_bool(0.5).then(|| chance.gen_range(0..400));
        Self { up, down, early: share == 0, again_ms }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn six_seeds_aim_at_every_kind_in_up_and_in_down() {
        for first in [0, 7, 100] {
            let plans: Vec<Plan> = (first..first + SHARES).map(Plan::of).collect();
            let kinds = |moment: fn(&Plan) -> Moment| -> BTreeSet<&str> {
                let at = |plan| match moment(plan) {
                    Moment::At { kind, .. } => Some(kind),
                    Moment::After { .. } | Moment::Random { .. } => None,
                };
                plans.iter().filter_map(at).collect()
            };
            assert_eq!(kinds(|plan| plan.up), BTreeSet::from(KINDS));
            assert_eq!(kinds(|plan| plan.down), BTreeSet::from(KINDS));
        }
    }

    #[test]
    fn a_seed_is_always_the_same() {
        assert_eq!(Plan::of(5), Plan::of(5));
        assert_ne!(Plan::of(5).up, Plan::of(11).up);
    }
}
