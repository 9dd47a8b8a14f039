//! The chain's CometBFT RPC, as a real node serves it: `GET` with parameters in the address, JSON-RPC by `POST`, one request or a
//! batch, and both with subscriptions over a WebSocket.
//!
//! Shapes and words are CometBFT 0.38's (<https://docs.cometbft.com/v0.38/rpc/>), checked against answers of a real node.

mod abci;
mod args;
mod block;
mod envelope;
mod event_query;
mod info;
mod methods;
mod search;
mod socket;
mod tx;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Query, State, WebSocketUpgrade};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{any, get};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;

use self::args::Args;
use self::envelope::{Failure, Request};
use super::Node;

/// What answers.
#[derive(Clone, Debug)]
struct Rpc {
    node: Arc<Node>,
    /// The chain's gRPC services, called without a socket.
    services: Routes,
    stop: CancellationToken,
}

/// Serves until `stop` is cancelled; what is being answered then is answered, subscriptions end.
pub(crate) async fn serve_until(
    node: Arc<Node>,
    services: Routes,
    listener: TcpListener,
    stop: CancellationToken,
) -> std::io::Result<()> {
    let router = Router::new()
        .route("/", get(index).post(posted))
        .route("/websocket", get(websocket))
        .route("/{method}", any(by_address))
        .with_state(Rpc { node, services, stop: stop.clone() });
    axum::serve(listener, router).with_graceful_shutdown(stop.cancelled_owned()).await
}

/// What can be asked for.
async fn index() -> String {
    let line = |(name, names): &(&str, &[&str])| {
        let parameters = names.iter().map(|name| format!("{name}=_")).collect::<Vec<_>>();
        let mark = if parameters.is_empty() { "" } else { "?" };
        format!("/{name}{mark}{}\n", parameters.join("&"))
    };
    methods::ALL.iter().map(line).collect()
}

async fn by_address(
    State(rpc): State<Rpc>,
    Path(method): Path<String>,
    Query(parameters): Query<BTreeMap<String, String>>,
) -> Response {
    if methods::names(&method).is_none() {
        return StatusCode::NOT_FOUND.into_response();
    }
    let answer = methods::call(&rpc, &method, &Args::Address(parameters)).await;
    let status = if answer.is_ok() { StatusCode::OK } else { StatusCode::INTERNAL_SERVER_ERROR };
    json(status, &envelope::response(&Value::from(-1), answer))
}

async fn posted(State(rpc): State<Rpc>, body: Bytes) -> Response {
    let parsed = match serde_json::from_slice::<Value>(&body) {
        Ok(parsed) => parsed,
        Err(error) => {
            let failure = Failure::unreadable(&error);
            let response = envelope::response(&Value::Null, Err(failure));
            return json(StatusCode::INTERNAL_SERVER_ERROR, &response);
        }
    };
    if let Value::Array(requests) = parsed {
        let mut responses = Vec::with_capacity(requests.len());
        for request in requests {
            responses.extend(rpc.respond(request).await);
        }
        return json(StatusCode::OK, &responses);
    }
    match rpc.respond(parsed).await {
        Some(response) => json(StatusCode::OK, &response),
        None => StatusCode::OK.into_response(),
    }
}

async fn websocket(State(rpc): State<Rpc>, upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(move |socket| socket::serve(rpc, socket))
}

impl Rpc {
    /// The response to one request; none to a notification.
    async fn respond(&self, request: Value) -> Option<Value> {
        let request = match Request::read(request) {
            Ok(request) => request?,
            Err(failure) => return Some(envelope::response(&Value::Null, Err(failure))),
        };
        let answer = async {
            let names = methods::names(&request.method).ok_or_else(Failure::no_method)?;
            methods::call(self, &request.method, &Args::listed(request.params, names)?).await
        };
        Some(envelope::response(&request.id, answer.await))
    }
}

fn json(status: StatusCode, value: &impl serde::Serialize) -> Response {
    let text = serde_json::to_string(value).unwrap_or_default();
    (status, [(header::CONTENT_TYPE, "application/json")], text).into_response()
}
