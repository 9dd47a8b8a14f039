//! Deployments.

use akash_proto::akash::deployment::v1beta4 as wire;
use akash_types::{Address, Coin, Deployment, DeploymentId, DeploymentState, Group, Malformed, escrow};
use wire::query_client::QueryClient;

use super::{At, Client, MESSAGE_LIMIT, optional, page, read, required};
use crate::ChainError;

/// A deployment with what belongs to it, of one height.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeploymentRecord {
    /// The deployment.
    pub deployment: Deployment,
    /// Its groups.
    pub groups: Vec<Group>,
    /// The account that pays for it, as of its last settlement.
    pub escrow: escrow::Account,
}

/// What the chain demands of deployments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeploymentParams {
    /// The least first deposit, by currency; other currencies are refused.
    pub min_deposits: Vec<Coin>,
}

impl Client {
    /// A deployment, closed ones included; `None` when there never was one with this id.
    pub async fn deployment(
        &self,
        id: &DeploymentId,
        at: At,
    ) -> Result<Option<DeploymentRecord>, ChainError> {
        let what = "read the deployment";
        let query = wire::QueryDeploymentRequest { id: Some(id.into()) };
        let answer = self
            .ask(what, at, query, |channel, query| async move {
                QueryClient::new(channel).max_decoding_message_size(MESSAGE_LIMIT).deployment(query).await
            })
            .await;
        optional(answer)?.map(|answer| read(what, answer.try_into())).transpose()
    }

    /// An owner's deployments, all of them or those in one state.
    pub async fn deployments(
        &self,
        owner: &Address,
        state: Option<DeploymentState>,
        at: At,
    ) -> Result<Vec<DeploymentRecord>, ChainError> {
        let what = "list the deployments";
        let state = match state {
            None | Some(DeploymentState::Unrecognised(_)) => "",
            Some(DeploymentState::Active) => "active",
            Some(DeploymentState::Closed) => "closed",
        };
        let filters = wire::DeploymentFilters { owner: owner.to_string(), dseq: 0, state: state.to_owned() };
        let answers = page::all(what, |pagination| {
            let query = wire::QueryDeploymentsRequest { filters: Some(filters.clone()), pagination };
            async move {
                let answer = self
                    .ask(what, at, query, |channel, query| async move {
                        QueryClient::new(channel)
                            .max_decoding_message_size(MESSAGE_LIMIT)
                            .deployments(query)
                            .await
                    })
                    .await?;
                Ok((answer.deployments, answer.pagination))
            }
        })
        .await?;
        // Money of the owner's hangs on each: one that cannot be read is an error, not a gap.
        answers.into_iter().map(|answer| read(what, answer.try_into())).collect()
    }

    /// What the chain demands of deployments.
    pub async fn deployment_params(&self) -> Result<DeploymentParams, ChainError> {
        let what = "read the least deposits";
        let answer = self
            .ask(what, At::Latest, wire::QueryParamsRequest {}, |channel, query| async move {
                QueryClient::new(channel).params(query).await
            })
            .await?;
        let params = required(what, answer.params, "QueryParamsResponse", "params")?;
        let min_deposits = params.min_deposits.into_iter().map(Coin::try_from).collect();
        Ok(DeploymentParams { min_deposits: read(what, min_deposits)? })
    }
}

impl TryFrom<wire::QueryDeploymentResponse> for DeploymentRecord {
    type Error = Malformed;

    fn try_from(answer: wire::QueryDeploymentResponse) -> Result<Self, Malformed> {
        let missing = |field| Malformed::new("QueryDeploymentResponse", field, "missing");
        Ok(Self {
            deployment: answer.deployment.ok_or_else(|| missing("deployment"))?.try_into()?,
            groups: answer.groups.into_iter().map(Group::try_from).collect::<Result<_, _>>()?,
            escrow: answer.escrow_account.ok_or_else(|| missing("escrow_account"))?.try_into()?,
        })
    }
}
