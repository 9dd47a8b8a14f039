//! Which Ray.

use super::super::problems::{Path, Problems, nearest};
use super::super::{releases, shape};
use rayakash_core::spec;

/// The Ray that the file names, or the default.
pub(super) fn read(given: Option<&shape::Ray>, problems: &mut Problems) -> spec::Ray {
    let default = spec::Ray::default();
    let Some(given) = given else { return default };
    let path = Path::root().key("ray");
    if let Some((message, help)) = given.version.as_deref().and_then(releases::refuse_ray) {
        problems.at(&path.key("version"), message, Some(help));
    }
    if let Some(python) = given.python.as_deref().filter(|python| !releases::PYTHON.contains(python)) {
        let help = match nearest(python, releases::PYTHON) {
            Some(close) if python.starts_with(close) => format!("write `\"{close}\"`"),
            _ => format!("there is {}", releases::PYTHON.join(", ")),
        };
        problems.at(&path.key("python"), format!("there is no image with Python `{python}`"), Some(help));
    }
    if let Some((message, help)) = given.image.as_deref().and_then(refuse_image) {
        problems.at(&path.key("image"), message, Some(help.to_owned()));
    }
    spec::Ray {
        version: given.version.clone().unwrap_or(default.version),
        python: given.python.clone().unwrap_or(default.python),
        image: given.image.clone(),
    }
}

/// Why an image cannot be used: what runs tomorrow must be what runs today.
fn refuse_image(image: &str) -> Option<(String, &'static str)> {
    let pinned = image.contains("@sha256:");
    let name = image.rsplit('/').next().unwrap_or(image);
    let tag = name.split_once(':').map(|(_, tag)| tag);
    let word = |c: char| c.is_ascii_alphanumeric() || "._-/:@".contains(c);
    if image.is_empty() || !image.chars().all(word) {
        return Some((
            format!("`{image}` is no name of an image"),
            "such as `rayproject/ray:2.60.0-py311-cpu`",
        ));
    }
    match tag {
        _ if pinned => None,
        None => Some((
            format!("`{image}` has no tag, so it is another image tomorrow"),
            "add a release tag, or a digest",
        )),
        Some(tag) if tag.starts_with("latest") || tag.starts_with("nightly") => Some((
            format!("`{image}` moves: it is another image tomorrow"),
            "name a release, or pin it with a digest",
        )),
        Some(_) => None,
    }
}
