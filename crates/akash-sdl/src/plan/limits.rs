//! The chain's limits on groups; a transaction that breaks one is refused.

use akash_types::{Dec, DecCoin, ResourceUnit, Resources};

use super::Group;
use crate::error::{Found, Problem};

const MIB: u64 = 1 << 20;
const TIB: u64 = 1 << 40;

/// Totals are not looked at where a service is missing (`partial`) or a unit is outside its own limits.
pub(super) fn check(groups: &[Group<'_>], partial: bool, found: &Found) {
    let denom = groups.iter().flat_map(|group| &group.spec.units).map(|unit| &unit.price.denom).next();
    for group in groups {
        if group.spec.name.is_empty() {
            found.add(Problem::rule(&["profiles", "placement"], "a placement has an empty name"));
        }
        let mut whole = !partial;
        for (unit, profile) in group.spec.units.iter().zip(&group.profiles) {
            let path = ["profiles", "placement", &group.spec.name, "pricing", profile];
            if Some(&unit.price.denom) != denom {
                found.add(Problem::rule(&path, "all prices must be in one currency"));
            }
            if let Some(problem) = price(&unit.price) {
                found.add(Problem::rule(&path, problem));
            }
            for problem in resources(&unit.resources) {
                whole = false;
                found.add(Problem::rule(&["profiles", "compute", profile, "resources"], problem));
            }
        }
        for problem in totals(&group.spec.units).into_iter().filter(|_| whole) {
            found.add(Problem::rule(&["profiles", "placement", &group.spec.name], problem));
        }
    }
}

fn price(price: &DecCoin) -> Option<String> {
    let fine = price.amount > Dec::ZERO && price.amount <= Dec::from_int(10_000_000);
    (!fine).then(|| format!("a price must be above 0 and at most 10000000, not {}", price.amount))
}

fn resources(resources: &Resources) -> Vec<String> {
    let volumes = resources.storage.iter().map(|volume| ("storage (bytes)", volume.bytes, 5 * MIB, 32 * TIB));
    let amounts = [
        ("cpu (thousandths of a core)", resources.cpu.millis, 10, 384_000),
        ("gpu", resources.gpu.units, 0, 24),
        ("memory (bytes)", resources.memory.bytes, MIB, 2 * TIB),
    ];
    let outside = |(what, value, least, most): (&str, u64, u64, u64)| {
        let inside = (least..=most).contains(&value);
        (!inside).then(|| format!("{what} must be between {least} and {most}, not {value}"))
    };
    let mut problems: Vec<String> = amounts.into_iter().chain(volumes).filter_map(outside).collect();
    if resources.storage.is_empty() {
        problems.push("it has no storage".to_owned());
    }
    problems
}

fn totals(units: &[ResourceUnit]) -> Vec<String> {
    if units.iter().all(|unit| unit.count == 0) {
        return vec!["it has no replicas".to_owned()];
    }
    let sum = |of: fn(&ResourceUnit) -> u64| -> u128 {
        units.iter().map(|unit| u128::from(of(unit)) * u128::from(unit.count)).sum()
    };
    let totals = [
        ("thousandths of a core", sum(|u| u.resources.cpu.millis), 19_200_000),
        ("GPUs", sum(|u| u.resources.gpu.units), 1200),
        ("bytes of memory", sum(|u| u.resources.memory.bytes), u128::from(100 * TIB)),
    ];
    let above = |(what, sum, most): (&str, u128, u128)| {
        (sum > most).then(|| format!("{sum} {what} in all; {most} at most"))
    };
    totals.into_iter().filter_map(above).collect()
}
