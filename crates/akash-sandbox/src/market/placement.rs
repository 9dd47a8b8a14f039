//! Whether a provider is what an order asks for.

use akash_types::{Attribute, AuditedAttributes, GroupSpec, PlacementRequirements, Volume};

/// Whether a provider's attributes, or what auditors signed of them, are what is required.
pub(crate) fn matches(
    wanted: &PlacementRequirements,
    own: &[Attribute],
    signed: &[&AuditedAttributes],
) -> bool {
    let by = |auditor: &String| {
        signed.iter().any(|s| s.auditor.as_str() == auditor && subset(&wanted.attributes, &s.attributes))
    };
    let (all_of, any_of) = (&wanted.signed_by.all_of, &wanted.signed_by.any_of);
    if all_of.is_empty() && any_of.is_empty() {
        return subset(&wanted.attributes, own);
    }
    all_of.iter().all(by) && (any_of.is_empty() || any_of.iter().any(by))
}

/// Whether a provider has the kinds of volume and GPU that a group asks for.
pub(crate) fn can_serve(spec: &GroupSpec, own: &[Attribute]) -> bool {
    spec.units.iter().all(|unit| {
        let gpu = &unit.resources.gpu;
        unit.resources.storage.iter().all(|v| has_volume(v, own))
            && (gpu.units == 0 || gpu.attributes.is_empty() || has_gpu(&gpu.attributes, own))
    })
}

/// Every attribute of the volume is in one of the provider's groups `capabilities/storage/<n>/…`.
fn has_volume(volume: &Volume, own: &[Attribute]) -> bool {
    if volume.attributes.is_empty() {
        return true;
    }
    let entry = |a: &Attribute| {
        let (group, name) = a.key.strip_prefix("capabilities/storage/")?.split_once('/')?;
        Some((group.to_owned(), Attribute { key: name.to_owned(), value: a.value.clone() }))
    };
    let entries: Vec<(String, Attribute)> = own.iter().filter_map(entry).collect();
    entries.iter().any(|(group, _)| {
        let offered: Vec<Attribute> =
            entries.iter().filter(|(g, _)| g == group).map(|(_, a)| a.clone()).collect();
        subset(&volume.attributes, &offered)
    })
}

/// Any one of the wanted models is among the provider's `capabilities/gpu/…`.
fn has_gpu(wanted: &[Attribute], own: &[Attribute]) -> bool {
    let offered = own.iter().filter_map(|a| Some((a.key.strip_prefix("capabilities/gpu/")?, &a.value)));
    let offered: Vec<_> = offered.collect();
    wanted.iter().any(|w| offered.iter().any(|(key, value)| glob(&w.key, key) && &w.value == *value))
}

fn subset(wanted: &[Attribute], offered: &[Attribute]) -> bool {
    wanted.iter().all(|w| offered.iter().any(|o| glob(&w.key, &o.key) && w.value == o.value))
}

/// A path pattern: `*` stands for anything but `/`.
fn glob(pattern: &str, text: &str) -> bool {
    let Some((before, after)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(rest) = text.strip_prefix(before) else {
        return false;
    };
    let reach = rest.find('/').unwrap_or(rest.len());
    (0..=reach).any(|n| rest.get(n..).is_some_and(|tail| glob(after, tail)))
}

#[cfg(test)]
mod tests {
    use akash_types::{Address, SignedBy};

    use super::*;

    fn attributes(list: &[(&str, &str)]) -> Vec<Attribute> {
        list.iter().map(|(k, v)| Attribute { key: (*k).into(), value: (*v).into() }).collect()
    }

    #[test]
    fn a_star_stops_at_a_slash() {
        for (pattern, text, fits) in [
            ("region", "region", true),
            ("vendor/nvidia/model/*", "vendor/nvidia/model/a100", true),
            ("vendor/nvidia/model/*", "vendor/nvidia/model/a100/ram/80Gi", false),
            ("vendor/*/model/a100", "vendor/nvidia/model/a100", true),
            ("a*", "b", false),
            ("*", "", true),
        ] {
            assert_eq!(glob(pattern, text), fits, "{pattern} {text}");
        }
    }

    #[test]
    fn a_volume_must_be_found_in_one_group() {
        let own = attributes(&[
            ("capabilities/storage/1/class", "ram"),
            ("capabilities/storage/1/persistent", "false"),
            ("capabilities/storage/2/class", "beta2"),
            ("capabilities/storage/2/persistent", "true"),
        ]);
        let volume = |class: &str, persistent: &str| Volume {
            name: "shm".into(),
            bytes: 1,
            attributes: attributes(&[("class", class), ("persistent", persistent)]),
        };
        assert!(has_volume(&volume("ram", "false"), &own));
        assert!(!has_volume(&volume("ram", "true"), &own));
        assert!(!has_volume(&volume("ram", "false"), &[]));
    }

    #[test]
    fn auditors_count_only_when_they_are_asked_for() {
        let provider: Address = "akash1pdsv0s32065drerxxdyltpk5tq0h8d2vtzs685".parse().unwrap();
        let auditor: Address = "akash10r76rulzhgdq7dyy3ghv2ayldh5rtupheruk6n".parse().unwrap();
        let own = attributes(&[("region", "local")]);
        let signed = AuditedAttributes { owner: provider, auditor: auditor.clone(), attributes: own.clone() };
        let mut wanted = PlacementRequirements { attributes: own.clone(), ..Default::default() };
        assert!(matches(&wanted, &own, &[]));
        wanted.signed_by = SignedBy { all_of: vec![], any_of: vec![auditor.to_string()] };
        assert!(!matches(&wanted, &own, &[]));
        assert!(matches(&wanted, &own, &[&signed]));
    }
}
