//! Blocks as CometBFT and the SDK word them.

use akash_types::Height;
use cosmos_sdk_proto::cosmos::base::tendermint::v1beta1 as sdk;
use cosmos_sdk_proto::tendermint::types;
use cosmrs::AccountId;
use tonic::Status;

use crate::chain::seal::Sealed;

/// How the addresses of validators begin, as consensus knows them.
const PROPOSER: &str = "akashvalcons";

impl super::Api {
    pub(super) fn sealed(&self, height: i64) -> Result<Sealed, Status> {
        self.node.sealed(Height::from_wire(height)).ok_or_else(|| {
            Status::unknown(
                "codespace sdk code 26: invalid height: height must not be less than 1 or greater than the current height",
            )
        })
    }
}

/// A block as the SDK words it: the same, but the proposer's address is a text.
pub(super) fn sdk_block(block: &types::Block) -> sdk::Block {
    let header = block.header.clone().map(|header| sdk::Header {
        version: header.version,
        chain_id: header.chain_id,
        height: header.height,
        time: header.time,
        last_block_id: header.last_block_id,
        last_commit_hash: header.last_commit_hash,
        data_hash: header.data_hash,
        validators_hash: header.validators_hash,
        next_validators_hash: header.next_validators_hash,
        consensus_hash: header.consensus_hash,
        app_hash: header.app_hash,
        last_results_hash: header.last_results_hash,
        evidence_hash: header.evidence_hash,
        proposer_address: AccountId::new(PROPOSER, &header.proposer_address)
            .map_or_else(|_| String::new(), String::from),
    });
    let types::Block { data, evidence, last_commit, .. } = block.clone();
    sdk::Block { header, data, evidence, last_commit }
}
