//! A lease's network: no other lease, and nothing of the host, is on it or has a way to it.
//!
//! One process for each lease, the *holder*, is in a network namespace with a switch. Each container has namespaces of its own and a
//! cable to that switch; they last as long as its process 1. [What leads out](way_out) leads to the internet only. The only way in is
//! the holder's *door*: it connects to a pod where it is told, and hands the socket out. The holder lives on with its pods when the sandbox
//! is killed, for the next one to find, and ends by itself when there are neither pods nor a sandbox.

mod way_out;

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, IoSliceMut};
use std::mem::MaybeUninit;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use nix::sys::signal::Signal;
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncWriteExt as _, Interest};
use tokio::net::{TcpStream, UnixStream};
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};

use super::isolation::tool;
use super::process::{Process, Table, boot};
use super::sweep::{collect, pause};
use crate::private;
pub(crate) use way_out::NoWayOut;

const LEASE: &str = include_str!("network/lease.sh");
const POD: &str = include_str!("network/pod.sh");
const DOOR: &str = include_str!("network/door.py");

/// The switch's address, the first of the network `10.77.0.0/16` that every lease has for itself.
const GATEWAY: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 1);
/// The variable for the folder that becomes a container's `/tmp`. The parent of its process 1 keeps it, and is found by it.
pub(crate) const TMP: &str = "SANDBOX_TMP";
/// The code with which `pod.sh` says that it made no container.
const NOT_MADE: i32 = 125;
/// How long the kernel, and a busy machine, may take to make namespaces.
const PATIENCE: Duration = Duration::from_secs(20);
const LOOK: Duration = Duration::from_millis(10);

/// What lets us make namespaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Privilege {
    /// We are root.
    Root,
    /// A user namespace, in which we seem to be.
    UserNamespace,
}

impl Privilege {
    /// What is worth trying.
    pub(crate) fn ours() -> &'static [Self] {
        if nix::unistd::geteuid().is_root() {
            &[Self::Root, Self::UserNamespace]
        } else {
            &[Self::UserNamespace]
        }
    }
}

/// The network of one lease.
#[derive(Debug)]
pub(crate) struct Network {
    dir: PathBuf,
    privilege: Privilege,
    holder: Mutex<Option<Process>>,
    /// The connection that keeps the holder from ending while it has no pods.
    stay: tokio::sync::Mutex<Option<UnixStream>>,
}

/// What is written down about a network.
#[derive(Debug, Serialize, Deserialize)]
struct Record {
    holder: Process,
    /// The start of the machine that `holder` belongs to.
    boot: String,
}

/// What a container's namespaces are to be like.
pub(crate) struct Container<'a> {
    pub(crate) address: Ipv4Addr,
    /// Its host name.
    pub(crate) name: &'a str,
    /// Bytes of `/dev/shm`.
    pub(crate) shm: u64,
    /// The folder of its `hosts` and `resolv.conf`.
    pub(crate) notes: &'a Path,
    /// Folders that it uses; the first is its working directory.
    pub(crate) folders: &'a [&'a Path],
}

impl Network {
    /// The network of the lease that lives in `dir`, as a sandbox before us left it, or none yet.
    pub(crate) fn open(dir: &Path, privilege: Privilege) -> Self {
        let holder = Mutex::new(left(dir));
        Self { dir: dir.to_owned(), privilege, holder, stay: tokio::sync::Mutex::default() }
    }

    /// The process that holds it, while it runs.
    pub(crate) fn holder(&self) -> Option<Process> {
        self.holder.lock().unwrap_or_else(PoisonError::into_inner).filter(|holder| holder.runs())
    }

    /// Makes the network if there is none, and keeps it up.
    pub(crate) async fn ensure(&self) -> io::Result<Process> {
        let holder = self.hold().await?;
        if let Err(why) = self.way_out(holder).await {
            tracing::debug!(network = %self.dir.display(), %why, "pods stay among themselves");
        }
        Ok(holder)
    }

    async fn way_out(&self, holder: Process) -> Result<(), NoWayOut> {
        way_out::open(holder, &self.dir.join("out.log")).await
    }

    async fn hold(&self) -> io::Result<Process> {
        let mut stay = self.stay.lock().await;
        let log = self.dir.join("network.log");
        let holder = match self.holder() {
            Some(holder) if stay.is_some() => return Ok(holder),
            Some(holder) => holder,
            None => {
                *stay = None;
                self.start(&log)?
            }
        };
        let opens = async {
            loop {
                match knock(&self.dir).await {
                    Ok(door) => return Ok(door),
                    Err(_) if holder.runs() => sleep(LOOK).await,
                    Err(_) => return Err(io::Error::other(last_words(&log))),
                }
            }
        };
        let door = timeout(PATIENCE, opens).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
        // One that does not answer is of no use; its pods, if it has any, get another.
        *stay = Some(door.inspect_err(|_| holder.signal(Signal::SIGKILL))?);
        Ok(holder)
    }

    fn start(&self, log: &Path) -> io::Result<Process> {
        // A door of the network before must not be taken for this one's.
        let _was_there = std::fs::remove_file(self.dir.join("door"));
        let said = private::options().create(true).truncate(true).write(true).open(log)?;
        let mut command = Command::new("unshare");
        if self.privilege == Privilege::UserNamespace {
            command.args(["--user", "--map-root-user"]);
        }
        command
            .args(["--net", "/bin/sh", "-c", LEASE, "lease", DOOR])
            .arg(&self.dir)
            .arg(GATEWAY.to_string())
            .args(way_out::closed()?);
        // A group of its own: what the terminal tells the sandbox does not concern it. Its output is the pipe by which others know that
        // it lives.
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(said).process_group(0);
        let pid = command.spawn()?.id().and_then(|id| i32::try_from(id).ok());
        let holder = pid.and_then(Process::now).ok_or_else(|| io::Error::other(last_words(log)))?;
        *self.holder.lock().unwrap_or_else(PoisonError::into_inner) = Some(holder);
        private::save(&self.dir.join("network.json"), &Record { holder, boot: boot() })?;
        Ok(holder)
    }

    /// The start of a command line that runs what follows as process 1 of a container on this network. Its environment must have [`TMP`],
    /// which the container itself does not see.
    pub(crate) fn container(&self, about: &Container<'_>) -> io::Result<Command> {
        let holder = self.holder().ok_or_else(|| io::Error::other("the lease has no network"))?;
        let mut command = Command::new(tool("nsenter"));
        command.args(["--target", &holder.pid.to_string()]);
        if self.privilege == Privilege::UserNamespace {
            command.args(["--user", "--preserve-credentials"]);
        }
        command.arg("--net").arg(tool("unshare")).args([
            "--net",
            "--mount",
            "--propagation",
            "private",
            "--uts",
            "--ipc",
            "/bin/sh",
            "-c",
            POD,
            "pod",
        ]);
        command.arg(holder.pid.to_string()).arg(GATEWAY.to_string()).arg(about.address.to_string());
        command.arg(about.name).arg(about.shm.to_string()).arg(about.notes).args(about.folders).arg("--");
        Ok(command)
    }

    /// Connects to a pod.
    pub(crate) async fn connect(&self, to: SocketAddr) -> io::Result<TcpStream> {
        let mut door = knock(&self.dir).await?;
        door.write_all(format!("{} {}\n", to.ip(), to.port()).as_bytes()).await?;
        loop {
            door.readable().await?;
            match door.try_io(Interest::READABLE, || take(&door)) {
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
                Err(e) => return Err(e),
                Ok(socket) => {
                    socket.set_nonblocking(true)?;
                    return TcpStream::from_std(socket);
                }
            }
        }
    }

    /// Ends the network; pods that are still on it have none from then on.
    pub(crate) fn end(&self) {
        end(&self.dir);
    }
}

/// Ends the network that is written down in `dir`, if it still runs.
pub(crate) fn end(dir: &Path) {
    let Some(holder) = left(dir) else { return };
    holder.signal(Signal::SIGKILL);
    for _ in 0..50 {
        collect(holder);
        if !holder.runs() {
            break;
        }
        pause();
    }
    let _was_there = std::fs::remove_file(dir.join("network.json"));
}

/// The holder that is written down in `dir`. After another start of the machine its number is a stranger's.
fn left(dir: &Path) -> Option<Process> {
    let record: Option<Record> = private::load(&dir.join("network.json")).ok().flatten();
    record.filter(|record| record.boot == boot()).map(|record| record.holder)
}

/// A connection to the door in `dir`. The path goes through the folder's descriptor: those of sockets have 107 bytes.
async fn knock(dir: &Path) -> io::Result<UnixStream> {
    let folder = File::open(dir)?;
    UnixStream::connect(format!("/proc/self/fd/{}/door", folder.as_raw_fd())).await
}

/// What the door handed out.
fn take(door: &UnixStream) -> io::Result<std::net::TcpStream> {
    let mut number = [0; 16];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut sockets = RecvAncillaryBuffer::new(&mut space);
    let got = recvmsg(door, &mut [IoSliceMut::new(&mut number)], &mut sockets, RecvFlags::CMSG_CLOEXEC)?;
    let socket = sockets.drain().find_map(|message| {
        if let RecvAncillaryMessage::ScmRights(mut sockets) = message { sockets.next() } else { None }
    });
    if let Some(socket) = socket {
        return Ok(socket.into());
    }
    let number = std::str::from_utf8(number.get(..got.bytes).unwrap_or_default());
    Err(match number.ok().and_then(|number| number.parse().ok()) {
        Some(number) => io::Error::from_raw_os_error(number),
        None => io::ErrorKind::UnexpectedEof.into(),
    })
}

/// Process 1 of the container whose parent we started. `None` when the parent ended before anybody saw it: the container was
/// over that soon, or was not made, which is the error.
pub(crate) async fn first_process(
    parent: Process,
    child: &mut Child,
    log: &Path,
) -> io::Result<Option<Process>> {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(first) = Table::look().below(parent).find(|process| process.is_first()) {
            return Ok(Some(first));
        }
        match child.try_wait()?.map(|status| status.code()) {
            Some(Some(NOT_MADE)) => return Err(io::Error::other(last_words(log))),
            Some(_) => return Ok(None),
            None if Instant::now() > end => return Err(io::ErrorKind::TimedOut.into()),
            None => sleep(LOOK).await,
        }
    }
}

/// Whether a process is in a container that has `tmp` as its `/tmp`. It is, whatever became of its parents and its environment.
pub(crate) fn is_inside(process: Process, tmp: &Path) -> bool {
    let namespace = |pid: &str| std::fs::read_link(format!("/proc/{pid}/ns/mnt")).ok();
    let (pid, ours) = (process.pid.to_string(), namespace("self"));
    if ours.is_some() && namespace(&pid) == ours {
        return false;
    }
    let mounts = std::fs::read_to_string(format!("/proc/{pid}/mountinfo")).unwrap_or_default();
    mounts.lines().any(|mount| {
        let mut fields = mount.split(' ').skip(3);
        // What was mounted may be gone: then the kernel says so behind its name.
        let what = fields.next().map(|what| what.trim_end_matches("//deleted"));
        fields.next() == Some("/tmp")
            && what.is_some_and(|what| Path::new(what).file_name() == tmp.file_name())
    })
}

/// The first address that is not taken.
pub(crate) fn free_address(taken: &BTreeSet<Ipv4Addr>) -> io::Result<Ipv4Addr> {
    let [a, b, ..] = GATEWAY.octets();
    let all = (2..u16::MAX).map(|number| {
        let [c, d] = number.to_be_bytes();
        Ipv4Addr::new(a, b, c, d)
    });
    let mut free = all.filter(|address| !taken.contains(address));
    free.next().ok_or_else(|| io::Error::new(io::ErrorKind::AddrInUse, "the lease's network is full"))
}

/// A container's `hosts` and `resolv.conf`, in `notes`. A name that is not in `hosts` is asked for outside. They are written in place: a running container sees the change.
pub(crate) fn write_notes(notes: &Path, hosts: &str) -> io::Result<()> {
    private::folder(notes)?;
    let hosts = format!("127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n{hosts}");
    for (name, text) in [("hosts", hosts), ("resolv.conf", format!("nameserver {}\n", way_out::RESOLVER))] {
        let file = notes.join(name);
        // What is as it was stays untouched: somebody may be reading it.
        if std::fs::read_to_string(&file).ok().as_ref() != Some(&text) {
            std::fs::write(file, text)?;
        }
    }
    Ok(())
}

/// Makes a network and a container on it, and ends both. The answer is whether they had a way out.
pub(crate) async fn try_out(privilege: Privilege, folder: &Path) -> io::Result<Result<(), NoWayOut>> {
    private::folder(&folder.join("tmp"))?;
    let network = Network::open(folder, privilege);
    network.end();
    let tried = try_container(&network, folder).await;
    network.end();
    std::fs::remove_dir_all(folder)?;
    tried
}

async fn try_container(network: &Network, folder: &Path) -> io::Result<Result<(), NoWayOut>> {
    let holder = network.hold().await?;
    let way_out = network.way_out(holder).await;
    write_notes(folder, "")?;
    let tmp = folder.join("tmp");
    let address = free_address(&BTreeSet::new())?;
    let about = Container { address, name: "pod", shm: 1 << 20, notes: folder, folders: &[folder] };
    let mut command = network.container(&about)?;
    command.arg("true").env(TMP, &tmp).stdin(Stdio::null()).kill_on_drop(true);
    let output = timeout(PATIENCE, command.output()).await??;
    if output.status.success() {
        return Ok(way_out);
    }
    Err(io::Error::other(last_line(&String::from_utf8_lossy(&output.stderr))))
}

fn last_words(log: &Path) -> String {
    last_line(&std::fs::read_to_string(log).unwrap_or_default())
}

fn last_line(text: &str) -> String {
    text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it said nothing").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_free_address_is_found() {
        let address = |text: &str| text.parse::<Ipv4Addr>().unwrap();
        let taken = [address("10.77.0.2"), address("10.77.0.4")];
        assert_eq!(free_address(&BTreeSet::new()).unwrap(), taken[0]);
        assert_eq!(free_address(&BTreeSet::from(taken)).unwrap(), address("10.77.0.3"));
        let low = (0..=255).map(|low| Ipv4Addr::new(10, 77, 0, low)).collect();
        assert_eq!(free_address(&low).unwrap(), address("10.77.1.0"));
    }
}
