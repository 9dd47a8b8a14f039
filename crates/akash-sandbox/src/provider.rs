//! A provider: an ordinary client of a chain, with a gateway and pods as processes.
//!
//! It knows the chain only over gRPC, so it serves a real node as well as the sandbox's own chain:
//! [bids](bids) on orders, keeps a [book](leases) of its leases, takes manifests at its [gateway](gateway), runs them as
//! [pods](pods), withdraws, and gives leases up for the reasons that the real provider has.

mod bids;
mod chain;
mod cluster;
mod facts;
mod gateway;
mod leases;
mod offer;
mod pods;
mod registration;
mod timers;
mod translate;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use akash_chain::{At, Client, MarketFilter, MemoryJournal, Policy, Sender};
use akash_types::{Address, LeaseState, Rejection};
use akash_wallet::{Allowed, Key};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub use cluster::Cluster;
pub use offer::{Pricing, attributes};
pub use pods::{Environment, Images, Isolation, NoNamespaces, Privilege, Wish};
pub use timers::Timers;

use bids::Engine;
use chain::ChainFacts;
use gateway::Gateway;
use leases::Book;
use pods::{Ingress, Runtime, Shared};

use crate::private;
use crate::tasks::Tasks;

/// What the gateway and the bidding get to end.
const PATIENCE: Duration = Duration::from_secs(5);

/// Who a provider is and where it lives.
#[derive(Clone, Debug)]
pub struct ProviderConfig {
    /// Its name, shown in its attributes.
    pub name: String,
    /// Its account, which must exist on the chain and have uact for deposits and uakt for fees.
    pub key: Key,
    /// The node that it asks, as `http://host:port`.
    pub node: String,
    /// The chain's id.
    pub chain_id: String,
    /// Its folder: certificate, manifests, pods. Two providers need two.
    pub home: PathBuf,
    /// Where images are kept as Python environments; may be shared.
    pub cache: PathBuf,
    /// How its pods are kept apart.
    pub isolation: Isolation,
    /// What it asks for.
    pub pricing: Pricing,
    /// Where its gateway listens; on a free port instead if that one is taken.
    pub gateway: SocketAddr,
    /// What stands behind its gateway.
    pub cluster: Cluster,
}

/// A provider that cannot start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file could not be read or written.
    #[error("cannot {action} {path}")]
    File {
        /// What was tried.
        action: &'static str,
        /// With which file or folder.
        path: PathBuf,
        /// Why it failed.
        source: std::io::Error,
    },
    /// A port could not be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why not.
        source: std::io::Error,
    },
    /// No certificate could be made, or the one that was kept cannot be used.
    #[error("no usable certificate for {provider}")]
    Certificate {
        /// Whose.
        provider: Address,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The chain could not be asked, or did not say what became of the registration.
    #[error("cannot register {provider} at {node}")]
    Chain {
        /// Who.
        provider: Address,
        /// Where.
        node: String,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The chain refused the registration.
    #[error("{node} refuses to register {provider}: {rejection}")]
    Refused {
        /// Who.
        provider: Address,
        /// Where.
        node: String,
        /// Why.
        rejection: Rejection,
    },
}

/// A running provider. Dropping it kills its pods; [`Provider::stop`] ends them orderly.
#[derive(Debug)]
pub struct Provider {
    /// Its account.
    pub address: Address,
    /// Where its gateway is, as registered on chain.
    pub host_uri: String,
    /// Where its HTTP ingress listens.
    pub ingress: SocketAddr,
    tasks: Tasks,
    book: Arc<Book>,
}

/// Starts a provider: listens, registers it on chain where that is missing, takes up the pods that it had, and bids.
pub async fn start(config: ProviderConfig, cancel: CancellationToken) -> Result<Provider, Error> {
    let images = Images::new(config.cache.clone());
    start_with(config, images, Timers::default(), cancel).await
}

/// [`start`] with other images and other periods.
pub async fn start_with(
    config: ProviderConfig,
    images: Images,
    timers: Timers,
    cancel: CancellationToken,
) -> Result<Provider, Error> {
    let me = config.key.address().clone();
    let chain_error = |source| Error::Chain { provider: me.clone(), node: config.node.clone(), source };
    let client = Client::connect(std::slice::from_ref(&config.node)).map_err(|e| chain_error(e.into()))?;
    make_folder(&config.home)?;
    let identity = registration::identity(&config.home, &me)?;
    let listener = gateway::listen(config.gateway).await.map_err(listening(config.gateway))?;
    let host_uri = format!("https://{}", listener.local_addr().map_err(listening(config.gateway))?);

    let signer = (config.key.clone(), Allowed::provider());
    let journal = Arc::new(MemoryJournal::default());
    let sender = Sender::new(client.clone(), signer, &config.chain_id, journal, Policy::default());
    registration::register(&config, &client, &sender, (&identity, &host_uri)).await?;

    let tasks = Tasks::under(&cancel);
    let (ingress, ingress_address) = open_ingress(&config.home, &tasks).await?;
    let book = open_book(&config, images, ingress, timers.clone())?;
    let facts = Arc::new(ChainFacts { client: client.clone(), me: me.clone() });
    let gateway = Gateway::new(me.clone(), config.cluster.clone(), facts, Arc::clone(&book));
    know_tenants(&gateway, &client).await;
    serve(&gateway, &tasks, listener, &identity)?;
    let engine = Engine {
        me: me.clone(),
        client,
        sender,
        book: Arc::clone(&book),
        attributes: attributes(&config.name),
        pricing: config.pricing,
        timers,
        notice: config.cluster.reclamation_window.map(|window| window.as_secs()),
    };
    engine.start(&tasks);
    tracing::info!(provider = %me, host_uri, "provider started");
    Ok(Provider { address: me, host_uri, ingress: ingress_address, tasks, book })
}

/// Pods get tasks of their own: a cancelled sandbox still ends them orderly in [`Provider::stop`].
fn open_book(
    config: &ProviderConfig,
    images: Images,
    ingress: Ingress,
    timers: Timers,
) -> Result<Arc<Book>, Error> {
    let (home, cluster) = (&config.home, &config.cluster);
    let pods = home.join("leases");
    let shared = Shared {
        dir: pods.clone(),
        images,
        isolation: config.isolation,
        tasks: Tasks::new(),
        ingress,
        public_host: cluster.public_host.clone(),
        rollout: timers.rollout,
        main_is_first: cluster.main_is_first,
    };
    let runtime = cluster.kubernetes.then(|| Runtime::open(shared)).transpose();
    let runtime =
        runtime.map_err(|source| Error::File { action: "take up the pods in", path: pods, source })?;
    let manifests = home.join("manifests");
    Book::open(&manifests, runtime, timers).map_err(|source| Error::File {
        action: "read the manifests in",
        path: manifests,
        source,
    })
}

/// The ingress listens where it did before, if it can.
async fn open_ingress(home: &Path, tasks: &Tasks) -> Result<(Ingress, SocketAddr), Error> {
    let file = home.join("ingress.json");
    let before: Option<u16> = private::load(&file).unwrap_or_default();
    let ingress = Ingress::default();
    let any = SocketAddr::from(([127, 0, 0, 1], before.unwrap_or_default()));
    let address = ingress.listen(tasks, before).await.map_err(listening(any))?;
    private::save(&file, &address.port()).map_err(|source| Error::File {
        action: "write",
        path: file,
        source,
    })?;
    Ok((ingress, address))
}

/// Looks up the owners of the leases that are there already. One that is missed is looked up when it asks.
async fn know_tenants(gateway: &Gateway, client: &Client) {
    let mine = MarketFilter::provider(&gateway.me);
    let leases = client.leases(&mine, Some(LeaseState::Active), At::Latest).await.unwrap_or_default();
    let owners: BTreeSet<Address> =
        leases.into_iter().map(|record| record.lease.id.deployment().owner.clone()).collect();
    for owner in &owners {
        gateway.remember(owner).await;
    }
}

fn serve(
    gateway: &Arc<Gateway>,
    tasks: &Tasks,
    listener: TcpListener,
    identity: &akash_wallet::certificate::Identity,
) -> Result<(), Error> {
    let provider = gateway.me.clone();
    let acceptor = gateway::acceptor(identity)
        .map_err(|source| Error::Certificate { provider, source: source.into() })?;
    tasks.spawn("gateway", gateway::serve(tasks.clone(), listener, acceptor, gateway.router()));
    Ok(())
}

fn make_folder(path: &Path) -> Result<(), Error> {
    private::folder(path).map_err(|source| Error::File { action: "make", path: path.to_owned(), source })
}

fn listening(address: SocketAddr) -> impl Fn(std::io::Error) -> Error {
    move |source| Error::Listen { address, source }
}

impl Provider {
    /// Ends the gateway, the bidding and, within seconds, all pods. What is written down stays: the next start with the same
    /// folder runs them again.
    pub async fn stop(self) {
        self.tasks.stop(PATIENCE).await;
        self.book.stop().await;
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.tasks.token().cancel();
        self.book.kill();
    }
}

#[cfg(test)]
mod tests;
