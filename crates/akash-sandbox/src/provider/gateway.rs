//! The provider's gateway: TLS 1.3, HTTP/1.1, the routes, statuses and texts of the real one.
//!
//! Tenants are told apart by tokens. Client certificates (the older way) must be on chain, and the sandbox's chain has none: every one
//! is refused.

mod access;
mod go;
mod put;
mod query;
mod read;
mod reply;
mod shell;
mod stream;
mod tls;

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

use akash_types::Address;
use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, put as put_route};

use super::cluster::Cluster;
use super::facts::Facts;
use super::leases::Book;

pub(crate) use tls::{acceptor, listen, serve};

/// What the handlers use.
pub(crate) struct Gateway {
    pub(crate) me: Address,
    pub(crate) cluster: Cluster,
    pub(crate) facts: Arc<dyn Facts>,
    pub(crate) book: Arc<Book>,
    keys: Mutex<BTreeMap<Address, [u8; 33]>>,
    /// It was asked about an account that the chain does not know. From then on no account is looked up any more.
    stuck: AtomicBool,
}

impl Gateway {
    /// The gateway of provider `me`.
    pub(crate) fn new(me: Address, cluster: Cluster, facts: Arc<dyn Facts>, book: Arc<Book>) -> Arc<Self> {
        let (keys, stuck) = (Mutex::default(), AtomicBool::new(false));
        Arc::new(Self { me, cluster, facts, book, keys, stuck })
    }

    /// Its routes.
    pub(crate) fn router(self: &Arc<Self>) -> Router {
        Router::new()
            .route("/status", get(read::status))
            .route("/version", get(read::version))
            .route("/address", get(read::address))
            .route("/deployment/{dseq}/manifest", put_route(put::manifest))
            .route("/lease/{dseq}/{gseq}/{oseq}/manifest", get(read::manifest))
            .route("/lease/{dseq}/{gseq}/{oseq}/status", get(read::lease_status))
            .route("/lease/{dseq}/{gseq}/{oseq}/service/{name}/status", get(read::service_status))
            .route("/lease/{dseq}/{gseq}/{oseq}/kubeevents", get(stream::events))
            .route("/lease/{dseq}/{gseq}/{oseq}/logs", get(stream::logs))
            .route("/lease/{dseq}/{gseq}/{oseq}/shell", get(shell::shell))
            .route_layer(from_fn_with_state(Arc::clone(self), access::authenticate))
            .fallback(|| async { reply::text(404, "404 page not found") })
            .with_state(Arc::clone(self))
    }
}

#[cfg(test)]
mod tests;
