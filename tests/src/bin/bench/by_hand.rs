//! The same Ray cluster by hand: the very lines and environments that the nodes' program uses, recorded from its processes, all nodes
//! at once, no supervisor, the same probe.

use std::collections::BTreeMap;
use std::io;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use nix::sys::signal::Signal;
use ray_client::{Connector, NodeState, Ray, Stream};
use rayakash_core::node::PROBE;
use rayakash_testkit::{Error, Process, descendants, until};
use rayakash_tests::report::ms;
use secrecy::SecretString;
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::Instant;

/// How long Ray may take.
const PATIENCE: Duration = Duration::from_secs(180);

/// How every node is started.
pub(crate) struct Recipe {
    nodes: Vec<Node>,
    dashboard: u16,
    token: String,
}

struct Node {
    arguments: Vec<String>,
    environment: BTreeMap<String, String>,
}

impl Recipe {
    /// From the processes of a running cluster.
    pub(crate) fn of_running(sandbox: Process) -> Result<Self, Error> {
        let is_ray_start =
            |words: &[String]| words.iter().any(|w| w == "start") && words.iter().any(|w| w == "--block");
        let nodes: Vec<Node> = descendants(sandbox)
            .into_iter()
            .map(|process| Node { arguments: process.arguments(), environment: process.environment() })
            .filter(|node| is_ray_start(&node.arguments))
            .collect();
        let option = |name: &str| {
            let mut words = nodes.iter().flat_map(|node| &node.arguments);
            words.find_map(|word| word.strip_prefix(name)?.strip_prefix('=')).map(str::to_owned)
        };
        let dashboard = option("--dashboard-port").and_then(|port| port.parse().ok());
        let token = nodes.iter().find_map(|node| node.environment.get("RAY_AUTH_TOKEN").cloned());
        match (nodes.len(), dashboard, token) {
            (3, Some(dashboard), Some(token)) => Ok(Self { nodes, dashboard, token }),
            (count, ..) => Err(Error::Wrong(format!("{count} lines of `ray start` found, 3 expected"))),
        }
    }

    /// Starts all nodes and runs the probe on each; gives the milliseconds until that is done. Ends them again.
    pub(crate) async fn cook(&self, us: Process) -> Result<i128, Error> {
        let others = descendants(us);
        let begin = Instant::now();
        let started: Vec<(Child, TempDir)> = self.nodes.iter().map(Node::start).collect::<Result<_, _>>()?;
        let ready = self.ready().await;
        let took = ms(begin.elapsed());
        let end = until("Ray ends", Duration::from_secs(30), async || {
            let ours: Vec<Process> = descendants(us).difference(&others).copied().collect();
            ours.iter().for_each(|process| process.signal(Signal::SIGKILL));
            Ok(ours.is_empty().then_some(()))
        });
        end.await?;
        drop(started);
        ready.map(|()| took)
    }

    async fn ready(&self) -> Result<(), Error> {
        let token = SecretString::from(self.token.clone());
        let ray = Ray::new(Arc::new(Dashboard(self.dashboard)), token);
        until("every node is ALIVE", PATIENCE, async || {
            let rows = ray.instances().await.unwrap_or_default();
            let alive = rows.iter().filter(|row| row.state == NodeState::Alive).count();
            Ok((alive == self.nodes.len()).then_some(()))
        })
        .await?;
        let probe = ray.probe(PROBE, "by-hand").await;
        let probe = probe.map_err(|error| Error::Wrong(format!("the probe: {error}")))?;
        if probe.ok && probe.nodes.len() == self.nodes.len() {
            Ok(())
        } else {
            Err(Error::Wrong(format!("the probe did not run on every node: {probe:?}")))
        }
    }
}

impl Node {
    /// Starts the node with a folder of its own in place of the pod's, which is gone.
    fn start(&self) -> Result<(Child, TempDir), Error> {
        let what = "starting Ray by hand";
        let folder = tempfile::Builder::new().prefix("rk").tempdir_in("/tmp").map_err(Error::io(what))?;
        let old = self.environment.get("TMPDIR").cloned().unwrap_or_default();
        let new = folder.path().display().to_string();
        let moved = |text: &String| if old.is_empty() { text.clone() } else { text.replace(&old, &new) };
        let mut words = self.arguments.iter().map(moved);
        let program = words.next().ok_or_else(|| Error::Wrong("a process without arguments".to_owned()))?;
        let mut command = Command::new(program);
        command
            .args(words)
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, moved(value))));
        command.env("HOME", &new).current_dir(&new).kill_on_drop(true);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Ok((command.spawn().map_err(Error::io(what))?, folder))
    }
}

/// The head's dashboard, on this machine and without a gate.
struct Dashboard(u16);

#[async_trait]
impl Connector for Dashboard {
    async fn connect(&self) -> io::Result<Box<dyn Stream>> {
        Ok(Box::new(TcpStream::connect(("127.0.0.1", self.0)).await?))
    }
}
