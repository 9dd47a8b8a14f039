//! Recordings as files: conversations with a node, a step on each line of a `.jsonl`; exchanges with a gateway, one in each `.txt`
//! of a folder, beside which may stand facts, answers of the chain and how a status changed.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::exchange::{Exchange, is_exchange, parse};
use crate::observed::Observed;

/// One line of a recording.
pub(crate) struct Step {
    /// Its number in the file, from 1.
    pub(crate) line: usize,
    /// What was recorded.
    pub(crate) body: Value,
}

impl Step {
    /// What it is called.
    pub(crate) fn name(&self) -> &str {
        self.text("name")
    }

    /// A text of it; empty when there is none.
    pub(crate) fn text(&self, key: &str) -> &str {
        self.body.get(key).and_then(Value::as_str).unwrap_or_default()
    }

    /// A part of it.
    pub(crate) fn get(&self, key: &str) -> Option<&Value> {
        self.body.get(key).filter(|part| !part.is_null())
    }

    /// What the block says of its transaction.
    pub(crate) fn delivered(&self) -> Option<&Value> {
        self.get("result").filter(|r| number(r, "height") > 0)
    }

    /// The answer to the broadcast, when it was a refusal.
    pub(crate) fn refused(&self) -> Option<&Value> {
        let broadcast = self.body.pointer("/broadcast/body/tx_response").or_else(|| self.get("check"));
        broadcast.or_else(|| self.get("summary")).filter(|answer| {
            let stage = answer.get("stage").and_then(Value::as_str).unwrap_or("check");
            stage == "check" && number(answer, "code") != 0
        })
    }

    /// The log of a refusal, in a block or before.
    pub(crate) fn log(&self) -> &str {
        self.refused()
            .or_else(|| self.delivered())
            .and_then(|a| a.get("raw_log").or_else(|| a.get("log")))
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// The messages of its transaction.
    pub(crate) fn messages(&self) -> &[Value] {
        self.body.pointer("/unsigned/body/messages").and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }
}

/// A number that may be written as text; 0 when there is none.
pub(crate) fn number(value: &Value, key: &str) -> u64 {
    match value.get(key) {
        Some(Value::String(text)) => text.parse().unwrap_or(0),
        Some(other) => other.as_u64().unwrap_or(0),
        None => 0,
    }
}

/// One recording.
pub(crate) enum Recording {
    /// A conversation with a node: its file.
    Conversation(PathBuf),
    /// Exchanges with a gateway: their folder, or one of them alone.
    Gateway(PathBuf),
}

/// Exchanges with a gateway, in the order of their names, and what stands beside them.
pub(crate) struct Exchanges {
    pub(crate) exchanges: Vec<Exchange>,
    pub(crate) facts: Vec<Value>,
    pub(crate) observed: Vec<(String, Observed)>,
}

/// The recordings among paths, those of a folder in the order of their names.
pub(crate) fn files(paths: &[PathBuf]) -> Result<Vec<Recording>, Box<dyn Error>> {
    let mut found = Vec::new();
    for path in paths {
        if path.is_dir() {
            collect(path, &mut found)?;
        } else if !path.exists() {
            return Err(format!("{}: there is no such file or folder", path.display()).into());
        } else if holds_exchange(path) {
            found.push(Recording::Gateway(path.clone()));
        } else {
            found.push(Recording::Conversation(path.clone()));
        }
    }
    Ok(found)
}

fn holds_exchange(path: &Path) -> bool {
    path.extension().is_some_and(|e| e == "txt")
        && fs::read_to_string(path).is_ok_and(|text| is_exchange(&text))
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let entries = fs::read_dir(folder).map_err(|e| format!("cannot read {}: {e}", folder.display()))?;
    let mut entries: Vec<PathBuf> = entries.map(|e| e.map(|e| e.path())).collect::<Result<_, _>>()?;
    entries.sort();
    Ok(entries)
}

fn collect(folder: &Path, found: &mut Vec<Recording>) -> Result<(), Box<dyn Error>> {
    let entries = entries(folder)?;
    let gateway = entries.iter().any(|entry| holds_exchange(entry));
    if gateway {
        found.push(Recording::Gateway(folder.to_owned()));
    }
    for entry in entries {
        if entry.is_dir() {
            collect(&entry, found)?;
        } else if !gateway && entry.extension().is_some_and(|e| e == "jsonl") {
            found.push(Recording::Conversation(entry));
        }
    }
    Ok(())
}

/// Reads the exchanges of a folder and what stands beside them.
pub(crate) fn read_exchanges(path: &Path) -> Result<Exchanges, Box<dyn Error>> {
    let files = if path.is_dir() { entries(path)? } else { vec![path.to_owned()] };
    let mut all = Exchanges { exchanges: Vec::new(), facts: Vec::new(), observed: Vec::new() };
    for file in files.iter().filter(|file| file.is_file()) {
        let text = fs::read_to_string(file).map_err(|e| format!("cannot read {}: {e}", file.display()))?;
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let kind = file.extension().and_then(|e| e.to_str()).unwrap_or_default();
        if kind == "txt" && is_exchange(&text) {
            let exchange = parse(&name, &text).map_err(|e| format!("{}: {e}", file.display()))?;
            all.exchanges.push(exchange);
        } else if kind == "jsonl" {
            all.facts.extend(read(file)?.into_iter().map(|step| step.body));
        } else if kind == "json" {
            let content = serde_json::from_str(&text).map_err(|e| format!("{}: {e}", file.display()))?;
            all.observed.extend(Observed::read(&content).map(|observed| (name, observed)));
        }
    }
    Ok(all)
}

/// Reads a recording; a line that is no JSON object is an error that names it.
pub(crate) fn read(path: &Path) -> Result<Vec<Step>, Box<dyn Error>> {
    let text = fs::read_to_string(path).map_err(|e| format!("cannot read {}: {e}", path.display()))?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(n, text)| {
            let line = n + 1;
            let body: Value =
                serde_json::from_str(text).map_err(|e| format!("{}:{line}: no JSON: {e}", path.display()))?;
            if !body.is_object() {
                return Err(format!("{}:{line}: no object", path.display()).into());
            }
            Ok(Step { line, body })
        })
        .collect()
}
