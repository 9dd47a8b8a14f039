//! A sandbox from start to stop.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use akash_types::Height;
use akash_wallet::{Key, Mnemonic};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::chain::{Node, grpc};
use crate::config::Config;
use crate::control;
use crate::error::Error;
use crate::home::{Home, Info, Ports, ProviderInfo};
use crate::market::Keyholder;
use crate::provider::{self, Pricing, Provider, ProviderConfig};
use crate::tasks::Tasks;

/// How long a stop waits for what is still being answered.
const PATIENCE: Duration = Duration::from_secs(5);

/// A running sandbox. Dropping it stops everything without waiting; [`Sandbox::stop`] waits.
#[derive(Debug)]
pub struct Sandbox {
    info: Info,
    node: Arc<Node>,
    providers: Vec<Provider>,
    tasks: Tasks,
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
    let node = Arc::new(Node::open(home.path(), &config.chain_id, config.block_time)?);
    let mut ports = home.ports();
    let chain = listen(config.grpc, ports.grpc).await?;
    let controls = listen(config.control, ports.control).await?;
    let (grpc, control) = (address(&chain)?, address(&controls)?);
    (ports.grpc, ports.control) = (grpc.port(), control.port());
    home.remember(ports)?;

    let tasks = Tasks::new();
    let stop_asked = CancellationToken::new();
    // The first answer must not find a chain without a block.
    if node.state().height == Height(0) {
        node.make_block()?;
    }
    serve(&tasks, &node, chain, controls, &stop_asked);
    let info = Info {
        pid: std::process::id(),
        grpc,
        control,
        chain_id: config.chain_id.clone(),
        block_time_ms: u64::try_from(config.block_time.as_millis()).unwrap_or(u64::MAX),
        mnemonic: format!("{MNEMONIC} (public: never send anything of value to its accounts)"),
        tenant: Keyholder::TENANT.address.to_owned(),
        providers: Vec::new(),
    };
    let mut sandbox = Sandbox { info, node, providers: Vec::new(), tasks, stop_asked, home };
    sandbox.start_providers(&config, &mut ports).await?;
    sandbox.home.note(&sandbox.info)?;
    Ok(sandbox)
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
    /// Where everything is.
    pub const fn info(&self) -> &Info {
        &self.info
    }

    /// Where the chain answers gRPC.
    pub const fn grpc(&self) -> SocketAddr {
        self.info.grpc
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

    /// Stops the providers and their pods, then the chain.
    pub async fn stop(mut self) {
        for provider in std::mem::take(&mut self.providers) {
            provider.stop().await;
        }
        if !self.tasks.stop(PATIENCE).await {
            tracing::warn!("some answers were cut off");
        }
        self.home.remove_note();
    }

    async fn start_providers(&mut self, config: &Config, ports: &mut Ports) -> Result<(), Error> {
        let holders = [(Keyholder::PROVIDER_1, Pricing::low()), (Keyholder::PROVIDER_2, Pricing::high())];
        for (index, (holder, pricing)) in (0_u8..).zip(holders).take(config.providers) {
            let failed = |source| Error::Provider { name: holder.name, source };
            let port = ports.gateways.get_mut(usize::from(index));
            let gateway = port.as_ref().map_or(0, |p| **p);
            let settings = ProviderConfig {
                name: holder.name.to_owned(),
                key: key(&holder)?,
                node: format!("http://{}", self.info.grpc),
                chain_id: config.chain_id.clone(),
                home: self.home.path().join(holder.name),
                cache: config.cache.clone(),
                pricing,
                gateway: SocketAddr::new(self.info.grpc.ip(), gateway),
            };
            let provider = provider::start(settings, self.tasks.token().child_token()).await;
            let provider = provider.map_err(|e| failed(e.into()))?;
            if let (Some(port), Some(used)) = (port, port_of(&provider.host_uri)) {
                *port = used;
            }
            self.info.providers.push(ProviderInfo {
                address: provider.address.to_string(),
                host_uri: provider.host_uri.clone(),
            });
            self.providers.push(provider);
        }
        self.home.remember(*ports)
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.tasks.token().cancel();
        self.home.remove_note();
    }
}

fn serve(
    tasks: &Tasks,
    node: &Arc<Node>,
    chain: TcpListener,
    controls: TcpListener,
    stop_asked: &CancellationToken,
) {
    let ticking = Arc::clone(node);
    tasks.spawn("blocks", async move { ticking.tick().await });
    let (served, stop) = (Arc::clone(node), tasks.token().clone());
    tasks.spawn_graceful("chain", async move {
        if let Err(error) = grpc::serve_until(served, chain, stop.cancelled_owned()).await {
            tracing::error!(error = &error as &dyn std::error::Error, "the chain stopped answering");
        }
    });
    let (controlled, stop, asked) = (Arc::clone(node), tasks.token().clone(), stop_asked.clone());
    tasks.spawn_graceful("controls", async move {
        let served = control::serve_until(controlled, asked, controls, stop.cancelled_owned()).await;
        if let Err(error) = served {
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

fn port_of(uri: &str) -> Option<u16> {
    uri.parse::<http::Uri>().ok()?.port_u16()
}
