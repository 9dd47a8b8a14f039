//! Escrow accounts and payments, and what their ends set in motion.

use akash_types::escrow::{Account, AccountId, Deposit, Payment, Scope, State as Flow};
use akash_types::msg::AccountDeposit;
use akash_types::{
    Address, BidState, CloseReason, Coin, Dec, DecCoin, DeploymentId, DeploymentState, GroupState, LeaseId,
    LeaseState, Rejection,
};

use super::gas;
use super::genesis::{ESCROW, module};
use super::refuse::{
    ACCOUNT_CLOSED, ACCOUNT_EXISTS, ACCOUNT_NOT_FOUND, ACCOUNT_OVERDRAWN, INVALID_DENOMINATION,
    INVALID_ESCROW_ID, LEASE_NOT_FOUND, ORDER_NOT_FOUND, PAYMENT_CLOSED, PAYMENT_EXISTS, PAYMENT_NOT_FOUND,
    PAYMENT_RATE_ZERO, panic,
};
use super::run::Run;
use super::settle::{Due, add_to, whole};
use super::state::payment_key;

impl Run {
    /// Coins out of the account that holds every deposit.
    pub(crate) fn pay_from_escrow(&mut self, to: &Address, coin: &Coin) -> Result<(), Rejection> {
        let escrow = escrow_address()?;
        self.pay(&escrow, to, coin)
    }

    /// Opens an account with its first deposits.
    pub(crate) fn open_escrow(
        &mut self,
        id: AccountId,
        owner: &Address,
        deposits: Vec<Deposit>,
    ) -> Result<(), Rejection> {
        if self.state.escrow.contains(id.key().as_str()) {
            return Err(ACCOUNT_EXISTS.into());
        }
        self.burn(gas::ACCOUNT_OPEN);
        let mut account = Account {
            id,
            owner: owner.clone(),
            state: Flow::Open,
            transferred: Vec::new(),
            settled_at: self.state.height,
            funds: Vec::new(),
            deposits: Vec::new(),
        };
        self.fund(&mut account, deposits)?;
        self.state.escrow.set(account.id.key().into(), account);
        Ok(())
    }

    /// Moves deposits into an account in hand.
    fn fund(&mut self, account: &mut Account, deposits: Vec<Deposit>) -> Result<(), Rejection> {
        let escrow = escrow_address()?;
        for deposit in deposits {
            let coin = &deposit.balance;
            add_to(&mut account.transferred, &coin.denom, Dec::ZERO)?;
            add_to(&mut account.funds, &coin.denom, Dec::ZERO)?;
            // A debt starts from zero again: the settlement that follows takes it from the payments' unsettled amounts.
            for funds in account.funds.iter_mut().filter(|f| f.denom == coin.denom && f.amount.is_negative())
            {
                funds.amount = Dec::ZERO;
            }
            self.pay(&deposit.owner, &escrow, &whole(coin))?;
            add_to(&mut account.funds, &coin.denom, coin.amount)?;
            account.deposits.push(deposit);
        }
        Ok(())
    }

    /// Puts money into an account. It revives nothing: an overdrawn account pays its debt and closes.
    pub(crate) fn account_deposit(&mut self, m: &AccountDeposit) -> Result<(), Rejection> {
        let deposits = self.authorize(&m.signer, m.id.scope, &m.deposit)?;
        let mut account = self.escrow_of(&m.id)?;
        if account.state == Flow::Closed {
            return Err(ACCOUNT_CLOSED.into());
        }
        self.fund(&mut account, deposits)?;
        if account.state != Flow::Overdrawn {
            return self.save_account(account);
        }
        let mut settled = self.settle(&mut account)?;
        for due in &mut settled.dues {
            self.end_payment(due)?;
        }
        if !settled.overdrawn {
            account.state = Flow::Closed;
        }
        self.save(account, settled.dues)
    }

    /// Ends an account: settles, pays, and gives back what is left.
    pub(crate) fn close_escrow(&mut self, id: &AccountId) -> Result<(), Rejection> {
        let mut account = self.escrow_of(id)?;
        if !matches!(account.state, Flow::Open | Flow::Overdrawn) {
            return Err(ACCOUNT_CLOSED.into());
        }
        self.burn(gas::ACCOUNT_CLOSE);
        let mut settled = self.settle(&mut account)?;
        if account.state == Flow::Open {
            account.state = Flow::Closed;
        }
        for due in &mut settled.dues {
            self.end_payment(due)?;
        }
        self.save(account, settled.dues)
    }

    /// Starts the payment of a lease. The account is settled first; what that earned other payments is lost to them, as on a
    /// real node, so leases of one deployment are best made in one block.
    pub(crate) fn open_payment(&mut self, lease: &LeaseId, rate: &DecCoin) -> Result<(), Rejection> {
        let id = AccountId::of_deployment(lease.deployment());
        let mut account = self.escrow_of(&id)?;
        if self.settle(&mut account)?.overdrawn {
            return Err(ACCOUNT_OVERDRAWN.into());
        }
        if !account.funds.iter().any(|f| f.denom == rate.denom) {
            return Err(INVALID_DENOMINATION.into());
        }
        if rate.amount.is_zero() {
            return Err(PAYMENT_RATE_ZERO.into());
        }
        let xid = lease.payment_xid();
        let key = payment_key(&id, &xid);
        if self.state.payments.contains(&key) {
            return Err(PAYMENT_EXISTS.into());
        }
        self.save_account(account)?;
        let zero = DecCoin { denom: rate.denom.clone(), amount: Dec::ZERO };
        let payment = Payment {
            account: id,
            xid,
            owner: lease.provider.clone(),
            state: Flow::Open,
            rate: rate.clone(),
            balance: zero.clone(),
            unsettled: zero,
            withdrawn: Coin { denom: rate.denom.clone(), amount: 0 },
        };
        self.state.payments.set(key, payment);
        Ok(())
    }

    /// Pays a provider what its lease has earned.
    pub(crate) fn withdraw(&mut self, lease: &LeaseId) -> Result<(), Rejection> {
        let (mut account, payment) = self.payment_in_hand(lease)?;
        if payment.state != Flow::Open {
            return Err(PAYMENT_CLOSED.into());
        }
        let mut settled = self.settle(&mut account)?;
        if !settled.overdrawn {
            let Some(due) = settled.dues.iter_mut().find(|d| is_same(&d.payment, &payment)) else {
                return Err(panic(format!(
                    "couldn't find payment {}",
                    payment_key(&payment.account, &payment.xid)
                )));
            };
            self.pay_out(due)?;
        }
        self.save(account, settled.dues)
    }

    /// Ends the payment of a lease.
    pub(crate) fn close_payment(&mut self, lease: &LeaseId) -> Result<(), Rejection> {
        let (mut account, payment) = self.payment_in_hand(lease)?;
        if !matches!(payment.state, Flow::Open | Flow::Overdrawn) {
            return Err(PAYMENT_CLOSED.into());
        }
        let mut settled = self.settle(&mut account)?;
        for due in &mut settled.dues {
            due.dirty = true;
            if is_same(&due.payment, &payment) {
                self.end_payment(due)?;
            }
        }
        self.save(account, settled.dues)
    }

    fn end_payment(&mut self, due: &mut Due) -> Result<(), Rejection> {
        due.dirty = true;
        if due.payment.state == Flow::Open {
            due.payment.state = Flow::Closed;
        }
        self.pay_out(due)
    }

    fn escrow_of(&self, id: &AccountId) -> Result<Account, Rejection> {
        self.state.escrow_account(id).cloned().ok_or_else(|| ACCOUNT_NOT_FOUND.into())
    }

    fn payment_in_hand(&self, lease: &LeaseId) -> Result<(Account, Payment), Rejection> {
        let account = self.escrow_of(&AccountId::of_deployment(lease.deployment()))?;
        let payment =
            self.state.payment_of(lease).cloned().ok_or_else(|| Rejection::from(PAYMENT_NOT_FOUND))?;
        Ok((account, payment))
    }

    fn save(&mut self, account: Account, dues: Vec<Due>) -> Result<(), Rejection> {
        let owner = account.owner.clone();
        self.save_account(account)?;
        for due in dues.into_iter().filter(|d| d.dirty) {
            self.save_payment(&owner, *due.payment)?;
        }
        Ok(())
    }

    /// Writes an account; one that has ended gives its deposits back first, and then tells the market.
    fn save_account(&mut self, mut account: Account) -> Result<(), Rejection> {
        let ended = matches!(account.state, Flow::Closed | Flow::Overdrawn);
        if ended {
            let left = std::mem::take(&mut account.deposits);
            for deposit in left.into_iter().filter(|d| !d.balance.amount.is_zero()) {
                self.pay_from_escrow(&deposit.owner, &whole(&deposit.balance))?;
                self.restore_grant(&account.owner, &deposit);
                let back = Dec::ZERO.checked_sub(deposit.balance.amount).unwrap_or_default();
                add_to(&mut account.funds, &deposit.balance.denom, back)?;
            }
        }
        let (pays_for, state) = (deployment_of(&account.id, &account.owner), account.state);
        self.state.escrow.set(account.id.key().into(), account);
        if ended { self.account_ended(pays_for.as_ref(), state) } else { Ok(()) }
    }

    /// Writes a payment out of an owner's account, and tells the market when it has ended.
    fn save_payment(&mut self, owner: &Address, payment: Payment) -> Result<(), Rejection> {
        let state = payment.state;
        let lease = lease_of(&payment, owner);
        self.state.payments.set(payment_key(&payment.account, &payment.xid), payment);
        match lease {
            Some(lease) if matches!(state, Flow::Closed | Flow::Overdrawn) => {
                self.payment_ended(&lease, state)
            }
            _ => Ok(()),
        }
    }

    /// A deployment whose account has ended is closed with everything in it. For the account of a bid this fails, after the
    /// account was written: why only the first losing bid of an order is refunded.
    fn account_ended(&mut self, of: Option<&DeploymentId>, state: Flow) -> Result<(), Rejection> {
        let Some(deployment_id) = of else {
            return Err(INVALID_ESCROW_ID.into());
        };
        let Some(deployment) = self.state.deployments.get(deployment_id) else {
            return Ok(());
        };
        if deployment.state != DeploymentState::Active {
            return Ok(());
        }
        let mut deployment = deployment.clone();
        deployment.state = DeploymentState::Closed;
        self.state.deployments.set(deployment_id.clone(), deployment);
        self.emit("akash.deployment.v1.EventDeploymentClosed", deployment_id);
        let end = if state == Flow::Overdrawn { GroupState::InsufficientFunds } else { GroupState::Closed };
        let groups = self.state.groups_of(deployment_id).into_iter();
        let groups: Vec<_> = groups.filter(|g| g.state != GroupState::Closed).cloned().collect();
        for group in groups {
            let id = group.id.clone();
            self.end_group(group, end);
            self.end_orders_of(&id, end);
        }
        Ok(())
    }

    /// A lease whose payment has ended is over, unless it already is.
    fn payment_ended(&mut self, lease_id: &LeaseId, state: Flow) -> Result<(), Rejection> {
        let Some(bid) = self.state.bids.get(&lease_id.bid()).cloned() else {
            return Ok(());
        };
        if bid.state != BidState::Active {
            return Ok(());
        }
        let order = self
            .state
            .orders
            .get(&lease_id.order)
            .cloned()
            .ok_or_else(|| Rejection::from(ORDER_NOT_FOUND))?;
        let lease =
            self.state.leases.get(lease_id).cloned().ok_or_else(|| Rejection::from(LEASE_NOT_FOUND))?;
        self.end_order(order);
        self.end_bid(bid);
        let (state, reason) = if state == Flow::Overdrawn {
            (LeaseState::InsufficientFunds, CloseReason::InsufficientFunds)
        } else {
            (LeaseState::Closed, CloseReason::Unspecified)
        };
        self.end_lease(lease, state, reason);
        Ok(())
    }
}

fn escrow_address() -> Result<Address, Rejection> {
    module(ESCROW)
}

fn is_same(a: &Payment, b: &Payment) -> bool {
    a.account == b.account && a.xid == b.xid
}

/// The deployment that an owner's account pays for; `None` for the account of a bid. Its key names the owner too, but reading an
/// address takes longer than all else that a message does.
fn deployment_of(id: &AccountId, owner: &Address) -> Option<DeploymentId> {
    let (_, dseq) = id.xid.split_once('/')?;
    match id.scope {
        Scope::Deployment => Some(DeploymentId::new(owner.clone(), dseq.parse().ok()?)),
        Scope::Bid | Scope::Unrecognised(_) => None,
    }
}

/// The lease that a payment out of an owner's account pays for.
fn lease_of(payment: &Payment, owner: &Address) -> Option<LeaseId> {
    let mut parts = payment.xid.split('/');
    let (gseq, oseq) = (parts.next()?, parts.next()?);
    let group = deployment_of(&payment.account, owner)?.group(gseq.parse().ok()?);
    Some(group.order(oseq.parse().ok()?).bid(payment.owner.clone()).lease())
}
