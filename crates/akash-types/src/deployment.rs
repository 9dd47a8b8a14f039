//! Deployments and their groups, as the chain stores them.

use akash_proto::akash::deployment::{v1, v1beta4};

use crate::malformed::{Field as _, required};
use crate::{DeploymentId, GroupId, GroupSpec, Height, Malformed, time};

/// A deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployment {
    /// Its id.
    pub id: DeploymentId,
    /// Whether it lives.
    pub state: DeploymentState,
    /// The version: SHA-256 of the manifest's canonical JSON.
    pub hash: [u8; 32],
    /// The block that created it.
    pub created_at: Height,
    /// Seconds: the least notice that bids must promise; `None`: none.
    pub reclamation: Option<u64>,
}

/// Whether a deployment lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeploymentState {
    /// It lives and may be charged.
    Active,
    /// It has ended, for good.
    Closed,
    /// One that this program does not know.
    Unrecognised(i32),
}

/// A group of a deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Its id.
    pub id: GroupId,
    /// What it is up to.
    pub state: GroupState,
    /// What it asks for.
    pub spec: GroupSpec,
    /// The block that created it.
    pub created_at: Height,
}

/// What a group is up to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupState {
    /// It has an order, open or leased.
    Open,
    /// It has none until it is started again: the provider closed the lease, or the owner paused it.
    Paused,
    /// The escrow ran dry.
    InsufficientFunds,
    /// It has ended.
    Closed,
    /// One that this program does not know.
    Unrecognised(i32),
}

impl DeploymentState {
    /// The protocol's number.
    pub const fn to_wire(self) -> i32 {
        match self {
            Self::Active => 1,
            Self::Closed => 2,
            Self::Unrecognised(n) => n,
        }
    }

    /// From the protocol's number.
    pub const fn from_wire(state: i32) -> Self {
        match state {
            1 => Self::Active,
            2 => Self::Closed,
            n => Self::Unrecognised(n),
        }
    }
}

impl GroupState {
    /// The protocol's number.
    pub const fn to_wire(self) -> i32 {
        match self {
            Self::Open => 1,
            Self::Paused => 2,
            Self::InsufficientFunds => 3,
            Self::Closed => 4,
            Self::Unrecognised(n) => n,
        }
    }

    /// From the protocol's number.
    pub const fn from_wire(state: i32) -> Self {
        match state {
            1 => Self::Open,
            2 => Self::Paused,
            3 => Self::InsufficientFunds,
            4 => Self::Closed,
            n => Self::Unrecognised(n),
        }
    }
}

impl TryFrom<v1::Deployment> for Deployment {
    type Error = Malformed;

    fn try_from(d: v1::Deployment) -> Result<Self, Malformed> {
        Ok(Self {
            id: required(d.id, "Deployment", "id")?.try_into()?,
            state: DeploymentState::from_wire(d.state),
            hash: hash(&d.hash, "Deployment")?,
            created_at: Height::from_wire(d.created_at),
            reclamation: d.reclamation.map(read_reclamation).transpose()?.flatten(),
        })
    }
}

impl From<&Deployment> for v1::Deployment {
    fn from(d: &Deployment) -> Self {
        Self {
            id: Some((&d.id).into()),
            state: d.state.to_wire(),
            hash: d.hash.to_vec(),
            created_at: d.created_at.to_wire(),
            reclamation: write_reclamation(d.reclamation),
        }
    }
}

impl TryFrom<v1beta4::Group> for Group {
    type Error = Malformed;

    fn try_from(g: v1beta4::Group) -> Result<Self, Malformed> {
        Ok(Self {
            id: required(g.id, "Group", "id")?.try_into()?,
            state: GroupState::from_wire(g.state),
            spec: required(g.group_spec, "Group", "group_spec")?.try_into()?,
            created_at: Height::from_wire(g.created_at),
        })
    }
}

impl From<&Group> for v1beta4::Group {
    fn from(g: &Group) -> Self {
        Self {
            id: Some((&g.id).into()),
            state: g.state.to_wire(),
            group_spec: Some((&g.spec).into()),
            created_at: g.created_at.to_wire(),
        }
    }
}

/// The least notice, in seconds.
pub(crate) fn read_reclamation(wanted: v1::DeploymentReclamation) -> Result<Option<u64>, Malformed> {
    let field = ("DeploymentReclamation", "min_window");
    wanted.min_window.map(|window| time::seconds(window, field.0, field.1)).transpose()
}

/// The same on the wire.
pub(crate) fn write_reclamation(seconds: Option<u64>) -> Option<v1::DeploymentReclamation> {
    seconds.map(|s| v1::DeploymentReclamation { min_window: Some(time::duration(s)) })
}

/// A version hash is exactly 32 bytes.
pub(crate) fn hash(bytes: &[u8], message: &'static str) -> Result<[u8; 32], Malformed> {
    bytes.try_into().field(message, "hash")
}
