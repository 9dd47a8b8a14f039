//! The block log: a text file, one line per block, each with a checksum.
//!
//! `height time app-hash tx… checksum`, transactions in base64. The first line names the format, the chain and the time of its
//! genesis. A last line that was not written to its end is dropped: nobody has seen its block.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use crate::error::Error;
use crate::market::Block;
use crate::private;

/// Names the format in the first line.
const MAGIC: &str = "rayakash-sandbox-blocks-1";

/// The log, open at its end.
#[derive(Debug)]
pub(crate) struct BlockLog {
    file: File,
    path: PathBuf,
    length: u64,
}

/// A block as it was written down.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) height: u64,
    pub(crate) time_ms: u64,
    pub(crate) txs: Vec<Vec<u8>>,
    app_hash: String,
}

impl Record {
    /// Whether a block made again is the one that was written down.
    pub(crate) fn describes(&self, block: &Block) -> bool {
        self.height == block.height.0 && self.time_ms == block.time_ms && self.app_hash == short(block)
    }
}

fn short(block: &Block) -> String {
    hex::encode(block.app_hash.get(..8).unwrap_or_default())
}

impl BlockLog {
    /// Opens a log, or begins one. Returns the time of the genesis and the blocks.
    pub(crate) fn open(path: &Path, chain_id: &str, now_ms: u64) -> Result<(Self, u64, Vec<Record>), Error> {
        let failed = |action| move |source| Error::File { action, path: path.to_owned(), source };
        let file = private::options().create(true).truncate(false).read(true).write(true).open(path);
        let mut file = file.map_err(failed("open"))?;
        let mut text = Vec::new();
        file.read_to_end(&mut text).map_err(failed("read"))?;
        let mut log = Self { file, path: path.to_owned(), length: 0 };
        let (lines, sound) = whole_lines(&text).map_err(|line| log.bad(line, "its checksum is wrong"))?;
        log.length = sound;
        log.cut().map_err(failed("shorten"))?;
        let Some((first, rest)) = lines.split_first() else {
            log.write(&format!("{MAGIC} {chain_id} {now_ms}"))?;
            return Ok((log, now_ms, Vec::new()));
        };
        let start = match first.split(' ').collect::<Vec<_>>().as_slice() {
            [MAGIC, id, start] if *id == chain_id => start.parse().ok(),
            _ => None,
        };
        let start = start.ok_or_else(|| log.bad(1, &format!("it is no log of a chain {chain_id}")))?;
        let records = rest
            .iter()
            .enumerate()
            .map(|(n, line)| record(line).ok_or_else(|| log.bad(n.saturating_add(2), "it is no block")));
        let records = records.collect::<Result<_, _>>()?;
        Ok((log, start, records))
    }

    /// Writes a block down, to its end or not at all.
    pub(crate) fn append(&mut self, block: &Block) -> Result<(), Error> {
        let mut line = format!("{} {} {}", block.height, block.time_ms, short(block));
        for delivered in &block.txs {
            line.push(' ');
            STANDARD.encode_string(&delivered.tx.bytes, &mut line);
        }
        self.write(&line)
    }

    /// The log with a file that refuses to be written to.
    #[cfg(test)]
    pub(crate) fn read_only(path: &Path) -> std::io::Result<Self> {
        Ok(Self { file: File::open(path)?, path: path.to_owned(), length: 0 })
    }

    fn write(&mut self, line: &str) -> Result<(), Error> {
        let whole = format!("{line} {}\n", checksum(line));
        let written = self.file.write_all(whole.as_bytes());
        if let Err(source) = written {
            // Half a line must not stay in front of the next one.
            let _next_open_cuts_it = self.cut();
            return Err(Error::File { action: "write to", path: self.path.clone(), source });
        }
        self.length = self.length.saturating_add(u64::try_from(whole.len()).unwrap_or(0));
        Ok(())
    }

    fn cut(&mut self) -> std::io::Result<()> {
        self.file.set_len(self.length)?;
        self.file.seek(SeekFrom::Start(self.length)).map(drop)
    }

    fn bad(&self, line: usize, problem: &str) -> Error {
        Error::Log { path: self.path.clone(), line, problem: problem.to_owned() }
    }
}

/// The lines without their checksums, and the length of the sound part; an error names a damaged line that others follow.
fn whole_lines(text: &[u8]) -> Result<(Vec<String>, u64), usize> {
    let mut lines = Vec::new();
    let mut sound = 0_usize;
    let mut damaged = None;
    for (number, line) in text.split_inclusive(|b| *b == b'\n').enumerate() {
        if let Some(line) = damaged {
            return Err(line);
        }
        let body = std::str::from_utf8(line)
            .ok()
            .and_then(|l| l.strip_suffix('\n'))
            .and_then(|l| l.rsplit_once(' '));
        match body {
            Some((body, sum)) if sum == checksum(body) => {
                lines.push(body.to_owned());
                sound = sound.saturating_add(line.len());
            }
            _ => damaged = Some(number.saturating_add(1)),
        }
    }
    Ok((lines, u64::try_from(sound).unwrap_or(0)))
}

fn record(line: &str) -> Option<Record> {
    let mut parts = line.split(' ');
    let height = parts.next()?.parse().ok()?;
    let time_ms = parts.next()?.parse().ok()?;
    let app_hash = parts.next()?.to_owned();
    let txs = parts.map(|tx| STANDARD.decode(tx).ok()).collect::<Option<_>>()?;
    Some(Record { height, time_ms, txs, app_hash })
}

fn checksum(line: &str) -> String {
    let digest = Sha256::digest(line.as_bytes());
    hex::encode(digest.get(..4).unwrap_or_default())
}
