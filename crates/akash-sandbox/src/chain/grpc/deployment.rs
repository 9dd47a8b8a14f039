//! Queries about deployments.

use akash_proto::akash::deployment::v1beta4::query_server::Query;
use akash_proto::akash::deployment::v1beta4::{
    Params, QueryDeploymentRequest, QueryDeploymentResponse, QueryDeploymentsRequest,
    QueryDeploymentsResponse, QueryGroupRequest, QueryGroupResponse, QueryParamsRequest, QueryParamsResponse,
};
use akash_types::escrow::AccountId;
use akash_types::{Deployment, DeploymentId, GroupId};
use tonic::{Code, Request, Response, Status};

use super::page::{page, passes, passes_text, state_filter};
use super::{answer, refused, required};
use crate::market::State;
use crate::market::refuse::{DEPLOYMENT_NOT_FOUND, GROUP_NOT_FOUND};

#[tonic::async_trait]
impl Query for super::Api {
    async fn deployments(
        &self,
        request: Request<QueryDeploymentsRequest>,
    ) -> Result<Response<QueryDeploymentsResponse>, Status> {
        let state = self.state(&request)?;
        let QueryDeploymentsRequest { filters, pagination } = request.into_inner();
        let filters = filters.unwrap_or_default();
        let wanted = state_filter(&filters.state, &[("active", 1), ("closed", 2)])?;
        let items = state.deployments.iter().map(|(id, deployment)| {
            let fits = passes_text(&filters.owner, id.owner.as_str())
                && passes(&filters.dseq, &id.dseq.get())
                && wanted.is_none_or(|w| w == deployment.state.to_wire());
            (id, fits.then(|| whole(&state, deployment)))
        });
        let (deployments, pagination) = page(items, pagination, wanted.is_some())?;
        Ok(answer(&state, QueryDeploymentsResponse { deployments, pagination }))
    }

    async fn deployment(
        &self,
        request: Request<QueryDeploymentRequest>,
    ) -> Result<Response<QueryDeploymentResponse>, Status> {
        let state = self.state(&request)?;
        let id = required(request.into_inner().id, "id")?;
        let id = DeploymentId::try_from(id).map_err(|e| Status::invalid_argument(e.to_string()))?;
        let found = state.deployments.get(&id);
        let found = found.ok_or_else(|| refused(Code::NotFound, DEPLOYMENT_NOT_FOUND))?;
        Ok(answer(&state, whole(&state, found)))
    }

    async fn group(
        &self,
        request: Request<QueryGroupRequest>,
    ) -> Result<Response<QueryGroupResponse>, Status> {
        let state = self.state(&request)?;
        let id = required(request.into_inner().id, "id")?;
        let id = GroupId::try_from(id).map_err(|e| Status::invalid_argument(e.to_string()))?;
        let found = state.groups.get(&id).ok_or_else(|| refused(Code::NotFound, GROUP_NOT_FOUND))?;
        Ok(answer(&state, QueryGroupResponse { group: Some(found.into()) }))
    }

    async fn params(
        &self,
        request: Request<QueryParamsRequest>,
    ) -> Result<Response<QueryParamsResponse>, Status> {
        let state = self.state(&request)?;
        let params = Params { min_deposits: state.params.min_deposits.iter().map(Into::into).collect() };
        Ok(answer(&state, QueryParamsResponse { params: Some(params) }))
    }
}

fn whole(state: &State, deployment: &Deployment) -> QueryDeploymentResponse {
    QueryDeploymentResponse {
        deployment: Some(deployment.into()),
        groups: state.groups_of(&deployment.id).into_iter().map(Into::into).collect(),
        escrow_account: state.escrow_account(&AccountId::of_deployment(&deployment.id)).map(Into::into),
    }
}
