//! Other people's files into cluster files: an Akash SDL of the Ray template's shape, or the YAML of Ray's cluster launcher.
//!
//! Such a file is read leniently, for much of what goes around was never accepted by the tool that it was written for. What cannot be
//! carried over is said in [`Note`]s, each with its line. No value that may be a secret leaves the file: [`Imported::secrets`] are names.

mod draft;
mod env;
mod image;
mod launcher;
mod limits;
mod name;
mod note;
mod size;
mod source;
mod start;
mod template;
mod write;

use crate::file::{self, Diagnostic, Invalid};
use draft::Draft;
use note::Report;
use serde::Serialize;
use source::{Document, Item};

pub use note::Note;

/// What became of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Imported {
    /// A cluster file: [`file::parse`] takes it.
    pub cluster_file: String,
    /// What the cluster is called there.
    pub cluster_name: String,
    /// What was left out or changed, in the order of the source.
    pub notes: Vec<Note>,
    /// Variables that probably hold secrets. They are left out of the cluster file; their values are nowhere.
    pub secrets: Vec<Secret>,
    /// What was read.
    pub source: Kind,
    /// Workers beside the one head.
    pub workers: u32,
}

/// A variable that probably holds a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Secret {
    /// The variable.
    pub name: String,
    /// Where it stands first, from 1.
    pub line: usize,
}

/// What can be imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// An Akash SDL with a service for Ray's head.
    AkashSdl,
    /// The YAML of Ray's cluster launcher.
    RayLauncher,
}

/// Makes a cluster file. The same text always gives the same answer.
///
/// # Errors
///
/// The text is no YAML or too large a YAML, is neither kind of file, or holds what no cluster can be. Each mistake with its line.
pub fn import(text: &str) -> Result<Imported, Invalid> {
    read(text).map_err(|invalid| Invalid {
        diagnostics: invalid.diagnostics.into_iter().map(|found| found.veiled(text)).collect(),
    })
}

fn read(text: &str) -> Result<Imported, Invalid> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let document = Document::read(text)?;
    let root = document.root();
    let source = kind(&root).map_err(|found| Invalid { diagnostics: vec![*found] })?;
    let mut report = Report::default();
    let draft = match source {
        Kind::AkashSdl => template::read(&root, &mut report),
        Kind::RayLauncher => launcher::read(&root, &mut report),
    };
    let (notes, secrets) = report.finish()?;
    let draft = draft.ok_or_else(|| unforeseen(&root, "it makes no cluster"))?;
    finish(&root, source, &draft, (notes, secrets))
}

/// Writes the draft, and reads it as `up` will.
fn finish(
    root: &Item<'_>,
    source: Kind,
    draft: &Draft,
    (notes, secrets): (Vec<Note>, Vec<Secret>),
) -> Result<Imported, Invalid> {
    let cluster_file = write::cluster_file(draft, source);
    let cluster = file::parse(&cluster_file).map_err(|invalid| unforeseen(root, &messages(&invalid)))?;
    let workers = cluster.nodes().saturating_sub(1);
    let cluster_name = cluster.name.to_string();
    Ok(Imported { cluster_file, cluster_name, notes, secrets, source, workers })
}

/// What is wrong with a file that nobody sees, without its lines.
fn messages(invalid: &Invalid) -> String {
    let all: Vec<&str> = invalid.diagnostics.iter().take(3).map(|found| found.message.as_str()).collect();
    all.join("; ")
}

/// The cluster file would be refused, for a reason that the rules of the import do not know.
fn unforeseen(root: &Item<'_>, reason: &str) -> Invalid {
    let help = "write the cluster file by hand, from config/examples/quickstart.yaml";
    Invalid {
        diagnostics: vec![
            root.diagnostic(format!("no valid cluster file can be made of this: {reason}"), Some(help)),
        ],
    }
}

/// Which kind of file it is.
fn kind(root: &Item<'_>) -> Result<Kind, Box<Diagnostic>> {
    let refuse = |item: &Item<'_>, message: &str, help: &str| {
        Err(Box::new(item.diagnostic(message.to_owned(), Some(help))))
    };
    let looked_for = "looked for an Akash SDL (`services` and `profiles`), and for a file of Ray's cluster launcher \
                      (`available_node_types`, or `cluster_name` and `provider`)";
    if let Some(version) = root.get("apiVersion") {
        let text = version.text().unwrap_or_default();
        return if text.starts_with("rayakash/") {
            refuse(&version, "this is a cluster file already", "run `rayakash up` with it")
        } else if text.starts_with("ray.io/") {
            let help = "write the node types by hand; docs/reference/cluster-file.md has the keys";
            refuse(&version, "this is a resource of KubeRay, which cannot be imported", help)
        } else {
            refuse(&version, "this is neither an Akash SDL nor a file of Ray's cluster launcher", looked_for)
        };
    }
    let has = |key: &str| root.get(key).is_some();
    if has("services") && (has("profiles") || has("deployment")) {
        Ok(Kind::AkashSdl)
    } else if ["available_node_types", "head_node_type", "head_node"].into_iter().any(has)
        || (has("cluster_name") && has("provider"))
    {
        Ok(Kind::RayLauncher)
    } else if let Some(services) = root.get("services") {
        let help =
            "Akash's SDL has `profiles` and `deployment` beside `services`; a file of Docker Compose has not";
        refuse(&services, "these services have no resources", help)
    } else {
        refuse(root, "this is neither an Akash SDL nor a file of Ray's cluster launcher", looked_for)
    }
}

#[cfg(test)]
mod tests;
