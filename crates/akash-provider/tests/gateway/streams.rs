//! Logs and events.

use std::collections::BTreeMap;
use std::pin::pin;

use akash_provider::{GatewayError, LogFilter, LogLine, StreamEnd};
use axum::Router;
use axum::extract::Query;
use axum::extract::ws::{CloseFrame, Message, WebSocketUpgrade};
use axum::http::{HeaderMap, StatusCode, header};
use axum::routing::get;
use futures_util::StreamExt as _;

use crate::server::{lease, provider, token};

fn close(code: u16, reason: &str) -> Message {
    Message::Close(Some(CloseFrame { code, reason: reason.into() }))
}

/// A provider that sends these frames on `what`, then drops the connection.
fn says(what: &str, frames: Vec<Message>) -> Router {
    let route = get(move |upgrade: WebSocketUpgrade| async move {
        upgrade.on_upgrade(move |mut socket| async move {
            for frame in frames {
                drop(socket.send(frame).await);
            }
        })
    });
    Router::new().route(&format!("/lease/{{d}}/{{g}}/{{o}}/{what}"), route)
}

fn line(name: &str, message: &str) -> LogLine {
    LogLine { name: name.to_owned(), message: message.to_owned() }
}

/// All that a log stream gives.
async fn logs(frames: Vec<Message>, follow: bool) -> (Vec<LogLine>, Option<StreamEnd>) {
    let (_server, gateway, owner) = provider(says("logs", frames)).await;
    let filter = LogFilter { follow, ..LogFilter::default() };
    let stream = gateway.logs(&lease(&owner), &filter, &token(&owner)).await.unwrap();
    let (mut lines, mut end) = (vec![], None);
    let mut stream = pin!(stream);
    while let Some(item) = stream.next().await {
        match item {
            Ok(line) => lines.push(line),
            Err(error) => end = Some(error),
        }
    }
    (lines, end)
}

#[tokio::test]
async fn lines_arrive_and_the_end_says_what_it_is() {
    let text = |text: &str| Message::Text(text.into());
    let first = text(r#"{"name":"web-1","message":"hello \u001b[1m"}"#);
    let second = text(r#"{"name":"web-2","message":null,"new":1}"#);
    let ping = Message::Ping(vec![1].into());
    let told = vec![line("web-1", "hello \u{1b}[1m"), line("web-2", "")];
    let complete = vec![first.clone(), ping, second];
    let (lines, end) = logs([complete.clone(), vec![close(1000, "")]].concat(), true).await;
    assert_eq!(lines, told);
    assert!(end.is_none(), "{end:?}");
    let (lines, end) = logs(complete.clone(), false).await;
    assert_eq!(lines, told);
    assert!(end.is_none(), "a list of logs ends by the connection: {end:?}");
    let (lines, end) = logs(complete, true).await;
    assert_eq!(lines, told);
    assert!(matches!(end, Some(StreamEnd::Lost { .. })), "{end:?}");

    let (_, end) = logs(vec![close(4000, "")], true).await;
    assert!(matches!(end, Some(StreamEnd::NotReady)), "{end:?}");
    let (_, end) = logs(vec![close(4000, "no running pods")], true).await;
    assert!(matches!(end, Some(StreamEnd::NoPods)), "{end:?}");
    let (_, end) = logs(vec![close(4001, "")], false).await;
    assert!(matches!(end, Some(StreamEnd::NoLease)), "{end:?}");
    let (_, end) = logs(vec![close(4002, "")], false).await;
    assert!(matches!(end, Some(StreamEnd::ClusterDown)), "{end:?}");
    let (lines, end) = logs(vec![first, text("{")], false).await;
    assert_eq!(lines.len(), 1);
    assert!(matches!(end, Some(StreamEnd::Unreadable { .. })), "{end:?}");
    let (_, end) = logs(vec![text(&"x".repeat(2 << 20))], false).await;
    assert!(matches!(end, Some(StreamEnd::Unreadable { .. })), "{end:?}");
}

#[tokio::test]
async fn the_request_names_services_and_token_and_no_origin() {
    let (sent, mut seen) = tokio::sync::mpsc::channel(1);
    let route = get(
        move |Query(query): Query<BTreeMap<String, String>>,
              headers: HeaderMap,
              upgrade: WebSocketUpgrade| async move {
            sent.send((query, headers)).await.unwrap();
            upgrade.on_upgrade(|_| async {})
        },
    );
    let (_server, gateway, owner) = provider(Router::new().route("/lease/{d}/{g}/{o}/logs", route)).await;
    let filter = LogFilter { services: vec!["ray-head".into(), "a;b&c".into()], follow: true, tail: Some(5) };
    let token = token(&owner);
    drop(gateway.logs(&lease(&owner), &filter, &token).await.unwrap());
    let (query, headers) = seen.recv().await.unwrap();
    let wanted = [("follow", "true"), ("service", "ray-head,a;b&c"), ("tail", "5")];
    assert_eq!(query, wanted.map(|(k, v)| (k.to_owned(), v.to_owned())).into());
    assert_eq!(headers[header::AUTHORIZATION], token.header_value().as_str());
    assert!(!headers.contains_key(header::ORIGIN), "providers refuse foreign origins");
}

#[tokio::test]
async fn events_have_a_reason_and_an_object() {
    let frame = r#"{"type":"Warning","reason":"BackOff","note":"image","object":{"kind":"Pod","namespace":"x","name":"web-1"}}"#;
    let (_server, gateway, owner) =
        provider(says("kubeevents", vec![Message::Text(frame.into()), close(1000, "")])).await;
    let stream = gateway.events(&lease(&owner), false, &token(&owner)).await.unwrap();
    let events: Vec<_> = pin!(stream).collect().await;
    let [Ok(event)] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!(
        (event.kind.as_str(), event.reason.as_str(), event.note.as_str()),
        ("Warning", "BackOff", "image")
    );
    assert_eq!((event.object.kind.as_str(), event.object.name.as_str()), ("Pod", "web-1"));
}

#[tokio::test]
async fn a_refused_upgrade_is_an_answer() {
    let body = r#"{"message":"unauthorized access"}"#;
    let route = get(move || async move { (StatusCode::UNAUTHORIZED, body) });
    let (_server, gateway, owner) = provider(Router::new().route("/lease/{d}/{g}/{o}/logs", route)).await;
    let error = gateway.logs(&lease(&owner), &LogFilter::default(), &token(&owner)).await.err().unwrap();
    assert!(matches!(error, GatewayError::Token { status: 401, .. }), "{error}");
}
