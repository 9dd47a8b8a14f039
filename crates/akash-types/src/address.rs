//! Account addresses.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use cosmrs::AccountId;

/// The human-readable part of every account address on Akash.
const PREFIX: &str = "akash";

/// An account on Akash: bech32 text with the prefix `akash` over 20 bytes (32 for some module accounts), checksum verified.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(Arc<str>);

/// Text that is no Akash account address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an Akash account address: {problem}")]
pub struct BadAddress {
    /// What was given.
    pub text: String,
    /// Why it is not an address.
    pub problem: String,
}

impl Address {
    /// The raw bytes, 20 or 32: what the chain sorts some of its tables by.
    pub fn to_bytes(&self) -> Vec<u8> {
        AccountId::from_str(&self.0).map(|id| id.to_bytes()).unwrap_or_default()
    }

    /// The address of 20 (or 32) raw bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BadAddress> {
        let bad = |problem: String| BadAddress { text: format!("{} bytes", bytes.len()), problem };
        if !matches!(bytes.len(), 20 | 32) {
            return Err(bad("neither 20 nor 32 bytes".to_owned()));
        }
        AccountId::new(PREFIX, bytes).map(|id| Self(id.to_string().into())).map_err(|e| bad(e.to_string()))
    }

    /// The bech32 text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Address {
    type Err = BadAddress;

    fn from_str(text: &str) -> Result<Self, BadAddress> {
        let bad = |problem: String| BadAddress { text: text.chars().take(100).collect(), problem };
        let id = AccountId::from_str(text).map_err(|e| bad(e.to_string()))?;
        if id.prefix() != PREFIX {
            return Err(bad(format!("its prefix is `{}`, not `{PREFIX}`", id.prefix())));
        }
        if !matches!(id.to_bytes().len(), 20 | 32) {
            return Err(bad("neither 20 nor 32 bytes long".to_owned()));
        }
        Ok(Self(id.to_string().into()))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_akash_writes_and_refuses_the_rest() {
        let good = "akash1vtad8680vhdfqvxx0f2yaxa6agdylelm443h3v";
        assert_eq!(good.parse::<Address>().unwrap().to_string(), good);
        for bad in ["", "akash1", "cosmos19rl4cm2hmr8afy4kldpxz3fka4jguq0auqdal4", &good[..good.len() - 1]] {
            assert!(bad.parse::<Address>().is_err(), "{bad}");
        }
    }
}
