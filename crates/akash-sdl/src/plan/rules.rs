//! Rules that need more than one part of the document.

use std::collections::{BTreeMap, BTreeSet};

use super::Use;
use crate::error::Problem;
use crate::sdl::{Compute, Credentials, Sdl, Service, StorageClass, Version};

/// Ports of leased addresses that are taken: address, port, protocol (as written), to the service that has it.
type Taken<'a> = BTreeMap<(&'a str, u32, &'a str), &'a str>;

/// Looks up everything that the deployment names, in the order in which groups are made.
pub(super) fn check(sdl: &Sdl) -> Result<Vec<Use<'_>>, Problem> {
    let mut uses = vec![];
    let mut taken = Taken::new();
    for (name, placements) in &sdl.deployment {
        for group in placements.keys() {
            let used = resolve(sdl, name, group)?;
            if let Some(credentials) = &used.service.credentials {
                complete(name, credentials)?;
            }
            addresses(sdl, name, used.service, &mut taken)?;
            mounts(&used, sdl.version)?;
            uses.push(used);
        }
    }
    if uses.is_empty() {
        return Err(Problem::rule(&["deployment"], "no service is deployed"));
    }
    let used: BTreeSet<&str> = taken.keys().map(|(address, _, _)| *address).collect();
    if let Some(idle) = sdl.endpoints.iter().find(|name| !used.contains(name.as_str())) {
        return Err(Problem::rule(&["endpoints", idle], "no deployed service uses it"));
    }
    Ok(uses)
}

fn resolve<'a>(sdl: &'a Sdl, name: &'a str, group: &'a str) -> Result<Use<'a>, Problem> {
    let path = ["deployment", name, group];
    let replicas = sdl.deployment.get(name).and_then(|placements| placements.get(group));
    let Some(replicas) = replicas else { return Err(Problem::rule(&path, "nothing is deployed")) };
    let missing = |what: &str, name: &str| {
        let problem = format!("there is no {what} `{name}`");
        Problem::rule(&path, problem)
    };
    let profile = &replicas.profile;
    let compute = sdl.compute.get(profile).ok_or_else(|| missing("compute profile", profile))?;
    let placement = sdl.placements.get(group).ok_or_else(|| missing("placement profile", group))?;
    let service = sdl.services.get(name).ok_or_else(|| missing("service", name))?;
    if *compute == Compute::default() {
        return Err(Problem::rule(
            &["profiles", "compute", profile],
            "it is deployed and has no `resources`",
        ));
    }
    let used = Use { name, service, group, placement, replicas, compute };
    if placement.pricing.contains_key(profile) { Ok(used) } else { Err(no_price(&used)) }
}

pub(super) fn no_price(used: &Use<'_>) -> Problem {
    let problem = format!("there is no price for compute profile `{}`", used.replicas.profile);
    Problem::rule(&["profiles", "placement", used.group, "pricing"], problem)
}

fn complete(service: &str, credentials: &Credentials) -> Result<(), Problem> {
    let parts = [
        ("host", &credentials.host),
        ("username", &credentials.username),
        ("password", &credentials.password),
    ];
    match parts.into_iter().find(|(_, text)| text.trim().is_empty()) {
        Some((part, _)) => {
            let path = ["services", service, "credentials"];
            Err(Problem::rule(&path, format!("`{part}` is missing")))
        }
        None => Ok(()),
    }
}

fn addresses<'a>(
    sdl: &Sdl,
    name: &'a str,
    service: &'a Service,
    taken: &mut Taken<'a>,
) -> Result<(), Problem> {
    for (number, expose) in service.expose.iter().enumerate() {
        let number = number.to_string();
        let broken =
            |problem: String| Err(Problem::rule(&["services", name, "expose", &number, "to"], problem));
        for to in expose.to.iter().filter(|to| !to.ip.is_empty()) {
            let address = &to.ip;
            if !to.global {
                return broken(format!("address `{address}` needs `global: true`"));
            }
            if !sdl.endpoints.contains(address) {
                return broken(format!("there is no endpoint `{address}`"));
            }
            if let Some(other) = taken.insert((address, expose.external_port, &expose.proto), name) {
                return broken(format!("this port of address `{address}` is taken by service `{other}`"));
            }
        }
    }
    Ok(())
}

fn mounts(used: &Use<'_>, version: Version) -> Result<(), Problem> {
    let none = BTreeMap::new();
    let mounts = used.service.params.as_ref().map_or(&none, |params| &params.storage);
    let mut places = BTreeMap::new();
    for (volume, mount) in mounts {
        let broken = |problem: String| {
            Err(Problem::rule(&["services", used.name, "params", "storage", volume], problem))
        };
        let Some(held) = used.compute.storage.iter().find(|held| held.name == *volume) else {
            return broken(format!("compute profile `{}` has no such volume", used.replicas.profile));
        };
        if !mount.mount.starts_with('/') {
            return broken(format!("`mount` must be an absolute path, not `{}`", mount.mount));
        }
        if let Some(other) = places.insert(&mount.mount, volume) {
            return broken(format!("volume `{other}` is mounted at `{}` too", mount.mount));
        }
        if version == Version::V2_1 && mount.read_only && held.class == Some(StorageClass::Ram) {
            return broken("a volume of class `ram` cannot be read-only".to_owned());
        }
    }
    let idle = used.compute.storage.iter().find(|volume| volume.persistent == Some(true));
    match idle {
        Some(volume) if version == Version::V2_0 && mounts.is_empty() => {
            let problem = format!("persistent volume `{}` needs a mount in `params.storage`", volume.name);
            Err(Problem::rule(&["services", used.name], problem))
        }
        _ => Ok(()),
    }
}
