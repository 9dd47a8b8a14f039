//! The manifest against the groups on chain, in the provider's order and words.

use std::collections::BTreeMap;

use akash_types::{EndpointKind, GroupSpec, ResourceUnit};

use super::{Attribute, Group, Manifest, ManifestError, Resources, Service};

fn mismatch(problem: impl Into<String>) -> ManifestError {
    ManifestError::Mismatch { problem: problem.into() }
}

pub(super) fn check(manifest: &Manifest, groups: &[GroupSpec]) -> Result<(), ManifestError> {
    if manifest.0.len() != groups.len() {
        let problem = format!("group count mismatch ({} != {})", manifest.0.len(), groups.len());
        return Err(ManifestError::Groups { problem });
    }
    for group in &manifest.0 {
        let Some(spec) = groups.iter().find(|spec| spec.name == group.name) else {
            return Err(ManifestError::Groups {
                problem: format!("unknown deployment group ('{}')", group.name),
            });
        };
        self::group(group, spec)?;
    }
    Ok(())
}

/// What of a resource unit no service has claimed yet.
struct Left<'a> {
    unit: &'a ResourceUnit,
    count: u32,
    http: usize,
    ports: usize,
    ips: usize,
}

impl<'a> Left<'a> {
    fn of(unit: &'a ResourceUnit) -> Self {
        let kinds = |kind| unit.resources.endpoints.iter().filter(|endpoint| endpoint.kind == kind).count();
        Self {
            unit,
            count: unit.count,
            http: kinds(EndpointKind::SharedHttp),
            ports: kinds(EndpointKind::RandomPort),
            ips: kinds(EndpointKind::LeasedIp),
        }
    }
}

fn group(group: &Group, spec: &GroupSpec) -> Result<(), ManifestError> {
    let mut units: BTreeMap<u32, Left<'_>> =
        spec.units.iter().map(|unit| (unit.resources.id, Left::of(unit))).collect();
    for service in &group.services {
        let who = format!("group \"{}\": service \"{}\": ", group.name, service.name);
        let Some(left) = units.get_mut(&service.resources.id) else {
            let id = service.resources.id;
            return Err(mismatch(format!("{who}not found deployment group resources with ID = {id}")));
        };
        claim(service, left).map_err(|problem| mismatch(format!("{who}{problem}")))?;
    }
    for (id, left) in &units {
        let kinds =
            [(left.http, "HTTP endpoints"), (left.ports, "PORT endpoints"), (left.ips, "IP endpoints")];
        let counts = [(usize::try_from(left.count).unwrap_or(usize::MAX), "resources")];
        if let Some((n, what)) = kinds.into_iter().chain(counts).find(|(n, _)| *n > 0) {
            let problem =
                format!("group \"{}\": resources ID ({id}): under-utilized ({n}) {what}", group.name);
            return Err(mismatch(problem));
        }
    }
    Ok(())
}

fn claim(service: &Service, left: &mut Left<'_>) -> Result<(), String> {
    if service.count > left.count {
        return Err(format!(
            "over-utilized replicas ({}) > group spec resources count ({})",
            service.count, left.unit.count
        ));
    }
    let id = service.resources.id;
    if let Some(kind) = different(&service.resources, left.unit) {
        return Err(format!("{kind} resources mismatch for ID {id}"));
    }
    for expose in service.expose.iter().filter(|expose| expose.global) {
        let (kind, name) =
            if expose.is_ingress() { (&mut left.http, "HTTP") } else { (&mut left.ports, "PORT") };
        *kind = kind.checked_sub(1).ok_or_else(|| format!("over-utilized {name} endpoints"))?;
        if !expose.ip.is_empty() {
            left.ips = left.ips.checked_sub(1).ok_or("over-utilized IP endpoints")?;
        }
    }
    left.count -= service.count;
    Ok(())
}

/// The first kind of resource that differs. Only the manifest's own volumes are compared.
fn different(wanted: &Resources, unit: &ResourceUnit) -> Option<&'static str> {
    let unit = &unit.resources;
    let (cpu, gpu, memory) = (wanted.cpu.as_ref()?, wanted.gpu.as_ref()?, wanted.memory.as_ref()?);
    if cpu.units.val != unit.cpu.millis || !same(&cpu.attributes, &unit.cpu.attributes) {
        return Some("CPU");
    }
    if gpu.units.val != unit.gpu.units || !same(&gpu.attributes, &unit.gpu.attributes) {
        return Some("GPU");
    }
    if memory.size.val != unit.memory.bytes || !same(&memory.attributes, &unit.memory.attributes) {
        return Some("Memory");
    }
    let volumes = wanted.storage.as_ref()?;
    let equal = volumes.len() <= unit.storage.len()
        && volumes.iter().zip(&unit.storage).all(|(volume, held)| {
            volume.name == held.name
                && volume.size.val == held.bytes
                && same(&volume.attributes, &held.attributes)
        });
    (!equal).then_some("Storage")
}

fn same(wanted: &[Attribute], held: &[akash_types::Attribute]) -> bool {
    wanted.len() == held.len() && wanted.iter().zip(held).all(|(w, h)| w.key == h.key && w.value == h.value)
}
