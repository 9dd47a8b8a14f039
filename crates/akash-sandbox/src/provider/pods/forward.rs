//! Ports of the provider that lead to a port of a pod.

use std::io;
use std::net::Ipv4Addr;

use tokio::net::{TcpListener, TcpStream};

use super::backend::{Backend, Backends};
use super::random::random;
use crate::tasks::Tasks;

/// The range that Kubernetes gives node ports from.
const FIRST: u16 = 30_000;
/// Ports in it.
const COUNT: u16 = 2768;

/// Listens on a node port of the loopback interface: on `wanted` if that is free, else on any free one.
pub(crate) fn listen(wanted: Option<u16>) -> io::Result<TcpListener> {
    let start = random::<2>().map(u16::from_le_bytes)? % COUNT;
    let others = (0..COUNT).map(|step| FIRST + (start + step) % COUNT);
    for port in wanted.into_iter().chain(others) {
        if let Ok(listener) = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
            listener.set_nonblocking(true)?;
            return TcpListener::from_std(listener);
        }
    }
    Err(io::Error::new(io::ErrorKind::AddrInUse, "no port between 30000 and 32767 is free"))
}

/// Serves connections until the tasks end. With no pod behind it a connection is closed at once.
pub(crate) fn serve(tasks: &Tasks, listener: TcpListener, backends: Backends) {
    let connections = tasks.clone();
    tasks.spawn("node port", async move {
        loop {
            let Ok((client, _)) = listener.accept().await else {
                // Out of descriptors: the next look may find one.
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                continue;
            };
            let Some(to) = backends.pick() else { continue };
            connections.spawn("forwarded connection", async move {
                if let Err(problem) = relay(client, &to).await {
                    tracing::debug!(to = %to.address, %problem, "forwarded connection ended");
                }
            });
        }
    });
}

/// Carries bytes both ways until both sides have ended.
pub(crate) async fn relay(mut client: TcpStream, to: &Backend) -> io::Result<()> {
    let mut pod = to.connect().await?;
    pod.set_nodelay(true)?;
    client.set_nodelay(true)?;
    tokio::io::copy_bidirectional(&mut client, &mut pod).await?;
    Ok(())
}
