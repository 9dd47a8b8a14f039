//! The cluster file: text in, [`spec::Cluster`] out, or everything that is wrong with it and where.
//!
//! The text is distrusted first ([`MAX_BYTES`], nesting, aliases), then compared with the schema that editors use, then read.
//! Each step reports all it finds, and the next one works on what is left, so that one run shows every independent mistake.

mod build;
mod diagnostic;
mod guard;
mod locate;
mod problems;
mod quantity;
mod releases;
mod schema;
mod shape;

use problems::{Path, Problems};
use rayakash_core::spec;

pub(crate) use build::{is_label, is_variable};
pub use diagnostic::{Diagnostic, Invalid};
pub(crate) use guard::document;
pub use guard::{MAX_BYTES, ReadError, read};
pub(crate) use quantity::size as bytes;
pub use quantity::{duration_ms, usd_to_uact};
pub(crate) use releases::{PYTHON, RAY, refuse_ray};
pub use schema::json_schema;

/// Reads a cluster file.
///
/// # Errors
///
/// All independent mistakes at once, in the order of the text.
pub fn parse(text: &str) -> Result<spec::Cluster, Invalid> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let invalid = |found: Vec<Diagnostic>| Invalid {
        diagnostics: found.into_iter().map(|found| found.veiled(text)).collect(),
    };
    let mut value = document(text).map_err(|found| invalid(vec![found]))?;
    let mut problems = Problems::default();
    schema::check(&mut value, &mut problems);
    let built = match serde_yaml::from_value::<shape::File>(value) {
        Ok(file) => build::cluster(&file, &mut problems),
        Err(error) => {
            if problems.is_empty() {
                problems.at(&Path::root(), error.to_string(), None);
            }
            None
        }
    };
    match built {
        Some(cluster) if problems.is_empty() => Ok(cluster),
        _ => Err(invalid(problems.into_diagnostics(text))),
    }
}

#[cfg(test)]
mod tests;
