//! Compute profiles.

use std::collections::BTreeSet;

use crate::sdl::{Compute, Gpu, GpuModel, Interface, StorageClass, Volume};
use crate::yaml::{Kind, Node};
use crate::{SdlError, quantity};

/// Bytes of a GiB.
const GIB: u64 = 1 << 30;

pub(super) fn profile(name: &str, node: &Node) -> Result<Compute, SdlError> {
    let Some(resources) = node.fields(name)?.get("resources") else {
        return Err(SdlError::at(node.at, format!("compute profile `{name}` has no `resources`")));
    };
    let fields = resources.fields("resources")?;
    let cpu = fields.fields("cpu")?;
    let memory = fields.fields("memory")?;
    Ok(Compute {
        cpu_millis: amount(cpu.get("units"), "units", quantity::cpu)?,
        arch: cpu.get("attributes").map(arch).transpose()?.flatten(),
        memory: amount(memory.get("size"), "size", quantity::bytes)?,
        storage: fields.get("storage").map(storage).transpose()?.unwrap_or_default(),
        gpu: fields.get("gpu").map(gpu).transpose()?.unwrap_or_default(),
    })
}

/// A quantity; 0 when absent, which no rule lets pass where it matters.
fn amount<T: Default>(
    node: Option<&Node>,
    what: &str,
    read: impl Fn(&str) -> Result<T, String>,
) -> Result<T, SdlError> {
    let Some(node) = node else { return Ok(T::default()) };
    read(&node.text(what)?).map_err(|problem| SdlError::at(node.at, problem))
}

fn arch(node: &Node) -> Result<Option<String>, SdlError> {
    let fields = node.fields_without_merge("attributes")?;
    let mut found = None;
    for (key, value) in fields.iter() {
        if key != "arch" {
            return Err(SdlError::at(
                value.at,
                format!("a processor has the attribute `arch` only, not `{key}`"),
            ));
        }
        found = Some(value.text(key)?);
    }
    Ok(found)
}

fn storage(node: &Node) -> Result<Vec<Volume>, SdlError> {
    let items = match &node.kind {
        Kind::List(items) => items,
        Kind::Map(_) => return Ok(vec![Volume { name: "default".to_owned(), ..volume(node)? }]),
        Kind::Scalar { .. } => {
            return Err(SdlError::at(node.at, "`storage` must be a volume or a list of volumes"));
        }
    };
    let mut names = BTreeSet::new();
    let mut volumes = vec![];
    for item in items {
        let volume = volume(item)?;
        if !names.insert(volume.name.clone()) {
            return Err(SdlError::at(item.at, format!("there are two volumes named `{}`", volume.name)));
        }
        volumes.push(volume);
    }
    Ok(volumes)
}

fn volume(node: &Node) -> Result<Volume, SdlError> {
    let fields = node.fields("storage")?;
    let mut name = fields.text("name")?;
    if name.is_empty() {
        "default".clone_into(&mut name);
    }
    let bytes = amount(fields.get("size"), "size", quantity::bytes)?;
    let (class, persistent) = match fields.get("attributes") {
        Some(attributes) => volume_attributes(attributes)?,
        None => (None, None),
    };
    Ok(Volume { name, bytes, class, persistent })
}

/// The rules compare texts before they are understood: `off` is false, yet not the word `false`.
fn volume_attributes(node: &Node) -> Result<(Option<StorageClass>, Option<bool>), SdlError> {
    let fields = node.fields("attributes")?;
    if let Some((key, value)) = fields.iter().find(|(key, _)| !["class", "persistent"].contains(key)) {
        return Err(SdlError::at(value.at, format!("a volume has no attribute `{key}`")));
    }
    let written = |key| fields.iter().find(|(k, _)| *k == key).map(|(_, node)| node.text(key)).transpose();
    let word = written("persistent")?.unwrap_or_else(|| "false".to_owned());
    let persistent = match word.as_str() {
        "true" | "on" | "yes" => true,
        "false" | "off" | "no" => false,
        other => {
            return Err(SdlError::at(node.at, format!("`persistent` must be true or false, not `{other}`")));
        }
    };
    let class = match written("class")?.as_deref() {
        None | Some("") if word == "true" => Some(StorageClass::Default),
        None => None,
        Some(name) => Some(StorageClass::from_str(name).ok_or_else(|| {
            let wanted = "default, beta1, beta2, beta3 or ram";
            SdlError::at(node.at, format!("`class` must be {wanted}, not `{name}`"))
        })?),
    };
    match class {
        Some(StorageClass::Ram) if word != "false" => {
            Err(SdlError::at(node.at, "a volume of class `ram` must have `persistent: false`"))
        }
        Some(class) if class != StorageClass::Ram && word == "false" => {
            let problem = format!("a volume of class `{}` must have `persistent: true`", class.as_str());
            Err(SdlError::at(node.at, problem))
        }
        class => Ok((class, Some(persistent))),
    }
}

fn gpu(node: &Node) -> Result<Gpu, SdlError> {
    let fields = node.fields_without_merge("gpu")?;
    if let Some((key, value)) = fields.iter().find(|(key, _)| !["units", "attributes"].contains(key)) {
        return Err(SdlError::at(value.at, format!("`gpu` has no key `{key}`")));
    }
    let units = amount(fields.get("units"), "units", quantity::gpu_units)?;
    match fields.get("attributes") {
        None if units == 0 => Ok(Gpu::default()),
        None => Err(SdlError::at(node.at, "`gpu` needs `attributes: {vendor: {nvidia: []}}`")),
        Some(attributes) if units == 0 => {
            Err(SdlError::at(attributes.at, "attributes of a GPU need `units` above 0"))
        }
        Some(attributes) => Ok(Gpu { units, models: models(attributes)? }),
    }
}

fn models(attributes: &Node) -> Result<Vec<GpuModel>, SdlError> {
    let fields = attributes.fields_without_merge("attributes")?;
    if let Some((key, value)) = fields.iter().find(|(key, _)| *key != "vendor") {
        return Err(SdlError::at(value.at, format!("a GPU has the attribute `vendor` only, not `{key}`")));
    }
    let Some(vendor) = fields.get("vendor") else {
        return Err(SdlError::at(attributes.at, "a GPU needs a `vendor`"));
    };
    let vendors = vendor.fields("vendor")?;
    // Akash's own reader would silently take "any NVIDIA" for another vendor.
    if let Some((key, value)) = vendors.iter().find(|(key, _)| *key != "nvidia") {
        return Err(SdlError::at(value.at, format!("the only vendor of GPUs is `nvidia`, not `{key}`")));
    }
    vendors.items("nvidia")?.into_iter().map(model).collect()
}

fn model(node: &Node) -> Result<GpuModel, SdlError> {
    let fields = node.fields("nvidia")?;
    let ram = fields.get("ram").map(|ram| amount(Some(ram), "ram", quantity::gpu_memory)).transpose()?;
    let interface = match fields.text("interface")?.as_str() {
        "" => None,
        "pcie" => Some(Interface::Pcie),
        "sxm" => Some(Interface::Sxm),
        other => return Err(SdlError::at(node.at, format!("`interface` is `pcie` or `sxm`, not `{other}`"))),
    };
    Ok(GpuModel { model: fields.text("model")?, ram_gib: ram.map(|bytes| bytes / GIB), interface })
}
