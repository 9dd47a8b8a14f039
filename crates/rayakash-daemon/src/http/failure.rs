//! Failures as answers: RFC 9457's problem body.

use axum::Json;
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use rayakash_api::error::{Code, Problem};
use rayakash_api::file::Invalid;
use rayakash_core::spec::Name;
use rayakash_engine::facts::Books;
use rayakash_engine::ports::{Ledger as _, Unavailable};
use rayakash_ledger::LedgerError;

use crate::service::Service;

/// A failure that is answered.
#[derive(Debug)]
pub(crate) struct Failure(pub(crate) Box<Problem>);

/// axum's own sentences are short.
const LONGEST_REFUSAL: usize = 4096;

/// What a handler gives back.
pub(crate) type Answer<T> = Result<T, Failure>;

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(self.0)).into_response();
        response
            .headers_mut()
            .insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/problem+json"));
        response
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self(Box::new(problem))
    }
}

/// The chain or a gateway; the ledger has [`books`] and an error of its own.
impl From<Unavailable> for Failure {
    fn from(error: Unavailable) -> Self {
        Problem::new(Code::Unreachable, error.to_string()).into()
    }
}

/// What is on record about a cluster. The ledger is a part of the world to the engine; here it is our own disk.
pub(super) async fn books(service: &Service, name: &Name) -> Answer<Books> {
    let read = service.ledger().books(name).await;
    read.map_err(|error| Problem::new(Code::StateDamaged, error.to_string()).into())
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Problem::from_error(Code::StateDamaged, &error).into()
    }
}

impl From<Invalid> for Failure {
    fn from(invalid: Invalid) -> Self {
        Problem::from(invalid).into()
    }
}

/// A name from the path of a request.
pub(crate) fn name(text: &str) -> Answer<Name> {
    text.parse().map_err(|error: rayakash_core::spec::BadName| {
        Problem::new(Code::BadRequest, error.to_string()).into()
    })
}

/// There is no such cluster.
pub(crate) fn no_cluster(name: &Name) -> Failure {
    Problem::new(Code::NotFound, format!("there is no cluster `{name}`"))
        .hint("`rayakash status` lists the clusters that there are")
        .into()
}

/// What axum refuses by itself (a body, a query, a method) is told like every other failure.
pub(super) async fn told(response: Response) -> Response {
    let status = response.status();
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let ours = kind.is_some_and(|kind| kind.starts_with("application/"));
    if ours || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let said = axum::body::to_bytes(response.into_body(), LONGEST_REFUSAL).await.unwrap_or_default();
    let detail =
        if said.is_empty() { status.to_string() } else { String::from_utf8_lossy(&said).into_owned() };
    let problem = Problem::new(Code::BadRequest, detail);
    Failure::from(Problem { status: status.as_u16(), ..problem }).into_response()
}

pub(crate) async fn no_route(uri: Uri) -> Failure {
    Problem::new(Code::NotFound, format!("nothing is served at {}", uri.path())).into()
}

impl From<LedgerError> for Failure {
    fn from(error: LedgerError) -> Self {
        let refused = matches!(error, LedgerError::Refused { .. });
        let code = if refused { Code::Conflict } else { Code::StateDamaged };
        Problem::from_error(code, &error).into()
    }
}
