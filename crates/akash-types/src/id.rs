//! The ids of the market, each one longer than the last: deployment, group, order, bid, lease.

use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;

use akash_proto::akash::{deployment::v1 as deployment, market::v1 as market};

use crate::malformed::Field as _;
use crate::{Address, Malformed};

/// A deployment's sequence number: chosen by its owner, never 0, never used twice by one owner.
///
/// Ours are Unix milliseconds, always 13 digits: escrow keys are matched by string prefix, so that on a real node closing
/// 12 also closed the lease of 123.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Dseq(NonZeroU64);

/// A number or text that is no id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a deployment sequence number")]
pub struct BadId(pub String);

impl Dseq {
    /// The smallest.
    pub const MIN: Self = Self(NonZeroU64::MIN);

    /// A sequence number; `None` for 0.
    pub const fn new(number: u64) -> Option<Self> {
        match NonZeroU64::new(number) {
            Some(n) => Some(Self(n)),
            None => None,
        }
    }

    /// The number.
    pub const fn get(self) -> u64 {
        self.0.get()
    }

    /// The next one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for Dseq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Dseq {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        text.parse().map(Self).map_err(|_| BadId(text.chars().take(40).collect()))
    }
}

/// A deployment: everything that one SDL asks for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeploymentId {
    /// Who pays.
    pub owner: Address,
    /// The owner's number for it.
    pub dseq: Dseq,
}

/// A group of a deployment: what goes to one provider.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupId {
    /// The deployment.
    pub deployment: DeploymentId,
    /// 1 for the first group.
    pub gseq: u32,
}

/// An order: a group looking for a provider. A group has at most one that is not closed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderId {
    /// The group.
    pub group: GroupId,
    /// 1 for the first order; each closed lease opens the next.
    pub oseq: u32,
}

/// A provider's offer for an order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BidId {
    /// The order.
    pub order: OrderId,
    /// Who offers.
    pub provider: Address,
}

/// A bid that was accepted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeaseId {
    /// The order.
    pub order: OrderId,
    /// Who serves it.
    pub provider: Address,
}

impl DeploymentId {
    /// The id of an owner's deployment.
    pub const fn new(owner: Address, dseq: Dseq) -> Self {
        Self { owner, dseq }
    }

    /// One of its groups.
    pub fn group(&self, gseq: u32) -> GroupId {
        GroupId { deployment: self.clone(), gseq }
    }

    /// Its escrow account's `xid`.
    pub fn escrow_xid(&self) -> String {
        format!("{}/{}", self.owner, self.dseq)
    }
}

impl GroupId {
    /// One of its orders.
    pub fn order(&self, oseq: u32) -> OrderId {
        OrderId { group: self.clone(), oseq }
    }
}

impl OrderId {
    /// The deployment that it belongs to.
    pub const fn deployment(&self) -> &DeploymentId {
        &self.group.deployment
    }

    /// A provider's bid on it.
    pub fn bid(&self, provider: Address) -> BidId {
        BidId { order: self.clone(), provider }
    }
}

impl BidId {
    /// The lease that accepting it makes.
    pub fn lease(&self) -> LeaseId {
        LeaseId { order: self.order.clone(), provider: self.provider.clone() }
    }
}

impl LeaseId {
    /// The deployment that it belongs to.
    pub const fn deployment(&self) -> &DeploymentId {
        self.order.deployment()
    }

    /// The bid that it came from.
    pub fn bid(&self) -> BidId {
        BidId { order: self.order.clone(), provider: self.provider.clone() }
    }

    /// Its escrow payment's `xid`, under the deployment's account.
    pub fn payment_xid(&self) -> String {
        format!("{}/{}/{}", self.order.group.gseq, self.order.oseq, self.provider)
    }
}

impl fmt::Display for DeploymentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.owner, self.dseq)
    }
}

impl fmt::Display for GroupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.deployment, self.gseq)
    }
}

impl fmt::Display for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.group, self.oseq)
    }
}

impl fmt::Display for BidId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.order, self.provider)
    }
}

impl fmt::Display for LeaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.order, self.provider)
    }
}

fn dseq(number: u64, message: &'static str) -> Result<Dseq, Malformed> {
    Dseq::new(number).ok_or_else(|| Malformed::new(message, "dseq", "is 0"))
}

impl TryFrom<deployment::DeploymentId> for DeploymentId {
    type Error = Malformed;

    fn try_from(id: deployment::DeploymentId) -> Result<Self, Malformed> {
        Ok(Self {
            owner: id.owner.parse().field("DeploymentID", "owner")?,
            dseq: dseq(id.dseq, "DeploymentID")?,
        })
    }
}

impl From<&DeploymentId> for deployment::DeploymentId {
    fn from(id: &DeploymentId) -> Self {
        Self { owner: id.owner.to_string(), dseq: id.dseq.get() }
    }
}

impl TryFrom<deployment::GroupId> for GroupId {
    type Error = Malformed;

    fn try_from(id: deployment::GroupId) -> Result<Self, Malformed> {
        let owner = id.owner.parse().field("GroupID", "owner")?;
        Ok(DeploymentId::new(owner, dseq(id.dseq, "GroupID")?).group(id.gseq))
    }
}

impl From<&GroupId> for deployment::GroupId {
    fn from(id: &GroupId) -> Self {
        Self { owner: id.deployment.owner.to_string(), dseq: id.deployment.dseq.get(), gseq: id.gseq }
    }
}

impl TryFrom<market::OrderId> for OrderId {
    type Error = Malformed;

    fn try_from(id: market::OrderId) -> Result<Self, Malformed> {
        let owner = id.owner.parse().field("OrderID", "owner")?;
        Ok(DeploymentId::new(owner, dseq(id.dseq, "OrderID")?).group(id.gseq).order(id.oseq))
    }
}

impl From<&OrderId> for market::OrderId {
    fn from(id: &OrderId) -> Self {
        let group = &id.group;
        Self {
            owner: group.deployment.owner.to_string(),
            dseq: group.deployment.dseq.get(),
            gseq: group.gseq,
            oseq: id.oseq,
        }
    }
}

/// Bids and leases have the same five parts; `bseq` is 0 everywhere on today's chain.
macro_rules! bid_shaped {
    ($ours:ty, $wire:ty, $name:literal) => {
        impl TryFrom<$wire> for $ours {
            type Error = Malformed;

            fn try_from(id: $wire) -> Result<Self, Malformed> {
                let owner = id.owner.parse().field($name, "owner")?;
                let order = DeploymentId::new(owner, dseq(id.dseq, $name)?).group(id.gseq).order(id.oseq);
                Ok(Self { order, provider: id.provider.parse().field($name, "provider")? })
            }
        }

        impl From<&$ours> for $wire {
            fn from(id: &$ours) -> Self {
                let group = &id.order.group;
                Self {
                    owner: group.deployment.owner.to_string(),
                    dseq: group.deployment.dseq.get(),
                    gseq: group.gseq,
                    oseq: id.order.oseq,
                    provider: id.provider.to_string(),
                    bseq: 0,
                }
            }
        }
    };
}

bid_shaped!(BidId, market::BidId, "BidID");
bid_shaped!(LeaseId, market::LeaseId, "LeaseID");
