//! Transactions: sending them, finding one, and what became of it.

use std::time::Duration;

use akash_proto::cosmos::base::abci::v1beta1::TxResponse;
use akash_proto::cosmos::tx::v1beta1::{BroadcastMode, BroadcastTxRequest, BroadcastTxResponse};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use prost::Message as _;
use serde_json::{Value, json};
use sha2::Sha256;
use tendermint::merkle::{MerkleHash as _, simple_hash_from_byte_vectors};

use super::Rpc;
use super::args::{Args, Bytes};
use super::envelope::Failure;
use crate::chain::{grpc, seal};
use crate::market::{Block, Delivered, Tx, TxHash, refuse};

const BROADCAST: &str = "/cosmos.tx.v1beta1.Service/BroadcastTx";
/// Refusals of the mempool itself, in `sdk`: here they are errors of the node, not answers of the application.
const IN_CACHE: u32 = 19;
const TOO_LARGE: u32 = 21;
/// How long `broadcast_tx_commit` waits for a block: CometBFT's default.
const PATIENCE: Duration = Duration::from_secs(10);

/// Bytes as JSON has them.
pub(super) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// `broadcast_tx_sync`: the answer of the check.
pub(super) async fn broadcast_sync(rpc: &Rpc, args: &Args) -> Result<Value, Failure> {
    let checked = broadcast(rpc, &args.bytes("tx", Bytes::Base64)?).await?;
    Ok(json!({
        "code": checked.code,
        "data": "",
        "log": refuse::go_text(&checked.raw_log),
        "codespace": checked.codespace,
        "hash": checked.txhash,
    }))
}

/// `broadcast_tx_async`: no answer of the check.
pub(super) async fn broadcast_async(rpc: &Rpc, args: &Args) -> Result<Value, Failure> {
    let checked = broadcast(rpc, &args.bytes("tx", Bytes::Base64)?).await?;
    Ok(json!({ "code": 0, "data": "", "log": "", "codespace": "", "hash": checked.txhash }))
}

/// `broadcast_tx_commit`: waits for the block.
pub(super) async fn broadcast_commit(rpc: &Rpc, args: &Args) -> Result<Value, Failure> {
    let bytes = args.bytes("tx", Bytes::Base64)?;
    let mut tip = rpc.node.tip();
    let checked = broadcast(rpc, &bytes).await?;
    // How much gas a check burns is not part of the model.
    let check = json!({
        "code": checked.code,
        "data": "",
        "log": refuse::go_text(&checked.raw_log),
        "info": "",
        "gas_wanted": Tx::decode(&bytes).map_or(0, |tx| tx.gas_limit).to_string(),
        "gas_used": "0",
        "events": [],
        "codespace": checked.codespace,
    });
    if checked.code != 0 {
        return Ok(json!({ "check_tx": check, "tx_result": {}, "hash": checked.txhash, "height": "0" }));
    }
    let hash = TxHash::of(&bytes);
    let landed = async {
        loop {
            if let Some(found) = rpc.node.tx(&hash) {
                return Some(found);
            }
            tip.changed().await.ok()?;
        }
    };
    let landed = tokio::time::timeout(PATIENCE, landed).await.ok().flatten();
    let late = || Failure::internal("timed out waiting for tx to be included in a block");
    let (block, place) = landed.ok_or_else(late)?;
    let result = block.txs.get(place).map(result_json);
    Ok(json!({
        "check_tx": check,
        "tx_result": result,
        "hash": checked.txhash,
        "height": block.height.to_string(),
    }))
}

/// Broadcasts as gRPC does, so that faults and answers are the same.
async fn broadcast(rpc: &Rpc, bytes: &[u8]) -> Result<TxResponse, Failure> {
    let request = BroadcastTxRequest { tx_bytes: bytes.to_vec(), mode: BroadcastMode::Sync.into() };
    let answer = rpc.service(BROADCAST, request.encode_to_vec(), 0).await;
    let answer = answer.map_err(|status| Failure::internal(status.message()))?;
    let answer = BroadcastTxResponse::decode(answer.as_slice()).map_err(Failure::internal)?;
    let checked = answer.tx_response.unwrap_or_default();
    match (checked.codespace.as_str(), checked.code) {
        ("sdk", IN_CACHE) => Err(Failure::internal("tx already exists in cache")),
        ("sdk", TOO_LARGE) => {
            Err(Failure::internal(format!("Tx too large. {}", refuse::go_text(&checked.raw_log))))
        }
        _ => Ok(checked),
    }
}

/// `tx`.
pub(super) fn tx(rpc: &Rpc, args: &Args) -> Result<Value, Failure> {
    let (hash, prove) = (args.bytes("hash", Bytes::Base64)?, args.flag("prove")?);
    let missing = || Failure::internal(format!("tx ({}) not found", hex::encode_upper(&hash)));
    let key: [u8; 32] = hash.as_slice().try_into().map_err(|_| missing())?;
    let (block, place) = rpc.node.tx(&TxHash(key)).ok_or_else(missing)?;
    found(&block, place, prove).ok_or_else(missing)
}

/// A transaction in its block.
pub(super) fn found(block: &Block, place: usize, prove: bool) -> Option<Value> {
    let delivered = block.txs.get(place)?;
    let mut value = json!({
        "hash": delivered.tx.hash.to_string(),
        "height": block.height.to_string(),
        "index": place,
        "tx_result": result_json(delivered),
        "tx": base64(&delivered.tx.bytes),
    });
    if prove {
        value.as_object_mut()?.insert("proof".to_owned(), proof(block, place)?);
    }
    Some(value)
}

/// What became of a transaction, with every field.
pub(super) fn result_json(delivered: &Delivered) -> Value {
    let outcome = &delivered.outcome;
    let rejection = outcome.rejection.as_ref();
    let data = Some(&outcome.data).filter(|data| !data.is_empty()).map(|data| base64(data));
    json!({
        "code": rejection.map_or(0, |r| r.code),
        "data": data,
        "log": rejection.map_or_else(String::new, |r| refuse::shown(&r.log)),
        "info": "",
        "gas_wanted": outcome.gas_wanted.to_string(),
        "gas_used": outcome.gas_used.to_string(),
        "events": grpc::events(&outcome.events, true),
        "codespace": rejection.map_or("", |r| &r.codespace),
    })
}

/// That a transaction is in a block: the hashes beside the way from its leaf to the header's `data_hash`.
fn proof(block: &Block, place: usize) -> Option<Value> {
    let leaves = seal::hashes(block);
    let mut aunts = Vec::new();
    climb(&leaves, place, &mut aunts);
    Some(json!({
        "root_hash": hex::encode_upper(simple_hash_from_byte_vectors::<Sha256>(&leaves)),
        "data": base64(&block.txs.get(place)?.tx.bytes),
        "proof": {
            "total": leaves.len().to_string(),
            "index": place.to_string(),
            "leaf_hash": base64(&Sha256::default().leaf_hash(leaves.get(place)?)),
            "aunts": aunts.iter().map(|aunt| base64(aunt)).collect::<Vec<_>>(),
        },
    }))
}

/// Collects the aunts of a leaf, lowest first.
fn climb(leaves: &[[u8; 32]], place: usize, aunts: &mut Vec<[u8; 32]>) {
    if leaves.len() < 2 {
        return;
    }
    let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
    let aunt = match place.checked_sub(left.len()) {
        None => {
            climb(left, place, aunts);
            right
        }
        Some(place) => {
            climb(right, place, aunts);
            left
        }
    };
    aunts.push(simple_hash_from_byte_vectors::<Sha256>(aunt));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rule by which CometBFT's clients check a proof.
    fn root(leaf: [u8; 32], place: usize, total: usize, aunts: &[[u8; 32]]) -> [u8; 32] {
        let Some((last, rest)) = aunts.split_last() else { return leaf };
        let half = total.next_power_of_two() / 2;
        if place < half {
            Sha256::default().inner_hash(root(leaf, place, half, rest), *last)
        } else {
            Sha256::default().inner_hash(*last, root(leaf, place - half, total - half, rest))
        }
    }

    #[test]
    fn aunts_lead_to_the_root() {
        for total in 1_u8..=9 {
            let leaves: Vec<[u8; 32]> = (0..total).map(|n| [n; 32]).collect();
            let whole = simple_hash_from_byte_vectors::<Sha256>(&leaves);
            for (place, leaf) in leaves.iter().enumerate() {
                let mut aunts = Vec::new();
                climb(&leaves, place, &mut aunts);
                let leaf = Sha256::default().leaf_hash(leaf);
                assert_eq!(root(leaf, place, leaves.len(), &aunts), whole, "{place} of {total}");
            }
        }
    }
}
