//! The key that signs.

use std::fmt;
use std::sync::Arc;

use akash_types::Address;
use k256::ecdsa::{SigningKey, VerifyingKey};
use zeroize::Zeroizing;

use crate::{Mnemonic, signature};

/// A secp256k1 key with its address. Clones share one copy of the secret, which is wiped when the last one is dropped.
#[derive(Clone)]
pub struct Key(Arc<Inner>);

struct Inner {
    secret: SigningKey,
    public: [u8; 33],
    address: Address,
}

/// A key that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no key can be made {from}: {problem}")]
pub struct BadKey {
    /// What it was to be made from.
    pub from: &'static str,
    /// Why not, without anything secret.
    pub problem: String,
}

impl Key {
    /// Key `index` of a mnemonic: `m/44'/118'/0'/0/index`, the path of Akash's own tools (coin type 118).
    pub fn derive(mnemonic: &Mnemonic, index: u32) -> Result<Self, BadKey> {
        let bad = |e: &dyn fmt::Display| BadKey {
            from: "from this mnemonic at this index",
            problem: e.to_string(),
        };
        let path: bip32::DerivationPath =
            format!("m/44'/118'/0'/0/{index}").parse().map_err(|e: bip32::Error| bad(&e))?;
        let derived =
            bip32::XPrv::derive_from_path(mnemonic.seed().as_slice(), &path).map_err(|e| bad(&e))?;
        let secret = derived.private_key().clone();
        let public = compressed(secret.verifying_key()).ok_or_else(|| bad(&"its public key is odd"))?;
        let address = address_of(&public)?;
        Ok(Self(Arc::new(Inner { secret, public, address })))
    }

    /// The account that this key signs for.
    pub fn address(&self) -> &Address {
        &self.0.address
    }

    /// The public key, compressed.
    pub fn public_key(&self) -> [u8; 33] {
        self.0.public
    }

    /// 32 secret bytes for one purpose: the same for the same key and purpose, and of no use for anything else. Neither this key nor those of
    /// other purposes can be told from them.
    pub fn secret_for(&self, purpose: &[u8]) -> Zeroizing<[u8; 32]> {
        let own = Zeroizing::new(self.0.secret.to_bytes());
        crate::derive::expand(own.as_slice(), purpose)
    }

    /// Signs. Not public: what is signed is made in this crate, field by field.
    pub(crate) fn sign_bytes(&self, message: &[u8]) -> [u8; 64] {
        signature::sign(&self.0.secret, message)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// The account of a compressed public key: bech32 of RIPEMD-160 of SHA-256 of it.
pub fn address_of(public_key: &[u8; 33]) -> Result<Address, BadKey> {
    let bad = |problem: String| BadKey { from: "of these 33 bytes", problem };
    let key = VerifyingKey::from_sec1_bytes(public_key).map_err(|e| bad(e.to_string()))?;
    let id = cosmrs::crypto::PublicKey::from(key).account_id("akash").map_err(|e| bad(e.to_string()))?;
    Address::from_bytes(&id.to_bytes()).map_err(|e| bad(e.to_string()))
}

fn compressed(key: &VerifyingKey) -> Option<[u8; 33]> {
    key.to_encoded_point(true).as_bytes().try_into().ok()
}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::BTreeMap;
    use std::sync::Mutex;

    use super::*;

    /// A key of the local chain's mnemonic: 23 times `abandon`, then `art`. Each is derived once, which is slow without
    /// optimisation.
    pub(crate) fn local(index: u32) -> Key {
        static KEYS: Mutex<BTreeMap<u32, Key>> = Mutex::new(BTreeMap::new());
        let derive = || {
            let words = format!("{} art", ["abandon"; 23].join(" "));
            Key::derive(&Mnemonic::parse(&words).unwrap(), index).unwrap()
        };
        KEYS.lock().unwrap().entry(index).or_insert_with(derive).clone()
    }

    /// Addresses that Akash's own command line made from this mnemonic (node v2.1.0-rc12).
    #[test]
    fn addresses_are_those_of_akash() {
        let expected = [
            "akash1r5v5srda7xfth3hn2s26txvrcrntldjuks2uw9",
            "akash1vtad8680vhdfqvxx0f2yaxa6agdylelm443h3v",
            "akash1pdsv0s32065drerxxdyltpk5tq0h8d2vtzs685",
            "akash16nq4tacyd4d7xkfl7xvwnvkhw45rja92kzgwcm",
            "akash10r76rulzhgdq7dyy3ghv2ayldh5rtupheruk6n",
            "akash173ms9d8fgshgzn5cm032vy9fcl3ra9437t7et2",
            "akash13043xv8w67e04raegka4ceqrsywglks78yykpf",
        ];
        for (index, address) in (0..).zip(expected) {
            let key = local(index);
            assert_eq!(key.address().as_str(), address);
            assert_eq!(&address_of(&key.public_key()).unwrap(), key.address());
        }
    }

    #[test]
    fn a_purpose_has_a_secret_of_its_own_and_keeps_it() {
        let secret = |index, purpose: &str| *local(index).secret_for(purpose.as_bytes());
        assert_eq!(secret(0, "a"), secret(0, "a"));
        assert_ne!(secret(0, "a"), secret(0, "b"));
        assert_ne!(secret(0, "a"), secret(1, "a"));
        assert_ne!(secret(0, "a").as_slice(), local(0).0.secret.to_bytes().as_slice());
    }

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", local(0)), "***");
    }

    #[test]
    fn what_is_no_point_of_the_curve_has_no_address() {
        assert!(address_of(&[5; 33]).is_err());
    }
}
