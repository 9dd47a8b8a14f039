//! The daemon about itself.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use rayakash_api::v1;

use super::failure::Answer;
use crate::service::Service;

pub(crate) async fn livez() -> Json<v1::Health> {
    let check = v1::Check { name: "loop".to_owned(), ok: true, detail: "it answers".to_owned() };
    Json(v1::Health { ok: true, checks: vec![check] })
}

/// Whether the daemon can do its work: it has a chain, a ledger and a key.
pub(crate) async fn readyz(State(service): State<Arc<Service>>) -> (StatusCode, Json<v1::Health>) {
    let check = |name: &str, result: Result<String, String>| v1::Check {
        name: name.to_owned(),
        ok: result.is_ok(),
        detail: result.unwrap_or_else(|problem| problem),
    };
    let chain = &service.world().chain;
    let tip = chain.tip().await.map(|tip| format!("{} is at block {}", chain.endpoint(), tip.height));
    let node = match chain.verdict().await {
        Ok(verdict) => match verdict.compatibility.closes_only() {
            None => Ok(format!("version {} is known", verdict.about.node_version)),
            Some(why) => Err(format!("{why}: what runs goes on, only closes are signed (unknown-version)")),
        },
        Err(error) => Err(chain.unavailable(&error).to_string()),
    };
    let ledger = service.ledger().clusters().await.map(|rows| format!("{} clusters on record", rows.len()));
    let key = match chain.key() {
        Some(key) => Ok(format!("{} is unlocked", key.address())),
        None => Err("locked: `rayakash keys unlock`".to_owned()),
    };
    let checks = vec![
        check("chain", tip.map_err(|error| chain.unavailable(&error).to_string())),
        check("node", node),
        check("ledger", ledger.map_err(|error| error.to_string())),
        check("key", key),
    ];
    let ok = checks.iter().all(|check| check.ok);
    let status = if ok { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(v1::Health { ok, checks }))
}

pub(crate) async fn doctor(State(service): State<Arc<Service>>) -> Json<v1::Doctor> {
    Json(crate::doctor::examine(&service).await)
}

pub(crate) async fn openapi() -> Answer<Json<serde_json::Value>> {
    let document = rayakash_api::openapi::document();
    Ok(Json(serde_json::to_value(document).unwrap_or_default()))
}

pub(crate) async fn version(State(service): State<Arc<Service>>) -> Json<v1::Version> {
    let context = &service.context;
    let chain = service.world().chain.newest_height().map(|height| v1::Chain {
        chain_id: context.network.chain_id().to_owned(),
        endpoint: service.world().chain.endpoint(),
        height: height.0,
    });
    Json(v1::Version {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        api: "v1".to_owned(),
        pid: std::process::id(),
        since: i64::try_from(service.started_ms / 1_000).unwrap_or(0),
        network: v1::Network {
            context: context.name.clone(),
            network: context.network.name().to_owned(),
            real_money: context.network.real_money(),
            chain,
        },
        state_dir: service.state_dir.clone(),
    })
}

pub(crate) async fn shutdown(State(service): State<Arc<Service>>) -> StatusCode {
    tracing::info!("asked to stop");
    service.stop.cancel();
    StatusCode::ACCEPTED
}
