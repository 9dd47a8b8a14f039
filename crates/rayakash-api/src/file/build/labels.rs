//! Labels of nodes.

use super::super::problems::{Path, Problems};
use std::collections::BTreeMap;

/// Ray sets these itself.
const RAYS_OWN: &str = "ray.io/";
/// Ray's limit for a name and a value.
const MOST: usize = 63;
/// Ray's limit for what stands before the `/` of a name.
const MOST_PREFIX: usize = 253;

/// The labels, with names and values that `ray start --labels` takes: it would refuse others at each start, on a machine that is paid for.
pub(super) fn read(
    given: Option<&BTreeMap<String, String>>,
    path: &Path,
    problems: &mut Problems,
) -> BTreeMap<String, String> {
    let rule =
        || Some(format!("letters, digits, `-`, `_` and `.`, at most {MOST}, at both ends a letter or digit"));
    for (name, value) in given.into_iter().flatten() {
        let here = path.key(name);
        if name.starts_with(RAYS_OWN) {
            problems.at_key(
                &here,
                format!("`{name}` cannot be set: labels under `{RAYS_OWN}` are Ray's own"),
                None,
            );
        } else if !is_name(name) {
            problems.at_key(&here, format!("`{name}` cannot be the name of a label"), rule());
        }
        if !value.is_empty() && !is_word(value) {
            problems.at(&here, format!("`{value}` cannot be the value of a label"), rule());
        }
    }
    given.cloned().unwrap_or_default()
}

/// Whether a node can have this label.
pub(crate) fn is_label(name: &str, value: &str) -> bool {
    !name.starts_with(RAYS_OWN) && is_name(name) && (value.is_empty() || is_word(value))
}

/// A word, perhaps with words and a `/` before it.
fn is_name(text: &str) -> bool {
    match text.rsplit_once('/') {
        Some((prefix, name)) => {
            prefix.len() <= MOST_PREFIX && prefix.split('.').all(is_word) && is_word(name)
        }
        None => is_word(text),
    }
}

fn is_word(text: &str) -> bool {
    let end = |c: char| c.is_ascii_alphanumeric();
    text.len() <= MOST
        && text.starts_with(end)
        && text.ends_with(end)
        && text.chars().all(|c| end(c) || matches!(c, '-' | '_' | '.'))
}
