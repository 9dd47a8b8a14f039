//! One walk over the document that makes groups and manifest together and checks them.

mod doubts;
mod limits;
mod ports;
mod rules;
mod unit;

pub(crate) use doubts::doubts;
pub(crate) use unit::gpu_keys;

use std::collections::BTreeMap;

use akash_types::{Attribute, DecCoin, GroupSpec, PlacementRequirements, ResourceUnit, SignedBy};

use crate::SdlError;
use crate::error::{Found, Problem};
use crate::manifest as m;
use crate::manifest::check::Broken;
use crate::manifest::{self, Manifest};
use crate::sdl::{Compute, Placement, Replicas, Sdl, Service, Tee, Version};

/// What a document means.
pub(crate) struct Plan {
    pub(crate) groups: Vec<GroupSpec>,
    pub(crate) manifest: Manifest,
}

/// A group in the making.
struct Group<'a> {
    spec: GroupSpec,
    services: Vec<m::Service>,
    /// The compute profile of each unit.
    profiles: Vec<&'a str>,
    tee: Option<Tee>,
}

/// A service in a placement, everything it names looked up.
struct Use<'a> {
    name: &'a str,
    service: &'a Service,
    group: &'a str,
    placement: &'a Placement,
    replicas: &'a Replicas,
    compute: &'a Compute,
    price: &'a DecCoin,
}

/// The most bytes of text that a manifest may hold: a service in many placements stands there as often.
const MOST_BYTES: usize = 8 * 1024 * 1024;

/// Makes groups and manifest, or says which rules are broken.
pub(crate) fn make(sdl: &Sdl) -> Result<Plan, SdlError> {
    let found = Found::default();
    let uses = rules::check(sdl, &found);
    let bytes = uses.iter().fold(0_usize, |sum, used| sum.saturating_add(bytes(used)));
    if bytes > MOST_BYTES {
        let message = format!("the manifest would hold {bytes} bytes of text, and {MOST_BYTES} are the most");
        return Err(Problem::rule(&["deployment"], message).into());
    }
    // A whole that is short of parts only because these are wrong is not wrong itself.
    let partial = rules::is_partial(sdl, &uses);
    let addresses = ports::addresses(sdl);
    let mut groups: BTreeMap<&str, Group<'_>> = BTreeMap::new();
    for used in &uses {
        let group = groups.entry(used.group).or_insert_with(|| Group::new(used.group, used.placement));
        group.add(used, sdl.version, &addresses, &found);
    }
    let groups: Vec<Group<'_>> = groups.into_values().collect();
    limits::check(&groups, partial, &found);
    let (specs, manifest): (Vec<_>, Vec<_>) = groups
        .into_iter()
        .map(|group| {
            let services = m::Group { name: group.spec.name.clone(), services: group.services };
            (group.spec, services)
        })
        .unzip();
    let plan = Plan { groups: specs, manifest: Manifest(manifest) };
    for broken in manifest::check::manifest(&plan.manifest) {
        if broken.service.is_some() || !partial {
            found.add(problem(&broken));
        }
    }
    found.into_result().map(|_| plan)
}

/// What a service takes in the manifest, about: a port stands there once for each peer, hosts and all.
fn bytes(used: &Use<'_>) -> usize {
    let Service { image, command, args, env, expose, params, credentials } = used.service;
    let text = |text: &String| text.len() + 1;
    let texts = |list: &Option<Vec<String>>| list.iter().flatten().map(text).sum::<usize>();
    let port = |expose: &crate::Expose| {
        let own = 64 + texts(&expose.accept) + expose.http_options.next_cases.iter().map(text).sum::<usize>();
        let peers = expose.to.iter().map(|to| to.service.len() + to.ip.len()).sum::<usize>();
        own.saturating_mul(expose.to.len().max(1)).saturating_add(peers)
    };
    let ports = expose.iter().map(port).fold(0, usize::saturating_add);
    let rights = params.as_ref().map_or(0, |params| {
        let mounts = params.storage.iter().map(|(name, mount)| name.len() + mount.mount.len() + 64);
        mounts.sum::<usize>() + texts(&params.permissions)
    });
    let account = credentials.as_ref().map_or(0, |account| {
        [&account.host, &account.email, &account.username, &account.password].map(text).iter().sum()
    });
    let volumes = used.compute.storage.iter().map(|volume| volume.name.len() + 64).sum::<usize>();
    let own = used.name.len() + image.len() + texts(command) + texts(args) + texts(env);
    (own + rights + account + volumes + 512).saturating_add(ports)
}

/// A rule of the manifest, at the service that breaks it.
fn problem(broken: &Broken<'_>) -> Problem {
    let text = broken.error.to_string();
    let text = text.strip_prefix("invalid manifest: ").unwrap_or(&text).trim();
    match broken.service {
        // What stands there in place of a name may be a secret.
        Some(name) if text.contains("env. var. with an invalid name") => Problem::rule(
            &["services", name, "env"],
            "an entry does not begin with a name; write `NAME=value`, the name of letters, digits, `_`, `-` and `.`",
        ),
        Some(name) => Problem::rule(&["services", name], text),
        None if text == "zero global services" => {
            Problem::rule(&["services"], "no port of any service is open to the world; Akash demands one")
        }
        None => Problem::rule(&["services"], text),
    }
}

impl<'a> Group<'a> {
    fn new(name: &str, placement: &Placement) -> Self {
        let attributes = placement
            .attributes
            .iter()
            .map(|(key, value)| Attribute { key: key.clone(), value: value.clone() })
            .collect();
        let signed_by = SignedBy {
            all_of: placement.signed_by.all_of.clone().unwrap_or_default(),
            any_of: placement.signed_by.any_of.clone().unwrap_or_default(),
        };
        let spec = GroupSpec {
            name: name.to_owned(),
            requirements: PlacementRequirements { signed_by, attributes },
            units: vec![],
        };
        Self { spec, services: vec![], profiles: vec![], tee: None }
    }

    fn add(&mut self, used: &Use<'a>, version: Version, addresses: &ports::Addresses, found: &Found) {
        self.require_tee(used, found);
        let expose = ports::expose(used, addresses, found);
        let endpoints = ports::endpoints(&expose);
        let profile = used.replicas.profile.as_str();
        // The merge rule of 2.1.
        let shared = self.profiles.iter().position(|known| version == Version::V2_1 && *known == profile);
        let mut resources = unit::resources(used, found);
        if let Some(unit) = shared.and_then(|n| self.spec.units.get_mut(n)) {
            unit.count = unit.count.checked_add(used.replicas.count).unwrap_or_else(|| {
                let path = ["deployment", used.name, used.group];
                found.add(Problem::rule(&path, "more replicas than can be counted"));
                u32::MAX
            });
            unit.resources.endpoints.extend(&endpoints);
            unit.resources.endpoints.sort_by_key(|endpoint| endpoint.sequence_number);
            resources.id = unit.resources.id;
        } else {
            self.profiles.push(profile);
            resources.id = u32::try_from(self.profiles.len()).unwrap_or(u32::MAX);
            let resources = akash_types::Resources { endpoints: endpoints.clone(), ..resources.clone() };
            self.spec.units.push(ResourceUnit {
                resources,
                count: used.replicas.count,
                price: used.price.clone(),
            });
        }
        let resources = unit::manifest(&resources, &endpoints);
        self.services.push(service(used, version, resources, expose));
    }

    /// Confidential computing is asked of the provider as an attribute, once a group.
    fn require_tee(&mut self, used: &Use<'_>, found: &Found) {
        let Some(tee) = used.service.params.as_ref().and_then(|params| params.tee) else { return };
        let path = ["services", used.name, "params", "tee"];
        if tee == Tee::CpuGpu && used.compute.gpu.units == 0 {
            found.add(Problem::rule(&path, "`cpu-gpu` needs a compute profile with a GPU"));
        }
        match self.tee {
            Some(other) if other != tee => {
                let problem = format!("another service of `{}` asks for another kind", used.group);
                found.add(Problem::rule(&path, problem));
            }
            Some(_) => {}
            None => {
                self.tee = Some(tee);
                let attributes = &mut self.spec.requirements.attributes;
                attributes.push(Attribute { key: "tee/type".to_owned(), value: tee.as_str().to_owned() });
                attributes.sort_by(|a, b| a.key.cmp(&b.key));
            }
        }
    }
}

fn service(
    used: &Use<'_>,
    version: Version,
    resources: manifest::Resources,
    expose: Vec<m::Expose>,
) -> m::Service {
    let service = used.service;
    let params = service.params.as_ref().map(|params| m::Params {
        storage: (!params.storage.is_empty()).then(|| {
            let mount = |(name, mount): (&String, &crate::Mount)| m::Mount {
                name: name.clone(),
                mount: mount.mount.clone(),
                read_only: mount.read_only,
            };
            params.storage.iter().map(mount).collect()
        }),
        permissions: params.permissions.clone().map(|read| m::Permissions { read }),
        tee: params.tee.map(|tee| m::Tee { kind: tee.as_str().to_owned(), attestation: true }),
    });
    let text = |text: &str| match version {
        Version::V2_0 => text.to_owned(),
        Version::V2_1 => text.trim().to_owned(),
    };
    let credentials = service.credentials.as_ref().map(|credentials| m::Credentials {
        host: text(&credentials.host),
        email: if version == Version::V2_0 { String::new() } else { text(&credentials.email) },
        username: text(&credentials.username),
        password: text(&credentials.password),
    });
    m::Service {
        name: used.name.to_owned(),
        image: service.image.clone(),
        command: service.command.clone(),
        args: service.args.clone(),
        env: service.env.clone(),
        resources,
        count: used.replicas.count,
        expose,
        params,
        credentials,
    }
}
