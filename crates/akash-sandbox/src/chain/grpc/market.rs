//! Queries about orders, bids and leases.

use akash_proto::akash::market::v1beta5::query_server::Query;
use akash_proto::akash::market::v1beta5::{
    Params, QueryBidRequest, QueryBidResponse, QueryBidsRequest, QueryBidsResponse, QueryLeaseRequest,
    QueryLeaseResponse, QueryLeasesRequest, QueryLeasesResponse, QueryOrderRequest, QueryOrderResponse,
    QueryOrdersRequest, QueryOrdersResponse, QueryParamsRequest, QueryParamsResponse,
};
use akash_types::escrow::AccountId;
use akash_types::{Address, Bid, BidId, Lease, LeaseId, Malformed, OrderId};
use cosmos_sdk_proto::tendermint::google::protobuf::Duration;
use tonic::{Code, Request, Response, Status};

use super::page::{page, passes, passes_text, state_filter};
use super::{answer, refused, required};
use crate::market::State;
use crate::market::refuse::{BID_NOT_FOUND, LEASE_NOT_FOUND, ORDER_NOT_FOUND};

/// What the filters of the three lists have in common.
struct About {
    owner: String,
    dseq: u64,
    gseq: u32,
    oseq: u32,
    provider: String,
}

impl About {
    fn order(&self, id: &OrderId) -> bool {
        let group = &id.group;
        passes_text(&self.owner, group.deployment.owner.as_str())
            && passes(&self.dseq, &group.deployment.dseq.get())
            && passes(&self.gseq, &group.gseq)
            && passes(&self.oseq, &id.oseq)
    }

    fn offer(&self, order: &OrderId, provider: &Address) -> bool {
        self.order(order) && passes_text(&self.provider, provider.as_str())
    }
}

fn bad(malformed: &Malformed) -> Status {
    Status::invalid_argument(malformed.to_string())
}

#[tonic::async_trait]
impl Query for super::Api {
    async fn orders(
        &self,
        request: Request<QueryOrdersRequest>,
    ) -> Result<Response<QueryOrdersResponse>, Status> {
        let state = self.state(&request)?;
        let QueryOrdersRequest { filters, pagination } = request.into_inner();
        let f = filters.unwrap_or_default();
        let wanted = state_filter(&f.state, &[("open", 1), ("active", 2), ("closed", 3)])?;
        let about =
            About { owner: f.owner, dseq: f.dseq, gseq: f.gseq, oseq: f.oseq, provider: String::new() };
        let items = state.orders.iter().map(|(id, order)| {
            let fits = about.order(id) && wanted.is_none_or(|w| w == order.state.to_wire());
            (id, fits.then(|| order.into()))
        });
        let (orders, pagination) = page(items, pagination, wanted.is_some())?;
        Ok(answer(&state, QueryOrdersResponse { orders, pagination }))
    }

    async fn order(
        &self,
        request: Request<QueryOrderRequest>,
    ) -> Result<Response<QueryOrderResponse>, Status> {
        let state = self.state(&request)?;
        let id = OrderId::try_from(required(request.into_inner().id, "id")?).map_err(|e| bad(&e))?;
        let found = state.orders.get(&id).ok_or_else(|| refused(Code::NotFound, ORDER_NOT_FOUND))?;
        Ok(answer(&state, QueryOrderResponse { order: Some(found.into()) }))
    }

    async fn bids(&self, request: Request<QueryBidsRequest>) -> Result<Response<QueryBidsResponse>, Status> {
        let state = self.state(&request)?;
        let QueryBidsRequest { filters, pagination } = request.into_inner();
        let f = filters.unwrap_or_default();
        let wanted = state_filter(&f.state, &[("open", 1), ("active", 2), ("lost", 3), ("closed", 4)])?;
        let about = About { owner: f.owner, dseq: f.dseq, gseq: f.gseq, oseq: f.oseq, provider: f.provider };
        let items = state.bids.iter().map(|bid| {
            let id = &bid.id;
            let fits =
                about.offer(&id.order, &id.provider) && wanted.is_none_or(|w| w == bid.state.to_wire());
            (id, fits.then(|| whole_bid(&state, bid)))
        });
        let (bids, pagination) = page(items, pagination, wanted.is_some())?;
        Ok(answer(&state, QueryBidsResponse { bids, pagination }))
    }

    async fn bid(&self, request: Request<QueryBidRequest>) -> Result<Response<QueryBidResponse>, Status> {
        let state = self.state(&request)?;
        let id = BidId::try_from(required(request.into_inner().id, "id")?).map_err(|e| bad(&e))?;
        let found = state.bids.get(&id).ok_or_else(|| refused(Code::NotFound, BID_NOT_FOUND))?;
        Ok(answer(&state, whole_bid(&state, found)))
    }

    async fn leases(
        &self,
        request: Request<QueryLeasesRequest>,
    ) -> Result<Response<QueryLeasesResponse>, Status> {
        let state = self.state(&request)?;
        let QueryLeasesRequest { filters, pagination } = request.into_inner();
        let f = filters.unwrap_or_default();
        let known = [("active", 1), ("insufficient_funds", 2), ("closed", 3), ("reclaiming", 4)];
        let wanted = state_filter(&f.state, &known)?;
        let about = About { owner: f.owner, dseq: f.dseq, gseq: f.gseq, oseq: f.oseq, provider: f.provider };
        let items = state.leases.iter().map(|(id, lease)| {
            let fits =
                about.offer(&id.order, &id.provider) && wanted.is_none_or(|w| w == lease.state.to_wire());
            (id, fits.then(|| whole_lease(&state, lease)))
        });
        let (leases, pagination) = page(items, pagination, wanted.is_some())?;
        Ok(answer(&state, QueryLeasesResponse { leases, pagination }))
    }

    async fn lease(
        &self,
        request: Request<QueryLeaseRequest>,
    ) -> Result<Response<QueryLeaseResponse>, Status> {
        let state = self.state(&request)?;
        let id = LeaseId::try_from(required(request.into_inner().id, "id")?).map_err(|e| bad(&e))?;
        let found = state.leases.get(&id).ok_or_else(|| refused(Code::NotFound, LEASE_NOT_FOUND))?;
        Ok(answer(&state, whole_lease(&state, found)))
    }

    async fn params(
        &self,
        request: Request<QueryParamsRequest>,
    ) -> Result<Response<QueryParamsResponse>, Status> {
        let state = self.state(&request)?;
        let rules = &state.params;
        let seconds = |s: u64| Some(Duration { seconds: i64::try_from(s).unwrap_or(i64::MAX), nanos: 0 });
        let deposits: Vec<_> = rules.bid_min_deposits.iter().map(Into::into).collect();
        let params = Params {
            bid_min_deposit: rules
                .bid_min_deposits
                .iter()
                .find(|c| c.denom.as_str() == "uakt")
                .map(Into::into),
            order_max_bids: rules.order_max_bids,
            bid_min_deposits: deposits,
            min_reclamation_window: seconds(rules.min_reclamation_window),
            max_reclamation_window: seconds(rules.max_reclamation_window),
        };
        Ok(answer(&state, QueryParamsResponse { params: Some(params) }))
    }
}

fn whole_bid(state: &State, bid: &Bid) -> QueryBidResponse {
    let account = state.escrow_account(&AccountId::of_bid(&bid.id));
    QueryBidResponse { bid: Some(bid.into()), escrow_account: account.map(Into::into) }
}

fn whole_lease(state: &State, lease: &Lease) -> QueryLeaseResponse {
    let payment = state.payment_of(&lease.id);
    QueryLeaseResponse { lease: Some(lease.into()), escrow_payment: payment.map(Into::into) }
}
