//! Which Ray an image has.

use super::note::Report;
use super::source::{Item, shown};
use crate::file::{PYTHON, RAY, refuse_ray};
use rayakash_core::spec;

/// Which Ray the cluster gets. Nothing: the product's default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Ray {
    pub(super) version: Option<String>,
    pub(super) python: Option<String>,
    pub(super) image: Option<String>,
}

/// The name of an image, in parts.
struct Image<'a> {
    text: &'a str,
    /// Without registry, tag and digest: `rayproject/ray`.
    repository: &'a str,
    tag: Option<&'a str>,
    digest: bool,
}

impl<'a> Image<'a> {
    fn of(text: &'a str) -> Self {
        let (name, digest) = text.split_once('@').map_or((text, false), |(name, _)| (name, true));
        let after_slash = name.rfind('/').map_or(0, |at| at.saturating_add(1));
        let colon = name.get(after_slash..).and_then(|last| last.find(':'));
        let cut = colon.map(|at| at.saturating_add(after_slash));
        let (repository, tag) = match cut.and_then(|at| name.split_at_checked(at)) {
            Some((repository, tag)) => (repository, Some(tag.trim_start_matches(':'))),
            None => (name, None),
        };
        Self { text, repository, tag, digest }
    }

    /// Whether it is Ray's own.
    fn is_rays(&self) -> bool {
        self.repository == "rayproject/ray" || self.repository.ends_with("/rayproject/ray")
    }

    /// The release that the tag begins with, when it is one.
    fn version(&self) -> Option<&'a str> {
        let first = self.tag?.split('-').next()?;
        let number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        (first.split('.').count() == 3 && first.split('.').all(number)).then_some(first)
    }

    /// The Python that the tag names.
    fn python(&self) -> Option<String> {
        let digits = self.tag?.split('-').find_map(|part| part.strip_prefix("py"))?;
        let minor =
            digits.strip_prefix('3').filter(|minor| minor.bytes().all(|byte| byte.is_ascii_digit()))?;
        Some(format!("3.{minor}"))
    }

    /// A build for other hardware than the plain one, such as `cu121`.
    fn variant(&self) -> Option<&'a str> {
        self.tag?
            .split('-')
            .skip(1)
            .find(|part| part.starts_with("cu") || *part == "aarch64" || *part == "tpu")
    }
}

/// Whether an image is Ray's own, where anybody can fetch it.
pub(super) fn is_public_ray(text: &str) -> bool {
    let text = text.trim();
    ["", "docker.io/", "index.docker.io/"]
        .iter()
        .any(|host| text.strip_prefix(host).is_some_and(|rest| rest.starts_with("rayproject/ray:")))
}

/// Whether an image's name speaks of Ray.
pub(super) fn speaks_of_ray(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    lower.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word.starts_with("ray"))
}

/// The Ray of a cluster whose nodes have these images, the head's first.
pub(super) fn choose(images: &[Item<'_>], report: &mut Report) -> Ray {
    let texts: Vec<(String, &Item<'_>)> = images
        .iter()
        .filter_map(|item| item.text().map(|text| (text.trim().to_owned(), item)))
        .filter(|(text, _)| !text.is_empty())
        .collect();
    let Some((first, item)) = texts.first() else { return Ray::default() };
    let alone = texts.iter().all(|(text, _)| text == first);
    let ray = of(&Image::of(first), item, alone, report);
    for (text, item) in texts.iter().filter(|(text, _)| text != first) {
        let image = Image::of(text);
        if image.is_rays() && image.version().is_some() && image.version() == ray.version.as_deref() {
            continue;
        }
        let reason = format!("the image `{}` was left out: all nodes have the head's Ray", shown(text));
        report.note(item, reason, install(&image));
    }
    ray
}

fn install(image: &Image<'_>) -> &'static str {
    if image.is_rays() { "" } else { "install what it adds in `worker_setup_commands`" }
}

/// The Ray of the head's image.
fn of(image: &Image<'_>, item: &Item<'_>, alone: bool, report: &mut Report) -> Ray {
    let default = spec::RAY_VERSION;
    let known = image.version().filter(|version| RAY.contains(version));
    match (image.is_rays(), known) {
        (true, Some(version)) => {
            if let Some(variant) = image.variant() {
                let reason =
                    format!("the build `{variant}` was left out: nodes with GPUs have Ray's `-gpu` image");
                report.note(item, reason, "another build can be named in `ray.image`");
            }
            let pinned = (image.digest && alone).then(|| image.text.to_owned());
            Ray { version: Some(version.to_owned()), python: python(image, item, report), image: pinned }
        }
        (false, Some(version)) if alone && is_word(image.text) => Ray {
            version: Some(version.to_owned()),
            python: python(image, item, report),
            image: Some(image.text.to_owned()),
        },
        (true, None) => {
            let tag = image.tag.unwrap_or("latest");
            let moves = ["latest", "nightly", "master"].iter().any(|word| tag.starts_with(word));
            let why = match image.version().and_then(refuse_ray) {
                Some((message, help)) => format!("{message} ({help})"),
                None if moves => format!("the tag `{}` moves: it is another Ray tomorrow", shown(tag)),
                None => format!("the tag `{}` is no release of Ray", shown(tag)),
            };
            report.note(item, format!("{why}, so Ray {default} is taken"), "name a release in `ray.version`");
            Ray::default()
        }
        (false, _) => {
            let reason = format!(
                "which Ray the image `{}` has cannot be known, so Ray's own of {default} is taken",
                shown(image.text)
            );
            let instead =
                "install what it adds in `setup_commands`, or name an image with a release in `ray.image`";
            report.note(item, reason, instead);
            Ray::default()
        }
    }
}

fn is_word(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || "._-/:@".contains(c))
}

fn python(image: &Image<'_>, item: &Item<'_>, report: &mut Report) -> Option<String> {
    let python = image.python()?;
    if PYTHON.contains(&python.as_str()) {
        return Some(python);
    }
    let reason =
        format!("there is no image with Python {}, so {} is taken", shown(&python), spec::RAY_PYTHON);
    report.note(item, reason, "");
    None
}
