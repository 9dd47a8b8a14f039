//! Where the connections of a service go: its running pods in turn, and by which host name.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};

use super::forward::relay;
use super::network::Network;
use crate::tasks::Tasks;

/// A port of a pod.
#[derive(Clone, Debug)]
pub(crate) struct Backend {
    pub(crate) address: SocketAddr,
    /// The network that the address is on, if it is not the host's.
    pub(crate) network: Option<Arc<Network>>,
}

impl Backend {
    /// Connects to it.
    pub(crate) async fn connect(&self) -> io::Result<TcpStream> {
        match &self.network {
            Some(network) => network.connect(self.address).await,
            None => TcpStream::connect(self.address).await,
        }
    }
}

/// The running pods of one port of a service, asked for at each connection; clones share the turn.
#[derive(Clone)]
pub(crate) struct Backends {
    pods: Arc<dyn Fn() -> Vec<Backend> + Send + Sync>,
    next: Arc<AtomicUsize>,
}

impl Backends {
    /// Backends that `pods` lists.
    pub(crate) fn new(pods: impl Fn() -> Vec<Backend> + Send + Sync + 'static) -> Self {
        Self { pods: Arc::new(pods), next: Arc::default() }
    }

    /// The next pod in turn.
    pub(crate) fn pick(&self) -> Option<Backend> {
        let pods = (self.pods)();
        let turn = self.next.fetch_add(1, Ordering::Relaxed).checked_rem(pods.len())?;
        pods.get(turn).cloned()
    }
}

impl std::fmt::Debug for Backends {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Backends").field(&(self.pods)()).finish()
    }
}

/// A provider's HTTP entrance: one listener that leads to pods by the `Host` of the first request of a connection.
///
/// Simpler than a real ingress: no limits on bodies or idle time, and a connection stays with its first host.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ingress {
    hosts: Arc<Mutex<BTreeMap<String, Backends>>>,
}

impl Ingress {
    /// Listens on `port` of the loopback interface, or on any free one, and serves until the tasks end.
    pub(crate) async fn listen(&self, tasks: &Tasks, port: Option<u16>) -> io::Result<SocketAddr> {
        let any = (Ipv4Addr::LOCALHOST, 0);
        let listener = match port {
            Some(port) => match TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await {
                Ok(listener) => listener,
                Err(_) => TcpListener::bind(any).await?,
            },
            None => TcpListener::bind(any).await?,
        };
        let address = listener.local_addr()?;
        let (ingress, connections) = (self.clone(), tasks.clone());
        tasks.spawn("ingress", async move {
            loop {
                let Ok((client, _)) = listener.accept().await else {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                };
                let ingress = ingress.clone();
                connections.spawn("ingress connection", async move {
                    ingress.serve(client).await.ok();
                });
            }
        });
        Ok(address)
    }

    /// Leads `host` to these pods.
    pub(crate) fn add(&self, host: &str, backends: Backends) {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        hosts.insert(host.to_lowercase(), backends);
    }

    /// Forgets `host`.
    pub(crate) fn remove(&self, host: &str) {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner).remove(&host.to_lowercase());
    }

    async fn serve(&self, mut client: TcpStream) -> io::Result<()> {
        let host = tokio::time::timeout(Duration::from_secs(10), peek_host(&client)).await??;
        let backends = host.and_then(|host| {
            let hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
            hosts.get(&host).cloned()
        });
        let status = match backends.map(|backends| backends.pick()) {
            Some(Some(to)) => return relay(client, &to).await,
            Some(None) => "503 Service Unavailable",
            None => "404 Not Found",
        };
        let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        client.write_all(answer.as_bytes()).await?;
        client.shutdown().await
    }
}

/// The host of the first request, without taking it from the socket. `None` when its head names none in 8 KiB.
async fn peek_host(client: &TcpStream) -> io::Result<Option<String>> {
    let mut buffer = vec![0; 8192];
    let mut seen = 0;
    loop {
        let length = client.peek(&mut buffer).await?;
        let head = String::from_utf8_lossy(buffer.get(..length).unwrap_or_default()).into_owned();
        if let Some((head, _)) = head.split_once("\r\n\r\n") {
            return Ok(host_of(head));
        }
        if length == 0 || length == buffer.len() {
            return Ok(None);
        }
        if length == seen {
            // A peek returns at once while bytes wait, so the rest of a slow head is waited for in small steps.
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        seen = length;
    }
}

fn host_of(head: &str) -> Option<String> {
    let value = head.lines().skip(1).find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("host").then(|| value.trim().to_lowercase())
    })?;
    let host = value.rsplit_once(':').map_or(value.as_str(), |(host, _)| host);
    Some(host.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_is_read_without_port_and_case() {
        for (head, wanted) in [
            ("GET / HTTP/1.1\r\nhost: Web.Example.test:80", Some("web.example.test")),
            ("GET / HTTP/1.1\r\nA: b\r\nHost:x", Some("x")),
            ("GET / HTTP/1.0", None),
        ] {
            assert_eq!(host_of(head).as_deref(), wanted, "{head}");
        }
    }

    #[test]
    fn pods_are_picked_in_turn() {
        assert!(Backends::new(Vec::new).pick().is_none());
        let pods: Vec<SocketAddr> = vec!["127.0.0.1:1".parse().unwrap(), "127.0.0.1:2".parse().unwrap()];
        let all = pods.clone();
        let backend = |address: &SocketAddr| Backend { address: *address, network: None };
        let backends = Backends::new(move || all.iter().map(backend).collect());
        let mut seen = [backends.pick().unwrap().address, backends.pick().unwrap().address];
        seen.sort();
        assert_eq!(seen.to_vec(), pods);
    }
}
