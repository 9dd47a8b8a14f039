//! Events, as they happen: server-sent, resumable by their numbers.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::Sse;
use axum::response::sse::{Event as Frame, KeepAlive};
use futures_util::Stream;
use rayakash_api::v1;
use rayakash_ledger::EventRow;
use serde::Deserialize;

use crate::service::Service;

/// So many events are read at once.
const PAGE: u32 = 200;

#[derive(Deserialize)]
pub(crate) struct Which {
    cluster: Option<String>,
    after: Option<u64>,
    follow: Option<bool>,
}

pub(crate) async fn events(
    State(service): State<Arc<Service>>,
    Query(which): Query<Which>,
    headers: HeaderMap,
) -> Sse<impl Stream<Item = Result<Frame, Infallible>>> {
    let resumed = headers.get("last-event-id").and_then(|id| id.to_str().ok()).and_then(|id| id.parse().ok());
    let follow = which.follow.unwrap_or(true);
    let mut newest = service.ledger().subscribe();
    // Who follows without a number wants what happens from now on; who does not follow wants what happened.
    let begin = if follow { *newest.borrow() } else { 0 };
    let mut after: u64 = resumed.or(which.after).unwrap_or(begin);
    let stream = async_stream::stream! {
        loop {
            match service.ledger().events(after, which.cluster.as_deref(), PAGE).await {
                Ok(rows) if rows.is_empty() => {
                    if !follow || newest.changed().await.is_err() {
                        return;
                    }
                }
                Ok(rows) => {
                    for row in rows {
                        after = row.seq;
                        yield Ok(frame(row));
                    }
                }
                Err(error) => {
                    tracing::warn!(error = %error, "events cannot be read");
                    yield Ok(Frame::default().event("resync"));
                    return;
                }
            }
        }
    };
    Sse::new(stream).keep_alive(KeepAlive::new().interval(Duration::from_secs(15)))
}

fn frame(row: EventRow) -> Frame {
    let id = row.seq.to_string();
    let event = v1::Event {
        id: row.seq,
        at_ms: row.unix_ms,
        cluster: row.cluster,
        kind: row.kind.word().to_owned(),
        text: row.text,
        // The ledger writes objects only.
        fields: serde_json::from_str(&row.data).unwrap_or_default(),
    };
    Frame::default().id(id).json_data(event).unwrap_or_default()
}
