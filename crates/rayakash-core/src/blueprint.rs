//! What a wish becomes on Akash: one deployment, one group, the head's service and one service per worker type.
//!
//! The form is the one that ran on a real provider: Ray's own images, the program of [`crate::node`] as the command, the gate
//! as the only global port, objects in a RAM volume at `/dev/shm`.

mod environment;
mod json;

use std::collections::BTreeMap;

use akash_sdl::{
    Compute, Expose, Gpu, GpuModel, Manifest, Mount, Params, Placement, Replicas, Sdl, Service, SignedBy, To,
    Volume,
};
use akash_types::{Dec, DecCoin, GroupSpec};

use crate::mark::Operation;
use crate::secret::Secret;
use crate::spec::{self, Cluster, HeadState, NodeType, TypeName};
use crate::view::Version;

/// The head's service, and its name on the lease's network.
pub const HEAD_SERVICE: &str = "ray-head";
/// The gate's port in a container.
pub const GATE_PORT: u16 = 8443;
/// The port of Ray's control store, for workers.
const GCS_PORT: u16 = 6379;
/// How the line of the environment begins that tells a node its revision.
const REVISION: &str = "RAYAKASH_REVISION=";
/// Bytes of Akash's memory granularity that a price share counts.
const MIB: u64 = 1 << 20;

/// What only this cluster knows, but for the name of its life.
#[derive(Clone, Debug)]
pub struct Keys {
    /// Names this life of the cluster on chain.
    pub operation: Operation,
    /// The gate's certificate, DER in base64.
    pub gate_certificate: String,
    /// Its private key, PKCS#8 DER in base64.
    pub gate_key: Secret,
    /// What the gate wants to hear.
    pub gate_token: Secret,
    /// What Ray wants to hear.
    pub ray_token: Secret,
}

/// What goes on chain, and what goes to the provider.
#[derive(Clone, Debug)]
pub struct Blueprint {
    /// For the chain: what is asked for, at which price at most.
    pub groups: Vec<GroupSpec>,
    /// For the provider: what runs. JSON; it holds the cluster's keys.
    pub manifest: Secret,
    /// SHA-256 of its canonical form, which ties the two together.
    pub version: Version,
    /// The document that both were made from, in SDL, for people. It holds the cluster's keys.
    pub sdl: Secret,
}

/// What nodes that run a manifest are known by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Nodes per service.
    pub nodes: BTreeMap<String, u32>,
    /// The end of their instance ids. Pods of the version before answer for up to 30 seconds after an update, under the same lease and
    /// maybe the same names.
    pub revision: String,
}

impl Plan {
    /// That of a manifest; one that was drawn before there were revisions has an empty one.
    pub fn of(manifest: &Manifest) -> Self {
        let services = || manifest.0.iter().flat_map(|group| &group.services);
        let lines = services().flat_map(|service| service.env.iter().flatten());
        let revision = lines.filter_map(|line| line.strip_prefix(REVISION)).next().unwrap_or_default();
        Self {
            nodes: services().map(|service| (service.name.clone(), service.count)).collect(),
            revision: revision.to_owned(),
        }
    }
}

/// Why a wish cannot be drawn.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Undrawable {
    /// The head's type is not among the types.
    #[error("`{head}` is not one of available_node_types")]
    NoHead {
        /// What was named.
        head: String,
    },
    /// Two node types would be one service.
    #[error("node types `{first}` and `{second}` would both be the service `{service}`; rename one")]
    SameService {
        /// One.
        first: String,
        /// The other.
        second: String,
        /// Their service.
        service: String,
    },
    /// A secret that the wish names is not in the store.
    #[error("the secret `{name}` is not in the store")]
    NoSecret {
        /// Which.
        name: String,
    },
    /// Environment or setup commands are longer than a container can be given.
    #[error(
        "`{name}` of service `{service}` would be {length} bytes; a container takes at most {most} in one value"
    )]
    TooLong {
        /// Where.
        service: String,
        /// The variable.
        name: String,
        /// Its length.
        length: usize,
        /// The limit.
        most: usize,
    },
    /// A key of the cluster file that this release does not carry out.
    #[error("this release does not carry out `{key}`")]
    NotCarriedOut {
        /// Which.
        key: &'static str,
    },
    /// Akash would refuse the document.
    #[error("Akash would refuse it: {problem}")]
    Refused {
        /// Why.
        problem: String,
    },
}

/// One service of the drawing.
struct Drawn<'a> {
    service: String,
    node_type: &'a TypeName,
    node: &'a NodeType,
    count: u32,
    head: bool,
}

/// Draws the blueprint. `ceiling` is the most that all nodes together may cost per block, in uact; it is shared over them by
/// resources, rounded down. `group` is the name of the one group: for a deployment that is there the one on chain, for a new one its
/// [`Mark`](crate::Mark).
pub fn draw(
    cluster: &Cluster,
    keys: &Keys,
    secrets: &BTreeMap<String, Secret>,
    ceiling: Dec,
    group: &str,
) -> Result<Blueprint, Undrawable> {
    let mut sdl = document(cluster, keys, secrets, ceiling, group)?;
    let built = |sdl: &Sdl| sdl.build().map_err(|error| Undrawable::Refused { problem: error.to_string() });
    // A manifest cannot hold its own hash, but that of everything else in it.
    let revision = revision(built(&sdl)?.1.hash());
    for service in sdl.services.values_mut() {
        service.env.get_or_insert_default().push(format!("{REVISION}{revision}"));
    }
    let (groups, manifest) = built(&sdl)?;
    Ok(Blueprint {
        groups,
        version: manifest.hash(),
        manifest: Secret::new(manifest.to_json()),
        sdl: Secret::new(sdl.to_yaml()),
    })
}

/// Twelve hexadecimal digits: enough for one lease's versions, and short in the names of nodes.
fn revision(hash: Version) -> String {
    hash.iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

/// The services of a wish, head first, with their node counts.
pub fn services(cluster: &Cluster) -> Result<BTreeMap<String, u32>, Undrawable> {
    Ok(drawn(cluster)?.into_iter().map(|drawn| (drawn.service, drawn.count)).collect())
}

fn document(
    cluster: &Cluster,
    keys: &Keys,
    secrets: &BTreeMap<String, Secret>,
    ceiling: Dec,
    group: &str,
) -> Result<Sdl, Undrawable> {
    for (refused, key) in [
        (cluster.public_dashboard, "network.public_dashboard"),
        (cluster.recovery.head == HeadState::Restore, "recovery.head: restore"),
    ] {
        if refused {
            return Err(Undrawable::NotCarriedOut { key });
        }
    }
    let drawn = drawn(cluster)?;
    let prices = shares(&drawn, ceiling);
    let mut sdl = Sdl::default();
    let mut placement = Placement {
        attributes: cluster.market.attributes.clone(),
        signed_by: signed_by(&cluster.market.audited),
        pricing: BTreeMap::new(),
    };
    for (one, price) in drawn.iter().zip(prices) {
        let env = environment::of(cluster, keys, secrets, one)?;
        sdl.services.insert(one.service.clone(), service(cluster, one, env, &drawn));
        sdl.compute.insert(one.service.clone(), compute(one.node));
        placement.pricing.insert(one.service.clone(), DecCoin::uact(price));
        let replicas = Replicas { profile: one.service.clone(), count: one.count };
        sdl.deployment.insert(one.service.clone(), BTreeMap::from([(group.to_owned(), replicas)]));
    }
    sdl.placements.insert(group.to_owned(), placement);
    Ok(sdl)
}

fn signed_by(auditors: &[String]) -> SignedBy {
    let any_of = (!auditors.is_empty()).then(|| auditors.to_vec());
    SignedBy { all_of: None, any_of }
}

fn drawn(cluster: &Cluster) -> Result<Vec<Drawn<'_>>, Undrawable> {
    let head = cluster.head_type().ok_or_else(|| Undrawable::NoHead { head: cluster.head.to_string() })?;
    let mut all = vec![Drawn {
        service: HEAD_SERVICE.to_owned(),
        node_type: &cluster.head,
        node: head,
        count: 1,
        head: true,
    }];
    for (node_type, node, count) in cluster.workers() {
        // A type called `head` may have workers too; `ray-head` is taken.
        let service = match node_type.as_str() {
            "head" => "ray-head-type".to_owned(),
            name => format!("ray-{name}"),
        };
        if let Some(other) = all.iter().find(|other| other.service == service) {
            let (first, second) = (other.node_type.to_string(), node_type.to_string());
            return Err(Undrawable::SameService { first, second, service });
        }
        all.push(Drawn { service, node_type, node, count, head: false });
    }
    Ok(all)
}

/// The ceiling shared over replicas by what they ask for, each share rounded down.
fn shares(drawn: &[Drawn<'_>], ceiling: Dec) -> Vec<Dec> {
    let weight = |node: &NodeType| {
        let memory = node.memory.saturating_add(node.object_store) / MIB;
        let cores = u64::from(node.cpus).saturating_mul(1_000);
        let devices = u64::from(node.gpus).saturating_mul(40_000);
        cores.saturating_add(memory / 4).saturating_add(devices)
    };
    let total = drawn
        .iter()
        .map(|one| weight(one.node).saturating_mul(u64::from(one.count)))
        .fold(0, u64::saturating_add);
    let share = |one: &Drawn<'_>| {
        ceiling.checked_mul(weight(one.node)).and_then(|d| d.checked_div(total)).unwrap_or(Dec::ZERO)
    };
    drawn.iter().map(share).collect()
}

fn service(cluster: &Cluster, one: &Drawn<'_>, env: Vec<String>, all: &[Drawn<'_>]) -> Service {
    let workers = || all.iter().filter(|other| !other.head);
    let to_worker = |other: &Drawn<'_>| To { service: other.service.clone(), ..To::default() };
    let expose = |port: u16, to: Vec<To>| Expose {
        port: u32::from(port),
        external_port: u32::from(port),
        to,
        ..Expose::default()
    };
    let mut ports = Vec::new();
    if one.head {
        let everybody = To { global: true, ..To::default() };
        ports.push(expose(GATE_PORT, std::iter::once(everybody).chain(workers().map(to_worker)).collect()));
        if workers().next().is_some() {
            ports.push(expose(GCS_PORT, workers().map(to_worker).collect()));
        }
    }
    let shm = Mount { mount: "/dev/shm".to_owned(), read_only: false };
    Service {
        image: cluster.ray.image_for(one.node.gpus > 0),
        command: Some(vec!["python3".to_owned(), "-c".to_owned()]),
        args: Some(vec![crate::node::BOOTSTRAP.to_owned()]),
        env: Some(env),
        expose: ports,
        params: Some(Params { storage: BTreeMap::from([("shm".to_owned(), shm)]), ..Params::default() }),
        credentials: None,
    }
}

fn compute(node: &NodeType) -> Compute {
    let gpu_model = |model: &spec::GpuModel| GpuModel {
        model: model.model.clone(),
        ram_gib: model.ram.as_ref().and_then(|ram| ram.strip_suffix("Gi")).and_then(|gib| gib.parse().ok()),
        interface: None,
    };
    Compute {
        cpu_millis: node.cpus.saturating_mul(1_000),
        arch: None,
        memory: node.memory,
        storage: vec![Volume::disk(node.storage), Volume::ram("shm", node.object_store)],
        gpu: Gpu { units: u64::from(node.gpus), models: node.gpu_models.iter().map(gpu_model).collect() },
    }
}

#[cfg(test)]
mod tests;
