//! Messages about bids and leases.

use akash_proto::akash::market::v1beta5 as wire;

use crate::escrow::Funding;
use crate::malformed::{all, required};
use crate::{BidId, CloseReason, DecCoin, LeaseId, Malformed, ResourceOffer, time};

/// A provider offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateBid {
    /// The order and the provider.
    pub id: BidId,
    /// For the whole group, per block.
    pub price: DecCoin,
    /// The provider's deposit.
    pub deposit: Funding,
    /// What it would give, unit by unit; empty: what was asked for.
    pub offer: Vec<ResourceOffer>,
    /// Seconds of notice that the provider promises before it leaves; `None`: none.
    pub reclamation_window: Option<u64>,
}

/// A provider withdraws its offer, or leaves its lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloseBid {
    /// Which.
    pub id: BidId,
    /// A provider's reason: 10000 to 19999.
    pub reason: CloseReason,
}

/// A tenant accepts a bid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateLease {
    /// Which.
    pub bid: BidId,
}

/// A tenant ends a lease; the group's next order opens at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloseLease {
    /// Which.
    pub id: LeaseId,
}

/// A provider takes what it has earned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WithdrawLease {
    /// Which.
    pub id: LeaseId,
}

/// A provider gives notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartReclaim {
    /// Which.
    pub id: LeaseId,
    /// A provider's reason: 10000 to 19999.
    pub reason: CloseReason,
}

impl TryFrom<wire::MsgCreateBid> for CreateBid {
    type Error = Malformed;

    fn try_from(m: wire::MsgCreateBid) -> Result<Self, Malformed> {
        Ok(Self {
            id: required(m.id, "MsgCreateBid", "id")?.try_into()?,
            price: required(m.price, "MsgCreateBid", "price")?.try_into()?,
            deposit: required(m.deposit, "MsgCreateBid", "deposit")?.try_into()?,
            offer: all(m.resources_offer)?,
            reclamation_window: m
                .reclamation_window
                .map(|window| time::seconds(window, "MsgCreateBid", "reclamation_window"))
                .transpose()?,
        })
    }
}

impl From<&CreateBid> for wire::MsgCreateBid {
    fn from(m: &CreateBid) -> Self {
        Self {
            id: Some((&m.id).into()),
            price: Some((&m.price).into()),
            deposit: Some((&m.deposit).into()),
            resources_offer: m.offer.iter().map(Into::into).collect(),
            reclamation_window: m.reclamation_window.map(time::duration),
        }
    }
}

impl TryFrom<wire::MsgCloseBid> for CloseBid {
    type Error = Malformed;

    fn try_from(m: wire::MsgCloseBid) -> Result<Self, Malformed> {
        Ok(Self {
            id: required(m.id, "MsgCloseBid", "id")?.try_into()?,
            reason: CloseReason::from_wire(m.reason),
        })
    }
}

impl From<&CloseBid> for wire::MsgCloseBid {
    fn from(m: &CloseBid) -> Self {
        Self { id: Some((&m.id).into()), reason: m.reason.to_wire() }
    }
}

impl TryFrom<wire::MsgCreateLease> for CreateLease {
    type Error = Malformed;

    fn try_from(m: wire::MsgCreateLease) -> Result<Self, Malformed> {
        Ok(Self { bid: required(m.bid_id, "MsgCreateLease", "bid_id")?.try_into()? })
    }
}

impl From<&CreateLease> for wire::MsgCreateLease {
    fn from(m: &CreateLease) -> Self {
        Self { bid_id: Some((&m.bid).into()) }
    }
}

impl TryFrom<wire::MsgCloseLease> for CloseLease {
    type Error = Malformed;

    fn try_from(m: wire::MsgCloseLease) -> Result<Self, Malformed> {
        Ok(Self { id: required(m.id, "MsgCloseLease", "id")?.try_into()? })
    }
}

impl From<&CloseLease> for wire::MsgCloseLease {
    /// The chain ignores the reason and stores "owner".
    fn from(m: &CloseLease) -> Self {
        Self { id: Some((&m.id).into()), reason: CloseReason::None.to_wire() }
    }
}

impl TryFrom<wire::MsgWithdrawLease> for WithdrawLease {
    type Error = Malformed;

    fn try_from(m: wire::MsgWithdrawLease) -> Result<Self, Malformed> {
        Ok(Self { id: required(m.id, "MsgWithdrawLease", "id")?.try_into()? })
    }
}

impl From<&WithdrawLease> for wire::MsgWithdrawLease {
    fn from(m: &WithdrawLease) -> Self {
        Self { id: Some((&m.id).into()) }
    }
}

impl TryFrom<wire::MsgLeaseStartReclaim> for StartReclaim {
    type Error = Malformed;

    fn try_from(m: wire::MsgLeaseStartReclaim) -> Result<Self, Malformed> {
        Ok(Self {
            id: required(m.id, "MsgLeaseStartReclaim", "id")?.try_into()?,
            reason: CloseReason::from_wire(m.reason),
        })
    }
}

impl From<&StartReclaim> for wire::MsgLeaseStartReclaim {
    fn from(m: &StartReclaim) -> Self {
        Self { id: Some((&m.id).into()), reason: m.reason.to_wire() }
    }
}
