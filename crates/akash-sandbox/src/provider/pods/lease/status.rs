//! What the gateway tells about a lease.

use std::collections::BTreeMap;

use serde::Serialize;

use super::entrances::port_key;
use super::{Lease, State};
use crate::provider::pods::pod::Phase;

/// A lease's status in the gateway's shape.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct LeaseStatus {
    pub(crate) services: BTreeMap<String, ServiceStatus>,
    pub(crate) forwarded_ports: Option<BTreeMap<String, Vec<ForwardedPort>>>,
    pub(crate) ips: Option<()>,
}

/// One service in it. Ready means that the main process runs, no more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct ServiceStatus {
    name: String,
    pub(crate) available: usize,
    total: usize,
    uris: Option<Vec<String>>,
    observed_generation: u64,
    replicas: usize,
    updated_replicas: usize,
    pub(crate) ready_replicas: usize,
    available_replicas: usize,
}

/// One node port in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct ForwardedPort {
    host: String,
    port: u16,
    #[serde(rename = "externalPort")]
    pub(crate) external: u16,
    proto: &'static str,
    name: String,
}

impl Lease {
    /// The status; `None` when nothing is deployed or the lease is over.
    pub(crate) fn status(&self) -> Option<LeaseStatus> {
        let state = self.lock();
        if state.closing || state.generation == 0 {
            return None;
        }
        let services = state.workload.services.keys();
        let services = services.map(|name| (name.clone(), self.service_status(&state, name))).collect();
        let mut forwarded: BTreeMap<String, Vec<ForwardedPort>> = BTreeMap::new();
        for (name, spec) in &state.workload.services {
            for (index, expose) in spec.expose.iter().enumerate() {
                let Some(external) = state.ports.get(&port_key(name, index, expose)) else { continue };
                forwarded.entry(name.clone()).or_default().push(ForwardedPort {
                    host: self.shared.public_host.clone(),
                    port: expose.port,
                    external: *external,
                    proto: expose.protocol(),
                    name: name.clone(),
                });
            }
        }
        Some(LeaseStatus { services, forwarded_ports: Some(forwarded).filter(|f| !f.is_empty()), ips: None })
    }

    fn service_status(&self, state: &State, name: &str) -> ServiceStatus {
        let pods: Vec<_> = state.pods.iter().filter(|p| p.service == name && !p.is_ending()).collect();
        let ready = pods.iter().filter(|p| p.phase() == Phase::Running).count();
        let updated = pods.iter().filter(|p| p.generation == state.generation).count();
        let exposes = state.workload.services.get(name).into_iter().flat_map(|spec| &spec.expose);
        let uris: Vec<String> =
            exposes.filter(|e| e.is_ingress()).flat_map(|e| self.hosts(name, e)).collect();
        ServiceStatus {
            name: name.to_owned(),
            available: ready,
            total: pods.len(),
            uris: Some(uris).filter(|uris| !uris.is_empty()),
            observed_generation: state.generation,
            replicas: pods.len(),
            updated_replicas: updated,
            ready_replicas: ready,
            available_replicas: ready,
        }
    }
}
