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
        let mut problem = Problem::new(Code::InvalidFile, invalid.to_string());
        problem.diagnostics = invalid.diagnostics;
        Self(Box::new(problem))
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
