//! Which files hold recordings: a folder's exchanges are one, with what stands beside them; a conversation is one of its own. Every other
//! file is named with the reason why it holds no steps.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::exchange::{is_exchange, parse};
use crate::observed::Observed;
use crate::recording::{Exchanges, Step};

type Failed = Box<dyn Error>;

/// One recording, or a file that is none.
pub(crate) enum Recording {
    /// A conversation with a node.
    Conversation(PathBuf, Vec<Step>),
    /// Exchanges with a gateway: their folder, or one of them alone.
    Gateway(PathBuf, Exchanges),
    /// A file without steps of its own, and why.
    Nothing(PathBuf, String),
}

/// What a file holds.
enum Content {
    Exchange(String),
    Conversation(Vec<Step>),
    /// Beside exchanges.
    Facts(Vec<Step>),
    /// Beside exchanges.
    Observed(Observed),
    /// Something that is meant as a step and cannot be read as one.
    Odd(String),
    Nothing(String),
}

/// The recordings among paths, those of a folder in the order of their names.
pub(crate) fn recordings(paths: &[PathBuf]) -> Result<Vec<Recording>, Failed> {
    let mut found = Vec::new();
    for path in paths {
        if path.is_dir() {
            search(path, &mut found)?;
        } else {
            found.extend(sort(path, std::slice::from_ref(path))?);
        }
    }
    Ok(found)
}

fn search(folder: &Path, found: &mut Vec<Recording>) -> Result<(), Failed> {
    let entries = fs::read_dir(folder).map_err(|e| format!("cannot read {}: {e}", folder.display()))?;
    let mut entries: Vec<PathBuf> = entries.map(|e| e.map(|e| e.path())).collect::<Result<_, _>>()?;
    entries.sort();
    let (folders, files): (Vec<_>, Vec<_>) = entries.into_iter().partition(|entry| entry.is_dir());
    found.extend(sort(folder, &files)?);
    folders.iter().try_for_each(|folder| search(folder, found))
}

/// The recordings in files that stand beside each other.
fn sort(whole: &Path, files: &[PathBuf]) -> Result<Vec<Recording>, Failed> {
    let mut exchanges = Exchanges::default();
    let mut others = Vec::new();
    let contents: Vec<Content> = files.iter().map(|file| content(file)).collect::<Result<_, _>>()?;
    let gateway = contents.iter().any(|content| matches!(content, Content::Exchange(_)));
    for (file, content) in files.iter().zip(contents) {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let nothing = |why: &str| Recording::Nothing(file.clone(), why.to_owned());
        match content {
            Content::Exchange(text) => match parse(&name, &text) {
                Ok(exchange) => exchanges.exchanges.push(exchange),
                Err(problem) => exchanges.odd.push((name, problem.to_string())),
            },
            Content::Conversation(steps) => others.push(Recording::Conversation(file.clone(), steps)),
            Content::Nothing(why) => others.push(nothing(&why)),
            Content::Odd(why) if !gateway => others.push(nothing(&why)),
            Content::Facts(_) | Content::Observed(_) if !gateway => {
                others.push(nothing("it tells what stands beside exchanges, and here are none"));
            }
            Content::Facts(facts) => {
                let odd = facts
                    .iter()
                    .filter_map(|fact| Some((format!("{name}:{}", fact.line), fact.odd.clone()?)));
                exchanges.odd.extend(odd);
                exchanges.facts.extend(facts.into_iter().map(|fact| fact.body));
                others.push(nothing("its facts are read with the exchanges beside it"));
            }
            Content::Observed(observed) => exchanges.observed.push((name, observed)),
            Content::Odd(why) => exchanges.odd.push((name, why)),
        }
    }
    let exchanges = gateway.then(|| Recording::Gateway(whole.to_owned(), exchanges));
    Ok(exchanges.into_iter().chain(others).collect())
}

fn content(file: &Path) -> Result<Content, Failed> {
    let bytes = fs::read(file).map_err(|e| format!("cannot read {}: {e}", file.display()))?;
    // A byte that is none of a text makes its step another one, not the whole file unreadable.
    let text = String::from_utf8_lossy(&bytes).into_owned();
    Ok(match file.extension().and_then(|ending| ending.to_str()) {
        Some("txt") if is_exchange(&text) => Content::Exchange(text),
        Some("jsonl") => lines(&text),
        Some("json") => json(&text),
        _ => Content::Nothing("it is neither an exchange nor JSON".to_owned()),
    })
}

/// Steps have a kind, or what a node can be sent; facts tell what happened.
fn lines(text: &str) -> Content {
    let lines = text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty());
    let steps: Vec<Step> = lines.map(|(text, line)| Step::read(line, text)).collect();
    let any = |keys: &[&str]| steps.iter().any(|step| keys.iter().any(|key| step.get(key).is_some()));
    let is_odd = |step: &Step| step.odd.is_some();
    if any(&["kind", "unsigned", "tx_b64", "path"]) {
        Content::Conversation(steps)
    } else if any(&["what"]) {
        Content::Facts(steps)
    } else if steps.iter().any(is_odd) {
        Content::Conversation(steps)
    } else {
        Content::Nothing("none of its lines is a step of a kind, a transaction or a path to ask".to_owned())
    }
}

fn json(text: &str) -> Content {
    let content = match serde_json::from_str::<Value>(text) {
        Ok(content) => content,
        Err(problem) => return Content::Odd(format!("no JSON: {problem}")),
    };
    match Observed::read(&content) {
        Ok(Some(observed)) => Content::Observed(observed),
        Ok(None) => {
            Content::Nothing("it holds no request, and no bid, deployment or statuses to compare".to_owned())
        }
        Err(why) => Content::Odd(why),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXCHANGE: &str =
        "# client certificate: no; 1 ms\nGET / HTTP/1.1\n\n---- response\nHTTP/1.1 200 OK\n\n";

    /// The recordings in a folder with these files, a line each.
    fn told(files: &[(&str, &str)]) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        let name = |path: &Path| path.strip_prefix(folder.path()).unwrap().display().to_string();
        let told = |recording: Recording| match recording {
            Recording::Conversation(path, steps) => {
                let odd = steps.iter().filter(|step| step.odd.is_some()).count();
                format!("{}: {} steps, {odd} odd", name(&path), steps.len())
            }
            Recording::Gateway(path, all) => {
                let (exchanges, facts, observed) = (all.exchanges.len(), all.facts.len(), all.observed.len());
                let odd: Vec<&str> = all.odd.iter().map(|(name, _)| name.as_str()).collect();
                format!(
                    "{}: {exchanges} exchanges, {facts} facts, {observed} beside, odd {odd:?}",
                    name(&path)
                )
            }
            Recording::Nothing(path, _) => format!("{}: nothing", name(&path)),
        };
        recordings(&[folder.path().to_owned()]).unwrap().into_iter().map(told).collect()
    }

    #[test]
    fn every_file_of_a_folder_is_told_of() {
        let conversation = "{\"kind\":\"query\"}\n\nno JSON\n{}\n";
        assert_eq!(
            told(&[
                ("a.jsonl", conversation),
                ("b.jsonl", "{\"name\":\"no kind\"}\n"),
                ("c.json", "{\"bid\":{}}"),
                ("d.txt", "words"),
            ]),
            ["a.jsonl: 3 steps, 1 odd", "b.jsonl: nothing", "c.json: nothing", "d.txt: nothing"]
        );
    }

    #[test]
    fn what_cannot_be_read_beside_exchanges_is_odd_and_hides_nothing() {
        assert_eq!(
            told(&[
                ("1.txt", EXCHANGE),
                ("2.txt", "# client certificate: no\nGET / HTT"),
                ("bid.json", "{\"bid\":{}}"),
                ("broken.json", "{"),
                ("conversation.jsonl", "{\"kind\":\"query\"}"),
                ("facts.jsonl", "{\"what\":\"x\"}\n{"),
                ("readme.md", "words"),
                ("steps.json", "[[0.0,404,\"\"],[1]]"),
            ]),
            [
                ": 1 exchanges, 2 facts, 1 beside, odd [\"2.txt\", \"broken.json\", \"facts.jsonl:2\", \"steps.json\"]",
                "conversation.jsonl: 1 steps, 0 odd",
                "facts.jsonl: nothing",
                "readme.md: nothing",
            ]
        );
    }

    #[test]
    fn a_path_that_is_not_there_is_an_error() {
        assert!(recordings(&[PathBuf::from("/nowhere/at/all.jsonl")]).is_err());
    }
}
