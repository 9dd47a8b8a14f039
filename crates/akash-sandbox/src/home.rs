//! The sandbox's folder: who may use it, and the notes in it.

use std::fs::{self, File, TryLockError};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::private;

const LOCK: &str = "lock";
const NOTE: &str = "sandbox.json";
const PORTS: &str = "ports.json";

/// What a running sandbox says about itself in `sandbox.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Info {
    /// Its process.
    pub pid: u32,
    /// Where the chain answers gRPC.
    pub grpc: SocketAddr,
    /// Where the chain answers REST.
    pub rest: SocketAddr,
    /// Where the chain answers CometBFT's RPC.
    pub rpc: SocketAddr,
    /// Where the controls answer HTTP.
    pub control: SocketAddr,
    /// The chain's name.
    pub chain_id: String,
    /// Milliseconds between blocks.
    pub block_time_ms: u64,
    /// Where the keys come from: a mnemonic that everybody knows.
    pub mnemonic: String,
    /// The account that a user of the sandbox pays from: key 1 of the mnemonic.
    pub tenant: String,
    /// The providers.
    pub providers: Vec<ProviderInfo>,
    /// How pods are kept apart: `host` or `namespaces`.
    #[serde(default)]
    pub pods: String,
    /// What that lacks, for people: namespaces, where they cannot be made, or a way out.
    #[serde(default)]
    pub pods_lack: Option<String>,
}

/// What a running sandbox says about one of its providers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderInfo {
    /// Its account.
    pub address: String,
    /// Its gateway.
    pub host_uri: String,
}

/// The ports of the last start, so that clients find the sandbox where it was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ports {
    pub(crate) grpc: u16,
    #[serde(default)]
    pub(crate) rest: u16,
    #[serde(default)]
    pub(crate) rpc: u16,
    pub(crate) control: u16,
    pub(crate) gateways: [u16; 2],
}

/// The folder of one sandbox, locked as long as this lives.
#[derive(Debug)]
pub(crate) struct Home {
    path: PathBuf,
    _lock: File,
}

impl Home {
    /// Makes the folder if need be, and locks it. The lock ends with the process, however that ends.
    pub(crate) fn lock(path: &Path) -> Result<Self, Error> {
        let file = path.join(LOCK);
        private::folder(path).map_err(|source| failed("make the folder", path, source))?;
        let lock = private::options().create(true).truncate(false).write(true).open(&file);
        let lock = lock.map_err(|source| failed("open", &file, source))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let pid = Info::read(path).map(|info| info.pid);
                return Err(Error::Running { home: path.to_owned(), pid });
            }
            Err(TryLockError::Error(source)) => return Err(failed("lock", &file, source)),
        }
        let home = Self { path: path.to_owned(), _lock: lock };
        // A note from a sandbox that was killed: nobody answers there.
        home.remove_note();
        Ok(home)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn ports(&self) -> Ports {
        private::load(&self.path.join(PORTS)).ok().flatten().unwrap_or_default()
    }

    pub(crate) fn remember(&self, ports: Ports) -> Result<(), Error> {
        write(&self.path.join(PORTS), &ports)
    }

    pub(crate) fn note(&self, info: &Info) -> Result<(), Error> {
        write(&self.path.join(NOTE), info)
    }

    pub(crate) fn remove_note(&self) {
        let _was_there = fs::remove_file(self.path.join(NOTE));
    }
}

impl Info {
    /// What the sandbox of a folder says about itself; `None` when none is running there, unless it was killed.
    pub fn read(home: &Path) -> Option<Self> {
        private::load(&home.join(NOTE)).ok().flatten()
    }
}

fn failed(action: &'static str, path: &Path, source: std::io::Error) -> Error {
    Error::File { action, path: path.to_owned(), source }
}

fn write<T: Serialize>(path: &Path, value: &T) -> Result<(), Error> {
    private::save(path, value).map_err(|source| failed("write", path, source))
}
