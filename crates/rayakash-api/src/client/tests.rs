//! Against a real socket, with a daemon that says what the test wants.

use super::*;
use futures_util::{StreamExt as _, TryStreamExt as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};

/// A socket in a folder of its own, and what listens on it.
fn socket() -> (tempfile::TempDir, UnixListener, Client) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let listener = UnixListener::bind(&path).unwrap();
    (folder, listener, Client::new(path))
}

/// Takes one connection, reads the head of one request, answers.
async fn answer(listener: &UnixListener, answer: &str) -> (String, UnixStream) {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    stream.write_all(answer.as_bytes()).await.unwrap();
    (String::from_utf8(head).unwrap(), stream)
}

fn ok(kind: &str, body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

#[tokio::test]
async fn nobody_listens() {
    let folder = tempfile::tempdir().unwrap();
    let error = Client::new(folder.path().join("none")).version().await.unwrap_err();
    assert!(matches!(error, Error::NoDaemon { .. }));
    assert_eq!(error.recovery(), Recovery::Retry);
    assert_eq!(Problem::from(error).code, Code::NoDaemon);
}

#[tokio::test]
async fn an_answer_is_read_and_a_name_cannot_become_a_path() {
    let (_folder, listener, client) = socket();
    let body = ok("application/json", r#"{"token":"abc"}"#);
    let (token, (head, _)) = tokio::join!(client.token("../x?y=1#z"), answer(&listener, &body));
    assert_eq!(token.unwrap().token.expose(), "abc");
    assert!(head.starts_with("GET /v1/clusters/..%2Fx%3Fy%3D1%23z/token HTTP/1.1\r\n"), "{head}");
}

#[tokio::test]
async fn a_refusal_keeps_its_code() {
    let (_folder, listener, client) = socket();
    let body = serde_json::to_string(&Problem::new(Code::NotFound, "no cluster `a`")).unwrap();
    let text = format!(
        "HTTP/1.1 404 Not Found\r\ncontent-type: application/problem+json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let (got, _) = tokio::join!(client.cluster("a"), answer(&listener, &text));
    let problem = Problem::from(got.unwrap_err());
    assert_eq!((problem.code, problem.detail.as_str()), (Code::NotFound, "no cluster `a`"));
}

#[tokio::test]
async fn health_is_read_although_it_is_bad() {
    let (_folder, listener, client) = socket();
    let body = r#"{"ok":false,"checks":[]}"#;
    let text = format!(
        "HTTP/1.1 503 No\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let (got, _) = tokio::join!(client.ready(), answer(&listener, &text));
    assert!(!got.unwrap().ok);
}

#[tokio::test]
async fn a_daemon_that_hangs_up_is_told() {
    let (_folder, listener, client) = socket();
    let (got, _) = tokio::join!(client.wallet(), async { drop(answer(&listener, "").await) });
    assert!(matches!(got, Err(Error::Broken { .. })), "{got:?}");
}

#[tokio::test]
async fn lines_stream() {
    let (_folder, listener, client) = socket();
    let body = "{\"node\":\"ray-head\",\"text\":\"a\"}\n{\"node\":\"ray-head\",\"text\":\"b\"}\n";
    let text = ok("application/x-ndjson", body);
    let logs = client.logs("a", Some("ray-head"), false);
    let (got, (head, _)) = tokio::join!(logs.try_collect::<Vec<_>>(), answer(&listener, &text));
    assert_eq!(got.unwrap().iter().map(|line| line.text.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    assert!(head.contains("/logs?follow=false&node=ray-head"), "{head}");
}

#[tokio::test]
async fn events_resume_behind_the_last_one() {
    let (_folder, listener, client) = socket();
    let event = |id: u64| {
        format!("id: {id}\ndata: {{\"id\":{id},\"at_ms\":1,\"kind\":\"phase\",\"text\":\"t\"}}\n\n")
    };
    let first = format!("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n{}{}", event(1), event(2));
    let second = format!("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n{}", event(3));
    let daemon = async {
        drop(answer(&listener, &first).await);
        answer(&listener, &second).await
    };
    let events =
        Box::pin(client.events(&Events { cluster: Some("a"), after: Some(0), follow: true }).take(3));
    let (got, (head, _stream)) = tokio::join!(events.try_collect::<Vec<_>>(), daemon);
    assert_eq!(got.unwrap().iter().map(|event| event.id).collect::<Vec<_>>(), [1, 2, 3]);
    assert!(head.contains("last-event-id: 2") && head.contains("after=2&cluster=a"), "{head}");
}

#[tokio::test]
async fn a_tunnel_carries_bytes_both_ways() {
    let (_folder, listener, client) = socket();
    let daemon = async {
        let switch =
            "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: rayakash-tunnel\r\n\r\n";
        let (head, mut stream) = answer(&listener, switch).await;
        let mut four = [0; 4];
        stream.read_exact(&mut four).await.unwrap();
        stream.write_all(&four).await.unwrap();
        head
    };
    let user = async {
        let mut tunnel = client.tunnel("a", 8265).await.unwrap();
        tunnel.write_all(b"ping").await.unwrap();
        let mut four = [0; 4];
        tunnel.read_exact(&mut four).await.unwrap();
        four
    };
    let (four, head) = tokio::join!(user, daemon);
    assert_eq!(&four, b"ping");
    assert!(head.to_lowercase().contains("upgrade: rayakash-tunnel"), "{head}");
}

#[test]
fn names_are_escaped() {
    for (text, escaped) in [("a-1", "a-1"), ("..", "%2E%2E"), ("a/b", "a%2Fb"), ("ü", "%C3%BC"), ("%", "%25")]
    {
        assert_eq!(escape(text), escaped);
    }
}

#[tokio::test]
async fn lines_that_end_early_say_why() {
    let (_folder, listener, client) = socket();
    let problem = serde_json::to_string(&Problem::new(Code::NotReady, "no container is running")).unwrap();
    let body = ok("application/x-ndjson", &format!("{{\"node\":\"a\",\"text\":\"b\"}}\n{problem}\n"));
    let (got, _) = tokio::join!(client.logs("a", None, false).collect::<Vec<_>>(), answer(&listener, &body));
    let [Ok(line), Err(Error::Refused(end))] = &got[..] else { panic!("{got:?}") };
    assert_eq!((line.text.as_str(), end.detail.as_str()), ("b", "no container is running"));
}
