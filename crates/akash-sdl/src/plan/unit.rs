//! A compute profile to resources, on chain and in the manifest.

use std::cmp::Ordering;

use akash_types::{Attribute, Cpu, Endpoint, Gpu, Memory, Resources, Volume};

use super::Use;
use crate::Compute;
use crate::error::{Found, Problem};
use crate::manifest as m;
use crate::sdl::{self, GpuModel, StorageClass};

/// The profile's resources, without id and endpoints.
pub(super) fn resources(used: &Use<'_>, found: &Found) -> Resources {
    let compute = used.compute;
    let path = ["profiles", "compute", used.replicas.profile.as_str(), "resources"];
    let broken = |problem: String| Problem::rule(&path, problem);
    for volume in &compute.storage {
        found.or_default(consistent(volume).map_err(broken));
    }
    let gpu_attributes = found.or_default(gpu(&compute.gpu).map_err(broken));
    let arch = compute.arch.iter().map(|arch| attribute("arch", arch)).collect();
    Resources {
        id: 0,
        cpu: Cpu { millis: u64::from(compute.cpu_millis), attributes: arch },
        memory: Memory { bytes: compute.memory, attributes: vec![] },
        storage: storage(compute),
        gpu: Gpu { units: compute.gpu.units, attributes: gpu_attributes },
        endpoints: vec![],
    }
}

fn attribute(key: &str, value: &str) -> Attribute {
    Attribute { key: key.to_owned(), value: value.to_owned() }
}

/// What [`crate::Sdl::parse`] cannot produce, but a builder could.
fn consistent(volume: &sdl::Volume) -> Result<(), String> {
    match (volume.class, volume.persistent) {
        (Some(_), None) | (Some(StorageClass::Ram), Some(true)) => {
            Err(format!("volume `{}`: class and persistence contradict each other", volume.name))
        }
        _ => Ok(()),
    }
}

/// Akash's order: an insertion sort with a comparison that is no strict order, reproduced as it is.
fn storage(compute: &Compute) -> Vec<Volume> {
    let mut sorted: Vec<&sdl::Volume> = vec![];
    for volume in &compute.storage {
        let place = sorted.iter().rposition(|left| !before(volume, left)).map_or(0, |n| n + 1);
        sorted.insert(place, volume);
    }
    sorted.into_iter().map(volume).collect()
}

fn before(a: &sdl::Volume, b: &sdl::Volume) -> bool {
    match a.bytes.cmp(&b.bytes) {
        Ordering::Less => return true,
        Ordering::Greater => return false,
        Ordering::Equal => {}
    }
    match (a.persistent, b.persistent) {
        (None, Some(_)) => true,
        (Some(_), None) => false,
        (Some(a), Some(b)) if a != b => !a,
        (Some(true), Some(_)) => a.name < b.name,
        (Some(false), Some(_)) | (None, None) => true,
    }
}

fn volume(volume: &sdl::Volume) -> Volume {
    let class = volume.class.map(|class| attribute("class", class.as_str()));
    let persistent = volume.persistent.map(|yes| attribute("persistent", if yes { "true" } else { "false" }));
    Volume {
        name: volume.name.clone(),
        bytes: volume.bytes,
        attributes: class.into_iter().chain(persistent).collect(),
    }
}

fn gpu(gpu: &sdl::Gpu) -> Result<Vec<Attribute>, String> {
    if gpu.units == 0 {
        let none = gpu.models.is_empty();
        return if none { Ok(vec![]) } else { Err("models of a GPU need `units` above 0".to_owned()) };
    }
    Ok(gpu_keys(&gpu.models)?.iter().map(|key| attribute(key, "true")).collect())
}

/// The attributes' keys that stand for these models, sorted.
pub(crate) fn gpu_keys(models: &[GpuModel]) -> Result<Vec<String>, String> {
    let mut keys: Vec<String> = models.iter().map(model).collect();
    if keys.is_empty() {
        keys.push("vendor/nvidia/model/*".to_owned());
    }
    keys.sort_unstable();
    for (key, next) in keys.iter().zip(keys.iter().skip(1)) {
        if key == next {
            return Err(format!("GPU `{key}` is listed twice"));
        }
    }
    match keys.iter().find(|key| !is_attribute_key(key)) {
        Some(key) => Err(format!("`{key}` is no name of a GPU; `*` may only stand at the very end")),
        None => Ok(keys),
    }
}

fn model(model: &GpuModel) -> String {
    let mut key = format!("vendor/nvidia/model/{}", model.model);
    if let Some(ram) = model.ram_gib {
        key.push_str(&format!("/ram/{ram}Gi"));
    }
    if let Some(interface) = model.interface {
        key.push_str(&format!("/interface/{}", interface.as_str()));
    }
    key
}

fn is_attribute_key(key: &str) -> bool {
    let body = key.strip_suffix('*').unwrap_or(key);
    key.len() <= 128 && body.bytes().all(|b| b.is_ascii_alphanumeric() || b"_/.-".contains(&b))
}

/// The same resources as the manifest writes them.
pub(super) fn manifest(resources: &Resources, endpoints: &[Endpoint]) -> m::Resources {
    let list = |attributes: &[Attribute]| {
        let each = |a: &Attribute| m::Attribute { key: a.key.clone(), value: a.value.clone() };
        attributes.iter().map(each).collect::<Vec<_>>()
    };
    let amount = |val| m::Amount { val };
    let volume = |volume: &Volume| m::Volume {
        name: volume.name.clone(),
        size: amount(volume.bytes),
        attributes: list(&volume.attributes),
    };
    let endpoint = |endpoint: &Endpoint| m::Endpoint {
        kind: u32::try_from(endpoint.kind.to_wire()).unwrap_or(0),
        sequence_number: endpoint.sequence_number,
    };
    m::Resources {
        id: resources.id,
        cpu: Some(m::Units {
            units: amount(resources.cpu.millis),
            attributes: list(&resources.cpu.attributes),
        }),
        memory: Some(m::Memory {
            size: amount(resources.memory.bytes),
            attributes: list(&resources.memory.attributes),
        }),
        storage: Some(resources.storage.iter().map(volume).collect()),
        gpu: Some(m::Units {
            units: amount(resources.gpu.units),
            attributes: list(&resources.gpu.attributes),
        }),
        endpoints: Some(endpoints.iter().map(endpoint).collect()),
    }
}
