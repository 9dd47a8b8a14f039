//! The hash that names a transaction.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};

/// The hash of a transaction: SHA-256 of its bytes as broadcast. Known before anything is sent.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TxHash(pub [u8; 32]);

/// Text that is no transaction hash.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a transaction hash of 64 hex digits")]
pub struct BadHash(pub String);

impl TxHash {
    /// The hash of a transaction's bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }
}

impl fmt::Display for TxHash {
    /// Upper-case hex, as nodes and explorers write it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode_upper(self.0))
    }
}

impl fmt::Debug for TxHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for TxHash {
    type Err = BadHash;

    fn from_str(text: &str) -> Result<Self, BadHash> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| BadHash(text.chars().take(70).collect()))?;
        Ok(Self(bytes))
    }
}
