//! Answers that come piece by piece: JSON per line, and server-sent events.

use super::exchange::Exchange;
use super::{Error, Recovery};
use crate::v1;
use futures_util::Stream;
use http::Method;
use serde::de::DeserializeOwned;
use std::path::PathBuf;
use std::time::Duration;

/// How long the daemon may stay away before a stream of events ends: ten tries, one after the other.
const TRIES: u32 = 10;
const BETWEEN_TRIES: Duration = Duration::from_millis(500);
/// The longest line. A daemon that says more in one is not ours.
const LONGEST: usize = 4 * 1024 * 1024;

/// One JSON value per line. A problem in the place of a value is why there are no more.
pub(super) fn json<T: DeserializeOwned>(
    socket: PathBuf,
    path: String,
) -> impl Stream<Item = Result<T, Error>> {
    async_stream::try_stream! {
        let mut exchange = Exchange::start(&socket, Method::GET, &path, None).await?;
        if !exchange.is_success() {
            exchange.done().await?;
            return;
        }
        let mut lines = Lines::default();
        while let Some(piece) = exchange.piece().await? {
            for line in lines.push(&piece) {
                yield value(&exchange, &line)?;
            }
        }
        if let Some(line) = lines.rest() {
            yield value(&exchange, &line)?;
        }
    }
}

/// Events from behind `after` on, or from now on, over as many connections as it takes.
pub(super) fn events(
    socket: PathBuf,
    cluster: Option<String>,
    after: Option<u64>,
    follow: bool,
) -> impl Stream<Item = Result<v1::Event, Error>> {
    let cluster = cluster.map(|cluster| format!("&cluster={cluster}")).unwrap_or_default();
    async_stream::try_stream! {
        let mut last = after;
        let mut tries = 0_u32;
        loop {
            let from = last.map(|last| format!("&after={last}")).unwrap_or_default();
            let path = format!("/v1/events?follow={follow}{from}{cluster}");
            match Exchange::resume(&socket, &path, last).await {
                Ok(mut exchange) => {
                    tries = 0;
                    let mut lines = Lines::default();
                    let mut frame = Frame::default();
                    // An error here is the daemon going away: the stream resumes behind what it has.
                    while let Ok(Some(piece)) = exchange.piece().await {
                        for line in lines.push(&piece) {
                            let Some(data) = frame.push(&line) else { continue };
                            let event: v1::Event = read(&exchange, &data)?;
                            last = Some(event.id);
                            yield event;
                        }
                        if frame.resync {
                            break;
                        }
                    }
                    if !follow {
                        return;
                    }
                }
                Err(error) if error.recovery() == Recovery::Retry => {
                    tries = tries.saturating_add(1);
                    if tries >= TRIES {
                        Err(error)?;
                    }
                }
                Err(error) => Err(error)?,
            }
            tokio::time::sleep(BETWEEN_TRIES).await;
        }
    }
}

fn value<T: DeserializeOwned>(exchange: &Exchange, line: &str) -> Result<T, Error> {
    read(exchange, line).map_err(|unreadable| match serde_json::from_str(line) {
        Ok(problem) => Error::Refused(Box::new(problem)),
        Err(_) => unreadable,
    })
}

fn read<T: DeserializeOwned>(exchange: &Exchange, line: &str) -> Result<T, Error> {
    serde_json::from_str(line)
        .map_err(|source| Error::Unreadable { request: exchange.request().to_owned(), source })
}

/// Bytes into lines.
#[derive(Default)]
struct Lines(Vec<u8>);

impl Lines {
    /// The lines that a piece completes, without their ends. Empty lines are among them: they end an event.
    fn push(&mut self, piece: &[u8]) -> Vec<String> {
        self.0.extend_from_slice(piece);
        let Some(end) = self.0.iter().rposition(|byte| *byte == b'\n') else {
            self.0.truncate(LONGEST);
            return Vec::new();
        };
        let rest = self.0.split_off(end);
        let whole = std::mem::replace(&mut self.0, rest.into_iter().skip(1).collect());
        whole
            .split(|byte| *byte == b'\n')
            .map(|line| String::from_utf8_lossy(line).trim_end_matches('\r').to_owned())
            .collect()
    }

    /// What came after the last line end.
    fn rest(self) -> Option<String> {
        Some(String::from_utf8_lossy(&self.0).into_owned()).filter(|line| !line.is_empty())
    }
}

/// One server-sent event in the making.
#[derive(Default)]
struct Frame {
    data: Vec<String>,
    kind: String,
    /// The daemon said that it left some out.
    resync: bool,
}

impl Frame {
    /// The data of the event that this line ends.
    fn push(&mut self, line: &str) -> Option<String> {
        if line.is_empty() {
            let kind = std::mem::take(&mut self.kind);
            let data = std::mem::take(&mut self.data);
            self.resync |= kind == "resync";
            return Some(data.join("\n")).filter(|data| !data.is_empty() && kind != "resync");
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "data" => self.data.push(value.to_owned()),
            "event" => value.clone_into(&mut self.kind),
            // The id is in the data too; comments keep the connection alive.
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_whole_however_they_are_cut() {
        let text = "{\"a\":1}\r\n\n{\"b\":\"ü\"}\nrest";
        for cut in 1..8 {
            let mut lines = Lines::default();
            let got: Vec<String> = text.as_bytes().chunks(cut).flat_map(|piece| lines.push(piece)).collect();
            assert_eq!(got, ["{\"a\":1}", "", "{\"b\":\"ü\"}"], "{cut}");
            assert_eq!(lines.rest().as_deref(), Some("rest"));
        }
    }

    #[test]
    fn events_end_with_an_empty_line() {
        let mut frame = Frame::default();
        let lines = [
            ": hello",
            "id: 7",
            "event: event",
            "data: {\"x\":",
            "data: 1}",
            "",
            "",
            "event: resync",
            "data: 9",
            "",
        ];
        let got: Vec<_> = lines.iter().filter_map(|line| frame.push(line)).collect();
        assert_eq!(got, ["{\"x\":\n1}"]);
        assert!(frame.resync);
    }
}
