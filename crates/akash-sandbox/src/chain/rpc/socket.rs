//! A WebSocket: every method, and subscriptions to what happens in new blocks.

use std::collections::BTreeMap;

use axum::extract::ws::{Message, WebSocket};
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use serde_json::{Map, Value, json};

use super::args::Args;
use super::envelope::{self, Failure, Request};
use super::event_query::{Events, Query};
use super::{Rpc, block, search, tx};
use crate::chain::grpc;
use crate::market::Block;

/// How many subscriptions one client may have: CometBFT's default.
const MOST: usize = 5;

/// Something that happened, as subscribers are told.
struct Happened {
    kind: &'static str,
    value: Value,
    events: Events,
}

/// The subscriptions of one client: the query, and the id that every answer to it bears.
#[derive(Debug, Default)]
struct Subscriptions(BTreeMap<String, (Query, Value)>);

/// Serves one client until it goes or the chain stops.
pub(super) async fn serve(rpc: Rpc, mut socket: WebSocket) {
    let mut tip = rpc.node.tip();
    let mut told = *tip.borrow_and_update();
    let mut subscriptions = Subscriptions::default();
    let mut asked = FuturesUnordered::new();
    loop {
        let mut outgoing = Vec::new();
        tokio::select! {
            () = rpc.stop.cancelled() => return,
            message = socket.recv() => match message {
                Some(Ok(Message::Text(text))) => match requests(&text) {
                    Ok(requests) => for request in requests {
                        match subscriptions.take(&request) {
                            Some(answer) => outgoing.push(envelope::response(&id(&request), answer)),
                            None => asked.push(rpc.respond(request)),
                        }
                    },
                    Err(failure) => outgoing.push(envelope::response(&Value::Null, Err(failure))),
                },
                // After a wish to close comes the end of the stream, when the wish has been answered.
                Some(Ok(Message::Binary(_) | Message::Ping(_) | Message::Pong(_) | Message::Close(_))) => {}
                Some(Err(_)) | None => return,
            },
            Some(response) = asked.next(), if !asked.is_empty() => outgoing.extend(response),
            changed = tip.changed() => {
                if changed.is_err() {
                    return;
                }
                let _newest = tip.borrow_and_update();
                for block in rpc.node.blocks_from(told.plus(1)) {
                    told = block.height;
                    if !subscriptions.0.is_empty() {
                        outgoing.extend(subscriptions.tell(&happened(&rpc, &block)));
                    }
                }
            }
        }
        for response in outgoing {
            if socket.send(Message::text(response.to_string())).await.is_err() {
                return;
            }
        }
    }
}

/// One request or a batch.
fn requests(text: &str) -> Result<Vec<Value>, Failure> {
    match serde_json::from_str(text) {
        Ok(Value::Array(requests)) => Ok(requests),
        Ok(request) => Ok(vec![request]),
        Err(error) => Err(Failure::unreadable(&error)),
    }
}

fn id(request: &Value) -> Value {
    request.get("id").cloned().unwrap_or_default()
}

impl Subscriptions {
    /// Takes a request that is about subscriptions; `None` leaves it to the others.
    fn take(&mut self, request: &Value) -> Option<Result<Value, Failure>> {
        let method = request.get("method").and_then(Value::as_str)?;
        if !matches!(method, "subscribe" | "unsubscribe" | "unsubscribe_all") {
            return None;
        }
        let Ok(Some(Request { id, params, .. })) = Request::read(request.clone()) else { return None };
        let answer = match method {
            "subscribe" => self.subscribe(params, id),
            "unsubscribe" => self.unsubscribe(params),
            _ => self.clear(),
        };
        Some(answer.map(|()| Map::new().into()))
    }

    fn subscribe(&mut self, params: Value, id: Value) -> Result<(), Failure> {
        let text = Args::listed(params, &["query"])?.text("query")?;
        if self.0.len() >= MOST {
            return Err(Failure::internal(format!("max_subscriptions_per_client {MOST} reached")));
        }
        let query = Query::parse(&text)
            .map_err(|error| Failure::internal(format!("failed to parse query: {error}")))?;
        if self.0.contains_key(&text) {
            return Err(Failure::internal("already subscribed"));
        }
        self.0.insert(text, (query, id));
        Ok(())
    }

    fn unsubscribe(&mut self, params: Value) -> Result<(), Failure> {
        let text = Args::listed(params, &["query"])?.text("query")?;
        self.0.remove(&text).map(|_| ()).ok_or_else(unknown)
    }

    fn clear(&mut self) -> Result<(), Failure> {
        if self.0.is_empty() {
            return Err(unknown());
        }
        self.0.clear();
        Ok(())
    }

    /// What to tell the client of what happened.
    fn tell(&self, happened: &[Happened]) -> Vec<Value> {
        let mut told = Vec::new();
        for Happened { kind, value, events } in happened {
            for (query, (_, id)) in self.0.iter().filter(|(_, (query, _))| query.matches(events)) {
                let data = json!({ "type": format!("tendermint/event/{kind}"), "value": value });
                let result = json!({ "query": query, "data": data, "events": events });
                told.push(envelope::response(id, Ok(result)));
            }
        }
        told
    }
}

fn unknown() -> Failure {
    Failure::internal("subscription not found")
}

/// What a new block tells, in a node's order.
fn happened(rpc: &Rpc, block: &Block) -> Vec<Happened> {
    let Some(sealed) = rpc.node.sealed(block.height) else { return Vec::new() };
    let events = |kind: &str, mut known: Events| {
        known.insert("tm.event".to_owned(), vec![kind.to_owned()]);
        known
    };
    let header = sealed.block.header.as_ref().map(block::header_json);
    let whole = json!({
        "block": block::block_json(&sealed),
        "block_id": sealed.id,
        "result_finalize_block": block::finalized(block),
    });
    let count = block.txs.len().to_string();
    let happened = grpc::events(&block.events, true);
    let own = json!({ "height": block.height.to_string(), "events": happened, "num_txs": count });
    let mut all = vec![
        Happened { kind: "NewBlock", value: whole, events: events("NewBlock", search::known(&block.events)) },
        Happened {
            kind: "NewBlockHeader",
            value: json!({ "header": header }),
            events: events("NewBlockHeader", Events::new()),
        },
        Happened {
            kind: "NewBlockEvents",
            value: own,
            events: events("NewBlockEvents", search::events_of_block(block)),
        },
    ];
    for (place, delivered) in block.txs.iter().enumerate() {
        let value = short(json!({
            "height": block.height.to_string(),
            "index": place,
            "tx": tx::base64(&delivered.tx.bytes),
            "result": short(tx::result_json(delivered)),
        }));
        let events = search::events_of_tx(block, delivered);
        all.push(Happened { kind: "Tx", value: json!({ "TxResult": value }), events });
    }
    all
}

/// An object without the fields that are empty, as events have it.
fn short(result: Value) -> Value {
    match result {
        Value::Object(fields) => {
            let said = |value: &Value| *value != json!(0) && *value != json!("") && !value.is_null();
            Value::Object(fields.into_iter().filter(|(_, value)| said(value)).collect())
        }
        other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => {
            other
        }
    }
}
