//! A node type of the launcher.

use super::super::draft::{MOST_NODES, Node};
use super::super::note::Report;
use super::super::size::{count, scaled, written};
use super::super::source::{Item, shown};
use super::super::start::Role;
use super::super::{limits, name};
use crate::file::is_label;
use crate::secret_looking::is_secret;

/// What a node is given when the file does not say what its machine has.
const CPUS: u32 = 2;
const MEMORY: u64 = 4 << 30;
/// Memory for each core when only the cores are known.
const MEMORY_PER_CPU: u64 = 2 << 30;

/// A node of which nothing is known.
pub(super) fn unknown() -> Node {
    Node { cpus: CPUS, memory: MEMORY, ..Node::default() }
}

/// The node type; none when something is refused.
pub(super) fn read(name: &str, item: &Item<'_>, role: Role, report: &mut Report) -> Option<Node> {
    let mut node = Node { name: name::node_type(name), ..unknown() };
    let resources = item.key("resources");
    node.cpus = cpus(item, &resources, report)?;
    node.memory = memory(item, &resources, (role, node.cpus), report)?;
    node.gpus = number(&resources, "GPU", limits::GPUS, report)?.unwrap_or(0);
    if let Some(given) = resources.get("object_store_memory") {
        node.object_store = Some(limits::objects(limits::bytes(&given, report)?, &given, report)?);
    }
    others(&resources, &mut node, report);
    workers(name, item, role, &mut node, report)?;
    labels(item, &mut node, report);
    note_rest(item, report);
    Some(node)
}

/// A whole number under a key; the outer none when it is refused.
fn number(item: &Item<'_>, key: &str, most: u32, report: &mut Report) -> Option<Option<u32>> {
    let Some(given) = item.get(key) else { return Some(None) };
    let text = given.text().unwrap_or_default();
    match scaled(&text, 1).and_then(|number| u32::try_from(number).ok()) {
        Some(number) if number > most => {
            report.refuse(
                &given,
                format!("`{}` is too much: {most} is the limit of Akash", shown(&text)),
                "",
            );
            None
        }
        Some(number) => {
            if count(&text).is_none() {
                report.note(&given, format!("`{}` was made {number}: whole numbers only", shown(&text)), "");
            }
            Some(Some(number))
        }
        None => {
            report.refuse(&given, format!("`{}` is no number", shown(&text)), "a whole number from 0");
            None
        }
    }
}

fn cpus(item: &Item<'_>, resources: &Item<'_>, report: &mut Report) -> Option<u32> {
    match number(resources, "CPU", limits::CPUS, report)? {
        Some(0) => {
            let reason =
                format!("a node without CPU cannot be: it is given {CPUS}, and Ray runs tasks there");
            report.note(&resources.key("CPU"), reason, "write how many the machine has");
            Some(CPUS)
        }
        Some(number) => Some(number),
        None => {
            let memory = if resources.get("memory").is_some() { "" } else { " and 4Gi" };
            let reason = format!("what {} has is not known: it is given {CPUS} CPU{memory}", machine(item));
            report.note(item, reason, "write `resources: { CPU: …, memory: … }`");
            Some(CPUS)
        }
    }
}

fn memory(
    item: &Item<'_>,
    resources: &Item<'_>,
    (role, cpus): (Role, u32),
    report: &mut Report,
) -> Option<u64> {
    let Some(given) = resources.get("memory") else {
        if resources.get("CPU").is_none() {
            return Some(MEMORY);
        }
        let memory = MEMORY_PER_CPU.saturating_mul(u64::from(cpus)).max(MEMORY);
        let reason =
            format!("how much memory {} has is not known: it is given {}", machine(item), written(memory));
        report.note(item, reason, "write `memory` under `resources`");
        return Some(memory);
    };
    limits::node_memory(limits::bytes(&given, report)?, role, &given, report)
}

/// The machine's name in some cloud.
fn machine(item: &Item<'_>) -> String {
    let config = item.key("node_config");
    let keys = ["InstanceType", "machineType", "instance_type", "InstanceTypeId", "server_type"];
    let found = keys.iter().find_map(|key| config.get(key)?.text());
    let azure = || config.key("azure_arm_parameters").key("vmSize").text();
    found.or_else(azure).map_or_else(|| "the machine".to_owned(), |name| format!("`{}`", shown(&name)))
}

/// Resources of one's own, and accelerators by name.
fn others(resources: &Item<'_>, node: &mut Node, report: &mut Report) {
    for (key, item) in resources.entries() {
        if let Some(model) = key.strip_prefix("accelerator_type:").filter(|_| node.gpus > 0) {
            match gpu_model(model) {
                Some(model) => node.models.push(model),
                None => {
                    let reason = format!("`{}` is no model of a GPU, and was left out", shown(model));
                    report.note(&item, reason, "write it under `gpu`");
                }
            }
        } else if !["CPU", "GPU", "memory", "object_store_memory"].contains(&key.as_str()) {
            let reason =
                format!("the resource `{}` was left out: nodes have CPU, GPU and memory", shown(&key));
            report.note(&item, reason, "write `labels`, and schedule by them");
        }
    }
}

/// Ray's name of an accelerator as Akash has it: `A100-80G` is `a100/80Gi`.
fn gpu_model(name: &str) -> Option<String> {
    let lower = name.trim().to_ascii_lowercase();
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let (model, ram) = match lower.rsplit_once('-') {
        Some((model, ram)) if ram.strip_suffix('g').is_some_and(|gib| gib.parse::<u16>().is_ok()) => {
            (model, Some(ram))
        }
        _ => (lower.as_str(), None),
    };
    let known = !model.is_empty() && model.chars().all(plain);
    known
        .then(|| ram.map_or_else(|| model.to_owned(), |ram| format!("{model}/{}i", ram.to_ascii_uppercase())))
}

fn workers(name: &str, item: &Item<'_>, role: Role, node: &mut Node, report: &mut Report) -> Option<()> {
    node.min_workers = number(item, "min_workers", MOST_NODES, report)?.unwrap_or(0);
    let most = number(item, "max_workers", u32::MAX, report)?;
    if most.is_some_and(|most| most < node.min_workers) {
        report.note(
            &item.key("max_workers"),
            "`max_workers` is less than `min_workers`, and was left out",
            "",
        );
    }
    node.max_workers = most.filter(|most| *most > node.min_workers);
    if role == Role::Worker && node.min_workers == 0 {
        let reason = format!("no `{}` is started: clusters do not grow by themselves yet", shown(name));
        let place = item.get("min_workers").unwrap_or_else(|| item.clone());
        report.note(&place, reason, "write how many in `min_workers`");
    }
    Some(())
}

fn labels(item: &Item<'_>, node: &mut Node, report: &mut Report) {
    for (key, label) in item.key("labels").entries() {
        let value = label.text().unwrap_or_default();
        if is_label(&key, &value) && !is_secret(&key, &value) {
            node.labels.push((key, value));
        } else {
            report.note(
                &label,
                format!("`{}` cannot be a label of a node, and was left out", shown(&key)),
                "",
            );
        }
    }
}

/// Says what of a node type has no place here.
fn note_rest(item: &Item<'_>, report: &mut Report) {
    let taken = ["resources", "min_workers", "max_workers", "labels"];
    for (key, given) in item.entries() {
        match key.as_str() {
            _ if given.is_empty() || taken.contains(&key.as_str()) => {}
            "node_config" => note_machine(&given, report),
            "docker" => {
                report.note(
                    &given,
                    "an image for one node type was left out: all nodes have the head's Ray",
                    "",
                );
            }
            key if key.ends_with("_commands") => {
                let instead = "write them in `worker_setup_commands`, for all workers";
                report.note(&given, format!("`{}` of one node type were left out", shown(key)), instead);
            }
            key => report.note(&given, format!("`{}` has no meaning here, and was left out", shown(key)), ""),
        }
    }
}

/// Says that a machine is not carried over.
pub(super) fn note_machine(given: &Item<'_>, report: &mut Report) {
    let reason = "the machine was left out: nodes are bought on Akash by their `resources`";
    report.note(given, reason, "");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accelerators_get_the_names_of_akash() {
        let table = [
            ("A100", Some("a100")),
            ("A100-80G", Some("a100/80Gi")),
            ("RTX-PRO-6000", Some("rtx-pro-6000")),
            ("", None),
            ("a b", None),
        ];
        for (name, expected) in table {
            assert_eq!(gpu_model(name).as_deref(), expected, "{name}");
        }
    }
}
