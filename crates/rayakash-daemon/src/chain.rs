//! The engine's chain port: `akash-chain`'s client for looking, its sender for acting.

mod agree;
mod funding;
mod look;
mod pace;
mod perform;
mod provider_facts;
mod sentinel;
mod shown;
mod signer;

use std::sync::{Arc, PoisonError, RwLock};

use akash_chain::{Client, Policy, Sender};
use akash_types::{Address, DeploymentId, Height};
use akash_wallet::{Allowed, Key};
use async_trait::async_trait;
use rayakash_core::Act;
use rayakash_engine::facts::Intent;
use rayakash_engine::ports::{Chain, ChainLook, Clock, Outcome, Unavailable};
use rayakash_ledger::Ledger;

use crate::journal::LedgerJournal;
use crate::network::Network;
pub(crate) use funding::{Funding, funders};
use pace::Pace;
use provider_facts::ProviderCache;
use sentinel::Sentinel;

/// The chain of one context, and the key that pays there.
pub(crate) struct ChainAdapter {
    client: Client,
    network: Network,
    endpoints: Vec<String>,
    /// Who pays, when the key itself owns nothing.
    funder: Option<Address>,
    journal: Arc<Ledger>,
    clock: Arc<dyn Clock>,
    wallet: RwLock<WalletState>,
    pace: Pace,
    providers: ProviderCache,
    sentinel: Sentinel,
}

/// Whether the key is in memory.
struct WalletState {
    owner: Option<Address>,
    sender: Option<Arc<Sender>>,
    locked_since_ms: u64,
}

impl ChainAdapter {
    /// An adapter without a key; `endpoints` are for people.
    pub(crate) fn new(
        client: Client,
        (network, endpoints, funder): (Network, Vec<String>, Option<Address>),
        journal: Arc<Ledger>,
        clock: Arc<dyn Clock>,
        owner: Option<Address>,
    ) -> Self {
        let wallet = WalletState { owner, sender: None, locked_since_ms: clock.unix_ms() };
        Self {
            client,
            network,
            endpoints,
            funder,
            journal,
            clock,
            wallet: RwLock::new(wallet),
            pace: Pace::new(network.block_ms()),
            providers: ProviderCache::default(),
            sentinel: Sentinel::default(),
        }
    }

    /// From now on transactions can be signed. A key that is unlocked already keeps its sender: there is one for each key, ever.
    pub(crate) fn unlock(&self, key: Key) {
        let owner = key.address().clone();
        let mut wallet = self.wallet.write().unwrap_or_else(PoisonError::into_inner);
        if wallet.sender.as_ref().is_some_and(|sender| sender.key().address() == &owner) {
            return;
        }
        let journal = Arc::new(LedgerJournal(Arc::clone(&self.journal)));
        let sender = Sender::new(
            self.client.clone(),
            (key, Allowed::tenant()),
            self.network.chain_id(),
            journal,
            Policy::default(),
        )
        .paid_by(self.funder.clone());
        wallet.owner = Some(owner);
        wallet.sender = Some(Arc::new(sender));
    }

    /// Whose account it is from now on, while the key itself is locked: its file was made, or removed.
    pub(crate) fn watch(&self, owner: Option<Address>) {
        let mut wallet = self.wallet.write().unwrap_or_else(PoisonError::into_inner);
        if wallet.sender.is_none() {
            wallet.owner = owner;
        }
    }

    /// The account that pays; none while no key was ever chosen.
    pub(crate) fn owner(&self) -> Option<Address> {
        self.wallet.read().unwrap_or_else(PoisonError::into_inner).owner.clone()
    }

    /// Who pays by grants; none when the key pays itself.
    pub(crate) const fn funder(&self) -> Option<&Address> {
        self.funder.as_ref()
    }

    /// The key, when it is in memory.
    pub(crate) fn key(&self) -> Option<Key> {
        self.sender().map(|sender| sender.key().clone())
    }

    fn sender(&self) -> Option<Arc<Sender>> {
        self.wallet.read().unwrap_or_else(PoisonError::into_inner).sender.clone()
    }

    fn locked_since_ms(&self) -> Option<u64> {
        let wallet = self.wallet.read().unwrap_or_else(PoisonError::into_inner);
        wallet.sender.is_none().then_some(wallet.locked_since_ms)
    }

    pub(crate) const fn client(&self) -> &Client {
        &self.client
    }

    /// The newest height seen so far; asks nobody.
    pub(crate) fn newest_height(&self) -> Option<Height> {
        self.pace.newest()
    }

    pub(crate) fn endpoints(&self) -> &[String] {
        &self.endpoints
    }

    pub(crate) fn endpoint(&self) -> String {
        self.endpoints.join(", ")
    }
}

#[async_trait]
impl Chain for ChainAdapter {
    async fn look(&self, deployments: &[DeploymentId]) -> Result<ChainLook, Unavailable> {
        self.look_at(deployments).await
    }

    async fn perform(&self, intent: &str, act: &Act) -> Outcome {
        self.carry_out(intent, act).await
    }

    async fn pursue(&self, intent: &Intent) -> Outcome {
        self.take_up(intent).await
    }
}
