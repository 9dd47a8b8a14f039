//! One exchange with a gateway, as a recording writes it down: a request, `---- response`, what came back.
//!
//! A token stands decoded (`Bearer <HEADER.CLAIMS.SIGNATURE>`). On a WebSocket every frame has a line of its own, its payload written
//! as Python writes bytes. Lines that start with `#` tell about the connection.

use std::error::Error;

use serde_json::Value;

type Failed = Box<dyn Error>;

/// A request and what came back.
#[derive(Clone, Debug, Default)]
pub(crate) struct Exchange {
    /// The file's name.
    pub(crate) name: String,
    /// Whether the client showed a certificate.
    pub(crate) certificate: bool,
    /// The server that the client asked for.
    pub(crate) sni: String,
    pub(crate) method: String,
    /// Path and query.
    pub(crate) path: String,
    /// The headers; where one carries a token, its value lacks it.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) token: Option<Token>,
    pub(crate) body: Vec<u8>,
    pub(crate) heard: Heard,
}

/// A token without its signature.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) header: String,
    pub(crate) claims: String,
}

/// What came back.
#[derive(Clone, Debug, Default)]
pub(crate) struct Heard {
    /// `None`: not a byte.
    pub(crate) answer: Option<Answer>,
    pub(crate) frames: Vec<Frame>,
    pub(crate) end: End,
    /// How long it took.
    pub(crate) ms: u64,
}

/// The head of an answer, and its body.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// How it ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum End {
    /// The connection ended, after the answer or instead of one.
    #[default]
    Closed,
    /// With a close frame.
    CloseFrame,
    /// The client had listened long enough.
    Stopped,
    /// The client had waited long enough and heard nothing.
    Silent,
    /// TLS refused; the alert's name in lower case, without spaces.
    Alert(String),
}

/// One frame of a WebSocket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    /// Since the request.
    pub(crate) ms: u64,
    /// Whether the client sent it.
    pub(crate) ours: bool,
    pub(crate) kind: u8,
    /// The code of a close frame.
    pub(crate) code: Option<u16>,
    /// Its data; the reason of a close frame.
    pub(crate) payload: Vec<u8>,
}

/// The kinds of frames.
pub(crate) const BINARY: u8 = 2;
pub(crate) const CLOSE: u8 = 8;
pub(crate) const PING: u8 = 9;
pub(crate) const PONG: u8 = 10;

/// How the first line of an exchange starts.
const FIRST: &str = "# client certificate: ";
const RESPONSE: &str = "\n---- response\n";

/// Whether a text is an exchange; one that breaks off is one, too.
pub(crate) fn is_exchange(text: &str) -> bool {
    text.starts_with(FIRST)
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }
}

impl Exchange {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }

    /// Whether it asks for a WebSocket.
    pub(crate) fn is_socket(&self) -> bool {
        self.header("Upgrade").is_some()
    }

    /// The status of the answer; 0 without one.
    pub(crate) fn status(&self) -> u16 {
        self.heard.answer.as_ref().map_or(0, |answer| answer.status)
    }

    /// The answer's body as text, without the line's end.
    pub(crate) fn text(&self) -> String {
        let body =
            self.heard.answer.as_ref().map(|answer| String::from_utf8_lossy(&answer.body).into_owned());
        body.unwrap_or_default().trim_end().to_owned()
    }

    /// A claim of the token.
    pub(crate) fn claim(&self, name: &str) -> Option<Value> {
        let claims: Value = serde_json::from_str(&self.token.as_ref()?.claims).ok()?;
        claims.get(name).cloned()
    }

    /// The deployment and, for a lease's route, group and order number in the path.
    pub(crate) fn names(&self) -> Option<(u64, u32, u32)> {
        let path = self.path.split('?').next().unwrap_or_default();
        let parts: Vec<&str> = path.split('/').skip(1).collect();
        match parts.as_slice() {
            ["deployment", dseq, ..] => Some((dseq.parse().ok()?, 0, 0)),
            ["lease", dseq, gseq, oseq, ..] => {
                Some((dseq.parse().ok()?, gseq.parse().ok()?, oseq.parse().ok()?))
            }
            _ => None,
        }
    }
}

pub(crate) fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

/// Reads an exchange.
pub(crate) fn parse(name: &str, text: &str) -> Result<Exchange, Failed> {
    let (asked, told) = text.split_once(RESPONSE).ok_or("no response")?;
    let (notes, request): (Vec<&str>, &str) = after_notes(asked);
    let (head, body) = request.split_once("\n\n").unwrap_or((request.trim_end(), ""));
    let mut lines = head.lines();
    let mut words = lines.next().unwrap_or_default().split(' ');
    let method = words.next().unwrap_or_default().to_owned();
    let path = words.next().ok_or("no path")?.to_owned();
    let mut headers = pairs(lines);
    let token = headers.iter_mut().find_map(|(_, value)| token(value));
    let notes = notes.join("; ");
    let host = header(&headers, "Host").unwrap_or_default().split(':').next().unwrap_or_default().to_owned();
    let sni = notes.split("SNI: ").nth(1).and_then(|rest| rest.split(';').next()).map_or(host, str::to_owned);
    let length = header(&headers, "Content-Length").and_then(|n| n.parse().ok()).unwrap_or(0);
    let mut body = body.as_bytes().to_vec();
    body.truncate(length);
    let took = notes.rsplit("; ").next().and_then(|last| last.strip_suffix(" ms"));
    let mut heard = heard(told)?;
    if heard.ms == 0 {
        heard.ms = took.and_then(|ms| ms.parse().ok()).unwrap_or(0);
    }
    let certificate = notes.starts_with(&format!("{FIRST}yes"));
    Ok(Exchange { name: name.to_owned(), certificate, sni, method, path, headers, token, body, heard })
}

fn after_notes(text: &str) -> (Vec<&str>, &str) {
    let mut rest = text;
    let mut notes = Vec::new();
    while rest.starts_with('#') {
        let (note, after) = rest.split_once('\n').unwrap_or((rest, ""));
        notes.push(note);
        rest = after;
    }
    (notes, rest)
}

fn pairs<'a>(lines: impl Iterator<Item = &'a str>) -> Vec<(String, String)> {
    let pair = |line: &str| {
        let (name, value) = line.split_once(':')?;
        Some((name.to_owned(), value.trim().to_owned()))
    };
    lines.filter_map(pair).collect()
}

/// Takes a decoded token out of a header's value: `Bearer <{…}.{…}.SIGNATURE>`.
fn token(value: &mut String) -> Option<Token> {
    let (scheme, inside) = value.split_once('<')?;
    let inside = inside.strip_suffix('>')?;
    let (parts, _) = inside.rsplit_once('.')?;
    let (header, claims) = parts.split_once("}.{")?;
    let token = Token { header: format!("{header}}}"), claims: format!("{{{claims}") };
    *value = scheme.to_owned();
    Some(token)
}

fn heard(text: &str) -> Result<Heard, Failed> {
    let note = text.lines().rev().find_map(|line| line.strip_prefix("# ")).unwrap_or_default();
    let ms = note.rsplit_once(" after ").and_then(|(_, time)| millis(time.strip_suffix(" s")?)).unwrap_or(0);
    let end = end(note);
    if !text.starts_with("HTTP/") {
        return Ok(Heard { answer: None, end, ms, ..Heard::default() });
    }
    let (head, rest) = text.split_once("\n\n").unwrap_or((text.trim_end(), ""));
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).unwrap_or_default().parse()?;
    let headers = pairs(lines);
    if status == 101 {
        let frames =
            rest.lines().filter(|line| line.starts_with(' ')).map(frame).collect::<Result<_, _>>()?;
        return Ok(Heard { answer: Some(Answer { status, headers, body: Vec::new() }), frames, end, ms });
    }
    let mut body = rest.as_bytes().to_vec();
    if let Some(length) = header(&headers, "Content-Length").and_then(|n| n.parse().ok()) {
        body.truncate(length);
    }
    Ok(Heard { answer: Some(Answer { status, headers, body }), frames: Vec::new(), end, ms })
}

/// Seconds as a text, `37.47`, in milliseconds.
pub(crate) fn millis(seconds: &str) -> Option<u64> {
    let (whole, part) = seconds.split_once('.').unwrap_or((seconds, ""));
    let part: String = part.chars().chain("000".chars()).take(3).collect();
    whole.parse::<u64>().ok()?.checked_mul(1_000)?.checked_add(part.parse().ok()?)
}

fn end(note: &str) -> End {
    if note.starts_with("end: close frame") {
        return End::CloseFrame;
    }
    if note.starts_with("end: we stopped") {
        return End::Stopped;
    }
    if let Some((_, alert)) = note.split_once("_ALERT_") {
        let alert = alert.split(']').next().unwrap_or_default();
        return End::Alert(alert.replace('_', "").to_lowercase());
    }
    if note.contains("timed out") { End::Silent } else { End::Closed }
}

/// `     47 ms  <-  op=2(binary) fin=1 len=5 b'dout\n'`, and for a close frame `code=4001 reason=b''` at the end.
fn frame(line: &str) -> Result<Frame, Failed> {
    let failed = || format!("no frame: {line}");
    let (ms, rest) = line.trim_start().split_once(" ms  ").ok_or_else(failed)?;
    let (way, rest) = rest.split_once("  op=").ok_or_else(failed)?;
    let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (kind, rest) = rest.split_at(digits);
    let at = rest.find("b'").into_iter().chain(rest.find("b\"")).min().ok_or_else(failed)?;
    let (before, literal) = rest.split_at(at);
    let code = before.split("code=").nth(1).and_then(|code| code.split(' ').next()?.parse().ok());
    let payload = bytes(literal).ok_or_else(failed)?;
    Ok(Frame { ms: ms.parse()?, ours: way == "->", kind: kind.parse()?, code, payload })
}

/// Bytes as Python writes them: `b'…'` or `b"…"`.
fn bytes(literal: &str) -> Option<Vec<u8>> {
    let inside = literal.strip_prefix('b')?;
    let quote = inside.chars().next()?;
    let inside = inside.strip_prefix(quote)?.strip_suffix(quote)?;
    let mut out = Vec::with_capacity(inside.len());
    let mut rest = inside.chars();
    while let Some(c) = rest.next() {
        if c != '\\' {
            out.extend(c.encode_utf8(&mut [0; 4]).as_bytes());
            continue;
        }
        match rest.next()? {
            'n' => out.push(b'\n'),
            'r' => out.push(b'\r'),
            't' => out.push(b'\t'),
            'x' => {
                let hex: String = rest.by_ref().take(2).collect();
                out.push(u8::from_str_radix(&hex, 16).ok()?);
            }
            other => out.extend(other.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_with_a_token_and_a_body() {
        let text = "# client certificate: no; SNI: localhost; TLSv1.3 alpn=None; 7 ms\nPUT /deployment/42/manifest HTTP/1.1\nHost: localhost:1\n\
                    Authorization: Bearer <{\"alg\":\"ES256K\"}.{\"iss\":\"a\",\"leases\":{\"access\":\"full\"}}.SIGNATURE>\nContent-Length: 1\n\n{\n\
                    ---- response\nHTTP/1.1 422 Unprocessable Entity\nContent-Type: text/plain\nContent-Length: 4\n\nEOF\n\n";
        assert!(is_exchange(text));
        let read = parse("x", text).unwrap();
        assert_eq!(
            (read.method.as_str(), read.names(), read.sni.as_str()),
            ("PUT", Some((42, 0, 0)), "localhost")
        );
        assert_eq!(
            (read.body.as_slice(), read.status(), read.text()),
            (b"{".as_slice(), 422, "EOF".to_owned())
        );
        assert_eq!(read.header("authorization"), Some("Bearer "));
        assert_eq!(read.claim("iss"), Some("a".into()));
        assert_eq!((read.heard.ms, read.is_socket(), read.certificate), (7, false, false));
    }

    #[test]
    fn a_socket_with_frames_both_ways_and_its_end() {
        let text = "# client certificate: yes\nGET /lease/1/2/3/shell?cmd0=id HTTP/1.1\nHost: localhost:1\nUpgrade: websocket\n\n---- response\n\
                    HTTP/1.1 101 Switching Protocols\n\n   1003 ms  ->  op=2 b'hhi\\n'\n   1005 ms  <-  op=2(binary) fin=1 len=3 b\"d'\\x00\"\n\
                    \x20  1006 ms  <-  op=8(close) fin=1 len=2 code=4001 reason=b''\n# end: close frame after 1.50 s\n";
        let read = parse("x", text).unwrap();
        assert!(read.is_socket() && read.certificate);
        let frames = &read.heard.frames;
        assert_eq!((frames[0].ours, frames[0].payload.as_slice()), (true, b"hhi\n".as_slice()));
        assert_eq!((frames[1].kind, frames[1].payload.as_slice()), (BINARY, b"d'\0".as_slice()));
        assert_eq!((frames[2].kind, frames[2].code), (CLOSE, Some(4001)));
        assert_eq!((&read.heard.end, read.heard.ms), (&End::CloseFrame, 1_500));
    }

    #[test]
    fn no_answer_is_silence_a_refusal_of_tls_or_an_end() {
        let end = |note: &str| {
            let text =
                format!("# client certificate: no; 5 ms\nGET / HTTP/1.1\n\n---- response\n\n\n\n{note}\n");
            let read = parse("x", &text).unwrap();
            assert!(read.heard.answer.is_none());
            read.heard.end
        };
        assert_eq!(end(""), End::Closed);
        assert_eq!(end("# connection error: TimeoutError: The read operation timed out"), End::Silent);
        let alert =
            "# connection error: SSLError: [SSL: SSLV3_ALERT_BAD_CERTIFICATE] sslv3 alert bad certificate";
        assert_eq!(end(alert), End::Alert("badcertificate".into()));
    }
}
