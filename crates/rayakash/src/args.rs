//! What can be typed.

mod money;

use clap::{Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

pub(crate) use money::{Budget, By, Cost, Grant, Revoke, Wallet};

/// Ray clusters on the Akash Network.
#[derive(Debug, Parser)]
#[command(name = "rayakash", version, propagate_version = false, max_term_width = 100)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Global {
    /// How results are written to stdout.
    #[arg(
        short,
        long,
        value_enum,
        global = true,
        env = "RAYAKASH_OUTPUT",
        default_value = "human",
        hide_env_values = true
    )]
    pub(crate) output: Format,
    /// Network and key: `sandbox`, `mainnet`, `testnet`, `localnet`, or one of your own.
    #[arg(long, global = true, env = "RAYAKASH_CONTEXT", value_name = "NAME", hide_env_values = true)]
    pub(crate) context: Option<String>,
    /// Answer yes to every question; never above the budget.
    #[arg(short, long, global = true)]
    pub(crate) yes: bool,
    /// One folder for configuration, state and socket, instead of the XDG folders.
    #[arg(long, global = true, env = "RAYAKASH_HOME", value_name = "DIR", hide_env_values = true)]
    pub(crate) home: Option<PathBuf>,
    /// Say more; twice: everything.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

/// How results are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Human,
    /// One JSON value.
    Json,
    /// One JSON value per line.
    Jsonl,
    /// YAML.
    Yaml,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Bring a cluster up, or to what its file says now. Safe to repeat.
    Up(Up),
    /// Close a cluster, confirm it on the chain, and print what it cost.
    Down(Down),
    /// Show clusters, or one in detail.
    Status(Status),
    /// Show what `up` would do and the most it can spend. Exit code 20 when there are changes.
    Plan(File),
    /// Show what the containers print.
    Logs(Logs),
    /// Show what happened and why.
    Events(Events),
    /// Run a job on a cluster; the exit code follows the job.
    Submit(Submit),
    /// Open a port of the head on this machine, until Ctrl-C.
    Forward(Forward),
    /// Open Ray's dashboard on this machine, until Ctrl-C.
    Dashboard(Name),
    /// Print Ray's token of a cluster.
    Token(Name),
    /// Enter what is on chain and not in the ledger, from the chain and the key alone. Safe to repeat.
    Adopt(Adopt),
    /// Close what is paid for and wanted by nobody.
    Gc(Gc),
    /// Say what is wrong, and what to type about it. Exit code 1 when something needs you.
    Doctor,
    /// Keys.
    #[command(subcommand)]
    Keys(Keys),
    /// Money.
    #[command(subcommand)]
    Wallet(Wallet),
    /// What all clusters together may spend.
    #[command(subcommand)]
    Budget(Budget),
    /// Show what clusters cost.
    Cost(Cost),
    /// The daemon, which does the work.
    #[command(subcommand)]
    Daemon(Daemon),
    /// An Akash network on this machine.
    #[command(subcommand)]
    Sandbox(Sandbox),
    /// What an SDL, or a cluster file, becomes on Akash.
    #[command(subcommand)]
    Sdl(Sdl),
    /// Make a cluster file of an Akash SDL for Ray, or of a file of Ray's cluster launcher.
    Import(File),
    /// Print a completion script for a shell.
    Completion {
        /// Which shell.
        shell: clap_complete::Shell,
    },
    /// Print the version.
    Version,
}

/// The name of a cluster.
#[derive(Debug, clap::Args)]
pub(crate) struct Name {
    /// The cluster.
    pub(crate) name: String,
}

/// A file.
#[derive(Debug, clap::Args)]
pub(crate) struct File {
    /// The file; `-` is stdin.
    pub(crate) file: PathBuf,
}

/// `up`.
#[derive(Debug, clap::Args)]
pub(crate) struct Up {
    /// The cluster file; `-` is stdin.
    pub(crate) file: PathBuf,
    /// Agree to replace what runs, when the change needs it.
    #[arg(long)]
    pub(crate) restart: bool,
    /// The most that the cluster may cost in its life, in US dollars.
    #[arg(long, value_name = "N")]
    pub(crate) max_usd: Option<String>,
    /// Stop watching after so long, such as `20m`; the daemon goes on.
    #[arg(long, value_name = "TIME", value_parser = crate::duration::parse)]
    pub(crate) timeout: Option<std::time::Duration>,
}

/// `down`.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("which").required(true))]
pub(crate) struct Down {
    /// The cluster.
    #[arg(group = "which")]
    pub(crate) name: Option<String>,
    /// Every cluster.
    #[arg(long, group = "which")]
    pub(crate) all: bool,
    /// Stop watching after so long, such as `5m`; the daemon goes on.
    #[arg(long, value_name = "TIME", value_parser = crate::duration::parse)]
    pub(crate) timeout: Option<std::time::Duration>,
}

/// `status`.
#[derive(Debug, clap::Args)]
pub(crate) struct Status {
    /// The cluster; none: all.
    pub(crate) name: Option<String>,
    /// Go on showing, until Ctrl-C.
    #[arg(short, long)]
    pub(crate) watch: bool,
}

/// `logs`.
#[derive(Debug, clap::Args)]
pub(crate) struct Logs {
    /// The cluster.
    pub(crate) name: String,
    /// Only this node, as `status` names it.
    #[arg(long, value_name = "NODE")]
    pub(crate) node: Option<String>,
    /// Go on as lines are printed, until Ctrl-C.
    #[arg(short, long)]
    pub(crate) follow: bool,
}

/// `events`.
#[derive(Debug, clap::Args)]
pub(crate) struct Events {
    /// The cluster; none: all.
    pub(crate) name: Option<String>,
    /// Go on as they happen, until Ctrl-C.
    #[arg(short, long)]
    pub(crate) follow: bool,
}

/// `submit`.
#[derive(Debug, clap::Args)]
pub(crate) struct Submit {
    /// The cluster.
    pub(crate) name: String,
    /// Environment of the job, `NAME=VALUE`; may be repeated.
    #[arg(short, long, value_name = "NAME=VALUE", value_parser = variable)]
    pub(crate) env: Vec<(String, String)>,
    /// The program and its arguments, after `--`.
    #[arg(last = true, required = true)]
    pub(crate) command: Vec<String>,
}

fn variable(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("there is no `=`")?;
    if name.is_empty() {
        Err("there is no name before `=`".to_owned())
    } else {
        Ok((name.to_owned(), value.to_owned()))
    }
}

/// `forward`.
#[derive(Debug, clap::Args)]
pub(crate) struct Forward {
    /// The cluster.
    pub(crate) name: String,
    /// Port of the head: 8265 (dashboard, jobs) or 10001 (Ray client). Without LOCAL a free port is taken.
    #[arg(value_name = "[LOCAL:]REMOTE")]
    pub(crate) ports: Ports,
}

/// A local and a remote port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ports {
    /// On this machine; 0: a free one.
    pub(crate) local: u16,
    /// On the head.
    pub(crate) remote: u16,
}

impl std::str::FromStr for Ports {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (local, remote) = text.split_once(':').unwrap_or(("0", text));
        let port = |text: &str| text.parse::<u16>().map_err(|_| format!("`{text}` is no port"));
        let remote = port(remote)?;
        if ![8265, 10001].contains(&remote) {
            return Err(format!("port {remote} of the head cannot be reached; 8265 and 10001 can"));
        }
        Ok(Self { local: port(local)?, remote })
    }
}

/// `adopt`.
#[derive(Debug, clap::Args)]
pub(crate) struct Adopt {
    /// Deployments to adopt although they do not bear our mark.
    #[arg(value_name = "DSEQ")]
    pub(crate) dseqs: Vec<u64>,
    /// What the cluster of a deployment is to be called; may be repeated.
    #[arg(long, value_name = "DSEQ=NAME", value_parser = naming)]
    pub(crate) name: Vec<(u64, String)>,
    /// A cluster file: the cluster that was made of it gets its name, and its manifest; may be repeated.
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Vec<PathBuf>,
}

fn naming(text: &str) -> Result<(u64, String), String> {
    let (dseq, name) = text.split_once('=').ok_or("there is no `=`")?;
    let dseq = dseq.parse().map_err(|_| format!("`{dseq}` is no number of a deployment"))?;
    name.parse::<rayakash_core::spec::Name>().map_err(|error| error.to_string())?;
    Ok((dseq, name.to_owned()))
}

/// `gc`.
#[derive(Debug, clap::Args)]
pub(crate) struct Gc {
    /// Only these deployments, also such as do not bear our mark.
    #[arg(value_name = "DSEQ")]
    pub(crate) dseqs: Vec<u64>,
    /// Only list what there is, also what does not bear our mark.
    #[arg(long)]
    pub(crate) list: bool,
    /// Stop watching after so long, such as `5m`; the daemon goes on.
    #[arg(long, value_name = "TIME", value_parser = crate::duration::parse)]
    pub(crate) timeout: Option<std::time::Duration>,
}

/// `keys`.
#[derive(Debug, Subcommand)]
pub(crate) enum Keys {
    /// Make a key. Its words are shown once.
    New(KeyFile),
    /// Store an existing key; asks for its words.
    Import {
        #[command(flatten)]
        key: KeyFile,
        /// A file with the words; `-` is stdin. Without it they are asked for.
        #[arg(long, value_name = "FILE")]
        mnemonic_file: Option<PathBuf>,
    },
    /// Give a key's passphrase to the daemon, which keeps it in memory.
    Unlock(KeyFile),
    /// List keys.
    Ls,
    /// Show the words of a key.
    Export(KeyFile),
    /// Remove a key.
    Rm {
        /// The key.
        key: String,
    },
}

/// A key and its passphrase.
#[derive(Debug, clap::Args)]
pub(crate) struct KeyFile {
    /// The key.
    pub(crate) key: String,
    /// A file with the passphrase. Without it, it is asked for.
    #[arg(long, env = "RAYAKASH_PASSPHRASE_FILE", value_name = "FILE", hide_env_values = true)]
    pub(crate) passphrase_file: Option<PathBuf>,
}

/// `daemon`.
#[derive(Debug, Subcommand)]
pub(crate) enum Daemon {
    /// Run in the foreground.
    Run(DaemonRun),
    /// Stop it. Clusters go on.
    Stop,
    /// Show version, paths and health.
    Status,
}

/// `daemon run`.
#[derive(Debug, clap::Args)]
pub(crate) struct DaemonRun {
    /// Read the key's passphrase from this file descriptor.
    #[arg(long, value_name = "N")]
    pub(crate) passphrase_fd: Option<i32>,
    /// Read the key's passphrase from this file.
    #[arg(
        long,
        env = "RAYAKASH_PASSPHRASE_FILE",
        value_name = "FILE",
        hide_env_values = true,
        conflicts_with = "passphrase_fd"
    )]
    pub(crate) passphrase_file: Option<PathBuf>,
    /// Leave the session of the terminal: set when another command starts the daemon.
    #[arg(long, hide = true)]
    pub(crate) detached: bool,
}

/// `sandbox`.
#[derive(Debug, Subcommand)]
pub(crate) enum Sandbox {
    /// Run in the foreground.
    Run(SandboxRun),
    /// Show chain, keys and providers.
    Status,
    /// Stop it. Its state is kept.
    Stop,
    /// Make so many blocks at once.
    Advance {
        /// How many.
        #[arg(default_value_t = 1)]
        blocks: u64,
    },
    /// Make something go wrong, for tests: `sandbox fault help` lists what.
    Fault {
        /// Which fault, and its arguments.
        #[arg(required = true)]
        fault: Vec<String>,
    },
}

/// How the sandbox keeps pods apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Pods {
    /// In namespaces where they can be made, otherwise on the host.
    Auto,
    /// All on this machine's network, each with ports of its own.
    Host,
    /// Each with its own network, mounts, processes and host name, or not at all.
    Namespaces,
}

/// `sandbox run`.
#[derive(Debug, clap::Args)]
pub(crate) struct SandboxRun {
    /// Time between blocks.
    #[arg(long, value_name = "TIME", default_value = "500ms", value_parser = block_time)]
    pub(crate) block_time: std::time::Duration,
    /// How many providers, at most 2.
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u8).range(0..=2))]
    pub(crate) providers: u8,
    /// How pods are kept apart.
    #[arg(long, env = "RAYAKASH_PODS", value_name = "HOW", default_value = "auto", hide_env_values = true)]
    pub(crate) pods: Pods,
    /// Run the providers only, on the chain of the node that --node names. Their keys are public: a public network is refused.
    #[arg(long, requires = "node", conflicts_with = "block_time")]
    pub(crate) providers_only: bool,
    /// A node's gRPC endpoint, such as `http://127.0.0.1:9090`.
    #[arg(long, value_name = "URL", requires = "providers_only")]
    pub(crate) node: Option<String>,
    /// Leave the session of the terminal: set when another command starts the sandbox.
    #[arg(long, hide = true)]
    pub(crate) detached: bool,
}

fn block_time(text: &str) -> Result<std::time::Duration, String> {
    let time = crate::duration::parse(text)?;
    if time.is_zero() { Err("at least 1ms".to_owned()) } else { Ok(time) }
}

/// `sdl`.
#[derive(Debug, Subcommand)]
pub(crate) enum Sdl {
    /// Print the manifest that the provider gets.
    Manifest(File),
    /// Print the groups that go on the chain.
    Groups(File),
    /// Print the version hash of the manifest.
    Hash(File),
    /// Say whether it is valid.
    Validate(File),
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn what_a_sandbox_cannot_be() {
        let table = [
            (["--providers", "0"], true),
            (["--providers", "3"], false),
            (["--block-time", "1ms"], true),
            (["--block-time", "0ms"], false),
            (["--block-time", "0s"], false),
            (["--pods", "host"], true),
            (["--pods", "docker"], false),
        ];
        let visits: [(&[&str], bool); 5] = [
            (&["--providers-only", "--node", "http://127.0.0.1:9090"], true),
            (&["--providers-only", "--node", "http://127.0.0.1:9090", "--providers", "1"], true),
            (&["--providers-only"], false),
            (&["--node", "http://127.0.0.1:9090"], false),
            (&["--providers-only", "--node", "http://127.0.0.1:9090", "--block-time", "1s"], false),
        ];
        let table = table.iter().map(|(words, good)| (&words[..], *good)).chain(visits);
        for (words, good) in table {
            let parsed = Args::try_parse_from(["rayakash", "sandbox", "run"].iter().chain(words));
            assert_eq!(parsed.is_ok(), good, "{words:?}");
        }
    }

    #[test]
    fn ports() {
        let table = [
            ("8265", Some((0, 8265))),
            ("9000:8265", Some((9000, 8265))),
            ("0:10001", Some((0, 10001))),
            ("22", None),
            ("8265:22", None),
            ("x:8265", None),
            ("", None),
        ];
        for (text, expected) in table {
            let ports = text.parse::<Ports>().ok().map(|ports| (ports.local, ports.remote));
            assert_eq!(ports, expected, "{text}");
        }
    }

    #[test]
    fn what_follows_the_dashes_is_the_job() {
        let args =
            Args::try_parse_from(["rayakash", "submit", "a", "-e", "X=1=2", "--", "python", "-c", "1"])
                .unwrap();
        let Command::Submit(submit) = args.command else { panic!() };
        assert_eq!(submit.command, ["python", "-c", "1"]);
        assert_eq!(submit.env, [("X".to_owned(), "1=2".to_owned())]);
    }
}
