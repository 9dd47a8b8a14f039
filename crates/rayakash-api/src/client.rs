//! Asks a daemon over its unix socket.
//!
//! A request has a connection of its own, which is driven by whoever waits for the answer: nothing is spawned, and dropping the
//! future or the stream closes the connection.

mod exchange;
mod lines;

use crate::error::{Code, Problem};
use crate::routes::TUNNEL_PROTOCOL;
use crate::v1;
use exchange::Exchange;
use futures_util::Stream;
use http::Method;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io;
use std::path::PathBuf;

/// A failure to get an answer, or an answer that is a failure.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nobody listens on the socket.
    #[error("no daemon answers on {}", socket.display())]
    NoDaemon {
        /// The socket.
        socket: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The connection broke.
    #[error("the daemon broke off at {request}")]
    Broken {
        /// Method and path.
        request: String,
        /// What HTTP said.
        source: hyper::Error,
    },
    /// The answer is not what this version of the interface says.
    #[error("the daemon's answer to {request} cannot be read")]
    Unreadable {
        /// Method and path.
        request: String,
        /// What JSON said.
        source: serde_json::Error,
    },
    /// The request cannot be written.
    #[error("{request} is no request")]
    Request {
        /// Method and path.
        request: String,
        /// What HTTP said.
        source: http::Error,
    },
    /// The daemon says no.
    #[error(transparent)]
    Refused(Box<Problem>),
}

/// What the caller can do about an [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recovery {
    /// Start a daemon, or wait until it is back; then ask again.
    Retry,
    /// Ask again only when something else has changed.
    GiveUp,
}

impl Error {
    /// What the caller can do about it.
    pub fn recovery(&self) -> Recovery {
        match self {
            Self::NoDaemon { .. } | Self::Broken { .. } => Recovery::Retry,
            Self::Unreadable { .. } | Self::Request { .. } | Self::Refused(_) => Recovery::GiveUp,
        }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let code = match &error {
            Error::NoDaemon { .. } | Error::Broken { .. } => Code::NoDaemon,
            Error::Unreadable { .. } | Error::Request { .. } => Code::Internal,
            Error::Refused(problem) => return (**problem).clone(),
        };
        Self::from_error(code, &error)
    }
}

/// Raw bytes to and from a port of a cluster's head.
pub type Tunnel = TokioIo<Upgraded>;

/// Which events.
#[derive(Clone, Copy, Debug)]
pub struct Events<'a> {
    /// Only of this cluster.
    pub cluster: Option<&'a str>,
    /// Those behind this number; none: those from now on.
    pub after: Option<u64>,
    /// Go on as they happen.
    pub follow: bool,
}

/// A client of a daemon. Cheap to clone; connects anew for every request.
#[derive(Clone, Debug)]
pub struct Client {
    socket: PathBuf,
}

impl Client {
    /// A client of the daemon that listens on a socket.
    pub fn new(socket: impl Into<PathBuf>) -> Self {
        Self { socket: socket.into() }
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Error> {
        Exchange::start(&self.socket, Method::GET, path, None).await?.json().await
    }

    async fn send<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, Error> {
        let unreadable = |source| Error::Unreadable { request: format!("{method} {path}"), source };
        let body = serde_json::to_vec(body).map_err(unreadable)?;
        Exchange::start(&self.socket, method, path, Some(body)).await?.json().await
    }

    /// The daemon about itself.
    pub async fn version(&self) -> Result<v1::Version, Error> {
        self.get("/v1/version").await
    }

    /// Whether the daemon can do its work.
    pub async fn ready(&self) -> Result<v1::Health, Error> {
        let exchange = Exchange::start(&self.socket, Method::GET, "/readyz", None).await?;
        exchange.json_whatever_status().await
    }

    /// Stops the daemon.
    pub async fn shutdown(&self) -> Result<(), Error> {
        Exchange::start(&self.socket, Method::POST, "/v1/shutdown", None).await?.done().await
    }

    /// All clusters.
    pub async fn clusters(&self) -> Result<v1::ClusterList, Error> {
        self.get("/v1/clusters").await
    }

    /// One cluster.
    pub async fn cluster(&self, name: &str) -> Result<v1::ClusterStatus, Error> {
        self.get(&cluster_path(name, "")).await
    }

    /// Wishes for a cluster.
    pub async fn apply(&self, name: &str, wish: &v1::Apply) -> Result<v1::ClusterStatus, Error> {
        self.send(Method::PUT, &cluster_path(name, ""), wish).await
    }

    /// Takes a cluster down.
    pub async fn down(&self, name: &str) -> Result<v1::ClusterStatus, Error> {
        Exchange::start(&self.socket, Method::DELETE, &cluster_path(name, ""), None).await?.json().await
    }

    /// What a wish would do.
    pub async fn plan(&self, name: &str, request: &v1::PlanRequest) -> Result<v1::Plan, Error> {
        self.send(Method::POST, &cluster_path(name, "/plan"), request).await
    }

    /// What happens; resumes by itself when the connection breaks. Ends, with an error, when the daemon stays away.
    pub fn events(&self, wanted: &Events<'_>) -> impl Stream<Item = Result<v1::Event, Error>> + use<> {
        lines::events(self.socket.clone(), wanted.cluster.map(escape), wanted.after, wanted.follow)
    }

    /// What containers print.
    pub fn logs(
        &self,
        cluster: &str,
        node: Option<&str>,
        follow: bool,
    ) -> impl Stream<Item = Result<v1::LogLine, Error>> + use<> {
        let node = node.map(|node| format!("&node={}", escape(node))).unwrap_or_default();
        lines::json(self.socket.clone(), cluster_path(cluster, &format!("/logs?follow={follow}{node}")))
    }

    /// Submits a job.
    pub async fn submit(&self, cluster: &str, job: &v1::Submit) -> Result<v1::JobId, Error> {
        self.send(Method::POST, &cluster_path(cluster, "/jobs"), job).await
    }

    /// One job.
    pub async fn job(&self, cluster: &str, id: &str) -> Result<v1::Job, Error> {
        self.get(&cluster_path(cluster, &format!("/jobs/{}", escape(id)))).await
    }

    /// What a job prints, until it ends.
    pub fn job_logs(&self, cluster: &str, id: &str) -> impl Stream<Item = Result<v1::JobLog, Error>> + use<> {
        lines::json(
            self.socket.clone(),
            cluster_path(cluster, &format!("/jobs/{}/logs?follow=true", escape(id))),
        )
    }

    /// Stops a job.
    pub async fn stop_job(&self, cluster: &str, id: &str) -> Result<v1::Job, Error> {
        self.send(Method::POST, &cluster_path(cluster, &format!("/jobs/{}/stop", escape(id))), &()).await
    }

    /// Ray's token of a cluster.
    pub async fn token(&self, cluster: &str) -> Result<v1::Token, Error> {
        self.get(&cluster_path(cluster, "/token")).await
    }

    /// A connection to a port of the cluster's head.
    pub async fn tunnel(&self, cluster: &str, port: u16) -> Result<Tunnel, Error> {
        let path = cluster_path(cluster, &format!("/tunnel/{port}"));
        Exchange::upgrade(&self.socket, &path, TUNNEL_PROTOCOL).await.map(TokioIo::new)
    }

    /// What the context's key owns.
    pub async fn wallet(&self) -> Result<v1::Wallet, Error> {
        self.get("/v1/wallet").await
    }

    /// Everything that moved the wallet.
    pub async fn wallet_history(&self) -> Result<v1::History, Error> {
        self.get("/v1/wallet/history").await
    }

    /// What the wallet may spend, and what of it is spent.
    pub async fn budget(&self) -> Result<v1::Budget, Error> {
        self.get("/v1/budget").await
    }

    /// Changes what the wallet may spend.
    pub async fn set_budget(&self, change: &v1::SetBudget) -> Result<v1::Budget, Error> {
        self.send(Method::PUT, "/v1/budget", change).await
    }

    /// What clusters cost: of one or of all, by `cluster`, `node`, `day` or `tx`.
    pub async fn cost(&self, cluster: Option<&str>, by: &str) -> Result<v1::Cost, Error> {
        let of = cluster.map(|name| format!("&cluster={}", escape(name))).unwrap_or_default();
        self.get(&format!("/v1/cost?by={}{of}", escape(by))).await
    }

    /// Why nothing is spent with the key.
    pub async fn claim(&self) -> Result<v1::Claim, Error> {
        self.get("/v1/wallet/claim").await
    }

    /// Takes all that the key did for explained.
    pub async fn claim_now(&self, request: &v1::ClaimRequest) -> Result<v1::Claim, Error> {
        self.send(Method::POST, "/v1/wallet/claim", request).await
    }

    /// Lets a hot key pay with the coins of a key.
    pub async fn grant(&self, request: &v1::GrantRequest) -> Result<v1::Funding, Error> {
        self.send(Method::POST, "/v1/wallet/grant", request).await
    }

    /// Takes that back.
    pub async fn revoke(&self, request: &v1::RevokeRequest) -> Result<v1::Funding, Error> {
        self.send(Method::POST, "/v1/wallet/revoke", request).await
    }

    /// What is wrong, and what to type about it.
    pub async fn doctor(&self) -> Result<v1::Doctor, Error> {
        self.get("/v1/doctor").await
    }

    /// Enters what is on chain and not in the ledger.
    pub async fn adopt(&self, request: &v1::AdoptRequest) -> Result<v1::DeploymentList, Error> {
        self.send(Method::POST, "/v1/adopt", request).await
    }

    /// What is paid for and wanted by nobody.
    pub async fn garbage(&self) -> Result<v1::DeploymentList, Error> {
        self.get("/v1/gc").await
    }

    /// Closes what is paid for and wanted by nobody.
    pub async fn collect(&self, request: &v1::GcRequest) -> Result<v1::DeploymentList, Error> {
        self.send(Method::POST, "/v1/gc", request).await
    }

    /// All keys.
    pub async fn keys(&self) -> Result<v1::KeyList, Error> {
        self.get("/v1/keys").await
    }

    /// Makes a key, or imports one.
    pub async fn new_key(&self, key: &v1::NewKey) -> Result<v1::MadeKey, Error> {
        self.send(Method::POST, "/v1/keys", key).await
    }

    /// Gives a key's passphrase to the daemon.
    pub async fn unlock(&self, name: &str, unlock: &v1::Unlock) -> Result<v1::Key, Error> {
        self.send(Method::POST, &format!("/v1/keys/{}/unlock", escape(name)), unlock).await
    }

    /// The words of a key.
    pub async fn export_key(&self, name: &str, export: &v1::Export) -> Result<v1::Mnemonic, Error> {
        self.send(Method::POST, &format!("/v1/keys/{}/export", escape(name)), export).await
    }

    /// Removes a key.
    pub async fn remove_key(&self, name: &str) -> Result<(), Error> {
        let path = format!("/v1/keys/{}", escape(name));
        Exchange::start(&self.socket, Method::DELETE, &path, None).await?.done().await
    }
}

fn cluster_path(name: &str, rest: &str) -> String {
    format!("/v1/clusters/{}{rest}", escape(name))
}

/// A text as one part of a path or a query: what a user typed must not become another request.
fn escape(text: &str) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(byte);
    let escaped: String = text
        .bytes()
        .map(|byte| if plain(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect();
    // Alone, dots would be a step in the path.
    if escaped.chars().all(|c| c == '.') { escaped.replace('.', "%2E") } else { escaped }
}

#[cfg(test)]
mod tests;
