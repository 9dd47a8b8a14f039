//! Requests and their answers.

use std::sync::{Arc, Mutex};

use akash_provider::{GatewayError, PutError, Recovery};
use akash_sdl::Manifest;
use akash_sdl::manifest::{Group, Service};
use axum::Router;
use axum::body::Bytes;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode, header};
use axum::routing::{get, put};

use crate::server::{lease, provider, token};

fn manifest() -> Manifest {
    let service = Service { name: "web".to_owned(), image: "nginx".to_owned(), ..Service::default() };
    Manifest(vec![Group { name: "dc".to_owned(), services: vec![service] }])
}

#[tokio::test]
async fn the_manifest_arrives_with_the_token() {
    let seen = Arc::new(Mutex::new(vec![]));
    let log = Arc::clone(&seen);
    let route = put(|Path(dseq): Path<u64>, headers: HeaderMap, body: Bytes| async move {
        let token = headers[header::AUTHORIZATION].to_str().unwrap().to_owned();
        log.lock().unwrap().push((dseq, token, body.to_vec()));
    });
    let (_server, gateway, owner) = provider(Router::new().route("/deployment/{dseq}/manifest", route)).await;
    let token = token(&owner);
    gateway.put_manifest("1700000000000".parse().unwrap(), &manifest(), &token).await.unwrap();
    let seen = seen.lock().unwrap();
    let wanted = (1_700_000_000_000, token.header_value().to_string(), manifest().to_json().into_bytes());
    assert_eq!(*seen, [wanted]);
}

/// Answers every manifest with this.
async fn answer(status: u16, body: &'static str) -> Result<(), PutError> {
    let route = put(move || async move { (StatusCode::from_u16(status).unwrap(), body) });
    let (_server, gateway, owner) = provider(Router::new().route("/deployment/{dseq}/manifest", route)).await;
    gateway.put_manifest("1700000000000".parse().unwrap(), &manifest(), &token(&owner)).await
}

#[tokio::test]
async fn answers_to_a_manifest_are_told_apart() {
    assert!(matches!(answer(200, "").await, Ok(())));
    assert!(matches!(answer(404, "no lease for deployment\n").await, Err(PutError::NoLease { .. })));
    assert!(matches!(answer(422, "manifest version validation failed\n").await, Err(PutError::Version)));
    let cross = "manifest cross-validation error: group \"dc\": x\n";
    assert!(matches!(answer(422, cross).await, Err(PutError::Refused { status: 422, .. })));
    let blocked = answer(500, "hostname not allowed: host \"h\" in use\n").await;
    assert!(matches!(blocked, Err(PutError::Refused { status: 500, .. })));
    assert!(matches!(
        answer(500, "not running\n").await,
        Err(PutError::Gateway { source: GatewayError::Failing { status: 500, .. } })
    ));
    let claims = answer(400, r#"{"message":"JWT has invalid claims"}"#).await.unwrap_err();
    assert!(matches!(claims, PutError::Gateway { source: GatewayError::Token { .. } }));
    let moved = answer(302, "").await;
    assert!(matches!(moved, Err(PutError::Refused { status: 302, .. })), "redirects are not followed");
}

#[tokio::test]
async fn a_lease_status_may_be_full_of_nulls() {
    let body = r#"{"services":{"web":{"name":"web","available":1,"total":2,"uris":null,"ready_replicas":1,
        "observed_generation":3,"new":{}}},"forwarded_ports":{"web":[{"port":8443,"externalPort":31234,"proto":"TCP",
        "name":"web"}]},"ips":null}"#;
    let route = get(move |Path(id): Path<(u64, u32, u32)>| async move {
        assert_eq!(id, (1_700_000_000_000, 1, 1));
        body
    });
    let (_server, gateway, owner) = provider(Router::new().route("/lease/{d}/{g}/{o}/status", route)).await;
    let status = gateway.lease_status(&lease(&owner), &token(&owner)).await.unwrap();
    let web = &status.services["web"];
    assert_eq!((web.ready_replicas, web.total, web.observed_generation, web.uris.len()), (1, 2, 3, 0));
    let port = &status.forwarded_ports["web"][0];
    assert_eq!((port.host.as_str(), port.port, port.external_port), ("", 8443, 31234));
    assert!(status.ips.is_empty());
}

/// Asks for a lease's status that is answered with this.
async fn status(code: u16, body: String) -> GatewayError {
    let route = get(move || async move { (StatusCode::from_u16(code).unwrap(), body) });
    let (_server, gateway, owner) = provider(Router::new().route("/lease/{d}/{g}/{o}/status", route)).await;
    gateway.lease_status(&lease(&owner), &token(&owner)).await.unwrap_err()
}

#[tokio::test]
async fn answers_that_cannot_be_used_are_bounded() {
    assert!(matches!(status(404, String::new()).await, GatewayError::NotThere { .. }));
    assert!(matches!(status(200, "[".to_owned()).await, GatewayError::Unreadable { .. }));
    let long = status(200, " ".repeat(3 << 20)).await;
    assert!(long.to_string().contains("longer than 1048576 bytes"), "{long}");
    let wordy = status(503, "x".repeat(1 << 20)).await;
    assert!(wordy.to_string().len() < 600, "{wordy}");
}

#[tokio::test]
async fn a_provider_says_of_itself_what_it_likes() {
    let body = r#"{"cluster":{"leases":2,"inventory":{"available":{"nodes":[{"name":"n","available":{"cpu":1500,
        "gpu":18446744073709551615}}]},"error":{}}},"address":"akash1x","reclamation_window":null}"#;
    let (_server, gateway, _) =
        provider(Router::new().route("/status", get(move || async move { body }))).await;
    let status = gateway.status().await.unwrap();
    let node = &status.cluster.inventory.available.nodes[0];
    assert_eq!((status.cluster.leases, node.available.cpu, node.allocatable.cpu), (2, 1500, 0));
}

#[tokio::test]
async fn nobody_home_is_a_reason_to_try_again() {
    let (server, gateway, owner) = provider(Router::new()).await;
    drop(server);
    let error = gateway.lease_status(&lease(&owner), &token(&owner)).await.unwrap_err();
    assert!(matches!(error, GatewayError::Unreachable { .. }), "{error}");
    assert!(matches!(error.recovery(), Recovery::Retry { .. }));
}
