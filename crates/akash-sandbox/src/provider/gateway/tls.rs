//! The listener: TLS 1.3 with the provider's certificate, HTTP/1.1 over it.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use akash_wallet::certificate::Identity;
use axum::Router;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, ServerConfig, SignatureScheme, version};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::reply::HangUp;
use crate::peer;
use crate::tasks::Tasks;

/// What a client gets to shake hands.
const PATIENCE: Duration = Duration::from_secs(3);
/// What it gets to send the head of a request, idle time between two included.
const IDLE: Duration = Duration::from_secs(60);

/// The TLS side of the gateway. No ALPN, as the real one: clients that insist on HTTP/2 fail there too.
pub(crate) fn acceptor(identity: &Identity) -> Result<TlsAcceptor, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let certificate = CertificateDer::from(identity.cert_der.clone());
    let key = PrivatePkcs8KeyDer::from(identity.key_pkcs8_der.to_vec());
    let config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&version::TLS13])?
        .with_client_cert_verifier(Arc::new(NotPublished))
        .with_single_cert(vec![certificate], key.into())?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Asks for a client certificate, does well without one, and refuses each: none is on chain. The client hears of it when it first
/// reads.
#[derive(Debug)]
struct NotPublished;

impl ClientCertVerifier for NotPublished {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        // The one that becomes the alert `bad_certificate`.
        Err(rustls::Error::InvalidCertificate(rustls::CertificateError::BadEncoding))
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(rustls::Error::General("TLS 1.2".into()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = rustls::crypto::ring::default_provider().signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, &algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        rustls::crypto::ring::default_provider().signature_verification_algorithms.supported_schemes()
    }
}

/// Serves connections until the tasks end. One that is slow or ill-mannered holds up nobody else.
pub(crate) async fn serve(tasks: Tasks, listener: TcpListener, acceptor: TlsAcceptor, router: Router) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                let (acceptor, router) = (acceptor.clone(), router.clone());
                tasks.spawn("gateway connection", async move {
                    if let Err(problem) = connection(stream, acceptor, router).await {
                        tracing::debug!(%peer, %problem, "gateway connection ended");
                    }
                });
            }
            Err(problem) => {
                tracing::warn!(%problem, "the gateway cannot accept");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

async fn connection(stream: TcpStream, acceptor: TlsAcceptor, router: Router) -> io::Result<()> {
    if !peer::is_ours(&stream) {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    stream.set_nodelay(true)?;
    let stream = timeout(PATIENCE, acceptor.accept(stream)).await??;
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |request| {
        let answer = router.call(request);
        async move {
            let answer = answer.await.map_err(io::Error::other)?;
            match answer.extensions().get::<HangUp>() {
                Some(HangUp) => Err(io::Error::other("no answer to that")),
                None => Ok(answer),
            }
        }
    });
    hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(IDLE)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades()
        .await
        .map_err(io::Error::other)
}

/// Listens on `wanted`; if that port is taken, on a free one.
pub(crate) async fn listen(wanted: SocketAddr) -> io::Result<TcpListener> {
    match TcpListener::bind(wanted).await {
        Ok(listener) => Ok(listener),
        Err(problem) if wanted.port() == 0 => Err(problem),
        Err(_) => TcpListener::bind((wanted.ip(), 0)).await,
    }
}
