//! What the node says about itself.

use akash_proto::akash::discovery::v1::{GetInfoRequest, GetInfoResponse, VersionInfo};
use prost::Message as _;
use serde_json::{Value, json};

use super::envelope::Failure;
use super::{Rpc, block};
use crate::chain::seal::{Sealed, VOTING_POWER};

/// The CometBFT that node v2.1 runs.
const COMETBFT: &str = "0.38.21";
const GET_INFO: &str = "/akash.discovery.v1.Discovery/GetInfo";

/// `status`.
pub(super) fn status(rpc: &Rpc) -> Result<Value, Failure> {
    let tip = rpc.node.state();
    let (newest, first) = (rpc.sealed(tip.height)?, rpc.sealed(rpc.node.first())?);
    let said = |sealed: &Sealed, name: &str| {
        let header = sealed.block.header.as_ref().map(block::header_json).unwrap_or_default();
        header.get(name).cloned().unwrap_or_default()
    };
    let validator = &rpc.node.seals.validator().info;
    Ok(json!({
        "node_info": {
            "protocol_version": { "p2p": "8", "block": "11", "app": "0" },
            "id": hex::encode(validator.address.as_bytes()),
            "listen_addr": "tcp://127.0.0.1:0",
            "network": tip.chain_id,
            "version": COMETBFT,
            "channels": "",
            "moniker": "rayakash-sandbox",
            "other": { "tx_index": "on", "rpc_address": "" },
        },
        "sync_info": {
            "latest_block_hash": hex::encode_upper(&newest.id.hash),
            "latest_app_hash": said(&newest, "app_hash"),
            "latest_block_height": tip.height.to_string(),
            "latest_block_time": said(&newest, "time"),
            "earliest_block_hash": hex::encode_upper(&first.id.hash),
            "earliest_app_hash": said(&first, "app_hash"),
            "earliest_block_height": rpc.node.first().to_string(),
            "earliest_block_time": said(&first, "time"),
            "catching_up": false,
        },
        "validator_info": {
            "address": hex::encode_upper(validator.address.as_bytes()),
            "pub_key": validator.pub_key,
            "voting_power": VOTING_POWER.to_string(),
        },
    }))
}

/// `net_info`: the chain has no network.
pub(super) fn net() -> Value {
    json!({ "listening": false, "listeners": [], "n_peers": "0", "peers": [] })
}

/// `akash`: the versions of the modules, which Akash adds to CometBFT's methods.
pub(super) async fn akash(rpc: &Rpc) -> Result<Value, Failure> {
    let answer = rpc.service(GET_INFO, GetInfoRequest {}.encode_to_vec(), 0).await;
    let answer = answer.map_err(|status| Failure::internal(status.message()))?;
    let info =
        GetInfoResponse::decode(answer.as_slice()).map_err(Failure::internal)?.info.unwrap_or_default();
    let version = |version: &VersionInfo| {
        let modules = version.modules.iter().map(|m| json!({ "module": m.module, "version": m.version }));
        json!({
            "api_version": version.api_version,
            "modules": modules.collect::<Vec<_>>(),
            "features": version.features,
        })
    };
    Ok(json!({
        "client_info": { "api_version": info.client_info.unwrap_or_default().api_version },
        "supported_versions": info.supported_versions.iter().map(version).collect::<Vec<_>>(),
        "chain_id": info.chain_id,
        "node_version": info.node_version,
        "min_client_version": info.min_client_version,
    }))
}
