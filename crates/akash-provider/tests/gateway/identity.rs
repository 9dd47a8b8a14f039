//! Nobody but the provider is talked to.

use std::error::Error as _;
use std::sync::atomic::Ordering;

use akash_provider::{GatewayError, LogFilter, Recovery};
use akash_types::CertificateState::{Revoked, Valid};
use akash_wallet::certificate::{self, Identity as Cert};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;

use crate::server::{Chain, Server, certificate, key, lease, published, token};

#[tokio::test]
async fn the_published_certificate_is_trusted() {
    let owner = key(2).address().clone();
    let cert = certificate(&owner, 1);
    let address = owner.to_string();
    let routes =
        Router::new().route("/address", get(move || async move { Json(json!({"address": address})) }));
    let server = Server::start(&cert, Some(routes)).await;
    let chain = Chain::new(vec![vec![published(&cert, Valid)]]);
    let gateway = server.gateway(&owner, &chain);
    assert_eq!(gateway.address().await.unwrap(), owner);
    assert_eq!(gateway.address().await.unwrap(), owner);
    assert_eq!(chain.asked.load(Ordering::SeqCst), 1, "the chain is asked once for many requests");
}

#[tokio::test]
async fn a_certificate_published_since_is_found() {
    let owner = key(2).address().clone();
    let (old, new) = (certificate(&owner, 1), certificate(&owner, 2));
    let address = owner.to_string();
    let routes =
        Router::new().route("/address", get(move || async move { Json(json!({"address": address})) }));
    let server = Server::start(&new, Some(routes)).await;
    let chain = Chain::new(vec![
        vec![published(&old, Valid)],
        vec![published(&old, Revoked), published(&new, Valid)],
    ]);
    assert_eq!(server.gateway(&owner, &chain).address().await.unwrap(), owner);
    assert_eq!(chain.asked.load(Ordering::SeqCst), 2);
}

/// Shows `cert` while the chain holds `known`; gives the reason of the refusal.
async fn refused(cert: &Cert, known: Vec<Vec<akash_types::Certificate>>) -> GatewayError {
    let owner = key(2).address().clone();
    let server = Server::start(cert, None).await;
    let gateway = server.gateway(&owner, &Chain::new(known));
    let by_http = gateway.lease_status(&lease(&owner), &token(&owner)).await.unwrap_err();
    let by_socket = gateway.logs(&lease(&owner), &LogFilter::default(), &token(&owner)).await.err().unwrap();
    assert_eq!(by_http.to_string(), by_socket.to_string());
    assert!(server.connections.load(Ordering::SeqCst) >= 2, "both did connect");
    assert_eq!(server.received.load(Ordering::SeqCst), 0, "not a byte was sent");
    by_http
}

#[tokio::test]
async fn others_are_refused_before_the_first_byte() {
    let (owner, other) = (key(2).address().clone(), key(3).address().clone());
    let ours = certificate(&owner, 1);
    let theirs = certificate(&other, 1);
    let expired = certificate::generate(&owner, 3, 1_000_000_000, 1_100_000_000, &[]).unwrap();
    let early = certificate::generate(&owner, 4, 4_000_000_000, 4_100_000_000, &[]).unwrap();
    let stolen = Cert { key_pkcs8_der: theirs.key_pkcs8_der.clone(), ..ours.clone() };
    let good = || published(&ours, Valid);
    let cases = [
        ("unpublished", certificate(&owner, 2), vec![good()], "none that the provider published"),
        ("revoked", ours.clone(), vec![published(&ours, Revoked)], "none that the provider published"),
        (
            "another provider's, even if the chain gave it",
            theirs.clone(),
            vec![published(&theirs, Valid)],
            "names",
        ),
        ("the right one without its key", stolen, vec![good()], "does not have the key"),
        ("expired", expired.clone(), vec![published(&expired, Valid)], "not valid today"),
        ("of the future", early.clone(), vec![published(&early, Valid)], "not valid today"),
    ];
    for (name, cert, known, wanted) in cases {
        let error = refused(&cert, vec![known]).await;
        assert!(error.to_string().contains(wanted), "{name}: {error}");
        assert_eq!(error.recovery(), Recovery::Look, "{name}");
    }
}

#[tokio::test]
async fn without_the_chain_nobody_can_prove_himself() {
    let error = refused(&certificate(key(2).address(), 1), vec![]).await;
    assert!(matches!(error, GatewayError::Stranger { .. }), "{error}");
    assert_eq!(error.source().unwrap().to_string(), "the chain is out of reach");
    assert!(matches!(error.recovery(), Recovery::Retry { .. }));
}

#[tokio::test]
async fn a_server_that_claims_another_account_is_refused() {
    let owner = key(2).address().clone();
    let cert = certificate(&owner, 1);
    let routes =
        Router::new().route("/address", get(|| async { Json(json!({"address": "akash1\u{1b}other"})) }));
    let server = Server::start(&cert, Some(routes)).await;
    let chain = Chain::new(vec![vec![published(&cert, Valid)]]);
    let error = server.gateway(&owner, &chain).address().await.unwrap_err();
    assert!(error.to_string().ends_with("its certificate names `akash1 other`"), "{error}");
}
