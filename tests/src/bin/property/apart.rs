//! Where Akash's TypeScript client parts from Akash because of what a document means, not of how it is written.

use std::collections::BTreeSet;

use akash_sdl::manifest::{self, Manifest};
use akash_sdl::{Compute, Expose, Protocol, Sdl, Service, Version};

use crate::document::Reasons;

/// All reasons why the client may give another hash for a document.
pub(crate) fn reasons(sdl: &Sdl, manifest: &Manifest) -> Reasons {
    let services = || sdl.services.values();
    let expose = || services().flat_map(|service| &service.expose);
    let to = || expose().flat_map(|expose| &expose.to);
    let hyphen = sdl.services.len() > 1 && sdl.services.keys().any(|name| name.contains('-'));
    let addresses = to().any(|to| !to.ip.is_empty());
    let found = [
        ("names with `-`, sorted by the rules of a language", hyphen),
        (
            "a profile used twice in a placement, in 2.0",
            sdl.version == Version::V2_0 && shares_a_profile(sdl),
        ),
        ("volumes in another order than Akash's", sdl.compute.values().any(reorders_volumes)),
        ("models of GPUs in another order than Akash's", sdl.compute.values().any(reorders_models)),
        ("a port without `to`", expose().any(|expose| expose.to.is_empty())),
        ("ports in another order than Akash's", reorders_ports(sdl, manifest)),
        ("leased addresses beside ports within the lease", addresses && to().any(|to| !to.global)),
        ("`[]` for no command, arguments, variables or hosts", services().any(has_empty_lists)),
        (
            "credentials: an address in 2.0, blanks in 2.1",
            services().any(|service| odd_credentials(sdl.version, service)),
        ),
        (
            "`params` without volumes",
            services().any(|s| s.params.as_ref().is_some_and(|p| p.storage.is_empty())),
        ),
        ("rights other than deployment and logs, or none", services().any(odd_permissions)),
    ];
    found.into_iter().filter(|(_, is)| *is).map(|(reason, _)| reason).collect()
}

fn shares_a_profile(sdl: &Sdl) -> bool {
    let mut seen = BTreeSet::new();
    let uses = sdl.deployment.values().flatten().map(|(group, replicas)| (group, &replicas.profile));
    uses.into_iter().any(|used| !seen.insert(used))
}

fn reorders_volumes(compute: &Compute) -> bool {
    !compute.storage.is_sorted_by_key(|volume| volume.bytes)
        || compute.storage.windows(2).any(|pair| matches!(pair, [a, b] if a.bytes == b.bytes))
}

fn reorders_models(compute: &Compute) -> bool {
    let key = |model: &akash_sdl::GpuModel| {
        let ram = model.ram_gib.map(|gib| format!("/ram/{gib}Gi")).unwrap_or_default();
        let interface = model.interface.map(|i| format!("/interface/{}", i.as_str())).unwrap_or_default();
        format!("{}{ram}{interface}", model.model)
    };
    !compute.gpu.models.is_sorted_by_key(key)
}

/// The client lists what a service opens in the order written, Akash in the order of the sorted ports.
fn reorders_ports(sdl: &Sdl, manifest: &Manifest) -> bool {
    let services = manifest.0.iter().flat_map(|group| &group.services);
    let sorted = |service: &manifest::Service| -> Vec<(bool, String)> {
        let open = service.expose.iter().filter(|expose| expose.global);
        open.map(|expose| (expose.is_ingress(), expose.ip.clone())).collect()
    };
    let written = |service: &Service| -> Vec<(bool, String)> {
        let ports = service.expose.iter().flat_map(|expose| expose.to.iter().map(move |to| (expose, to)));
        let open = ports.filter(|(_, to)| to.global);
        open.map(|(expose, to)| (is_ingress(expose), to.ip.clone())).collect()
    };
    services.into_iter().any(|service| {
        sdl.services.get(&service.name).is_some_and(|original| written(original) != sorted(service))
    })
}

fn is_ingress(expose: &Expose) -> bool {
    let port = if expose.external_port == 0 { expose.port } else { expose.external_port };
    port == 80 && protocol(expose) == Protocol::Tcp
}

fn protocol(expose: &Expose) -> Protocol {
    if expose.proto.eq_ignore_ascii_case("udp") { Protocol::Udp } else { Protocol::Tcp }
}

fn has_empty_lists(service: &Service) -> bool {
    let empty = |list: &Option<Vec<String>>| list.as_ref().is_some_and(Vec::is_empty);
    empty(&service.command)
        || empty(&service.args)
        || empty(&service.env)
        || service.expose.iter().any(|expose| empty(&expose.accept))
}

fn odd_credentials(version: Version, service: &Service) -> bool {
    service.credentials.as_ref().is_some_and(|credentials| match version {
        Version::V2_0 => !credentials.email.is_empty(),
        Version::V2_1 => credentials.password.trim() != credentials.password,
    })
}

fn odd_permissions(service: &Service) -> bool {
    let read = service.params.as_ref().and_then(|params| params.permissions.as_ref());
    read.is_some_and(|read| {
        read.is_empty() || read.iter().any(|right| right != "logs" && right != "deployment")
    })
}
