//! The gate of a head, from outside: TLS 1.3 to a pinned certificate, one line, then bytes.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ray_client::{Connector, Stream};
use rayakash_core::Secret;
use rayakash_core::blueprint::Keys;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, ring, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error as TlsError, SignatureScheme};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Connection, handshake and the gate's answer together. A wrong token is answered after a second.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest answer: `ERR ` and a word.
const LONGEST_ANSWER: usize = 64;

/// What lies behind the gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// Ray's dashboard and job API.
    Dashboard,
    /// Ray's client server, for `ray://`.
    Client,
    /// The supervisor's own account of the node.
    Status,
}

impl Target {
    const fn name(self) -> &'static str {
        match self {
            Self::Dashboard => "dashboard",
            Self::Client => "client",
            Self::Status => "status",
        }
    }

    /// What lies at a port of the head, as users know them.
    pub(crate) const fn at_port(port: u16) -> Option<Self> {
        match port {
            8265 => Some(Self::Dashboard),
            10001 => Some(Self::Client),
            _ => None,
        }
    }
}

/// Why the gate did not open.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GateError {
    /// The gate answered, and not with "OK": `auth`, `target`, `down`, `busy`.
    #[error("the gate answered `{0}`")]
    Refused(String),
    /// No connection, or not to our cluster.
    #[error("the gate at {address} cannot be reached: {}", short(.source))]
    Unreachable {
        /// Where.
        address: String,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// What is wrong with a connection, in a few words; the system's own are for who looks closer.
fn short(error: &io::Error) -> String {
    let kind = error.kind();
    if kind == io::ErrorKind::InvalidData {
        // What TLS says of a certificate that is not the pinned one.
        return "another certificate".to_owned();
    }
    // A forwarder without anything behind it hangs up, with or without a goodbye.
    let cut = kind == io::ErrorKind::UnexpectedEof;
    if cut { io::ErrorKind::ConnectionReset } else { kind }.to_string()
}

impl GateError {
    /// Why, in a few words.
    pub(crate) fn short(&self) -> String {
        match self {
            Self::Refused(word) => format!("it answers `{word}`"),
            Self::Unreachable { source, .. } => short(source),
        }
    }

    /// The gate is there and what lies behind it is not.
    pub(crate) fn is_down(&self) -> bool {
        matches!(self, Self::Refused(word) if word == "down")
    }
}

/// A way into one cluster.
#[derive(Clone)]
pub(crate) struct GateClient {
    tls: TlsConnector,
    token: Secret,
}

impl GateClient {
    /// A way in for who has the cluster's keys.
    pub(crate) fn new(keys: &Keys) -> io::Result<Self> {
        let certificate = STANDARD.decode(&keys.gate_certificate).map_err(io::Error::other)?;
        let provider = Arc::new(ring::default_provider());
        let verifier = Pinned { certificate, algorithms: provider.signature_verification_algorithms };
        let config = config(provider, verifier).map_err(io::Error::other)?;
        Ok(Self { tls: TlsConnector::from(Arc::new(config)), token: keys.gate_token.clone() })
    }

    /// Opens a connection to what lies behind the gate.
    pub(crate) async fn open(
        &self,
        address: &(String, u16),
        target: Target,
    ) -> Result<TlsStream<TcpStream>, GateError> {
        match timeout(PATIENCE, self.greet(address, target)).await {
            Ok(Ok((stream, answer))) if answer == "OK" => Ok(stream),
            Ok(Ok((_, answer))) => Err(GateError::Refused(answer.trim_start_matches("ERR ").to_owned())),
            Ok(Err(source)) => Err(unreachable(address, source)),
            Err(_) => Err(unreachable(address, io::ErrorKind::TimedOut.into())),
        }
    }

    async fn greet(
        &self,
        address: &(String, u16),
        target: Target,
    ) -> io::Result<(TlsStream<TcpStream>, String)> {
        let tcp = TcpStream::connect((address.0.as_str(), address.1)).await?;
        tcp.set_nodelay(true)?;
        // The name is not checked: the certificate itself is.
        let name = ServerName::try_from("gate").map_err(io::Error::other)?;
        let mut stream = self.tls.connect(name, tcp).await?;
        let preface = format!("RAYAKASH/1 {} {}\n", self.token.expose(), target.name());
        stream.write_all(preface.as_bytes()).await?;
        let answer = line(&mut stream).await?;
        Ok((stream, answer))
    }

    /// The supervisor's account of the head, as JSON text.
    pub(crate) async fn status(&self, address: &(String, u16)) -> Result<String, GateError> {
        let mut stream = self.open(address, Target::Status).await?.take(64 * 1024);
        let mut text = Vec::new();
        match timeout(PATIENCE, stream.read_to_end(&mut text)).await {
            // A peer that closes without TLS's own goodbye has still said all.
            Ok(Err(source)) if text.is_empty() => Err(unreachable(address, source)),
            Ok(_) => Ok(String::from_utf8_lossy(&text).into_owned()),
            Err(_) => Err(unreachable(address, io::ErrorKind::TimedOut.into())),
        }
    }
}

fn unreachable(address: &(String, u16), source: io::Error) -> GateError {
    GateError::Unreachable { address: format!("{}:{}", address.0, address.1), source }
}

/// Reads one short line byte by byte, so that nothing behind it is swallowed.
async fn line(stream: &mut TlsStream<TcpStream>) -> io::Result<String> {
    let mut text = Vec::new();
    while text.len() < LONGEST_ANSWER {
        match stream.read_u8().await? {
            b'\n' => return String::from_utf8(text).map_err(io::Error::other),
            byte => text.push(byte),
        }
    }
    Err(io::Error::other("the gate's answer is too long"))
}

fn config(provider: Arc<CryptoProvider>, verifier: Pinned) -> Result<ClientConfig, TlsError> {
    Ok(ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth())
}

/// Accepts one certificate, byte for byte, and a handshake that proves its key.
#[derive(Debug)]
struct Pinned {
    certificate: Vec<u8>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, TlsError> {
        if end_entity.as_ref() == self.certificate {
            return Ok(ServerCertVerified::assertion());
        }
        Err(TlsError::InvalidCertificate(CertificateError::ApplicationVerificationFailure))
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        Err(TlsError::General("TLS 1.3 only".to_owned()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// The head's dashboard, for Ray's client.
pub(crate) struct Dashboard {
    pub(crate) gate: GateClient,
    pub(crate) address: (String, u16),
}

#[async_trait]
impl Connector for Dashboard {
    async fn connect(&self) -> io::Result<Box<dyn Stream>> {
        match self.gate.open(&self.address, Target::Dashboard).await {
            Ok(stream) => Ok(Box::new(stream)),
            Err(error) if error.is_down() => Err(io::Error::new(io::ErrorKind::ConnectionRefused, error)),
            Err(error) => Err(io::Error::other(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_said_in_a_few_words() {
        let table = [
            (io::Error::from_raw_os_error(104), "connection reset"),
            (io::Error::from_raw_os_error(111), "connection refused"),
            (io::ErrorKind::UnexpectedEof.into(), "connection reset"),
            (io::ErrorKind::TimedOut.into(), "timed out"),
            (io::Error::new(io::ErrorKind::InvalidData, "x"), "another certificate"),
        ];
        for (source, words) in table {
            let error = GateError::Unreachable { address: "h:1".to_owned(), source };
            assert_eq!(error.short(), words);
            assert_eq!(error.to_string(), format!("the gate at h:1 cannot be reached: {words}"));
        }
    }
}
