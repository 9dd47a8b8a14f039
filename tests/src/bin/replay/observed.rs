//! What stands beside the exchanges of a recording: bids and deployments as the chain told them, and how a lease's status changed.
//!
//! These are steps: each holds answers that the sandbox can be made to give. Other files there are none: a list of commands with what
//! they printed shows exchanges of another program; a manifest or an SDL is what requests were made of; facts are times and the
//! recorder's own reading of exchanges that stand beside them.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::time::sleep;

use crate::compare::differences;

/// How often a status is looked at.
const LOOK: Duration = Duration::from_millis(15);

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
    /// Some pod is missing.
    Coming,
    /// All pods are there.
    Ready,
}

impl Observed {
    /// Reads a file's content; `None` when it is no step.
    pub(crate) fn read(content: &Value) -> Option<Self> {
        if content.get("bid").is_some() {
            return Some(Self::Bid(content.clone()));
        }
        if content.get("deployment").is_some() && content.get("groups").is_some() {
            return Some(Self::Deployment(content.clone()));
        }
        let (mut phases, mut names) = (Vec::new(), BTreeSet::new());
        for step in content.as_array()? {
            let (status, body) = match step.as_array()?.as_slice() {
                [_, Value::Number(status), body] => (status.as_u64()?, body.as_str()?),
                [_, body] => (200, body.as_str()?),
                _ => return None,
            };
            note(&mut phases, &mut names, status, body);
        }
        Some(Self::Steps(phases, names))
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

/// Adds a status to phases, if it is another than before.
fn note(phases: &mut Vec<Phase>, names: &mut BTreeSet<String>, status: u64, body: &str) {
    let parsed: Value = serde_json::from_str(body).unwrap_or_default();
    let services = parsed.get("services").and_then(Value::as_object);
    let services: Vec<&Value> = services.into_iter().flat_map(|services| services.values()).collect();
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
    let phase = match (status, services.iter().all(whole)) {
        (200, true) => Phase::Ready,
        (200, false) => Phase::Coming,
        _ => Phase::Absent,
    };
    if phases.last() != Some(&phase) {
        phases.push(phase);
    }
}

/// A look at a lease's status that does not end.
#[derive(Clone, Debug, Default)]
pub(crate) struct Watch(Arc<Mutex<(Vec<Phase>, BTreeSet<String>)>>);

impl Watch {
    /// Looks for ever.
    pub(crate) async fn look(
        self,
        http: reqwest::Client,
        (gateway, path): (Arc<Mutex<String>>, String),
        authorization: String,
    ) {
        loop {
            let url = format!("{}{path}", gateway.lock().unwrap_or_else(PoisonError::into_inner));
            let asked = http.get(&url).header("Authorization", &authorization).send().await;
            if let Ok(answer) = asked {
                let status = u64::from(answer.status().as_u16());
                let body = answer.text().await.unwrap_or_default();
                let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                let (phases, names) = &mut *seen;
                note(phases, names, status, &body);
            }
            sleep(LOOK).await;
        }
    }

    /// Whether this lease had all these names, one of which no other lease has.
    pub(crate) fn has(&self, names: &BTreeSet<String>) -> bool {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        !names.is_empty() && names.is_subset(&seen.1)
    }

    /// What was seen so far.
    pub(crate) fn phases(&self) -> Vec<Phase> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0.clone()
    }

    /// Whether the lease went through these phases, one after the other.
    pub(crate) fn went_through(&self, phases: &[Phase]) -> bool {
        self.phases().windows(phases.len().max(1)).any(|part| part == phases)
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
        let steps =
            json!([[0.0, 404, ""], [0.1, 200, status(0)], [0.2, 200, status(1)], [1.2, 200, status(2)]]);
        let names = BTreeSet::from(["a.b".to_owned()]);
        assert_eq!(
            Observed::read(&steps),
            Some(Observed::Steps(vec![Phase::Absent, Phase::Coming, Phase::Ready], names))
        );
        let bid = json!({ "bid": { "id": { "dseq": "7" } } });
        assert_eq!(Observed::read(&bid).and_then(|o| o.dseq()), Some(7));
        assert_eq!(Observed::read(&json!([{ "cmd": ["x"], "rc": 0 }])), None);
        assert_eq!(Observed::read(&json!({ "cluster": {} })), None);
    }

    #[test]
    fn a_lease_went_through_phases_in_one_piece() {
        let watch = Watch::default();
        for (code, body) in [(404, String::new()), (200, status(2)), (200, status(1)), (200, status(2))] {
            let mut seen = watch.0.lock().unwrap();
            let (phases, names) = &mut *seen;
            note(phases, names, code, &body);
        }
        assert!(watch.went_through(&[Phase::Ready, Phase::Coming, Phase::Ready]));
        assert!(!watch.went_through(&[Phase::Absent, Phase::Coming]));
        assert!(watch.has(&BTreeSet::from(["a.b".to_owned()])) && !watch.has(&BTreeSet::new()));
    }

    #[test]
    fn heights_and_prices_do_not_count_and_resources_do() {
        let bid = |height: &str, cpu: &str| json!({ "bid": { "created_at": height, "price": { "amount": height }, "cpu": cpu } });
        assert!(compare_chain(&bid("1", "100"), &bid("2", "100")).is_empty());
        assert!(!compare_chain(&bid("1", "100"), &bid("1", "200")).is_empty());
    }
}
