//! Answers of CometBFT's RPC whose request is not in the recording: made again as in [`crate::made`].
//!
//! Hashes, signatures and the heights of blocks that the recording does not lead to are another chain's; what is left of the answer must
//! be the same. Events of modules that the sandbox has not (staking, minting) are left out on both sides.

use std::error::Error;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::begin::between;
use crate::compare::{differences, plain};
use crate::made::{ANYBODY, Found, garbage};
use crate::node::Node;
use crate::recording::{Step, number};

impl Node {
    pub(crate) async fn remake_rpc(&mut self, step: &Step) -> Found {
        let body = step.get("body").cloned().unwrap_or_default();
        let failure = body.pointer("/error/data").and_then(Value::as_str).unwrap_or_default().to_owned();
        let log = body.pointer("/result/log").and_then(Value::as_str).unwrap_or_default().to_owned();
        let ours = if failure.contains("already exists in cache") {
            let bytes = self.ordinary(ANYBODY).await?;
            self.rpc("broadcast_tx_sync", json!({ "tx": STANDARD.encode(&bytes) })).await?;
            let ours = self.rpc("broadcast_tx_sync", json!({ "tx": STANDARD.encode(&bytes) })).await?;
            self.block()?;
            ours
        } else if let Some(hash) = failure.strip_prefix("tx (").and_then(|f| f.split(')').next()) {
            let bytes: Vec<u8> = hex::decode(hash)?;
            self.rpc("tx", json!({ "hash": STANDARD.encode(bytes), "prove": false })).await?
        } else if let Some(wire_type) = between(&log, "wire type, got ", ":") {
            self.rpc("broadcast_tx_sync", json!({ "tx": STANDARD.encode(garbage(wire_type)?) })).await?
        } else if body.pointer("/result/tx_result").is_some() {
            return self.remake_commit(&body).await;
        } else if body.pointer("/result/txs_results").is_some() {
            let height = body.pointer("/result/height").cloned().unwrap_or_default();
            self.rpc("block_results", json!({ "height": height })).await?
        } else if body.pointer("/result/hash").is_some() {
            let bytes = self.ordinary(ANYBODY).await?;
            let ours = self.rpc("broadcast_tx_sync", json!({ "tx": STANDARD.encode(&bytes) })).await?;
            self.block()?;
            ours
        } else {
            return Ok(None);
        };
        Ok(Some(differences(&bare(&body), &bare(&ours))))
    }

    /// A transaction that was waited for: the deployment that its events tell, opened without a sequence where no sequence is told.
    async fn remake_commit(&mut self, body: &Value) -> Found {
        let told = body.to_string();
        let Some(dseq) = between(&told, r#"\"dseq\":\""#, r#"\""#) else { return Ok(None) };
        let Some(deposit) = told.split('"').find_map(|t| t.strip_suffix("uact")?.parse::<u128>().ok()) else {
            return Ok(None);
        };
        let owner = self.keys.address(ANYBODY)?.to_owned();
        let mut tx = self.keys.unsigned(&crate::made::deployment(&owner, dseq, deposit));
        let mut manner = self.keys.ordinary_manner(&self.rest, ANYBODY).await?;
        if !told.contains("acc_seq") {
            manner.sequence = 0;
            let now = self.seconds()?;
            if let Some(body) = tx.pointer_mut("/body").and_then(Value::as_object_mut) {
                body.insert("unordered".to_owned(), json!(true));
                body.insert("timeout_timestamp".to_owned(), json!(crate::begin::time_text(now + 60)?));
            }
        }
        let bytes = self.keys.sign(&self.rest, &tx, ANYBODY, &manner).await?;
        let asked = self.rpc("broadcast_tx_commit", json!({ "tx": STANDARD.encode(&bytes) }));
        let made = async {
            // The answer comes with the block; before that the transaction must be in the mempool.
            while self.waiting() == 0 {
                tokio::task::yield_now().await;
            }
            self.block()
        };
        let (ours, made) = tokio::join!(asked, made);
        made?;
        Ok(Some(differences(&bare(body), &bare(&ours?))))
    }

    /// An event that a subscription heard: of a transaction, which is in it, or of a block.
    pub(crate) async fn remake_event(&mut self, step: &Step) -> Found {
        let body = step.get("body").cloned().unwrap_or_default();
        let query = body.pointer("/result/query").and_then(Value::as_str).unwrap_or_default().to_owned();
        let id = body.get("id").cloned().unwrap_or_default();
        let (mut socket, _) =
            tokio_tungstenite::connect_async(format!("ws://{}/websocket", self.rpc_address())).await?;
        let asked =
            json!({ "jsonrpc": "2.0", "id": id, "method": "subscribe", "params": { "query": query } });
        socket.send(Message::text(asked.to_string())).await?;
        // First an empty answer: the subscription stands.
        let _stands = socket.next().await.ok_or("the socket closed")??;
        if let Some(result) = body.pointer("/result/data/value/TxResult") {
            let bytes = STANDARD.decode(result.get("tx").and_then(Value::as_str).unwrap_or_default())?;
            self.advance_to(number(result, "height").saturating_sub(1))?;
            let (status, answer) = self.rest.broadcast(&bytes, "BROADCAST_MODE_SYNC").await?;
            if answer.pointer("/tx_response/code") != Some(&json!(0)) {
                return Ok(Some(vec![format!("the transaction is refused ({status}): {answer}")]));
            }
        } else if let Some(header) = body.pointer("/result/data/value/header") {
            self.advance_to(number(header, "height").saturating_sub(1))?;
            while let Ok(Some(_earlier)) =
                tokio::time::timeout(std::time::Duration::from_millis(200), socket.next()).await
            {}
        }
        self.block()?;
        let heard = socket.next().await.ok_or("the socket closed")??;
        let ours: Value = serde_json::from_str(heard.to_text()?)?;
        Ok(Some(differences(&bare(&body), &bare(&ours))))
    }

    /// Events of the end of some block: the sandbox must have a block with all of Akash's among them.
    pub(crate) async fn remake_block_events(&mut self, events: &Value) -> Found {
        let wanted = akash(events);
        let mut height = 1;
        loop {
            let ours = self.rpc("block_results", json!({ "height": height.to_string() })).await?;
            let ours = akash(ours.pointer("/result/finalize_block_events").unwrap_or(&Value::Null));
            let has = |one: &Value| ours.iter().any(|own| differences(one, own).is_empty());
            if !wanted.is_empty() && wanted.iter().all(has) {
                return Ok(Some(Vec::new()));
            }
            if height == self.tip() && !self.one_block_later()? {
                return Ok(Some(vec!["no block of ours has these events".to_owned()]));
            }
            height += 1;
        }
    }

    async fn rpc(&self, method: &str, params: Value) -> Result<Value, Box<dyn Error>> {
        let asked = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        self.rest.post_to(&format!("http://{}", self.rpc_address()), &asked).await
    }
}

/// Akash's own events of a list.
fn akash(events: &Value) -> Vec<Value> {
    let own =
        |e: &&Value| e.get("type").and_then(Value::as_str).is_some_and(|kind| kind.starts_with("akash."));
    events.as_array().into_iter().flatten().filter(own).cloned().collect()
}

/// An answer without what is another chain's.
fn bare(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let fields = fields.iter().map(|(key, value)| {
                let value = match key.as_str() {
                    "gas_used" | "app_hash" | "tx" | "time" | "tx.signature" | "tx.hash" => Value::Null,
                    "height" | "tx.height" => Value::Null,
                    "finalize_block_events" => Value::Array(akash(value)),
                    _ => bare(value),
                };
                (key.clone(), value)
            });
            let mut fields: serde_json::Map<_, _> = fields.collect();
            // An attribute of an event.
            if fields.get("key").and_then(Value::as_str) == Some("signature") {
                fields.insert("value".to_owned(), Value::Null);
            }
            Value::Object(fields)
        }
        Value::Array(items) => items.iter().map(bare).collect(),
        Value::String(text) if is_digest(text) => Value::Null,
        Value::String(text) => json!(plain(text)),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

/// A SHA-256, or the 20 bytes of an address, in hexadecimal.
fn is_digest(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|b| b.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_another_chains_is_left_out_and_nothing_else() {
        let answer = json!({ "height": "684", "hash": "AB".repeat(32), "code": 0, "log": "x",
            "finalize_block_events": [{ "type": "mint" }, { "type": "akash.a" }] });
        let left = json!({ "height": null, "hash": null, "code": 0, "log": "x",
            "finalize_block_events": [{ "type": "akash.a" }] });
        assert_eq!(bare(&answer), left);
        assert_eq!(
            bare(&json!({ "key": "signature", "value": "AA" })),
            json!({ "key": "signature", "value": null })
        );
        assert_eq!(
            bare(&json!({ "key": "fee", "value": "1uakt" })),
            json!({ "key": "fee", "value": "1uakt" })
        );
    }
}
