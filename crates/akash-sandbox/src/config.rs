//! What a sandbox is to be like.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

/// What a sandbox is to be like.
#[derive(Clone, Debug)]
pub struct Config {
    /// Its folder: chain, keys' notes, pods. One sandbox at a time.
    pub home: PathBuf,
    /// The folder for Python environments, which sandboxes share.
    pub cache: PathBuf,
    /// The time between blocks.
    pub block_time: Duration,
    /// Where the chain listens for gRPC. Port 0: a free one, and the same again at the next start.
    pub grpc: SocketAddr,
    /// Where the chain listens for CometBFT's RPC. Port 0 as above.
    pub rpc: SocketAddr,
    /// Where the controls listen, loopback only. Port 0 as above.
    pub control: SocketAddr,
    /// How many providers there are, at most 2.
    pub providers: usize,
    /// The chain's name.
    pub chain_id: String,
}

impl Config {
    /// A sandbox with two providers, blocks of half a second, and free ports on the loopback interface.
    pub fn new(home: impl Into<PathBuf>, cache: impl Into<PathBuf>) -> Self {
        let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self {
            home: home.into(),
            cache: cache.into(),
            block_time: Duration::from_millis(500),
            grpc: free,
            rpc: free,
            control: free,
            providers: 2,
            chain_id: "rayakash-sandbox".to_owned(),
        }
    }
}
