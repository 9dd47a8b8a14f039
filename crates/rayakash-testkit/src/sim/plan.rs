//! What happens in a simulation: drawn from its seed, and no more than a list, so that a shorter one can be tried.

use std::fmt;

use super::chance::Chance;
use super::fault::Fault;
use super::stage::PROVIDERS;

/// How many nodes the daemon is told of. One of them may lie at a time.
pub(crate) const NODES: usize = 3;
/// Every so-manieth seed has nothing but outages, which alone must never cost a cluster.
const OUTAGES: u64 = 10;
/// The first hour of such a seed is calm.
const CALM_MS: u64 = 3_600_000;
const MINUTE_MS: u64 = 60_000;
const HOUR_MS: u64 = 3_600_000;

/// A fault at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Strike {
    /// When, milliseconds from the begin.
    pub at_ms: u64,
    /// For how long.
    pub for_ms: u64,
    /// What.
    pub fault: Fault,
}

impl fmt::Display for Strike {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at {} s for {} s: {}", self.at_ms / 1_000, self.for_ms / 1_000, self.fault)
    }
}

/// What the user asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// The cluster, in a variant: another environment, another size; with consent to a restart.
    Up {
        /// Which environment.
        note: u64,
        /// How many GiB the head has.
        memory: u64,
    },
    /// No cluster any more.
    Down,
}

/// A wish at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// When, milliseconds from the begin.
    pub at_ms: u64,
    /// Which cluster.
    pub cluster: u64,
    /// What.
    pub ask: Ask,
}

/// A whole scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Where every other chance comes from.
    pub seed: u64,
    /// How long things go wrong.
    pub length_ms: u64,
    /// How many clusters there are.
    pub clusters: u64,
    /// What goes wrong.
    pub strikes: Vec<Strike>,
    /// What is asked for.
    pub asked: Vec<Asked>,
    /// Nothing but outages.
    pub outages_only: bool,
}

impl Plan {
    /// The plan of a seed for so many hours, always the same.
    pub fn of(seed: u64, hours: u64) -> Self {
        let chance = Chance::new(seed, "plan");
        let length_ms = hours.max(1).saturating_mul(HOUR_MS);
        let outages_only = seed % OUTAGES == OUTAGES - 1;
        let clusters = chance.between(1, 3);
        let count = hours.saturating_mul(chance.between(1, 4)).saturating_add(10);
        // What is promised holds against one node that lies: two that lie alike could outvote the third.
        let liar = node(&chance);
        let mut strikes = Vec::new();
        for _ in 0..count {
            let from = if outages_only { CALM_MS } else { 0 };
            let at_ms = chance.between(from, length_ms);
            let fault = if outages_only { outage(&chance) } else { any(&chance, liar) };
            add(&mut strikes, &chance, at_ms, fault);
        }
        strikes.sort_by_key(|strike| strike.at_ms);
        let asked = wishes(&chance, clusters, length_ms, outages_only);
        Self { seed, length_ms, clusters, strikes, asked, outages_only }
    }
}

fn wishes(chance: &Chance, clusters: u64, length_ms: u64, once: bool) -> Vec<Asked> {
    let mut asked = Vec::new();
    for cluster in 0..clusters {
        let mut at_ms = chance.between(0, if once { MINUTE_MS } else { HOUR_MS });
        let mut wanted = false;
        while at_ms < length_ms {
            let down = wanted && chance.permille(300);
            let up = Ask::Up { note: chance.between(0, 3), memory: chance.between(2, 3) };
            asked.push(Asked { at_ms, cluster, ask: if down { Ask::Down } else { up } });
            wanted = !down;
            if once {
                break;
            }
            at_ms = at_ms.saturating_add(chance.between(20 * MINUTE_MS, 8 * HOUR_MS));
        }
    }
    asked.sort_by_key(|asked| asked.at_ms);
    asked
}

/// A strike; a swizzle becomes many.
fn add(strikes: &mut Vec<Strike>, chance: &Chance, at_ms: u64, fault: Fault) {
    strikes.push(Strike { at_ms, for_ms: length(chance, &fault), fault });
    let Fault::Swizzle { from } = fault else { return };
    let mut victims: Vec<Fault> = (0..NODES).map(|node| Fault::RpcErrors { node, permille: 1_000 }).collect();
    victims.extend((0..PROVIDERS).map(|provider| Fault::ProviderDown { provider }));
    victims.push(Fault::DiskFull);
    let turn = usize::try_from(from).unwrap_or(0) % victims.len().max(1);
    victims.rotate_left(turn);
    victims.truncate(usize::try_from(chance.between(2, 6)).unwrap_or(2));
    for (place, fault) in (0_u64..).zip(victims) {
        let begins = at_ms.saturating_add(place.saturating_mul(20_000));
        let for_ms = chance.between(MINUTE_MS, 6 * MINUTE_MS);
        strikes.push(Strike { at_ms: begins, for_ms, fault });
    }
}

fn node(chance: &Chance) -> usize {
    usize::try_from(chance.between(0, 2)).unwrap_or(0)
}

fn outage(chance: &Chance) -> Fault {
    match chance.between(0, 3) {
        0 => Fault::Halt,
        1 => Fault::Latency { node: node(chance), most_ms: chance.between(500, 30_000) },
        2 => Fault::Lag { node: node(chance), blocks: chance.between(1, 50) },
        _ => Fault::RpcErrors { node: node(chance), permille: chance.between(100, 1_000) },
    }
}

fn any(chance: &Chance, liar: usize) -> Fault {
    let provider = usize::try_from(chance.between(0, 3)).unwrap_or(0);
    let node = node(chance);
    let permille = chance.between(100, 700);
    match chance.between(0, 31) {
        0 => Fault::RpcErrors { node, permille: chance.between(50, 1_000) },
        1 => Fault::Latency { node, most_ms: chance.between(500, 30_000) },
        2 => Fault::Lag { node, blocks: chance.between(1, 50) },
        3 => Fault::LiesSequence { node: liar },
        4 => Fault::LiesResult { node: liar },
        5 => Fault::LiesBalance { node: liar },
        6 => Fault::LiesPrice { node: liar },
        7 => Fault::TxDropped { permille },
        8 => Fault::TxLate { permille, blocks: chance.between(1, 30) },
        9 => Fault::AnswerLost { permille },
        10 => Fault::TooEarly { permille },
        11 => Fault::GasGrows { shown: chance.between(40, 95) },
        12 => Fault::BlockTime { ms: chance.between(3_000, 15_000) },
        13 => Fault::Halt,
        14 => Fault::ProviderDown { provider },
        15 => Fault::ProviderSilent { provider },
        16 => Fault::ProviderSlow { provider },
        17 => Fault::ProviderLies { provider },
        18 => Fault::ProviderCloses { provider },
        19 => Fault::ProviderReclaims { provider },
        20 => Fault::PriceChange { provider, permille: chance.between(300, 2_000) },
        21 => Fault::RayDies { provider },
        22..=24 => {
            Fault::Crash { effects: chance.between(1, 12), away_ms: chance.between(0, 20 * MINUTE_MS) }
        }
        25 => Fault::TornWrite { effects: chance.between(1, 12), away_ms: chance.between(0, 5 * MINUTE_MS) },
        26 => {
            let by = i64::try_from(chance.between(1, 7_200_000)).unwrap_or(1);
            Fault::ClockJump { by_ms: if chance.permille(500) { by } else { by.saturating_neg() } }
        }
        27 => Fault::DiskFull,
        28 => Fault::DiskError { writes: u32::try_from(chance.between(1, 4)).unwrap_or(1) },
        29 => Fault::ForeignSigner,
        30 => Fault::SecondDaemon,
        _ => Fault::Swizzle { from: chance.between(0, 7) },
    }
}

/// How long a fault lasts.
fn length(chance: &Chance, fault: &Fault) -> u64 {
    match fault {
        Fault::Halt if chance.permille(100) => chance.between(HOUR_MS, 12 * HOUR_MS),
        Fault::Halt => chance.between(MINUTE_MS, 30 * MINUTE_MS),
        Fault::ProviderCloses { .. } => chance.between(6_000, MINUTE_MS),
        Fault::ProviderLies { .. }
        | Fault::ProviderSlow { .. }
        | Fault::PriceChange { .. }
        | Fault::BlockTime { .. }
        | Fault::ClockJump { .. }
        | Fault::GasGrows { .. }
        | Fault::TxDropped { .. }
        | Fault::TxLate { .. }
        | Fault::AnswerLost { .. }
        | Fault::TooEarly { .. }
        | Fault::LiesSequence { .. }
        | Fault::LiesResult { .. }
        | Fault::LiesBalance { .. }
        | Fault::LiesPrice { .. }
        | Fault::SecondDaemon => chance.between(30 * MINUTE_MS, 3 * HOUR_MS),
        Fault::RpcErrors { .. }
        | Fault::Latency { .. }
        | Fault::Lag { .. }
        | Fault::ProviderDown { .. }
        | Fault::ProviderSilent { .. }
        | Fault::ProviderReclaims { .. }
        | Fault::RayDies { .. }
        | Fault::Crash { .. }
        | Fault::TornWrite { .. }
        | Fault::DiskFull
        | Fault::DiskError { .. }
        | Fault::ForeignSigner
        | Fault::Swizzle { .. } => chance.between(MINUTE_MS, 30 * MINUTE_MS),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_always_the_same_plan_and_every_kind_has_its_turn() {
        assert_eq!(Plan::of(5, 24), Plan::of(5, 24));
        assert_ne!(Plan::of(5, 24), Plan::of(6, 24));
        let kinds: std::collections::BTreeSet<usize> =
            (0..20).flat_map(|seed| Plan::of(seed, 24).strikes).map(|strike| strike.fault.kind()).collect();
        assert_eq!(kinds.len(), 30);
    }

    #[test]
    fn one_node_lies_in_a_seed_and_another_in_the_next() {
        let liars = |plan: Plan| -> std::collections::BTreeSet<usize> {
            let liar = |strike: Strike| {
                let (Fault::LiesSequence { node }
                | Fault::LiesResult { node }
                | Fault::LiesBalance { node }
                | Fault::LiesPrice { node }) = strike.fault
                else {
                    return None;
                };
                Some(node)
            };
            plan.strikes.into_iter().filter_map(liar).collect()
        };
        let all: Vec<_> = (0..60).map(|seed| liars(Plan::of(seed, 24))).collect();
        assert!(all.iter().all(|liars| liars.len() <= 1));
        assert_eq!(all.into_iter().flatten().collect::<std::collections::BTreeSet<_>>().len(), NODES);
    }

    #[test]
    fn only_one_in_ten_has_outages_only_and_those_begin_calm() {
        let plans: Vec<Plan> = (0..20).map(|seed| Plan::of(seed, 24)).collect();
        assert_eq!(plans.iter().filter(|plan| plan.outages_only).count(), 2);
        let calm = |plan: &Plan| plan.strikes.iter().all(|strike| strike.at_ms >= CALM_MS);
        assert!(plans.iter().filter(|plan| plan.outages_only).all(calm));
    }
}
