//! Bids.

use akash_types::escrow::{AccountId, Scope, Source};
use akash_types::msg::{CloseBid, CreateBid};
use akash_types::{
    Bid, BidState, CloseReason, GroupSpec, LeaseState, OrderState, Rejection, ResourceOffer, ResourceUnit,
};

use super::event::Json as _;
use super::placement;
use super::refuse::{
    ATTRIBUTE_MISMATCH, BID_EXISTS, BID_INVALID_PRICE, BID_NOT_ACTIVE, CAPABILITIES_MISMATCH,
    LEASE_NOT_ACTIVE, ORDER_ACTIVE, ORDER_CLOSED, ORDER_NOT_FOUND, RECLAMATION_NOT_ELAPSED,
    RECLAMATION_NOT_STARTED, RECLAMATION_OUT_OF_BOUNDS, RECLAMATION_REQUIRED, RECLAMATION_TOO_SHORT,
    UNKNOWN_BID, UNKNOWN_LEASE_FOR_BID, UNKNOWN_ORDER_FOR_BID, UNKNOWN_PROVIDER, panic, plain,
};
use super::run::Run;

impl Run {
    /// A provider offers.
    pub(crate) fn create_bid(&mut self, m: &CreateBid) -> Result<(), Rejection> {
        self.check_bid_deposit(m)?;
        let counted = self.state.bids.of(&m.id.order).filter(|b| b.state != BidState::Lost).count();
        let most = self.state.params.order_max_bids;
        if counted > usize::try_from(most).unwrap_or(usize::MAX) {
            return Err(plain(format!("invalid bid: too many existing bids ({most})")));
        }
        self.check_order(m)?;
        self.check_provider(m)?;
        self.check_reclamation_offer(m)?;
        let deposits = self.authorize(&m.id.provider, Scope::Bid, &m.deposit)?;
        if self.state.bids.contains(&m.id) {
            return Err(BID_EXISTS.into());
        }
        let bid = Bid {
            id: m.id.clone(),
            state: BidState::Open,
            price: m.price.clone(),
            created_at: self.state.height,
            offer: m.offer.clone(),
            reclamation_window: m.reclamation_window,
        };
        self.state.bids.set(bid);
        self.emit_with("akash.market.v1.EventBidCreated", || {
            [("id", m.id.json()), ("price", m.price.json())]
        });
        self.open_escrow(AccountId::of_bid(&m.id), &m.id.provider, deposits)
    }

    fn check_bid_deposit(&self, m: &CreateBid) -> Result<(), Rejection> {
        let deposit = &m.deposit.amount;
        let minimum = self.state.params.bid_min_deposits.iter().find(|c| c.denom == deposit.denom);
        let Some(minimum) = minimum else {
            return Err(plain(format!("deposit invalid: unsupported denom {}", deposit.denom)));
        };
        if minimum.amount > deposit.amount {
            let sources: Vec<&str> = m.deposit.sources.iter().map(|s| source_name(*s)).collect();
            let received = format!("{{{deposit} [{}]}}", sources.join(" "));
            return Err(plain(format!("deposit invalid: minimum:{minimum} received:{received}")));
        }
        Ok(())
    }

    fn check_order(&self, m: &CreateBid) -> Result<(), Rejection> {
        let order = self.state.orders.get(&m.id.order).ok_or_else(|| Rejection::from(ORDER_NOT_FOUND))?;
        match order.state {
            OrderState::Open => {}
            OrderState::Active => return Err(ORDER_ACTIVE.into()),
            OrderState::Closed | OrderState::Unrecognised(_) => return Err(ORDER_CLOSED.into()),
        }
        let ceiling = order.spec.ceiling().ok_or_else(|| panic("Int overflow"))?;
        if ceiling.denom != m.price.denom {
            return Err(panic(format!("invalid coin denominations; {}, {}", ceiling.denom, m.price.denom)));
        }
        if m.price.amount.is_negative() || ceiling.amount < m.price.amount {
            return Err(BID_INVALID_PRICE.into());
        }
        if !offers_what_is_asked(&m.offer, &order.spec) {
            return Err(CAPABILITIES_MISMATCH.into());
        }
        Ok(())
    }

    fn check_reclamation_offer(&self, m: &CreateBid) -> Result<(), Rejection> {
        let wanted = self.state.orders.get(&m.id.order).and_then(|order| order.reclamation);
        let params = &self.state.params;
        match (wanted, m.reclamation_window) {
            (Some(_), None) => Err(RECLAMATION_REQUIRED.into()),
            (Some(wanted), Some(offered)) if offered < wanted => Err(RECLAMATION_TOO_SHORT.into()),
            (_, Some(offered))
                if offered < params.min_reclamation_window || offered > params.max_reclamation_window =>
            {
                Err(RECLAMATION_OUT_OF_BOUNDS.into())
            }
            _ => Ok(()),
        }
    }

    fn check_provider(&self, m: &CreateBid) -> Result<(), Rejection> {
        let provider =
            self.state.providers.get(&m.id.provider).ok_or_else(|| Rejection::from(UNKNOWN_PROVIDER))?;
        let order = self.state.orders.get(&m.id.order).ok_or_else(|| Rejection::from(ORDER_NOT_FOUND))?;
        let signed: Vec<_> =
            self.state.audited.iter().filter(|((who, _), _)| who == &m.id.provider).map(|(_, a)| a).collect();
        if !placement::matches(&order.spec.requirements, &provider.attributes, &signed) {
            return Err(ATTRIBUTE_MISMATCH.into());
        }
        if !placement::can_serve(&order.spec, &provider.attributes) {
            return Err(CAPABILITIES_MISMATCH.into());
        }
        Ok(())
    }

    /// A provider withdraws its offer, or leaves its lease: then the group is paused.
    pub(crate) fn close_bid(&mut self, m: &CloseBid) -> Result<(), Rejection> {
        let bid = self.state.bids.get(&m.id).cloned().ok_or_else(|| Rejection::from(UNKNOWN_BID))?;
        let order = self
            .state
            .orders
            .get(&m.id.order)
            .cloned()
            .ok_or_else(|| Rejection::from(UNKNOWN_ORDER_FOR_BID))?;
        if bid.state == BidState::Open {
            self.end_bid(bid);
            return Ok(());
        }
        let lease_id = m.id.lease();
        let lease = self.state.leases.get(&lease_id).cloned();
        let lease = lease.ok_or_else(|| Rejection::from(UNKNOWN_LEASE_FOR_BID))?;
        match lease.state {
            LeaseState::Active if lease.reclamation.is_some() => return Err(RECLAMATION_NOT_STARTED.into()),
            LeaseState::Active => {}
            LeaseState::Reclaiming => {
                let now = self.state.time_ms / 1000;
                if lease.reclamation.is_some_and(|r| now < r.deadline) {
                    return Err(RECLAMATION_NOT_ELAPSED.into());
                }
            }
            LeaseState::InsufficientFunds | LeaseState::Closed | LeaseState::Unrecognised(_) => {
                return Err(LEASE_NOT_ACTIVE.into());
            }
        }
        if bid.state != BidState::Active {
            return Err(BID_NOT_ACTIVE.into());
        }
        self.pause_abandoned(&m.id.order.group)?;
        self.end_lease(lease, LeaseState::Closed, m.reason);
        self.end_bid(bid);
        self.end_order(order);
        let _ignored = self.close_payment(&lease_id);
        Ok(())
    }

    /// Ends a bid and gives the provider its deposit back.
    pub(crate) fn end_bid(&mut self, mut bid: Bid) {
        if matches!(bid.state, BidState::Closed | BidState::Lost) {
            return;
        }
        bid.state = BidState::Closed;
        let id = bid.id.clone();
        self.state.bids.set(bid);
        // The account ends; the complaint that it is no deployment's is ignored here, as on a real node.
        let _ignored = self.close_escrow(&AccountId::of_bid(&id));
        self.emit("akash.market.v1.EventBidClosed", &id);
    }
}

/// An offer names every unit of the order once, with its count; an empty one means what is asked.
fn offers_what_is_asked(offer: &[ResourceOffer], spec: &GroupSpec) -> bool {
    let fits = |unit: &ResourceUnit| {
        offer.iter().filter(|o| o.resources.id == unit.resources.id && o.count == unit.count).count() == 1
    };
    offer.is_empty() || (offer.len() == spec.units.len() && spec.units.iter().all(fits))
}

const fn source_name(source: Source) -> &'static str {
    match source {
        Source::Balance => "balance",
        Source::Grant => "grant",
        Source::Unrecognised(_) => "invalid",
    }
}

/// A close reason's name on chain.
pub(crate) fn reason_name(reason: CloseReason) -> String {
    let name = match reason {
        CloseReason::None => "lease_closed_invalid",
        CloseReason::Owner => "lease_closed_owner",
        CloseReason::Unstable => "lease_closed_reason_unstable",
        CloseReason::Decommission => "lease_closed_reason_decommission",
        CloseReason::Unspecified => "lease_closed_reason_unspecified",
        CloseReason::ManifestTimeout => "lease_closed_reason_manifest_timeout",
        CloseReason::InsufficientFunds => "lease_closed_reason_insufficient_funds",
        CloseReason::Unrecognised(number) => return number.to_string(),
    };
    format!("\"{name}\"")
}
