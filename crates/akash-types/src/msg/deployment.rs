//! Messages about deployments and groups.

use akash_proto::akash::deployment::v1beta4 as wire;

use crate::deployment::{hash, read_reclamation, write_reclamation};
use crate::escrow::Funding;
use crate::malformed::{all, required};
use crate::{DeploymentId, GroupId, GroupSpec, Malformed};

/// Opens a deployment with its groups, and funds its escrow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateDeployment {
    /// Never used before by this owner.
    pub id: DeploymentId,
    /// What it asks for, at least one group; gseq follows the order.
    pub groups: Vec<GroupSpec>,
    /// SHA-256 of the manifest's canonical JSON.
    pub hash: [u8; 32],
    /// The first deposit.
    pub deposit: Funding,
    /// Seconds: the least notice that bids must promise; `None`: none.
    pub reclamation: Option<u64>,
}

/// Replaces a deployment's version hash. Groups cannot change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpdateDeployment {
    /// Which.
    pub id: DeploymentId,
    /// The new version.
    pub hash: [u8; 32],
}

/// Ends a deployment and returns what is left of its deposit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloseDeployment {
    /// Which.
    pub id: DeploymentId,
}

impl TryFrom<wire::MsgCreateDeployment> for CreateDeployment {
    type Error = Malformed;

    fn try_from(m: wire::MsgCreateDeployment) -> Result<Self, Malformed> {
        Ok(Self {
            id: required(m.id, "MsgCreateDeployment", "id")?.try_into()?,
            groups: all(m.groups)?,
            hash: hash(&m.hash, "MsgCreateDeployment")?,
            deposit: required(m.deposit, "MsgCreateDeployment", "deposit")?.try_into()?,
            reclamation: m.reclamation.map(read_reclamation).transpose()?.flatten(),
        })
    }
}

impl From<&CreateDeployment> for wire::MsgCreateDeployment {
    fn from(m: &CreateDeployment) -> Self {
        Self {
            id: Some((&m.id).into()),
            groups: m.groups.iter().map(Into::into).collect(),
            hash: m.hash.to_vec(),
            deposit: Some((&m.deposit).into()),
            reclamation: write_reclamation(m.reclamation),
        }
    }
}

impl TryFrom<wire::MsgUpdateDeployment> for UpdateDeployment {
    type Error = Malformed;

    fn try_from(m: wire::MsgUpdateDeployment) -> Result<Self, Malformed> {
        Ok(Self {
            id: required(m.id, "MsgUpdateDeployment", "id")?.try_into()?,
            hash: hash(&m.hash, "MsgUpdateDeployment")?,
        })
    }
}

impl From<&UpdateDeployment> for wire::MsgUpdateDeployment {
    fn from(m: &UpdateDeployment) -> Self {
        Self { id: Some((&m.id).into()), hash: m.hash.to_vec() }
    }
}

impl TryFrom<wire::MsgCloseDeployment> for CloseDeployment {
    type Error = Malformed;

    fn try_from(m: wire::MsgCloseDeployment) -> Result<Self, Malformed> {
        Ok(Self { id: required(m.id, "MsgCloseDeployment", "id")?.try_into()? })
    }
}

impl From<&CloseDeployment> for wire::MsgCloseDeployment {
    fn from(m: &CloseDeployment) -> Self {
        Self { id: Some((&m.id).into()) }
    }
}

/// The three messages about a group carry its id and nothing else.
macro_rules! about_a_group {
    ($(#[$doc:meta])* $ours:ident, $wire:ty, $name:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $ours {
            /// Which.
            pub id: GroupId,
        }

        impl TryFrom<$wire> for $ours {
            type Error = Malformed;

            fn try_from(m: $wire) -> Result<Self, Malformed> {
                Ok(Self { id: required(m.id, $name, "id")?.try_into()? })
            }
        }

        impl From<&$ours> for $wire {
            fn from(m: &$ours) -> Self {
                Self { id: Some((&m.id).into()) }
            }
        }
    };
}

about_a_group!(
    /// Ends a group; the deposit stays locked until the deployment is closed.
    CloseGroup,
    wire::MsgCloseGroup,
    "MsgCloseGroup"
);
about_a_group!(
    /// Ends a group's lease until it is started again.
    PauseGroup,
    wire::MsgPauseGroup,
    "MsgPauseGroup"
);
about_a_group!(
    /// Opens a new order for a paused group.
    StartGroup,
    wire::MsgStartGroup,
    "MsgStartGroup"
);
