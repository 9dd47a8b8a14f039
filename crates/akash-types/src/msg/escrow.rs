//! Deposits into escrow.

use akash_proto::akash::escrow::v1 as wire;

use crate::escrow::{AccountId, Funding};
use crate::malformed::{Field as _, required};
use crate::{Address, Malformed};

/// Puts money into escrow. Anybody may fund any account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountDeposit {
    /// Who pays.
    pub signer: Address,
    /// Into what.
    pub id: AccountId,
    /// How much.
    pub deposit: Funding,
}

impl TryFrom<wire::MsgAccountDeposit> for AccountDeposit {
    type Error = Malformed;

    fn try_from(m: wire::MsgAccountDeposit) -> Result<Self, Malformed> {
        Ok(Self {
            signer: m.signer.parse().field("MsgAccountDeposit", "signer")?,
            id: required(m.id, "MsgAccountDeposit", "id")?.try_into()?,
            deposit: required(m.deposit, "MsgAccountDeposit", "deposit")?.try_into()?,
        })
    }
}

impl From<&AccountDeposit> for wire::MsgAccountDeposit {
    fn from(m: &AccountDeposit) -> Self {
        Self { signer: m.signer.to_string(), id: Some((&m.id).into()), deposit: Some((&m.deposit).into()) }
    }
}
