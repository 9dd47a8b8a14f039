//! The listener: TLS 1.3 with the provider's certificate, HTTP/1.1 over it.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use akash_wallet::certificate::Identity;
use axum::Router;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, version};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

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
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key.into())?;
    Ok(TlsAcceptor::from(Arc::new(config)))
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
    hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(IDLE)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router))
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
