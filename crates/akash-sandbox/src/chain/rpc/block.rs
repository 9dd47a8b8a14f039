//! Blocks, their headers, results, and who signed them.

use std::sync::Arc;

use akash_types::Height;
use cosmos_sdk_proto::tendermint::types::{Commit, Header};
use prost::Message as _;
use serde_json::{Map, Value, json};

use super::args::{Args, Bytes};
use super::envelope::Failure;
use super::{Rpc, tx};
use crate::chain::grpc;
use crate::chain::seal::{MAX_BLOCK_BYTES, MAX_BLOCK_GAS, Sealed, VOTING_POWER};
use crate::market;

/// `blockchain` tells of so many blocks at once.
const MOST_HEADERS: u64 = 20;

/// The height that is asked for; the newest when none is.
pub(super) fn height(rpc: &Rpc, asked: Option<i64>) -> Result<Height, Failure> {
    let tip = rpc.node.state().height;
    let Some(asked) = asked else { return Ok(tip) };
    let height = u64::try_from(asked).ok().filter(|height| *height > 0);
    let height =
        height.ok_or_else(|| Failure::internal(format!("height must be greater than 0, but got {asked}")))?;
    if height > tip.0 {
        return Err(Failure::internal(format!(
            "height {height} must be less than or equal to the current blockchain height {tip}"
        )));
    }
    Ok(Height(height))
}

impl Rpc {
    /// A block of the model that is there.
    pub(super) fn block(&self, height: Height) -> Result<Arc<market::Block>, Failure> {
        self.node.block(height).ok_or_else(|| Failure::internal(format!("no block at height {height}")))
    }

    /// A block that is there, with everything that CometBFT adds to it.
    pub(super) fn sealed(&self, height: Height) -> Result<Sealed, Failure> {
        self.node.sealed(height).ok_or_else(|| Failure::internal(format!("no block at height {height}")))
    }
}

/// A header as nodes write it: without the application's version when that is 0.
pub(super) fn header_json(header: &Header) -> Value {
    let mut value = json!(header);
    if let Some(version) = value.get_mut("version").and_then(Value::as_object_mut) {
        version.retain(|name, number| name != "app" || number != "0");
    }
    value
}

/// A commit as nodes write it: no signatures are an empty list.
fn commit_json(commit: &Commit) -> Value {
    let Commit { height, round, block_id, signatures } = commit;
    let signatures = signatures.iter().map(|signature| json!(signature)).collect::<Vec<_>>();
    json!({ "height": height.to_string(), "round": round, "block_id": block_id, "signatures": signatures })
}

/// A block as nodes write it.
pub(super) fn block_json(sealed: &Sealed) -> Value {
    let block = &sealed.block;
    let txs = block.data.iter().flat_map(|data| &data.txs).map(|tx| tx::base64(tx)).collect::<Vec<_>>();
    json!({
        "header": block.header.as_ref().map(header_json),
        "data": { "txs": txs },
        "evidence": { "evidence": [] },
        "last_commit": block.last_commit.as_ref().map(commit_json),
    })
}

/// `block`.
pub(super) fn block(rpc: &Rpc, args: &Args) -> Result<Value, Failure> {
    Ok(with_id(&rpc.sealed(rpc.height(args)?)?))
}

/// A block and its id.
pub(super) fn with_id(sealed: &Sealed) -> Value {
    json!({ "block_id": sealed.id, "block": block_json(sealed) })
}

/// The height of the block with the hash that is asked for. The newest is sealed first, and so all are.
fn hashed(rpc: &Rpc, args: &Args) -> Result<Option<Height>, Failure> {
    let hash = args.bytes("hash", Bytes::Base64)?;
    let _newest = rpc.sealed(rpc.node.state().height)?;
    Ok(rpc.node.seals.find(&hash))
}

/// `block_by_hash`: an empty answer when there is none.
pub(super) fn by_hash(rpc: &Rpc, args: &Args) -> Result<Value, Failure> {
    match hashed(rpc, args)? {
        Some(height) => Ok(with_id(&rpc.sealed(height)?)),
        None => Ok(json!({ "block_id": { "hash": "", "parts": { "total": 0, "hash": "" } }, "block": null })),
    }
}

/// `header`.
pub(super) fn header(rpc: &Rpc, args: &Args) -> Result<Value, Failure> {
    let sealed = rpc.sealed(rpc.height(args)?)?;
    Ok(json!({ "header": sealed.block.header.as_ref().map(header_json) }))
}

/// `header_by_hash`.
pub(super) fn header_by_hash(rpc: &Rpc, args: &Args) -> Result<Value, Failure> {
    let Some(height) = hashed(rpc, args)? else { return Ok(json!({ "header": null })) };
    Ok(json!({ "header": rpc.sealed(height)?.block.header.as_ref().map(header_json) }))
}

/// `blockchain`: the newest headers of a range, newest first.
pub(super) fn chain(rpc: &Rpc, args: &Args) -> Result<Value, Failure> {
    let tip = rpc.node.state().height;
    let given = |name| args.number(name).map(|n| n.and_then(|n| u64::try_from(n).ok()).filter(|n| *n > 0));
    let last = given("maxHeight")?.map_or(tip.0, |last| last.min(tip.0));
    let first = given("minHeight")?.unwrap_or(1).max(rpc.node.first().0);
    let first = first.max(last.saturating_sub(MOST_HEADERS.saturating_sub(1)));
    if first > last {
        return Err(Failure::internal(format!("min height {first} can't be greater than max height {last}")));
    }
    let meta = |height| {
        let sealed = rpc.sealed(Height(height))?;
        Ok(json!({
            "block_id": sealed.id,
            "block_size": sealed.block.encoded_len().to_string(),
            "header": sealed.block.header.as_ref().map(header_json),
            "num_txs": sealed.block.data.map_or(0, |data| data.txs.len()).to_string(),
        }))
    };
    let metas = (first..=last).rev().map(meta).collect::<Result<Vec<_>, Failure>>()?;
    Ok(json!({ "last_height": tip.to_string(), "block_metas": metas }))
}

/// `block_results`.
pub(super) fn results(rpc: &Rpc, args: &Args) -> Result<Value, Failure> {
    let block = rpc.block(rpc.height(args)?)?;
    let mut results = finalized(&block);
    results.insert("height".to_owned(), block.height.to_string().into());
    let txs = results.remove("tx_results").filter(|txs| txs.as_array().is_some_and(|txs| !txs.is_empty()));
    results.insert("txs_results".to_owned(), txs.unwrap_or_default());
    let events = results.remove("events").unwrap_or_default();
    results.insert("finalize_block_events".to_owned(), events);
    Ok(results.into())
}

/// What the application answered to a block.
pub(super) fn finalized(block: &market::Block) -> Map<String, Value> {
    let txs = block.txs.iter().map(tx::result_json).collect::<Vec<_>>();
    let fields = [
        ("events", json!(grpc::events(&block.events, true))),
        ("tx_results", txs.into()),
        ("validator_updates", Value::Null),
        ("consensus_param_updates", params_json()),
        ("app_hash", tx::base64(&block.app_hash).into()),
    ];
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// `commit`. Canonical is what the next block has confirmed.
pub(super) fn commit(rpc: &Rpc, args: &Args) -> Result<Value, Failure> {
    let height = rpc.height(args)?;
    let sealed = rpc.sealed(height)?;
    Ok(json!({
        "signed_header": { "header": sealed.block.header.as_ref().map(header_json), "commit": sealed.commit },
        "canonical": height < rpc.node.state().height,
    }))
}

/// `validators`: there is one.
pub(super) fn validators(rpc: &Rpc, args: &Args) -> Result<Value, Failure> {
    let height = rpc.height(args)?;
    let validator = &rpc.node.seals.validator().info;
    Ok(json!({
        "block_height": height.to_string(),
        "validators": [{
            "address": hex::encode_upper(validator.address.as_bytes()),
            "pub_key": validator.pub_key,
            "voting_power": VOTING_POWER.to_string(),
            "proposer_priority": "0",
        }],
        "count": "1",
        "total": "1",
    }))
}

/// `consensus_params`.
pub(super) fn consensus_params(rpc: &Rpc, args: &Args) -> Result<Value, Failure> {
    let height = rpc.height(args)?;
    Ok(json!({ "block_height": height.to_string(), "consensus_params": params_json() }))
}

/// CometBFT's defaults.
fn params_json() -> Value {
    json!({
        "block": { "max_bytes": MAX_BLOCK_BYTES.to_string(), "max_gas": MAX_BLOCK_GAS.to_string() },
        "evidence": { "max_age_num_blocks": "100000", "max_age_duration": "172800000000000", "max_bytes": "1048576" },
        "validator": { "pub_key_types": ["ed25519"] },
        "version": {},
        "abci": {},
    })
}
