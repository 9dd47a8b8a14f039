//! The way from a lease's network to the internet, as a provider's pods have it, and to nothing of this machine or next to it.
//!
//! slirp4netns makes the connections of its guests itself, as any program of this machine does: no firewall rule and no interface of
//! the host is touched. It is a neighbour of the lease's switch, so one for each lease, and ends with the holder.

use std::fs::File;
use std::io;
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::process::Command;
use tokio::time::timeout;

use super::super::isolation::tool;
use super::super::process::Process;
use super::last_words;
use crate::private;

const PROGRAM: &str = "slirp4netns";
/// Its end in the holder's network.
const INTERFACE: &str = "out";
/// The network between the holder and slirp4netns, which answers questions for names at the third address.
const BETWEEN: &str = "10.78.0.0/24";
pub(super) const RESOLVER: Ipv4Addr = Ipv4Addr::new(10, 78, 0, 3);
/// Where pods of a provider do not get either: its policy leaves out private networks. Link-local addresses are the ones by which clouds
/// tell machines their secrets.
const PRIVATE: [&str; 5] =
    ["10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"];
const PATIENCE: Duration = Duration::from_secs(10);

/// Pods have no way out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoWayOut {
    #[error(
        "no way out to the internet: {PROGRAM} is not on this machine (on Debian: apt-get install {PROGRAM})"
    )]
    Missing,
    #[error("no way out to the internet: {problem}")]
    Failed { problem: String },
}

/// What must not be reached from a lease's network: private networks, and every address of this machine.
pub(super) fn closed() -> io::Result<Vec<String>> {
    let ours = nix::ifaddrs::getifaddrs()?.filter_map(|interface| {
        let address = interface.address?;
        Some(address.as_sockaddr_in()?.ip()).filter(|ip| !ip.is_loopback())
    });
    Ok(PRIVATE.into_iter().map(str::to_owned).chain(ours.map(|ip| format!("{ip}/32"))).collect())
}

/// Opens the way out of a holder's network, if it is not open.
pub(super) async fn open(holder: Process, log: &Path) -> Result<(), NoWayOut> {
    if is_open(holder) {
        return Ok(());
    }
    let program = tool(PROGRAM);
    if !program.is_file() {
        return Err(NoWayOut::Missing);
    }
    start(holder, &program, log).await.map_err(|error| NoWayOut::Failed {
        problem: format!(
            "{PROGRAM}: {}",
            if error.kind() == io::ErrorKind::UnexpectedEof { last_words(log) } else { error.to_string() }
        ),
    })
}

async fn start(holder: Process, program: &Path, log: &Path) -> io::Result<()> {
    // The holder's end of a pipe: when that goes, the other end, which is told to be watched, goes.
    let lives = File::open(format!("/proc/{}/fd/1", holder.pid))?;
    let said = private::options().create(true).truncate(true).write(true).open(log)?;
    let mut command = Command::new(program);
    command.args(["--configure", "--disable-host-loopback", "--enable-sandbox", "--enable-seccomp"]);
    command.args(["--mtu=65520", "--cidr", BETWEEN, "--exit-fd=0", "--ready-fd=1"]);
    command.arg(holder.pid.to_string()).arg(INTERFACE);
    command.stdin(lives).stdout(Stdio::piped()).stderr(said).process_group(0);
    let mut child = command.spawn()?;
    let mut ready = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
    timeout(PATIENCE, ready.read_u8()).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))?;
    Ok(())
}

/// Whether the way out of a holder's network is open.
pub(super) fn is_open(holder: Process) -> bool {
    let interfaces = std::fs::read_to_string(format!("/proc/{}/net/dev", holder.pid)).unwrap_or_default();
    interfaces.lines().any(|line| line.trim_start().starts_with(&format!("{INTERFACE}:")))
}
