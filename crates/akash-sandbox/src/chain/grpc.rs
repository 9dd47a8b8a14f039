//! The chain's gRPC services, as a real node serves them.

mod auth;
mod bank;
mod base;
mod blocks;
mod deployment;
mod discovery;
mod escrow;
mod exchange;
mod grants;
pub(crate) mod inside;
mod market;
mod page;
mod registry;
mod tx;

pub(super) use tx::events;

use std::future::Future;
use std::sync::Arc;

use akash_proto::akash::{
    audit, bme, cert, deployment as deployment_proto, discovery as discovery_proto, escrow as escrow_proto,
    market as market_proto, oracle, provider,
};
use akash_proto::cosmos as own;
use akash_types::{Height, Rejection};
use cosmos_sdk_proto::cosmos;
use tokio::net::TcpListener;
use tonic::service::Routes;
use tonic::transport::server::TcpIncoming;
use tonic::{Code, Request, Response, Status};

use super::Node;
use crate::market::State;

/// The metadata that names the height of a query, and of its answer.
pub(super) const HEIGHT: &str = "x-cosmos-block-height";

/// Every service of the chain.
#[derive(Clone, Debug)]
struct Api {
    node: Arc<Node>,
}

/// Implements a generated service trait: what is served, and the list of what a client of ours never asks for.
macro_rules! serve {
    (impl $trait:path { $($served:tt)* } unserved { $($name:ident($request:path) -> $answer:path;)* }) => {
        #[tonic::async_trait]
        impl $trait for $crate::chain::grpc::Api {
            $($served)*
            $(async fn $name(&self, _: tonic::Request<$request>) -> Result<tonic::Response<$answer>, tonic::Status> {
                Err(tonic::Status::unimplemented(concat!("the sandbox does not serve ", stringify!($name))))
            })*
        }
    };
}
use serve;

impl Api {
    /// The state that a query is about: the newest, or that of the height in its metadata.
    fn state<T>(&self, request: &Request<T>) -> Result<State, Status> {
        let Some(text) = request.metadata().get(HEIGHT) else {
            return Ok(self.node.state());
        };
        let height = text.to_str().ok().and_then(|t| t.parse::<u64>().ok());
        let height = height.ok_or_else(|| Status::invalid_argument("invalid x-cosmos-block-height"))?;
        let newest = self.node.state();
        if height == 0 || height == newest.height.0 {
            return Ok(newest);
        }
        if height > newest.height.0 {
            return Err(Status::unknown(
                "codespace sdk code 26: invalid height: cannot query with height in the future; please provide a valid height",
            ));
        }
        self.node.state_at(Height(height)).ok_or_else(|| {
            let tip = newest.height;
            Status::unknown(format!(
                "codespace sdk code 26: invalid height: failed to load state at height {height}; version does not exist (latest \
                 height: {tip})"
            ))
        })
    }
}

/// An answer that names its height.
fn answer<T>(state: &State, message: T) -> Response<T> {
    let mut response = Response::new(message);
    response.metadata_mut().insert(HEIGHT, state.height.0.into());
    response
}

/// A module's refusal of a query, as a node words it.
fn refused(code: Code, rejection: impl Into<Rejection>) -> Status {
    let Rejection { codespace, code: number, log } = rejection.into();
    Status::new(code, format!("codespace {codespace} code {number}: {log}"))
}

/// The part of a request that must be there.
fn required<T>(part: Option<T>, name: &str) -> Result<T, Status> {
    part.ok_or_else(|| Status::invalid_argument(format!("empty request: {name}")))
}

/// Every service of the chain, to be served or asked in this process.
pub(crate) fn services(node: &Arc<Node>) -> Routes {
    let api = Api { node: Arc::clone(node) };
    Routes::new(own::tx::v1beta1::service_server::ServiceServer::new(api.clone()))
        .add_service(cosmos::auth::v1beta1::query_server::QueryServer::new(api.clone()))
        .add_service(cosmos::bank::v1beta1::query_server::QueryServer::new(api.clone()))
        .add_service(cosmos::base::node::v1beta1::service_server::ServiceServer::new(api.clone()))
        .add_service(cosmos::base::tendermint::v1beta1::service_server::ServiceServer::new(api.clone()))
        .add_service(deployment_proto::v1beta4::query_server::QueryServer::new(api.clone()))
        .add_service(market_proto::v1beta5::query_server::QueryServer::new(api.clone()))
        .add_service(escrow_proto::v1::query_server::QueryServer::new(api.clone()))
        .add_service(bme::v1::query_server::QueryServer::new(api.clone()))
        .add_service(oracle::v2::query_server::QueryServer::new(api.clone()))
        .add_service(cosmos::authz::v1beta1::query_server::QueryServer::new(api.clone()))
        .add_service(cosmos::feegrant::v1beta1::query_server::QueryServer::new(api.clone()))
        .add_service(cert::v1::query_server::QueryServer::new(api.clone()))
        .add_service(provider::v1beta4::query_server::QueryServer::new(api.clone()))
        .add_service(audit::v1::query_server::QueryServer::new(api.clone()))
        .add_service(discovery_proto::v1::discovery_server::DiscoveryServer::new(api))
        .prepare()
}

/// Serves until `stop` is done; what is being answered then is answered.
pub(crate) async fn serve_until(
    services: Routes,
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send,
) -> Result<(), tonic::transport::Error> {
    tonic::transport::Server::builder()
        .add_routes(services)
        // An answer is several small writes: together with the other side's delayed acknowledgement Nagle's algorithm would hold each
        // back for 40 ms.
        .serve_with_incoming_shutdown(TcpIncoming::from(listener).with_nodelay(Some(true)), stop)
        .await
}
