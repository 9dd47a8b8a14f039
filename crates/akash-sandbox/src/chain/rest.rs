//! The chain's REST: every path is one gRPC method, asked in this process, its messages read and written as JSON.

pub(super) mod json;
mod routes;

use std::future::Future;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage, MethodDescriptor};
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;
use tonic::service::Routes;
use tonic::{Code, Status};

use super::grpc::HEIGHT;
use super::grpc::inside::ask;
use crate::error::Error;
use routes::From;

/// How deep a query may name a field: the deepest of Akash's is three.
const MAX_PARTS: usize = 16;
/// A node refuses longer bodies of transactions (CometBFT's `max_body_bytes`, which it asks behind its REST).
const MAX_BODY: usize = 1_000_000;

#[derive(Clone)]
struct Api {
    pool: Arc<DescriptorPool>,
    services: Routes,
}

/// Serves until `stop` is done.
pub(crate) async fn serve_until(
    services: Routes,
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), Error> {
    let pool =
        DescriptorPool::decode(akash_proto::DESCRIPTORS).map_err(|e| Error::Descriptors(e.to_string()))?;
    let api = Api { pool: Arc::new(pool), services };
    let router = Router::new().fallback(answer).with_state(api);
    axum::serve(listener, router).with_graceful_shutdown(stop).await.map_err(Error::Serve)
}

async fn answer(
    State(api): State<Api>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Response {
    match respond(&api, &method, &uri, &headers, body).await {
        Ok(value) => (StatusCode::OK, axum::Json(value)).into_response(),
        Err(response) => response,
    }
}

async fn respond(
    api: &Api,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: Body,
) -> Result<Value, Response> {
    let from = if *method == Method::POST { From::Body } else { From::Query };
    let missing = || refusal(&Status::unimplemented("Not Implemented"));
    let (name, variables) = routes::find(from, uri.path()).ok_or_else(missing)?;
    let described = describe(&api.pool, name).ok_or_else(missing)?;
    let mut request = match from {
        From::Body => body_of(body).await?,
        From::Query => {
            query_of(uri.query().unwrap_or_default()).map_err(|e| refusal(&Status::invalid_argument(e)))?
        }
    };
    if let Value::Object(object) = &mut request {
        object.extend(variables.into_iter().map(|(name, text)| (name.to_owned(), json!(text))));
    }
    let unreadable = |e: json::Unreadable| refusal(&Status::invalid_argument(e.to_string()));
    let request = json::read(&described.input(), &request).map_err(unreadable)?.encode_to_vec();
    let height = headers.get(HEIGHT).and_then(|h| h.to_str().ok()).map_or(Some(0), |h| h.parse().ok());
    let height = height.ok_or_else(|| refusal(&Status::invalid_argument("invalid x-cosmos-block-height")))?;
    let answer = ask(&api.services, &format!("/{name}"), request, height).await.map_err(|e| refusal(&e))?;
    let answer = DynamicMessage::decode(described.output(), answer.as_slice());
    let internal = |e: prost::DecodeError| refusal(&Status::internal(e.to_string()));
    Ok(json::write(&answer.map_err(internal)?))
}

fn describe(pool: &DescriptorPool, method: &str) -> Option<MethodDescriptor> {
    let (service, name) = method.split_once('/')?;
    pool.get_service_by_name(service)?.methods().find(|m| m.name() == name)
}

async fn body_of(body: Body) -> Result<Value, Response> {
    let bytes: Bytes = axum::body::to_bytes(body, MAX_BODY).await.map_err(|_| {
        let told = json!({
            "jsonrpc": "2.0",
            "error": {
                "code": -32600,
                "message": "Invalid Request",
                "data": "error reading request body: http: request body too large",
            },
        });
        (StatusCode::BAD_REQUEST, axum::Json(told)).into_response()
    })?;
    serde_json::from_slice(&bytes).map_err(|e| refusal(&Status::invalid_argument(e.to_string())))
}

/// `filters.owner=…&pagination.limit=2` as an object in an object.
fn query_of(text: &str) -> Result<Value, &'static str> {
    let mut request = Map::new();
    for (path, value) in form_urlencoded::parse(text.as_bytes()) {
        if path.split('.').count() > MAX_PARTS {
            return Err("a field is named too deep");
        }
        insert(&mut request, &path, json!(value));
    }
    Ok(Value::Object(request))
}

fn insert(object: &mut Map<String, Value>, path: &str, value: Value) {
    match path.split_once('.') {
        Some((first, rest)) => {
            let inner = object.entry(first).or_insert_with(|| json!({}));
            if let Value::Object(inner) = inner {
                insert(inner, rest, value);
            }
        }
        None => {
            object.insert(path.to_owned(), value);
        }
    }
}

/// A refusal as grpc-gateway words it.
fn refusal(refused: &Status) -> Response {
    let status = match refused.code() {
        Code::Ok => StatusCode::OK,
        Code::InvalidArgument | Code::FailedPrecondition | Code::OutOfRange => StatusCode::BAD_REQUEST,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::AlreadyExists | Code::Aborted => StatusCode::CONFLICT,
        Code::PermissionDenied => StatusCode::FORBIDDEN,
        Code::Unauthenticated => StatusCode::UNAUTHORIZED,
        Code::ResourceExhausted => StatusCode::TOO_MANY_REQUESTS,
        Code::Unimplemented => StatusCode::NOT_IMPLEMENTED,
        Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Code::DeadlineExceeded => StatusCode::GATEWAY_TIMEOUT,
        Code::Cancelled => StatusCode::REQUEST_TIMEOUT,
        Code::Unknown | Code::Internal | Code::DataLoss => StatusCode::INTERNAL_SERVER_ERROR,
    };
    let body = json!({ "code": i32::from(refused.code()), "message": refused.message(), "details": [] });
    (status, axum::Json(body)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_names_fields_in_fields_but_not_without_end() {
        let read = query_of("filters.owner=a&pagination.limit=2").unwrap();
        assert_eq!(read, json!({ "filters": { "owner": "a" }, "pagination": { "limit": "2" } }));
        let deep = format!("{}a=1", "a.".repeat(30_000));
        assert_eq!(query_of(&deep), Err("a field is named too deep"));
    }
}
