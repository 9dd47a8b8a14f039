//! Answers in the real gateway's two styles.

use axum::body::Body;
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

/// A handler's refusal: plain text with a newline.
pub(super) fn text(status: u16, text: &str) -> Response {
    let mut response = with(status, "text/plain; charset=utf-8", format!("{text}\n"));
    response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// The authentication's refusal: JSON.
pub(super) fn message(status: u16, text: &str) -> Response {
    with(status, "application/json", serde_json::json!({ "message": text }).to_string())
}

/// A good answer.
pub(super) fn json<T: Serialize>(value: &T) -> Response {
    match serde_json::to_string(value) {
        Ok(body) => with(200, "application/json; charset=UTF-8", format!("{body}\n")),
        Err(problem) => text(500, &problem.to_string()),
    }
}

/// A status and nothing else.
pub(super) fn empty(status: u16) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response
}

/// Marks an answer that is not to be sent: the connection ends instead.
#[derive(Clone, Copy, Debug)]
pub(super) struct HangUp;

/// No answer at all.
pub(super) fn hang_up() -> Response {
    let mut response = empty(500);
    response.extensions_mut().insert(HangUp);
    response
}

fn with(status: u16, kind: &'static str, body: String) -> Response {
    let mut response = empty(status);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    *response.body_mut() = Body::from(body);
    response
}
