//! What a sandbox is to be like.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use crate::clock;
use crate::market::Genesis;
use crate::provider::{Cluster, Environment, Timers, Wish as Pods};

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
    /// Where the chain answers REST. Port 0 as above.
    pub rest: SocketAddr,
    /// Where the chain listens for CometBFT's RPC. Port 0 as above.
    pub rpc: SocketAddr,
    /// Where the controls listen, loopback only. Port 0 as above.
    pub control: SocketAddr,
    /// How many providers there are, at most 2.
    pub providers: usize,
    /// How the chain begins: who has what, and its name. The same at every start from one folder.
    pub genesis: Genesis,
    /// How pods are kept apart.
    pub pods: Pods,
    /// Images beside Ray's, by name: folders of this machine's programs. For tests that run other workloads.
    pub images: BTreeMap<String, Environment>,
    /// How long the providers wait for what.
    pub timers: Timers,
    /// What stands behind the providers' gateways.
    pub cluster: Cluster,
}

impl Config {
    /// A sandbox with two providers, blocks of half a second, free ports on the loopback interface, and funds for the public keys.
    pub fn new(home: impl Into<PathBuf>, cache: impl Into<PathBuf>) -> Self {
        let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self {
            home: home.into(),
            cache: cache.into(),
            block_time: Duration::from_millis(500),
            grpc: free,
            rest: free,
            rpc: free,
            control: free,
            providers: 2,
            genesis: Genesis::sandbox("rayakash-sandbox", clock::unix_millis()),
            pods: Pods::Auto,
            images: BTreeMap::new(),
            timers: Timers::default(),
            cluster: Cluster::default(),
        }
    }
}
