//! `import`: other people's files into cluster files. Needs no daemon.

use super::Outcome;
use crate::args::File;
use crate::failure::Failure;
use crate::file;
use crate::output::Output;
use rayakash_api::error::Exit;
use rayakash_api::import::{self, Imported, Kind};
use std::path::Path;

pub(super) fn run(args: &File, output: &Output) -> Outcome {
    let text = file::text(&args.file)?;
    let imported = import::import(&text)
        .map_err(|invalid| Failure { problem: Box::new(invalid.into()), file: Some(args.file.clone()) })?;
    output.result(&imported, || imported.cluster_file.clone())?;
    output.say(&told(&args.file, &imported));
    Ok(Exit::Ok)
}

/// What was left out or changed, each with its line, and what came of it all.
fn told(file: &Path, imported: &Imported) -> String {
    let name = if file == Path::new("-") { "<stdin>".to_owned() } else { file.display().to_string() };
    let mut text = String::new();
    for note in &imported.notes {
        text.push_str(&format!("{name}:{note}\n"));
    }
    let from = match imported.source {
        Kind::AkashSdl => "an Akash SDL",
        Kind::RayLauncher => "a file of Ray's cluster launcher",
    };
    let workers =
        if imported.workers == 1 { "1 worker".to_owned() } else { format!("{} workers", imported.workers) };
    let left = if imported.notes.is_empty() {
        "nothing was left out"
    } else {
        "what was left out or changed stands above"
    };
    text.push_str(&format!("{name}: from {from}: 1 head and {workers}; {left}"));
    if let [first, ..] = imported.secrets.as_slice() {
        let (cluster, variable) = (&imported.cluster_name, &first.name);
        text.push_str(&format!(
            "\nsecrets go with a job: rayakash submit {cluster} -e {variable}=\"${variable}\" -- …"
        ));
    }
    text
}
