//! `version`.

use super::Outcome;
use crate::output::Output;
use rayakash_api::error::Exit;
use serde_json::json;

pub(super) fn run(output: &Output) -> Outcome {
    let version = env!("CARGO_PKG_VERSION");
    let ray = rayakash_core::spec::RAY_VERSION;
    output
        .result(&json!({ "version": version, "api": "v1", "ray": ray }), || format!("rayakash {version}"))?;
    Ok(Exit::Ok)
}
