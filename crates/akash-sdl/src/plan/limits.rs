//! The chain's limits on groups; a transaction that breaks one is refused.

use akash_types::{Dec, GroupSpec, ResourceUnit};

use crate::error::Problem;

const MIB: u64 = 1 << 20;
const TIB: u64 = 1 << 40;

pub(super) fn check(groups: &[GroupSpec]) -> Result<(), Problem> {
    let denom = groups.first().and_then(|group| group.units.first()).map(|unit| &unit.price.denom);
    for group in groups {
        if group.name.is_empty() {
            return Err(Problem::rule(&["profiles", "placement"], "a placement has an empty name"));
        }
        for unit in &group.units {
            if Some(&unit.price.denom) != denom {
                return Err(broken(group, "all prices must be in one currency"));
            }
            self::unit(unit).map_err(|problem| broken(group, problem))?;
        }
        totals(group)?;
    }
    Ok(())
}

fn broken(group: &GroupSpec, problem: impl Into<String>) -> Problem {
    Problem::rule(&["profiles", "placement", &group.name], problem)
}

fn unit(unit: &ResourceUnit) -> Result<(), String> {
    let resources = &unit.resources;
    between("cpu (thousandths of a core)", resources.cpu.millis, 10, 384_000)?;
    between("gpu", resources.gpu.units, 0, 24)?;
    between("memory (bytes)", resources.memory.bytes, MIB, 2 * TIB)?;
    if resources.storage.is_empty() {
        return Err("a compute profile has no storage".to_owned());
    }
    for volume in &resources.storage {
        between("storage (bytes)", volume.bytes, 5 * MIB, 32 * TIB)?;
    }
    if unit.price.amount > Dec::from_int(10_000_000) || unit.price.amount <= Dec::ZERO {
        return Err(format!("a price must be above 0 and at most 10000000, not {}", unit.price.amount));
    }
    Ok(())
}

fn between(what: &str, value: u64, least: u64, most: u64) -> Result<(), String> {
    if (least..=most).contains(&value) {
        Ok(())
    } else {
        Err(format!("{what} must be between {least} and {most}, not {value}"))
    }
}

fn totals(group: &GroupSpec) -> Result<(), Problem> {
    let sum = |of: fn(&ResourceUnit) -> u64| -> u128 {
        group.units.iter().map(|unit| u128::from(of(unit)) * u128::from(unit.count)).sum()
    };
    let totals = [
        ("cpu", sum(|u| u.resources.cpu.millis), 1, 19_200_000),
        ("gpu", sum(|u| u.resources.gpu.units), 0, 1200),
        ("memory", sum(|u| u.resources.memory.bytes), 1, u128::from(100 * TIB)),
    ];
    match totals.into_iter().find(|(_, sum, least, most)| !(least..=most).contains(&sum)) {
        Some((what, _, _, _)) if group.units.iter().all(|unit| unit.count == 0) => {
            Err(broken(group, format!("no replicas, so no {what}")))
        }
        Some((what, sum, _, most)) => Err(broken(group, format!("{sum} of {what} in all; at most {most}"))),
        None => Ok(()),
    }
}
