//! What stood around the exchanges of a recording that is neither asked nor done: the cluster behind the gateway, the images that it had,
//! what the deployments were for.

use std::time::Duration;

use akash_sandbox::provider::Cluster;
use serde_json::{Value, json};

use crate::exchange::Exchange;
use crate::market::{group_named, groups_of};
use crate::observed::Observed;
use crate::recording::Exchanges;
use crate::story::{Act, Moment};

/// What stood behind the recorded gateway, as its public answers tell.
pub(crate) fn cluster(exchanges: &[Exchange]) -> Cluster {
    let json = |path: &str| {
        let asked = exchanges.iter().find(|e| e.path == path && e.status() == 200)?;
        serde_json::from_slice::<Value>(&asked.heard.answer.as_ref()?.body).ok()
    };
    let (status, version) = (json("/status").unwrap_or_default(), json("/version"));
    let host = status.get("cluster_public_hostname").and_then(Value::as_str).unwrap_or("localhost");
    let window = status.get("reclamation_window").and_then(Value::as_u64).map(Duration::from_nanos);
    Cluster {
        kubernetes: version.is_none_or(|version| version.get("kube").is_some_and(|kube| !kube.is_null())),
        public_host: host.to_owned(),
        reclamation_window: window,
        main_is_first: true,
    }
}

/// The images of all manifests, without those that had to be pulled: the recorded provider reached no registry.
pub(crate) fn images(exchanges: &[Exchange]) -> Vec<String> {
    fn find(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(fields) => {
                found.extend(fields.get("image").and_then(Value::as_str).map(str::to_owned));
                fields.values().for_each(|field| find(field, found));
            }
            Value::Array(items) => items.iter().for_each(|item| find(item, found)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let mut named = Vec::new();
    for exchange in exchanges.iter().filter(|e| e.method == "PUT") {
        find(&serde_json::from_slice(&exchange.body).unwrap_or_default(), &mut named);
    }
    let pulled = |image: &str| {
        let note = format!("Pulling image \\\"{image}\\\"");
        let frames = exchanges.iter().flat_map(|e| &e.heard.frames);
        frames.filter(|f| f.kind == 1).any(|f| String::from_utf8_lossy(&f.payload).contains(&note))
    };
    named.retain(|image| !pulled(image));
    named
}

/// Deployments that only a bid tells of. Where a manifest of the recording fits what the bid is for, it is sent.
pub(crate) fn left_over(recording: &Exchanges, moments: &[Moment]) -> Vec<Act> {
    let mut acts = Vec::new();
    for (_, observed) in &recording.observed {
        let Some(dseq) = observed.dseq() else { continue };
        if moments.iter().any(|(_, act)| act.dseq() == Some(dseq)) || !matches!(observed, Observed::Bid(_)) {
            continue;
        }
        let manifest = fitting(recording, observed);
        acts.push(Act::Create { dseq, manifest: manifest.clone() });
        acts.push(Act::Lease { dseq, oseq: 1 });
        acts.extend(manifest.map(|manifest| Act::Send { dseq, manifest }));
    }
    acts
}

/// A manifest that was taken and whose groups need what a bid offers.
fn fitting(recording: &Exchanges, bid: &Observed) -> Option<Vec<u8>> {
    let wanted = units(bid)?;
    let taken = recording.exchanges.iter().filter(|e| e.method == "PUT" && e.status() == 200);
    taken
        .map(|e| &e.body)
        .find(|body| {
            let name = |groups: &Value| {
                groups.pointer("/0/name").and_then(Value::as_str).unwrap_or_default().to_owned()
            };
            groups_of(body)
                .is_ok_and(|groups| groups.get(0) == Some(&group_named(&name(&groups), wanted.clone())))
        })
        .cloned()
}

/// The groups of a deployment: as the chain told them, or what the bid is for under the name in the manifest, or the manifest's.
pub(crate) fn groups(recording: &Exchanges, dseq: u64) -> Value {
    let about = |o: &&(String, Observed)| o.1.dseq() == Some(dseq);
    let observed: Vec<&Observed> = recording.observed.iter().filter(about).map(|(_, o)| o).collect();
    let of_chain = observed.iter().find_map(|o| match o {
        Observed::Deployment(d) => d.pointer("/groups").and_then(Value::as_array),
        Observed::Bid(_) | Observed::Steps(..) => None,
    });
    if let Some(groups) = of_chain {
        return groups.iter().filter_map(|group| group.get("group_spec").cloned()).collect();
    }
    let of_dseq = |e: &&Exchange| e.method == "PUT" && e.names().is_some_and(|(own, _, _)| own == dseq);
    let taken = |e: &&Exchange| e.status() == 200;
    let sent = recording.exchanges.iter().filter(of_dseq).find(taken);
    let of_manifest = sent.and_then(|e| groups_of(&e.body).ok());
    let name = of_manifest.as_ref().and_then(|groups| groups.pointer("/0/name")?.as_str());
    match observed.iter().find_map(|o| units(o)) {
        Some(units) => Value::Array(vec![group_named(name.unwrap_or("here"), units)]),
        None => of_manifest.unwrap_or_else(|| Value::Array(vec![group_named("here", smallest())])),
    }
}

/// What a bid offers.
fn units(observed: &Observed) -> Option<Vec<Value>> {
    match observed {
        Observed::Bid(bid) => bid.pointer("/bid/resources_offer")?.as_array().cloned(),
        Observed::Deployment(_) | Observed::Steps(..) => None,
    }
}

/// A unit for a deployment of which nothing is told.
fn smallest() -> Vec<Value> {
    let amount = |n: u64| json!({ "val": n.to_string() });
    vec![json!({ "count": 1, "resources": {
        "id": 1, "cpu": { "units": amount(100), "attributes": [] }, "memory": { "quantity": amount(64 << 20), "attributes": [] },
        "storage": [{ "name": "default", "quantity": amount(64 << 20), "attributes": [] }],
        "gpu": { "units": amount(0), "attributes": [] }, "endpoints": [{ "kind": "SHARED_HTTP", "sequence_number": 0 }],
    } })]
}
