//! The ways into a lease: node ports and host names.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Weak};

use sha1::{Digest as _, Sha1};

use super::{Lease, State};
use crate::provider::pods::backend::{Backend, Backends};
use crate::provider::pods::forward;
use crate::provider::pods::namespace::base32hex;
use crate::provider::pods::pod::{Phase, Pod};
use crate::provider::pods::workload::Expose;
use crate::tasks::Tasks;

impl Lease {
    /// Opens the workload's node ports and host names. What leads to the same as before stays open; a port that this
    /// lease had before a restart is asked for again. UDP is not forwarded.
    pub(super) fn open_entrances(self: &Arc<Self>, state: &mut State) -> io::Result<()> {
        self.close_hosts(state);
        let mut ports = BTreeMap::new();
        for (service, spec) in &state.workload.services {
            for (index, expose) in spec.expose.iter().enumerate().filter(|(_, e)| e.global && !e.udp) {
                let backends = self.backends(service, expose.port);
                if expose.is_ingress() {
                    for host in self.hosts(service, expose) {
                        self.shared.ingress.add(&host, backends.clone());
                        state.hosts.push(host);
                    }
                    continue;
                }
                let key = port_key(service, index, expose);
                let mut port = state.ports.get(&key).copied();
                if !state.listeners.contains_key(&key) {
                    let listener = forward::listen(port)?;
                    port = Some(listener.local_addr()?.port());
                    let tasks = Tasks::under(self.shared.tasks.token());
                    forward::serve(&tasks, listener, backends);
                    state.listeners.insert(key.clone(), tasks);
                }
                ports.extend(port.map(|port| (key, port)));
            }
        }
        state.listeners.retain(|key, tasks| {
            let stays = ports.contains_key(key);
            if !stays {
                tasks.token().cancel();
            }
            stays
        });
        state.ports = ports;
        Ok(())
    }

    pub(super) fn close_entrances(&self, state: &mut State) {
        self.close_hosts(state);
        for tasks in std::mem::take(&mut state.listeners).into_values() {
            tasks.token().cancel();
        }
    }

    fn close_hosts(&self, state: &mut State) {
        for host in state.hosts.drain(..) {
            self.shared.ingress.remove(&host);
        }
    }

    fn backends(self: &Arc<Self>, service: &str, port: u16) -> Backends {
        let (lease, service): (Weak<Self>, _) = (Arc::downgrade(self), service.to_owned());
        Backends::new(move || {
            let Some(lease) = lease.upgrade() else { return Vec::new() };
            let state = lease.lock();
            let running = state.current(&service).filter(|pod| pod.phase() == Phase::Running);
            let backend = |pod: &Arc<Pod>| Backend {
                address: SocketAddr::from((pod.place.ip(), pod.place.port(port))),
                network: lease.network.clone(),
            };
            running.map(backend).collect()
        })
    }

    pub(super) fn hosts(&self, service: &str, expose: &Expose) -> Vec<String> {
        let label = base32hex(&name_id(&format!("{}{service}", self.id)));
        let own = format!("{label}.ingress.localhost");
        std::iter::once(own).chain(expose.hosts.iter().cloned()).collect()
    }
}

/// A UUID of a name (version 5, namespace of domain names), as the real provider makes its own host names of leases.
fn name_id(name: &str) -> [u8; 16] {
    const DOMAIN_NAMES: [u8; 16] =
        [0x6b, 0xa7, 0xb8, 0x10, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4, 0, 0xc0, 0x4f, 0xd4, 0x30, 0xc8];
    let digest = Sha1::new_with_prefix(DOMAIN_NAMES).chain_update(name).finalize();
    let mut id = [0; 16];
    for (n, (to, from)) in id.iter_mut().zip(digest).enumerate() {
        *to = match n {
            6 => from & 0x0f | 0x50,
            8 => from & 0x3f | 0x80,
            _ => from,
        };
    }
    id
}

/// A node port stays the same while place in the list, ports and protocol do.
pub(super) fn port_key(service: &str, index: usize, expose: &Expose) -> String {
    format!("{service}/{index}/{}/{}/{}", expose.external, expose.port, expose.protocol())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_name_of_a_service_is_the_real_providers() {
        let lease = "akash1vtad8680vhdfqvxx0f2yaxa6agdylelm443h3v/1795547241570/1/1/akash1pdsv0s32065drerxxdyltpk5tq0h8d2vtzs685";
        assert_eq!(base32hex(&name_id(&format!("{lease}web"))), "703gcnks7lc7379bq2783olf1g");
    }
}
