//! What can go wrong with a sandbox.

use std::net::SocketAddr;
use std::path::PathBuf;

use crate::provider::NoNamespaces;

/// A sandbox cannot start, or cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another sandbox runs from the same folder.
    #[error("a sandbox is already running from {home}{}", .pid.map_or_else(String::new, |p| format!(" (process {p})")))]
    Running {
        /// The folder.
        home: PathBuf,
        /// The other process, when its note says so.
        pid: Option<u32>,
    },
    /// A file could not be read or written.
    #[error("cannot {action} {path}")]
    File {
        /// What was tried.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why it failed.
        source: std::io::Error,
    },
    /// The block log does not say what it should.
    #[error("{path}, line {line}: {problem}; remove the folder to begin a new chain")]
    Log {
        /// The log.
        path: PathBuf,
        /// Which line, from 1.
        line: usize,
        /// What is wrong with it.
        problem: String,
    },
    /// The log was written under other rules of the market, so its blocks now do something else.
    #[error(
        "{path} was written by another version: block {height} now does something else; remove the folder to begin a new chain"
    )]
    OtherVersion {
        /// The log.
        path: PathBuf,
        /// The first block that differs.
        height: u64,
    },
    /// An address could not be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why it failed.
        source: std::io::Error,
    },
    /// The descriptions of the chain's messages could not be read.
    #[error("cannot read the descriptions of the chain's messages: {0}")]
    Descriptors(String),
    /// A server ended.
    #[error("cannot serve")]
    Serve(#[source] std::io::Error),
    /// The sandbox has stopped; its chain makes no more blocks.
    #[error("the sandbox has stopped")]
    Closed,
    /// The public keys of the sandbox could not be derived.
    #[error("cannot derive the sandbox's key {name}")]
    Key {
        /// Whose.
        name: &'static str,
        /// Why it failed.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Pods were to have namespaces of their own, which this machine does not make.
    #[error("pods cannot have namespaces")]
    Namespaces(#[from] NoNamespaces),
    /// The node belongs to a public network, or to one that looks like it.
    #[error(
        "{node} is a node of the public network `{chain_id}`; these providers sign with keys that everybody knows, and never go there"
    )]
    PublicNetwork {
        /// Which node.
        node: String,
        /// Its chain.
        chain_id: String,
    },
    /// The node that the providers are to ask does not answer as one.
    #[error("cannot ask the node at {node} for its chain")]
    Node {
        /// Which node.
        node: String,
        /// Why not.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A provider could not start.
    #[error("cannot start {name}")]
    Provider {
        /// Which.
        name: &'static str,
        /// Why it failed.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}
