//! Graphics processors of a compute profile: how many, and which models.

use super::super::limits::GPUS;
use super::super::note::Report;
use super::super::size::{count, size};
use super::super::source::{Item, shown};

/// Names that a vendor has in SDLs. Akash knows those of the first.
const VENDORS: [&str; 3] = ["nvidia", "amd", "intel"];
/// Words for any model.
const ANY: [&str; 5] = ["*", "any", "true", "yes", "on"];

/// Which models are asked for.
#[derive(Default)]
struct Wanted<'a> {
    models: Vec<String>,
    /// Whether any will do.
    any: bool,
    /// Where something is asked for that cannot be carried over.
    lost: Option<Item<'a>>,
}

/// How many, and which; none when that is refused.
pub(super) fn read(item: &Item<'_>, report: &mut Report) -> Option<(u32, Vec<String>)> {
    let number = units(item, report)?;
    if number == 0 {
        return Some((0, Vec::new()));
    }
    let mut wanted = Wanted::default();
    wanted.level(item, report);
    match wanted {
        Wanted { any: true, .. } => Some((number, Vec::new())),
        Wanted { models, lost: Some(lost), .. } if models.is_empty() => {
            let message = "no model of these GPUs can be asked for, and any other may be the wrong one";
            report.refuse(
                &lost,
                message,
                "name models of NVIDIA as Akash does, such as `a100`, or `*` for any",
            );
            None
        }
        Wanted { models, .. } => Some((number, models)),
    }
}

fn units(item: &Item<'_>, report: &mut Report) -> Option<u32> {
    let given = if item.is_mapping() { item.get("units") } else { Some(item.clone()) };
    let Some(given) = given.filter(|given| !given.is_null()) else {
        if item.is_empty() {
            return Some(0);
        }
        report.note(item, "there are no `units`: one GPU is taken", "correct `GPU`");
        return Some(1);
    };
    let text = given.text();
    let number = text.as_deref().and_then(count).filter(|number| *number <= GPUS);
    if number.is_none() {
        let what = text.map_or_else(|| "this".to_owned(), |text| format!("`{}`", shown(&text)));
        report.refuse(&given, format!("{what} is no number of GPUs"), "whole GPUs, 24 at most");
    }
    number
}

impl<'a> Wanted<'a> {
    /// Reads `gpu` or its `attributes`: much of what goes around has the vendor in the wrong one of them.
    fn level(&mut self, item: &Item<'a>, report: &mut Report) {
        let vendor = item.get("vendor").and_then(|vendor| vendor.text());
        for (key, value) in item.entries() {
            match key.to_ascii_lowercase().as_str() {
                "units" => {}
                "attributes" if value.is_mapping() => self.level(&value, report),
                "vendor" if value.is_mapping() => {
                    value.entries().iter().for_each(|(name, list)| self.vendor(name, list, report));
                }
                "vendor" if vendor.is_some() => {
                    self.vendor(vendor.as_deref().unwrap_or_default(), &item.key("model"), report);
                }
                "vendor" => {
                    let names = value.items().into_iter().filter_map(|name| Some((name.text()?, name)));
                    names.for_each(|(name, place)| self.vendor(&name, &place.key("model"), report));
                }
                "model" if vendor.is_some() => {}
                "model" | "models" => self.list(&value, report),
                "ram" | "interface" if item.get("model").is_some() => {}
                name if VENDORS.contains(&name) => self.vendor(name, &value, report),
                _ => left_out(&key, &value, report),
            }
        }
    }

    fn vendor(&mut self, name: &str, list: &Item<'a>, report: &mut Report) {
        if name.trim().eq_ignore_ascii_case("nvidia") {
            self.list(list, report);
            return;
        }
        let reason = format!("GPUs of `{}` cannot be chosen: Akash knows those of NVIDIA", shown(name));
        report.note(list, reason, "");
        if !list.is_empty() {
            self.lost.get_or_insert_with(|| list.clone());
        }
    }

    fn list(&mut self, list: &Item<'a>, report: &mut Report) {
        for entry in list.items().into_iter().filter(|entry| !entry.is_empty()) {
            if entry.text().is_some() {
                self.model(&entry, None, report);
                continue;
            }
            let ram = entry.get("ram").and_then(|ram| self::ram(&ram, report));
            for (key, value) in entry.entries() {
                match key.as_str() {
                    "model" => {
                        value.items().iter().for_each(|model| self.model(model, ram.as_deref(), report));
                    }
                    "ram" => {}
                    "interface" => {
                        let reason =
                            "the interface of a GPU was left out: models are chosen by name and memory";
                        report.note(&value, reason, "");
                    }
                    _ => left_out(&key, &value, report),
                }
            }
            if entry.get("model").is_none() {
                self.lost.get_or_insert(entry);
            }
        }
    }

    fn model(&mut self, item: &Item<'a>, ram: Option<&str>, report: &mut Report) {
        let text = item.text().unwrap_or_default().trim().to_ascii_lowercase();
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if ANY.contains(&text.as_str()) {
            self.any = true;
        } else if text.is_empty() || !text.chars().all(plain) {
            let reason = format!("`{}` is no model of a GPU, and was left out", shown(&text));
            report.note(item, reason, "write it under `gpu`");
            self.lost.get_or_insert_with(|| item.clone());
        } else {
            let model = ram.map_or_else(|| text.clone(), |ram| format!("{text}/{ram}"));
            if !self.models.contains(&model) {
                self.models.push(model);
            }
        }
    }
}

fn left_out(key: &str, item: &Item<'_>, report: &mut Report) {
    report.note(item, format!("`{}` of the GPUs was left out", shown(key)), "models are named under `gpu`");
}

/// The memory of a model. Makers count it in Gi, whatever unit people write.
fn ram(item: &Item<'_>, report: &mut Report) -> Option<String> {
    let text = item.text().unwrap_or_default();
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(end).unwrap_or_default();
    let gib = number.parse::<u16>().ok().filter(|gib| *gib > 0);
    let gib = match (gib, unit.trim().to_ascii_lowercase().as_str()) {
        (gib, "" | "g" | "gb" | "gi" | "gib") => gib.map(u64::from),
        _ => size(text).map(|size| size.bytes >> 30).filter(|gib| (1..=u64::from(u16::MAX)).contains(gib)),
    };
    let Some(gib) = gib else {
        let reason = format!("`{}` is no memory of a GPU, and was left out", shown(text));
        report.note(item, reason, "such as `80Gi`");
        return None;
    };
    let read = format!("{gib}Gi");
    if read != text {
        report.note(item, format!("`{}` was read as {read}", shown(text)), "");
    }
    Some(read)
}
