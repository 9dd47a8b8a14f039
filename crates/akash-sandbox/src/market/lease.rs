//! Leases.

use akash_types::escrow::AccountId;
use akash_types::msg::{CloseLease, CreateLease, StartReclaim, WithdrawLease};
use akash_types::{
    Bid, BidState, CloseReason, GroupState, Height, Lease, LeaseState, OrderId, OrderState, Reclamation,
    Rejection,
};

use super::bid::reason_name;
use super::event::{Json as _, quoted};
use super::gas;
use super::refuse::{
    BID_NOT_ACTIVE, BID_NOT_FOUND, BID_NOT_OPEN, GROUP_NOT_FOUND, GROUP_NOT_OPEN, LEASE_NOT_ACTIVE,
    LEASE_NOT_FOUND, LEASE_NOT_RECLAIMABLE, MARKET_GROUP_NOT_FOUND, ORDER_CLOSED, ORDER_NOT_FOUND,
    ORDER_NOT_OPEN, UNKNOWN_LEASE,
};
use super::run::Run;

impl Run {
    /// A tenant accepts a bid.
    pub(crate) fn create_lease(&mut self, m: &CreateLease) -> Result<(), Rejection> {
        let mut bid = self.state.bids.get(&m.bid).cloned().ok_or_else(|| Rejection::from(BID_NOT_FOUND))?;
        if bid.state != BidState::Open {
            return Err(BID_NOT_OPEN.into());
        }
        let order_id = &m.bid.order;
        let mut order =
            self.state.orders.get(order_id).cloned().ok_or_else(|| Rejection::from(ORDER_NOT_FOUND))?;
        if order.state != OrderState::Open {
            return Err(ORDER_NOT_OPEN.into());
        }
        let group =
            self.state.groups.get(&order_id.group).ok_or_else(|| Rejection::from(MARKET_GROUP_NOT_FOUND))?;
        if group.state != GroupState::Open {
            return Err(GROUP_NOT_OPEN.into());
        }
        let id = m.bid.lease();
        self.open_payment(&id, &bid.price)?;
        let lease = Lease {
            id: id.clone(),
            state: LeaseState::Active,
            price: bid.price.clone(),
            created_at: self.state.height,
            closed_on: Height(0),
            reason: CloseReason::None,
            reclamation: bid.reclamation_window.map(|window| Reclamation {
                window,
                started_at: Height(0),
                deadline: 0,
                reason: CloseReason::None,
            }),
        };
        self.state.leases.set(id.clone(), lease);
        self.emit_with("akash.market.v1.EventLeaseCreated", || {
            [("id", id.json()), ("price", bid.price.json())]
        });
        order.state = OrderState::Active;
        self.state.orders.set(order_id.clone(), order);
        bid.state = BidState::Active;
        self.state.bids.set(bid);
        self.lose_others(&m.bid.order);
        Ok(())
    }

    /// Marks the other bids as lost and refunds them. On a real node the first refund fails after it was made, which stops
    /// the loop: every further loser stays open, with its deposit.
    fn lose_others(&mut self, order: &OrderId) {
        let losers: Vec<Bid> =
            self.state.bids.of(order).filter(|b| b.state == BidState::Open).cloned().collect();
        for mut loser in losers {
            self.burn(gas::BID_LOST);
            loser.state = BidState::Lost;
            let id = loser.id.clone();
            self.state.bids.set(loser);
            if self.close_escrow(&AccountId::of_bid(&id)).is_err() {
                break;
            }
        }
    }

    /// A tenant ends a lease; the group's next order opens at once.
    pub(crate) fn close_lease(&mut self, m: &CloseLease) -> Result<(), Rejection> {
        let order =
            self.state.orders.get(&m.id.order).cloned().ok_or_else(|| Rejection::from(ORDER_NOT_FOUND))?;
        if order.state != OrderState::Active {
            return Err(ORDER_CLOSED.into());
        }
        let bid = self.state.bids.get(&m.id.bid()).cloned().ok_or_else(|| Rejection::from(BID_NOT_FOUND))?;
        if bid.state != BidState::Active {
            return Err(BID_NOT_ACTIVE.into());
        }
        let lease = self.state.leases.get(&m.id).cloned().ok_or_else(|| Rejection::from(LEASE_NOT_FOUND))?;
        if !matches!(lease.state, LeaseState::Active | LeaseState::Reclaiming) {
            return Err(ORDER_CLOSED.into());
        }
        self.end_lease(lease, LeaseState::Closed, CloseReason::Owner);
        self.end_bid(bid);
        self.end_order(order);
        self.close_payment(&m.id)?;
        let group = self.state.groups.get(&m.id.order.group).cloned();
        let group = group.ok_or_else(|| Rejection::from(GROUP_NOT_FOUND))?;
        // An overdraft in the settlement has closed the group: then nothing is left to order.
        if group.state == GroupState::Open { self.open_order(&group) } else { Ok(()) }
    }

    /// A provider takes what it has earned.
    pub(crate) fn withdraw_lease(&mut self, m: &WithdrawLease) -> Result<(), Rejection> {
        if !self.state.leases.contains(&m.id) {
            return Err(UNKNOWN_LEASE.into());
        }
        self.withdraw(&m.id)
    }

    /// A provider gives notice.
    pub(crate) fn start_reclaim(&mut self, m: &StartReclaim) -> Result<(), Rejection> {
        let mut lease =
            self.state.leases.get(&m.id).cloned().ok_or_else(|| Rejection::from(UNKNOWN_LEASE))?;
        if lease.state != LeaseState::Active {
            return Err(LEASE_NOT_ACTIVE.into());
        }
        let Some(promised) = lease.reclamation else {
            return Err(LEASE_NOT_RECLAIMABLE.into());
        };
        let deadline = (self.state.time_ms / 1000).saturating_add(promised.window);
        lease.state = LeaseState::Reclaiming;
        lease.reclamation =
            Some(Reclamation { started_at: self.state.height, deadline, reason: m.reason, ..promised });
        self.state.leases.set(m.id.clone(), lease);
        self.emit_with("akash.market.v1.EventLeaseReclaimStarted", || {
            [("deadline", quoted(deadline)), ("id", m.id.json()), ("reason", reason_name(m.reason))]
        });
        Ok(())
    }

    pub(crate) fn end_lease(&mut self, mut lease: Lease, state: LeaseState, reason: CloseReason) {
        if matches!(lease.state, LeaseState::Closed | LeaseState::InsufficientFunds) {
            return;
        }
        self.burn(gas::LEASE_END);
        lease.state = state;
        lease.closed_on = self.state.height;
        lease.reason = reason;
        let id = lease.id.clone();
        self.state.leases.set(id.clone(), lease);
        self.emit_with("akash.market.v1.EventLeaseClosed", || {
            [("id", id.json()), ("reason", reason_name(reason))]
        });
    }
}
