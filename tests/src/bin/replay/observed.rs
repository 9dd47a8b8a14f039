//! What stands beside the exchanges of a recording: bids and deployments as the chain told them, and how a lease's status changed.
//!
//! These are steps: each holds answers that the sandbox can be made to give. Other files there are none: a list of commands with what
//! they printed shows exchanges of another program; a manifest or an SDL is what requests were made of; facts are times and the
//! recorder's own reading of exchanges that stand beside them.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::compare::differences;

/// A file beside the exchanges, by what it holds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Observed {
    /// A bid.
    Bid(Value),
    /// A deployment.
    Deployment(Value),
    /// A lease's phases, and the names that its entrances had.
    Steps(Vec<Phase>, BTreeSet<String>),
}

/// What a status says about a lease as a whole. Which of its pods is first differs from one time to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// 404.
    Absent,
    /// Another status than 404, or 200 without services.
    Other(u64),
    /// Some pod is missing.
    Coming,
    /// All pods are there.
    Ready,
}

impl Observed {
    /// Reads a file's content; `None` when it is no step, an error when it is an odd one.
    pub(crate) fn read(content: &Value) -> Result<Option<Self>, String> {
        if content.get("bid").is_some() {
            return Ok(Some(Self::Bid(content.clone())));
        }
        if content.get("deployment").is_some() && content.get("groups").is_some() {
            return Ok(Some(Self::Deployment(content.clone())));
        }
        let Some(steps) = content.as_array().filter(|steps| steps.iter().any(Value::is_array)) else {
            return Ok(None);
        };
        let (mut phases, mut names) = (Vec::new(), BTreeSet::new());
        for step in steps {
            let (status, body) = answer(step).ok_or_else(|| format!("no status of a lease: {step}"))?;
            note(&mut phases, &mut names, status, body);
        }
        Ok(Some(Self::Steps(phases, names)))
    }

    /// The deployment that it is about, where it names one.
    pub(crate) fn dseq(&self) -> Option<u64> {
        let id = match self {
            Self::Bid(bid) => bid.pointer("/bid/id/dseq"),
            Self::Deployment(deployment) => deployment.pointer("/deployment/id/dseq"),
            Self::Steps(..) => None,
        };
        id?.as_str()?.parse().ok()
    }
}

/// Status and body of `[time, status, body]`, or of `[time, body]`, which was 200.
fn answer(step: &Value) -> Option<(u64, &str)> {
    match step.as_array()?.as_slice() {
        [_, Value::Number(status), Value::String(body)] => Some((status.as_u64()?, body)),
        [_, Value::String(body)] => Some((200, body)),
        _ => None,
    }
}

/// Adds a status to phases, if it is another than before.
pub(crate) fn note(phases: &mut Vec<Phase>, names: &mut BTreeSet<String>, status: u64, body: &str) {
    let parsed: Value = serde_json::from_str(body).unwrap_or_default();
    let told = parsed.get("services").and_then(Value::as_object);
    let services: Vec<&Value> = told.into_iter().flat_map(|services| services.values()).collect();
    for service in &services {
        let uris = service.get("uris").and_then(Value::as_array).into_iter().flatten();
        names.extend(uris.filter_map(Value::as_str).map(str::to_owned));
    }
    let number = |service: &Value, key: &str| service.get(key).and_then(Value::as_u64).unwrap_or(0);
    let whole = |service: &&Value| {
        let total = number(service, "total");
        let counts = ["available", "ready_replicas", "updated_replicas"].map(|key| number(service, key));
        total > 0 && counts.iter().all(|count| *count == total)
    };
    let phase = match status {
        200 if told.is_none() => Phase::Other(200),
        200 if services.iter().all(whole) => Phase::Ready,
        200 => Phase::Coming,
        404 => Phase::Absent,
        other => Phase::Other(other),
    };
    if phases.last() != Some(&phase) {
        phases.push(phase);
    }
}

/// Compares an answer of the chain with ours. Heights are those of another chain, and a price is what that provider asked for.
pub(crate) fn compare_chain(recorded: &Value, ours: &Value) -> Vec<String> {
    let (mut recorded, mut ours) = (recorded.clone(), ours.clone());
    for value in [&mut recorded, &mut ours] {
        without_heights(value);
        if let Some(amount) = value.pointer_mut("/bid/price/amount") {
            *amount = Value::Null;
        }
    }
    differences(&recorded, &ours)
}

fn without_heights(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (key, field) in fields {
                match key.as_str() {
                    "created_at" | "settled_at" | "height" => *field = Value::Null,
                    _ => without_heights(field),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(without_heights),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn status(available: u64) -> String {
        let web = json!({ "total": 2, "available": available, "ready_replicas": available, "updated_replicas": 2, "uris": ["a.b"] });
        json!({ "services": { "web": web } }).to_string()
    }

    #[test]
    fn files_are_told_by_what_they_hold() {
        let steps = json!([
            [0.0, 404, ""],
            [0.1, 200, status(0)],
            [0.2, 200, status(1)],
            [1.2, status(2)],
            [2, 503, ""]
        ]);
        let names = BTreeSet::from(["a.b".to_owned()]);
        assert_eq!(
            Observed::read(&steps),
            Ok(Some(Observed::Steps(
                vec![Phase::Absent, Phase::Coming, Phase::Ready, Phase::Other(503)],
                names
            )))
        );
        let bid = json!({ "bid": { "id": { "dseq": "7" } } });
        assert_eq!(Observed::read(&bid).unwrap().and_then(|o| o.dseq()), Some(7));
        assert_eq!(Observed::read(&json!([{ "cmd": ["x"], "rc": 0 }])), Ok(None));
        assert_eq!(Observed::read(&json!({ "cluster": {} })), Ok(None));
        assert!(Observed::read(&json!([[0.0, 404, ""], [0.1, "404", ""]])).is_err());
    }

    #[test]
    fn heights_and_prices_do_not_count_and_resources_do() {
        let bid = |height: &str, cpu: &str| json!({ "bid": { "created_at": height, "price": { "amount": height }, "cpu": cpu } });
        assert!(compare_chain(&bid("1", "100"), &bid("2", "100")).is_empty());
        assert!(!compare_chain(&bid("1", "100"), &bid("1", "200")).is_empty());
    }
}
