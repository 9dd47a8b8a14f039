//! One walk over the document that makes groups and manifest together and checks them.

mod limits;
mod ports;
mod rules;
mod unit;

pub(crate) use unit::gpu_keys;

use std::collections::BTreeMap;

use akash_types::{Attribute, GroupSpec, PlacementRequirements, ResourceUnit, SignedBy};

use crate::error::Problem;
use crate::manifest as m;
use crate::manifest::{self, Manifest, ManifestError};
use crate::sdl::{Compute, Placement, Replicas, Sdl, Service, Tee, Version};

/// What a document means.
pub(crate) struct Plan {
    pub(crate) groups: Vec<GroupSpec>,
    pub(crate) manifest: Manifest,
}

/// A group in the making.
struct Group {
    spec: GroupSpec,
    services: Vec<m::Service>,
    /// Units by compute profile, for the merge rule of 2.1.
    units: BTreeMap<String, usize>,
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
}

/// Makes groups and manifest, or says which rule is broken.
pub(crate) fn make(sdl: &Sdl) -> Result<Plan, Problem> {
    let uses = rules::check(sdl)?;
    let addresses = ports::addresses(sdl);
    let mut groups: BTreeMap<&str, Group> = BTreeMap::new();
    for used in &uses {
        let group = groups.entry(used.group).or_insert_with(|| Group::new(used.group, used.placement));
        group.add(used, sdl.version, &addresses)?;
    }
    let (specs, manifest): (Vec<_>, Vec<_>) = groups
        .into_iter()
        .map(|(name, group)| (group.spec, m::Group { name: name.to_owned(), services: group.services }))
        .unzip();
    limits::check(&specs)?;
    let manifest = Manifest(manifest);
    manifest.validate().map_err(|error| broken(&error, &manifest))?;
    Ok(Plan { groups: specs, manifest })
}

/// A rule of the manifest, at the service that breaks it.
fn broken(error: &ManifestError, manifest: &Manifest) -> Problem {
    let text = error.to_string();
    let problem = text.strip_prefix("invalid manifest: ").unwrap_or(&text).trim();
    let services = manifest.0.iter().flat_map(|group| &group.services);
    let service =
        services.map(|s| s.name.as_str()).find(|name| problem.starts_with(&format!("service {name:?}")));
    match service {
        Some(name) => Problem::rule(&["services", name], problem),
        None if problem == "zero global services" => {
            Problem::rule(&["services"], "no port of any service is open to the world; Akash demands one")
        }
        None => Problem::rule(&["services"], problem),
    }
}

impl Group {
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
        Self { spec, services: vec![], units: BTreeMap::new(), tee: None }
    }

    fn add(&mut self, used: &Use<'_>, version: Version, addresses: &ports::Addresses) -> Result<(), Problem> {
        self.require_tee(used)?;
        let expose = ports::expose(used, addresses)?;
        let endpoints = ports::endpoints(&expose);
        let Some(price) = used.placement.pricing.get(&used.replicas.profile) else {
            return Err(rules::no_price(used));
        };
        let shared = self.units.get(&used.replicas.profile).filter(|_| version == Version::V2_1);
        let mut resources = unit::resources(used)?;
        if let Some(unit) = shared.and_then(|&n| self.spec.units.get_mut(n)) {
            let path = ["deployment", used.name, used.group];
            let sum = unit.count.checked_add(used.replicas.count);
            unit.count = sum.ok_or_else(|| Problem::rule(&path, "more replicas than can be counted"))?;
            unit.resources.endpoints.extend(&endpoints);
            unit.resources.endpoints.sort_by_key(|endpoint| endpoint.sequence_number);
            resources.id = unit.resources.id;
        } else {
            let number = self.spec.units.len();
            resources.id = u32::try_from(number + 1).unwrap_or(u32::MAX);
            self.units.insert(used.replicas.profile.clone(), number);
            let resources = akash_types::Resources { endpoints: endpoints.clone(), ..resources.clone() };
            self.spec.units.push(ResourceUnit {
                resources,
                count: used.replicas.count,
                price: price.clone(),
            });
        }
        let resources = unit::manifest(&resources, &endpoints);
        self.services.push(service(used, version, resources, expose));
        Ok(())
    }

    /// Confidential computing is asked of the provider as an attribute, once a group.
    fn require_tee(&mut self, used: &Use<'_>) -> Result<(), Problem> {
        let Some(tee) = used.service.params.as_ref().and_then(|params| params.tee) else { return Ok(()) };
        let path = ["services", used.name, "params", "tee"];
        if tee == Tee::CpuGpu && used.compute.gpu.units == 0 {
            return Err(Problem::rule(&path, "`cpu-gpu` needs a compute profile with a GPU"));
        }
        match self.tee {
            Some(other) if other != tee => Err(Problem::rule(
                &path,
                format!("another service of `{}` asks for another kind", used.group),
            )),
            Some(_) => Ok(()),
            None => {
                self.tee = Some(tee);
                let attributes = &mut self.spec.requirements.attributes;
                attributes.push(Attribute { key: "tee/type".to_owned(), value: tee.as_str().to_owned() });
                attributes.sort_by(|a, b| a.key.cmp(&b.key));
                Ok(())
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
