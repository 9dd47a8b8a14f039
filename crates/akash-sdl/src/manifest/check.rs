//! The rules of a manifest alone, in the provider's order and words.

use std::collections::BTreeSet;

use super::{Expose, Group, Manifest, ManifestError, Resources, Service};

fn invalid(problem: impl Into<String>) -> ManifestError {
    ManifestError::Invalid { problem: problem.into() }
}

pub(super) fn manifest(manifest: &Manifest) -> Result<(), ManifestError> {
    if manifest.0.is_empty() {
        return Err(invalid("manifest is empty"));
    }
    let mut hosts = BTreeSet::new();
    let mut names = BTreeSet::new();
    let mut global = 0_usize;
    for group in &manifest.0 {
        global += self::group(group, &mut hosts)?;
        if !names.insert(&group.name) {
            return Err(invalid(format!("duplicate group {:?}", group.name)));
        }
    }
    if global == 0 {
        return Err(invalid("zero global services"));
    }
    Ok(())
}

/// Checks a group; gives the number of its global ports.
fn group<'a>(group: &'a Group, hosts: &mut BTreeSet<&'a str>) -> Result<usize, ManifestError> {
    if group.services.is_empty() {
        return Err(invalid(format!("group {:?} contains no services", group.name)));
    }
    if !group.services.is_sorted_by(|a, b| a.name <= b.name) {
        return Err(invalid(format!("group {:?} services is not sorted", group.name)));
    }
    for service in &group.services {
        self::service(service, hosts)?;
    }
    Ok(group.services.iter().flat_map(|s| &s.expose).filter(|expose| expose.global).count())
}

fn service<'a>(service: &'a Service, hosts: &mut BTreeSet<&'a str>) -> Result<(), ManifestError> {
    let name = &service.name;
    if name.is_empty() {
        return Err(invalid("service name is empty"));
    }
    if !is_service_name(name) {
        return Err(invalid(format!("service {name:?} name is invalid")));
    }
    if service.image.is_empty() {
        return Err(invalid(format!("service {name:?} has empty image name")));
    }
    resources(&service.resources)?;
    for env in service.env.iter().flatten() {
        let variable = env.split_once('=').map_or(env.as_str(), |(variable, _)| variable);
        if !is_env_name(variable) {
            let problem = format!("service {name:?} defines an env. var. with an invalid name {variable:?}");
            return Err(invalid(problem));
        }
    }
    if !service.expose.is_sorted_by(|a, b| sort_key(a) <= sort_key(b)) {
        return Err(invalid(format!("service {name:?} expose is not sorted")));
    }
    for expose in &service.expose {
        self::expose(name, expose, hosts)?;
    }
    Ok(())
}

/// The order of a service's ports.
pub(crate) fn sort_key(expose: &Expose) -> (&str, u32, &str, bool) {
    (&expose.service, expose.port, &expose.proto, !expose.global)
}

fn resources(resources: &Resources) -> Result<(), ManifestError> {
    let missing = [
        (resources.cpu.is_none(), "CPU must not be nil"),
        (resources.gpu.is_none(), "GPU must not be nil"),
        (resources.memory.is_none(), "memory must not be nil"),
        (resources.storage.is_none(), "storage must not be nil"),
        (resources.endpoints.is_none(), "endpoints must not be nil"),
        (resources.id == 0, "resources ID must be > 0"),
    ];
    match missing.into_iter().find(|(missing, _)| *missing) {
        Some((_, problem)) => Err(ManifestError::Resources { problem: problem.to_owned() }),
        None => Ok(()),
    }
}

fn expose<'a>(service: &str, expose: &'a Expose, hosts: &mut BTreeSet<&'a str>) -> Result<(), ManifestError> {
    if !(1..=65535).contains(&expose.port) {
        return Err(invalid(format!("service {service:?}: port value must be 0 < value <= 65535 ")));
    }
    if !["TCP", "UDP"].contains(&expose.proto.as_str()) {
        return Err(invalid(format!("service {service:?}: protocol {:?} unknown", expose.proto)));
    }
    for host in expose.hosts.iter().flatten() {
        if !is_host_name(host) {
            return Err(invalid(format!("service {service:?}: has invalid hostname {host:?}")));
        }
        if !hosts.insert(host) {
            let problem =
                format!("service {service:?}: hostname {host:?} is duplicated, this is not allowed");
            return Err(invalid(problem));
        }
    }
    Ok(())
}

fn is_service_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && !name.ends_with('-')
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// Kubernetes' rule for names of environment variables.
fn is_env_name(name: &str) -> bool {
    let first = |c: char| c.is_ascii_alphabetic() || "-._".contains(c);
    name.starts_with(first)
        && name.chars().all(|c| first(c) || c.is_ascii_digit())
        && name != "."
        && !name.starts_with("..")
}

/// A lower-case DNS name; of its labels Akash does not ask the length.
fn is_host_name(name: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.len() <= 253 && name.split('.').all(label)
}
