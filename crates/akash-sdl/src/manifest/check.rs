//! The rules of a manifest alone, in the provider's order and words.

use std::collections::BTreeSet;

use super::{Expose, Group, Manifest, ManifestError, Resources, Service};

/// The most broken rules that are named.
const MOST: usize = 100;

/// A broken rule, and the service that breaks it.
pub(crate) struct Broken<'a> {
    pub(crate) service: Option<&'a str>,
    pub(crate) error: ManifestError,
}

/// What is wrong with one service, or with what no service stands for.
struct Findings<'f, 'a> {
    all: &'f mut Vec<Broken<'a>>,
    service: Option<&'a str>,
}

impl Findings<'_, '_> {
    fn invalid(&mut self, problem: impl Into<String>) {
        self.add(ManifestError::Invalid { problem: problem.into() });
    }

    fn add(&mut self, error: ManifestError) {
        if self.all.len() < MOST {
            self.all.push(Broken { service: self.service, error });
        }
    }
}

/// Every rule that is broken; a provider names the first.
pub(crate) fn manifest(manifest: &Manifest) -> Vec<Broken<'_>> {
    let mut all = vec![];
    let mut findings = Findings { all: &mut all, service: None };
    if manifest.0.is_empty() {
        findings.invalid("manifest is empty");
    }
    let mut hosts = BTreeSet::new();
    let mut names = BTreeSet::new();
    for group in &manifest.0 {
        self::group(group, &mut hosts, &mut findings);
        if !names.insert(&group.name) {
            findings.invalid(format!("duplicate group {:?}", group.name));
        }
    }
    let services = manifest.0.iter().flat_map(|group| &group.services);
    if !services.flat_map(|service| &service.expose).any(|expose| expose.global) {
        findings.invalid("zero global services");
    }
    all
}

fn group<'a>(group: &'a Group, hosts: &mut BTreeSet<&'a str>, findings: &mut Findings<'_, 'a>) {
    if group.services.is_empty() {
        findings.invalid(format!("group {:?} contains no services", group.name));
    }
    if !group.services.is_sorted_by(|a, b| a.name <= b.name) {
        findings.invalid(format!("group {:?} services is not sorted", group.name));
    }
    for service in &group.services {
        let mut findings = Findings { all: &mut *findings.all, service: Some(&service.name) };
        self::service(service, hosts, &mut findings);
    }
}

fn service<'a>(service: &'a Service, hosts: &mut BTreeSet<&'a str>, findings: &mut Findings<'_, 'a>) {
    let name = &service.name;
    if name.is_empty() {
        findings.invalid("service name is empty");
    } else if !is_service_name(name) {
        findings.invalid(format!("service {name:?} name is invalid"));
    }
    if service.image.is_empty() {
        findings.invalid(format!("service {name:?} has empty image name"));
    }
    resources(&service.resources, findings);
    for env in service.env.iter().flatten() {
        let variable = env.split_once('=').map_or(env.as_str(), |(variable, _)| variable);
        if !is_env_name(variable) {
            findings
                .invalid(format!("service {name:?} defines an env. var. with an invalid name {variable:?}"));
        }
    }
    if !service.expose.is_sorted_by(|a, b| sort_key(a) <= sort_key(b)) {
        findings.invalid(format!("service {name:?} expose is not sorted"));
    }
    for expose in &service.expose {
        self::expose(name, expose, hosts, findings);
    }
}

/// The order of a service's ports.
pub(crate) fn sort_key(expose: &Expose) -> (&str, u32, &str, bool) {
    (&expose.service, expose.port, &expose.proto, !expose.global)
}

fn resources(resources: &Resources, findings: &mut Findings<'_, '_>) {
    let missing = [
        (resources.cpu.is_none(), "CPU must not be nil"),
        (resources.gpu.is_none(), "GPU must not be nil"),
        (resources.memory.is_none(), "memory must not be nil"),
        (resources.storage.is_none(), "storage must not be nil"),
        (resources.endpoints.is_none(), "endpoints must not be nil"),
        (resources.id == 0, "resources ID must be > 0"),
    ];
    for (_, problem) in missing.into_iter().filter(|(missing, _)| *missing) {
        findings.add(ManifestError::Resources { problem: problem.to_owned() });
    }
}

fn expose<'a>(
    service: &str,
    expose: &'a Expose,
    hosts: &mut BTreeSet<&'a str>,
    findings: &mut Findings<'_, 'a>,
) {
    if !(1..=65535).contains(&expose.port) {
        findings.invalid(format!("service {service:?}: port value must be 0 < value <= 65535 "));
    }
    if !["TCP", "UDP"].contains(&expose.proto.as_str()) {
        findings.invalid(format!("service {service:?}: protocol {:?} unknown", expose.proto));
    }
    for host in expose.hosts.iter().flatten() {
        if !is_host_name(host) {
            findings.invalid(format!("service {service:?}: has invalid hostname {host:?}"));
        }
        if !hosts.insert(host) {
            let problem =
                format!("service {service:?}: hostname {host:?} is duplicated, this is not allowed");
            findings.invalid(problem);
        }
    }
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
