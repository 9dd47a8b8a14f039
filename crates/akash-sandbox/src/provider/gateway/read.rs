//! The routes that only read.

use std::sync::Arc;

use akash_types::{GroupSpec, Resources};
use akash_wallet::Scope;
use axum::Extension;
use axum::extract::{Path, State};
use axum::response::Response;
use serde_json::{Map, Value, json};

use super::access::{Caller, Numbers};
use super::{Gateway, reply};
use crate::provider::offer::CAPACITY;

/// `GET /status`
pub(super) async fn status(State(gateway): State<Arc<Gateway>>) -> Response {
    let amounts = json!({
        "cpu": CAPACITY.cpu_millis, "gpu": CAPACITY.gpus, "memory": CAPACITY.memory, "storage_ephemeral": CAPACITY.storage,
    });
    let node = json!({ "name": "node1", "allocatable": amounts, "available": amounts });
    let storage = json!([{ "class": "default", "size": CAPACITY.storage }]);
    let mut inventory = leased(&gateway).await;
    inventory.insert("available".into(), json!({ "nodes": [node], "storage": storage }));
    let counts = gateway.book.counts();
    let mut status = json!({
        "cluster": { "leases": counts.leases, "inventory": inventory },
        "bidengine": { "orders": counts.orders },
        "manifest": { "deployments": counts.manifests },
        "cluster_public_hostname": gateway.cluster.public_host,
        "address": gateway.me.as_str(),
    });
    if let (Some(window), Some(fields)) = (gateway.cluster.reclamation_window, status.as_object_mut()) {
        fields
            .insert("reclamation_window".into(), u64::try_from(window.as_nanos()).unwrap_or(u64::MAX).into());
    }
    reply::json(&status)
}

/// What the leases take, those that were never seen to run apart from the others.
async fn leased(gateway: &Gateway) -> Map<String, Value> {
    let mut inventory = Map::new();
    for (lease, healthy) in gateway.book.held_and_healthy() {
        let Ok(Some(deployment)) = gateway.facts.deployment(lease.deployment()).await else { continue };
        let gseq = lease.order.group.gseq;
        let Some((_, spec)) = deployment.groups.into_iter().find(|(own, _)| *own == gseq) else { continue };
        let kind = if healthy { "active" } else { "pending" };
        if let Some(list) = inventory.entry(kind).or_insert_with(|| json!([])).as_array_mut() {
            list.push(amounts(&spec));
        }
    }
    inventory
}

fn amounts(spec: &GroupSpec) -> Value {
    let sum = |each: fn(&Resources) -> u64| {
        let all = spec.units.iter().map(|unit| each(&unit.resources).saturating_mul(unit.count.into()));
        all.fold(0, u64::saturating_add)
    };
    json!({
        "cpu": sum(|r| r.cpu.millis), "gpu": sum(|r| r.gpu.units), "memory": sum(|r| r.memory.bytes),
        "storage_ephemeral": sum(|r| r.storage.iter().map(|volume| volume.bytes).fold(0, u64::saturating_add)),
    })
}

/// `GET /version`
pub(super) async fn version(State(gateway): State<Arc<Gateway>>) -> Response {
    let kube = gateway.cluster.kubernetes.then(|| {
        json!({
            "major": "1", "minor": "34", "emulationMajor": "1", "emulationMinor": "34", "minCompatibilityMajor": "1",
            "minCompatibilityMinor": "33", "gitVersion": "v1.34.2-rayakash-sandbox", "gitCommit": "", "gitTreeState": "",
            "buildDate": "1970-01-01T00:00:00Z", "goVersion": "", "compiler": "", "platform": "linux/amd64",
        })
    });
    let akash = json!({
        "name": "rayakash-sandbox", "server_name": "rayakash-sandbox", "version": env!("CARGO_PKG_VERSION"), "commit": "",
        "build_tags": "", "go": "", "build_deps": [], "cosmos_sdk_version": "",
    });
    reply::json(&json!({ "akash": akash, "kube": kube }))
}

/// `GET /address`
pub(super) async fn address(State(gateway): State<Arc<Gateway>>) -> Response {
    reply::json(&json!({ "address": gateway.me.as_str() }))
}

/// `GET /lease/…/manifest`
pub(super) async fn manifest(
    State(gateway): State<Arc<Gateway>>,
    Extension(caller): Extension<Caller>,
    Path(numbers): Path<Numbers>,
) -> Response {
    let lease = match caller.lease(&gateway.me, &numbers, &[Scope::GetManifest]) {
        Ok(lease) => lease,
        Err(refusal) => return refusal,
    };
    match lease.and_then(|lease| gateway.book.manifest(&lease)) {
        Some(group) => reply::json(&[group]),
        None => reply::text(404, "lease not found"),
    }
}

/// `GET /lease/…/status`: between a manifest and its pods it says nothing in three ways, one for each step of the cluster.
pub(super) async fn lease_status(
    State(gateway): State<Arc<Gateway>>,
    Extension(caller): Extension<Caller>,
    Path(numbers): Path<Numbers>,
) -> Response {
    let lease = match caller.lease(&gateway.me, &numbers, &[Scope::Status]) {
        Ok(lease) => lease,
        Err(refusal) => return refusal,
    };
    let Some(id) = lease else { return reply::empty(404) };
    let Some(lease) = gateway.book.pods(&id) else {
        return match gateway.book.is_recorded(&id) {
            true => reply::text(404, "kube: lease not found"),
            false => reply::empty(404),
        };
    };
    match lease.status() {
        Some(status) => reply::json(&status),
        None if lease.is_empty() => reply::text(404, "kube: no deployments for lease"),
        None => reply::empty(404),
    }
}

/// `GET /lease/…/service/…/status`: needs the lease, but no scope.
pub(super) async fn service_status(
    State(gateway): State<Arc<Gateway>>,
    Extension(caller): Extension<Caller>,
    Path(numbers): Path<Numbers>,
) -> Response {
    let lease = match caller.lease(&gateway.me, &numbers, &Scope::ALL) {
        Ok(lease) => lease,
        Err(refusal) => return refusal,
    };
    if !gateway.cluster.kubernetes {
        return reply::json(&Value::Null);
    }
    let Some(lease) = lease.and_then(|lease| gateway.book.pods(&lease)) else {
        return reply::text(404, "kube: lease not found");
    };
    let Some(status) = lease.status() else { return reply::text(404, "kube: no manifest for lease") };
    let name = numbers.get("name").map(String::as_str).unwrap_or_default();
    if lease.has_ram_volume(name) == Some(true) {
        return reply::text(404, &format!("kube: internal error: statefulsets.apps \"{name}\" not found"));
    }
    match status.services.get(name) {
        Some(service) => reply::json(service),
        None => reply::text(404, "kube: no service for that lease"),
    }
}
