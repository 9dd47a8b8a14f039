//! Where the sandbox of this machine listens: it says so in a file.

use std::path::Path;

use serde::{Deserialize, Serialize};

/// `sandbox.json` in the sandbox's home; there while it runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SandboxFile {
    /// Its process.
    pub pid: u32,
    /// Its gRPC endpoint, `127.0.0.1:port`.
    pub grpc: String,
}

impl SandboxFile {
    /// Reads the file; `None` when it is not there, or not whole yet.
    pub fn read(home: &Path) -> Option<Self> {
        let text = std::fs::read(home.join("sandbox.json")).ok()?;
        serde_json::from_slice(&text).ok()
    }
}
