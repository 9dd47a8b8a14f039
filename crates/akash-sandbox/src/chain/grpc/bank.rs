//! Queries about balances. Nothing in the sandbox is locked, so what is owned can be spent.

use akash_types::{Address, Coin, Denom};
use cosmos_sdk_proto::cosmos::bank::v1beta1::query_server::Query;
use cosmos_sdk_proto::cosmos::bank::v1beta1::{
    self as proto, QueryAllBalancesRequest, QueryAllBalancesResponse, QueryBalanceRequest,
    QueryBalanceResponse, QuerySpendableBalanceByDenomRequest, QuerySpendableBalanceByDenomResponse,
    QuerySpendableBalancesRequest, QuerySpendableBalancesResponse,
};
use cosmos_sdk_proto::cosmos::base::v1beta1::Coin as WireCoin;
use tonic::{Request, Response, Status};

use super::answer;
use super::page::page;
use crate::market::State;

super::serve! {
    impl Query {
        async fn balance(&self, request: Request<QueryBalanceRequest>) -> Result<Response<QueryBalanceResponse>, Status> {
            let state = self.state(&request)?;
            let QueryBalanceRequest { address, denom } = request.into_inner();
            let balance = Some(one(&state, &address, &denom)?);
            Ok(answer(&state, QueryBalanceResponse { balance }))
        }

        async fn spendable_balance_by_denom(
            &self,
            request: Request<QuerySpendableBalanceByDenomRequest>,
        ) -> Result<Response<QuerySpendableBalanceByDenomResponse>, Status> {
            let state = self.state(&request)?;
            let QuerySpendableBalanceByDenomRequest { address, denom } = request.into_inner();
            let balance = Some(one(&state, &address, &denom)?);
            Ok(answer(&state, QuerySpendableBalanceByDenomResponse { balance }))
        }

        async fn all_balances(
            &self,
            request: Request<QueryAllBalancesRequest>,
        ) -> Result<Response<QueryAllBalancesResponse>, Status> {
            let state = self.state(&request)?;
            let asked = request.into_inner();
            let (balances, pagination) = page(all(&state, &asked.address)?.into_iter(), asked.pagination, true)?;
            Ok(answer(&state, QueryAllBalancesResponse { balances, pagination }))
        }

        async fn spendable_balances(
            &self,
            request: Request<QuerySpendableBalancesRequest>,
        ) -> Result<Response<QuerySpendableBalancesResponse>, Status> {
            let state = self.state(&request)?;
            let asked = request.into_inner();
            let (balances, pagination) = page(all(&state, &asked.address)?.into_iter(), asked.pagination, true)?;
            Ok(answer(&state, QuerySpendableBalancesResponse { balances, pagination }))
        }
    }
    unserved {
        total_supply(proto::QueryTotalSupplyRequest) -> proto::QueryTotalSupplyResponse;
        supply_of(proto::QuerySupplyOfRequest) -> proto::QuerySupplyOfResponse;
        params(proto::QueryParamsRequest) -> proto::QueryParamsResponse;
        denom_metadata(proto::QueryDenomMetadataRequest) -> proto::QueryDenomMetadataResponse;
        denom_metadata_by_query_string(proto::QueryDenomMetadataByQueryStringRequest)
            -> proto::QueryDenomMetadataByQueryStringResponse;
        denoms_metadata(proto::QueryDenomsMetadataRequest) -> proto::QueryDenomsMetadataResponse;
        denom_owners(proto::QueryDenomOwnersRequest) -> proto::QueryDenomOwnersResponse;
        denom_owners_by_query(proto::QueryDenomOwnersByQueryRequest) -> proto::QueryDenomOwnersByQueryResponse;
        send_enabled(proto::QuerySendEnabledRequest) -> proto::QuerySendEnabledResponse;
    }
}

fn read(address: &str) -> Result<Address, Status> {
    address.parse().map_err(|e| Status::invalid_argument(format!("invalid address: {e}")))
}

fn one(state: &State, address: &str, denom: &str) -> Result<WireCoin, Status> {
    let denom = Denom::from(denom);
    let amount = state.balance(&read(address)?, &denom);
    Ok((&Coin { denom, amount }).into())
}

fn all(state: &State, address: &str) -> Result<Vec<(String, Option<WireCoin>)>, Status> {
    let coins = state.all_balances(&read(address)?);
    Ok(coins.iter().map(|c| (c.denom.to_string(), Some(c.into()))).collect())
}
