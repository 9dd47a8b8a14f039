//! A small honest market: it takes deposits, bids one block after an order, is paid per block, and gives back the rest at the close.
//!
//! Money is moved as the chain moves it: settlement is lazy and truncates to whole micro-units.

use std::collections::BTreeMap;

use akash_types::escrow::{self, AccountId};
use akash_types::{
    Address, Bid, BidId, BidState, CloseReason, Coin, Dec, DecCoin, Deployment, DeploymentId,
    DeploymentState, Group, GroupSpec, GroupState, Height, Lease, LeaseId, LeaseState, Order, OrderState,
    Reclamation,
};
use rayakash_core::Act;
use rayakash_core::view::Version;
use rayakash_engine::ports::{ProviderFacts, Record};

/// What a transaction takes, uakt.
pub(crate) const FEE: u128 = 2_500;
/// The chain's smallest first deposit, uact.
pub(crate) const MIN_DEPOSIT: u128 = 100_000;

/// The market, and everybody's money.
pub(crate) struct Market {
    /// The tenant.
    pub(crate) owner: Address,
    /// The tenant's balance, uact.
    pub(crate) uact: u128,
    /// What the tenant's transactions took, uakt.
    pub(crate) fees: u128,
    /// What was ever put into escrow, uact.
    pub(crate) deposited: u128,
    /// What ever came back from it, uact.
    pub(crate) refunded: u128,
    /// What each provider was paid, uact.
    pub(crate) paid: BTreeMap<Address, u128>,
    /// Every change that an act made, in order.
    pub(crate) effects: Vec<&'static str>,
    /// The most deployments that ever lived at once.
    pub(crate) most_live: usize,
    /// What was asked for and made no sense.
    pub(crate) surprises: Vec<String>,
    /// What each provider asks per block.
    asks: [(Address, Dec); 2],
    deployments: BTreeMap<DeploymentId, Standing>,
}

/// A deployment.
struct Standing {
    deployment: Deployment,
    spec: GroupSpec,
    order: Order,
    lease: Option<Lease>,
    funds: u128,
    transferred: u128,
    /// What it owes since it ran dry.
    debt: u128,
    settled_at: Height,
}

impl Market {
    pub(crate) fn new(uact: u128, asks: [&str; 2]) -> Self {
        let [cheap, dear] = asks.map(|text| text.parse::<Dec>().unwrap());
        Self {
            owner: address(200),
            uact,
            fees: 0,
            deposited: 0,
            refunded: 0,
            paid: BTreeMap::new(),
            effects: Vec::new(),
            most_live: 0,
            surprises: Vec::new(),
            asks: [(address(1), cheap), (address(2), dear)],
            deployments: BTreeMap::new(),
        }
    }

    /// Does what an act says, in a block; or says why not, which is a surprise in all of these tests.
    pub(crate) fn apply(&mut self, act: &Act, now: Height) -> Result<(), String> {
        let done = match act {
            Act::OpenDeployment { id, groups, version, deposit, .. } => {
                let (state, hash) = (DeploymentState::Active, *version);
                self.open(
                    Deployment { id: id.clone(), state, hash, created_at: now, reclamation: None },
                    groups,
                    deposit,
                )
            }
            Act::AcceptBid { bid, .. } => self.accept(bid, now),
            Act::TopUp { id, amount } => self.top_up(id, amount, now),
            Act::UpdateDeployment { id, version } => self.update(id, *version),
            Act::CloseDeployment { id, .. } => self.close(id, now),
            other => Err(format!("{} is no transaction", other.name())),
        };
        match &done {
            Ok(()) => self.effects.push(act.name()),
            Err(why) => self.surprises.push(format!("{}: {why}", act.name())),
        }
        let live = self.live();
        self.most_live = self.most_live.max(live);
        done
    }

    fn open(&mut self, deployment: Deployment, groups: &[GroupSpec], deposit: &Coin) -> Result<(), String> {
        let (id, now) = (deployment.id.clone(), deployment.created_at);
        if self.deployments.contains_key(&id) {
            return Err(format!("deployment {id} exists"));
        }
        if deposit.amount < MIN_DEPOSIT {
            return Err(format!("a deposit of {deposit} is too small"));
        }
        self.pay_in(deposit.amount)?;
        let spec = groups.first().ok_or("no group")?.clone();
        let order_id = id.group(1).order(1);
        let order = Order {
            id: order_id,
            state: OrderState::Open,
            spec: spec.clone(),
            created_at: now,
            reclamation: None,
        };
        let funds = deposit.amount;
        let standing = Standing {
            deployment,
            spec,
            order,
            lease: None,
            funds,
            transferred: 0,
            debt: 0,
            settled_at: now,
        };
        self.deployments.insert(id, standing);
        Ok(())
    }

    fn pay_in(&mut self, amount: u128) -> Result<(), String> {
        self.uact = self.uact.checked_sub(amount).ok_or("the balance does not cover it")?;
        self.deposited += amount;
        Ok(())
    }

    fn accept(&mut self, bid: &BidId, now: Height) -> Result<(), String> {
        let asks = self.asks.clone();
        let standing = self.active(bid.order.deployment())?;
        if standing.order.state != OrderState::Open {
            return Err("the order takes no bids any more".to_owned());
        }
        let offered = standing.bids(&asks, now).into_iter().find(|offered| &offered.id == bid);
        let price = offered.ok_or("there is no such bid")?.price;
        standing.order.state = OrderState::Active;
        standing.settled_at = now;
        standing.lease = Some(Lease {
            id: bid.lease(),
            state: LeaseState::Active,
            price,
            created_at: now,
            closed_on: Height(0),
            reason: CloseReason::None,
            reclamation: None,
        });
        Ok(())
    }

    /// A deposit that comes before anybody settled pays what is overdue.
    fn top_up(&mut self, id: &DeploymentId, amount: &Coin, now: Height) -> Result<(), String> {
        self.active(id)?;
        self.pay_in(amount.amount)?;
        self.active(id)?.funds += amount.amount;
        self.settle(id, now)
    }

    /// Providers take what they have earned, which is what finds out that an account has run dry.
    pub(crate) fn withdraw(&mut self, now: Height) {
        for id in self.deployments.keys().cloned().collect::<Vec<_>>() {
            // Those that are closed have nothing left to take.
            let _closed = self.settle(&id, now);
        }
    }

    /// Every provider gives notice: it leaves at `deadline`, Unix seconds.
    pub(crate) fn give_notice(&mut self, deadline: u64, now: Height) {
        let reason = CloseReason::Decommission;
        for lease in self.deployments.values_mut().filter_map(|standing| standing.lease.as_mut()) {
            if lease.state == LeaseState::Active {
                lease.state = LeaseState::Reclaiming;
                lease.reclamation = Some(Reclamation { window: 3_600, started_at: now, deadline, reason });
            }
        }
    }

    fn update(&mut self, id: &DeploymentId, version: Version) -> Result<(), String> {
        let deployment = &mut self.active(id)?.deployment;
        if deployment.hash == version {
            return Err("it has this version already".to_owned());
        }
        deployment.hash = version;
        Ok(())
    }

    fn close(&mut self, id: &DeploymentId, now: Height) -> Result<(), String> {
        self.settle(id, now)?;
        // The settlement may have closed it.
        let Ok(standing) = self.active(id) else { return Ok(()) };
        standing.deployment.state = DeploymentState::Closed;
        standing.order.state = OrderState::Closed;
        if let Some(lease) = &mut standing.lease {
            lease.state = LeaseState::Closed;
            lease.closed_on = now;
            lease.reason = CloseReason::Owner;
        }
        let rest = std::mem::take(&mut standing.funds);
        self.uact += rest;
        self.refunded += rest;
        Ok(())
    }

    /// Pays the provider for the blocks since the last settlement. What is short of that ends the deployment.
    fn settle(&mut self, id: &DeploymentId, now: Height) -> Result<(), String> {
        let standing = self.active(id)?;
        let blocks = now.since(standing.settled_at);
        standing.settled_at = now;
        let Some(lease) = &standing.lease else { return Ok(()) };
        let due = lease.price.amount.checked_mul(blocks).and_then(Dec::trunc).ok_or("not payable")?;
        let paid = due.min(standing.funds);
        let provider = lease.id.provider.clone();
        standing.funds -= paid;
        standing.transferred += paid;
        if paid < due {
            standing.run_dry(due - paid, now);
        }
        *self.paid.entry(provider).or_default() += paid;
        Ok(())
    }

    fn active(&mut self, id: &DeploymentId) -> Result<&mut Standing, String> {
        let standing = self.deployments.get_mut(id).ok_or("there is no such deployment")?;
        match standing.deployment.state {
            DeploymentState::Active => Ok(standing),
            _ => Err("the deployment is closed".to_owned()),
        }
    }

    /// What the chain shows of a deployment.
    pub(crate) fn record(&self, id: &DeploymentId, now: Height) -> Option<Record> {
        let standing = self.deployments.get(id)?;
        let facts = |(provider, _): &(Address, Dec)| {
            let host_uri = Some(format!("https://{provider}:8443"));
            (provider.clone(), ProviderFacts { host_uri, audits: vec![], certified: true })
        };
        Some(Record {
            deployment: standing.deployment.clone(),
            groups: vec![standing.group()],
            escrow: standing.account(&self.owner),
            order: Some(standing.order.clone()),
            bids: standing.bids(&self.asks, now),
            lease: standing.lease.clone(),
            providers: self.asks.iter().map(facts).collect(),
        })
    }

    /// The version that a live lease is to run.
    pub(crate) fn version_of(&self, lease: &LeaseId) -> Option<Version> {
        let standing = self.deployments.get(lease.deployment())?;
        let states = [LeaseState::Active, LeaseState::Reclaiming];
        let live = standing.lease.as_ref().is_some_and(|l| &l.id == lease && states.contains(&l.state));
        live.then_some(standing.deployment.hash)
    }

    /// How many deployments live.
    pub(crate) fn live(&self) -> usize {
        self.deployments.values().filter(|s| s.deployment.state == DeploymentState::Active).count()
    }

    /// How many orders take bids.
    pub(crate) fn open_orders(&self) -> usize {
        self.deployments.values().filter(|s| s.order.state == OrderState::Open).count()
    }

    /// How many deployments were ever created.
    pub(crate) fn created(&self) -> usize {
        self.deployments.len()
    }

    /// How often an act had its effect.
    pub(crate) fn count(&self, act: &str) -> usize {
        self.effects.iter().filter(|name| **name == act).count()
    }

    /// What is in escrow, uact.
    pub(crate) fn escrowed(&self) -> u128 {
        self.deployments.values().map(|standing| standing.funds).sum()
    }

    /// What all providers were paid, uact.
    pub(crate) fn earned(&self) -> u128 {
        self.paid.values().sum()
    }
}

impl Standing {
    /// Both providers bid, one block after the order.
    fn bids(&self, asks: &[(Address, Dec)], now: Height) -> Vec<Bid> {
        let created_at = self.order.created_at.plus(1);
        if now < created_at {
            return Vec::new();
        }
        let bid = |(provider, price): &(Address, Dec)| Bid {
            id: self.order.id.bid(provider.clone()),
            state: BidState::Open,
            price: DecCoin::uact(*price),
            created_at,
            offer: Vec::new(),
            reclamation_window: None,
        };
        asks.iter().map(bid).collect()
    }

    fn run_dry(&mut self, debt: u128, now: Height) {
        self.debt = debt;
        self.deployment.state = DeploymentState::Closed;
        self.order.state = OrderState::Closed;
        if let Some(lease) = &mut self.lease {
            lease.state = LeaseState::InsufficientFunds;
            lease.closed_on = now;
            lease.reason = CloseReason::InsufficientFunds;
        }
    }

    fn group(&self) -> Group {
        let state = match self.deployment.state {
            DeploymentState::Active => GroupState::Open,
            _ if self.debt > 0 => GroupState::InsufficientFunds,
            _ => GroupState::Closed,
        };
        let id = self.deployment.id.group(1);
        Group { id, state, spec: self.spec.clone(), created_at: self.deployment.created_at }
    }

    fn account(&self, owner: &Address) -> escrow::Account {
        let state = match self.deployment.state {
            DeploymentState::Active => escrow::State::Open,
            _ if self.debt > 0 => escrow::State::Overdrawn,
            _ => escrow::State::Closed,
        };
        let dec = |amount: u128| Dec::from_int(u64::try_from(amount).unwrap());
        let whole = |amount: u128| vec![DecCoin::uact(dec(amount))];
        escrow::Account {
            id: AccountId::of_deployment(&self.deployment.id),
            owner: owner.clone(),
            state,
            transferred: whole(self.transferred),
            settled_at: self.settled_at,
            funds: vec![DecCoin::uact(dec(self.funds).checked_sub(dec(self.debt)).unwrap())],
            deposits: vec![],
        }
    }
}

fn address(n: u8) -> Address {
    Address::from_bytes(&[n; 20]).unwrap()
}
