//! Asks nodes over gRPC.

mod about;
mod account;
mod agree;
mod channel;
mod deployment;
mod grants;
mod market;
mod node;
mod page;
mod registry;
mod tx;
mod used;

pub use account::Account;
pub use channel::Nearby;
pub use deployment::{DeploymentParams, DeploymentRecord};
pub use grants::{FeeAllowance, Grant, Granted};
pub use market::{LeaseRecord, MarketFilter};
pub use node::{Block, BlockTx, NodeConfig, Tip};
pub use tx::{Answer, Broadcast, Simulation, TxResult};
pub use used::Used;

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use akash_types::{Height, Malformed};
use cosmos_sdk_proto::cosmos::base::tendermint::v1beta1::GetLatestBlockRequest;
use cosmos_sdk_proto::cosmos::base::tendermint::v1beta1::service_client::ServiceClient as NodeClient;
use tokio::sync::OnceCell;
use tonic::transport::{ClientTlsConfig, Endpoint as Transport};
use tonic::{Code, Request, Response, Status};

use crate::ChainError;
use crate::error::is_transport;
use channel::Channel;

/// Blocks and lists can be larger than tonic's 4 MiB.
pub(crate) const MESSAGE_LIMIT: usize = 16 * 1024 * 1024;
/// How long one node may take for one answer.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The header by which a height is asked for.
const HEIGHT: &str = "x-cosmos-block-height";

/// At which height to look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum At {
    /// The newest that the node has.
    #[default]
    Latest,
    /// This one; a node that does not have it (any more) refuses.
    Height(Height),
}

/// A client of one chain through one or more nodes. Clones share their connections.
///
/// A question goes to the node that answered last; when it does not answer within ten seconds, to the next. A node is asked for its
/// chain's id before it is believed for the first time, and skipped when that is not the id of the others.
#[derive(Clone)]
pub struct Client {
    endpoints: Arc<[Endpoint]>,
    preferred: Arc<AtomicUsize>,
    chain_id: Arc<OnceCell<String>>,
}

#[derive(Clone)]
struct Endpoint {
    name: String,
    channel: Channel,
    chain_id: Arc<OnceCell<String>>,
}

impl Client {
    /// A client of these endpoints (`http://host:port` or `https://…`). Connects when it is first asked something.
    /// Must be called inside a Tokio runtime.
    pub fn connect(endpoints: &[String]) -> Result<Self, ChainError> {
        let endpoints = endpoints
            .iter()
            .map(|name| {
                let bad = |e: tonic::transport::Error| ChainError::BadEndpoint {
                    endpoint: name.clone(),
                    source: Box::new(e),
                };
                let mut transport = Transport::from_shared(name.clone())
                    .map_err(bad)?
                    .connect_timeout(Duration::from_secs(5))
                    .tcp_nodelay(true)
                    .http2_keep_alive_interval(Duration::from_secs(20));
                if name.starts_with("https:") {
                    transport =
                        transport.tls_config(ClientTlsConfig::new().with_native_roots()).map_err(bad)?;
                }
                Ok(Endpoint::new(name.clone(), Channel::Far(transport.connect_lazy())))
            })
            .collect::<Result<Vec<_>, ChainError>>()?;
        if endpoints.is_empty() {
            return Err(ChainError::NoEndpoint);
        }
        Ok(Self::of(endpoints))
    }

    /// A client of nodes that are reached without a socket, each with a name to call it by.
    pub fn nearby(nodes: impl IntoIterator<Item = (String, Arc<dyn Nearby>)>) -> Result<Self, ChainError> {
        let endpoints: Vec<_> =
            nodes.into_iter().map(|(name, node)| Endpoint::new(name, Channel::Near(node))).collect();
        if endpoints.is_empty() {
            return Err(ChainError::NoEndpoint);
        }
        Ok(Self::of(endpoints))
    }

    fn of(endpoints: Vec<Endpoint>) -> Self {
        Self {
            endpoints: endpoints.into(),
            preferred: Arc::new(AtomicUsize::new(0)),
            chain_id: Arc::new(OnceCell::new()),
        }
    }

    /// The endpoint that is asked first.
    pub(crate) fn preferred(&self) -> usize {
        self.preferred.load(Ordering::Relaxed) % self.endpoints.len().max(1)
    }

    /// From now on another endpoint is asked first: this one answers, and cannot be right.
    pub(crate) fn turn(&self) {
        self.preferred.fetch_add(1, Ordering::Relaxed);
    }

    /// True when there is nobody else to ask.
    pub(crate) fn is_single(&self) -> bool {
        self.endpoints.len() == 1
    }

    /// One client for each endpoint but the one that was preferred before and the one that is now: whatever was learnt in
    /// between, they had no part in it.
    pub(crate) fn others(&self, before: usize) -> Vec<Self> {
        let now = self.preferred();
        let others = self.endpoints.iter().enumerate().filter(|(index, _)| *index != before && *index != now);
        others
            .map(|(_, endpoint)| Self {
                chain_id: Arc::clone(&self.chain_id),
                ..Self::of(vec![endpoint.clone()])
            })
            .collect()
    }

    /// The answer of the first node that answers. It is asked first from then on.
    pub(crate) async fn ask<Q, R, F>(
        &self,
        what: &'static str,
        at: At,
        query: Q,
        call: impl Fn(Channel, Request<Q>) -> F,
    ) -> Result<R, ChainError>
    where
        Q: Clone,
        F: Future<Output = Result<Response<R>, Status>>,
    {
        let question = |channel| call(channel, request(at, query.clone()));
        let (index, answer) = self.first(what, question, |status| !is_transport(status)).await?;
        self.preferred.store(index, Ordering::Relaxed);
        Ok(answer)
    }

    /// The answer of the first node that has one, for what not every node keeps: a refusal by one leads to the next. Who is asked
    /// first stays as it is.
    pub(crate) async fn ask_around<Q, R, F>(
        &self,
        what: &'static str,
        query: Q,
        call: impl Fn(Channel, Request<Q>) -> F,
    ) -> Result<R, ChainError>
    where
        Q: Clone,
        F: Future<Output = Result<Response<R>, Status>>,
    {
        let question = |channel| call(channel, request(At::Latest, query.clone()));
        self.first(what, question, |_| false).await.map(|(_, answer)| answer)
    }

    /// Asks one endpoint after the other until one answers, or refuses in a way that `settles` it. Says which one answered. When
    /// none did, the error is the one that says the most.
    async fn first<R, F>(
        &self,
        what: &'static str,
        question: impl Fn(Channel) -> F,
        settles: impl Fn(&Status) -> bool,
    ) -> Result<(usize, R), ChainError>
    where
        F: Future<Output = Result<Response<R>, Status>>,
    {
        let first = self.preferred();
        let mut telling = ChainError::NoEndpoint;
        for n in 0..self.endpoints.len() {
            let index = (first + n) % self.endpoints.len();
            let Some(endpoint) = self.endpoints.get(index) else { continue };
            let error = match self.identify(endpoint, what).await {
                Err(error) => {
                    tracing::debug!(endpoint = endpoint.name, error = %error, "endpoint skipped");
                    error
                }
                Ok(()) => match in_time(question(endpoint.channel.clone())).await {
                    Ok(answer) => return Ok((index, answer.into_inner())),
                    Err(status) if settles(&status) => return Err(endpoint.error(what, status)),
                    Err(status) => endpoint.error(what, status),
                },
            };
            if error.says() >= telling.says() {
                telling = error;
            }
        }
        Err(telling)
    }

    /// Makes sure that an endpoint is a node of the chain that the first one was of. Costs one question, once.
    async fn identify(&self, endpoint: &Endpoint, what: &'static str) -> Result<(), ChainError> {
        let found = endpoint
            .chain_id
            .get_or_try_init(|| async {
                let mut node =
                    NodeClient::new(endpoint.channel.clone()).max_decoding_message_size(MESSAGE_LIMIT);
                let latest = in_time(node.get_latest_block(GetLatestBlockRequest {}))
                    .await
                    .map_err(|status| endpoint.error(what, status))?
                    .into_inner();
                node::chain_id(latest.block, latest.sdk_block)
                    .map_err(|source| ChainError::Malformed { what, source })
            })
            .await?;
        let expected = self.chain_id.get_or_init(|| async { found.clone() }).await;
        if expected == found {
            return Ok(());
        }
        Err(ChainError::WrongChain {
            endpoint: endpoint.name.clone(),
            expected: expected.clone(),
            found: found.clone(),
        })
    }
}

impl Endpoint {
    fn new(name: String, channel: Channel) -> Self {
        Self { name, channel, chain_id: Arc::default() }
    }

    fn error(&self, what: &'static str, status: Status) -> ChainError {
        let (endpoint, source) = (self.name.clone(), Box::new(status));
        if is_transport(&source) {
            ChainError::Unreachable { what, endpoint, source }
        } else {
            ChainError::Refused { what, endpoint, source }
        }
    }
}

fn request<Q>(at: At, query: Q) -> Request<Q> {
    let mut request = Request::new(query);
    if let At::Height(height) = at {
        request.metadata_mut().insert(HEIGHT, height.0.into());
    }
    request
}

async fn in_time<R>(answer: impl Future<Output = Result<R, Status>>) -> Result<R, Status> {
    match tokio::time::timeout(TIMEOUT, answer).await {
        Ok(answer) => answer,
        Err(_) => Err(Status::new(Code::DeadlineExceeded, "no answer within 10 seconds")),
    }
}

/// `None` for what a node says it does not have.
fn optional<R>(answer: Result<R, ChainError>) -> Result<Option<R>, ChainError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

/// Names the question in a conversion's error.
fn read<T>(what: &'static str, value: Result<T, Malformed>) -> Result<T, ChainError> {
    value.map_err(|source| ChainError::Malformed { what, source })
}

/// A sub-message that the protocol promises.
fn required<T>(
    what: &'static str,
    value: Option<T>,
    message: &'static str,
    field: &'static str,
) -> Result<T, ChainError> {
    read(what, value.ok_or_else(|| Malformed::new(message, field, "missing")))
}
