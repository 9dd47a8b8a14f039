//! Compute profiles.

use std::collections::BTreeSet;

use crate::sdl::{Compute, Gpu, GpuModel, Interface, StorageClass, Volume};
use crate::yaml::{Fields, Value};
use crate::{plan, quantity};

/// Bytes of a GiB.
const GIB: u64 = 1 << 30;

pub(super) fn profile(name: &str, value: Value<'_>) -> Compute {
    let profile = value.fields(name).known(&["resources"]);
    let fields = profile.fields("resources").known(&["cpu", "memory", "storage", "gpu"]);
    let cpu = fields.fields("cpu").known(&["units", "attributes"]);
    Compute {
        cpu_millis: amount(&cpu, "units", quantity::cpu),
        arch: cpu.get("attributes").and_then(arch),
        memory: amount(&fields.fields("memory").known(&["size"]), "size", quantity::bytes),
        storage: fields.get("storage").map(storage).unwrap_or_default(),
        gpu: fields.get("gpu").map(gpu).unwrap_or_default(),
    }
}

/// A quantity; 0 when absent, which no rule lets pass where it matters.
fn amount<T: Default>(fields: &Fields<'_>, key: &str, read: impl Fn(&str) -> Result<T, String>) -> T {
    fields.get(key).map(|value| value.check(read(value.raw()))).unwrap_or_default()
}

fn arch(attributes: Value<'_>) -> Option<String> {
    let mut arch = None;
    for (key, value) in attributes.bare_pairs(false) {
        if key != "arch" {
            value.refuse(format!("a processor has the attribute `arch` only, not `{key}`"));
        } else if arch.is_some() {
            value.refuse("`arch` stands twice");
        } else {
            arch = Some(value.text(key));
        }
    }
    arch
}

fn storage(value: Value<'_>) -> Vec<Volume> {
    let Some(items) = value.list() else {
        // Akash takes a text for no volume at all.
        if value.is_scalar() {
            return vec![];
        }
        let fields = value.fields("storage");
        return vec![Volume { name: "default".to_owned(), ..volume(fields) }];
    };
    let mut names = BTreeSet::new();
    let mut volumes = vec![];
    for item in items {
        let volume = volume(item.fields("storage"));
        if !names.insert(volume.name.clone()) {
            item.refuse(format!("there are two volumes named `{}`", volume.name));
        }
        volumes.push(volume);
    }
    volumes
}

fn volume(fields: Fields<'_>) -> Volume {
    let fields = &fields.known(&["name", "size", "attributes"]);
    let mut name = fields.text("name");
    if name.is_empty() {
        "default".clone_into(&mut name);
    }
    let bytes = amount(fields, "size", quantity::bytes);
    let (class, persistent) = fields.get("attributes").map(volume_attributes).unwrap_or_default();
    Volume { name, bytes, class, persistent }
}

/// The rules compare texts before they are understood: `off` is false, yet not the word `false`.
fn volume_attributes(value: Value<'_>) -> (Option<StorageClass>, Option<bool>) {
    let fields = value.fields("attributes");
    for (key, value) in fields.iter().filter(|(key, _)| !["class", "persistent"].contains(key)) {
        value.refuse(format!("a volume has no attribute `{key}`"));
    }
    let written = |key| fields.iter().find(|(k, _)| *k == key).map(|(_, value)| value.text(key));
    let word = written("persistent").unwrap_or_else(|| "false".to_owned());
    let persistent = match word.as_str() {
        "true" | "on" | "yes" => true,
        "false" | "off" | "no" => false,
        other => {
            value.refuse(format!("`persistent` must be true or false, not `{other}`"));
            return (None, None);
        }
    };
    let class = match written("class").as_deref() {
        None | Some("") if word == "true" => Some(StorageClass::Default),
        None => None,
        Some(name) => match StorageClass::from_str(name) {
            Some(class) => Some(class),
            None => {
                value.refuse(format!("`class` must be default, beta1, beta2, beta3 or ram, not `{name}`"));
                return (None, Some(persistent));
            }
        },
    };
    match class {
        Some(StorageClass::Ram) if word != "false" => {
            value.refuse("a volume of class `ram` must have `persistent: false`");
        }
        Some(class) if class != StorageClass::Ram && word == "false" => {
            value.refuse(format!("a volume of class `{}` must have `persistent: true`", class.as_str()));
        }
        _ => {}
    }
    (class, Some(persistent))
}

fn gpu(value: Value<'_>) -> Gpu {
    let mut gpu = Gpu::default();
    let mut models = None;
    for (key, value) in value.bare_pairs(true) {
        match key {
            "units" if value.is_null() => {}
            "units" => gpu.units = value.check(quantity::gpu_units(value.raw())),
            "attributes" => models = Some(value).filter(|value| !value.is_null()).map(attributes),
            other => value.refuse(format!("`gpu` has no key `{other}`")),
        }
    }
    match models {
        None if gpu.units > 0 => value.refuse("`gpu` needs `attributes: {vendor: {nvidia: []}}`"),
        None => {}
        // Without units any model is one too many.
        Some(models) if gpu.units == 0 && models.is_empty() => {
            gpu.models.push(GpuModel { model: "*".to_owned(), ..GpuModel::default() });
        }
        Some(models) => gpu.models = models,
    }
    gpu
}

/// The models asked for; none for any.
fn attributes(value: Value<'_>) -> Vec<GpuModel> {
    let mut vendor = None;
    for (key, value) in value.bare_pairs(true) {
        if key == "vendor" {
            vendor = Some(value).filter(|value| !value.is_null());
        } else {
            value.refuse(format!("a GPU has the attribute `vendor` only, not `{key}`"));
        }
    }
    let Some(vendor) = vendor else {
        value.refuse("a GPU needs `vendor: {nvidia: []}`");
        return vec![];
    };
    let mut vendors = vendor.fields("vendor");
    if vendors.iter().any(|(name, _)| name == "nvidia") {
        vendors = vendors.known(&["nvidia"]);
    } else {
        vendor.doubt("without `nvidia` Akash takes any model of NVIDIA, whatever vendor stands here");
    }
    let models: Vec<_> = vendors.items("nvidia").into_iter().map(model).collect();
    vendor.check(plan::gpu_keys(&models).map(drop));
    models
}

fn model(value: Value<'_>) -> GpuModel {
    let fields = value.fields("nvidia").known(&["model", "ram", "interface"]);
    let ram = fields.get("ram").map(|ram| ram.check(quantity::gpu_memory(ram.raw())) / GIB);
    let interface = fields.get("interface").and_then(|interface| match interface.raw() {
        "pcie" => Some(Interface::Pcie),
        "sxm" => Some(Interface::Sxm),
        other => {
            interface.refuse(format!("`interface` is `pcie` or `sxm`, not `{other}`"));
            None
        }
    });
    GpuModel { model: fields.text("model"), ram_gib: ram, interface }
}
