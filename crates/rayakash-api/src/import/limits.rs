//! What a node can have, and how sizes are read.

use super::note::Report;
use super::size::{size, written};
use super::source::{Item, shown};
use super::start::Role;
use rayakash_core::spec;
use std::ops::RangeInclusive;

/// Akash's limit of cores.
pub(super) const CPUS: u32 = 384;
/// Akash's limit of graphics processors.
pub(super) const GPUS: u32 = 24;
/// Akash's limit of memory: 2 TiB.
const MEMORY: u64 = 2 << 40;
/// Akash's limits of a disk: 5 MiB to 32 TiB.
const STORAGE: RangeInclusive<u64> = 5 << 20..=32 << 40;

/// A node's memory within the limits; less than Ray needs is raised.
pub(super) fn node_memory(bytes: u64, role: Role, item: &Item<'_>, report: &mut Report) -> Option<u64> {
    let (what, least) = match role {
        Role::Head => ("head", spec::MIN_HEAD_MEMORY),
        Role::Worker => ("worker", spec::MIN_WORKER_MEMORY),
    };
    if bytes > MEMORY {
        let message =
            format!("`{}` is more memory than a node can have", shown(&item.text().unwrap_or_default()));
        report.refuse(item, message, "2Ti is the limit of Akash");
        return None;
    }
    if bytes < least {
        let (had, has) = (written(bytes), written(least));
        report.note(item, format!("{had} of memory were made {has}: a {what} of Ray needs that much"), "");
    }
    Some(bytes.max(least))
}

/// A size in any usual writing.
pub(super) fn bytes(item: &Item<'_>, report: &mut Report) -> Option<u64> {
    let text = item.text().unwrap_or_default();
    let Some(size) = size(&text) else {
        report.refuse(item, format!("`{}` is no size", shown(&text)), "such as `4Gi`");
        return None;
    };
    if !size.proper {
        report.note(item, format!("`{}` was read as {}", shown(&text), written(size.bytes)), "");
    }
    Some(size.bytes)
}

/// The RAM volume for objects within the limits.
pub(super) fn objects(bytes: u64, item: &Item<'_>, report: &mut Report) -> Option<u64> {
    if bytes > MEMORY {
        report.refuse(
            item,
            format!("{} are more RAM than a node can have", written(bytes)),
            "2Ti is the limit of Akash",
        );
        return None;
    }
    let least = spec::MIN_OBJECT_STORE;
    if bytes < least {
        report.note(
            item,
            format!("{} for objects were made {}: Ray needs that much", written(bytes), written(least)),
            "",
        );
    }
    Some(bytes.max(least))
}

/// A disk within the limits; less than Akash's least is raised.
pub(super) fn disk(bytes: u64, item: &Item<'_>, report: &mut Report) -> u64 {
    if bytes > *STORAGE.end() {
        let message = format!("{} are more disk than a node can have", written(bytes));
        report.refuse(item, message, "32Ti is the limit of Akash");
    }
    bytes.max(*STORAGE.start())
}
