//! The ways into a lease: node ports and host names.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Weak};

use sha2::{Digest as _, Sha256};

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
        let label = base32hex(Sha256::digest(format!("{}{service}", self.id)).get(..16).unwrap_or_default());
        let own = format!("{label}.ingress.localhost");
        std::iter::once(own).chain(expose.hosts.iter().cloned()).collect()
    }
}

/// A node port stays the same while place in the list, ports and protocol do.
pub(super) fn port_key(service: &str, index: usize, expose: &Expose) -> String {
    format!("{service}/{index}/{}/{}/{}", expose.external, expose.port, expose.protocol())
}
