//! What a node says of itself and of its chain.

use std::collections::{BTreeMap, BTreeSet};

use akash_proto::akash::discovery::v1 as discovery;
use akash_proto::akash::market::v1beta5 as market;
use cosmos_sdk_proto::cosmos::base::tendermint::v1beta1::GetNodeInfoRequest;
use cosmos_sdk_proto::cosmos::base::tendermint::v1beta1::service_client::ServiceClient as NodeClient;

use super::{At, Client, required};
use crate::{About, ChainError};

impl Client {
    /// What a node says of itself: version, chain, modules by the discovery service, and the currencies of its market. What it does not
    /// serve is empty; that it does not answer at all is an error.
    pub async fn about(&self) -> Result<About, ChainError> {
        let said = self.discovery().await?;
        let node_version = match self.node_version().await? {
            version if version.is_empty() => said.node_version,
            version => version,
        };
        let mut modules: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for module in said.supported_versions.into_iter().flat_map(|version| version.modules) {
            modules.entry(module.module).or_default().insert(module.version);
        }
        let params = served(self.deployment_params().await)?;
        let deposits = params.into_iter().flat_map(|params| params.min_deposits).map(|coin| coin.denom);
        Ok(About {
            node_version,
            modules,
            deposits: deposits.collect(),
            bid_deposits: served(self.bid_deposits().await)?.unwrap_or_default(),
            // An answer came, so a node was asked for its chain before.
            chain_id: self.chain_id.get().cloned().unwrap_or_default(),
        })
    }

    async fn discovery(&self) -> Result<discovery::Akash, ChainError> {
        let asked = self
            .ask(
                "ask what the node speaks",
                At::Latest,
                discovery::GetInfoRequest {},
                |channel, query| async move {
                    discovery::discovery_client::DiscoveryClient::new(channel).get_info(query).await
                },
            )
            .await;
        Ok(served(asked)?.and_then(|answer| answer.info).unwrap_or_default())
    }

    async fn node_version(&self) -> Result<String, ChainError> {
        let asked = self
            .ask("ask the node's version", At::Latest, GetNodeInfoRequest {}, |channel, query| async move {
                NodeClient::new(channel).get_node_info(query).await
            })
            .await;
        let version = served(asked)?.and_then(|answer| answer.application_version);
        Ok(version.map(|version| version.version).unwrap_or_default())
    }

    async fn bid_deposits(&self) -> Result<BTreeSet<akash_types::Denom>, ChainError> {
        let what = "read the least deposits of bids";
        let answer = self
            .ask(what, At::Latest, market::QueryParamsRequest {}, |channel, query| async move {
                market::query_client::QueryClient::new(channel).params(query).await
            })
            .await?;
        let params = required(what, answer.params, "QueryParamsResponse", "params")?;
        Ok(params.bid_min_deposits.into_iter().map(|coin| coin.denom.as_str().into()).collect())
    }
}

/// `None` for a question that the node refuses: older nodes and some endpoints do not serve it.
fn served<R>(answer: Result<R, ChainError>) -> Result<Option<R>, ChainError> {
    match answer {
        Err(ChainError::Refused { .. }) => Ok(None),
        answer => answer.map(Some),
    }
}
