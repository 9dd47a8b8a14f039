//! What a lease runs, as plain data that is kept on disk.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// The services of one lease by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Workload {
    pub(crate) services: BTreeMap<String, Service>,
}

/// One service: `count` equal pods. Its environment carries secrets, so `Debug` does not show it.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Service {
    pub(crate) image: String,
    pub(crate) command: Vec<String>,
    pub(crate) args: Vec<String>,
    /// `NAME=value`, in the manifest's order: later entries may refer to earlier ones.
    pub(crate) env: Vec<String>,
    pub(crate) count: u32,
    /// Bytes that one pod may use: memory plus its RAM volumes.
    pub(crate) memory: u64,
    /// Bytes of its RAM volume at `/dev/shm`; 0 where the manifest has none.
    #[serde(default)]
    pub(crate) shm: u64,
    /// Whether it has a RAM volume: then a real cluster runs it as another kind of object, which some requests do not find.
    #[serde(default)]
    pub(crate) ram: bool,
    pub(crate) expose: Vec<Expose>,
}

/// One port that a service shows to somebody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Expose {
    /// The port inside the container.
    pub(crate) port: u16,
    /// The port that others see (`as`), the container's when not set.
    pub(crate) external: u16,
    pub(crate) udp: bool,
    pub(crate) global: bool,
    pub(crate) hosts: Vec<String>,
}

impl Expose {
    /// A global TCP port 80 goes through the ingress.
    pub(crate) const fn is_ingress(&self) -> bool {
        self.global && !self.udp && self.external == 80
    }

    /// Every other global port gets a port of its own on the provider.
    pub(crate) const fn is_node_port(&self) -> bool {
        self.global && !self.is_ingress()
    }

    /// Kubernetes' spelling of the protocol.
    pub(crate) const fn protocol(&self) -> &'static str {
        if self.udp { "UDP" } else { "TCP" }
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service")
            .field("image", &self.image)
            .field("count", &self.count)
            .finish_non_exhaustive()
    }
}

/// What a container's `/dev/shm` has without a volume.
const SHM: u64 = 64 << 20;

impl Service {
    /// Bytes of its `/dev/shm`.
    pub(crate) const fn shm_size(&self) -> u64 {
        if self.shm > 0 { self.shm } else { SHM }
    }

    fn exposes(&self, port: u16) -> bool {
        self.expose.iter().any(|e| e.port == port && !e.udp)
    }
}

impl Workload {
    /// The service that holds a Ray head: its gate is the only one that others are shown.
    pub(crate) fn head(&self) -> Option<&str> {
        let mut heads = self.services.iter().filter(|(_, service)| service.exposes(super::host::GATE));
        heads.next().map(|(name, _)| name.as_str())
    }
}
