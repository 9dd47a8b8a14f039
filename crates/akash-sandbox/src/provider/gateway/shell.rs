//! `GET /lease/…/shell`: a command in a container, over a WebSocket of binary frames that start with a code.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use akash_wallet::Scope;
use axum::Extension;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use futures_util::stream::SplitSink;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio::time::{Instant, Interval, interval_at};

use super::access::{Caller, Numbers};
use super::{Gateway, query, reply};
use crate::provider::pods::{Exec, Lease, Line, Phase, read};

/// How often the gateway pings.
const PING: Duration = Duration::from_secs(10);

/// What the command said.
const OUTPUT: u8 = 100;
const ERRORS: u8 = 101;
/// How it ended.
const RESULT: u8 = 102;
/// It could not be run; the real gateway does not say why either.
const FAILURE: u8 = 103;
/// From the client: input, and the size of the terminal.
const INPUT: u8 = 104;
const SIZE: u8 = 105;

/// What a socket does once it is open.
enum Plan {
    Run(Box<Exec>),
    /// A result without a command.
    Result(Option<String>),
    Failure,
    /// Nothing ever: without a cluster the real handler breaks and leaves the connection open.
    Nothing,
}

/// What a query asks for.
#[derive(Debug, PartialEq, Eq)]
struct Asked {
    service: String,
    pod: usize,
    terminal: bool,
    input: bool,
    words: Vec<String>,
}

/// The route.
pub(super) async fn shell(
    State(gateway): State<Arc<Gateway>>,
    Extension(caller): Extension<Caller>,
    Path(numbers): Path<Numbers>,
    RawQuery(text): RawQuery,
    upgrade: WebSocketUpgrade,
) -> Response {
    let lease = match caller.lease(&gateway.me, &numbers, &[Scope::Shell]) {
        Ok(lease) => lease,
        Err(refusal) => return refusal,
    };
    let Some(asked) = asked(&query::read(text.as_deref())) else { return reply::empty(400) };
    let plan = match lease.and_then(|lease| gateway.book.pods(&lease)) {
        _ if !gateway.cluster.kubernetes => Plan::Nothing,
        Some(lease) => plan(&lease, asked),
        None => Plan::Result(None),
    };
    upgrade.on_upgrade(|socket| run(socket, plan))
}

/// All names are needed, empty words end the command.
fn asked(query: &BTreeMap<String, String>) -> Option<Asked> {
    let get = |name: &str| query.get(name).filter(|value| !value.is_empty());
    let words: Vec<String> = (0..).map_while(|n| get(&format!("cmd{n}")).cloned()).collect();
    let pod = get("podIndex")?;
    let pod = match pod.strip_prefix("0x") {
        Some(hex) => usize::from_str_radix(hex, 16).ok()?,
        None => pod.parse().ok()?,
    };
    let is_one = |name: &str| query.get(name).map(|value| value == "1");
    let (terminal, input) = (is_one("tty")?, is_one("stdin")?);
    let service = get("service")?.clone();
    (!words.is_empty()).then_some(Asked { service, pod, terminal, input, words })
}

/// A lease that is over, that has no pods yet, or whose service has a RAM volume gives a result without a command: the real gateway
/// does not find the object that it looks for, and says that all went well.
fn plan(lease: &Lease, asked: Asked) -> Plan {
    let refused = |text: String| Plan::Result(Some(text));
    if lease.is_closing() || lease.is_empty() {
        return Plan::Result(None);
    }
    match lease.has_ram_volume(&asked.service) {
        None => return refused("kube: no service for that lease".to_owned()),
        Some(true) => return Plan::Result(None),
        Some(false) => {}
    }
    let mut pods = lease.pods();
    pods.retain(|pod| pod.service == asked.service);
    if !pods.iter().any(|pod| pod.phase() == Phase::Running) {
        return refused("no active replicase for service".to_owned());
    }
    pods.sort_by(|a, b| a.name.cmp(&b.name));
    let Some(pod) = pods.get(asked.pod) else {
        let last = pods.len() - 1;
        return refused(format!(
            "remote command execute error: pod index out of range: valid range is [0, {last}]"
        ));
    };
    if !matches!(pod.phase(), Phase::Running | Phase::Ending) {
        return Plan::Failure;
    }
    let line = Line { words: asked.words, terminal: asked.terminal, input: asked.input };
    match Exec::start(pod, &line) {
        Ok(exec) => Plan::Run(Box::new(exec)),
        Err(problem) if problem.kind() == io::ErrorKind::NotFound => {
            refused("command could not be executed because it does not exist".to_owned())
        }
        Err(problem) => {
            tracing::info!(pod = pod.name, %problem, "command not run");
            Plan::Failure
        }
    }
}

type Sink = SplitSink<WebSocket, Message>;

async fn run(socket: WebSocket, plan: Plan) {
    let (mut sink, mut stream) = socket.split();
    let last = match plan {
        Plan::Nothing => {
            while let Some(Ok(_)) = stream.next().await {}
            return;
        }
        Plan::Failure => vec![FAILURE],
        Plan::Result(message) => result(0, message.as_deref()),
        Plan::Run(exec) => follow(*exec, &mut sink, stream).await,
    };
    // Then the connection ends, without a close frame. The client may be gone already.
    sink.send(Message::Binary(last.into())).await.ok();
    sink.flush().await.ok();
}

fn result(code: i32, message: Option<&str>) -> Vec<u8> {
    let mut value = json!({ "exit_code": code });
    if let (Some(fields), Some(message)) = (value.as_object_mut(), message) {
        fields.insert("message".into(), message.into());
    }
    [&[RESULT], value.to_string().as_bytes(), b"\n"].concat()
}

/// Carries a command's streams until both have ended; its last frame. A client that goes away does not end the command.
async fn follow(
    mut exec: Exec,
    sink: &mut Sink,
    mut stream: futures_util::stream::SplitStream<WebSocket>,
) -> Vec<u8> {
    let (mut output, mut errors) = (exec.output.take(), exec.errors.take());
    let (mut input, resize) = (exec.input.take(), exec.resizer());
    let mut pings: Interval = interval_at(Instant::now() + PING, PING);
    while output.is_some() || errors.is_some() {
        let frame = tokio::select! {
            bytes = read(&mut output), if output.is_some() => match bytes {
                Some(bytes) => framed(OUTPUT, &bytes),
                None => continue,
            },
            bytes = read(&mut errors), if errors.is_some() => match bytes {
                Some(bytes) => framed(ERRORS, &bytes),
                None => continue,
            },
            _ = pings.tick() => Message::Ping(Vec::new().into()),
            heard = stream.next(), if input.is_some() => {
                let carried = match heard {
                    Some(Ok(Message::Binary(bytes))) => carry(&bytes, &mut input, &resize).await,
                    Some(Ok(Message::Close(_)) | Err(_)) | None => false,
                    Some(Ok(Message::Text(_) | Message::Ping(_) | Message::Pong(_))) => true,
                };
                if !carried {
                    input = None;
                }
                continue;
            }
        };
        sink.send(frame).await.ok();
    }
    match exec.wait().await {
        Ok(code) => result(code, None),
        Err(_) => vec![FAILURE],
    }
}

fn framed(code: u8, bytes: &[u8]) -> Message {
    Message::Binary([&[code], bytes].concat().into())
}

/// Carries a client's frame to the command; false when no more can follow.
async fn carry(
    frame: &[u8],
    input: &mut Option<Box<dyn tokio::io::AsyncWrite + Send + Unpin>>,
    resize: &impl Fn(u16, u16),
) -> bool {
    match (frame, input) {
        ([INPUT, bytes @ ..], Some(input)) => {
            input.write_all(bytes).await.is_ok() && input.flush().await.is_ok()
        }
        ([SIZE, a, b, c, d], _) => {
            resize(u16::from_be_bytes([*a, *b]), u16::from_be_bytes([*c, *d]));
            true
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_names_are_needed_and_an_empty_word_ends_the_command() {
        let read = |text: &str| asked(&query::read(Some(text)));
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let good = "service=web&podIndex=0x1&tty=1&stdin=0&cmd0=sh&cmd1=-c&cmd2=&cmd3=x";
        assert_eq!(
            read(good),
            Some(Asked {
                service: "web".into(),
                pod: 1,
                terminal: true,
                input: false,
                words: words(&["sh", "-c"])
            })
        );
        for name in ["service", "podIndex", "tty", "stdin", "cmd0"] {
            assert_eq!(read(&good.replace(name, "other")), None, "{name}");
        }
        assert_eq!(read(&good.replace("0x1", "-1")), None);
    }

    #[test]
    fn a_result_is_json_with_a_newline() {
        assert_eq!(result(3, None), b"f{\"exit_code\":3}\n");
        assert_eq!(result(0, Some("x")), b"f{\"exit_code\":0,\"message\":\"x\"}\n");
    }
}
