//! Blocks as CometBFT words them. There is one validator and no network: what only they would fill in is empty.

use std::sync::Arc;

use akash_types::Height;
use cosmos_sdk_proto::cosmos::base::tendermint::v1beta1 as sdk;
use cosmos_sdk_proto::tendermint::google::protobuf::Timestamp;
use cosmos_sdk_proto::tendermint::types;
use tonic::Status;

use crate::market::Block;

impl super::Api {
    pub(super) fn block(&self, height: i64) -> Result<Arc<Block>, Status> {
        self.node.block(Height::from_wire(height)).ok_or_else(|| {
            Status::unknown(
                "codespace sdk code 26: invalid height: height must not be less than 1 or greater than the current height",
            )
        })
    }
}

/// A moment.
pub(super) fn timestamp(ms: u64) -> Timestamp {
    let seconds = i64::try_from(ms / 1000).unwrap_or(i64::MAX);
    let nanos = i32::try_from((ms % 1000).saturating_mul(1_000_000)).unwrap_or(0);
    Timestamp { seconds, nanos }
}

pub(super) fn id(block: &Block) -> types::BlockId {
    types::BlockId { hash: block.app_hash.to_vec(), part_set_header: None }
}

fn data(block: &Block) -> types::Data {
    types::Data { txs: block.txs.iter().map(|d| d.tx.bytes.clone()).collect() }
}

pub(super) fn block(block: &Block, chain_id: &str) -> types::Block {
    let header = types::Header {
        chain_id: chain_id.to_owned(),
        height: block.height.to_wire(),
        time: Some(timestamp(block.time_ms)),
        app_hash: block.app_hash.to_vec(),
        ..types::Header::default()
    };
    types::Block { header: Some(header), data: Some(data(block)), ..types::Block::default() }
}

pub(super) fn sdk_block(block: &Block, chain_id: &str) -> sdk::Block {
    let header = sdk::Header {
        chain_id: chain_id.to_owned(),
        height: block.height.to_wire(),
        time: Some(timestamp(block.time_ms)),
        app_hash: block.app_hash.to_vec(),
        ..sdk::Header::default()
    };
    sdk::Block { header: Some(header), data: Some(data(block)), ..sdk::Block::default() }
}
