//! The limits on what a group may ask for, with the node's odd wording of them.

use akash_types::{Dec, GroupSpec, Rejection, Resources};

use super::refuse::plain;

const MIB: u64 = 1 << 20;
const MAX_CPU: u64 = 384_000;
const MAX_GPU: u64 = 24;
const MAX_MEMORY: u64 = 2 << 40;
const MAX_VOLUME: u64 = 32 << 40;
const MAX_PRICE: u64 = 10_000_000;
/// A group may ask for this many times the largest unit.
const MAX_UNITS: u64 = 50;

/// Checks a group. Counts above 50, prices of 0 and missing endpoints pass, as they do on chain.
pub(crate) fn check(group: &GroupSpec) -> Result<(), Rejection> {
    if group.name.is_empty() {
        return Err(plain("empty group spec name denomination"));
    }
    if group.units.is_empty() {
        return Err(plain("error: invalid unit count (20 > 0 > 0 fails)"));
    }
    check_units(group)?;
    check_totals(group)?;
    check_prices(group)
}

fn check_units(group: &GroupSpec) -> Result<(), Rejection> {
    let mut ids = Vec::new();
    for unit in &group.units {
        check_resources(&unit.resources)?;
        let id = unit.resources.id;
        if ids.contains(&id) {
            return Err(plain(format!("duplicate resources ID ({id}) within group")));
        }
        ids.push(id);
    }
    Ok(())
}

fn check_resources(r: &Resources) -> Result<(), Rejection> {
    let outside = |what: &str, most: u64, is: u64, shown: u64| {
        Err(plain(format!("error: invalid unit {what} ({most} > {is} > {shown} fails)")))
    };
    if r.id == 0 {
        return Err(plain("error: invalid resources ID (> 0 fails)"));
    }
    if !(10..=MAX_CPU).contains(&r.cpu.millis) {
        return outside("CPU", MAX_CPU, r.cpu.millis, MAX_CPU);
    }
    if r.gpu.units > MAX_GPU {
        return outside("GPU", MAX_GPU, r.gpu.units, MAX_GPU);
    }
    if r.gpu.units == 0 && !r.gpu.attributes.is_empty() {
        return Err(plain("error: invalid GPU state. attributes cannot be present if units == 0"));
    }
    if !(MIB..=MAX_MEMORY).contains(&r.memory.bytes) {
        return outside("memory", MAX_MEMORY, r.memory.bytes, MAX_MEMORY);
    }
    if r.storage.is_empty() {
        return Err(plain("error: invalid unit storage, cannot be nil"));
    }
    let least = 5 * MIB;
    match r.storage.iter().find(|v| !(least..=MAX_VOLUME).contains(&v.bytes)) {
        Some(volume) => outside("storage", MAX_VOLUME, volume.bytes, least),
        None => Ok(()),
    }
}

fn check_totals(group: &GroupSpec) -> Result<(), Rejection> {
    let total = |of: fn(&Resources) -> u64| {
        group
            .units
            .iter()
            .fold(0_u64, |sum, u| sum.saturating_add(of(&u.resources).saturating_mul(u.count.into())))
    };
    for (what, most, is, least) in [
        ("CPU", MAX_CPU, total(|r| r.cpu.millis), 1),
        ("GPU", MAX_GPU, total(|r| r.gpu.units), 0),
        ("memory", MAX_MEMORY, total(|r| r.memory.bytes), 1),
    ] {
        let most = most.saturating_mul(MAX_UNITS);
        if is < least || is > most {
            return Err(plain(format!("invalid total {what} ({most} > {is} > 0 fails)")));
        }
    }
    Ok(())
}

fn check_prices(group: &GroupSpec) -> Result<(), Rejection> {
    let mut first = None;
    for unit in &group.units {
        let price = &unit.price;
        if price.amount.is_negative() || price.amount > Dec::from_int(MAX_PRICE) {
            let shown = format!("{:.18}{}", price.amount, price.denom);
            let name = &group.name;
            return Err(plain(format!(
                "group {name}: error: invalid unit price ({MAX_PRICE} > {shown} fails)"
            )));
        }
        let denom = first.get_or_insert(&price.denom);
        if *denom != &price.denom {
            return Err(plain(format!("multi-denonimation group: ({} == {denom} fails)", price.denom)));
        }
    }
    Ok(())
}
