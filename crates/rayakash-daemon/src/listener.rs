//! The unix socket: for one user, and for root.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use axum::serve::Listener;
use nix::unistd::Uid;
use tokio::net::unix::SocketAddr;
use tokio::net::{UnixListener, UnixStream};

use crate::private;

/// A socket that only its owner can talk to.
pub(crate) struct OwnSocket {
    listener: UnixListener,
    path: PathBuf,
}

impl OwnSocket {
    /// Listens. A socket that a dead daemon left behind is replaced; the caller holds the lock that says it is dead.
    pub(crate) fn bind(path: &Path) -> io::Result<Self> {
        if let Some(parent) = path.parent() {
            private::dir(parent)?;
        }
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(path)?;
        std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
        Ok(Self { listener, path: path.to_owned() })
    }
}

impl Drop for OwnSocket {
    fn drop(&mut self) {
        // A path that is gone is what we want.
        let _gone = std::fs::remove_file(&self.path);
    }
}

/// The peer's user must be ours, or root.
fn permitted(stream: &UnixStream) -> bool {
    match stream.peer_cred() {
        Ok(peer) if peer.uid() == Uid::effective().as_raw() || peer.uid() == 0 => true,
        Ok(peer) => {
            tracing::warn!(uid = peer.uid(), "another user knocked and was not let in");
            false
        }
        Err(_) => false,
    }
}

impl Listener for OwnSocket {
    type Io = UnixStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (UnixStream, SocketAddr) {
        loop {
            match self.listener.accept().await {
                Ok((stream, address)) if permitted(&stream) => return (stream, address),
                Ok(_) => {}
                Err(error) => {
                    // Out of descriptors, most likely: it passes.
                    tracing::warn!(error = %error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}
