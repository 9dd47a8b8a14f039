//! Leases.

use akash_proto::akash::market::v1 as wire;
use cosmos_sdk_proto::tendermint::google::protobuf::Duration;

use crate::malformed::required;
use crate::{DecCoin, Height, LeaseId, Malformed};

/// A lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Its id.
    pub id: LeaseId,
    /// What it is up to.
    pub state: LeaseState,
    /// Per block.
    pub price: DecCoin,
    /// The block that made it.
    pub created_at: Height,
    /// The block that ended it; 0 while it lives.
    pub closed_on: Height,
    /// Why it ended.
    pub reason: CloseReason,
    /// The promised notice, and where it stands.
    pub reclamation: Option<Reclamation>,
}

/// Notice that a provider gives before it leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reclamation {
    /// Seconds promised.
    pub window: u64,
    /// The block in which it was given; 0: not yet.
    pub started_at: Height,
    /// Unix seconds from which the provider may leave; 0: not yet given.
    pub deadline: u64,
    /// Why.
    pub reason: CloseReason,
}

/// What a lease is up to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaseState {
    /// It runs and is paid.
    Active,
    /// The escrow ran dry.
    InsufficientFunds,
    /// It has ended.
    Closed,
    /// It runs and is paid, and the provider has said when it leaves.
    Reclaiming,
    /// One that this program does not know.
    Unrecognised(i32),
}

/// Why a lease ended. 10000 to 19999 are the provider's reasons, 20000 and up the network's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseReason {
    /// It has not ended.
    None,
    /// The owner closed it.
    Owner,
    /// The provider found the workload not running.
    Unstable,
    /// The provider takes the hardware away.
    Decommission,
    /// The provider gave no reason.
    Unspecified,
    /// No manifest came in time.
    ManifestTimeout,
    /// The escrow ran dry.
    InsufficientFunds,
    /// One that this program does not know.
    Unrecognised(i32),
}

impl LeaseState {
    /// The protocol's number.
    pub const fn to_wire(self) -> i32 {
        match self {
            Self::Active => 1,
            Self::InsufficientFunds => 2,
            Self::Closed => 3,
            Self::Reclaiming => 4,
            Self::Unrecognised(n) => n,
        }
    }

    /// From the protocol's number.
    pub const fn from_wire(state: i32) -> Self {
        match state {
            1 => Self::Active,
            2 => Self::InsufficientFunds,
            3 => Self::Closed,
            4 => Self::Reclaiming,
            n => Self::Unrecognised(n),
        }
    }
}

impl CloseReason {
    /// The protocol's number.
    pub const fn to_wire(self) -> i32 {
        match self {
            Self::None => 0,
            Self::Owner => 1,
            Self::Unstable => 10_000,
            Self::Decommission => 10_001,
            Self::Unspecified => 10_002,
            Self::ManifestTimeout => 10_003,
            Self::InsufficientFunds => 20_000,
            Self::Unrecognised(n) => n,
        }
    }

    /// From the protocol's number.
    pub const fn from_wire(reason: i32) -> Self {
        match reason {
            0 => Self::None,
            1 => Self::Owner,
            10_000 => Self::Unstable,
            10_001 => Self::Decommission,
            10_002 => Self::Unspecified,
            10_003 => Self::ManifestTimeout,
            20_000 => Self::InsufficientFunds,
            n => Self::Unrecognised(n),
        }
    }
}

impl TryFrom<wire::Lease> for Lease {
    type Error = Malformed;

    fn try_from(l: wire::Lease) -> Result<Self, Malformed> {
        let unsigned = |n: i64| u64::try_from(n).unwrap_or(0);
        Ok(Self {
            id: required(l.id, "Lease", "id")?.try_into()?,
            state: LeaseState::from_wire(l.state),
            price: required(l.price, "Lease", "price")?.try_into()?,
            created_at: Height::from_wire(l.created_at),
            closed_on: Height::from_wire(l.closed_on),
            reason: CloseReason::from_wire(l.reason),
            reclamation: l.reclamation.map(|r| Reclamation {
                window: r.window.map_or(0, |w| unsigned(w.seconds)),
                started_at: Height::from_wire(r.started_at),
                deadline: unsigned(r.deadline),
                reason: CloseReason::from_wire(r.reason),
            }),
        })
    }
}

impl From<&Lease> for wire::Lease {
    fn from(l: &Lease) -> Self {
        let signed = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        Self {
            id: Some((&l.id).into()),
            state: l.state.to_wire(),
            price: Some((&l.price).into()),
            created_at: l.created_at.to_wire(),
            closed_on: l.closed_on.to_wire(),
            reason: l.reason.to_wire(),
            reclamation: l.reclamation.map(|r| wire::Reclamation {
                window: Some(Duration { seconds: signed(r.window), nanos: 0 }),
                started_at: r.started_at.to_wire(),
                deadline: signed(r.deadline),
                reason: r.reason.to_wire(),
            }),
        }
    }
}
