//! The WebSockets: events and logs.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use akash_wallet::Scope;
use axum::Extension;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use futures_util::stream::{self, Stream, StreamExt as _};
use serde_json::json;
use tokio::time::{Instant, interval_at};

use super::access::{Caller, Numbers};
use super::{Gateway, go, query, reply};
use crate::provider::pods::{Lease, Pod, Tail};

/// How often the gateway pings.
const PING: Duration = Duration::from_secs(10);

/// Normal end of a list of events.
const DONE: u16 = 1000;
/// Anything that went wrong.
const FAILED: u16 = 4000;
/// Nothing of the lease is here.
const NO_LEASE: u16 = 4001;

/// No pod of the lease is one that was asked for.
const NO_PODS: &str = "no running pods";

/// Text frames, one after the other.
type Frames = Pin<Box<dyn Stream<Item = String> + Send>>;

/// What a socket does once it is open.
enum Plan {
    Refuse {
        code: u16,
        reason: &'static str,
    },
    /// Sends the frames and then the code; without one the connection just ends, as the real gateway's do.
    Send {
        frames: Frames,
        then: Option<u16>,
    },
}

/// `GET /lease/…/kubeevents`
pub(super) async fn events(
    State(gateway): State<Arc<Gateway>>,
    Extension(caller): Extension<Caller>,
    Path(numbers): Path<Numbers>,
    RawQuery(query): RawQuery,
    upgrade: WebSocketUpgrade,
) -> Response {
    let lease = match caller.lease(&gateway.me, &numbers, &[Scope::Events]) {
        Ok(lease) => lease,
        Err(refusal) => return refusal,
    };
    let query = query::read(query.as_deref());
    let follow = match follow(&query) {
        Ok(follow) => follow,
        Err(problem) => return reply::text(400, &problem),
    };
    // The real filter matches nothing: events do not carry the label that it looks at.
    let filtered = query.get("service").is_some_and(|service| !service.is_empty());
    let plan = match lease.and_then(|lease| gateway.book.pods(&lease)) {
        None => Plan::Refuse { code: NO_LEASE, reason: "" },
        Some(_) if filtered => Plan::Refuse { code: DONE, reason: "" },
        Some(lease) => Plan::Send { frames: event_frames(&lease, follow), then: Some(DONE) },
    };
    upgrade.on_upgrade(|socket| run(socket, plan))
}

/// A list, and what comes after it. As on a real cluster the end of the namespace does not end the watch, only that of the sandbox does.
fn event_frames(lease: &Lease, follow: bool) -> Frames {
    let (events, stop) = (Arc::clone(&lease.events), lease.stop_token());
    let mut length = events.watch();
    let (first, mut told) = events.list();
    Box::pin(async_stream::stream! {
        for event in first {
            yield frame(&event);
        }
        if !follow {
            return;
        }
        loop {
            let more = events.since(told);
            told += more.len();
            let nothing = more.is_empty();
            for event in more {
                yield frame(&event);
            }
            let changed = async { nothing && length.changed().await.is_err() };
            match stop.run_until_cancelled(changed).await {
                Some(false) => {}
                Some(true) | None => break,
            }
        }
    })
}

/// `GET /lease/…/logs`
pub(super) async fn logs(
    State(gateway): State<Arc<Gateway>>,
    Extension(caller): Extension<Caller>,
    Path(numbers): Path<Numbers>,
    RawQuery(query): RawQuery,
    upgrade: WebSocketUpgrade,
) -> Response {
    let lease = match caller.lease(&gateway.me, &numbers, &[Scope::Logs]) {
        Ok(lease) => lease,
        Err(refusal) => return refusal,
    };
    let query = query::read(query.as_deref());
    let asked = follow(&query).and_then(|follow| Ok((follow, last(&query)?, services(&query)?)));
    let (follow, last, services) = match asked {
        Ok(asked) => asked,
        Err(problem) => return reply::text(400, &problem),
    };
    let plan = match lease.and_then(|lease| gateway.book.pods(&lease)) {
        None if !gateway.cluster.kubernetes => Plan::Refuse { code: FAILED, reason: NO_PODS },
        None => Plan::Refuse { code: NO_LEASE, reason: "" },
        Some(lease) => log_plan(&lease, &services, last, follow).await,
    };
    upgrade.on_upgrade(|socket| run(socket, plan))
}

/// Every selected pod must have said something, or could have: one that still waits for its image fails the request.
async fn log_plan(lease: &Lease, services: &[String], last: Option<usize>, follow: bool) -> Plan {
    let mut pods = lease.pods();
    pods.retain(|pod| services.is_empty() || services.contains(&pod.service));
    if pods.is_empty() {
        return Plan::Refuse { code: FAILED, reason: NO_PODS };
    }
    let mut all = Vec::new();
    for pod in pods {
        match Tail::open(&pod, last, follow).await {
            Some(tail) => all.push(log_frames(pod, tail)),
            None => return Plan::Refuse { code: FAILED, reason: "" },
        }
    }
    Plan::Send { frames: Box::pin(stream::select_all(all)), then: None }
}

fn log_frames(pod: Arc<Pod>, mut tail: Tail) -> Frames {
    Box::pin(async_stream::stream! {
        while let Some(line) = tail.next().await {
            yield frame(&json!({ "name": pod.name, "message": line }));
        }
    })
}

fn frame<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).map(|text| text + "\n").unwrap_or_default()
}

fn follow(query: &BTreeMap<String, String>) -> Result<bool, String> {
    query.get("follow").filter(|text| !text.is_empty()).map_or(Ok(false), |text| go::boolean(text))
}

/// `tail`: the last lines only; −1 is all of them.
fn last(query: &BTreeMap<String, String>) -> Result<Option<usize>, String> {
    let Some(text) = query.get("tail").filter(|text| !text.is_empty()) else { return Ok(None) };
    let number: i64 =
        text.parse().map_err(|_| format!("strconv.ParseInt: parsing {text:?}: invalid syntax"))?;
    match number {
        -1 => Ok(None),
        ..-1 => Err("parameter \"tail\" contains invalid value".to_owned()),
        0.. => Ok(usize::try_from(number).ok()),
    }
}

/// `service`, not `services`: that one is ignored, as the real gateway does.
fn services(query: &BTreeMap<String, String>) -> Result<Vec<String>, String> {
    let Some(text) = query.get("service").filter(|text| !text.is_empty()) else { return Ok(Vec::new()) };
    if text.ends_with(',') {
        return Err("parameter \"service\" must not contain trailing comma".to_owned());
    }
    Ok(text.split(',').map(str::to_owned).collect())
}

async fn run(mut socket: WebSocket, plan: Plan) {
    let end = match plan {
        Plan::Refuse { code, reason } => Some((code, reason)),
        Plan::Send { frames, then } => match send(&mut socket, frames).await {
            Some(()) => then.map(|code| (code, "")),
            None => return,
        },
    };
    if let Some((code, reason)) = end {
        let frame = CloseFrame { code, reason: reason.into() };
        if socket.send(Message::Close(Some(frame))).await.is_ok() {
            // The client answers with its own close frame and ends the connection.
            let answer = async { while let Some(Ok(_)) = socket.recv().await {} };
            tokio::time::timeout(Duration::from_secs(2), answer).await.ok();
        }
    }
}

/// Sends all frames, with pings between; `None` when the client went away.
async fn send(socket: &mut WebSocket, mut frames: Frames) -> Option<()> {
    let mut pings = interval_at(Instant::now() + PING, PING);
    loop {
        let message = tokio::select! {
            frame = frames.next() => match frame {
                Some(frame) => Message::Text(frame.into()),
                None => return Some(()),
            },
            _ = pings.tick() => Message::Ping(Vec::new().into()),
            heard = socket.recv() => match heard {
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(_)) => continue,
            },
        };
        socket.send(message).await.ok()?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_read_as_the_real_gateway_reads_them() {
        let query = |text: &str| -> BTreeMap<String, String> {
            let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
            pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
        };
        let read = |text: &str| {
            let query = query(text);
            follow(&query).and_then(|follow| Ok((follow, last(&query)?, services(&query)?)))
        };
        let web = vec!["web".to_owned()];
        assert_eq!(read(""), Ok((false, None, Vec::new())));
        assert_eq!(read("follow=true&tail=2&service=web"), Ok((true, Some(2), web)));
        assert_eq!(read("follow=0&tail=-1&services=web"), Ok((false, None, Vec::new())));
        for bad in ["follow=maybe", "tail=-2", "tail=x", "service=web,"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
