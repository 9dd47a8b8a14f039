//! Orders, and what ends with them.

use akash_types::{
    Bid, BidState, CloseReason, Group, GroupId, GroupState, LeaseState, Order, OrderId, OrderState, Rejection,
};

use super::gas;
use super::refuse;
use super::run::Run;

impl Run {
    /// Opens the next order of a group. A group has at most one that is not closed.
    pub(crate) fn open_order(&mut self, group: &Group) -> Result<(), Rejection> {
        let orders = self.state.orders_of(&group.id);
        if orders.iter().any(|o| o.state != OrderState::Closed) {
            return Err(refuse::ORDER_ACTIVE.because("create order: active order exists"));
        }
        let oseq = u32::try_from(orders.len()).unwrap_or(u32::MAX).saturating_add(1);
        self.burn(gas::ORDER_OPEN);
        let id = group.id.order(oseq);
        let order = Order {
            id: id.clone(),
            state: OrderState::Open,
            spec: group.spec.clone(),
            created_at: self.state.height,
            reclamation: self.state.deployments.get(&group.id.deployment).and_then(|d| d.reclamation),
        };
        self.state.orders.set(id.clone(), order);
        self.emit("akash.market.v1.EventOrderCreated", &id);
        Ok(())
    }

    pub(crate) fn end_order(&mut self, mut order: Order) {
        if order.state == OrderState::Closed {
            return;
        }
        order.state = OrderState::Closed;
        let id = order.id.clone();
        self.state.orders.set(id.clone(), order);
        self.emit("akash.market.v1.EventOrderClosed", &id);
    }

    /// Ends what a group has in the market: its order, that order's bids, its lease with the payment.
    pub(crate) fn end_orders_of(&mut self, group: &GroupId, end: GroupState) {
        let orders = self.state.orders_of(group);
        let all = |state| orders.iter().filter(move |o| o.state == state).map(|o| Order::clone(o));
        let lives: Vec<Order> = all(OrderState::Active).chain(all(OrderState::Open)).collect();
        for order in lives {
            let (id, state) = (order.id.clone(), order.state);
            self.end_order(order);
            self.end_bids_of(&id, BidState::Open, end);
            if state == OrderState::Active {
                self.end_bids_of(&id, BidState::Active, end);
            }
        }
    }

    fn end_bids_of(&mut self, order: &OrderId, state: BidState, end: GroupState) {
        let (lease_state, reason) = if end == GroupState::InsufficientFunds {
            (LeaseState::InsufficientFunds, CloseReason::InsufficientFunds)
        } else {
            (LeaseState::Closed, CloseReason::Owner)
        };
        let bids: Vec<Bid> = self.state.bids.of(order).filter(|b| b.state == state).cloned().collect();
        for bid in bids {
            let lease_id = bid.id.lease();
            self.end_bid(bid);
            if let Some(lease) = self.state.leases.get(&lease_id).cloned() {
                self.end_lease(lease, lease_state, reason);
                // A payment that has ended before refuses to end again; nodes only log that.
                let _logged = self.close_payment(&lease_id);
            }
        }
    }
}
