//! Orders.

use akash_proto::akash::market::v1beta5 as wire;

use crate::deployment::{read_reclamation, write_reclamation};
use crate::malformed::required;
use crate::{GroupSpec, Height, Malformed, OrderId};

/// An order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Its id.
    pub id: OrderId,
    /// What it is up to.
    pub state: OrderState,
    /// What it asks for.
    pub spec: GroupSpec,
    /// The block that opened it.
    pub created_at: Height,
    /// Seconds: the least notice that bids must promise; `None`: none.
    pub reclamation: Option<u64>,
}

/// What an order is up to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderState {
    /// It takes bids.
    Open,
    /// It has a lease.
    Active,
    /// It has ended.
    Closed,
    /// One that this program does not know.
    Unrecognised(i32),
}

impl OrderState {
    /// The protocol's number.
    pub const fn to_wire(self) -> i32 {
        match self {
            Self::Open => 1,
            Self::Active => 2,
            Self::Closed => 3,
            Self::Unrecognised(n) => n,
        }
    }

    /// From the protocol's number.
    pub const fn from_wire(state: i32) -> Self {
        match state {
            1 => Self::Open,
            2 => Self::Active,
            3 => Self::Closed,
            n => Self::Unrecognised(n),
        }
    }
}

impl TryFrom<wire::Order> for Order {
    type Error = Malformed;

    fn try_from(o: wire::Order) -> Result<Self, Malformed> {
        Ok(Self {
            id: required(o.id, "Order", "id")?.try_into()?,
            state: OrderState::from_wire(o.state),
            spec: required(o.spec, "Order", "spec")?.try_into()?,
            created_at: Height::from_wire(o.created_at),
            reclamation: o.reclamation.map(read_reclamation).transpose()?.flatten(),
        })
    }
}

impl From<&Order> for wire::Order {
    fn from(o: &Order) -> Self {
        Self {
            id: Some((&o.id).into()),
            state: o.state.to_wire(),
            spec: Some((&o.spec).into()),
            created_at: o.created_at.to_wire(),
            reclamation: write_reclamation(o.reclamation),
        }
    }
}
