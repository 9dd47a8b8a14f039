//! Who is at the other end of a connection of this machine.
//!
//! The keys of a sandbox are public and its pods run as its user, so whoever may speak to it may run programs as that user.

use std::fs;
use std::io;
use std::net::{IpAddr, SocketAddr};

use axum::serve::Listener;
use nix::unistd::geteuid;
use tokio::net::{TcpListener, TcpStream};

/// Whether the other end is a process of this user, or of root. One that is not found on this machine is neither.
pub(crate) fn is_ours(stream: &TcpStream) -> bool {
    let (Ok(here), Ok(there)) = (stream.local_addr(), stream.peer_addr()) else { return false };
    let user = user_of(there, here);
    let ours = user.is_some_and(|user| user == 0 || user == geteuid().as_raw());
    if !ours {
        tracing::warn!(peer = %there, user, "a connection of somebody else was refused");
    }
    ours
}

/// The user whose socket at `own` is connected to `other`, by the kernel's tables.
fn user_of(own: SocketAddr, other: SocketAddr) -> Option<u32> {
    let tables = [("/proc/net/tcp", false), ("/proc/net/tcp6", true)];
    tables.into_iter().find_map(|(table, six)| {
        let text = fs::read_to_string(table).ok()?;
        find(&text, &shown(own, six), &shown(other, six))
    })
}

/// The user of an established connection. One that its process has closed already says root, whoever it was.
fn find(table: &str, own: &str, other: &str) -> Option<u32> {
    table.lines().skip(1).find_map(|line| {
        let mut fields = line.split_ascii_whitespace().skip(1);
        let found = fields.next()? == own && fields.next()? == other && fields.next()? == "01";
        if found { fields.nth(3)?.parse().ok() } else { None }
    })
}

/// An address as the tables write it: words as they lie in memory. A socket for both kinds of address is in the table of the new one.
fn shown(address: SocketAddr, six: bool) -> String {
    let bytes = match address.ip() {
        IpAddr::V4(ip) if six => ip.to_ipv6_mapped().octets().to_vec(),
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    };
    let words = bytes.as_chunks::<4>().0.iter().map(|word| format!("{:08X}", u32::from_ne_bytes(*word)));
    format!("{}:{:04X}", words.collect::<String>(), address.port())
}

/// A listener that takes connections of this user only.
#[derive(Debug)]
pub(crate) struct OwnUser(pub(crate) TcpListener);

impl Listener for OwnUser {
    type Io = TcpStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (TcpStream, SocketAddr) {
        loop {
            let (stream, peer) = Listener::accept(&mut self.0).await;
            if is_ours(&stream) {
                return (stream, peer);
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_users_of_a_table() {
        let table =
            "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:8E09 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 588970 1
   1: 0100007F:D431 0100007F:8E09 01 00000000:00000000 00:00000000 00000000  1001        0 588971 1
   2: 0100007F:D432 0100007F:8E09 06 00000000:00000000 00:00000000 00000000     0        0 0 1
   3: cut short";
        for (own, user) in [("D431", Some(1001)), ("D432", None), ("D433", None), ("8E09", None)] {
            assert_eq!(find(table, &format!("0100007F:{own}"), "0100007F:8E09"), user, "{own}");
        }
    }

    #[cfg(target_endian = "little")]
    #[test]
    fn addresses_are_written_as_the_kernel_does() {
        let v4 = "127.0.0.1:36361".parse().unwrap();
        assert_eq!(shown(v4, false), "0100007F:8E09");
        assert_eq!(shown(v4, true), "0000000000000000FFFF00000100007F:8E09");
        assert_eq!(shown("[::1]:80".parse().unwrap(), true), "00000000000000000000000001000000:0050");
    }

    #[tokio::test]
    async fn this_process_is_this_users() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (server, peer) = listener.accept().await.unwrap();
        assert!(is_ours(&server) && is_ours(&client));
        let nobody = SocketAddr::new(peer.ip(), 1);
        assert_eq!(user_of(nobody, server.local_addr().unwrap()), None);
    }
}
