//! `sdl`: what an SDL, or a cluster file, becomes on Akash. Needs no daemon.

use super::Outcome;
use crate::args::Sdl;
use crate::failure::Failure;
use crate::file;
use crate::output::Output;
use akash_sdl::{Position, Review, SdlError};
use rayakash_api::error::{Code, Exit, Problem};
use rayakash_api::file::Diagnostic;
use rayakash_core::view::Tip;
use rayakash_core::{Mark, Operation, Secret, blueprint, ceiling_per_block};
use serde_json::json;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

/// Milliseconds per block on Akash's main network, for a price per hour: no chain is asked here.
const BLOCK_MS: u64 = 6_000;

pub(super) fn run(args: &Sdl, output: &Output) -> Outcome {
    match args {
        Sdl::Manifest(args) => output.json(&document(&args.file, output)?.review.manifest.to_json())?,
        Sdl::Groups(args) => output.json(&document(&args.file, output)?.review.groups_json())?,
        Sdl::Hash(args) => {
            let hash = hex(&document(&args.file, output)?.review.manifest.hash());
            output.result(&json!({ "hash": hash }), || hash)?;
        }
        Sdl::Validate(args) => {
            let Document { review, warnings } = document(&args.file, output)?;
            let checked = review.manifest.check_against(&review.groups);
            checked.map_err(|error| Problem::from_error(Code::InvalidFile, &error))?;
            output.warn(&args.file, &warnings);
            let hash = hex(&review.manifest.hash());
            let result = json!({ "valid": true, "hash": hash, "warnings": warnings });
            output.result(&result, || "valid".to_owned())?;
        }
    }
    Ok(Exit::Ok)
}

/// A valid document, and what in it will hardly be what was meant.
struct Document {
    review: Review,
    warnings: Vec<Diagnostic>,
}

/// The SDL of a file: an SDL as it is, a cluster file as it is drawn. What we draw ourselves is above doubt.
fn document(path: &Path, output: &Output) -> Result<Document, Failure> {
    let text = file::text(path)?;
    if is_cluster_file(&text) {
        output.say("a cluster file: secrets that each cluster has of its own are left out, so its hash is another one there");
        let drawn = drawn(path, &text)?;
        let review = akash_sdl::Sdl::review(drawn.expose());
        let review = review.map_err(|error| Problem::from_error(Code::InvalidFile, &error))?;
        return Ok(Document { review, warnings: vec![] });
    }
    let review = akash_sdl::Sdl::review(&text).map_err(|error| refused(path, &text, &error))?;
    let warnings = review.doubts.iter().map(|doubt| place(&text, doubt)).collect();
    Ok(Document { review, warnings })
}

fn is_cluster_file(text: &str) -> bool {
    text.lines().any(|line| line.starts_with("apiVersion:") || line.starts_with("available_node_types:"))
}

fn drawn(path: &Path, text: &str) -> Result<Secret, Failure> {
    let cluster = file::parse(path, text)?;
    let nothing = || Secret::new("");
    // Which life of the cluster it is shows only when it is ordered.
    let operation = Operation([0; 10]);
    let keys = blueprint::Keys {
        operation,
        gate_certificate: String::new(),
        gate_key: nothing(),
        gate_token: nothing(),
        ray_token: nothing(),
    };
    let tip = Tip { height: Default::default(), time_ms: 0, block_ms: BLOCK_MS, stalled_since_ms: None };
    let ceiling = ceiling_per_block(&cluster, &tip).amount;
    let group = Mark { generation: 1, operation }.to_string();
    blueprint::draw(&cluster, &keys, &BTreeMap::new(), ceiling, &group)
        .map(|drawn| drawn.sdl)
        .map_err(|error| Problem::from_error(Code::InvalidFile, &error).into())
}

/// Everything that is wrong, each under its line.
fn refused(path: &Path, text: &str, error: &SdlError) -> Failure {
    let mut problem = Problem::from_error(Code::InvalidFile, error);
    problem.diagnostics = error.problems().map(|found| place(text, found)).collect();
    problem.diagnostics.sort_by_key(|found| found.offset);
    Failure { problem: Box::new(problem), file: Some(path.to_owned()) }
}

fn place(text: &str, found: &akash_sdl::Problem) -> Diagnostic {
    let at = found.at.unwrap_or(Position { line: 1, column: 1 });
    let keys = found.path.join(".");
    let message = if keys.is_empty() { found.message.clone() } else { format!("{keys}: {}", found.message) };
    Diagnostic::at_line(text, at.line, at.column, message).veiled(text)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ok = write!(text, "{byte:02x}");
        text
    })
}
