//! Everything that is not the daemon: the chain, providers, Ray, time, and what goes wrong.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use akash_sandbox::market::{Genesis, Holder};
use akash_sandbox::provider::attributes;
use akash_sandbox::{MNEMONIC, Node, Tasks};
use akash_types::{Address, Certificate, CertificateState, Coin, LeaseId, Provider, ProviderInfo};
use akash_wallet::{Key, Mnemonic, TxHash};
use rayakash_core::view::Version;

use super::chance::Chance;
use super::clock::{BEGIN_MS, SimClock};
use super::fault::{Fault, Faults};
use super::trace::Trace;
use crate::Error;

/// The chain's name; the daemon's sandbox network pins it.
pub(crate) const CHAIN_ID: &str = "rayakash-sandbox";
/// The usual time between blocks.
pub(crate) const BLOCK_MS: u64 = 6_000;
/// How many providers there are.
pub(crate) const PROVIDERS: usize = 4;
/// Their keys among those of the sandbox's mnemonic, from here on.
const FIRST_PROVIDER: u32 = 20;
/// The tenant's key.
const TENANT: u32 = 1;

/// The world around a daemon.
pub(crate) struct Stage {
    /// The chain.
    pub(crate) node: Arc<Node>,
    /// Time.
    pub(crate) clock: Arc<SimClock>,
    /// What goes wrong.
    pub(crate) faults: Faults,
    /// What happened.
    pub(crate) trace: Trace,
    /// The key that pays.
    pub(crate) tenant: Key,
    /// The providers, in order.
    pub(crate) providers: Vec<Trader>,
    /// What providers run, by lease.
    pub(crate) pods: Mutex<BTreeMap<LeaseId, Pod>>,
    /// What becomes of transactions that were accepted.
    pub(crate) fates: Mutex<BTreeMap<TxHash, Fate>>,
    /// Chance of nodes and transactions.
    pub(crate) chance: Chance,
    /// Invariants that were broken.
    pub(crate) violations: Mutex<Vec<String>>,
    /// True while jobs run in every cluster.
    pub(crate) busy: bool,
    /// What the chain was used for by others with the tenant's key: uact and uakt that went.
    pub(crate) foreign: Mutex<(u128, u128)>,
    /// What runs in the world beside the daemon.
    pub(crate) tasks: Tasks,
}

/// A provider.
pub(crate) struct Trader {
    /// Its key.
    pub(crate) key: Key,
    /// Its gateway's address.
    pub(crate) host_uri: String,
    /// What it usually asks for, in thousandths of an order's ceiling.
    pub(crate) price: u64,
    /// Seconds of notice that it promises.
    pub(crate) notice: Option<u64>,
}

/// What a provider runs for a lease.
#[derive(Clone, Debug)]
pub(crate) struct Pod {
    pub(crate) version: Version,
    pub(crate) services: BTreeMap<String, u32>,
    /// When the containers of this version are up.
    pub(crate) up_ms: u64,
    /// It never comes up.
    pub(crate) sham: bool,
}

/// What becomes of a transaction that a node accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It goes its way.
    Lands,
    /// So many deliveries of it are lost.
    Lost(u64),
    /// It is handed on at a height.
    Late(u64),
    /// It lands, and nobody is told until then.
    Silent,
}

/// What a world begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Setup {
    /// The seed of everything in it.
    pub(crate) seed: u64,
    /// Jobs run in every cluster.
    pub(crate) busy: bool,
}

impl Stage {
    /// A world before its first block. Needs a Tokio runtime.
    pub(crate) fn new(setup: Setup) -> Result<Self, Error> {
        let words = Mnemonic::parse(MNEMONIC).map_err(|error| Error::Wrong(error.to_string()))?;
        let key = |index| Key::derive(&words, index).map_err(|error| Error::Wrong(error.to_string()));
        let chance = Chance::new(setup.seed, "prices");
        let mut providers = Vec::new();
        for (number, index) in (0..PROVIDERS).zip(FIRST_PROVIDER..) {
            providers.push(Trader {
                key: key(index)?,
                host_uri: format!("https://provider-{number}.sim:8443"),
                price: chance.between(450, 900),
                notice: (number < PROVIDERS / 2).then_some(3_600),
            });
        }
        let genesis = genesis(&providers)?;
        let clock = Arc::new(SimClock::start());
        Ok(Self {
            node: Arc::new(Node::in_memory(&genesis, Duration::from_millis(BLOCK_MS))),
            clock,
            faults: Faults::default(),
            trace: Trace::default(),
            tenant: key(TENANT)?,
            providers,
            pods: Mutex::default(),
            fates: Mutex::default(),
            chance: Chance::new(setup.seed, "nodes"),
            violations: Mutex::default(),
            busy: setup.busy,
            foreign: Mutex::default(),
            tasks: Tasks::new(),
        })
    }

    /// Writes into the trace.
    pub(crate) fn say(&self, line: &str) {
        self.trace.note(self.clock.elapsed_ms(), line);
    }

    /// A promise was broken.
    pub(crate) fn violated(&self, what: String) {
        self.say(&format!("VIOLATION {what}"));
        self.violations.lock().unwrap_or_else(PoisonError::into_inner).push(what);
    }

    /// Promises that were broken.
    pub(crate) fn violations(&self) -> Vec<String> {
        self.violations.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The provider with this address.
    pub(crate) fn trader(&self, address: &Address) -> Option<(usize, &Trader)> {
        self.providers.iter().enumerate().find(|(_, trader)| trader.key.address() == address)
    }

    pub(crate) fn pods(&self) -> MutexGuard<'_, BTreeMap<LeaseId, Pod>> {
        self.pods.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// True, and counted, when a fault of this name is active for a provider.
    pub(crate) fn provider_fault(&self, provider: usize, is: impl Fn(&Fault, usize) -> bool) -> bool {
        let found = self.faults.find(|fault| is(fault, provider).then(|| fault.name()));
        found.inspect(|name| self.faults.hit(name)).is_some()
    }

    /// The time between the blocks now.
    pub(crate) fn block_ms(&self) -> u64 {
        let odd = self.faults.find(|fault| {
            let Fault::BlockTime { ms } = fault else { return None };
            Some(*ms)
        });
        odd.inspect(|_| self.faults.hit("block time")).unwrap_or(BLOCK_MS)
    }
}

fn genesis(providers: &[Trader]) -> Result<Genesis, Error> {
    let mut genesis = Genesis::sandbox(CHAIN_ID, BEGIN_MS.saturating_sub(600_000));
    for trader in providers {
        let owner = trader.key.address().clone();
        let coins = vec![Coin::uact(1_000_000_000_000), Coin::uakt(1_000_000_000_000)];
        genesis.accounts.push(Holder { address: owner.clone(), coins, sequence: 0 });
        genesis.providers.push(Provider {
            owner: owner.clone(),
            host_uri: trader.host_uri.clone(),
            attributes: attributes(&trader.host_uri),
            info: ProviderInfo::default(),
        });
        // Nobody looks into it here: gateways are stood in for.
        let certificate = Certificate {
            serial: "1".to_owned(),
            state: CertificateState::Valid,
            cert: b"certificate of a simulated provider".to_vec(),
            public_key: b"key of a simulated provider".to_vec(),
        };
        genesis.certificates.push((owner, certificate));
    }
    Ok(genesis)
}
