//! The bids of all orders.

use akash_types::{Address, Bid, BidId, OrderId};

use super::table::Table;

/// Bids by order, those of one order by the text of the providers' addresses: the order in which a real node goes through them.
#[derive(Clone, Debug, Default)]
pub struct Bids(Table<OrderId, Table<Address, Bid>>);

impl Bids {
    /// A bid.
    pub fn get(&self, id: &BidId) -> Option<&Bid> {
        self.0.get(&id.order)?.get(&id.provider)
    }

    /// Whether a provider has bid on an order.
    pub fn contains(&self, id: &BidId) -> bool {
        self.get(id).is_some()
    }

    /// Writes a bid.
    pub fn set(&mut self, bid: Bid) {
        let mut of_order = self.0.get(&bid.id.order).cloned().unwrap_or_default();
        let (order, provider) = (bid.id.order.clone(), bid.id.provider.clone());
        of_order.set(provider, bid);
        self.0.set(order, of_order);
    }

    /// An order's bids.
    pub fn of(&self, order: &OrderId) -> impl Iterator<Item = &Bid> {
        self.0.get(order).into_iter().flat_map(|bids| bids.iter().map(|(_, bid)| bid))
    }

    /// All bids.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Bid> {
        self.0.iter().flat_map(|(_, bids)| bids.iter().map(|(_, bid)| bid))
    }
}
