//! What recordings hold: conversations with a node, a step on each line of a `.jsonl`; exchanges with a gateway, one in each `.txt`
//! of a folder, beside which may stand facts, answers of the chain and how a status changed.

use serde_json::Value;

use crate::exchange::Exchange;
use crate::observed::Observed;

/// One line of a recording.
pub(crate) struct Step {
    /// Its number in the file, from 1.
    pub(crate) line: usize,
    /// What was recorded.
    pub(crate) body: Value,
    /// Why it cannot be read.
    pub(crate) odd: Option<String>,
}

impl Step {
    /// Reads a line.
    pub(crate) fn read(line: usize, text: &str) -> Self {
        let (body, odd) = match serde_json::from_str(text) {
            Ok(body @ Value::Object(_)) => (body, None),
            Ok(_) => (Value::Null, Some("no object".to_owned())),
            Err(problem) => (Value::Null, Some(format!("no JSON: {problem}"))),
        };
        Self { line, body, odd }
    }

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

/// Exchanges with a gateway, in the order of their names, and what stands beside them.
#[derive(Default)]
pub(crate) struct Exchanges {
    pub(crate) exchanges: Vec<Exchange>,
    pub(crate) facts: Vec<Value>,
    pub(crate) observed: Vec<(String, Observed)>,
    /// Names of what cannot be read, and why.
    pub(crate) odd: Vec<(String, String)>,
}
