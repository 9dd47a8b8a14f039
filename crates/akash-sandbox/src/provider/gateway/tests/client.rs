//! A client of the gateway that shows what comes over the wire, and a tenant that signs any claims.

use std::net::SocketAddr;
use std::sync::Arc;

use akash_types::Address;
use akash_wallet::certificate::Identity;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use k256::ecdsa::signature::Signer as _;
use k256::ecdsa::{Signature, SigningKey};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// A key that signs whatever it is given, as a tenant with bad intentions may.
pub(super) struct Tenant {
    key: SigningKey,
    pub(super) address: Address,
}

impl Tenant {
    pub(super) fn new(seed: u8) -> Self {
        let key = SigningKey::from_slice(&[seed; 32]).unwrap();
        let public: [u8; 33] = key.verifying_key().to_sec1_bytes().as_ref().try_into().unwrap();
        Self { key, address: akash_wallet::address_of(&public).unwrap() }
    }

    pub(super) fn public_key(&self) -> [u8; 33] {
        self.key.verifying_key().to_sec1_bytes().as_ref().try_into().unwrap()
    }

    pub(super) fn sign(&self, header: &Value, claims: &Value) -> String {
        let text = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string())).join(".");
        let signature: Signature = self.key.sign(text.as_bytes());
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()))
    }
}

/// The way to a gateway with a known certificate.
pub(super) struct Way {
    address: SocketAddr,
    connector: TlsConnector,
}

/// Frames of a WebSocket, and the close frame if one came.
pub(super) type Heard = (Vec<String>, Option<(u16, String)>);

impl Way {
    pub(super) fn to(address: SocketAddr, identity: &Identity) -> Self {
        let ring = Arc::new(rustls::crypto::ring::default_provider());
        let pinned = Arc::new(Pinned(identity.cert_der.clone()));
        let config = ClientConfig::builder_with_provider(ring)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(pinned)
            .with_no_client_auth();
        Self { address, connector: TlsConnector::from(Arc::new(config)) }
    }

    async fn open(&self) -> TlsStream<TcpStream> {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        self.connector.connect(name, stream).await.unwrap()
    }

    /// All that comes, as text.
    pub(super) async fn bytes(&self, method: &str, path: &str, token: Option<&str>, body: &str) -> String {
        let mut stream = self.open().await;
        let token = token.map(|token| format!("Authorization: {token}\r\n")).unwrap_or_default();
        let length = body.len();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{token}Content-Length: {length}\r\n\r\n"
        );
        stream.write_all((head + body).as_bytes()).await.unwrap();
        String::from_utf8(rest(&mut stream).await).unwrap()
    }

    /// Status and body.
    pub(super) async fn ask(
        &self,
        method: &str,
        path: &str,
        token: Option<&str>,
        body: &str,
    ) -> (u16, String) {
        let answer = self.bytes(method, path, token, body).await;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }

    async fn upgrade(&self, path: &str, token: &str) -> TlsStream<TcpStream> {
        let mut stream = self.open().await;
        let head = format!(
            "GET {path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: OOLiLl4aPTNO92XXa4zcKw==\r\nAuthorization: {token}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream
    }

    /// All that comes until the head of an answer is whole.
    pub(super) async fn bytes_of_socket(&self, path: &str, token: &str) -> String {
        let mut stream = self.upgrade(path, token).await;
        let mut heard = Vec::new();
        while !heard.ends_with(b"\r\n\r\n") {
            heard.push(stream.read_u8().await.unwrap());
        }
        String::from_utf8(heard).unwrap()
    }

    /// Opens a WebSocket and listens until it ends.
    pub(super) async fn socket(&self, path: &str, token: &str) -> Heard {
        let mut stream = self.upgrade(path, token).await;
        let mut heard = Vec::new();
        let mut frames = Vec::new();
        loop {
            let start = heard.windows(4).position(|w| w == b"\r\n\r\n").map(|at| at + 4);
            if let Some(close) = start.and_then(|start| read(&heard[start..], &mut frames)) {
                return (frames, Some(close));
            }
            let mut chunk = [0; 4096];
            match stream.read(&mut chunk).await {
                Ok(0) | Err(_) => return (frames, None),
                Ok(length) => heard.extend_from_slice(&chunk[..length]),
            }
        }
    }
}

/// Reads all whole frames anew; the close frame if there is one.
fn read(mut bytes: &[u8], frames: &mut Vec<String>) -> Option<(u16, String)> {
    frames.clear();
    while bytes.len() >= 2 {
        let (start, length) = match bytes[1] {
            126 if bytes.len() >= 4 => (4, usize::from(u16::from_be_bytes([bytes[2], bytes[3]]))),
            short @ ..126 => (2, usize::from(short)),
            _ => return None,
        };
        let payload = bytes.get(start..start + length)?;
        match bytes[0] & 15 {
            1 | 2 => frames.push(String::from_utf8(payload.to_vec()).unwrap()),
            8 => {
                let code = u16::from_be_bytes([payload[0], payload[1]]);
                return Some((code, String::from_utf8(payload[2..].to_vec()).unwrap()));
            }
            _ => {}
        }
        bytes = &bytes[start + length..];
    }
    None
}

async fn rest(stream: &mut TlsStream<TcpStream>) -> Vec<u8> {
    let mut all = Vec::new();
    // The gateway may end the connection without the last word of TLS.
    stream.read_to_end(&mut all).await.ok();
    all
}

#[derive(Debug)]
struct Pinned(Vec<u8>);

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match end_entity.as_ref() == self.0 {
            true => Ok(ServerCertVerified::assertion()),
            false => Err(Error::General("another certificate".into())),
        }
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("TLS 1.2".into()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = rustls::crypto::ring::default_provider().signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, &algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ECDSA_NISTP256_SHA256]
    }
}
