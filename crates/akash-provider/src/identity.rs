//! What a provider's identity is checked against.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use akash_types::{Address, Certificate, CertificateState};
use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::GatewayError;
use crate::verifier::{Pins, Verifier};

/// Any error of a caller.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// How long certificates read from the chain are trusted, as Akash's console does.
const FRESH: Duration = Duration::from_secs(30 * 60);

/// The certificates on chain.
#[async_trait::async_trait]
pub trait ChainCertificates: Send + Sync {
    /// All certificates that `owner` published and did not revoke. Others are not trusted even when given.
    async fn certificates(&self, owner: &Address) -> Result<Vec<Certificate>, BoxError>;
}

/// What identities are checked against; one for the whole program.
#[derive(Clone)]
pub struct Identity {
    chain: Arc<dyn ChainCertificates>,
    authorities: Option<Arc<WebPkiServerVerifier>>,
    crypto: Arc<CryptoProvider>,
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity").field("authorities", &self.authorities.is_some()).finish_non_exhaustive()
    }
}

impl Identity {
    /// The chain, and the certificate authorities that this machine trusts. Reads their files.
    pub fn new(chain: Arc<dyn ChainCertificates>) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let crypto = Arc::new(ring::default_provider());
        // A machine without authorities still has the chain.
        let authorities =
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&crypto)).build().ok();
        Self { chain, authorities, crypto }
    }

    /// The chain alone.
    pub fn of_chain(chain: Arc<dyn ChainCertificates>) -> Self {
        Self { chain, authorities: None, crypto: Arc::new(ring::default_provider()) }
    }
}

/// The identity of one provider.
pub(crate) struct Expected {
    provider: Address,
    chain: Arc<dyn ChainCertificates>,
    pins: Pins,
    read_at: Mutex<Option<Instant>>,
}

impl Expected {
    pub(crate) fn new(provider: Address, identity: &Identity) -> Self {
        Self {
            provider,
            chain: Arc::clone(&identity.chain),
            pins: Pins::default(),
            read_at: Mutex::new(None),
        }
    }

    /// TLS 1.3, no protocol negotiation (providers know none), and no resumption: every connection proves itself.
    pub(crate) fn tls(&self, identity: &Identity) -> Result<ClientConfig, GatewayError> {
        let verifier = Verifier {
            provider: self.provider.clone(),
            pins: Arc::clone(&self.pins),
            authorities: identity.authorities.clone(),
            crypto: Arc::clone(&identity.crypto),
        };
        let builder = ClientConfig::builder_with_provider(Arc::clone(&identity.crypto))
            .with_protocol_versions(&[&rustls::version::TLS13])
            .map_err(|source| GatewayError::Tls { source: source.into() })?;
        let mut config =
            builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth();
        config.resumption = Resumption::disabled();
        Ok(config)
    }

    /// Makes sure that the provider's certificates are known and recent. An error means that, until a later call succeeds, no
    /// server can prove itself by the chain; by a certificate authority it still can.
    pub(crate) async fn prepare(&self, again: bool) -> Result<(), BoxError> {
        let mut read_at = self.read_at.lock().await;
        if !again && read_at.is_some_and(|at| at.elapsed() < FRESH) {
            return Ok(());
        }
        *read_at = None;
        let read = self.chain.certificates(&self.provider).await;
        let (pins, result) = match read {
            Ok(list) => (parse(&list), Ok(())),
            Err(error) => (vec![], Err(error)),
        };
        if result.is_ok() {
            *read_at = Some(Instant::now());
        }
        *self.pins.write().unwrap_or_else(PoisonError::into_inner) = pins;
        result
    }
}

/// A certificate that cannot be read proves nobody's identity.
fn parse(list: &[Certificate]) -> Vec<CertificateDer<'static>> {
    let valid = list.iter().filter(|certificate| certificate.state == CertificateState::Valid);
    valid.filter_map(|certificate| CertificateDer::from_pem_slice(&certificate.cert).ok()).collect()
}
