//! What a node has: the compute profile of a service.

use super::super::draft::Node;
use super::super::env::Env;
use super::super::limits::{self, CPUS, bytes, node_memory, objects};
use super::super::note::Report;
use super::super::size::millis;
use super::super::source::{Item, shown};
use super::super::start::Role;
use super::service::Service;
use super::{Replicas, gpu, type_name};

/// The node type of a service with a profile; none when something is refused.
pub(super) fn read(
    root: &Item<'_>,
    service: &Service<'_>,
    replicas: &Replicas<'_>,
    (role, env): (Role, &Env),
    report: &mut Report,
) -> Option<Node> {
    let profiles = root.key("profiles").key("compute");
    let Some(resources) = profiles.get(&replicas.profile).and_then(|profile| profile.get("resources")) else {
        let message = format!("the profile `{}` has no resources", shown(&replicas.profile));
        let named = replicas.item.get("profile").unwrap_or_else(|| replicas.item.clone());
        report.refuse(&named, message, "it must be in `profiles.compute`");
        return None;
    };
    let (cpus, memory) = (cpus(&resources, report), memory(&resources, role, report));
    let (gpus, models) = gpu::read(&resources.key("gpu"), report)?;
    let mut node = Node {
        name: type_name(&service.name),
        min_workers: replicas.count,
        cpus: cpus?,
        memory: memory?,
        gpus,
        models,
        env: env.clone(),
        ..Node::default()
    };
    volumes(&resources.key("storage"), service, &mut node, report);
    for (key, item) in resources.entries() {
        if !["cpu", "memory", "gpu", "storage"].contains(&key.as_str()) {
            report.note(&item, format!("`{}` is no resource of SDL, and was left out", shown(&key)), "");
        }
    }
    Some(node)
}

fn cpus(resources: &Item<'_>, report: &mut Report) -> Option<u32> {
    let cpu = resources.key("cpu");
    if let Some(arch) = cpu.get("attributes") {
        report.note(
            &arch,
            "attributes of the processor were left out",
            "`market.attributes` chooses providers",
        );
    }
    let item = cpu.own_or("units");
    let text = item.text().unwrap_or_default();
    let Some(millis) = millis(&text).filter(|millis| *millis > 0) else {
        report.refuse(&item, format!("`{}` is no number of cores", shown(&text)), "such as `2` or `500m`");
        return None;
    };
    let whole = millis.div_ceil(1000);
    if whole > u64::from(CPUS) {
        report.refuse(&item, format!("{whole} cores are too many for a node"), "384 are the limit of Akash");
        return None;
    }
    if !millis.is_multiple_of(1000) {
        report.note(
            &item,
            format!("`{}` cores were made {whole}: Ray is told whole cores", shown(&text)),
            "",
        );
    }
    u32::try_from(whole).ok()
}

fn memory(resources: &Item<'_>, role: Role, report: &mut Report) -> Option<u64> {
    let size = resources.key("memory").own_or("size");
    node_memory(bytes(&size, report)?, role, &size, report)
}

/// The disk, and the RAM volume of Ray's objects.
fn volumes(storage: &Item<'_>, service: &Service<'_>, node: &mut Node, report: &mut Report) {
    let volumes = if storage.is_mapping() { vec![storage.clone()] } else { storage.items() };
    let mut disk: Option<u64> = None;
    for volume in volumes {
        let Some(bytes) = bytes(&volume.own_or("size"), report) else { continue };
        let name = volume.get("name").and_then(|name| name.text()).unwrap_or_else(|| "default".to_owned());
        let attribute = |key: &str| volume.key("attributes").key(key).text().unwrap_or_default();
        let mount =
            service.item.key("params").key("storage").key(&name).key("mount").text().unwrap_or_default();
        let is_ram = attribute("class") == "ram";
        match (is_ram, attribute("persistent").as_str()) {
            (true, _) if mount.trim_end_matches('/') == "/dev/shm" => {
                node.object_store = objects(bytes, &volume, report);
            }
            (true, _) => {
                let reason = format!(
                    "the RAM volume `{}` was left out: Ray's objects are at `/dev/shm`",
                    shown(&name)
                );
                report.note(&volume, reason, "write `object_store_memory`");
            }
            (false, "true" | "yes" | "on") => {
                let reason = format!(
                    "the volume `{}` was left out: nothing on a node outlives its lease",
                    shown(&name)
                );
                report.note(&volume, reason, "keep data in object storage, or write a larger `storage`");
            }
            (false, _) => disk = Some(disk.unwrap_or_default().saturating_add(bytes)),
        }
    }
    node.storage = disk.map(|bytes| limits::disk(bytes, storage, report));
}
