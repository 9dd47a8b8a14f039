//! One request and its answer on a connection of its own.

use super::Error;
use crate::error::{Code, Problem};
use futures_util::future::{Either, select};
use http::header::{CONNECTION, CONTENT_TYPE, HOST, UPGRADE};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use tokio::net::UnixStream;

/// The largest body that is read whole. A daemon that says more is not ours.
const MOST: usize = 16 * 1024 * 1024;

/// An answer that has begun, with the connection that brings the rest.
pub(super) struct Exchange {
    request: String,
    response: Response<Incoming>,
    wire: Wire,
}

impl Exchange {
    /// Sends a request and waits for the head of the answer.
    pub(super) async fn start(
        socket: &Path,
        method: Method,
        path: &str,
        body: Option<Vec<u8>>,
    ) -> Result<Self, Error> {
        Self::begin(socket, method, path, |request| match body {
            Some(body) => request.header(CONTENT_TYPE, "application/json").body(Full::new(body.into())),
            None => request.body(Full::default()),
        })
        .await
    }

    /// The same with `Last-Event-ID`, for a stream that goes on.
    pub(super) async fn resume(socket: &Path, path: &str, last: Option<u64>) -> Result<Self, Error> {
        Self::begin(socket, Method::GET, path, |request| match last {
            Some(last) => request.header("last-event-id", last).body(Full::default()),
            None => request.body(Full::default()),
        })
        .await
    }

    /// Turns the connection into a stream of bytes.
    pub(super) async fn upgrade(socket: &Path, path: &str, protocol: &str) -> Result<Upgraded, Error> {
        let exchange = Self::begin(socket, Method::GET, path, |request| {
            request.header(CONNECTION, "upgrade").header(UPGRADE, protocol).body(Full::default())
        });
        let Self { request, response, mut wire } = exchange.await?;
        if response.status() != StatusCode::SWITCHING_PROTOCOLS {
            let detail = format!("{request} was answered with {} instead of a tunnel", response.status());
            return Err(Error::Refused(Box::new(Problem::new(Code::Internal, detail))));
        }
        wire.drive(hyper::upgrade::on(response)).await.map_err(|source| Error::Broken { request, source })
    }

    async fn begin(
        socket: &Path,
        method: Method,
        path: &str,
        finish: impl FnOnce(http::request::Builder) -> http::Result<Request<Full<Bytes>>>,
    ) -> Result<Self, Error> {
        let request = format!("{method} {path}");
        let head = Request::builder().method(method).uri(path).header(HOST, "localhost");
        let message = match finish(head) {
            Ok(message) => message,
            Err(source) => return Err(Error::Request { request, source }),
        };
        let no_daemon = |source| Error::NoDaemon { socket: socket.to_owned(), source };
        let stream = UnixStream::connect(socket).await.map_err(no_daemon)?;
        let broken = |source| Error::Broken { request: request.clone(), source };
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
        let mut wire = Wire(Some(Box::pin(connection.with_upgrades())));
        let response = wire.drive(sender.send_request(message)).await.map_err(broken)?;
        let exchange = Self { request, response, wire };
        if exchange.response.status().is_client_error() || exchange.response.status().is_server_error() {
            // A body that is the answer in spite of its status is asked for by `json_whatever_status`.
            return if exchange.is_problem() { Err(exchange.refusal().await) } else { Ok(exchange) };
        }
        Ok(exchange)
    }

    fn is_problem(&self) -> bool {
        let kind =
            self.response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        !kind.starts_with("application/json")
    }

    /// What the daemon says about its refusal.
    async fn refusal(self) -> Error {
        let (request, status) = (self.request.clone(), self.response.status());
        let body = match self.whole().await {
            Ok(body) => body,
            Err(error) => return error,
        };
        let problem = serde_json::from_slice(&body).unwrap_or_else(|_| {
            let text = String::from_utf8_lossy(&body);
            let text: String = text.chars().take(500).collect();
            Problem::new(Code::Internal, format!("{request} was answered with {status}: {text}"))
        });
        Error::Refused(Box::new(problem))
    }

    /// The whole body as JSON; an answer that is a failure is an error.
    pub(super) async fn json<T: DeserializeOwned>(self) -> Result<T, Error> {
        if self.response.status().is_success() {
            self.json_whatever_status().await
        } else {
            Err(self.refusal().await)
        }
    }

    /// The whole body as JSON.
    pub(super) async fn json_whatever_status<T: DeserializeOwned>(self) -> Result<T, Error> {
        let request = self.request.clone();
        let body = self.whole().await?;
        serde_json::from_slice(&body).map_err(|source| Error::Unreadable { request, source })
    }

    /// An answer whose body does not matter.
    pub(super) async fn done(self) -> Result<(), Error> {
        if self.response.status().is_success() { Ok(()) } else { Err(self.refusal().await) }
    }

    async fn whole(self) -> Result<Bytes, Error> {
        let Self { request, response, mut wire } = self;
        match wire.drive(Limited::new(response.into_body(), MOST).collect()).await {
            Ok(body) => Ok(body.to_bytes()),
            Err(error) if error.is::<LengthLimitError>() => {
                let detail = format!("the answer to {request} is larger than {MOST} bytes");
                Err(Error::Refused(Box::new(Problem::new(Code::Internal, detail))))
            }
            Err(error) => match error.downcast::<hyper::Error>() {
                Ok(source) => Err(Error::Broken { request, source: *source }),
                Err(other) => Err(Error::Refused(Box::new(Problem::new(Code::Internal, other.to_string())))),
            },
        }
    }

    /// The next piece of the body; none at its end.
    pub(super) async fn piece(&mut self) -> Result<Option<Bytes>, Error> {
        let Self { request, response, wire } = self;
        loop {
            match wire.drive(response.body_mut().frame()).await {
                None => return Ok(None),
                // Trailers mean nothing here.
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        return Ok(Some(data));
                    }
                }
                Some(Err(source)) => return Err(Error::Broken { request: request.clone(), source }),
            }
        }
    }

    /// Method and path, for messages.
    pub(super) fn request(&self) -> &str {
        &self.request
    }

    /// Whether the answer is a success.
    pub(super) fn is_success(&self) -> bool {
        self.response.status().is_success()
    }
}

/// The connection. It moves only while somebody waits for what it brings.
struct Wire(Option<Pin<Box<dyn Future<Output = hyper::Result<()>> + Send>>>);

impl Wire {
    /// Waits for what needs the connection to move. An end of the connection shows in that itself.
    async fn drive<T>(&mut self, wanted: impl Future<Output = T>) -> T {
        let wanted = std::pin::pin!(wanted);
        let Some(connection) = self.0.as_mut() else { return wanted.await };
        match select(wanted, connection).await {
            Either::Left((got, _)) => got,
            Either::Right((_ended, wanted)) => {
                self.0 = None;
                wanted.await
            }
        }
    }
}
