//! Messages of gRPC calls, read and written anew on their way.

use http_body_util::{BodyExt as _, Full};
use prost::Message;
use prost::bytes::Bytes;
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::{StdError, http};

/// A message behind gRPC's five bytes: a flag, and the length.
const FRAME: usize = 5;

/// A call, with its message.
pub(crate) struct Call {
    pub(crate) path: String,
    pub(crate) parts: http::request::Parts,
    pub(crate) frame: Bytes,
}

impl Call {
    pub(crate) async fn read(call: http::Request<Body>) -> Result<Self, StdError> {
        let (parts, body) = call.into_parts();
        let frame = body.collect().await?.to_bytes();
        Ok(Self { path: parts.uri.path().to_owned(), parts, frame })
    }

    /// True for a method, such as `Query/Balance` of whichever service.
    pub(crate) fn is(&self, method: &str) -> bool {
        self.path.ends_with(method)
    }

    pub(crate) fn message<M: Message + Default>(&self) -> Option<M> {
        decode(&self.frame)
    }

    pub(crate) fn forward(self) -> http::Request<Body> {
        http::Request::from_parts(self.parts, Body::new(Full::new(self.frame)))
    }
}

fn decode<M: Message + Default>(frame: &[u8]) -> Option<M> {
    M::decode(frame.get(FRAME..)?).ok()
}

fn encode<M: Message>(message: &M) -> Bytes {
    let body = message.encode_to_vec();
    let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
    let mut frame = vec![0];
    frame.extend(length.to_be_bytes());
    frame.extend(body);
    Bytes::from(frame)
}

/// An answer that carries a message.
pub(crate) fn answer<M: Message>(message: &M) -> http::Response<Body> {
    let mut response = http::Response::new(Body::new(Full::new(encode(message))));
    let grpc = http::HeaderValue::from_static("application/grpc");
    response.headers_mut().insert(http::header::CONTENT_TYPE, grpc);
    response
}

/// An answer that is an error.
pub(crate) fn refusal(status: &Status) -> http::Response<Body> {
    status.clone().into_http()
}

/// An answer whose message is changed; `None` from `change`: a status in its place. What is no such message goes on as it is.
pub(crate) async fn rewrite<M: Message + Default>(
    response: http::Response<Body>,
    change: impl FnOnce(M) -> Result<M, Status>,
) -> Result<http::Response<Body>, StdError> {
    let (parts, body) = response.into_parts();
    let collected = body.collect().await?;
    let trailers = collected.trailers().cloned();
    let frame = collected.to_bytes();
    let frame = match decode::<M>(&frame).map(change) {
        Some(Ok(message)) => encode(&message),
        Some(Err(status)) => return Ok(refusal(&status)),
        None => frame,
    };
    let body = Full::new(frame).with_trailers(async move { trailers.map(Ok) });
    Ok(http::Response::from_parts(parts, Body::new(body)))
}
