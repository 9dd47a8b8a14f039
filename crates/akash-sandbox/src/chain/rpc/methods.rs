//! What can be asked for, by name.

use serde_json::Value;

use super::args::Args;
use super::envelope::Failure;
use super::{Rpc, abci, block, info, search, tx};

/// Every method that needs no WebSocket, with its parameters in their order.
pub(super) const ALL: [(&str, &[&str]); 21] = [
    ("abci_info", &[]),
    ("abci_query", &["path", "data", "height", "prove"]),
    ("akash", &[]),
    ("block", &["height"]),
    ("block_by_hash", &["hash"]),
    ("block_results", &["height"]),
    ("block_search", &["query", "page", "per_page", "order_by"]),
    ("blockchain", &["minHeight", "maxHeight"]),
    ("broadcast_tx_async", &["tx"]),
    ("broadcast_tx_commit", &["tx"]),
    ("broadcast_tx_sync", &["tx"]),
    ("commit", &["height"]),
    ("consensus_params", &["height"]),
    ("header", &["height"]),
    ("header_by_hash", &["hash"]),
    ("health", &[]),
    ("net_info", &[]),
    ("status", &[]),
    ("tx", &["hash", "prove"]),
    ("tx_search", &["query", "prove", "page", "per_page", "order_by"]),
    ("validators", &["height", "page", "per_page"]),
];

/// The parameters of a method; `None` when there is no such method.
pub(super) fn names(method: &str) -> Option<&'static [&'static str]> {
    ALL.iter().find(|(name, _)| *name == method).map(|(_, names)| *names)
}

/// Answers.
pub(super) async fn call(rpc: &Rpc, method: &str, args: &Args) -> Result<Value, Failure> {
    match method {
        "abci_info" => Ok(abci::info(rpc)),
        "abci_query" => abci::query(rpc, args).await,
        "akash" => info::akash(rpc).await,
        "block" => block::block(rpc, args),
        "block_by_hash" => block::by_hash(rpc, args),
        "block_results" => block::results(rpc, args),
        "block_search" => search::blocks(rpc, args),
        "blockchain" => block::chain(rpc, args),
        "broadcast_tx_async" => tx::broadcast_async(rpc, args).await,
        "broadcast_tx_commit" => tx::broadcast_commit(rpc, args).await,
        "broadcast_tx_sync" => tx::broadcast_sync(rpc, args).await,
        "commit" => block::commit(rpc, args),
        "consensus_params" => block::consensus_params(rpc, args),
        "header" => block::header(rpc, args),
        "header_by_hash" => block::header_by_hash(rpc, args),
        "health" => Ok(Value::Object(serde_json::Map::new())),
        "net_info" => Ok(info::net()),
        "status" => info::status(rpc),
        "tx" => tx::tx(rpc, args),
        "tx_search" => search::txs(rpc, args),
        "validators" => block::validators(rpc, args),
        _ => Err(Failure::no_method()),
    }
}
