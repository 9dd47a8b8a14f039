//! AKT into ACT and back (BME), and the price that this goes by (oracle).

use akash_proto::akash::{bme::v1 as bme, oracle::v2 as oracle};

use crate::malformed::{Field as _, required};
use crate::{Address, Coin, Dec, Malformed, Time};

/// Turns uakt into uact, at the price of the block that carries it out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MintAct {
    /// Who pays.
    pub owner: Address,
    /// Who gets it; the chain allows only the owner.
    pub to: Address,
    /// What is given.
    pub burn: Coin,
}

/// Turns uact into uakt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BurnAct {
    /// Who pays.
    pub owner: Address,
    /// Who gets it; the chain allows only the owner.
    pub to: Address,
    /// What is given.
    pub burn: Coin,
}

/// An oracle's price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddPriceEntry {
    /// The oracle.
    pub signer: Address,
    /// Of what, `akt`.
    pub denom: String,
    /// In what, `usd`.
    pub base_denom: String,
    /// The price.
    pub price: Dec,
    /// When it was that.
    pub at: Time,
}

macro_rules! exchange {
    ($ours:ident, $wire:ty, $name:literal) => {
        impl TryFrom<$wire> for $ours {
            type Error = Malformed;

            fn try_from(m: $wire) -> Result<Self, Malformed> {
                Ok(Self {
                    owner: m.owner.parse().field($name, "owner")?,
                    to: m.to.parse().field($name, "to")?,
                    burn: required(m.coins_to_burn, $name, "coins_to_burn")?.try_into()?,
                })
            }
        }

        impl From<&$ours> for $wire {
            fn from(m: &$ours) -> Self {
                Self {
                    owner: m.owner.to_string(),
                    to: m.to.to_string(),
                    coins_to_burn: Some((&m.burn).into()),
                }
            }
        }
    };
}

exchange!(MintAct, bme::MsgMintAct, "MsgMintACT");
exchange!(BurnAct, bme::MsgBurnAct, "MsgBurnACT");

impl TryFrom<oracle::MsgAddPriceEntry> for AddPriceEntry {
    type Error = Malformed;

    fn try_from(m: oracle::MsgAddPriceEntry) -> Result<Self, Malformed> {
        let id = required(m.id, "MsgAddPriceEntry", "id")?;
        Ok(Self {
            signer: m.signer.parse().field("MsgAddPriceEntry", "signer")?,
            denom: id.denom,
            base_denom: id.base_denom,
            price: Dec::from_wire(&m.price).field("MsgAddPriceEntry", "price")?,
            at: required(m.timestamp, "MsgAddPriceEntry", "timestamp")?.try_into()?,
        })
    }
}

impl From<&AddPriceEntry> for oracle::MsgAddPriceEntry {
    fn from(m: &AddPriceEntry) -> Self {
        Self {
            signer: m.signer.to_string(),
            id: Some(oracle::DataId { denom: m.denom.clone(), base_denom: m.base_denom.clone() }),
            price: m.price.to_wire(),
            timestamp: Some(m.at.into()),
        }
    }
}
