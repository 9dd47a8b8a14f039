//! The program to test, built when it has to be.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use crate::Error;

/// A built `rayakash`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    path: PathBuf,
}

/// The folder of the repository.
pub fn workspace() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here)
}

impl Program {
    /// The program beside the one that runs. It is built when it is not there, or older than one of its sources, so that what is
    /// tested is what lies in the tree.
    pub fn beside() -> Result<Self, Error> {
        // One builds, the others of a test binary find it built.
        static BUILDING: Mutex<()> = Mutex::new(());
        let _turn = BUILDING.lock().unwrap_or_else(PoisonError::into_inner);
        let path = folder()?.join("rayakash");
        if !is_fresh(&path) {
            build(&[])?;
        }
        Ok(Self { path })
    }

    /// The program as it is released. Building it takes minutes the first time.
    pub fn released() -> Result<Self, Error> {
        build(&["--release"])?;
        let debug = folder()?;
        let target = debug.parent().ok_or_else(|| Error::Wrong("no target folder".to_owned()))?;
        Ok(Self { path: target.join("release").join("rayakash") })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// `target/debug`: tests run one folder below it.
fn folder() -> Result<PathBuf, Error> {
    let own = std::env::current_exe().map_err(Error::io("finding this program"))?;
    let mut folder = own.parent().unwrap_or(&own).to_owned();
    if folder.ends_with("deps") {
        folder.pop();
    }
    Ok(folder)
}

fn build(more: &[&str]) -> Result<(), Error> {
    let mut cargo = Command::new(option_env!("CARGO").unwrap_or("cargo"));
    cargo.args(["build", "--quiet", "--locked", "-p", "rayakash"]).args(more);
    let status = cargo
        .current_dir(workspace())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .map_err(Error::io("starting cargo"))?;
    if status.success() { Ok(()) } else { Err(Error::Build { how: status.to_string() }) }
}

/// Whether the program is there and younger than every file that cargo made it from.
fn is_fresh(program: &Path) -> bool {
    let Some(built) = modified(program) else { return false };
    let Ok(text) = std::fs::read_to_string(program.with_extension("d")) else { return false };
    sources(&text).iter().all(|source| modified(source).is_some_and(|at| at <= built))
}

fn modified(path: &Path) -> Option<SystemTime> {
    path.metadata().and_then(|about| about.modified()).ok()
}

/// The files of a makefile rule `target: source source`, in which spaces of names are escaped.
fn sources(rule: &str) -> Vec<PathBuf> {
    let files = rule.split_once(": ").map_or("", |(_, files)| files);
    files
        .replace("\\ ", "\0")
        .split_ascii_whitespace()
        .map(|file| PathBuf::from(file.replace('\0', " ")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_of_a_rule() {
        let rule = "/t/debug/rayakash: /r/a.rs /r/my\\ dir/b.rs\n";
        assert_eq!(sources(rule), [PathBuf::from("/r/a.rs"), PathBuf::from("/r/my dir/b.rs")]);
        assert!(sources("").is_empty());
    }

    #[test]
    fn a_program_older_than_a_source_is_stale() {
        let folder = tempfile::tempdir().unwrap();
        let (program, source) = (folder.path().join("p"), folder.path().join("s.rs"));
        assert!(!is_fresh(&program), "there is none");
        std::fs::write(&source, "").unwrap();
        std::fs::write(&program, "").unwrap();
        std::fs::write(folder.path().join("p.d"), format!("p: {}\n", source.display())).unwrap();
        assert!(is_fresh(&program));
        let later = modified(&program).unwrap() + std::time::Duration::from_secs(5);
        std::fs::File::options().write(true).open(&source).unwrap().set_modified(later).unwrap();
        assert!(!is_fresh(&program));
    }
}
