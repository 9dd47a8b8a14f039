//! Rules that need more than one part of the document.

use std::collections::{BTreeMap, BTreeSet};

use super::Use;
use crate::error::{Found, Problem};
use crate::sdl::{Compute, Credentials, Sdl, Service, StorageClass, Version};

/// Ports of leased addresses that are taken: address, port, protocol (as written), to the service that has it.
type Taken<'a> = BTreeMap<(&'a str, u32, &'a str), &'a str>;

/// Looks up everything that the deployment names, in the order in which groups are made. What names something that is not
/// there is left out.
pub(super) fn check<'a>(sdl: &'a Sdl, found: &Found) -> Vec<Use<'a>> {
    let mut uses = vec![];
    let mut taken = Taken::new();
    for (name, placements) in &sdl.deployment {
        for group in placements.keys() {
            let used = resolve(sdl, name, group, found);
            if let Some(service) = sdl.services.get(name) {
                complete(name, service.credentials.as_ref(), found);
                addresses(sdl, name, service, &mut taken, found);
            }
            if let Some(used) = used {
                mounts(&used, sdl.version, found);
                uses.push(used);
            }
        }
    }
    if sdl.deployment.values().all(BTreeMap::is_empty) {
        found.add(Problem::rule(&["deployment"], "no service is deployed"));
    }
    let all = !is_partial(sdl, &uses) && !uses.is_empty();
    let used: BTreeSet<&str> = taken.keys().map(|(address, _, _)| *address).collect();
    for idle in sdl.endpoints.iter().filter(|name| all && !used.contains(name.as_str())) {
        found.add(Problem::rule(&["endpoints", idle], "no deployed service uses it"));
    }
    uses
}

/// Whether something that is deployed was left out.
pub(super) fn is_partial(sdl: &Sdl, uses: &[Use<'_>]) -> bool {
    uses.len() != sdl.deployment.values().map(BTreeMap::len).sum::<usize>()
}

fn resolve<'a>(sdl: &'a Sdl, name: &'a str, group: &'a str, found: &Found) -> Option<Use<'a>> {
    let path = ["deployment", name, group];
    let missing = |what: &str, name: &str| {
        found.add(Problem::rule(&path, format!("there is no {what} `{name}`")));
    };
    let replicas = sdl.deployment.get(name)?.get(group)?;
    let profile = replicas.profile.as_str();
    let compute = sdl.compute.get(profile);
    let placement = sdl.placements.get(group);
    let service = sdl.services.get(name);
    match compute {
        None => missing("compute profile", profile),
        Some(compute) if *compute == Compute::default() => found
            .add(Problem::rule(&["profiles", "compute", profile], "it is deployed and has no `resources`")),
        Some(_) => {}
    }
    match placement {
        None => missing("placement profile", group),
        Some(placement) if compute.is_some() && !placement.pricing.contains_key(profile) => {
            let problem = format!("there is no price for compute profile `{profile}`");
            found.add(Problem::rule(&["profiles", "placement", group, "pricing"], problem));
        }
        Some(_) => {}
    }
    if service.is_none() {
        missing("service", name);
    }
    let (compute, placement, service) = (compute?, placement?, service?);
    let price = placement.pricing.get(profile)?;
    let used = Use { name, service, group, placement, replicas, compute, price };
    Some(used).filter(|used| *used.compute != Compute::default())
}

fn complete(service: &str, credentials: Option<&Credentials>, found: &Found) {
    let Some(credentials) = credentials else { return };
    let parts = [
        ("host", &credentials.host),
        ("username", &credentials.username),
        ("password", &credentials.password),
    ];
    for (part, _) in parts.into_iter().filter(|(_, text)| text.trim().is_empty()) {
        let path = ["services", service, "credentials"];
        found.add(Problem::rule(&path, format!("`{part}` is missing")));
    }
}

fn addresses<'a>(sdl: &Sdl, name: &'a str, service: &'a Service, taken: &mut Taken<'a>, found: &Found) {
    for (number, expose) in service.expose.iter().enumerate() {
        let number = number.to_string();
        let broken = |problem: String| {
            found.add(Problem::rule(&["services", name, "expose", &number, "to"], problem));
        };
        for to in expose.to.iter().filter(|to| !to.ip.is_empty()) {
            let address = &to.ip;
            if !to.global {
                broken(format!("address `{address}` needs `global: true`"));
            }
            if !sdl.endpoints.contains(address) {
                broken(format!("there is no endpoint `{address}`"));
            }
            if let Some(other) = taken.insert((address, expose.external_port, &expose.proto), name) {
                broken(format!("this port of address `{address}` is taken by service `{other}`"));
            }
        }
    }
}

fn mounts(used: &Use<'_>, version: Version, found: &Found) {
    let none = BTreeMap::new();
    let mounts = used.service.params.as_ref().map_or(&none, |params| &params.storage);
    let mut places = BTreeMap::new();
    for (volume, mount) in mounts {
        let broken = |problem: String| {
            found.add(Problem::rule(&["services", used.name, "params", "storage", volume], problem));
        };
        let held = used.compute.storage.iter().find(|held| held.name == *volume);
        if held.is_none() {
            broken(format!("compute profile `{}` has no such volume", used.replicas.profile));
        }
        if !mount.mount.starts_with('/') {
            broken(format!("`mount` must be an absolute path, not `{}`", mount.mount));
        } else if let Some(other) = places.insert(&mount.mount, volume) {
            broken(format!("volume `{other}` is mounted at `{}` too", mount.mount));
        }
        let ram = held.is_some_and(|held| held.class == Some(StorageClass::Ram));
        if version == Version::V2_1 && mount.read_only && ram {
            broken("a volume of class `ram` cannot be read-only".to_owned());
        }
    }
    let idle = used.compute.storage.iter().find(|volume| volume.persistent == Some(true));
    match idle {
        Some(volume) if version == Version::V2_0 && mounts.is_empty() => {
            let problem = format!("persistent volume `{}` needs a mount in `params.storage`", volume.name);
            found.add(Problem::rule(&["services", used.name], problem));
        }
        _ => {}
    }
}
