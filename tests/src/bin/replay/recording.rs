//! Recordings as files.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

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

/// The recordings among paths, those of a folder in the order of their names.
pub(crate) fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut found = Vec::new();
    for path in paths {
        if path.is_dir() {
            collect(path, &mut found)?;
        } else if path.exists() {
            found.push(path.clone());
        } else {
            return Err(format!("{}: there is no such file or folder", path.display()).into());
        }
    }
    Ok(found)
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    let entries = fs::read_dir(folder).map_err(|e| format!("cannot read {}: {e}", folder.display()))?;
    let mut entries: Vec<PathBuf> = entries.map(|e| e.map(|e| e.path())).collect::<Result<_, _>>()?;
    entries.sort();
    for entry in entries {
        if entry.is_dir() {
            collect(&entry, found)?;
        } else if entry.extension().is_some_and(|e| e == "jsonl") {
            found.push(entry);
        }
    }
    Ok(())
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
