//! The provider on the market: follows the chain, bids, withdraws, closes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use akash_chain::{At, ChainError, Class, Client, End, MarketFilter, Sender};
use akash_types::escrow::Funding;
use akash_types::msg::{CloseBid, CreateBid, WithdrawLease};
use akash_types::{
    Address, Attribute, BidId, BidState, CloseReason, Coin, DecCoin, DeploymentState, Height, LeaseState,
    Msg, Order, OrderId, OrderState, ResourceOffer, ResourceUnit,
};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::leases::Book;
use super::offer::{CAPACITY, Pricing, offer};
use super::timers::Timers;
use crate::tasks::Tasks;

/// What a bid deposits.
const DEPOSIT: Coin = Coin::uact(500_000);
/// How often the node is asked for its height.
const LOOK: Duration = Duration::from_millis(100);
/// How many blocks between two looks for manifests that nobody needs any more.
const TIDY: u64 = 50;

/// One provider's market side. It must be the only one that signs with the sender's key.
pub(crate) struct Engine {
    pub(crate) me: Address,
    pub(crate) client: Client,
    pub(crate) sender: Sender,
    pub(crate) book: Arc<Book>,
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) pricing: Pricing,
    pub(crate) timers: Timers,
    /// The notice that it offers before it ends a lease, in seconds; `None`: what an order asks for.
    pub(crate) notice: Option<u64>,
}

/// What the trader remembers; all of it can be forgotten.
struct Memory {
    /// Orders that need no further thought.
    done: BTreeSet<OrderId>,
    /// Since when a bid is known to be open.
    open: BTreeMap<BidId, Instant>,
    withdrawn: Instant,
}

impl Engine {
    /// Follows and trades until the tasks end. Following never waits for a transaction.
    pub(crate) fn start(self, tasks: &Tasks) {
        let engine = Arc::new(self);
        let (height, mut heights) = watch::channel(Height(0));
        let follower = Arc::clone(&engine);
        tasks.spawn("following the chain", async move { follower.follow(height).await });
        tasks.spawn("trading", async move {
            let mut memory =
                Memory { done: BTreeSet::new(), open: BTreeMap::new(), withdrawn: Instant::now() };
            while heights.changed().await.is_ok() {
                let height = *heights.borrow_and_update();
                if let Err(problem) = engine.trade(height, &mut memory).await {
                    tracing::debug!(%problem, "no look at the market");
                }
            }
        });
    }

    async fn follow(&self, height: watch::Sender<Height>) {
        let mut last = Height(0);
        loop {
            match self.look(last).await {
                Ok(found) if found != last => {
                    last = found;
                    height.send_replace(found);
                }
                Ok(_) => {}
                Err(problem) => tracing::debug!(%problem, "no look at the chain"),
            }
            sleep(LOOK).await;
        }
    }

    /// Brings the book up to date when there is a new block.
    async fn look(&self, last: Height) -> Result<Height, ChainError> {
        let tip = self.client.tip().await?.height;
        if tip == last {
            return Ok(tip);
        }
        let (mine, at) = (MarketFilter::provider(&self.me), At::Height(tip));
        let mut leases = self.client.leases(&mine, Some(LeaseState::Active), at).await?;
        leases.extend(self.client.leases(&mine, Some(LeaseState::Reclaiming), at).await?);
        self.book.follow(&leases.into_iter().map(|record| record.lease.id).collect());
        if tip.0 % TIDY == 0 {
            for id in self.book.idle() {
                let found = self.client.deployment(&id, at).await?;
                if found.is_none_or(|found| found.deployment.state != DeploymentState::Active) {
                    self.book.forget(&id);
                }
            }
        }
        Ok(tip)
    }

    /// One look at the market, both lists at one height: an open bid on an order that is no longer open has lost.
    async fn trade(&self, height: Height, memory: &mut Memory) -> Result<(), ChainError> {
        let at = At::Height(height);
        let orders = self.client.orders(&MarketFilter::default(), Some(OrderState::Open), at).await?;
        let bids = self.client.bids(&MarketFilter::provider(&self.me), Some(BidState::Open), at).await?;
        let open: BTreeSet<OrderId> = orders.iter().map(|order| order.id.clone()).collect();
        memory.done.retain(|id| open.contains(id));
        let fresh: Vec<&Order> = orders.iter().filter(|order| !memory.done.contains(&order.id)).collect();
        self.book.set_orders(fresh.len());
        for order in fresh {
            if self.consider(order).await? {
                memory.done.insert(order.id.clone());
            }
        }
        self.book.set_orders(0);
        let now = Instant::now();
        memory.open.retain(|id, _| bids.iter().any(|bid| &bid.id == id));
        for bid in bids {
            let since = *memory.open.entry(bid.id.clone()).or_insert(now);
            if !open.contains(&bid.id.order) || now.duration_since(since) > self.timers.bid {
                self.close(&bid.id, CloseReason::Unspecified).await;
            }
        }
        for (lease, reason) in self.book.due() {
            self.close(&lease.bid(), reason).await;
        }
        if now.duration_since(memory.withdrawn) > self.timers.withdraw {
            memory.withdrawn = now;
            self.withdraw(height).await;
        }
        Ok(())
    }

    /// Bids on an order, or not; false when it must be looked at again.
    async fn consider(&self, order: &Order) -> Result<bool, ChainError> {
        let id = order.id.bid(self.me.clone());
        if self.client.bid(&id, At::Latest).await?.is_some() {
            return Ok(true);
        }
        match offer(&order.spec, &self.attributes, &CAPACITY, &self.pricing) {
            Ok(price) => Ok(self.bid(id, price, order).await),
            Err(reason) => {
                tracing::info!(order = %order.id, %reason, "no bid");
                Ok(true)
            }
        }
    }

    async fn bid(&self, id: BidId, price: DecCoin, order: &Order) -> bool {
        let intent = format!("bid on {}", id.order);
        // The notice that the order demands and no more, unless this provider always offers the same.
        let (deposit, reclamation_window) =
            (Funding::from_balance(DEPOSIT), self.notice.or(order.reclamation));
        let all =
            |unit: &ResourceUnit| ResourceOffer { resources: unit.resources.clone(), count: unit.count };
        let offer = order.spec.units.iter().map(all).collect();
        let message = CreateBid { id, price, deposit, offer, reclamation_window };
        self.send(&intent, vec![message.into()], Class::Other).await
    }

    async fn close(&self, id: &BidId, reason: CloseReason) {
        let intent = format!("close {id}");
        self.send(&intent, vec![CloseBid { id: id.clone(), reason }.into()], Class::Close).await;
    }

    async fn withdraw(&self, height: Height) {
        let messages: Vec<Msg> = self.book.held().into_iter().map(|id| WithdrawLease { id }.into()).collect();
        if !messages.is_empty() {
            self.send(&format!("withdraw at {}", height.0), messages, Class::Other).await;
        }
    }

    /// Whether the chain has decided about it, for or against.
    async fn send(&self, intent: &str, messages: Vec<Msg>, class: Class) -> bool {
        match self.sender.carry_out(intent, messages, class, "").await {
            Ok(End::Landed { height, .. }) => {
                tracing::debug!(intent, height = height.0, "landed");
                true
            }
            Ok(End::Failed { rejection, .. }) => {
                tracing::warn!(intent, %rejection, "refused");
                true
            }
            Ok(End::Dead { .. }) => false,
            Err(problem) => {
                tracing::warn!(intent, %problem, "not settled");
                false
            }
        }
    }
}
