//! Another command in a container that runs.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite};
use tokio::process::{Child, Command};

use super::environment::Variables;
use super::isolation::tool;
use super::pod::Pod;

/// Bytes from, or to, a command.
type Reader = Box<dyn AsyncRead + Send + Unpin>;
type Writer = Box<dyn AsyncWrite + Send + Unpin>;

/// A running command and its streams. It ends with its pod, not with this.
pub(crate) struct Exec {
    child: Child,
    /// Where its input goes, if it was asked to take any.
    pub(crate) input: Option<Writer>,
    pub(crate) output: Option<Reader>,
    /// Nothing on a terminal, which has one stream for both.
    pub(crate) errors: Option<Reader>,
    /// Our end of its terminal.
    terminal: Option<Arc<OwnedFd>>,
}

/// A command, and how it is to be run.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    /// Program and arguments.
    pub(crate) words: Vec<String>,
    /// On a terminal. It is not the controlling one, so `^C` is a character like others.
    pub(crate) terminal: bool,
    /// With input.
    pub(crate) input: bool,
}

impl Exec {
    /// Starts a command in a pod's container: its environment, its folder, and killed when the pod is.
    pub(crate) fn start(pod: &Pod, line: &Line) -> io::Result<Self> {
        let (program, args) = line.words.split_first().ok_or(io::ErrorKind::NotFound)?;
        let vars = pod.environment();
        let first = pod.main().filter(|main| main.is_first());
        let seen_from =
            first.map_or_else(|| PathBuf::from("/"), |first| format!("/proc/{}/root", first.pid).into());
        let program = found(program, &vars, &pod.root(), &seen_from).ok_or(io::ErrorKind::NotFound)?;
        let mut command = match first {
            Some(first) => inside(first.pid, &pod.root(), &program),
            None => Command::new(program),
        };
        command.args(args).env_clear().envs(vars).current_dir(pod.root()).process_group(0);
        if line.terminal {
            return Self::on_terminal(command, line.input);
        }
        command.stdin(if line.input { Stdio::piped() } else { Stdio::null() });
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let input = child.stdin.take().map(|input| Box::new(input) as Writer);
        let output = child.stdout.take().map(|output| Box::new(output) as Reader);
        let errors = child.stderr.take().map(|errors| Box::new(errors) as Reader);
        Ok(Self { child, input, output, errors, terminal: None })
    }

    fn on_terminal(mut command: Command, with_input: bool) -> io::Result<Self> {
        let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
        grantpt(&ours)?;
        unlockpt(&ours)?;
        let name = ptsname(&ours, Vec::new())?;
        let theirs = File::options().read(true).write(true).open(name.to_string_lossy().as_ref())?;
        command.stdin(theirs.try_clone()?).stdout(theirs.try_clone()?).stderr(theirs);
        let child = command.spawn()?;
        // What would keep the terminal open on our side goes with `command`.
        drop(command);
        let file = || Ok::<_, io::Error>(tokio::fs::File::from_std(File::from(ours.try_clone()?)));
        let (output, input) = (file()?, file()?);
        Ok(Self {
            child,
            input: with_input.then(|| Box::new(input) as Writer),
            output: Some(Box::new(output)),
            errors: None,
            terminal: Some(Arc::new(ours)),
        })
    }

    /// Sets the size of its terminal, if it has one.
    pub(crate) fn resizer(&self) -> impl Fn(u16, u16) + Send + use<> {
        let terminal = self.terminal.clone();
        move |columns, rows| {
            let size = Winsize { ws_col: columns, ws_row: rows, ws_xpixel: 0, ws_ypixel: 0 };
            if let Some(terminal) = &terminal {
                // A terminal whose command is gone has no size to set.
                tcsetwinsize(terminal, size).ok();
            }
        }
    }

    /// Waits for the end; a shell's number for it.
    pub(crate) async fn wait(&mut self) -> io::Result<i32> {
        self.child.wait().await.map(code)
    }
}

/// What runs a command in the namespaces of a container's first process, with as little privilege as that has. The commands of a pod
/// that is on the host need none of it.
fn inside(first: i32, begin: &Path, program: &Path) -> Command {
    let mut command = Command::new(tool("nsenter"));
    command.args(["--target", &first.to_string(), "--mount", "--uts", "--ipc", "--net", "--pid"]);
    let user = |pid: &str| std::fs::read_link(format!("/proc/{pid}/ns/user")).ok();
    if user("self") != user(&first.to_string()) {
        command.args(["--user", "--preserve-credentials"]);
    }
    command.arg(tool("setpriv")).args(["--no-new-privs", "--inh-caps=-all", "--bounding-set=-all"]);
    command.args(["/bin/sh", "-c", "cd \"$0\" && exec \"$@\""]).arg(begin).arg(program);
    command
}

/// The program that a word names, looked for as a shell in the folder `begin` does. The container's files are below `seen_from`; where a
/// link leads is known only inside.
fn found(word: &str, vars: &Variables, begin: &Path, seen_from: &Path) -> Option<PathBuf> {
    let runs = |path: &Path| {
        let seen = seen_from.join(path.strip_prefix("/").unwrap_or(path));
        let about = seen.metadata().or_else(|_| seen.symlink_metadata());
        about.is_ok_and(|m| m.is_symlink() || m.is_file() && m.permissions().mode() & 0o111 != 0)
    };
    if word.contains('/') {
        return Some(begin.join(word)).filter(|path| runs(path));
    }
    let path = vars.get("PATH").map_or("/usr/local/bin:/usr/bin:/bin", String::as_str);
    path.split(':').map(|folder| Path::new(folder).join(word)).find(|path| runs(path))
}

fn code(status: ExitStatus) -> i32 {
    status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(-1)
}

/// Some more bytes; `None` at the end. A terminal that nobody has open any more fails, which is its end.
pub(crate) async fn read(reader: &mut Option<Reader>) -> Option<Vec<u8>> {
    let mut chunk = vec![0; 8 * 1024];
    let length = reader.as_mut()?.read(&mut chunk).await.unwrap_or(0);
    if length == 0 {
        *reader = None;
        return None;
    }
    chunk.truncate(length);
    Some(chunk)
}
