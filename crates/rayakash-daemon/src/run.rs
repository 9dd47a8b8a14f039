//! Start and drain.

use std::fs::File;
use std::future::Future;
use std::io::{self, Read as _, Write as _};
use std::path::PathBuf;
use std::sync::Arc;

use akash_chain::{ChainError, Client};
use nix::fcntl::{Flock, FlockArg};
use rayakash_core::Policy;
use rayakash_engine::Settings;
use rayakash_engine::tasks::Tasks;
use rayakash_ledger::{Ledger, LedgerError};

use crate::chain::ChainAdapter;
use crate::clock::SystemClock;
use crate::clusters::{Clusters, Kept};
use crate::config::Config;
use crate::head::Heads;
use crate::keyring::{KeyError, Keyring, sandbox_key};
use crate::listener::OwnSocket;
use crate::network::Network;
use crate::providers::Gateways;
use crate::sandbox::SandboxFile;
use crate::service::Service;
use crate::vault::FileVault;
use crate::world::RealWorld;
use crate::{audit, http, private, wish};

/// Why the daemon does not run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Another daemon has the state directory.
    #[error("another daemon{} uses {}", process(.pid), lock.display())]
    InUse {
        /// Its process, when it says so.
        pid: Option<u32>,
        /// The lock it holds.
        lock: PathBuf,
    },
    /// The sandbox does not run, so there is no chain to talk to.
    #[error("the sandbox does not run (no {})", home.join("sandbox.json").display())]
    NoSandbox {
        /// Where it would say where it listens.
        home: PathBuf,
    },
    /// A directory, the lock or the socket cannot be used.
    #[error("{what} cannot be used")]
    Io {
        /// Which.
        what: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The ledger cannot be used. It is left as it is.
    #[error("the ledger cannot be used")]
    Ledger(#[from] LedgerError),
    /// The endpoints cannot be used.
    #[error("the chain's endpoints cannot be used")]
    Chain(#[from] ChainError),
    /// The key cannot be opened.
    #[error("the key cannot be opened: {0}")]
    Key(String),
}

fn io_error(what: &impl ToString) -> impl FnOnce(io::Error) -> RunError {
    let what = what.to_string();
    move |source| RunError::Io { what, source }
}

/// Runs the daemon until `stop` is done or it is asked to stop. Clusters go on without it; what it was doing is on record.
pub async fn run(config: Config, stop: impl Future<Output = ()> + Send) -> Result<(), RunError> {
    let _lock = lock(&config)?;
    let tasks = Tasks::new();
    let service = Arc::new(build(&config, &tasks)?);
    let socket =
        OwnSocket::bind(&config.paths.socket()).map_err(io_error(&config.paths.socket().display()))?;
    service.clusters.resume().await?;
    tasks.start("audit", audit::run(Arc::clone(&service.world.chain), Arc::clone(&service.world.ledger)));
    tracing::info!(context = %config.context.name, socket = %config.paths.socket().display(), "ready");
    let asked = service.stop.clone();
    let serve = axum::serve(socket, http::router(Arc::clone(&service)));
    tokio::select! {
        served = serve => served.map_err(io_error(&"the socket"))?,
        () = stop => tracing::info!("stopping"),
        () = asked.cancelled() => tracing::info!("stopping"),
    }
    tasks.stop().await;
    Ok(())
}

/// One daemon per state directory. The lock ends with the process, however that ends.
fn lock(config: &Config) -> Result<Flock<File>, RunError> {
    let path = config.paths.lock();
    private::dir(config.paths.state()).map_err(io_error(&config.paths.state().display()))?;
    let open = File::options().create(true).read(true).append(true).open(&path);
    let file = open.map_err(io_error(&path.display()))?;
    let mut held = Flock::lock(file, FlockArg::LockExclusiveNonblock).map_err(|(mut file, _)| {
        let mut text = String::new();
        let pid = file.read_to_string(&mut text).ok().and_then(|_| text.trim().parse().ok());
        RunError::InUse { pid, lock: path.clone() }
    })?;
    // Who holds it, for the one who finds it held.
    let told = held.set_len(0).and_then(|()| writeln!(held, "{}", std::process::id()));
    told.map_err(io_error(&path.display()))?;
    Ok(held)
}

fn process(pid: &Option<u32>) -> String {
    pid.map_or_else(String::new, |pid| format!(" (process {pid})"))
}

/// The daemon, at rest.
pub(crate) fn build(config: &Config, tasks: &Tasks) -> Result<Service, RunError> {
    let context = config.context.clone();
    let paths = &config.paths;
    let read_wish = |text: &str| wish::read(text).map_err(|invalid| invalid.to_string());
    let ledger = Arc::new(Ledger::open(&paths.ledger(&context.name), read_wish)?.with_limits(config.limits));
    let endpoints = endpoints(config)?;
    let client = Client::connect(&endpoints)?;
    let keyring = Keyring::new(paths.keys());
    let owner = context.key.as_deref().and_then(|name| keyring.address(name));
    let clock = Arc::new(SystemClock);
    let named = (context.network, endpoints, context.funder.clone());
    let chain = Arc::new(ChainAdapter::new(client, named, Arc::clone(&ledger), clock, owner));
    unlock(config, &keyring, &chain).map_err(|error| RunError::Key(crate::providers::chain_of(&error)))?;
    let payer = Arc::clone(&chain);
    let vault = FileVault::new(paths.clusters(&context.name), Arc::new(move || payer.key()));
    let world = Arc::new(RealWorld {
        gateways: Gateways::new(Arc::clone(&chain), vault.clone()),
        heads: Heads::new(vault.clone()),
        chain,
        ledger,
        vault,
        clock: SystemClock,
    });
    let kept = Kept { ledger: Arc::clone(&world.ledger), vault: world.vault.clone() };
    Ok(Service {
        clusters: Clusters::new(world.clone(), kept, settings(config), tasks.clone()),
        world,
        context,
        keyring,
        tasks: tasks.clone(),
        stop: tasks.token(),
        started_ms: SystemClock.now_ms(),
        state_dir: paths.state().display().to_string(),
    })
}

fn endpoints(config: &Config) -> Result<Vec<String>, RunError> {
    if config.context.network != Network::Sandbox || !config.context.endpoints.is_empty() {
        return Ok(config.context.endpoints.clone());
    }
    let home = config.paths.sandbox();
    match SandboxFile::read(&home) {
        // Its ports stay the same when it is started again, so what is read once holds.
        Some(file) => Ok(vec![format!("http://{}", file.grpc)]),
        None => Err(RunError::NoSandbox { home }),
    }
}

fn settings(config: &Config) -> Settings {
    let (bid_window_min, min_bids) = config.context.network.bids();
    let policy = Policy {
        bid_window_min,
        min_bids,
        fee_reserve: config.limits.fee_reserve,
        ready_ms: config.ready_ms,
        ..Policy::default()
    };
    Settings { policy }
}

/// The sandbox's key is public; others are opened when a passphrase was given, and stay locked otherwise.
fn unlock(config: &Config, keyring: &Keyring, chain: &ChainAdapter) -> Result<(), KeyError> {
    let key = match (&config.context.key, &config.passphrase) {
        (None, _) => sandbox_key()?,
        (Some(name), Some(passphrase)) => match keyring.open(name, passphrase) {
            // It cannot be made without a daemon: one that is made later is unlocked later.
            Err(KeyError::Unknown(_)) => return Ok(()),
            opened => opened?,
        },
        (Some(_), None) => return Ok(()),
    };
    chain.unlock(key);
    Ok(())
}
