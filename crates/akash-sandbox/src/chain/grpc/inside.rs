//! Asking the gRPC services in this process, by a method's name and bytes.

use axum::body::Body;
use http::HeaderValue;
use http_body_util::BodyExt as _;
use tonic::Code;
use tonic::service::Routes;
use tower::ServiceExt as _;

/// A refusal of a method.
#[derive(Clone, Debug)]
pub(crate) struct Refused {
    pub(crate) code: Code,
    pub(crate) message: String,
}

/// One byte that says whether the message is compressed, four for its length.
const FRAME: usize = 5;

/// Asks `package.Service/Method`; `height` is the value of `x-cosmos-block-height`, when the question is about an older state.
pub(crate) async fn ask(
    routes: &Routes,
    method: &str,
    request: Vec<u8>,
    height: Option<HeaderValue>,
) -> Result<Vec<u8>, Refused> {
    let internal = |problem: String| Refused { code: Code::Internal, message: problem };
    let length = u32::try_from(request.len()).map_err(|e| internal(e.to_string()))?;
    let mut framed = Vec::with_capacity(request.len().saturating_add(FRAME));
    framed.push(0);
    framed.extend(length.to_be_bytes());
    framed.extend(request);
    let mut asked = http::Request::post(format!("/{method}")).header("content-type", "application/grpc");
    if let Some(height) = height {
        asked = asked.header(super::HEIGHT, height);
    }
    let asked = asked.body(Body::from(framed)).map_err(|e| internal(e.to_string()))?;
    let answer = routes.clone().oneshot(asked).await.map_err(|e| internal(e.to_string()))?;
    let (head, body) = answer.into_parts();
    let body = body.collect().await.map_err(|e| internal(e.to_string()))?;
    let trailers = body.trailers().cloned().unwrap_or_default();
    let status =
        tonic::Status::from_header_map(&trailers).or_else(|| tonic::Status::from_header_map(&head.headers));
    if let Some(status) = status.filter(|s| s.code() != Code::Ok) {
        return Err(Refused { code: status.code(), message: status.message().to_owned() });
    }
    Ok(body.to_bytes().get(FRAME..).unwrap_or_default().to_vec())
}
