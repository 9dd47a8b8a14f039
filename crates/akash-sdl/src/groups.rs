//! Groups as JSON, in the form of Akash's Go types.

use akash_types::{Attribute, Endpoint, GroupSpec, ResourceUnit, Volume};
use serde_json::{Value, json};

use crate::sdl::Sdl;

/// The groups' JSON. Whether a list of auditors was absent or empty is known to the document alone.
pub(crate) fn value(sdl: &Sdl, groups: &[GroupSpec]) -> Value {
    groups.iter().map(|group| self::group(sdl, group)).collect()
}

fn group(sdl: &Sdl, group: &GroupSpec) -> Value {
    let signed_by = sdl.placements.get(&group.name).map(|placement| &placement.signed_by);
    let wanted = &group.requirements;
    json!({
        "name": group.name,
        "requirements": {
            "signed_by": {
                "all_of": signed_by.and_then(|s| s.all_of.as_ref()),
                "any_of": signed_by.and_then(|s| s.any_of.as_ref()),
            },
            "attributes": if wanted.attributes.is_empty() { Value::Null } else { attributes(&wanted.attributes) },
        },
        "resources": group.units.iter().map(unit).collect::<Value>(),
    })
}

fn unit(unit: &ResourceUnit) -> Value {
    let resources = &unit.resources;
    json!({
        "resource": {
            "id": resources.id,
            "cpu": with(json!({"units": amount(resources.cpu.millis)}), &resources.cpu.attributes),
            "memory": with(json!({"size": amount(resources.memory.bytes)}), &resources.memory.attributes),
            "storage": resources.storage.iter().map(volume).collect::<Value>(),
            "gpu": with(json!({"units": amount(resources.gpu.units)}), &resources.gpu.attributes),
            "endpoints": resources.endpoints.iter().map(endpoint).collect::<Value>(),
        },
        "count": unit.count,
        "price": {"denom": unit.price.denom.as_str(), "amount": format!("{:.18}", unit.price.amount)},
    })
}

fn amount(value: u64) -> Value {
    json!({"val": value.to_string()})
}

fn volume(volume: &Volume) -> Value {
    with(json!({"name": volume.name, "size": amount(volume.bytes)}), &volume.attributes)
}

fn endpoint(endpoint: &Endpoint) -> Value {
    match endpoint.kind.to_wire() {
        0 => json!({"sequence_number": endpoint.sequence_number}),
        kind => json!({"kind": kind, "sequence_number": endpoint.sequence_number}),
    }
}

/// An object, with its attributes if it has any.
fn with(mut value: Value, list: &[Attribute]) -> Value {
    if let (Value::Object(map), false) = (&mut value, list.is_empty()) {
        map.insert("attributes".to_owned(), attributes(list));
    }
    value
}

fn attributes(list: &[Attribute]) -> Value {
    let each = |attribute: &Attribute| match attribute.value.as_str() {
        "" => json!({"key": attribute.key}),
        value => json!({"key": attribute.key, "value": value}),
    };
    list.iter().map(each).collect()
}
