//! Queries about who pays for whom: deposits (authz) and fees (feegrant).

use akash_types::Address;
use akash_types::msg::{Allowance, DEPOSIT_URL};
use cosmos_sdk_proto::cosmos::authz::v1beta1 as authz;
use cosmos_sdk_proto::cosmos::base::query::v1beta1::{PageRequest, PageResponse};
use cosmos_sdk_proto::cosmos::feegrant::v1beta1 as feegrant;
use tonic::{Request, Response, Status};

use super::answer;
use super::page::page;
use crate::market::{Grant, State};

type Pair = (Address, Address);

/// A page whose `total` is 0: these modules do not count.
fn uncounted<T>(
    items: impl DoubleEndedIterator<Item = (String, Option<T>)>,
    pagination: Option<PageRequest>,
) -> Result<(Vec<T>, Option<PageResponse>), Status> {
    let (found, pagination) = page(items, pagination, true)?;
    Ok((found, pagination.map(|p| PageResponse { total: 0, ..p })))
}

/// The grants that live, in the order of granter and grantee.
fn grants<T>(
    state: &State,
    pagination: Option<PageRequest>,
    pick: impl Fn(&Pair, &Grant) -> Option<T>,
) -> Result<(Vec<T>, Option<PageResponse>), Status> {
    let now = state.time();
    let items = state.grants.iter().map(|(pair, grant)| {
        let item = if grant.lives(now) { pick(pair, grant) } else { None };
        (format!("{}/{}", pair.0, pair.1), item)
    });
    uncounted(items, pagination)
}

fn with_names((granter, grantee): &Pair, grant: &Grant) -> authz::GrantAuthorization {
    authz::GrantAuthorization {
        granter: granter.to_string(),
        grantee: grantee.to_string(),
        authorization: Some((&grant.authorization).into()),
        expiration: grant.expires.map(Into::into),
    }
}

#[tonic::async_trait]
impl authz::query_server::Query for super::Api {
    async fn grants(
        &self,
        request: Request<authz::QueryGrantsRequest>,
    ) -> Result<Response<authz::QueryGrantsResponse>, Status> {
        let state = self.state(&request)?;
        let asked = request.into_inner();
        let (grants, pagination) = grants(&state, asked.pagination, |(granter, grantee), grant| {
            let fits = granter.as_str() == asked.granter
                && grantee.as_str() == asked.grantee
                && (asked.msg_type_url.is_empty() || asked.msg_type_url == DEPOSIT_URL);
            fits.then(|| authz::Grant {
                authorization: Some((&grant.authorization).into()),
                expiration: grant.expires.map(Into::into),
            })
        })?;
        Ok(answer(&state, authz::QueryGrantsResponse { grants, pagination }))
    }

    async fn granter_grants(
        &self,
        request: Request<authz::QueryGranterGrantsRequest>,
    ) -> Result<Response<authz::QueryGranterGrantsResponse>, Status> {
        let state = self.state(&request)?;
        let asked = request.into_inner();
        let (grants, pagination) = grants(&state, asked.pagination, |pair, grant| {
            (pair.0.as_str() == asked.granter).then(|| with_names(pair, grant))
        })?;
        Ok(answer(&state, authz::QueryGranterGrantsResponse { grants, pagination }))
    }

    async fn grantee_grants(
        &self,
        request: Request<authz::QueryGranteeGrantsRequest>,
    ) -> Result<Response<authz::QueryGranteeGrantsResponse>, Status> {
        let state = self.state(&request)?;
        let asked = request.into_inner();
        let (grants, pagination) = grants(&state, asked.pagination, |pair, grant| {
            (pair.1.as_str() == asked.grantee).then(|| with_names(pair, grant))
        })?;
        Ok(answer(&state, authz::QueryGranteeGrantsResponse { grants, pagination }))
    }
}

fn allowances(
    state: &State,
    pagination: Option<PageRequest>,
    fits: impl Fn(&Pair) -> bool,
) -> Result<(Vec<feegrant::Grant>, Option<PageResponse>), Status> {
    let items = state.allowances.iter().map(|(pair, allowance)| {
        (format!("{}/{}", pair.0, pair.1), fits(pair).then(|| fee_grant(pair, allowance)))
    });
    uncounted(items, pagination)
}

fn fee_grant((granter, grantee): &Pair, allowance: &Allowance) -> feegrant::Grant {
    feegrant::Grant {
        granter: granter.to_string(),
        grantee: grantee.to_string(),
        allowance: Some(allowance.into()),
    }
}

#[tonic::async_trait]
impl feegrant::query_server::Query for super::Api {
    async fn allowance(
        &self,
        request: Request<feegrant::QueryAllowanceRequest>,
    ) -> Result<Response<feegrant::QueryAllowanceResponse>, Status> {
        let state = self.state(&request)?;
        let asked = request.into_inner();
        let found = state
            .allowances
            .iter()
            .find(|((from, to), _)| from.as_str() == asked.granter && to.as_str() == asked.grantee);
        let (pair, allowance) = found.ok_or_else(|| Status::internal("fee-grant not found: not found"))?;
        let allowance = Some(fee_grant(pair, allowance));
        Ok(answer(&state, feegrant::QueryAllowanceResponse { allowance }))
    }

    async fn allowances(
        &self,
        request: Request<feegrant::QueryAllowancesRequest>,
    ) -> Result<Response<feegrant::QueryAllowancesResponse>, Status> {
        let state = self.state(&request)?;
        let asked = request.into_inner();
        let (allowances, pagination) =
            allowances(&state, asked.pagination, |(_, to)| to.as_str() == asked.grantee)?;
        Ok(answer(&state, feegrant::QueryAllowancesResponse { allowances, pagination }))
    }

    async fn allowances_by_granter(
        &self,
        request: Request<feegrant::QueryAllowancesByGranterRequest>,
    ) -> Result<Response<feegrant::QueryAllowancesByGranterResponse>, Status> {
        let state = self.state(&request)?;
        let asked = request.into_inner();
        let (allowances, pagination) =
            allowances(&state, asked.pagination, |(from, _)| from.as_str() == asked.granter)?;
        Ok(answer(&state, feegrant::QueryAllowancesByGranterResponse { allowances, pagination }))
    }
}
