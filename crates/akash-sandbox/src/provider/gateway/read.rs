//! The routes that only read.

use std::sync::Arc;

use akash_wallet::Scope;
use axum::Extension;
use axum::extract::{Path, State};
use axum::response::Response;
use serde_json::json;

use super::access::{Caller, Numbers};
use super::{Gateway, reply};
use crate::provider::offer::CAPACITY;

/// `GET /status`
pub(super) async fn status(State(gateway): State<Arc<Gateway>>) -> Response {
    let amounts = json!({
        "cpu": CAPACITY.cpu_millis, "gpu": CAPACITY.gpus, "memory": CAPACITY.memory, "storage_ephemeral": CAPACITY.storage,
    });
    let node = json!({ "name": "node1", "allocatable": amounts, "available": amounts });
    let counts = gateway.book.counts();
    reply::json(&json!({
        "cluster": { "leases": counts.leases, "inventory": { "available": { "nodes": [node] } } },
        "bidengine": { "orders": counts.orders },
        "manifest": { "deployments": counts.manifests },
        "cluster_public_hostname": gateway.public_host,
        "address": gateway.me.as_str(),
    }))
}

/// `GET /version`
pub(super) async fn version() -> Response {
    let akash = json!({
        "name": "rayakash-sandbox", "server_name": "rayakash-sandbox", "version": env!("CARGO_PKG_VERSION"), "commit": "",
        "build_tags": "", "go": "", "build_deps": [], "cosmos_sdk_version": "",
    });
    reply::json(&json!({ "akash": akash, "kube": null }))
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

/// `GET /lease/…/status`
pub(super) async fn lease_status(
    State(gateway): State<Arc<Gateway>>,
    Extension(caller): Extension<Caller>,
    Path(numbers): Path<Numbers>,
) -> Response {
    let lease = match caller.lease(&gateway.me, &numbers, &[Scope::Status]) {
        Ok(lease) => lease,
        Err(refusal) => return refusal,
    };
    let status = lease.and_then(|lease| gateway.book.pods(&lease)).and_then(|lease| lease.status());
    status.map_or_else(|| reply::empty(404), |status| reply::json(&status))
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
    let Some(lease) = lease.and_then(|lease| gateway.book.pods(&lease)) else {
        return reply::text(404, "kube: lease not found");
    };
    let Some(status) = lease.status() else { return reply::text(404, "kube: no manifest for lease") };
    match numbers.get("name").and_then(|name| status.services.get(name)) {
        Some(service) => reply::json(service),
        None => reply::text(404, "kube: no service for that lease"),
    }
}
