//! The client of the controls.

use std::net::SocketAddr;
use std::path::Path;

use axum::body::Body;
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::TcpStream;

use super::{Advance, SetTime, Status};
use crate::chain::Fault;
use crate::home::Info;

/// The longest answer that is read.
const ANSWER_LIMIT: usize = 64 * 1024;

/// Speaks to the controls of a running sandbox.
#[derive(Clone, Copy, Debug)]
pub struct Client {
    address: SocketAddr,
}

/// The controls did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// Nobody answers.
    #[error("no sandbox answers at {address}")]
    Unreachable {
        /// Where.
        address: SocketAddr,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The sandbox refuses.
    #[error("the sandbox refuses {path}: {reason}")]
    Refused {
        /// What was asked.
        path: String,
        /// Why.
        reason: String,
    },
    /// The answer is no sandbox's.
    #[error("the answer to {path} is not a sandbox's")]
    Foreign {
        /// What was asked.
        path: String,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

impl Client {
    /// The controls at an address.
    pub const fn new(address: SocketAddr) -> Self {
        Self { address }
    }

    /// The controls of the sandbox that runs from a folder; `None` when none does.
    pub fn of_home(home: &Path) -> Option<Self> {
        Info::read(home).map(|info| Self::new(info.control))
    }

    /// How the sandbox is doing.
    pub async fn status(&self) -> Result<Status, ControlError> {
        read("/status", &self.exchange("GET", "/status", Body::empty()).await?)
    }

    /// Makes blocks at once.
    pub async fn advance(&self, blocks: u64) -> Result<Status, ControlError> {
        read("/advance", &self.post("/advance", &Advance { blocks }).await?)
    }

    /// Sets the time of the next block, milliseconds since 1970; refused when it lies before the newest block.
    pub async fn set_time(&self, unix_ms: u64) -> Result<Status, ControlError> {
        read("/time", &self.post("/time", &SetTime { unix_ms }).await?)
    }

    /// Asks for a fault.
    pub async fn fault(&self, fault: Fault) -> Result<(), ControlError> {
        self.post("/fault", &fault).await.map(drop)
    }

    /// Asks the sandbox to stop. It has not stopped yet when this returns: its note in the folder goes last.
    pub async fn stop(&self) -> Result<(), ControlError> {
        self.exchange("POST", "/stop", Body::empty()).await.map(drop)
    }

    /// Kills provider 0 or 1 with its pods.
    pub async fn kill_provider(&self, index: usize) -> Result<(), ControlError> {
        self.exchange("POST", &format!("/providers/{index}/kill"), Body::empty()).await.map(drop)
    }

    /// Starts a killed provider again.
    pub async fn start_provider(&self, index: usize) -> Result<(), ControlError> {
        self.exchange("POST", &format!("/providers/{index}/start"), Body::empty()).await.map(drop)
    }

    async fn post(&self, path: &str, value: &impl Serialize) -> Result<Vec<u8>, ControlError> {
        let body = serde_json::to_vec(value)
            .map_err(|source| ControlError::Foreign { path: path.to_owned(), source })?;
        self.exchange("POST", path, Body::from(body)).await
    }

    async fn exchange(&self, method: &str, path: &str, body: Body) -> Result<Vec<u8>, ControlError> {
        let address = self.address;
        let unreachable = |source| ControlError::Unreachable { address, source };
        let (status, answer) = self.request(method, path, body).await.map_err(unreachable)?;
        if status.is_success() {
            return Ok(answer);
        }
        Err(ControlError::Refused {
            path: path.to_owned(),
            reason: String::from_utf8_lossy(&answer).into_owned(),
        })
    }

    async fn request(
        &self,
        method: &str,
        path: &str,
        body: Body,
    ) -> Result<(http::StatusCode, Vec<u8>), Box<dyn std::error::Error + Send + Sync>> {
        let stream = TcpStream::connect(self.address).await?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        let request = http::Request::builder()
            .method(method)
            .uri(path)
            .header("host", self.address.to_string())
            .header("content-type", "application/json")
            .body(body)?;
        let exchange = async {
            let response = sender.send_request(request).await?;
            let status = response.status();
            let answer = axum::body::to_bytes(Body::new(response.into_body()), ANSWER_LIMIT).await?;
            Ok((status, answer.to_vec()))
        };
        tokio::pin!(exchange);
        tokio::select! {
            biased;
            done = &mut exchange => done,
            // The connection may end first; what it has brought is still there.
            _ended = connection => exchange.await,
        }
    }
}

fn read<T: DeserializeOwned>(path: &str, answer: &[u8]) -> Result<T, ControlError> {
    serde_json::from_slice(answer).map_err(|source| ControlError::Foreign { path: path.to_owned(), source })
}
