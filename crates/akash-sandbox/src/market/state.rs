//! Everything that the chain knows at one height.

use std::sync::Arc;

use akash_types::escrow::{self, AccountId};
use akash_types::msg::{Allowance, DepositAuthorization};
use akash_types::{
    Address, AuditedAttributes, Bid, Certificate, Coin, Denom, Deployment, DeploymentId, Group, GroupId,
    Height, Lease, LeaseId, Order, OrderId, Provider, Time,
};

use super::bids::Bids;
use super::bme::Exchange;
use super::oracle::Oracle;
use super::table::Table;

/// The state after one block. Copies are cheap.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// The chain's name.
    pub chain_id: String,
    /// The block that made this state.
    pub height: Height,
    /// That block's time, milliseconds since 1970.
    pub time_ms: u64,
    /// Accounts by address.
    pub accounts: Table<Address, Account>,
    /// Balances; what is not here is 0.
    pub balances: Table<(Address, Denom), u128>,
    /// Deployments, closed ones included.
    pub deployments: Table<DeploymentId, Deployment>,
    /// Groups.
    pub groups: Table<GroupId, Group>,
    /// Orders.
    pub orders: Table<OrderId, Order>,
    /// Bids.
    pub bids: Bids,
    /// Leases.
    pub leases: Table<LeaseId, Lease>,
    /// Escrow accounts by the text of their keys, as the chain sorts them.
    pub escrow: Table<Arc<str>, escrow::Account>,
    /// Payments by the text of their keys: `deployment/owner/dseq/gseq/oseq/provider`.
    pub payments: Table<Arc<str>, escrow::Payment>,
    /// Certificates by owner and serial number.
    pub certificates: Table<(Address, String), Certificate>,
    /// Providers.
    pub providers: Table<Address, Provider>,
    /// What auditors signed, by provider and auditor.
    pub audited: Table<(Address, Address), AuditedAttributes>,
    /// Who pays whose deposits, by granter and grantee.
    pub grants: Table<(Address, Address), Grant>,
    /// Who pays whose fees, by granter and grantee.
    pub allowances: Table<(Address, Address), Allowance>,
    /// The timeouts of the transactions without a sequence that are not over yet: each may be used once.
    pub nonces: Table<(Address, Time), ()>,
    /// The price of AKT.
    pub oracle: Oracle,
    /// AKT into ACT and back.
    pub exchange: Exchange,
    /// The rules that governance sets.
    pub params: Params,
}

/// A grant for deposits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// For what, and how much is left.
    pub authorization: DepositAuthorization,
    /// Until when; `None`: until it is revoked.
    pub expires: Option<Time>,
}

impl Grant {
    /// Whether it has not ended at a time.
    pub fn lives(&self, now: Time) -> bool {
        self.expires.is_none_or(|end| end > now)
    }
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Unique on the chain; part of what is signed.
    pub number: u64,
    /// How many transactions it has sent.
    pub sequence: u64,
    /// The compressed public key, known since its first transaction.
    pub public_key: Option<[u8; 33]>,
}

/// The rules that governance sets (Akash's defaults).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Params {
    /// The least deposit of a deployment, by currency.
    pub min_deposits: Vec<Coin>,
    /// The least deposit of a bid, by currency.
    pub bid_min_deposits: Vec<Coin>,
    /// A bid is refused when its order has more than so many.
    pub order_max_bids: u32,
    /// Seconds: the shortest notice that a bid may promise.
    pub min_reclamation_window: u64,
    /// Seconds: the longest.
    pub max_reclamation_window: u64,
}

impl Default for Params {
    fn default() -> Self {
        Self {
            min_deposits: vec![Coin::uakt(500_000), Coin::uact(500_000)],
            bid_min_deposits: vec![Coin::uact(500_000), Coin::uakt(500_000)],
            order_max_bids: 20,
            min_reclamation_window: 3_600,
            max_reclamation_window: 2_592_000,
        }
    }
}

impl State {
    /// The time of the block, in the chain's precision.
    pub fn time(&self) -> Time {
        Time::from_millis(self.time_ms)
    }

    /// How much there is of a currency.
    pub fn supply(&self, denom: &Denom) -> u128 {
        let of = |((_, d), amount): (&(Address, Denom), &u128)| (d == denom).then_some(*amount);
        self.balances.iter().filter_map(of).sum()
    }

    /// What an account owns of one currency.
    pub fn balance(&self, address: &Address, denom: &Denom) -> u128 {
        self.balances.get(&(address.clone(), denom.clone())).copied().unwrap_or(0)
    }

    /// What an account owns, without currencies of which it has none.
    pub fn all_balances(&self, address: &Address) -> Vec<Coin> {
        // No currency's name comes before the empty one.
        let first = (address.clone(), Denom::Other(String::new()));
        let own = self.balances.from(&first).take_while(|((who, _), _)| who == address);
        own.filter(|(_, amount)| **amount > 0)
            .map(|((_, denom), amount)| Coin { denom: denom.clone(), amount: *amount })
            .collect()
    }

    /// A deployment's groups in order.
    pub fn groups_of(&self, id: &DeploymentId) -> Vec<&Group> {
        let first = id.group(0);
        self.groups.from(&first).take_while(|(k, _)| &k.deployment == id).map(|(_, g)| g).collect()
    }

    /// A group's orders, oldest first.
    pub fn orders_of(&self, id: &GroupId) -> Vec<&Order> {
        let first = id.order(0);
        self.orders.from(&first).take_while(|(k, _)| &k.group == id).map(|(_, o)| o).collect()
    }

    /// An order's bids in the order of the providers' addresses.
    pub fn bids_of(&self, id: &OrderId) -> Vec<&Bid> {
        self.bids.of(id).collect()
    }

    /// The account that pays for a deployment or guards a bid.
    pub fn escrow_account(&self, id: &AccountId) -> Option<&escrow::Account> {
        self.escrow.get(id.key().as_str())
    }

    /// What a lease is paid.
    pub fn payment_of(&self, lease: &LeaseId) -> Option<&escrow::Payment> {
        self.payments.get(&payment_key(&AccountId::of_deployment(lease.deployment()), &lease.payment_xid()))
    }
}

/// A payment's key, as the chain writes it.
pub(crate) fn payment_key(account: &AccountId, xid: &str) -> Arc<str> {
    [&account.key(), "/", xid].concat().into()
}
