//! A node type.

use super::super::problems::{Path, Problems, Refusal};
use super::super::quantity;
use super::super::shape;
use super::{env, labels};
use rayakash_core::spec;
use std::ops::RangeInclusive;

/// The chain's limit for memory: 2 TiB per replica.
const MOST_MEMORY: u64 = 2 << 40;
/// The chain's limits for a volume: 5 MiB to 32 TiB.
const STORAGE: RangeInclusive<u64> = 5 << 20..=32 << 40;
/// What a node has when the file does not say: 10 GiB.
const DEFAULT_STORAGE: u64 = 10 << 30;
/// The chain's limit for replicas of one service.
const MOST_NODES: u32 = 50;

/// A node type; none when it lacks what has no default, which was reported.
pub(super) fn read(
    given: &shape::NodeType,
    is_head: bool,
    path: &Path,
    problems: &mut Problems,
) -> Option<spec::NodeType> {
    let resources = path.key("resources");
    let has = given.resources.as_ref()?;
    let gpus = has.gpu.unwrap_or(0);
    let gpu_models = gpu_models(given, gpus, path, problems);
    let memory = has.memory.as_ref().and_then(|text| {
        let read = quantity::bytes(&text.0).and_then(|bytes| memory(bytes, &text.0, is_head));
        problems.take(&resources.key("memory"), read)
    });
    let storage = size(given.storage.as_ref(), STORAGE, &path.key("storage"), problems);
    let objects = spec::MIN_OBJECT_STORE..=MOST_MEMORY;
    let object_store =
        size(given.object_store_memory.as_ref(), objects, &path.key("object_store_memory"), problems);
    let (min_workers, max_workers) = workers(given, path, problems);
    let memory = memory?;
    Some(spec::NodeType {
        cpus: has.cpu?,
        gpus,
        gpu_models,
        memory,
        storage: storage.unwrap_or(DEFAULT_STORAGE),
        object_store: object_store.unwrap_or_else(|| default_object_store(memory)),
        min_workers,
        max_workers,
        labels: labels::read(given.labels.as_ref(), &path.key("labels"), problems),
        env: env::read(given.env.as_ref(), &path.key("env"), problems),
    })
}

/// 30 % of memory in whole MiB, at least [`spec::MIN_OBJECT_STORE`].
fn default_object_store(memory: u64) -> u64 {
    let third = u128::from(memory).saturating_mul(3) / 10;
    let whole = u64::try_from(third >> 20 << 20).unwrap_or(u64::MAX);
    whole.max(spec::MIN_OBJECT_STORE)
}

fn memory(bytes: u64, text: &str, is_head: bool) -> Result<u64, Refusal> {
    let (what, least) =
        if is_head { ("head", spec::MIN_HEAD_MEMORY) } else { ("worker", spec::MIN_WORKER_MEMORY) };
    if bytes > MOST_MEMORY {
        return Err(Refusal::new(format!("`{text}` is more memory than a node can have"))
            .help("2Ti is the limit of Akash"));
    }
    if bytes < least {
        let why = if is_head {
            "a smaller head loses its dashboard while its nodes look alive"
        } else {
            "Ray itself needs that much"
        };
        let help = format!("at least {}: {why}", shown(least));
        return Err(Refusal::new(format!("`{text}` is too little memory for a {what}")).help(help));
    }
    Ok(bytes)
}

fn size(
    text: Option<&shape::Bytes>,
    range: RangeInclusive<u64>,
    path: &Path,
    problems: &mut Problems,
) -> Option<u64> {
    let text = &text?.0;
    let read = quantity::bytes(text).and_then(|bytes| {
        let help = || format!("from {} to {}", shown(*range.start()), shown(*range.end()));
        let refusal = || Refusal::new(format!("`{text}` is out of range")).help(help());
        range.contains(&bytes).then_some(bytes).ok_or_else(refusal)
    });
    problems.take(path, read)
}

/// A limit, in its largest unit.
fn shown(bytes: u64) -> String {
    let units = [(1_u64 << 40, "Ti"), (1 << 30, "Gi"), (1 << 20, "Mi")];
    let unit = units.iter().find(|(unit, _)| bytes.is_multiple_of(*unit));
    unit.map_or_else(|| bytes.to_string(), |(unit, name)| format!("{}{name}", bytes / unit))
}

fn workers(given: &shape::NodeType, path: &Path, problems: &mut Problems) -> (u32, u32) {
    let least = given.min_workers.unwrap_or(0);
    let most = given.max_workers.unwrap_or(least);
    if least > MOST_NODES {
        let help = format!("{MOST_NODES} nodes of a type are the limit of Akash; make a second type");
        problems.at(&path.key("min_workers"), format!("{least} nodes are too many"), Some(help));
    }
    if most < least {
        let message = format!("`max_workers` is {most}, less than `min_workers`, which is {least}");
        problems.at(&path.key("max_workers"), message, None);
    }
    (least, most)
}

fn gpu_models(
    given: &shape::NodeType,
    gpus: u32,
    path: &Path,
    problems: &mut Problems,
) -> Vec<spec::GpuModel> {
    let path = path.key("gpu");
    let texts = given.gpu.as_deref().unwrap_or_default();
    if gpus == 0 && !texts.is_empty() {
        let help = "add `GPU: 1` to `resources`".to_owned();
        problems.at_key(&path, "GPU models of a node that has no GPU", Some(help));
    }
    let read =
        texts.iter().enumerate().map(|(index, text)| problems.take(&path.item(index), gpu_model(text)));
    read.collect::<Vec<_>>().into_iter().flatten().collect()
}

fn gpu_model(text: &str) -> Result<spec::GpuModel, Refusal> {
    let (model, ram) = text.split_once('/').map_or((text, None), |(model, ram)| (model, Some(ram)));
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let ram_is_size = ram.is_none_or(|ram| ram.ends_with("Gi") && quantity::bytes(ram).is_ok());
    if model.is_empty() || !model.chars().all(plain) || !ram_is_size {
        return Err(Refusal::new(format!("`{text}` is no GPU model"))
            .help("such as `h100`, or `a100/80Gi` with its memory"));
    }
    Ok(spec::GpuModel { model: model.to_owned(), ram: ram.map(str::to_owned) })
}
