//! Which versions of the modules the chain speaks.

use akash_proto::akash::discovery::v1::discovery_server::Discovery;
use akash_proto::akash::discovery::v1::{
    Akash, ClientInfo, GetInfoRequest, GetInfoResponse, ModuleVersion, VersionInfo,
};
use tonic::{Request, Response, Status};

use super::answer;

/// The version that the node says it is; the model follows v2.1.
pub(in crate::chain) const NODE_VERSION: &str =
    concat!("v2.1.0+rayakash-sandbox.", env!("CARGO_PKG_VERSION"));

const MODULES: [(&str, &str); 6] = [
    ("audit", "v1"),
    ("cert", "v1"),
    ("deployment", "v1beta4"),
    ("escrow", "v1"),
    ("market", "v1beta5"),
    ("provider", "v1beta4"),
];

#[tonic::async_trait]
impl Discovery for super::Api {
    async fn get_info(&self, request: Request<GetInfoRequest>) -> Result<Response<GetInfoResponse>, Status> {
        let state = self.state(&request)?;
        let modules: Vec<ModuleVersion> = MODULES
            .iter()
            .map(|(module, version)| ModuleVersion { module: (*module).into(), version: (*version).into() })
            .collect();
        let version = |api: &str| VersionInfo {
            api_version: api.to_owned(),
            modules: modules.clone(),
            features: Vec::new(),
        };
        let info = Akash {
            client_info: Some(ClientInfo { api_version: "v1beta3".to_owned() }),
            supported_versions: vec![version("v1beta4"), version("v1beta3")],
            chain_id: state.chain_id.clone(),
            node_version: NODE_VERSION.to_owned(),
            min_client_version: String::new(),
        };
        Ok(answer(&state, GetInfoResponse { info: Some(info) }))
    }
}
