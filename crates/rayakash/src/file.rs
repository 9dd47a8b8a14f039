//! Reads files that the user names.

use crate::failure::Failure;
use rayakash_api::error::{Code, Problem};
use rayakash_api::file::{self, ReadError};
use rayakash_core::Secret;
use rayakash_core::spec::Cluster;
use std::fs::File;
use std::io;
use std::path::Path;

/// The text of a file, or of stdin for `-`; never more than the limit of a cluster file.
pub(crate) fn text(path: &Path) -> Result<String, Failure> {
    let (name, read) = if path == Path::new("-") {
        ("stdin".to_owned(), file::read(io::stdin().lock()))
    } else {
        let name = path.display().to_string();
        (name, File::open(path).map_err(ReadError::Io).and_then(file::read))
    };
    read.map_err(|error| {
        let failure = Problem::new(Code::InvalidFile, format!("`{name}` was not read: {error}"));
        match &error {
            ReadError::Io(source) => failure.because(Some(source)).into(),
            ReadError::TooLarge => failure.hint("a cluster file has a few hundred lines at most").into(),
            ReadError::NotText { .. } => failure.into(),
        }
    })
}

/// A cluster file: its text, and what it says.
pub(crate) fn cluster(path: &Path) -> Result<(String, Cluster), Failure> {
    let text = text(path)?;
    let cluster = parse(path, &text)?;
    Ok((text, cluster))
}

/// What the text of a cluster file says.
pub(crate) fn parse(path: &Path, text: &str) -> Result<Cluster, Failure> {
    file::parse(text)
        .map_err(|invalid| Failure { problem: Box::new(invalid.into()), file: Some(path.to_owned()) })
}

/// A secret, which is the first line of a file.
pub(crate) fn secret(path: &Path) -> Result<Secret, Failure> {
    let text = text(path)?;
    let line = text.lines().next().unwrap_or_default();
    if line.is_empty() {
        return Err(Failure::new(
            Code::BadRequest,
            format!("the first line of `{}` is empty", path.display()),
        ));
    }
    Ok(Secret::new(line))
}
