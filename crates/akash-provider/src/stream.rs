//! Logs and events: WebSockets with one JSON object in each text frame.

use std::io::ErrorKind;
use std::time::Duration;

use akash_types::LeaseId;
use akash_wallet::Token;
use futures_util::{Stream, StreamExt as _};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::http::header::AUTHORIZATION;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error as WsError, Message};
use tokio_tungstenite::{Connector, MaybeTlsStream, WebSocketStream, client_async_tls_with_config};

use crate::gateway::{Gateway, lease_path};
use crate::http::authorization;
use crate::lease::or_default;
use crate::verifier::{NotTheProvider, verdict};
use crate::{BoxError, GatewayError};

/// How long connection and handshakes may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// Providers ping every 10 s; longer silence is a dead peer.
const SILENCE: Duration = Duration::from_secs(30);
/// The longest frame read, in bytes; providers cut lines at 64 KiB.
const LONGEST: usize = 1 << 20;

/// Which log lines are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogFilter {
    /// Of these services; of all when empty.
    pub services: Vec<String>,
    /// Also those to come.
    pub follow: bool,
    /// Only the last ones of each container; all when `None`.
    pub tail: Option<u32>,
}

/// A line of a container's output, standard output and error mixed. It has no time.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct LogLine {
    /// The pod: service, then letters of the cluster's choice.
    #[serde(default, deserialize_with = "or_default")]
    pub name: String,
    /// The line, without its end.
    #[serde(default, deserialize_with = "or_default")]
    pub message: String,
}

/// Something that happened to an object of the lease. Events come in no order, and again when the lease is taken down.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Event {
    /// `Normal` or `Warning`.
    #[serde(rename = "type", deserialize_with = "or_default")]
    pub kind: String,
    /// One word, such as `Pulled`.
    #[serde(deserialize_with = "or_default")]
    pub reason: String,
    /// A sentence.
    #[serde(deserialize_with = "or_default")]
    pub note: String,
    /// What it happened to.
    #[serde(deserialize_with = "or_default")]
    pub object: EventObject,
}

/// What an event happened to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct EventObject {
    /// Such as `Pod`.
    #[serde(deserialize_with = "or_default")]
    pub kind: String,
    /// Its name.
    #[serde(deserialize_with = "or_default")]
    pub name: String,
}

/// Why a stream ended other than by being complete.
#[derive(Debug, thiserror::Error)]
pub enum StreamEnd {
    /// No container of the services wanted runs.
    #[error("no container is running")]
    NoPods,
    /// A container is not started yet, which ends the whole stream (close code 4000).
    #[error("a container is still starting")]
    NotReady,
    /// The provider runs nothing of this lease (close code 4001).
    #[error("the provider runs nothing of this lease")]
    NoLease,
    /// The provider cannot reach its own cluster (close code 4002).
    #[error("the provider cannot reach its cluster")]
    ClusterDown,
    /// The connection was lost.
    #[error("the connection was lost")]
    Lost {
        /// Why, if it is known.
        source: Option<BoxError>,
    },
    /// Nothing came for too long, not even a sign of life.
    #[error("the provider fell silent")]
    Silent,
    /// The provider sent something else than was agreed.
    #[error("the provider sent what cannot be read: {problem}")]
    Unreadable {
        /// What.
        problem: String,
    },
}

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

impl Gateway {
    /// Output of a lease's containers: those that run now; ones started later need a new stream. The token needs `logs`.
    ///
    /// The stream ends when all is told (also: when all containers have ended), else with an error as its last item.
    pub async fn logs(
        &self,
        lease: &LeaseId,
        filter: &LogFilter,
        token: &Token,
    ) -> Result<impl Stream<Item = Result<LogLine, StreamEnd>> + Send + use<>, GatewayError> {
        let mut query = format!("follow={}", filter.follow);
        if let Some(tail) = filter.tail {
            query.push_str(&format!("&tail={tail}"));
        }
        if !filter.services.is_empty() {
            query.push_str(&format!("&service={}", encoded(&filter.services.join(","))));
        }
        let socket = self.open(&lease_path(lease, "logs"), &query, token).await?;
        Ok(items(socket, filter.follow))
    }

    /// Events of a lease's objects; Kubernetes forgets them after about an hour. The token needs `events`.
    pub async fn events(
        &self,
        lease: &LeaseId,
        follow: bool,
        token: &Token,
    ) -> Result<impl Stream<Item = Result<Event, StreamEnd>> + Send + use<>, GatewayError> {
        let socket = self.open(&lease_path(lease, "kubeevents"), &format!("follow={follow}"), token).await?;
        Ok(items(socket, follow))
    }

    /// Opens a WebSocket. As with requests, an unknown certificate makes it ask the chain again, once.
    async fn open(&self, path: &str, query: &str, token: &Token) -> Result<Socket, GatewayError> {
        let what = format!("GET {path} at {}", self.host());
        let mut chain = self.expected().prepare(false).await.err();
        let mut result = self.connect(path, query, token).await;
        if let Err(error) = &result
            && verdict(error.as_ref()) == Some(NotTheProvider::Unpublished)
        {
            chain = self.expected().prepare(true).await.err();
            result = self.connect(path, query, token).await;
        }
        result.map_err(|error| {
            if let Some(why) = verdict(error.as_ref()) {
                return self.stranger(&why, chain);
            }
            match error.downcast::<WsError>().map(|error| *error) {
                Ok(WsError::Http(answer)) => {
                    let body = answer.body().as_deref().unwrap_or_default();
                    GatewayError::from_answer(what, answer.status().as_u16(), body)
                }
                Ok(error) => GatewayError::Unreachable { what, source: error.into() },
                Err(source) => GatewayError::Unreachable { what, source },
            }
        })
    }

    async fn connect(&self, path: &str, query: &str, token: &Token) -> Result<Socket, BoxError> {
        let url = format!("wss://{}{path}?{query}", self.host());
        let mut request = url.into_client_request()?;
        request.headers_mut().insert(AUTHORIZATION, authorization(token, path)?);
        let host = self.base().host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let port = self.base().port_or_known_default().unwrap_or(443);
        let limits = WebSocketConfig::default().max_message_size(Some(LONGEST)).max_frame_size(Some(LONGEST));
        let connecting = async {
            let tcp = TcpStream::connect((host.as_str(), port)).await?;
            let tls = Connector::Rustls(self.tls());
            let (socket, _) = client_async_tls_with_config(request, tcp, Some(limits), Some(tls)).await?;
            Ok(socket)
        };
        timeout(PATIENCE, connecting).await?
    }
}

/// The frames of a socket as values.
fn items<T: DeserializeOwned + Send + 'static>(
    mut socket: Socket,
    follow: bool,
) -> impl Stream<Item = Result<T, StreamEnd>> + Send {
    async_stream::stream! {
        loop {
            let frame = match timeout(SILENCE, socket.next()).await {
                Err(_) => Err(Some(StreamEnd::Silent)),
                Ok(None) => Err(lost(None, follow)),
                Ok(Some(Err(error))) => Err(broken(error, follow)),
                Ok(Some(Ok(message))) => value(message, follow),
            };
            match frame {
                Ok(Some(item)) => yield Ok(item),
                Ok(None) => {}
                Err(end) => {
                    if let Some(end) = end {
                        yield Err(end);
                    }
                    return;
                }
            }
        }
    }
}

/// A frame's value, nothing for signs of life, or the end; a complete stream ends without a reason.
fn value<T: DeserializeOwned>(message: Message, follow: bool) -> Result<Option<T>, Option<StreamEnd>> {
    let unreadable = |problem: String| Some(StreamEnd::Unreadable { problem });
    match message {
        Message::Text(text) => serde_json::from_str(&text).map(Some).map_err(|e| unreadable(e.to_string())),
        Message::Binary(bytes) => {
            serde_json::from_slice(&bytes).map(Some).map_err(|e| unreadable(e.to_string()))
        }
        Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => Ok(None),
        Message::Close(None) => Err(lost(None, follow)),
        Message::Close(Some(close)) => Err(match u16::from(close.code) {
            4000 if close.reason.contains("no running pods") => Some(StreamEnd::NoPods),
            4000 => Some(StreamEnd::NotReady),
            4001 => Some(StreamEnd::NoLease),
            4002 => Some(StreamEnd::ClusterDown),
            _ if close.code == CloseCode::Normal => None,
            code => Some(StreamEnd::Lost { source: Some(format!("closed with code {code}").into()) }),
        }),
    }
}

/// Providers end a complete list of logs by just closing the connection; a stream that follows has no end of its own.
fn lost(source: Option<BoxError>, follow: bool) -> Option<StreamEnd> {
    follow.then_some(StreamEnd::Lost { source })
}

fn broken(error: WsError, follow: bool) -> Option<StreamEnd> {
    if let WsError::Capacity(error) = error {
        return Some(StreamEnd::Unreadable { problem: error.to_string() });
    }
    let cut = matches!(&error, WsError::Io(error) if error.kind() == ErrorKind::UnexpectedEof);
    let closed = matches!(
        &error,
        WsError::ConnectionClosed
            | WsError::AlreadyClosed
            | WsError::Protocol(ProtocolError::ResetWithoutClosingHandshake)
    );
    let source = Some(error.into());
    if cut || closed { lost(source, follow) } else { Some(StreamEnd::Lost { source }) }
}

/// Go drops every parameter that holds a raw `;`: all but the plainest characters are encoded.
fn encoded(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    text.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}
