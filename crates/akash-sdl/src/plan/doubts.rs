//! What Akash accepts though it will hardly be what was meant: no bid comes, nothing starts, or something is silently left out.

use std::collections::{BTreeMap, BTreeSet};

use super::ports::protocol;
use crate::error::{Found, Problem};
use crate::sdl::{Compute, Expose, GpuModel, Protocol, Sdl, Service, StorageClass, Volume};

/// Kubernetes' limit on names.
const LONGEST_NAME: usize = 63;
/// With more volumes of one service providers do not bid, as they come.
const MOST_VOLUMES: usize = 4;
/// Words in names of environment variables that hold what nobody should see; a name that ends in `_KEY` does too.
const SECRETS: [&str; 6] = ["SECRET", "TOKEN", "PASSWORD", "PASSWD", "PASS", "PWD"];

/// All of them; a valid document is asked for.
pub(crate) fn doubts(sdl: &Sdl) -> Vec<Problem> {
    let found = Found::default();
    for (name, service) in &sdl.services {
        let doubt = |message: String| found.doubt(Problem::rule(&["services", name], message));
        if name.len() > LONGEST_NAME {
            doubt(format!("a name over {LONGEST_NAME} characters cannot be deployed"));
        }
        if sdl.deployment.get(name).is_none_or(BTreeMap::is_empty) {
            doubt("it is not in `deployment`, so it is not deployed".to_owned());
        }
        peers(sdl, name, service, &found);
        ports(name, service, &found);
        secrets(name, service, &found);
        if let Some(tee) = service.params.as_ref().and_then(|params| params.tee) {
            placements(sdl, name).filter(|group| has_tee(sdl, group)).for_each(|group| {
                let message = format!(
                    "`tee/type` is asked for by `tee: {}` too, so it stands there twice",
                    tee.as_str()
                );
                found.doubt(Problem::rule(&["profiles", "placement", group, "attributes"], message));
            });
        }
    }
    for (name, compute) in &sdl.compute {
        gpus(name, &compute.gpu.models, &found);
        volumes(name, compute, &found);
    }
    for (name, placements) in &sdl.deployment {
        let Some(service) = sdl.services.get(name) else { continue };
        for (group, replicas) in placements {
            let Some(compute) = sdl.compute.get(&replicas.profile) else { continue };
            mounts(name, service, compute, &found);
            let price = sdl.placements.get(group).and_then(|place| place.pricing.get(&replicas.profile));
            if let Some(price) = price.filter(|price| price.denom.as_str() != "uact") {
                let path = ["profiles", "placement", group, "pricing", &replicas.profile];
                let message =
                    format!("the chain takes prices in `uact` only, and refuses `{}`", price.denom.as_str());
                found.doubt(Problem::rule(&path, message));
            }
            let persistent = compute.storage.iter().any(|volume| volume.persistent == Some(true));
            if replicas.count > 1 && persistent {
                let message = "each replica has a persistent volume of its own; they share nothing";
                found.doubt(Problem::rule(&["deployment", name, group], message));
            }
        }
    }
    found.into_result().unwrap_or_default()
}

fn placements<'a>(sdl: &'a Sdl, service: &str) -> impl Iterator<Item = &'a String> {
    sdl.deployment.get(service).into_iter().flat_map(BTreeMap::keys)
}

fn has_tee(sdl: &Sdl, group: &str) -> bool {
    sdl.placements.get(group).is_some_and(|placement| placement.attributes.contains_key("tee/type"))
}

fn peers(sdl: &Sdl, name: &str, service: &Service, found: &Found) {
    for (number, expose) in service.expose.iter().enumerate() {
        for to in &expose.to {
            let peer = to.service.as_str();
            if peer.is_empty() || sdl.services.contains_key(peer) {
                continue;
            }
            let message = if peer.contains(',') {
                format!("`{peer}` is taken for the name of one service; write one entry for each")
            } else {
                format!("there is no service `{peer}`")
            };
            found.doubt(Problem::rule(&["services", name, "expose", &number.to_string(), "to"], message));
        }
    }
}

/// The port outside.
fn outside(expose: &Expose) -> u32 {
    if expose.external_port == 0 { expose.port } else { expose.external_port }
}

/// A provider makes two services of Kubernetes of one: for the world without the ingress, and for the rest. In each the first that asks
/// for a port has it.
fn ports(name: &str, service: &Service, found: &Found) {
    let mut taken: BTreeMap<(bool, u32), (u32, Protocol)> = BTreeMap::new();
    let mut ingress = false;
    for (number, expose) in service.expose.iter().enumerate() {
        let doubt = |message: String| {
            found.doubt(Problem::rule(&["services", name, "expose", &number.to_string()], message));
        };
        let (port, proto) = (outside(expose), protocol(&expose.proto).unwrap_or(Protocol::Tcp));
        if port > 65_535 {
            doubt(format!("port {port} is cut to {}", port % 65_536));
        }
        let global = expose.to.iter().any(|to| to.global);
        let is_ingress = global && port == 80 && proto == Protocol::Tcp;
        if is_ingress && ingress {
            doubt("a second port is open to the world as 80; one of them is left out".to_owned());
            continue;
        }
        ingress |= is_ingress;
        let own = (expose.port, proto);
        let peers = expose.to.iter().map(|to| to.global && !is_ingress);
        let classes: BTreeSet<bool> = if expose.to.is_empty() { [false].into() } else { peers.collect() };
        if classes.into_iter().any(|class| *taken.entry((class, port)).or_insert(own) != own) {
            doubt(format!("port {port} outside is another port's already; this one is left out"));
        }
    }
}

fn secrets(name: &str, service: &Service, found: &Found) {
    for entry in service.env.iter().flatten() {
        let Some((variable, value)) = entry.split_once('=') else { continue };
        if !value.is_empty() && (is_secret(variable) || has_password(value)) {
            let message = format!("`{variable}` looks like a secret; the provider sees it");
            found.doubt(Problem::rule(&["services", name, "env"], message));
        }
    }
}

fn is_secret(variable: &str) -> bool {
    let upper = variable.to_ascii_uppercase();
    let mut words = upper.split(['_', '-', '.']);
    let place = ["_FILE", "_PATH", "_DIR"].iter().any(|end| upper.ends_with(end));
    !place
        && (upper == "KEY"
            || ["_KEY", "APIKEY"].iter().any(|end| upper.ends_with(end))
            || words.any(|word| SECRETS.contains(&word)))
}

/// Whether it is an address with an account's password.
fn has_password(value: &str) -> bool {
    let authority = value.split_once("://").and_then(|(_, rest)| rest.split('/').next());
    authority.and_then(|part| part.split_once('@')).is_some_and(|(user, _)| user.contains(':'))
}

fn gpus(name: &str, models: &[GpuModel], found: &Found) {
    let doubt = |message: String| {
        found.doubt(Problem::rule(&["profiles", "compute", name, "resources", "gpu"], message));
    };
    let mut names = BTreeSet::new();
    for model in models.iter().map(|model| model.model.as_str()) {
        if !names.insert(model) {
            doubt(format!("model `{model}` stands twice; providers look at the last only"));
        }
        if model.is_empty() {
            doubt(
                "a GPU without `model` is no GPU that a provider has; write `model: \"*\"` for any"
                    .to_owned(),
            );
        }
        if model.contains('/') {
            doubt(format!("no provider has a model `{model}`; memory and interface are keys of their own"));
        } else if model != "*" && model.contains(|c: char| c == '*' || c.is_ascii_uppercase()) {
            doubt(format!("no provider has a model `{model}`; write it out, in lower case"));
        }
    }
}

fn volumes(name: &str, compute: &Compute, found: &Found) {
    let doubt = |message: String| {
        found.doubt(Problem::rule(&["profiles", "compute", name, "resources", "storage"], message));
    };
    if compute.storage.len() > MOST_VOLUMES {
        doubt(format!("with more than {MOST_VOLUMES} volumes most providers do not bid"));
    }
    if compute.storage.iter().filter(|volume| is_own_disk(volume)).count() > 1 {
        doubt("of several disks without class only the last one's size counts".to_owned());
    }
    let ram: u64 = compute
        .storage
        .iter()
        .filter(|volume| volume.class == Some(StorageClass::Ram))
        .fold(0, |sum, volume| sum.saturating_add(volume.bytes));
    if ram > 0 && ram >= compute.memory {
        doubt("volumes in memory take all of `memory`; the program may be killed for it".to_owned());
    }
}

/// The container's own disk, of which there is one.
fn is_own_disk(volume: &Volume) -> bool {
    volume.class.is_none() && volume.persistent != Some(true)
}

fn mounts(name: &str, service: &Service, compute: &Compute, found: &Found) {
    let none = BTreeMap::new();
    let mounts = service.params.as_ref().map_or(&none, |params| &params.storage);
    for volume in &compute.storage {
        let mounted = mounts.contains_key(&volume.name);
        if mounted && is_own_disk(volume) {
            let path = ["services", name, "params", "storage", &volume.name];
            let message = "a disk without class cannot be mounted; the service never starts";
            found.doubt(Problem::rule(&path, message));
        }
        if !mounted && volume.persistent == Some(true) {
            let message = format!("persistent volume `{}` is paid for and not mounted", volume.name);
            found.doubt(Problem::rule(&["services", name], message));
        }
    }
}
