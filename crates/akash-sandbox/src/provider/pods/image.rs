//! Images: `rayproject/ray:<version>…` becomes a Python environment on this machine, built once.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use tokio::process::Command;

/// The part of Ray that an image has, as the stock images do.
const EXTRAS: &str = "default,data,serve,train,tune";

/// What stands for the file system of an image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environment {
    /// Folders of programs, searched before the machine's own.
    pub path: Vec<PathBuf>,
}

/// Where images come from.
#[derive(Clone, Debug)]
pub struct Images {
    cache: PathBuf,
    fixed: Arc<BTreeMap<String, Environment>>,
}

/// Why there is no image; the text goes into the lease's events.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoImage {
    #[error(
        "failed to pull image \"{image}\": the sandbox has rayproject/ray:<version>[-pyXY][-cpu|-gpu] only"
    )]
    NotRay { image: String },
    #[error(
        "failed to pull image \"{image}\": it needs Python {wanted}, and this machine has {found}; install python{wanted} (with venv), \
         or ask for an image tag that ends in -py{digits}"
    )]
    Python { image: String, wanted: String, found: String, digits: String },
    #[error("failed to pull image \"{image}\": {step} failed: {problem}")]
    Build { image: String, step: &'static str, problem: String },
}

/// The tag of a Ray image, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Tag {
    version: String,
    /// `3.11`; `None` takes what the machine has.
    python: Option<String>,
}

impl Images {
    /// Ray's images, with their environments below `cache`.
    pub fn new(cache: PathBuf) -> Self {
        Self { cache, fixed: Arc::default() }
    }

    /// The same with one more image, which needs no building.
    #[must_use]
    pub fn with(self, name: &str, environment: Environment) -> Self {
        let mut fixed = (*self.fixed).clone();
        fixed.insert(name.to_owned(), environment);
        Self { fixed: Arc::new(fixed), ..self }
    }

    /// The environment of `image` if it is here already.
    pub(crate) fn ready(&self, image: &str) -> Option<Environment> {
        self.fixed.get(image).cloned().or_else(|| {
            let tag = Tag::read(image)?;
            let pythons = tag
                .python
                .as_ref()
                .map_or_else(|| vec!["3.10", "3.11", "3.12", "3.13"], |p| vec![p.as_str()]);
            pythons
                .into_iter()
                .map(|python| self.folder(&tag, python))
                .find(|f| marker(f).exists())
                .map(|f| found(&f))
        })
    }

    /// Builds the environment of `image`, or waits until somebody else on this machine has.
    pub(crate) async fn pull(&self, image: &str) -> Result<Environment, NoImage> {
        if let Some(environment) = self.ready(image) {
            return Ok(environment);
        }
        let tag = Tag::read(image).ok_or_else(|| NoImage::NotRay { image: image.to_owned() })?;
        let (python, minor) = find_python(image, &tag).await?;
        let folder = self.folder(&tag, &minor);
        let failed = |step| move |problem: String| NoImage::Build { image: image.to_owned(), step, problem };
        let lock =
            lock(&folder.with_extension("lock")).await.map_err(|e| failed("locking")(e.to_string()))?;
        if !marker(&folder).exists() {
            // Half of a build by a sandbox that was killed is worth nothing.
            tokio::fs::remove_dir_all(&folder).await.ok();
            self.build(&folder, &python, &tag).await.map_err(|(step, problem)| failed(step)(problem))?;
        }
        drop(lock);
        Ok(found(&folder))
    }

    /// The environment is built where it stays: its programs name their own place. The marker says that it is whole.
    async fn build(&self, folder: &Path, python: &str, tag: &Tag) -> Result<(), (&'static str, String)> {
        let ours = folder.join("bin/python");
        let wanted = format!("ray[{EXTRAS}]=={}", tag.version);
        let cache = self.cache.join("uv");
        let with_uv = run("uv", &["--version"], None).await.is_ok();
        if with_uv {
            let args = [
                OsStr::new("venv"),
                "--seed".as_ref(),
                "--python".as_ref(),
                python.as_ref(),
                folder.as_ref(),
            ];
            run("uv", &args, Some(&cache)).await.map_err(|e| ("uv venv", e))?;
        } else {
            let args = [OsStr::new("-m"), "venv".as_ref(), folder.as_ref()];
            run(python, &args, None).await.map_err(|e| ("python -m venv", e))?;
        }
        let install =
            [OsStr::new("pip"), "install".as_ref(), "--compile-bytecode".as_ref(), "--python".as_ref()];
        let install = [&install[..], &[ours.as_os_str(), wanted.as_ref()]].concat();
        let own_uv = folder.join("bin/uv");
        let pip = [OsStr::new("-m"), "pip".as_ref(), "install".as_ref(), "-q".as_ref()];
        if with_uv {
            run("uv", &install, Some(&cache)).await.map_err(|e| ("uv pip install", e))?;
        } else if run(&ours, &[&pip[..], &["uv".as_ref()]].concat(), None).await.is_ok() {
            run(&own_uv, &install, Some(&cache)).await.map_err(|e| ("uv pip install", e))?;
        } else {
            run(&ours, &[&pip[..], &[wanted.as_ref()]].concat(), None)
                .await
                .map_err(|e| ("pip install", e))?;
        }
        tokio::fs::write(marker(folder), wanted).await.map_err(|e| ("writing the marker", e.to_string()))
    }

    fn folder(&self, tag: &Tag, python: &str) -> PathBuf {
        self.cache.join(format!("ray-{}-py{}", tag.version, python.replace('.', "")))
    }
}

fn found(folder: &Path) -> Environment {
    Environment { path: vec![folder.join("bin")] }
}

fn marker(folder: &Path) -> PathBuf {
    folder.join("rayakash-complete")
}

impl Tag {
    /// `None` for every image that is no released Ray image. The tag goes into paths and command lines, so nothing but
    /// what is understood passes.
    fn read(image: &str) -> Option<Self> {
        let image = image.strip_prefix("docker.io/").unwrap_or(image);
        let tag = image.strip_prefix("rayproject/ray:")?;
        let tag = tag.split_once('@').map_or(tag, |(tag, _)| tag);
        let mut parts = tag.split('-');
        let version = parts.next()?.to_owned();
        let numbers: Vec<&str> = version.split('.').collect();
        let is_number = |n: &&str| !n.is_empty() && n.len() < 5 && n.bytes().all(|b| b.is_ascii_digit());
        if numbers.len() != 3 || !numbers.iter().all(is_number) {
            return None;
        }
        let mut python = None;
        for part in parts {
            match part.strip_prefix("py3") {
                Some(minor) if is_number(&minor) => python = Some(format!("3.{minor}")),
                None if matches!(part, "cpu" | "gpu")
                    || part.strip_prefix("cu").is_some_and(|n| is_number(&n)) => {}
                _ => return None,
            }
        }
        Some(Self { version, python })
    }
}

/// The machine's Python for a tag: the program and its minor version.
async fn find_python(image: &str, tag: &Tag) -> Result<(String, String), NoImage> {
    let named = tag.python.as_ref().map(|python| format!("python{python}"));
    let mut seen = Vec::new();
    for program in named.iter().map(String::as_str).chain(["python3"]) {
        let question =
            "import sys, os; print('%d.%d' % sys.version_info[:2], os.path.realpath(sys.executable))";
        let Ok(answer) = run(program, &["-c", question], None).await else { continue };
        let text = String::from_utf8_lossy(&answer.stdout).into_owned();
        let Some((minor, path)) = text.trim().split_once(' ') else { continue };
        if tag.python.as_deref().is_none_or(|wanted| wanted == minor) {
            return Ok((path.to_owned(), minor.to_owned()));
        }
        seen.push(minor.to_owned());
    }
    let found = seen.pop();
    Err(NoImage::Python {
        image: image.to_owned(),
        wanted: tag.python.clone().unwrap_or_else(|| "3".to_owned()),
        digits: found.as_ref().map_or_else(|| "311".to_owned(), |minor| minor.replace('.', "")),
        found: found.map_or_else(|| "no Python".to_owned(), |minor| format!("Python {minor}")),
    })
}

/// Runs a program to its end; the error is what it said last.
async fn run<A: AsRef<OsStr>>(
    program: impl AsRef<OsStr>,
    args: &[A],
    uv_cache: Option<&Path>,
) -> Result<Output, String> {
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::null()).kill_on_drop(true).env_remove("VIRTUAL_ENV");
    if let Some(cache) = uv_cache {
        command.env("UV_CACHE_DIR", cache);
    }
    let output = command.output().await.map_err(|e| e.to_string())?;
    if output.status.success() {
        return Ok(output);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last: Vec<&str> = said.lines().rev().filter(|line| !line.trim().is_empty()).take(3).collect();
    Err(format!("{}: {}", output.status, last.into_iter().rev().collect::<Vec<_>>().join(" / ")))
}

/// Waits for the lock on an environment; it ends with the file.
async fn lock(path: &Path) -> io::Result<File> {
    if let Some(folder) = path.parent() {
        tokio::fs::create_dir_all(folder).await?;
    }
    let file = File::options().create(true).truncate(false).write(true).open(path)?;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(std::fs::TryLockError::WouldBlock) => tokio::time::sleep(Duration::from_millis(200)).await,
            Err(std::fs::TryLockError::Error(e)) => return Err(e),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_of_ray_images() {
        let tag = |version: &str, python: Option<&str>| {
            Some(Tag { version: version.into(), python: python.map(Into::into) })
        };
        for (image, wanted) in [
            ("rayproject/ray:2.60.0", tag("2.60.0", None)),
            ("rayproject/ray:2.60.0-py311", tag("2.60.0", Some("3.11"))),
            ("rayproject/ray:2.60.0-py311-cpu", tag("2.60.0", Some("3.11"))),
            ("docker.io/rayproject/ray:2.9.3-py310-cu121", tag("2.9.3", Some("3.10"))),
            ("rayproject/ray:2.60.0-py311@sha256:00", tag("2.60.0", Some("3.11"))),
            ("rayproject/ray:latest", None),
            ("rayproject/ray:2.60", None),
            ("rayproject/ray:2.60.0-py311-aarch64/../..", None),
            ("rayproject/ray:2.60.0;x-py311", None),
            ("rayproject/ray-ml:2.60.0", None),
            ("nginx:1.27", None),
        ] {
            assert_eq!(Tag::read(image), wanted, "{image}");
        }
    }

    #[tokio::test]
    async fn what_is_missing_is_named() {
        let cache = tempfile::tempdir().unwrap();
        let images = Images::new(cache.path().to_owned());
        let refused = images.pull("nginx:1.27").await.unwrap_err();
        assert!(refused.to_string().contains("rayproject/ray:<version>"), "{refused}");
        let refused = images.pull("rayproject/ray:2.60.0-py399").await.unwrap_err();
        assert!(refused.to_string().contains("install python3.99"), "{refused}");
        assert!(images.ready("rayproject/ray:2.60.0-py311").is_none());
    }
}
