//! Bids.

use akash_proto::akash::market::v1beta5 as wire;
use cosmos_sdk_proto::tendermint::google::protobuf::Duration;

use crate::malformed::required;
use crate::{BidId, DecCoin, Height, Malformed};

/// A provider's offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bid {
    /// Its id.
    pub id: BidId,
    /// What became of it. A losing bid may stay `Open` for ever, so look at the order too.
    pub state: BidState,
    /// For the whole group, per block.
    pub price: DecCoin,
    /// The block that made it.
    pub created_at: Height,
    /// Seconds of notice that the provider promises before it leaves; `None`: it may leave at any moment.
    pub reclamation_window: Option<u64>,
}

/// What became of a bid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BidState {
    /// It can be accepted while its order is open.
    Open,
    /// It is a lease.
    Active,
    /// Another one won.
    Lost,
    /// Withdrawn, or its lease ended.
    Closed,
    /// One that this program does not know.
    Unrecognised(i32),
}

impl BidState {
    /// The protocol's number.
    pub const fn to_wire(self) -> i32 {
        match self {
            Self::Open => 1,
            Self::Active => 2,
            Self::Lost => 3,
            Self::Closed => 4,
            Self::Unrecognised(n) => n,
        }
    }

    /// From the protocol's number.
    pub const fn from_wire(state: i32) -> Self {
        match state {
            1 => Self::Open,
            2 => Self::Active,
            3 => Self::Lost,
            4 => Self::Closed,
            n => Self::Unrecognised(n),
        }
    }
}

impl TryFrom<wire::Bid> for Bid {
    type Error = Malformed;

    fn try_from(b: wire::Bid) -> Result<Self, Malformed> {
        Ok(Self {
            id: required(b.id, "Bid", "id")?.try_into()?,
            state: BidState::from_wire(b.state),
            price: required(b.price, "Bid", "price")?.try_into()?,
            created_at: Height::from_wire(b.created_at),
            reclamation_window: b.reclamation_window.and_then(|w| u64::try_from(w.seconds).ok()),
        })
    }
}

impl From<&Bid> for wire::Bid {
    fn from(b: &Bid) -> Self {
        let seconds = |s: u64| Duration { seconds: i64::try_from(s).unwrap_or(i64::MAX), nanos: 0 };
        Self {
            id: Some((&b.id).into()),
            state: b.state.to_wire(),
            price: Some((&b.price).into()),
            created_at: b.created_at.to_wire(),
            resources_offer: Vec::new(),
            reclamation_window: b.reclamation_window.map(seconds),
        }
    }
}
