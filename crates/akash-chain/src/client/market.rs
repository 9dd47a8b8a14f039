//! Orders, bids and leases.

use akash_proto::akash::market::{v1, v1beta5 as wire};
use akash_types::{
    Address, Bid, BidId, BidState, DeploymentId, Dseq, Lease, LeaseId, LeaseState, Malformed, Order, OrderId,
    OrderState, escrow,
};
use wire::query_client::QueryClient;

use super::channel::Channel;
use super::{At, Client, MESSAGE_LIMIT, optional, page, read, required};
use crate::ChainError;

/// Which orders, bids or leases: those that match every part that is given.
///
/// Nodes walk all bids and leases of an owner for such a question, so ask for one by its id when it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MarketFilter {
    /// The tenant.
    pub owner: Option<Address>,
    /// The tenant's deployment.
    pub dseq: Option<Dseq>,
    /// The group.
    pub gseq: Option<u32>,
    /// The order.
    pub oseq: Option<u32>,
    /// The provider; ignored for orders.
    pub provider: Option<Address>,
}

impl MarketFilter {
    /// What belongs to a deployment.
    pub fn deployment(id: &DeploymentId) -> Self {
        Self { owner: Some(id.owner.clone()), dseq: Some(id.dseq), ..Self::default() }
    }

    /// What belongs to an order.
    pub fn order(id: &OrderId) -> Self {
        let group = &id.group;
        Self { gseq: Some(group.gseq), oseq: Some(id.oseq), ..Self::deployment(&group.deployment) }
    }

    /// What belongs to a provider.
    pub fn provider(provider: &Address) -> Self {
        Self { provider: Some(provider.clone()), ..Self::default() }
    }

    fn owner_text(&self) -> String {
        self.owner.as_ref().map(ToString::to_string).unwrap_or_default()
    }

    fn provider_text(&self) -> String {
        self.provider.as_ref().map(ToString::to_string).unwrap_or_default()
    }

    fn numbers(&self) -> (u64, u32, u32) {
        (self.dseq.map_or(0, Dseq::get), self.gseq.unwrap_or(0), self.oseq.unwrap_or(0))
    }
}

/// A lease with what it is paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaseRecord {
    /// The lease.
    pub lease: Lease,
    /// Its payment, as of the last settlement. It can stay open after the lease has closed: look at both.
    pub payment: escrow::Payment,
}

impl Client {
    /// The orders that match.
    pub async fn orders(
        &self,
        filter: &MarketFilter,
        state: Option<OrderState>,
        at: At,
    ) -> Result<Vec<Order>, ChainError> {
        let what = "list the orders";
        let state = match state {
            None | Some(OrderState::Unrecognised(_)) => "",
            Some(OrderState::Open) => "open",
            Some(OrderState::Active) => "active",
            Some(OrderState::Closed) => "closed",
        };
        let (dseq, gseq, oseq) = filter.numbers();
        let filters =
            wire::OrderFilters { owner: filter.owner_text(), dseq, gseq, oseq, state: state.to_owned() };
        let answers = page::all(what, |pagination| {
            let query = wire::QueryOrdersRequest { filters: Some(filters.clone()), pagination };
            async move {
                let answer = self
                    .ask(what, at, query, |channel, query| async move { market(channel).orders(query).await })
                    .await?;
                Ok((answer.orders, answer.pagination))
            }
        })
        .await?;
        Ok(page::sound(what, answers))
    }

    /// The bids that match.
    pub async fn bids(
        &self,
        filter: &MarketFilter,
        state: Option<BidState>,
        at: At,
    ) -> Result<Vec<Bid>, ChainError> {
        let what = "list the bids";
        let state = match state {
            None | Some(BidState::Unrecognised(_)) => "",
            Some(BidState::Open) => "open",
            Some(BidState::Active) => "active",
            Some(BidState::Lost) => "lost",
            Some(BidState::Closed) => "closed",
        };
        let (dseq, gseq, oseq) = filter.numbers();
        let filters = wire::BidFilters {
            owner: filter.owner_text(),
            dseq,
            gseq,
            oseq,
            provider: filter.provider_text(),
            state: state.to_owned(),
            bseq: 0,
        };
        let answers = page::all(what, |pagination| {
            let query = wire::QueryBidsRequest { filters: Some(filters.clone()), pagination };
            async move {
                let answer = self
                    .ask(what, at, query, |channel, query| async move { market(channel).bids(query).await })
                    .await?;
                Ok((answer.bids, answer.pagination))
            }
        })
        .await?;
        Ok(page::sound(what, answers.into_iter().filter_map(|answer| answer.bid).collect()))
    }

    /// The leases that match, with what they are paid.
    pub async fn leases(
        &self,
        filter: &MarketFilter,
        state: Option<LeaseState>,
        at: At,
    ) -> Result<Vec<LeaseRecord>, ChainError> {
        let what = "list the leases";
        let state = match state {
            None | Some(LeaseState::Unrecognised(_)) => "",
            Some(LeaseState::Active) => "active",
            Some(LeaseState::InsufficientFunds) => "insufficient_funds",
            Some(LeaseState::Closed) => "closed",
            Some(LeaseState::Reclaiming) => "reclaiming",
        };
        let (dseq, gseq, oseq) = filter.numbers();
        let filters = v1::LeaseFilters {
            owner: filter.owner_text(),
            dseq,
            gseq,
            oseq,
            provider: filter.provider_text(),
            state: state.to_owned(),
            bseq: 0,
        };
        let answers = page::all(what, |pagination| {
            let query = wire::QueryLeasesRequest { filters: Some(filters.clone()), pagination };
            async move {
                let answer = self
                    .ask(what, at, query, |channel, query| async move { market(channel).leases(query).await })
                    .await?;
                Ok((answer.leases, answer.pagination))
            }
        })
        .await?;
        // Each is paid for: one that cannot be read is an error, not a gap.
        answers.into_iter().map(|answer| read(what, answer.try_into())).collect()
    }

    /// An order; `None` when there never was one with this id.
    pub async fn order(&self, id: &OrderId, at: At) -> Result<Option<Order>, ChainError> {
        let what = "read the order";
        let query = wire::QueryOrderRequest { id: Some(id.into()) };
        let answer = self
            .ask(what, at, query, |channel, query| async move { market(channel).order(query).await })
            .await;
        let Some(answer) = optional(answer)? else { return Ok(None) };
        let order = required(what, answer.order, "QueryOrderResponse", "order")?;
        read(what, order.try_into()).map(Some)
    }

    /// A bid; `None` when there never was one with this id.
    pub async fn bid(&self, id: &BidId, at: At) -> Result<Option<Bid>, ChainError> {
        let what = "read the bid";
        let query = wire::QueryBidRequest { id: Some(id.into()) };
        let answer =
            self.ask(what, at, query, |channel, query| async move { market(channel).bid(query).await }).await;
        let Some(answer) = optional(answer)? else { return Ok(None) };
        let bid = required(what, answer.bid, "QueryBidResponse", "bid")?;
        read(what, bid.try_into()).map(Some)
    }

    /// A lease with what it is paid; `None` when there never was one with this id.
    pub async fn lease(&self, id: &LeaseId, at: At) -> Result<Option<LeaseRecord>, ChainError> {
        let what = "read the lease";
        let query = wire::QueryLeaseRequest { id: Some(id.into()) };
        let answer = self
            .ask(what, at, query, |channel, query| async move { market(channel).lease(query).await })
            .await;
        optional(answer)?.map(|answer| read(what, answer.try_into())).transpose()
    }
}

fn market(channel: Channel) -> QueryClient<Channel> {
    QueryClient::new(channel).max_decoding_message_size(MESSAGE_LIMIT)
}

impl TryFrom<wire::QueryLeaseResponse> for LeaseRecord {
    type Error = Malformed;

    fn try_from(answer: wire::QueryLeaseResponse) -> Result<Self, Malformed> {
        let missing = |field| Malformed::new("QueryLeaseResponse", field, "missing");
        Ok(Self {
            lease: answer.lease.ok_or_else(|| missing("lease"))?.try_into()?,
            payment: answer.escrow_payment.ok_or_else(|| missing("escrow_payment"))?.try_into()?,
        })
    }
}
