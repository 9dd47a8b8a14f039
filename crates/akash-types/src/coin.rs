//! Amounts of money.

use std::fmt;
use std::str::FromStr;

use cosmos_sdk_proto::cosmos::base::v1beta1 as wire;

use crate::malformed::Field as _;
use crate::{Dec, Malformed};

/// Micro-AKT, in which fees are paid: 10⁻⁶ AKT.
pub const UAKT: Denom = Denom::Known("uakt");
/// Micro-ACT, in which deployments are priced and funded: 10⁻⁶ ACT; 1 ACT is 1 USD by definition.
pub const UACT: Denom = Denom::Known("uact");

/// The name of a currency on chain.
#[derive(Clone, Debug, Eq)]
pub enum Denom {
    /// One of the two that the product uses.
    Known(&'static str),
    /// Any other.
    Other(String),
}

impl Denom {
    /// The name.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Known(name) => name,
            Self::Other(name) => name,
        }
    }
}

impl From<&str> for Denom {
    fn from(name: &str) -> Self {
        match name {
            "uact" => UACT,
            "uakt" => UAKT,
            other => Self::Other(other.to_owned()),
        }
    }
}

impl PartialEq for Denom {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl PartialOrd for Denom {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Denom {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl std::hash::Hash for Denom {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl fmt::Display for Denom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A whole amount of a currency.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Coin {
    /// The currency.
    pub denom: Denom,
    /// How much, in the currency's smallest unit.
    pub amount: u128,
}

impl Coin {
    /// An amount of micro-ACT.
    pub const fn uact(amount: u128) -> Self {
        Self { denom: UACT, amount }
    }

    /// An amount of micro-AKT.
    pub const fn uakt(amount: u128) -> Self {
        Self { denom: UAKT, amount }
    }
}

impl fmt::Display for Coin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.amount, self.denom)
    }
}

impl FromStr for Coin {
    type Err = Malformed;

    /// Reads `5000000uact`.
    fn from_str(text: &str) -> Result<Self, Malformed> {
        let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (digits, denom) = text.split_at(end);
        if denom.is_empty() || !denom.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'/') {
            return Err(Malformed::new(
                "Coin",
                "denom",
                format!("`{text}` is not an amount like 5000000uact"),
            ));
        }
        Ok(Self { denom: denom.into(), amount: digits.parse().field("Coin", "amount")? })
    }
}

impl TryFrom<wire::Coin> for Coin {
    type Error = Malformed;

    fn try_from(coin: wire::Coin) -> Result<Self, Malformed> {
        Ok(Self { denom: coin.denom.as_str().into(), amount: coin.amount.parse().field("Coin", "amount")? })
    }
}

impl From<&Coin> for wire::Coin {
    fn from(coin: &Coin) -> Self {
        Self { denom: coin.denom.to_string(), amount: coin.amount.to_string() }
    }
}

/// A decimal amount of a currency: a price per block, or a balance in escrow.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DecCoin {
    /// The currency.
    pub denom: Denom,
    /// How much, in the currency's smallest unit.
    pub amount: Dec,
}

impl DecCoin {
    /// An amount of micro-ACT.
    pub const fn uact(amount: Dec) -> Self {
        Self { denom: UACT, amount }
    }
}

impl fmt::Display for DecCoin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.amount, self.denom)
    }
}

impl TryFrom<wire::DecCoin> for DecCoin {
    type Error = Malformed;

    fn try_from(coin: wire::DecCoin) -> Result<Self, Malformed> {
        Ok(Self {
            denom: coin.denom.as_str().into(),
            amount: Dec::from_wire(&coin.amount).field("DecCoin", "amount")?,
        })
    }
}

impl From<&DecCoin> for wire::DecCoin {
    fn from(coin: &DecCoin) -> Self {
        Self { denom: coin.denom.to_string(), amount: coin.amount.to_wire() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_cross_the_wire_as_scaled_integers() {
        let price = DecCoin::uact("0.49392".parse().unwrap());
        let wire = wire::DecCoin::from(&price);
        assert_eq!(wire.amount, "493920000000000000");
        assert_eq!(DecCoin::try_from(wire).unwrap(), price);
    }

    #[test]
    fn amounts_are_whole_numbers() {
        assert_eq!("5000000uact".parse::<Coin>().unwrap(), Coin::uact(5_000_000));
        assert_eq!(Coin::uakt(7).to_string(), "7uakt");
        for bad in ["", "uact", "5", "-5uact", "5.5uact", "5 uact"] {
            assert!(bad.parse::<Coin>().is_err(), "{bad}");
        }
        assert!(Coin::try_from(wire::Coin { denom: "uact".into(), amount: "-1".into() }).is_err());
    }
}
