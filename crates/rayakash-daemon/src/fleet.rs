//! The daemon without a door: its clusters, tended over an outside that somebody else provides.
//!
//! [`run`](crate::run()) is the service; this is the same composition for harnesses that stand in for nodes, providers, Ray, the disk
//! and the clock. What decides, signs, writes and follows is the same code.

use std::path::PathBuf;
use std::sync::Arc;

use akash_chain::Client;
use akash_wallet::Key;
use rayakash_core::spec::Name;
use rayakash_engine::machine::Machine;
use rayakash_engine::ports::{
    Chain, Clock, Head, Ledger as LedgerPort, Providers, Unavailable, Vault, World,
};
use rayakash_engine::tasks::Tasks;
use rayakash_engine::{Report, Settings};
use rayakash_ledger::{Ledger, LedgerError};

use crate::audit;
use crate::chain::ChainAdapter;
use crate::claim;
use crate::clusters::{Clusters, Kept};
use crate::network::Network;
use crate::vault::{FileVault, MakeKeys};
use crate::wish;

/// What a fleet is made of.
pub struct Parts {
    /// The nodes of the chain.
    pub client: Client,
    /// Which chain they should be of.
    pub network: Network,
    /// The key that pays.
    pub key: Key,
    /// The state directory: the ledger, and a folder for each cluster.
    pub state: PathBuf,
    /// What stands in for the machine.
    pub machine: Arc<dyn Machine>,
    /// Makes the keys of clusters.
    pub make_keys: MakeKeys,
    /// Providers' gateways.
    pub providers: Arc<dyn Providers>,
    /// The heads of clusters.
    pub head: Arc<dyn Head>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// What is decided once for all clusters.
    pub settings: Settings,
}

/// The clusters of one key. Dropping it ends nothing: its tasks end with the [`Tasks`] that it was given.
pub struct Fleet {
    clusters: Clusters,
    kept: Kept,
    chain: Arc<ChainAdapter>,
    tasks: Tasks,
    clock: Arc<dyn Clock>,
}

struct Outside {
    chain: Arc<ChainAdapter>,
    kept: Kept,
    providers: Arc<dyn Providers>,
    head: Arc<dyn Head>,
    clock: Arc<dyn Clock>,
}

impl Fleet {
    /// Opens the ledger and the vault, and unlocks the key. Nothing is tended yet.
    pub fn open(parts: Parts, tasks: &Tasks) -> Result<Self, LedgerError> {
        let Parts { client, network, key, state, machine, make_keys, providers, head, clock, settings } =
            parts;
        let read_wish = |text: &str| wish::read(text).map_err(|invalid| invalid.to_string());
        let path = state.join("ledger.sqlite");
        let ledger = Arc::new(Ledger::open_on(Arc::clone(&machine), &path, read_wish)?);
        let named = (network, vec!["nearby".to_owned()], None);
        let chain = ChainAdapter::new(client, named, Arc::clone(&ledger), Arc::clone(&clock), None);
        chain.unlock(key.clone());
        let chain = Arc::new(chain);
        let keys = (Arc::new(move || Some(key.clone())) as _, make_keys);
        let vault = FileVault::on(machine, state.join("clusters"), keys);
        let kept = Kept { ledger, vault };
        let world = Outside {
            chain: Arc::clone(&chain),
            kept: kept.clone(),
            providers,
            head,
            clock: Arc::clone(&clock),
        };
        let clusters = Clusters::new(Arc::new(world), kept.clone(), settings, tasks.clone());
        Ok(Self { clusters, kept, chain, tasks: tasks.clone(), clock })
    }

    /// Goes on with everything that is on record.
    pub async fn resume(&self) -> Result<(), LedgerError> {
        self.clusters.resume().await?;
        self.tasks.start("audit", audit::run(Arc::clone(&self.chain), Arc::clone(&self.kept.ledger)));
        Ok(())
    }

    /// `up`: acknowledged when it returns.
    pub async fn up(&self, name: &Name, file: &str, restart: bool) -> Result<(), LedgerError> {
        self.kept.ledger.write_wish(name, file, restart, self.clock.unix_ms()).await?;
        self.clusters.tend(name);
        Ok(())
    }

    /// `down`: acknowledged when it returns.
    pub async fn down(&self, name: &Name) -> Result<(), LedgerError> {
        self.kept.ledger.drop_wish(name, self.clock.unix_ms()).await?;
        self.clusters.tend(name);
        Ok(())
    }

    /// Why nothing is spent with the key although there may be money, as the ledger knows; none: nothing is in the way.
    pub async fn stopped(&self) -> Result<Option<String>, Unavailable> {
        if let Some(frozen) = self.kept.ledger.frozen().await? {
            return Ok(Some(frozen.seen()));
        }
        let tip = self.chain.tip().await.map_err(|error| self.chain.unavailable(&error))?;
        Ok(self.kept.ledger.funds(&tip).await?.stopped.map(|stopped| stopped.why))
    }

    /// `wallet claim`: somebody answers for what the key did beside this ledger.
    pub async fn claim(&self) -> Result<(), Unavailable> {
        claim::claim(&self.chain, &self.kept.ledger).await?;
        self.clusters.nudge_all();
        Ok(())
    }

    /// Where a cluster stands; none when it is not tended.
    pub fn report(&self, name: &Name) -> Option<Report> {
        self.clusters.report(name)
    }

    /// Its ledger.
    pub fn ledger(&self) -> &Ledger {
        &self.kept.ledger
    }
}

impl World for Outside {
    fn chain(&self) -> &dyn Chain {
        self.chain.as_ref()
    }

    fn providers(&self) -> &dyn Providers {
        self.providers.as_ref()
    }

    fn head(&self) -> &dyn Head {
        self.head.as_ref()
    }

    fn ledger(&self) -> &dyn LedgerPort {
        self.kept.ledger.as_ref()
    }

    fn vault(&self) -> &dyn Vault {
        &self.kept.vault
    }

    fn clock(&self) -> &dyn Clock {
        self.clock.as_ref()
    }
}
