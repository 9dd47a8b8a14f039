//! Self-signed certificates in the form that the chain takes and providers show.

use std::fmt;

use akash_types::Address;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{
    CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, PublicKeyData as _, SerialNumber,
};
use time::OffsetDateTime;
use zeroize::Zeroizing;

/// The attribute by which Akash's tools mark their certificates, and its value.
const VERSION_OID: [u64; 5] = [2, 23, 133, 2, 6];
const VERSION: &str = "v0.0.1";

/// A certificate with its key.
#[derive(Clone)]
pub struct Identity {
    /// PEM text, label `CERTIFICATE`, as the chain takes it.
    pub cert_pem: String,
    /// PEM text of the public key, label `EC PUBLIC KEY` over a SubjectPublicKeyInfo, as the chain takes it.
    pub public_key_pem: String,
    /// The certificate.
    pub cert_der: Vec<u8>,
    /// The private key, PKCS#8.
    pub key_pkcs8_der: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("cert_pem", &self.cert_pem).finish_non_exhaustive()
    }
}

/// A certificate that cannot be made.
#[derive(Debug, thiserror::Error)]
#[error("no certificate can be made for {owner}")]
pub struct CertificateError {
    /// Whose it was to be.
    pub owner: Address,
    /// Why not.
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

type Problem = Box<dyn std::error::Error + Send + Sync>;

/// Makes a new P-256 key and signs its certificate with it: `CN=<owner>`, ECDSA with SHA-256, client authentication, and server
/// authentication when there are `server` names (host names or addresses).
///
/// `owner` must not have used `serial` before; Akash's own tool takes Unix nanoseconds. The dates are Unix seconds.
pub fn generate(
    owner: &Address,
    serial: u64,
    not_before: u64,
    not_after: u64,
    server: &[String],
) -> Result<Identity, CertificateError> {
    let make = || -> Result<Identity, Problem> {
        let mut params = CertificateParams::new(server.to_vec())?;
        params.distinguished_name.push(DnType::CommonName, owner.as_str());
        params.serial_number = Some(SerialNumber::from(serial));
        params.not_before = date(not_before)?;
        params.not_after = date(not_after)?;
        sign(params, !server.is_empty())
    };
    make().map_err(|source| CertificateError { owner: owner.clone(), source })
}

fn date(unix: u64) -> Result<OffsetDateTime, Problem> {
    Ok(OffsetDateTime::from_unix_timestamp(i64::try_from(unix)?)?)
}

fn sign(mut params: CertificateParams, serves: bool) -> Result<Identity, Problem> {
    params.distinguished_name.push(DnType::CustomDnType(VERSION_OID.to_vec()), VERSION);
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![
        KeyUsagePurpose::DigitalSignature,
        KeyUsagePurpose::DataEncipherment,
        KeyUsagePurpose::KeyEncipherment,
    ];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    if serves {
        params.extended_key_usages.push(ExtendedKeyUsagePurpose::ServerAuth);
    }
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let cert = params.self_signed(&key)?;
    Ok(Identity {
        cert_pem: pem("CERTIFICATE", cert.der()),
        public_key_pem: pem("EC PUBLIC KEY", &key.subject_public_key_info()),
        cert_der: cert.der().to_vec(),
        key_pkcs8_der: Zeroizing::new(key.serialize_der()),
    })
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let mut out = format!("-----BEGIN {label}-----\n");
    for (n, letter) in text.chars().enumerate() {
        if n != 0 && n % 64 == 0 {
            out.push('\n');
        }
        out.push(letter);
    }
    out.push_str(&format!("\n-----END {label}-----\n"));
    out
}

#[cfg(test)]
mod tests {
    use x509_parser::prelude::*;

    use super::*;
    use crate::key::tests::local;

    fn identity(server: &[String]) -> Identity {
        let now = 1_795_547_241;
        generate(local(2).address(), 1_795_547_241_570_000_000, now, now + 365 * 86_400, server).unwrap()
    }

    #[test]
    fn it_has_what_the_chain_checks() {
        let owner = local(2).address().to_string();
        for server in [vec![], vec!["localhost".to_owned(), "127.0.0.1".to_owned()]] {
            let identity = identity(&server);
            let (rest, cert) = X509Certificate::from_der(&identity.cert_der).unwrap();
            assert!(rest.is_empty());
            let name = |of: &X509Name<'_>| of.iter_common_name().next().unwrap().as_str().unwrap().to_owned();
            assert_eq!((name(cert.subject()), name(cert.issuer())), (owner.clone(), owner.clone()));
            assert_eq!(cert.serial.to_string(), "1795547241570000000");
            assert!(cert.verify_signature(None).is_ok());
            assert!(!cert.is_ca());
            let usage = cert.extended_key_usage().unwrap().unwrap().value;
            assert_eq!((usage.client_auth, usage.server_auth), (true, !server.is_empty()));
            let oid = oid_registry::Oid::from(&VERSION_OID).unwrap();
            let version = cert.subject().iter_by_oid(&oid).next().unwrap();
            assert_eq!(version.as_str().unwrap(), VERSION);
            assert_eq!(cert.validity().not_before.timestamp(), 1_795_547_241);
        }
    }

    #[test]
    fn the_public_key_is_in_the_chain_s_own_form() {
        let identity = identity(&[]);
        let (_, key) = parse_x509_pem(identity.public_key_pem.as_bytes()).unwrap();
        assert_eq!(key.label, "EC PUBLIC KEY");
        let (_, cert) = X509Certificate::from_der(&identity.cert_der).unwrap();
        assert_eq!(key.contents, cert.public_key().raw);
        let (_, pem) = parse_x509_pem(identity.cert_pem.as_bytes()).unwrap();
        assert_eq!(
            (pem.label.as_str(), pem.contents.as_slice()),
            ("CERTIFICATE", identity.cert_der.as_slice())
        );
        assert!(!format!("{identity:?}").contains("key_pkcs8"));
    }
}
