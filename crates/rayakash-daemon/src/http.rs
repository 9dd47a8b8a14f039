//! The API over HTTP: one handler for each route of [`rayakash_api::routes`].

mod clusters;
mod events;
mod failure;
mod grants;
mod jobs;
mod keys;
mod logs;
mod money;
mod reach;
mod recovery;
mod service;
mod tunnel;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

use crate::service::Service;

/// A cluster file is at most 256 KiB; the rest of a request is small.
const BODY_LIMIT: usize = 1 << 20;

/// Every route.
pub(crate) fn router(service: Arc<Service>) -> Router {
    Router::new()
        .route("/livez", get(service::livez))
        .route("/readyz", get(service::readyz))
        .route("/openapi.json", get(service::openapi))
        .route("/v1/version", get(service::version))
        .route("/v1/shutdown", post(service::shutdown))
        .route("/v1/clusters", get(clusters::list))
        .route("/v1/clusters/{name}", get(clusters::status).put(clusters::apply).delete(clusters::remove))
        .route("/v1/clusters/{name}/plan", post(clusters::plan))
        .route("/v1/clusters/{name}/token", get(clusters::token))
        .route("/v1/clusters/{name}/logs", get(logs::logs))
        .route("/v1/clusters/{name}/jobs", post(jobs::submit))
        .route("/v1/clusters/{name}/jobs/{id}", get(jobs::job))
        .route("/v1/clusters/{name}/jobs/{id}/logs", get(jobs::logs))
        .route("/v1/clusters/{name}/jobs/{id}/stop", post(jobs::stop))
        .route("/v1/clusters/{name}/tunnel/{port}", get(tunnel::tunnel))
        .route("/v1/events", get(events::events))
        .route("/v1/wallet", get(keys::wallet))
        .route("/v1/wallet/history", get(money::history))
        .route("/v1/budget", get(money::budget).put(money::set_budget))
        .route("/v1/cost", get(money::cost))
        .route("/v1/wallet/claim", get(recovery::claim).post(recovery::claim_now))
        .route("/v1/wallet/grant", post(grants::grant))
        .route("/v1/wallet/revoke", post(grants::revoke))
        .route("/v1/doctor", get(service::doctor))
        .route("/v1/adopt", post(recovery::adopt))
        .route("/v1/gc", get(recovery::garbage).post(recovery::collect))
        .route("/v1/keys", get(keys::list).post(keys::add))
        .route("/v1/keys/{name}", axum::routing::delete(keys::remove))
        .route("/v1/keys/{name}/unlock", post(keys::unlock))
        .route("/v1/keys/{name}/export", post(keys::export))
        .fallback(failure::no_route)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(axum::middleware::map_response(failure::told))
        .with_state(service)
}

#[cfg(test)]
mod tests;
