//! Asking a gateway over a real socket: TLS 1.3, then exactly the bytes of a recorded request.

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use akash_wallet::certificate::Identity;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme, version};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::exchange::{Answer, CLOSE, End, Exchange, Frame, Heard, PING, PONG};

type Failed = Box<dyn Error + Send + Sync>;
type Tls = TlsStream<TcpStream>;

/// The longest that a silent gateway is waited for: one that answers does so in milliseconds.
const SILENCE: Duration = Duration::from_secs(2);
/// What an answer may take longer than the recorded one.
const PATIENCE: Duration = Duration::from_secs(10);

/// Asks, and listens until the gateway ends it or the recorded client had stopped listening.
pub(crate) async fn ask(
    gateway: SocketAddr,
    exchange: &Exchange,
    authorization: Option<&str>,
    identity: Option<&Identity>,
) -> Result<Heard, Failed> {
    let recorded = &exchange.heard;
    let began = Instant::now();
    let until = began
        + match recorded.end {
            End::Silent => Duration::from_millis(recorded.ms).min(SILENCE),
            End::Stopped => Duration::from_millis(recorded.ms),
            End::Closed | End::CloseFrame | End::Alert(_) => Duration::from_millis(recorded.ms) + PATIENCE,
        };
    let stream = TcpStream::connect(gateway).await?;
    let name = ServerName::try_from(exchange.sni.clone())?;
    let mut stream = match connector(identity)?.connect(name, stream).await {
        Ok(stream) => stream,
        Err(problem) => return Ok(refused(&problem)),
    };
    stream.write_all(&request(exchange, authorization)).await?;
    let mut wire = Wire { stream, bytes: Vec::new(), until, began };
    wire.listen(exchange).await
}

fn request(exchange: &Exchange, authorization: Option<&str>) -> Vec<u8> {
    let mut text = format!("{} {} HTTP/1.1\r\n", exchange.method, exchange.path);
    for (name, value) in &exchange.headers {
        let value = match authorization {
            Some(token) if name.eq_ignore_ascii_case("Authorization") => token,
            _ => value,
        };
        text += &format!("{name}: {value}\r\n");
    }
    [text.as_bytes(), b"\r\n", &exchange.body].concat()
}

/// What a failure of the connection says.
fn refused(problem: &std::io::Error) -> Heard {
    let alert = problem.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    let end = match alert {
        Some(rustls::Error::AlertReceived(alert)) => End::Alert(format!("{alert:?}").to_lowercase()),
        _ => End::Closed,
    };
    Heard { end, ..Heard::default() }
}

struct Wire {
    stream: Tls,
    bytes: Vec<u8>,
    until: Instant,
    began: Instant,
}

/// What reading came to.
enum More {
    Bytes,
    Ended(End),
}

impl Wire {
    /// Reads some more.
    async fn more(&mut self, until: Instant) -> More {
        let mut chunk = vec![0; 16 * 1024];
        match timeout_at(until, self.stream.read(&mut chunk)).await {
            Err(_) => More::Ended(End::Stopped),
            Ok(Ok(0)) => More::Ended(End::Closed),
            Ok(Ok(length)) => {
                self.bytes.extend_from_slice(chunk.get(..length).unwrap_or_default());
                More::Bytes
            }
            Ok(Err(problem)) => More::Ended(refused(&problem).end),
        }
    }

    async fn listen(&mut self, exchange: &Exchange) -> Result<Heard, Failed> {
        let (status, headers) = loop {
            if let Some(at) = self.bytes.windows(4).position(|w| w == b"\r\n\r\n") {
                let rest = self.bytes.split_off(at + 4);
                let head = std::mem::replace(&mut self.bytes, rest);
                break read_head(&head)?;
            }
            match self.more(self.until).await {
                More::Bytes => {}
                More::Ended(End::Stopped) => return Ok(Heard { end: End::Silent, ..Heard::default() }),
                More::Ended(end) => return Ok(Heard { end, ..Heard::default() }),
            }
        };
        let mut answer = Answer { status, headers, body: Vec::new() };
        if status == 101 {
            let (frames, end) = self.frames(exchange).await?;
            return Ok(Heard { answer: Some(answer), frames, end, ms: 0 });
        }
        // Only the end of a socket is compared: nothing to listen for behind this answer.
        let length: Option<usize> = answer.header("Content-Length").and_then(|n| n.parse().ok());
        while length.is_none_or(|length| self.bytes.len() < length)
            && let More::Bytes = self.more(self.until).await
        {}
        answer.body = std::mem::take(&mut self.bytes);
        if answer.header("Transfer-Encoding") == Some("chunked") {
            answer.body = without_chunks(&answer.body);
        }
        Ok(Heard { answer: Some(answer), ..Heard::default() })
    }

    /// Takes frames until the end; answers pings; sends what the recorded client sent, when it did.
    async fn frames(&mut self, exchange: &Exchange) -> Result<(Vec<Frame>, End), Failed> {
        let mut sends: Vec<&Frame> =
            exchange.heard.frames.iter().filter(|f| f.ours && f.kind != PONG).rev().collect();
        let mut frames = Vec::new();
        loop {
            while let Some(mut frame) = take_frame(&mut self.bytes) {
                frame.ms = u64::try_from(self.began.elapsed().as_millis())?;
                if frame.kind == PING {
                    self.stream.write_all(&masked(PONG, &frame.payload)).await?;
                }
                let last = frame.kind == CLOSE;
                frames.push(frame);
                if last {
                    return Ok((frames, End::CloseFrame));
                }
            }
            let due = sends.last().map(|next| self.began + Duration::from_millis(next.ms));
            match self.more(due.map_or(self.until, |due| due.min(self.until))).await {
                More::Bytes => {}
                More::Ended(End::Stopped) if due.is_some_and(|due| due < self.until) => {
                    if let (Some(due), Some(next)) = (due, sends.pop()) {
                        sleep_until(due).await;
                        self.stream.write_all(&masked(next.kind, &next.payload)).await?;
                        frames.push(next.clone());
                    }
                }
                More::Ended(end) => return Ok((frames, end)),
            }
        }
    }
}

type Head = (u16, Vec<(String, String)>);

fn read_head(head: &[u8]) -> Result<Head, Failed> {
    let text = String::from_utf8_lossy(head);
    let mut lines = text.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).unwrap_or_default().parse()?;
    let pair = |line: &str| line.split_once(':').map(|(n, v)| (n.to_owned(), v.trim().to_owned()));
    Ok((status, lines.filter_map(pair).collect()))
}

fn without_chunks(mut bytes: &[u8]) -> Vec<u8> {
    let mut all = Vec::new();
    while let Some(at) = bytes.windows(2).position(|w| w == b"\r\n") {
        let (line, rest) = bytes.split_at(at);
        let length = usize::from_str_radix(&String::from_utf8_lossy(line), 16).unwrap_or(0);
        let Some(chunk) = rest.get(2..2 + length).filter(|chunk| !chunk.is_empty()) else { break };
        all.extend_from_slice(chunk);
        bytes = rest.get(4 + length..).unwrap_or_default();
    }
    all
}

/// Takes the first whole frame.
fn take_frame(bytes: &mut Vec<u8>) -> Option<Frame> {
    let (first, second) = (*bytes.first()?, *bytes.get(1)? & 127);
    let long =
        |n: usize| bytes.get(2..2 + n).map(|b| b.iter().fold(0_u64, |all, b| all << 8 | u64::from(*b)));
    let (start, length) = match second {
        126 => (4, long(2)?),
        127 => (10, long(8)?),
        short => (2, u64::from(short)),
    };
    let end = start + usize::try_from(length).ok()?;
    let mut payload = bytes.get(start..end)?.to_vec();
    bytes.drain(..end);
    let kind = first & 15;
    let mut code = None;
    if kind == CLOSE && payload.len() >= 2 {
        let reason = payload.split_off(2);
        code = payload.try_into().ok().map(u16::from_be_bytes);
        payload = reason;
    }
    Some(Frame { ms: 0, ours: false, kind, code, payload })
}

/// A client's frame. The mask of zeros changes nothing, which a server may not mind.
fn masked(kind: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![128 | kind];
    match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
        (Ok(length @ 0..=125), _) => frame.push(128 | length),
        (_, Ok(length)) => {
            frame.push(128 | 126);
            frame.extend(length.to_be_bytes());
        }
        (_, Err(_)) => {
            frame.push(128 | 127);
            frame.extend((payload.len() as u64).to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend(payload);
    frame
}

fn connector(identity: Option<&Identity>) -> Result<TlsConnector, Failed> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&version::TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anybody));
    let config = match identity {
        None => config.with_no_client_auth(),
        Some(identity) => {
            let key = PrivatePkcs8KeyDer::from(identity.key_pkcs8_der.to_vec());
            config.with_client_auth_cert(vec![identity.cert_der.clone().into()], key.into())?
        }
    };
    Ok(TlsConnector::from(Arc::new(config)))
}

/// Whoever answers is the sandbox: it was started a moment ago.
#[derive(Debug)]
struct Anybody;

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
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
        vec![SignatureScheme::ECDSA_NISTP256_SHA256]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_come_out_whole() {
        let mut bytes = vec![0x82, 3, b'd', b'a', b'b', 0x88, 2];
        let first = take_frame(&mut bytes).unwrap();
        assert_eq!((first.kind, first.payload.as_slice()), (2, b"dab".as_slice()));
        assert_eq!(take_frame(&mut bytes), None);
        bytes.extend(4001_u16.to_be_bytes());
        assert_eq!(take_frame(&mut bytes).unwrap().code, Some(4001));
    }

    #[test]
    fn a_frame_says_how_long_it_is() {
        let begin = |length| masked(2, &vec![7; length]).iter().take(8).copied().collect::<Vec<_>>();
        assert_eq!(begin(125), [130, 253, 0, 0, 0, 0, 7, 7]);
        assert_eq!(begin(300), [130, 254, 1, 44, 0, 0, 0, 0]);
        assert_eq!(begin(70_000), [130, 255, 0, 0, 0, 0, 0, 1]);
        assert_eq!(masked(2, &[7; 300]).len(), 308);
    }

    #[test]
    fn chunks_are_put_together() {
        assert_eq!(without_chunks(b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"), b"abcde");
    }
}
