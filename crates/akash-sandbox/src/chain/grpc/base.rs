//! Queries about the node itself, and its blocks.

use cosmos_sdk_proto::cosmos::base::node::v1beta1 as node;
use cosmos_sdk_proto::cosmos::base::tendermint::v1beta1::service_server::Service;
use cosmos_sdk_proto::cosmos::base::tendermint::v1beta1::{
    self as proto, GetBlockByHeightRequest, GetBlockByHeightResponse, GetLatestBlockRequest,
    GetLatestBlockResponse, GetNodeInfoRequest, GetNodeInfoResponse, GetSyncingRequest, GetSyncingResponse,
    VersionInfo,
};
use cosmos_sdk_proto::tendermint::p2p::DefaultNodeInfo;
use tonic::{Request, Response, Status};

use super::{answer, blocks};
use crate::chain::seal::Sealed;
use crate::market::MINIMUM_GAS_PRICE;

#[tonic::async_trait]
impl node::service_server::Service for super::Api {
    async fn config(
        &self,
        request: Request<node::ConfigRequest>,
    ) -> Result<Response<node::ConfigResponse>, Status> {
        let state = self.state(&request)?;
        let config = node::ConfigResponse {
            minimum_gas_price: MINIMUM_GAS_PRICE.to_owned(),
            pruning_keep_recent: "0".to_owned(),
            pruning_interval: "0".to_owned(),
            halt_height: 0,
        };
        Ok(answer(&state, config))
    }

    async fn status(
        &self,
        request: Request<node::StatusRequest>,
    ) -> Result<Response<node::StatusResponse>, Status> {
        let state = self.state(&request)?;
        let block = self.node.block(state.height);
        let status = node::StatusResponse {
            earliest_store_height: self.node.earliest().0,
            height: state.height.0,
            timestamp: Some(state.time().into()),
            app_hash: block.map_or_else(Vec::new, |b| b.app_hash.to_vec()),
            validator_hash: self.node.seals.validator().hash.clone(),
        };
        Ok(answer(&state, status))
    }
}

super::serve! {
    impl Service {
        async fn get_node_info(
            &self,
            request: Request<GetNodeInfoRequest>,
        ) -> Result<Response<GetNodeInfoResponse>, Status> {
            let state = self.state(&request)?;
            let info = DefaultNodeInfo {
                network: state.chain_id.clone(),
                moniker: "rayakash-sandbox".to_owned(),
                ..DefaultNodeInfo::default()
            };
            let version = VersionInfo {
                name: "akash".to_owned(),
                app_name: "akash".to_owned(),
                version: self.node.version(),
                ..VersionInfo::default()
            };
            let info =
                GetNodeInfoResponse { default_node_info: Some(info), application_version: Some(version) };
            Ok(answer(&state, info))
        }

        async fn get_syncing(
            &self,
            request: Request<GetSyncingRequest>,
        ) -> Result<Response<GetSyncingResponse>, Status> {
            let state = self.state(&request)?;
            Ok(answer(&state, GetSyncingResponse { syncing: false }))
        }

        async fn get_latest_block(
            &self,
            _: Request<GetLatestBlockRequest>,
        ) -> Result<Response<GetLatestBlockResponse>, Status> {
            let state = self.node.state();
            let Sealed { id, block, .. } = self.sealed(state.height.to_wire())?;
            let message = GetLatestBlockResponse {
                block_id: Some(id),
                sdk_block: Some(blocks::sdk_block(&block)),
                block: Some(block),
            };
            Ok(answer(&state, message))
        }

        async fn get_block_by_height(
            &self,
            request: Request<GetBlockByHeightRequest>,
        ) -> Result<Response<GetBlockByHeightResponse>, Status> {
            let state = self.node.state();
            let Sealed { id, block, .. } = self.sealed(request.into_inner().height)?;
            let message = GetBlockByHeightResponse {
                block_id: Some(id),
                sdk_block: Some(blocks::sdk_block(&block)),
                block: Some(block),
            };
            Ok(answer(&state, message))
        }
    }
    unserved {
        get_latest_validator_set(proto::GetLatestValidatorSetRequest) -> proto::GetLatestValidatorSetResponse;
        get_validator_set_by_height(proto::GetValidatorSetByHeightRequest) -> proto::GetValidatorSetByHeightResponse;
        abci_query(proto::AbciQueryRequest) -> proto::AbciQueryResponse;
    }
}
