//! Escrow: the accounts that deployments are paid from.
//!
//! Settlement is lazy: every figure here is as of `settled_at`, and [`Account::remaining`] computes the present.

use akash_proto::akash::base::deposit::v1 as deposit;
use akash_proto::akash::escrow::{id::v1 as id, types::v1 as wire};

use crate::malformed::{Field as _, all, required};
use crate::{Address, BidId, Dec, DecCoin, Denom, DeploymentId, Height, LeaseId, Malformed};

/// What an account pays for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AccountId {
    /// A deployment or a bid.
    pub scope: Scope,
    /// `owner/dseq` of a deployment; `owner/dseq/gseq/oseq/provider` of a bid.
    pub xid: String,
}

/// What kind of thing an account pays for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// A tenant's deployment.
    Deployment,
    /// A provider's bid.
    Bid,
    /// One that this program does not know.
    Unrecognised(i32),
}

/// Whether an account or a payment lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It lives.
    Open,
    /// It has ended, and what was left went back.
    Closed,
    /// It owed more than it had. Final: a later deposit pays the debt and closes it.
    Overdrawn,
    /// One that this program does not know.
    Unrecognised(i32),
}

/// An escrow account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// What it pays for.
    pub id: AccountId,
    /// Who gets what is left.
    pub owner: Address,
    /// Whether it lives.
    pub state: State,
    /// Paid out so far.
    pub transferred: Vec<DecCoin>,
    /// The last settlement.
    pub settled_at: Height,
    /// What it holds; negative when overdrawn.
    pub funds: Vec<DecCoin>,
    /// Who put in what, and what of it is left.
    pub deposits: Vec<Deposit>,
}

/// One deposit into an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deposit {
    /// Whose money it is.
    pub owner: Address,
    /// The block.
    pub height: Height,
    /// Where it came from.
    pub source: Source,
    /// What of it is left.
    pub balance: DecCoin,
}

/// Where a deposit comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// The signer's own balance.
    Balance,
    /// A deposit grant given to the signer.
    Grant,
    /// One that this program does not know.
    Unrecognised(i32),
}

/// What a lease is paid: a stream from a deployment's account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// The account it comes from.
    pub account: AccountId,
    /// `gseq/oseq/provider`.
    pub xid: String,
    /// Who is paid.
    pub owner: Address,
    /// Whether it flows.
    pub state: State,
    /// Per block.
    pub rate: DecCoin,
    /// Earned and not yet withdrawn.
    pub balance: DecCoin,
    /// Owed by an account that ran dry.
    pub unsettled: DecCoin,
    /// Withdrawn so far, whole units.
    pub withdrawn: crate::Coin,
}

impl AccountId {
    /// A deployment's account.
    pub fn of_deployment(id: &DeploymentId) -> Self {
        Self { scope: Scope::Deployment, xid: id.escrow_xid() }
    }

    /// A bid's account.
    pub fn of_bid(id: &BidId) -> Self {
        Self { scope: Scope::Bid, xid: id.to_string() }
    }

    /// The string key that queries match by prefix: `deployment/akash1…/1781208244926`.
    pub fn key(&self) -> String {
        [self.scope.name(), "/", &self.xid].concat()
    }
}

impl Payment {
    /// True when it pays for this lease.
    pub fn is_of(&self, lease: &LeaseId) -> bool {
        self.account == AccountId::of_deployment(lease.deployment()) && self.xid == lease.payment_xid()
    }
}

impl Account {
    /// The balance of one currency as of `settled_at`.
    pub fn funds_in(&self, denom: &Denom) -> Dec {
        self.funds.iter().find(|f| &f.denom == denom).map_or(Dec::ZERO, |f| f.amount)
    }

    /// What is left at `now` when `rate` per block has flowed since the last settlement; negative when it ran dry.
    pub fn remaining(&self, denom: &Denom, rate: Dec, now: Height) -> Dec {
        let due = rate.checked_mul(now.since(self.settled_at)).unwrap_or(Dec::from_atoms(i128::MAX));
        self.funds_in(denom).checked_sub(due).unwrap_or(Dec::from_atoms(i128::MIN))
    }
}

impl Scope {
    /// The name in keys.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Deployment => "deployment",
            Self::Bid => "bid",
            Self::Unrecognised(_) => "invalid",
        }
    }

    /// The protocol's number.
    pub const fn to_wire(self) -> i32 {
        match self {
            Self::Deployment => 1,
            Self::Bid => 2,
            Self::Unrecognised(n) => n,
        }
    }

    /// From the protocol's number.
    pub const fn from_wire(scope: i32) -> Self {
        match scope {
            1 => Self::Deployment,
            2 => Self::Bid,
            n => Self::Unrecognised(n),
        }
    }
}

impl State {
    /// The protocol's number.
    pub const fn to_wire(self) -> i32 {
        match self {
            Self::Open => 1,
            Self::Closed => 2,
            Self::Overdrawn => 3,
            Self::Unrecognised(n) => n,
        }
    }

    /// From the protocol's number.
    pub const fn from_wire(state: i32) -> Self {
        match state {
            1 => Self::Open,
            2 => Self::Closed,
            3 => Self::Overdrawn,
            n => Self::Unrecognised(n),
        }
    }
}

impl Source {
    /// The protocol's number.
    pub const fn to_wire(self) -> i32 {
        match self {
            Self::Balance => 1,
            Self::Grant => 2,
            Self::Unrecognised(n) => n,
        }
    }

    /// From the protocol's number.
    pub const fn from_wire(source: i32) -> Self {
        match source {
            1 => Self::Balance,
            2 => Self::Grant,
            n => Self::Unrecognised(n),
        }
    }
}

impl TryFrom<id::Account> for AccountId {
    type Error = Malformed;

    fn try_from(account: id::Account) -> Result<Self, Malformed> {
        Ok(Self { scope: Scope::from_wire(account.scope), xid: account.xid })
    }
}

impl From<&AccountId> for id::Account {
    fn from(account: &AccountId) -> Self {
        Self { scope: account.scope.to_wire(), xid: account.xid.clone() }
    }
}

impl TryFrom<wire::Balance> for DecCoin {
    type Error = Malformed;

    fn try_from(b: wire::Balance) -> Result<Self, Malformed> {
        Ok(Self {
            denom: b.denom.as_str().into(),
            amount: Dec::from_wire(&b.amount).field("Balance", "amount")?,
        })
    }
}

impl TryFrom<wire::Depositor> for Deposit {
    type Error = Malformed;

    fn try_from(d: wire::Depositor) -> Result<Self, Malformed> {
        Ok(Self {
            owner: d.owner.parse().field("Depositor", "owner")?,
            height: Height::from_wire(d.height),
            source: Source::from_wire(d.source),
            balance: required(d.balance, "Depositor", "balance")?.try_into()?,
        })
    }
}

impl TryFrom<wire::Account> for Account {
    type Error = Malformed;

    fn try_from(account: wire::Account) -> Result<Self, Malformed> {
        let state = required(account.state, "Account", "state")?;
        Ok(Self {
            id: required(account.id, "Account", "id")?.try_into()?,
            owner: state.owner.parse().field("AccountState", "owner")?,
            state: State::from_wire(state.state),
            transferred: all(state.transferred)?,
            settled_at: Height::from_wire(state.settled_at),
            funds: all(state.funds)?,
            deposits: all(state.deposits)?,
        })
    }
}

impl From<&Account> for wire::Account {
    fn from(account: &Account) -> Self {
        let deposit = |d: &Deposit| wire::Depositor {
            owner: d.owner.to_string(),
            height: d.height.to_wire(),
            source: d.source.to_wire(),
            balance: Some((&d.balance).into()),
        };
        Self {
            id: Some((&account.id).into()),
            state: Some(wire::AccountState {
                owner: account.owner.to_string(),
                state: account.state.to_wire(),
                transferred: account.transferred.iter().map(Into::into).collect(),
                settled_at: account.settled_at.to_wire(),
                funds: account
                    .funds
                    .iter()
                    .map(|f| wire::Balance { denom: f.denom.to_string(), amount: f.amount.to_wire() })
                    .collect(),
                deposits: account.deposits.iter().map(deposit).collect(),
            }),
        }
    }
}

impl TryFrom<wire::Payment> for Payment {
    type Error = Malformed;

    fn try_from(payment: wire::Payment) -> Result<Self, Malformed> {
        let id = required(payment.id, "Payment", "id")?;
        let state = required(payment.state, "Payment", "state")?;
        Ok(Self {
            account: required(id.aid, "Payment", "aid")?.try_into()?,
            xid: id.xid,
            owner: state.owner.parse().field("PaymentState", "owner")?,
            state: State::from_wire(state.state),
            rate: required(state.rate, "PaymentState", "rate")?.try_into()?,
            balance: required(state.balance, "PaymentState", "balance")?.try_into()?,
            unsettled: required(state.unsettled, "PaymentState", "unsettled")?.try_into()?,
            withdrawn: required(state.withdrawn, "PaymentState", "withdrawn")?.try_into()?,
        })
    }
}

impl From<&Payment> for wire::Payment {
    fn from(p: &Payment) -> Self {
        Self {
            id: Some(id::Payment { aid: Some((&p.account).into()), xid: p.xid.clone() }),
            state: Some(wire::PaymentState {
                owner: p.owner.to_string(),
                state: p.state.to_wire(),
                rate: Some((&p.rate).into()),
                balance: Some((&p.balance).into()),
                unsettled: Some((&p.unsettled).into()),
                withdrawn: Some((&p.withdrawn).into()),
            }),
        }
    }
}

/// Money put into escrow by a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Funding {
    /// How much.
    pub amount: crate::Coin,
    /// From where, tried in this order.
    pub sources: Vec<Source>,
}

impl Funding {
    /// From the signer's own balance.
    pub fn from_balance(amount: crate::Coin) -> Self {
        Self { amount, sources: vec![Source::Balance] }
    }

    /// Out of what was granted to the signer, and of nothing else.
    pub fn from_grant(amount: crate::Coin) -> Self {
        Self { amount, sources: vec![Source::Grant] }
    }
}

impl TryFrom<deposit::Deposit> for Funding {
    type Error = Malformed;

    fn try_from(d: deposit::Deposit) -> Result<Self, Malformed> {
        Ok(Self {
            amount: required(d.amount, "Deposit", "amount")?.try_into()?,
            sources: d.sources.into_iter().map(Source::from_wire).collect(),
        })
    }
}

impl From<&Funding> for deposit::Deposit {
    fn from(f: &Funding) -> Self {
        Self { amount: Some((&f.amount).into()), sources: f.sources.iter().map(|s| s.to_wire()).collect() }
    }
}
