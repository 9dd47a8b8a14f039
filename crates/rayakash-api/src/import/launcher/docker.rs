//! The launcher's `docker` section.

use super::super::env::Env;
use super::super::note::Report;
use super::super::source::{Item, shown};
use crate::shell::split;

/// The images of the head and of the workers, the head's first.
pub(super) fn images<'a>(root: &Item<'a>) -> Vec<Item<'a>> {
    let docker = root.key("docker");
    let of = |key: &str| docker.get(key).or_else(|| docker.get("image"));
    [of("head_image"), of("worker_image")].into_iter().flatten().collect()
}

/// Lists of options: of all containers, of the head's, of the workers'.
pub(super) const OPTIONS: [&str; 3] = ["run_options", "head_run_options", "worker_run_options"];

/// Variables that are given to containers by one of the lists.
pub(super) fn env(root: &Item<'_>, list: &str, report: &mut Report) -> Env {
    let mut env = Env::default();
    for option in options(root, list) {
        if let Some((name, value)) = option.assignment() {
            env.set(name, value, &option.item, report);
        }
    }
    env
}

/// An option of `docker run`.
struct Given<'a> {
    item: Item<'a>,
    name: String,
    value: Option<String>,
}

impl Given<'_> {
    /// The variable that it sets.
    fn assignment(&self) -> Option<(&str, &str)> {
        let value = self.value.as_deref().filter(|_| matches!(self.name.as_str(), "-e" | "--env"))?;
        value.split_once('=')
    }
}

/// The options of a list, each with its value.
fn options<'a>(root: &Item<'a>, list: &str) -> Vec<Given<'a>> {
    let mut options: Vec<Given<'a>> = Vec::new();
    for item in root.key("docker").key(list).items() {
        let text = item.text().unwrap_or_default();
        for word in words(&text) {
            let word = word.as_str();
            let glued = word.strip_prefix("-e").filter(|rest| rest.contains('='));
            let (name, value) = match (glued, word.split_once('=')) {
                (Some(assignment), _) => ("-e", Some(assignment.strip_prefix('=').unwrap_or(assignment))),
                (None, Some((name, value))) => (name, Some(value)),
                (None, None) => (word, None),
            };
            if word.starts_with('-') {
                options.push(Given {
                    item: item.clone(),
                    name: name.to_owned(),
                    value: value.map(str::to_owned),
                });
            } else if let Some(Given { value: value @ None, .. }) = options.last_mut() {
                *value = Some(word.to_owned());
            }
        }
    }
    options
}

/// The words of an option. The launcher gives them to a shell, so that quotes mean what they mean there.
fn words(text: &str) -> Vec<String> {
    let words = split(text);
    if words.iter().any(|word| word.separator) {
        // Nobody means two commands: `-e URL=http://x/?a=1&b=2`.
        return text.split_whitespace().map(|word| word.trim_matches(['"', '\'']).to_owned()).collect();
    }
    words.into_iter().map(|word| word.text).collect()
}

/// Says what of the section has no place in a cluster file.
pub(super) fn note_rest(root: &Item<'_>, report: &mut Report) {
    for option in OPTIONS.iter().flat_map(|list| options(root, list)) {
        let (name, instead) = match option.name.as_str() {
            "-e" | "--env" if option.assignment().is_some() => continue,
            "-e" | "--env" => ("--env", "write the variable under `env`"),
            "--shm-size" => ("--shm-size", "write `object_store_memory`"),
            "--gpus" | "--runtime" => continue,
            "-v" | "--volume" | "--mount" => ("--volume", "fetch the files in `setup_commands`"),
            other => (other, ""),
        };
        report.note(&option.item, format!("the option `{}` of Docker was left out", shown(name)), instead);
    }
    let taken = ["image", "head_image", "worker_image"];
    for (key, item) in root.key("docker").entries() {
        if ["container_name", "pull_before_run"].contains(&key.as_str()) && !item.is_empty() {
            report.note(
                &item,
                format!("`{key}` was left out: the provider names and fetches the container"),
                "",
            );
        } else if !taken.iter().chain(&OPTIONS).any(|known| *known == key) && !item.is_empty() {
            report.note(&item, format!("`{}` has no meaning here, and was left out", shown(&key)), "");
        }
    }
}
