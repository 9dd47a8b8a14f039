//! Who is at the other end of a TLS connection.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use akash_types::Address;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, Error, OtherError, SignatureScheme};
use x509_parser::prelude::{ASN1Time, FromDer as _, X509Certificate, X509Name};

/// The provider's certificates that are valid on chain.
pub(crate) type Pins = Arc<RwLock<Vec<CertificateDer<'static>>>>;

/// Why a server is not the provider.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotTheProvider {
    /// The certificate is no certificate, or comes with others.
    #[error("it shows no single self-signed certificate of Akash's form")]
    Form,
    /// Of another account.
    #[error("its certificate names `{found}`")]
    Name {
        /// The common name.
        found: String,
    },
    /// Out of date.
    #[error("its certificate is not valid today")]
    Dates,
    /// The provider did not publish it.
    #[error("its certificate is none that the provider published on chain")]
    Unpublished,
    /// A copy of the right certificate, without its key.
    #[error("it does not have the key of the certificate that it shows")]
    Signature,
}

/// Accepts a server that shows a certificate of a public authority for its host name, or exactly a certificate that the
/// provider published on chain. The handshake's signature is checked in either case.
pub(crate) struct Verifier {
    pub(crate) provider: Address,
    pub(crate) pins: Pins,
    pub(crate) authorities: Option<Arc<WebPkiServerVerifier>>,
    pub(crate) crypto: Arc<CryptoProvider>,
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier").field("provider", &self.provider).finish_non_exhaustive()
    }
}

impl Verifier {
    /// The check against the chain. The order does not matter for safety; the first failure is the one reported.
    fn on_chain(
        &self,
        cert: &CertificateDer<'_>,
        others: usize,
        now: UnixTime,
    ) -> Result<(), NotTheProvider> {
        let Ok((rest, parsed)) = X509Certificate::from_der(cert) else { return Err(NotTheProvider::Form) };
        if !rest.is_empty() || others > 0 {
            return Err(NotTheProvider::Form);
        }
        for name in [parsed.subject(), parsed.issuer()] {
            let found = common_name(name);
            if found != self.provider.as_str() {
                return Err(NotTheProvider::Name { found: crate::error::printable(&found) });
            }
        }
        let now = i64::try_from(now.as_secs()).ok().and_then(|secs| ASN1Time::from_timestamp(secs).ok());
        if !now.is_some_and(|now| parsed.validity().is_valid_at(now)) {
            return Err(NotTheProvider::Dates);
        }
        let pins = self.pins.read().unwrap_or_else(PoisonError::into_inner);
        if pins.iter().any(|pin| pin.as_ref() == cert.as_ref()) {
            Ok(())
        } else {
            Err(NotTheProvider::Unpublished)
        }
    }
}

/// The only common name; empty when there is none, or more than one.
fn common_name(name: &X509Name<'_>) -> String {
    let mut names = name.iter_common_name();
    match (names.next().and_then(|name| name.as_str().ok()), names.next()) {
        (Some(name), None) => name.to_owned(),
        _ => String::new(),
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        cert: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        host: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let by_authority =
            |web: &Arc<WebPkiServerVerifier>| web.verify_server_cert(cert, others, host, ocsp, now).ok();
        if let Some(verified) = self.authorities.as_ref().and_then(by_authority) {
            return Ok(verified);
        }
        match self.on_chain(cert, others.len(), now) {
            Ok(()) => Ok(ServerCertVerified::assertion()),
            Err(why) => Err(CertificateError::Other(OtherError(Arc::new(why))).into()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, signed, &self.crypto.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, signed, &self.crypto.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.crypto.signature_verification_algorithms.supported_schemes()
    }
}

/// Finds the verifier's own verdict in the causes of an error.
pub(crate) fn verdict(error: &(dyn std::error::Error + 'static)) -> Option<NotTheProvider> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(Error::InvalidCertificate(problem)) = error.downcast_ref() {
            let CertificateError::Other(OtherError(why)) = problem else {
                return Some(NotTheProvider::Signature);
            };
            return Some(why.downcast_ref().cloned().unwrap_or(NotTheProvider::Form));
        }
        // An I/O error hides what it wraps from its list of causes.
        next = match error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
            Some(wrapped) => Some(wrapped),
            None => error.source(),
        };
    }
    None
}
