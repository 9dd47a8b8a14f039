//! `sdl`: what an SDL, or a cluster file, becomes on Akash. Needs no daemon.

use super::Outcome;
use crate::args::Sdl;
use crate::failure::Failure;
use crate::file;
use crate::output::Output;
use akash_sdl::{Manifest, Position, SdlError};
use rayakash_api::error::{Code, Exit, Problem};
use rayakash_api::file::Diagnostic;
use rayakash_core::view::Tip;
use rayakash_core::{Secret, blueprint, ceiling_per_block};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

/// Milliseconds per block on Akash's main network, for a price per hour: no chain is asked here.
const BLOCK_MS: u64 = 6_000;

pub(super) fn run(args: &Sdl, output: &Output) -> Outcome {
    match args {
        Sdl::Manifest(args) => output.text(&manifest(&args.file, output)?.to_json())?,
        Sdl::Groups(args) => {
            let groups = document(&args.file, output)?.groups_json().map_err(|error| unplaced(&error))?;
            output.text(&groups)?;
        }
        Sdl::Hash(args) => output.text(&hex(&manifest(&args.file, output)?.hash()))?,
        Sdl::Validate(args) => {
            let (groups, manifest) =
                document(&args.file, output)?.build().map_err(|error| unplaced(&error))?;
            let invalid = |error: akash_sdl::ManifestError| {
                Failure::from(Problem::from_error(Code::InvalidFile, &error))
            };
            manifest.validate().map_err(invalid)?;
            manifest.check_against(&groups).map_err(invalid)?;
            output.say("valid");
        }
    }
    Ok(Exit::Ok)
}

fn manifest(path: &Path, output: &Output) -> Result<Manifest, Failure> {
    document(path, output)?.manifest().map_err(|error| unplaced(&error))
}

/// The SDL of a file: an SDL as it is, a cluster file as it is drawn.
fn document(path: &Path, output: &Output) -> Result<akash_sdl::Sdl, Failure> {
    let text = file::text(path)?;
    let text = if is_cluster_file(&text) {
        output.say("a cluster file: secrets that each cluster has of its own are left out, so its hash is another one there");
        drawn(path, &text)?.expose().to_owned()
    } else {
        text
    };
    akash_sdl::Sdl::parse(&text).map_err(|error| refused(path, &text, &error))
}

fn is_cluster_file(text: &str) -> bool {
    text.lines().any(|line| line.starts_with("apiVersion:") || line.starts_with("available_node_types:"))
}

fn drawn(path: &Path, text: &str) -> Result<Secret, Failure> {
    let cluster = file::parse(path, text)?;
    let nothing = || Secret::new("");
    let keys = blueprint::Keys {
        gate_certificate: String::new(),
        gate_key: nothing(),
        gate_token: nothing(),
        ray_token: nothing(),
    };
    let tip = Tip { height: Default::default(), time_ms: 0, block_ms: BLOCK_MS, stalled_since_ms: None };
    let ceiling = ceiling_per_block(&cluster, &tip).amount;
    blueprint::draw(&cluster, &keys, &BTreeMap::new(), ceiling)
        .map(|drawn| drawn.sdl)
        .map_err(|error| Problem::from_error(Code::InvalidFile, &error).into())
}

/// Everything that is wrong, each under its line.
fn refused(path: &Path, text: &str, error: &SdlError) -> Failure {
    let mut problem = Problem::from_error(Code::InvalidFile, error);
    let place = |found: &akash_sdl::Problem| {
        let at = found.at.unwrap_or(Position { line: 1, column: 1 });
        let keys = found.path.join(".");
        let message =
            if keys.is_empty() { found.message.clone() } else { format!("{keys}: {}", found.message) };
        Diagnostic::at_line(text, at.line, at.column, message)
    };
    problem.diagnostics = error.problems().map(place).collect();
    problem.diagnostics.sort_by_key(|found| found.offset);
    Failure { problem: Box::new(problem), file: Some(path.to_owned()) }
}

/// What cannot be after a document was read.
fn unplaced(error: &SdlError) -> Failure {
    Problem::from_error(Code::InvalidFile, error).into()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ok = write!(text, "{byte:02x}");
        text
    })
}
