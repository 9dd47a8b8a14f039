//! secp256k1 signatures as Cosmos has them: 64 bytes r‖s with a low s, over SHA-256, deterministic (RFC 6979).

use k256::ecdsa::signature::{Signer as _, Verifier as _};
use k256::ecdsa::{Signature, SigningKey, VerifyingKey};

/// Signs; the digest is SHA-256 of `message`.
pub(crate) fn sign(key: &SigningKey, message: &[u8]) -> [u8; 64] {
    let signature: Signature = key.sign(message);
    signature.normalize_s().unwrap_or(signature).to_bytes().into()
}

/// True when `signature` (64 bytes r‖s) over SHA-256 of `message` is this key's. A high s is refused, as the chain and the
/// providers do: otherwise everyone could turn a valid signature into a second one.
pub fn verify(public_key: &[u8; 33], message: &[u8], signature: &[u8]) -> bool {
    let (Ok(key), Ok(signature)) =
        (VerifyingKey::from_sec1_bytes(public_key), Signature::from_slice(signature))
    else {
        return false;
    };
    signature.normalize_s().is_none() && key.verify(message, &signature).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mirrored_signature_is_refused() {
        let key = SigningKey::from_slice(&[7; 32]).unwrap();
        let public: [u8; 33] = key.verifying_key().to_encoded_point(true).as_bytes().try_into().unwrap();
        for n in 0..32u8 {
            let message = [n; 10];
            let signature = sign(&key, &message);
            assert!(verify(&public, &message, &signature));
            assert!(!verify(&public, b"another", &signature));
            let (r, s) = Signature::from_slice(&signature).unwrap().split_scalars();
            let high = Signature::from_scalars(r, -s).unwrap();
            assert!(!verify(&public, &message, &high.to_bytes()));
        }
        assert!(!verify(&public, b"x", &[0; 64]));
        assert!(!verify(&[0; 33], b"x", &sign(&key, b"x")));
    }
}
