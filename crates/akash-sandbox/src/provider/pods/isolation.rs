//! How pods are kept apart: whether this machine can give them namespaces.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;

use super::network::{self, NoWayOut, Privilege};

/// How the pods of a sandbox are to be kept apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wish {
    /// In namespaces where they can be made, otherwise on the host.
    #[default]
    Auto,
    /// On the host, whatever can be made.
    Host,
    /// In namespaces or not at all.
    Namespaces,
}

/// How pods are kept apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isolation {
    /// They share the host: each has a loopback address and a block of ports.
    Host,
    /// Each has its own network, mounts, processes, and host name; each lease has a network of its own.
    Namespaces(Privilege),
}

/// Namespaces cannot be made on this machine.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoNamespaces {
    /// Programs are missing.
    #[error("not on this machine: {programs}")]
    Programs {
        /// Which.
        programs: String,
    },
    /// The kernel, or whoever runs this program in a container, forbids it.
    #[error("{problem}")]
    Forbidden {
        /// What failed.
        problem: String,
    },
}

impl NoNamespaces {
    /// What to do about it.
    pub const fn remedy(&self) -> &'static str {
        match self {
            Self::Programs { .. } => {
                "install them, on Debian with: apt-get install iproute2 util-linux mount hostname python3"
            }
            Self::Forbidden { .. } => {
                "run as root, or let users make user namespaces (sysctl -w user.max_user_namespaces=10000; where they exist also \
                 kernel.unprivileged_userns_clone=1 and kernel.apparmor_restrict_unprivileged_userns=0), or go without: --pods host"
            }
        }
    }
}

/// A program of the machine's own. A pod's PATH must not decide which: it may name folders that the pod writes to.
pub(crate) fn tool(name: &str) -> PathBuf {
    const FOLDERS: [&str; 6] =
        ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];
    let places = FOLDERS.iter().map(|folder| Path::new(folder).join(name));
    places.into_iter().find(|place| place.is_file()).unwrap_or_else(|| name.into())
}

/// What making namespaces takes.
const PROGRAMS: &str = "hostname ip mount nsenter python3 setpriv setsid unshare";

impl Isolation {
    /// What `wish` comes to on this machine, and what that lacks, for people. Tries it out below `folder`, since nothing else tells.
    pub async fn choose(wish: Wish, folder: &Path) -> Result<(Self, Option<String>), NoNamespaces> {
        if wish == Wish::Host {
            return Ok((Self::Host, None));
        }
        match namespaces(folder).await {
            Ok((isolation, way_out)) => Ok((isolation, way_out.err().map(|why| why.to_string()))),
            Err(why) if wish == Wish::Auto => {
                Ok((Self::Host, Some(format!("namespaces cannot be made: {why}"))))
            }
            Err(why) => Err(why),
        }
    }

    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Namespaces(_) => "namespaces",
        }
    }
}

async fn namespaces(folder: &Path) -> Result<(Isolation, Result<(), NoWayOut>), NoNamespaces> {
    let missing = missing().await;
    if !missing.is_empty() {
        return Err(NoNamespaces::Programs { programs: missing.join(", ") });
    }
    let mut problem = String::new();
    for &privilege in Privilege::ours() {
        match network::try_out(privilege, folder).await {
            Ok(way_out) => return Ok((Isolation::Namespaces(privilege), way_out)),
            Err(error) => problem = error.to_string(),
        }
    }
    Err(NoNamespaces::Forbidden { problem })
}

async fn missing() -> Vec<String> {
    let script = format!(
        "PATH=$PATH:/usr/sbin:/sbin; for p in {PROGRAMS}; do command -v $p >/dev/null || echo $p; done"
    );
    let asked = Command::new("/bin/sh").args(["-c", &script]).stdin(Stdio::null()).output().await;
    let said = asked.map(|output| output.stdout).unwrap_or_default();
    String::from_utf8_lossy(&said).split_whitespace().map(str::to_owned).collect()
}
