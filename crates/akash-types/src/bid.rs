//! Bids.

use akash_proto::akash::market::v1beta5 as wire;

use crate::malformed::{all, required};
use crate::{BidId, DecCoin, Height, Malformed, Resources, time};

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
    /// What it would give, unit by unit; empty: what was asked for.
    pub offer: Vec<ResourceOffer>,
    /// Seconds of notice that the provider promises before it leaves; `None`: it may leave at any moment.
    pub reclamation_window: Option<u64>,
}

/// What a provider says that it would give for one unit of an order. (The prices that it may add are not read.)
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceOffer {
    /// With the unit's id.
    pub resources: Resources,
    /// How many replicas.
    pub count: u32,
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
            offer: all(b.resources_offer)?,
            reclamation_window: b
                .reclamation_window
                .map(|window| time::seconds(window, "Bid", "reclamation_window"))
                .transpose()?,
        })
    }
}

impl From<&Bid> for wire::Bid {
    fn from(b: &Bid) -> Self {
        Self {
            id: Some((&b.id).into()),
            state: b.state.to_wire(),
            price: Some((&b.price).into()),
            created_at: b.created_at.to_wire(),
            resources_offer: b.offer.iter().map(Into::into).collect(),
            reclamation_window: b.reclamation_window.map(time::duration),
        }
    }
}

impl TryFrom<wire::ResourceOffer> for ResourceOffer {
    type Error = Malformed;

    fn try_from(o: wire::ResourceOffer) -> Result<Self, Malformed> {
        Ok(Self {
            resources: required(o.resources, "ResourceOffer", "resources")?.try_into()?,
            count: o.count,
        })
    }
}

impl From<&ResourceOffer> for wire::ResourceOffer {
    fn from(o: &ResourceOffer) -> Self {
        Self { resources: Some((&o.resources).into()), count: o.count, prices: None }
    }
}
