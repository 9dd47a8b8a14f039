//! Where a pod lives when pods share the host: a loopback address and a block of ports.
//!
//! Ray binds some of its ports on every address, so pods of one machine need different port numbers. A block is claimed
//! by a lock on a file, which ends with this process, and by finding its ports free, which also sees the pods of a
//! sandbox that was killed.

use std::fs::File;
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};

use super::random::random;
use super::sweep::pause;
use crate::private;

/// Ports in a block.
const SIZE: u16 = 64;
/// The first block starts here.
const FIRST: u16 = 20_000;
/// Blocks that end below the range of node ports, 30000.
const BLOCKS: u16 = 156;

/// Ray's own port for the store that nodes dial, in a container that has its address for itself.
pub(crate) const GCS: u16 = 6379;
/// The gate's port in such a container.
pub(crate) const GATE: u16 = 8443;
/// Ray's dashboard.
const DASHBOARD: u16 = 8265;
/// Ray's client server.
const CLIENT: u16 = 10_001;

/// An address and a block of ports that no other pod of this machine has.
#[derive(Debug)]
pub(crate) struct Block {
    number: u16,
    /// The claim: other sandboxes leave the block alone while this file is open and locked.
    _claim: File,
}

impl Block {
    /// Claims a free block, starting the search anywhere.
    pub(crate) fn claim() -> io::Result<Self> {
        let start = random::<2>().map(u16::from_le_bytes)? % BLOCKS;
        for step in 0..BLOCKS {
            let block = (start + step) % BLOCKS;
            let base = FIRST + block * SIZE;
            let Ok(claim) = lock(block) else { continue };
            if (base..base + SIZE).all(is_free) {
                return Ok(Self { number: block, _claim: claim });
            }
        }
        Err(io::Error::new(io::ErrorKind::AddrInUse, "no block of 64 ports between 20000 and 30000 is free"))
    }

    /// Claims the block that starts at `base` again, for a pod that may still run in it.
    pub(crate) fn reclaim(base: u16) -> io::Result<Self> {
        let block = base.checked_sub(FIRST).map(|offset| offset / SIZE).filter(|block| *block < BLOCKS);
        let block = block.ok_or_else(|| io::Error::other(format!("{base} is in no block of ports")))?;
        // A program that is being started anywhere in this process holds a copy of the lock for a moment.
        let mut tries = 25;
        loop {
            match lock(block) {
                Ok(claim) => return Ok(Self { number: block, _claim: claim }),
                Err(problem) if tries == 0 => return Err(problem),
                Err(_) => tries -= 1,
            }
            pause();
        }
    }

    /// The pod's address, its own while it lives.
    pub(crate) fn ip(&self) -> Ipv4Addr {
        let [high, low] = (self.number + 1).to_be_bytes();
        Ipv4Addr::new(127, 77, high, low)
    }

    /// The first port of the block.
    pub(crate) const fn base(&self) -> u16 {
        FIRST + self.number * SIZE
    }

    /// The host port for a container's port: Ray's and the gate's are taken from the block, others are as they are.
    pub(crate) const fn port(&self, container: u16) -> u16 {
        match container {
            GCS => self.base(),
            GATE => self.base() + 1,
            DASHBOARD => self.base() + 2,
            CLIENT => self.base() + 3,
            other => other,
        }
    }
}

fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).is_ok()
}

fn lock(block: u16) -> io::Result<File> {
    let folder = PathBuf::from(format!("/tmp/rayakash-ports-{}", nix::unistd::getuid()));
    own_folder(&folder)?;
    let file =
        private::options().create(true).truncate(false).write(true).open(folder.join(block.to_string()))?;
    file.try_lock().map_err(io::Error::from)?;
    Ok(file)
}

/// Makes a folder of ours below `/tmp`, where somebody else may have been first: a folder of theirs, or a link, is refused.
fn own_folder(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt as _;
    private::folder(path)?;
    let found = path.symlink_metadata()?;
    if found.is_dir() && found.uid() == nix::unistd::geteuid().as_raw() {
        return Ok(());
    }
    let message = format!("{} is there and not a folder of this user", path.display());
    Err(io::Error::new(io::ErrorKind::PermissionDenied, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_in_place_of_our_folder_is_refused() {
        let home = tempfile::tempdir().unwrap();
        let (ours, link, file) =
            (home.path().join("ours"), home.path().join("link"), home.path().join("file"));
        assert!(own_folder(&ours).is_ok());
        std::os::unix::fs::symlink(&ours, &link).unwrap();
        std::fs::write(&file, "").unwrap();
        assert!(own_folder(&link).is_err() && own_folder(&file).is_err());
    }

    #[test]
    fn two_places_differ_and_a_claimed_one_cannot_be_claimed_again() {
        let (one, two) = (Block::claim().unwrap(), Block::claim().unwrap());
        assert_ne!(one.ip(), two.ip());
        assert!(one.base().abs_diff(two.base()) >= SIZE);
        assert!(one.base() + SIZE <= 30_000);
        assert!(Block::reclaim(one.base()).is_err(), "held by `one`");
        let base = one.base();
        drop(one);
        assert_eq!(Block::reclaim(base).unwrap().base(), base);
    }

    #[test]
    fn a_block_with_a_port_in_use_is_passed_over() {
        let place = Block::claim().unwrap();
        let base = place.base();
        let _taken = TcpListener::bind((place.ip(), base + 17)).unwrap();
        assert!(!is_free(base + 17));
        assert_eq!(place.port(8443), base + 1);
        assert_eq!(place.port(9000), 9000);
    }

    #[test]
    fn addresses_outside_the_blocks_are_refused() {
        for base in [0, 19_999, FIRST + BLOCKS * SIZE, u16::MAX] {
            assert!(Block::reclaim(base).is_err(), "{base}");
        }
    }
}
