//! Events, as they happen: server-sent, resumable by their numbers.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::Sse;
use axum::response::sse::{Event as Frame, KeepAlive};
use futures_util::{Stream, StreamExt as _};
use rayakash_api::v1;
use rayakash_ledger::{EventRow, Ledger, LedgerError};
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
    let ledger = Arc::clone(&service.world().ledger);
    let rows = rows(ledger, which.cluster, resumed.or(which.after), which.follow.unwrap_or(true));
    let frames = rows.map(|row| {
        Ok(match row {
            Ok(row) => frame(row),
            Err(error) => {
                tracing::warn!(error = %error, "events cannot be read");
                Frame::default().event("resync")
            }
        })
    });
    // A follower must not hold up a daemon that stops.
    let frames = frames.take_until(service.stop.clone().cancelled_owned());
    Sse::new(frames).keep_alive(KeepAlive::new().interval(Duration::from_secs(15)))
}

/// Events behind `after`, or from now on; then those to come, or the end. An error is the last item.
fn rows(
    ledger: Arc<Ledger>,
    cluster: Option<String>,
    after: Option<u64>,
    follow: bool,
) -> impl Stream<Item = Result<EventRow, LedgerError>> + Send {
    let mut newest = ledger.subscribe();
    let mut after = after.unwrap_or(*newest.borrow());
    async_stream::try_stream! {
        loop {
            let page = ledger.events(after, cluster.as_deref(), PAGE).await?;
            if page.is_empty() && (!follow || newest.changed().await.is_err()) {
                return;
            }
            for row in page {
                after = row.seq;
                yield row;
            }
        }
    }
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

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use rayakash_engine::ports::Ledger as _;

    use super::*;

    async fn say(ledger: &Ledger, cluster: &str, words: &str) {
        ledger.say(&cluster.parse().unwrap(), words, "").await.unwrap();
    }

    async fn texts(rows: impl Stream<Item = Result<EventRow, LedgerError>>) -> Vec<String> {
        rows.map(|row| row.unwrap().text).collect().await
    }

    #[tokio::test]
    async fn what_is_past_comes_only_when_asked_for_and_what_does_not_follow_ends() {
        let home = tempfile::tempdir().unwrap();
        let ledger = Arc::new(Ledger::open(&home.path().join("l"), |_| Err(String::new())).unwrap());
        for (cluster, words) in [("a", "one"), ("b", "two"), ("a", "three")] {
            say(&ledger, cluster, words).await;
        }
        let get = |cluster: Option<&str>, after, follow| {
            rows(Arc::clone(&ledger), cluster.map(str::to_owned), after, follow)
        };
        assert_eq!(texts(get(None, Some(0), false)).await, ["one", "two", "three"]);
        assert_eq!(texts(get(Some("a"), Some(1), false)).await, ["three"]);
        assert!(texts(get(None, None, false)).await.is_empty());
        let mut coming = pin!(get(Some("a"), None, true));
        say(&ledger, "b", "four").await;
        say(&ledger, "a", "five").await;
        assert_eq!(coming.next().await.unwrap().unwrap().text, "five");
    }
}
