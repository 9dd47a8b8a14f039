//! A sandbox from start to stop.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use akash_types::Height;
use akash_wallet::{Key, Mnemonic};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::chain::{Node, grpc, rest, rpc};
use crate::config::Config;
use crate::control::{self, Controls};
use crate::error::Error;
use crate::home::{Home, Info};
use crate::market::Keyholder;
use crate::provider::Isolation;
use crate::providers::Providers;
use crate::tasks::Tasks;

/// How long a stop waits for what is still being answered.
const PATIENCE: Duration = Duration::from_secs(5);

/// A running sandbox. Dropping it stops everything without waiting; [`Sandbox::stop`] waits.
#[derive(Debug)]
pub struct Sandbox {
    info: Info,
    node: Arc<Node>,
    providers: Arc<Providers>,
    running: Running,
    stop_asked: CancellationToken,
    home: Home,
}

/// The mnemonic that every sandbox's keys come from. Everybody knows it: never send anything of value there.
pub const MNEMONIC: &str = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon \
                            abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon art";

/// One of the sandbox's keys; key 1 is the tenant's.
pub fn key(holder: &Keyholder) -> Result<Key, Error> {
    let failed = |source| Error::Key { name: holder.name, source };
    let mnemonic = Mnemonic::parse(MNEMONIC).map_err(|e| failed(e.into()))?;
    Key::derive(&mnemonic, holder.index).map_err(|e| failed(e.into()))
}

/// Starts a sandbox: the chain, then its providers. When this returns, both providers are registered and bid.
pub async fn start(config: Config) -> Result<Sandbox, Error> {
    let home = Home::lock(&config.home)?;
    let probe = home.path().join("probe");
    let (isolation, lacks) = Isolation::choose(config.pods, &probe).await?;
    let node = Arc::new(Node::open(home.path(), config.genesis.clone(), config.block_time)?);
    let mut ports = home.ports();
    let chain = Listeners {
        grpc: listen(config.grpc, ports.grpc).await?,
        rest: listen(config.rest, ports.rest).await?,
        rpc: listen(config.rpc, ports.rpc).await?,
    };
    let controls = listen(config.control, ports.control).await?;
    let (grpc, rest, rpc) = (address(&chain.grpc)?, address(&chain.rest)?, address(&chain.rpc)?);
    let control = address(&controls)?;
    (ports.grpc, ports.rest, ports.rpc, ports.control) =
        (grpc.port(), rest.port(), rpc.port(), control.port());
    // The first answer must not find a chain without a block.
    if node.blocks_from(Height(0)).is_empty() {
        node.make_block_at(node.state().time_ms)?;
    }
    // From here on a failure drops this, and that ends what was started.
    let running = Running { tasks: Tasks::new(), node: Arc::clone(&node) };
    let tasks = &running.tasks;
    let stop_asked = CancellationToken::new();
    serve_chain(tasks, &node, chain);
    let uri = format!("http://{grpc}");
    let providers =
        Providers::start(&config, isolation, &uri, ports.gateways, tasks.token().child_token()).await?;
    ports.gateways = providers.ports().await;
    home.remember(ports)?;
    let providers = Arc::new(providers);
    let info = Info {
        pid: std::process::id(),
        grpc,
        rest,
        rpc,
        control,
        chain_id: config.genesis.chain_id,
        block_time_ms: u64::try_from(config.block_time.as_millis()).unwrap_or(u64::MAX),
        mnemonic: format!("{MNEMONIC} (public: never send anything of value to its accounts)"),
        tenant: Keyholder::TENANT.address.to_owned(),
        providers: providers.info().await,
        pods: isolation.word().to_owned(),
        pods_lack: lacks,
    };
    let controlled =
        Controls { node: Arc::clone(&node), providers: Arc::downgrade(&providers), stop: stop_asked.clone() };
    serve_controls(tasks, controlled, controls);
    home.note(&info)?;
    Ok(Sandbox { info, node, providers, running, stop_asked, home })
}

/// Runs a sandbox until `until` is done or somebody asks its controls to stop; tells `on_ready` where it is.
pub async fn run(
    config: Config,
    on_ready: impl FnOnce(&Info),
    until: impl Future<Output = ()>,
) -> Result<(), Error> {
    let sandbox = start(config).await?;
    on_ready(sandbox.info());
    tokio::select! {
        () = until => {}
        () = sandbox.stop_asked() => {}
    }
    sandbox.stop().await;
    Ok(())
}

impl Sandbox {
    /// Where everything was when the sandbox was ready.
    pub const fn info(&self) -> &Info {
        &self.info
    }

    /// Where the chain answers gRPC.
    pub const fn grpc(&self) -> SocketAddr {
        self.info.grpc
    }

    /// Where the chain answers CometBFT's RPC.
    pub const fn rpc(&self) -> SocketAddr {
        self.info.rpc
    }

    /// Where the controls answer.
    pub const fn control(&self) -> SocketAddr {
        self.info.control
    }

    /// The chain itself, for harnesses: read its state and blocks, make blocks, ask for faults.
    pub const fn market(&self) -> &Arc<Node> {
        &self.node
    }

    /// Done when somebody asks the controls to stop this sandbox.
    pub async fn stop_asked(&self) {
        self.stop_asked.cancelled().await;
    }

    /// The providers, to kill one and start it again.
    pub fn providers(&self) -> &Providers {
        &self.providers
    }

    /// Stops the providers and their pods, then the chain.
    pub async fn stop(self) {
        self.providers.stop().await;
        if !self.running.tasks.stop(PATIENCE).await {
            tracing::warn!("some answers were cut off");
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.home.remove_note();
    }
}

/// What runs; dropping it ends that.
#[derive(Debug)]
struct Running {
    tasks: Tasks,
    node: Arc<Node>,
}

impl Drop for Running {
    fn drop(&mut self) {
        // Whoever takes the folder next must find its log at rest.
        self.node.close();
        self.tasks.token().cancel();
    }
}

/// Where the chain listens.
#[derive(Debug)]
struct Listeners {
    grpc: TcpListener,
    rest: TcpListener,
    rpc: TcpListener,
}

fn serve_chain(tasks: &Tasks, node: &Arc<Node>, listeners: Listeners) {
    let ticking = Arc::clone(node);
    tasks.spawn("blocks", async move { ticking.tick().await });
    let services = grpc::services(node);
    let (served, stop) = (services.clone(), tasks.token().clone());
    tasks.spawn_graceful("chain", async move {
        if let Err(error) = grpc::serve_until(served, listeners.grpc, stop.cancelled_owned()).await {
            tracing::error!(error = &error as &dyn std::error::Error, "the chain stopped answering");
        }
    });
    let (served, stop) = (services.clone(), tasks.token().clone());
    tasks.spawn_graceful("rest", async move {
        if let Err(error) = rest::serve_until(served, listeners.rest, stop.cancelled_owned()).await {
            tracing::error!(error = &error as &dyn std::error::Error, "the chain's REST stopped answering");
        }
    });
    let (node, stop) = (Arc::clone(node), tasks.token().clone());
    tasks.spawn_graceful("rpc", async move {
        if let Err(error) = rpc::serve_until(node, services, listeners.rpc, stop).await {
            tracing::error!(error = &error as &dyn std::error::Error, "the chain's RPC stopped answering");
        }
    });
}

fn serve_controls(tasks: &Tasks, controls: Controls, listener: TcpListener) {
    let stop = tasks.token().clone();
    tasks.spawn_graceful("controls", async move {
        if let Err(error) = control::serve_until(controls, listener, stop.cancelled_owned()).await {
            tracing::error!(error = &error as &dyn std::error::Error, "the controls stopped answering");
        }
    });
}

/// Listens where it is told; where any port will do, preferably where it was the last time.
async fn listen(wanted: SocketAddr, last: u16) -> Result<TcpListener, Error> {
    if wanted.port() == 0
        && last != 0
        && let Ok(again) = TcpListener::bind(SocketAddr::new(wanted.ip(), last)).await
    {
        return Ok(again);
    }
    TcpListener::bind(wanted).await.map_err(|source| Error::Listen { address: wanted, source })
}

fn address(listener: &TcpListener) -> Result<SocketAddr, Error> {
    let unknown = SocketAddr::from(([0, 0, 0, 0], 0));
    listener.local_addr().map_err(|source| Error::Listen { address: unknown, source })
}
