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

#[cfg(test)]
mod tests {
    use super::*;

    const LAUNCHER: &str = "\
cluster_name: mine
docker: { image: rayproject/ray:2.60.0, run_options: [-e HF_TOKEN=abc] }
available_node_types: { head: { resources: { CPU: 1, memory: 2Gi } } }
head_node_type: head
";

    #[test]
    fn each_line_names_the_file_and_what_was_left_out() {
        let told = |text: &str, file: &str| told(Path::new(file), &import::import(text).unwrap());
        assert_eq!(
            told(LAUNCHER, "a.yaml"),
            "\
a.yaml:2: docker.run_options[0]: `HF_TOKEN` is probably a secret, and was left out with its value
a.yaml: from a file of Ray's cluster launcher: 1 head and 0 workers; what was left out or changed stands above
secrets go with a job: rayakash submit mine -e HF_TOKEN=\"$HF_TOKEN\" -- …"
        );
        assert_eq!(
            told(&LAUNCHER.replace(", run_options: [-e HF_TOKEN=abc]", ""), "-"),
            "<stdin>: from a file of Ray's cluster launcher: 1 head and 0 workers; nothing was left out"
        );
    }
}
