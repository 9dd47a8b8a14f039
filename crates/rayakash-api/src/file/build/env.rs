//! Environment variables.

use super::super::problems::{Path, Problems};
use super::super::shape;
use rayakash_core::spec;
use std::collections::BTreeMap;

/// Beginnings of variables that somebody else sets, and who.
const PREFIXES: [(&str, &str); 3] =
    [("RAYAKASH", "rayakash"), ("RAY_AUTH_", "rayakash"), ("AKASH_", "the provider")];
/// Variables by which a node knows its address, its name, and where its files go.
const NAMES: [&str; 3] = ["HOSTNAME", "POD_IP", "TMPDIR"];

/// The variables, with their names and sizes checked.
pub(super) fn read(
    given: Option<&BTreeMap<String, shape::EnvValue>>,
    path: &Path,
    problems: &mut Problems,
) -> BTreeMap<String, spec::EnvValue> {
    let mut all = BTreeMap::new();
    for (name, value) in given.into_iter().flatten() {
        let here = path.key(name);
        if let Some((message, help)) = refuse_name(name) {
            problems.at_key(&here, message, Some(help));
        }
        let value = match value {
            shape::EnvValue::Plain(text) => {
                refuse_text(name, text, &here, problems);
                spec::EnvValue::Plain(text.clone())
            }
            shape::EnvValue::Secret(shape::SecretName { secret: Some(secret) }) => {
                spec::EnvValue::Secret(secret.clone())
            }
            shape::EnvValue::Secret(shape::SecretName { secret: None }) => continue,
        };
        all.insert(name.clone(), value);
    }
    all
}

/// Whether a variable of this name can be set.
pub(crate) fn is_variable(name: &str) -> bool {
    refuse_name(name).is_none()
}

fn refuse_name(name: &str) -> Option<(String, String)> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.is_empty() || !name.chars().all(plain) || name.starts_with(|c: char| c.is_ascii_digit()) {
        let help = "letters, digits and `_`, not starting with a digit".to_owned();
        return Some((format!("`{name}` cannot be the name of a variable"), help));
    }
    let help = if NAMES.contains(&name) {
        "nodes find their place by it".to_owned()
    } else {
        let (prefix, whose) = PREFIXES.iter().find(|(prefix, _)| name.starts_with(prefix))?;
        format!("variables that start with `{prefix}` are set by {whose}")
    };
    Some((format!("`{name}` cannot be set"), help))
}

fn refuse_text(name: &str, text: &str, path: &Path, problems: &mut Problems) {
    if text.len() > spec::MAX_ENV_VALUE {
        let message = format!("`{name}` has {} bytes, the limit is {}", text.len(), spec::MAX_ENV_VALUE);
        let help =
            "the kernel would not start the container; fetch large values in `setup_commands`".to_owned();
        problems.at(path, message, Some(help));
    }
    if text.contains('\0') {
        problems.at(path, format!("`{name}` holds a zero byte"), None);
    }
}
