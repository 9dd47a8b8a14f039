//! Where a pod is reached, and what it is told about that.

use std::io;
use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};

use super::environment::Variables;
use super::host::{Block, GATE, GCS};
use super::isolation::Isolation;
use super::network;

/// An address, and the port there for each port of the container.
#[derive(Debug)]
pub(crate) enum Place {
    /// On the host: a block of ports beside those of other pods.
    Host(Block),
    /// On the lease's own network: all ports.
    Network(Ipv4Addr),
}

/// A place as it is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Spot {
    /// The first port of its block.
    #[serde(rename = "base")]
    Host(u16),
    /// Its address.
    #[serde(rename = "address")]
    Network(Ipv4Addr),
}

impl Place {
    /// A place that differs from those of the same lease, which are `taken`.
    pub(crate) fn find<'a>(isolation: Isolation, taken: impl Iterator<Item = &'a Self>) -> io::Result<Self> {
        match isolation {
            Isolation::Host => Block::claim().map(Self::Host),
            Isolation::Namespaces(_) => {
                network::free_address(&taken.map(Self::ip).collect()).map(Self::Network)
            }
        }
    }

    /// The place of a pod that a sandbox before us left, if pods are kept apart now as they were then.
    pub(crate) fn again(isolation: Isolation, spot: Spot) -> io::Result<Self> {
        match (isolation, spot) {
            (Isolation::Host, Spot::Host(base)) => Block::reclaim(base).map(Self::Host),
            (Isolation::Namespaces(_), Spot::Network(address)) => Ok(Self::Network(address)),
            _ => Err(io::Error::other("pods were kept apart in another way when it was made")),
        }
    }

    pub(crate) fn spot(&self) -> Spot {
        match self {
            Self::Host(block) => Spot::Host(block.base()),
            Self::Network(address) => Spot::Network(*address),
        }
    }

    /// The pod's address, its own while it lives.
    pub(crate) fn ip(&self) -> Ipv4Addr {
        match self {
            Self::Host(block) => block.ip(),
            Self::Network(address) => *address,
        }
    }

    /// The port at that address for a container's port.
    pub(crate) const fn port(&self, container: u16) -> u16 {
        match self {
            Self::Host(block) => block.port(container),
            Self::Network(_) => container,
        }
    }

    /// What a pod must be told to live among others on one host, with its private `tmp`; nothing where it lives as at a
    /// real provider.
    pub(crate) fn told(&self, tmp: &str) -> Variables {
        let Self::Host(block) = self else { return Variables::new() };
        Variables::from([
            ("POD_IP".to_owned(), block.ip().to_string()),
            ("RAYAKASH_PORT_BASE".to_owned(), block.base().to_string()),
            ("TMPDIR".to_owned(), tmp.to_owned()),
        ])
    }

    /// What the pods of its lease must be told where the head is at this place: address, port of the store, port of the gate.
    pub(crate) fn told_as_head(&self) -> Variables {
        let Self::Host(block) = self else { return Variables::new() };
        let head = format!("{}:{}:{}", block.ip(), block.port(GCS), block.port(GATE));
        Variables::from([("RAYAKASH_HEAD".to_owned(), head)])
    }
}
