//! Names that are derived from a lease's id.

use akash_types::LeaseId;
use sha2::{Digest as _, Sha224};

/// The namespace of a lease, as the real provider derives it.
pub(crate) fn namespace(id: &LeaseId) -> String {
    base32hex(&Sha224::digest(id.to_string()))
}

/// Base 32 with the extended hex alphabet, lower case, without padding.
pub(crate) fn base32hex(bytes: &[u8]) -> String {
    const ALPHABET: &[u8] = b"0123456789abcdefghijklmnopqrstuv";
    let (mut out, mut held, mut bits) = (String::new(), 0_u32, 0);
    let digit = |value: u32| ALPHABET.get((value & 31) as usize).copied().map_or('0', char::from);
    for byte in bytes {
        held = (held << 8 | u32::from(*byte)) & 0xffff;
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            out.push(digit(held >> bits));
        }
    }
    if bits > 0 {
        out.push(digit(held << (5 - bits)));
    }
    out
}

#[cfg(test)]
mod tests {
    use akash_types::DeploymentId;

    use super::*;

    #[test]
    fn the_namespace_is_the_real_providers() {
        let owner = "akash1angnwmnsv5vkp4jpgkdcunar8efpvennxwwcev".parse().unwrap();
        let provider = "akash1nxq8gmsw2vlz3m68qvyvcf3kh6q269ajvqw6y0".parse().unwrap();
        let deployment = DeploymentId::new(owner, akash_types::Dseq::new(6_194_991).unwrap());
        let id = deployment.group(1).order(1).bid(provider).lease();
        assert_eq!(namespace(&id), "i8srn0jevt07jq3ittrgrg1q3ja3srij6t7efeftq3fi4");
    }
}
