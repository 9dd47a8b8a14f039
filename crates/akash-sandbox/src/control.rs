//! The controls: a small HTTP server on the loopback interface, and its client.

mod client;

use std::future::Future;
use std::sync::{Arc, Weak};

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub use client::{Client, ControlError};

use crate::chain::{Fault, Node};
use crate::error::Error;
use crate::peer::OwnUser;
use crate::providers::Providers;

/// Blocks that one request may ask for: a second or two of work.
const MOST_BLOCKS: u64 = 100_000;

/// Blocks that are made without a pause.
const AT_ONCE: u64 = 100;

/// How a sandbox is doing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Its process.
    pub pid: u32,
    /// The chain's name.
    pub chain_id: String,
    /// The newest block.
    pub height: u64,
    /// That block's time, milliseconds since 1970.
    pub time_ms: u64,
    /// Milliseconds between blocks.
    pub block_time_ms: u64,
    /// Transactions that wait for a block.
    pub waiting: usize,
    /// True while a fault keeps blocks from being made.
    pub halted: bool,
}

/// Asks for blocks.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Advance {
    pub(crate) blocks: u64,
}

/// Sets the time of the next block.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetTime {
    pub(crate) unix_ms: u64,
}

/// What the controls control.
#[derive(Clone, Debug)]
pub(crate) struct Controls {
    pub(crate) node: Arc<Node>,
    /// Whoever is being answered, the sandbox ends them when it ends.
    pub(crate) providers: Weak<Providers>,
    /// Cancelled when somebody asks the sandbox to stop; whoever started it stops it then.
    pub(crate) stop: CancellationToken,
}

type Refused = (StatusCode, String);

/// Serves the controls until `until` is done.
pub(crate) async fn serve_until(
    controls: Controls,
    listener: TcpListener,
    until: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let router = Router::new()
        .route("/status", get(status))
        .route("/advance", post(advance))
        .route("/time", post(set_time))
        .route("/fault", post(fault))
        .route("/stop", post(request_stop))
        .route("/providers/{index}/kill", post(kill_provider))
        .route("/providers/{index}/start", post(start_provider))
        .with_state(controls);
    axum::serve(OwnUser(listener), router).with_graceful_shutdown(until).await
}

async fn status(State(controls): State<Controls>) -> Json<Status> {
    Json(Status::of(&controls.node))
}

async fn advance(
    State(controls): State<Controls>,
    Json(asked): Json<Advance>,
) -> Result<Json<Status>, Refused> {
    if asked.blocks > MOST_BLOCKS {
        return Err((StatusCode::UNPROCESSABLE_ENTITY, format!("at most {MOST_BLOCKS} blocks at once")));
    }
    let mut left = asked.blocks;
    while left > 0 {
        let some = left.min(AT_ONCE);
        controls.node.advance(some).map_err(|e| failed(&e))?;
        left -= some;
        // Others want to be answered meanwhile.
        tokio::task::yield_now().await;
    }
    Ok(Json(Status::of(&controls.node)))
}

async fn set_time(
    State(controls): State<Controls>,
    Json(asked): Json<SetTime>,
) -> Result<Json<Status>, Refused> {
    if !controls.node.set_time(asked.unix_ms) {
        return Err((StatusCode::CONFLICT, "the chain's time never runs backwards".to_owned()));
    }
    Ok(Json(Status::of(&controls.node)))
}

async fn fault(State(controls): State<Controls>, Json(fault): Json<Fault>) -> StatusCode {
    controls.node.fault(fault);
    StatusCode::NO_CONTENT
}

async fn kill_provider(
    State(controls): State<Controls>,
    Path(index): Path<usize>,
) -> Result<StatusCode, Refused> {
    let providers = controls.providers.upgrade().ok_or_else(no_provider)?;
    if providers.kill(index).await { Ok(StatusCode::NO_CONTENT) } else { Err(no_provider()) }
}

async fn start_provider(
    State(controls): State<Controls>,
    Path(index): Path<usize>,
) -> Result<StatusCode, Refused> {
    let providers = controls.providers.upgrade().ok_or_else(no_provider)?;
    let started = providers.restart(index).await.map_err(|e| failed(&e))?;
    if started { Ok(StatusCode::NO_CONTENT) } else { Err(no_provider()) }
}

fn no_provider() -> Refused {
    (StatusCode::NOT_FOUND, "no such provider runs".to_owned())
}

async fn request_stop(State(controls): State<Controls>) -> StatusCode {
    controls.stop.cancel();
    StatusCode::ACCEPTED
}

fn failed(error: &Error) -> Refused {
    (StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
}

impl Status {
    /// How a chain in this process is doing.
    pub fn of(node: &Node) -> Self {
        let state = node.state();
        Self {
            pid: std::process::id(),
            height: state.height.0,
            time_ms: state.time_ms,
            block_time_ms: u64::try_from(node.block_time().as_millis()).unwrap_or(u64::MAX),
            waiting: node.waiting(),
            halted: node.halted(),
            chain_id: state.chain_id,
        }
    }
}
