//! The launcher's `docker` section.

use super::super::env::Env;
use super::super::note::Report;
use super::super::source::{Item, shown};

/// The images of the head and of the workers, the head's first.
pub(super) fn images<'a>(root: &Item<'a>) -> Vec<Item<'a>> {
    let docker = root.key("docker");
    let of = |key: &str| docker.get(key).or_else(|| docker.get("image"));
    [of("head_image"), of("worker_image")].into_iter().flatten().collect()
}

/// Variables that are given to the containers.
pub(super) fn env(root: &Item<'_>, report: &mut Report) -> Env {
    let mut env = Env::default();
    for (item, word, value) in options(root) {
        let assignment = value.filter(|_| matches!(word.as_str(), "-e" | "--env"));
        if let Some((name, value)) = assignment.as_deref().and_then(|text| text.split_once('=')) {
            env.set(name, value, &item, report);
        }
    }
    env
}

/// The options of `docker run`, each with its value.
fn options<'a>(root: &Item<'a>) -> Vec<(Item<'a>, String, Option<String>)> {
    let docker = root.key("docker");
    let mut options: Vec<(Item<'a>, String, Option<String>)> = Vec::new();
    for key in ["run_options", "head_run_options", "worker_run_options"] {
        for item in docker.key(key).items() {
            let text = item.text().unwrap_or_default();
            for word in text.split_whitespace() {
                let word = word.trim_matches(['"', '\'']);
                let (name, value) = match word.split_once('=') {
                    Some((name, value)) if name.starts_with("--") => (name, Some(value.to_owned())),
                    _ => (word, None),
                };
                match options.last_mut() {
                    Some((_, _, value @ None)) if !word.starts_with('-') => *value = Some(word.to_owned()),
                    _ => options.push((item.clone(), name.to_owned(), value)),
                }
            }
        }
    }
    options
}

/// Says what of the section has no place in a cluster file.
pub(super) fn note_rest(root: &Item<'_>, report: &mut Report) {
    for (item, word, value) in options(root) {
        let (name, instead) = match word.as_str() {
            "-e" | "--env" if value.as_ref().is_some_and(|value| value.contains('=')) => continue,
            "-e" | "--env" => ("--env", "write the variable under `env`"),
            "--shm-size" => ("--shm-size", "write `object_store_memory`"),
            "--gpus" | "--runtime" => continue,
            "-v" | "--volume" | "--mount" => ("--volume", "fetch the files in `setup_commands`"),
            other => (other, ""),
        };
        report.note(&item, format!("the option `{}` of Docker was left out", shown(name)), instead);
    }
    let taken =
        ["image", "head_image", "worker_image", "run_options", "head_run_options", "worker_run_options"];
    for (key, item) in root.key("docker").entries() {
        if ["container_name", "pull_before_run"].contains(&key.as_str()) {
            report.note(
                &item,
                format!("`{key}` was left out: the provider names and fetches the container"),
                "",
            );
        } else if !taken.contains(&key.as_str()) && !item.is_empty() {
            report.note(&item, format!("`{}` has no meaning here, and was left out", shown(&key)), "");
        }
    }
}
