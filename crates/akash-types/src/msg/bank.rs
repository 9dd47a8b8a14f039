//! Coins from account to account.

use cosmos_sdk_proto::cosmos::bank::v1beta1 as wire;

use crate::malformed::{Field as _, all};
use crate::{Address, Coin, Malformed};

/// Sends coins to another account. `uact` cannot be sent: the chain refuses it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Send {
    /// Who pays.
    pub from: Address,
    /// Who gets it.
    pub to: Address,
    /// What.
    pub amount: Vec<Coin>,
}

impl TryFrom<wire::MsgSend> for Send {
    type Error = Malformed;

    fn try_from(m: wire::MsgSend) -> Result<Self, Malformed> {
        Ok(Self {
            from: m.from_address.parse().field("MsgSend", "from_address")?,
            to: m.to_address.parse().field("MsgSend", "to_address")?,
            amount: all(m.amount)?,
        })
    }
}

impl From<&Send> for wire::MsgSend {
    fn from(m: &Send) -> Self {
        Self {
            from_address: m.from.to_string(),
            to_address: m.to.to_string(),
            amount: m.amount.iter().map(Into::into).collect(),
        }
    }
}
