//! One HTTP/1.1 request on one connection.

use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};
use http::{HeaderValue, StatusCode, header};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper_util::rt::TokioIo;

use crate::{Connector, Error, Request};

/// The most of an answer's body that is read.
pub(crate) const BODY_LIMIT: usize = 16 << 20;

/// From opening the connection to the last byte of the answer.
pub(crate) const TIME_LIMIT: Duration = Duration::from_secs(30);

/// Status and body; a status that is no success is not an error here.
pub(crate) async fn exchange(
    connector: &dyn Connector,
    request: &Request,
    authorization: &HeaderValue,
    body: Option<Vec<u8>>,
) -> Result<(StatusCode, Bytes), Error> {
    tokio::time::timeout(TIME_LIMIT, exchange_untimed(connector, request, authorization, body))
        .await
        .unwrap_or_else(|_| Err(Error::Timeout { request: request.clone(), seconds: TIME_LIMIT.as_secs() }))
}

async fn exchange_untimed(
    connector: &dyn Connector,
    request: &Request,
    authorization: &HeaderValue,
    body: Option<Vec<u8>>,
) -> Result<(StatusCode, Bytes), Error> {
    let cut =
        |source: Box<dyn std::error::Error + Send + Sync>| Error::Cut { request: request.clone(), source };
    let stream =
        connector.connect().await.map_err(|source| Error::Connect { request: request.clone(), source })?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|e| cut(e.into()))?;

    let message = http::Request::builder()
        .method(request.method.clone())
        .uri(&request.path)
        .header(header::HOST, "ray-head")
        .header(header::AUTHORIZATION, authorization.clone())
        .header(header::CONNECTION, "close")
        .header(header::CONTENT_TYPE, "application/json")
        .body(Full::new(Bytes::from(body.unwrap_or_default())))
        .map_err(|e| cut(e.into()))?;
    let answer = async {
        let response = sender.send_request(message).await.map_err(|e| cut(e.into()))?;
        let status = response.status();
        Ok((status, read_body(response.into_body(), request).await?))
    };
    // The connection moves only while it is polled. It may end before the answer's last bytes are taken out.
    match select(pin!(answer), pin!(connection)).await {
        Either::Left((answer, _)) => answer,
        Either::Right((_, answer)) => answer.await,
    }
}

async fn read_body(body: Incoming, request: &Request) -> Result<Bytes, Error> {
    match Limited::new(body, BODY_LIMIT).collect().await {
        Ok(whole) => Ok(whole.to_bytes()),
        Err(e) if e.is::<LengthLimitError>() => {
            Err(Error::TooLarge { request: request.clone(), limit: BODY_LIMIT })
        }
        Err(source) => Err(Error::Cut { request: request.clone(), source }),
    }
}
