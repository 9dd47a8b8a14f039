//! A provider's gateway in miniature, and the chain that knows its certificate.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use akash_provider::{BoxError, ChainCertificates, Gateway, Identity};
use akash_types::{Address, Certificate, CertificateState, DeploymentId, LeaseId};
use akash_wallet::certificate::{self, Identity as Cert};
use akash_wallet::{Claims, Key, Mnemonic, Scope, Token};
use axum::Router;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

/// Keys of a mnemonic that everybody knows.
pub(crate) fn key(index: u32) -> Key {
    let phrase = format!("{}art", "abandon ".repeat(23));
    Key::derive(&Mnemonic::parse(&phrase).unwrap(), index).unwrap()
}

/// A certificate of an account, valid from 2020 to 2100.
pub(crate) fn certificate(owner: &Address, serial: u64) -> Cert {
    certificate::generate(owner, serial, 1_577_836_800, 4_102_444_800, &["localhost".to_owned()]).unwrap()
}

pub(crate) fn published(cert: &Cert, state: CertificateState) -> Certificate {
    let (cert, public_key) = (cert.cert_pem.clone().into_bytes(), cert.public_key_pem.clone().into_bytes());
    Certificate { serial: "1".to_owned(), state, cert, public_key }
}

pub(crate) fn lease(provider: &Address) -> LeaseId {
    let deployment = DeploymentId { owner: key(1).address().clone(), dseq: "1700000000000".parse().unwrap() };
    deployment.group(1).order(1).bid(provider.clone()).lease()
}

pub(crate) fn token(provider: &Address) -> Token {
    key(1).token(&Claims {
        provider: provider.clone(),
        dseq: "1700000000000".parse().unwrap(),
        scopes: vec![Scope::SendManifest, Scope::Status, Scope::Logs, Scope::Events],
        services: vec!["web".to_owned()],
        issued_at: 1_800_000_000,
        lifetime: 600,
    })
}

/// A chain that gives one answer after another, the last one for ever.
pub(crate) struct Chain {
    pub(crate) answers: Mutex<Vec<Vec<Certificate>>>,
    pub(crate) asked: AtomicUsize,
}

impl Chain {
    pub(crate) fn new(answers: Vec<Vec<Certificate>>) -> Arc<Self> {
        Arc::new(Self { answers: Mutex::new(answers), asked: AtomicUsize::new(0) })
    }
}

#[async_trait::async_trait]
impl ChainCertificates for Chain {
    async fn certificates(&self, _owner: &Address) -> Result<Vec<Certificate>, BoxError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let mut answers = self.answers.lock().unwrap();
        if answers.is_empty() {
            return Err("the chain is out of reach".into());
        }
        if answers.len() > 1 { Ok(answers.remove(0)) } else { Ok(answers[0].clone()) }
    }
}

/// A running server; dropping it ends it.
pub(crate) struct Server {
    pub(crate) at: SocketAddr,
    /// Bytes that clients sent inside TLS: none, when they did not trust the server.
    pub(crate) received: Arc<AtomicUsize>,
    /// Connections that clients opened.
    pub(crate) connections: Arc<AtomicUsize>,
    _tasks: JoinSet<()>,
}

impl Server {
    /// Serves the routes, or only counts what arrives.
    pub(crate) async fn start(cert: &Cert, routes: Option<Router>) -> Self {
        let chain = vec![CertificateDer::from(cert.cert_der.clone())];
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(cert.key_pkcs8_der.to_vec()));
        let crypto = Arc::new(rustls::crypto::ring::default_provider());
        let key = crypto.key_provider.load_private_key(key).unwrap();
        // Unlike the usual way, this one does not check that the key belongs to the certificate.
        let shown = SingleCertAndKey::from(CertifiedKey::new(chain, key));
        let config = rustls::ServerConfig::builder_with_provider(crypto)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(shown));
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let received = Arc::new(AtomicUsize::new(0));
        let connections = Arc::new(AtomicUsize::new(0));
        let (bytes, count) = (Arc::clone(&received), Arc::clone(&connections));
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut open = JoinSet::new();
            while let Ok((tcp, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                let (acceptor, routes, bytes) = (acceptor.clone(), routes.clone(), Arc::clone(&bytes));
                open.spawn(async move {
                    let Ok(mut tls) = acceptor.accept(tcp).await else { return };
                    if let Some(routes) = routes {
                        let service = TowerToHyperService::new(routes);
                        let http = auto::Builder::new(TokioExecutor::new());
                        drop(http.serve_connection_with_upgrades(TokioIo::new(tls), service).await);
                    } else {
                        let mut buffer = [0; 1024];
                        while let Ok(n @ 1..) = tls.read(&mut buffer).await {
                            bytes.fetch_add(n, Ordering::SeqCst);
                        }
                    }
                });
            }
        });
        Self { at, received, connections, _tasks: tasks }
    }

    /// A client that expects `provider` here.
    pub(crate) fn gateway(&self, provider: &Address, chain: &Arc<Chain>) -> Gateway {
        let chain: Arc<dyn ChainCertificates> = Arc::<Chain>::clone(chain);
        let uri = format!("https://localhost:{}", self.at.port());
        Gateway::new(&uri, provider.clone(), &Identity::new(chain)).unwrap()
    }
}

/// A server with the provider's published certificate, and the client for it.
pub(crate) async fn provider(routes: Router) -> (Server, Gateway, Address) {
    let owner = key(2).address().clone();
    let cert = certificate(&owner, 1);
    let chain = Chain::new(vec![vec![published(&cert, CertificateState::Valid)]]);
    let server = Server::start(&cert, Some(routes)).await;
    let gateway = server.gateway(&owner, &chain);
    (server, gateway, owner)
}
