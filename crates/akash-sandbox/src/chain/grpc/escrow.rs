//! Queries about escrow.

use akash_proto::akash::escrow::v1::query_server::Query;
use akash_proto::akash::escrow::v1::{
    QueryAccountsRequest, QueryAccountsResponse, QueryPaymentsRequest, QueryPaymentsResponse,
};
use tonic::{Request, Response, Status};

use super::answer;
use super::page::{page, state_filter};

const STATES: [(&str, i32); 3] = [("open", 1), ("closed", 2), ("overdrawn", 3)];

#[tonic::async_trait]
impl Query for super::Api {
    /// `xid` is matched as a prefix: `deployment/akash1…`.
    async fn accounts(
        &self,
        request: Request<QueryAccountsRequest>,
    ) -> Result<Response<QueryAccountsResponse>, Status> {
        let state = self.state(&request)?;
        let asked = request.into_inner();
        let wanted = state_filter(&asked.state, &STATES)?;
        let items = state.escrow.iter().map(|(key, account)| {
            let fits = key.starts_with(&asked.xid) && wanted.is_none_or(|w| w == account.state.to_wire());
            (key, fits.then(|| account.into()))
        });
        let (accounts, pagination) = page(items, asked.pagination, wanted.is_some())?;
        Ok(answer(&state, QueryAccountsResponse { accounts, pagination }))
    }

    /// `xid` is matched as a prefix, as in [`Query::accounts`].
    async fn payments(
        &self,
        request: Request<QueryPaymentsRequest>,
    ) -> Result<Response<QueryPaymentsResponse>, Status> {
        let state = self.state(&request)?;
        let asked = request.into_inner();
        let wanted = state_filter(&asked.state, &STATES)?;
        let items = state.payments.iter().map(|(key, payment)| {
            let fits = key.starts_with(&asked.xid) && wanted.is_none_or(|w| w == payment.state.to_wire());
            (key, fits.then(|| payment.into()))
        });
        let (payments, pagination) = page(items, asked.pagination, wanted.is_some())?;
        Ok(answer(&state, QueryPaymentsResponse { payments, pagination }))
    }
}
