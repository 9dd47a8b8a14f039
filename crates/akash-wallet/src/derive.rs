//! Secrets out of a secret: HKDF (RFC 5869) with SHA-256, for 32 bytes.

use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

/// Keeps what is derived here apart from what others derive of the same secret.
const SALT: &[u8] = b"rayakash/1";

/// 32 bytes for a purpose.
pub(crate) fn expand(secret: &[u8], purpose: &[u8]) -> Zeroizing<[u8; 32]> {
    let extracted = mac(SALT, &[secret]);
    mac(extracted.as_slice(), &[purpose, &[1]])
}

fn mac(key: &[u8], parts: &[&[u8]]) -> Zeroizing<[u8; 32]> {
    // HMAC takes keys of any length, so the second arm is never taken.
    let mut mac = match Hmac::<Sha256>::new_from_slice(key) {
        Ok(mac) => mac,
        Err(_) => Hmac::<Sha256>::new(&Default::default()),
    };
    for part in parts {
        mac.update(part);
    }
    Zeroizing::new(mac.finalize().into_bytes().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 5869, test case 1, the first 32 bytes.
    #[test]
    fn it_is_hkdf() {
        let salt: Vec<u8> = (0..=0x0c).collect();
        let info: Vec<u8> = (0xf0..=0xf9).collect();
        let extracted = mac(&salt, &[&[0x0b; 22]]);
        assert_eq!(
            hex::encode(*extracted),
            "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5"
        );
        assert_eq!(
            hex::encode(*mac(extracted.as_slice(), &[&info, &[1]])),
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"
        );
    }
}
