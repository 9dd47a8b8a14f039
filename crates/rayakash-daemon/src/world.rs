//! The world of one daemon: every port of the engine, over the real thing.

use std::sync::Arc;

use rayakash_engine::ports::{Chain, Clock, Head, Ledger, Providers, Vault, World};

use crate::chain::ChainAdapter;
use crate::clock::SystemClock;
use crate::head::Heads;
use crate::providers::Gateways;
use crate::vault::{FileVault, Throwaway};

/// Every port, over the real thing.
pub(crate) struct RealWorld {
    pub(crate) chain: Arc<ChainAdapter>,
    pub(crate) gateways: Gateways,
    pub(crate) heads: Heads,
    pub(crate) ledger: Arc<rayakash_ledger::Ledger>,
    pub(crate) vault: FileVault,
    pub(crate) clock: SystemClock,
}

impl World for RealWorld {
    fn chain(&self) -> &dyn Chain {
        self.chain.as_ref()
    }

    fn providers(&self) -> &dyn Providers {
        &self.gateways
    }

    fn head(&self) -> &dyn Head {
        &self.heads
    }

    fn ledger(&self) -> &dyn Ledger {
        self.ledger.as_ref()
    }

    fn vault(&self) -> &dyn Vault {
        &self.vault
    }

    fn clock(&self) -> &dyn Clock {
        &self.clock
    }
}

/// The same world, in which nothing is kept: for a look at what would happen.
pub(crate) struct Rehearsal {
    world: Arc<RealWorld>,
    vault: Throwaway,
}

impl Rehearsal {
    pub(crate) fn of(world: &Arc<RealWorld>) -> Self {
        Self { world: Arc::clone(world), vault: Throwaway(world.vault.clone()) }
    }
}

impl World for Rehearsal {
    fn chain(&self) -> &dyn Chain {
        self.world.chain()
    }

    fn providers(&self) -> &dyn Providers {
        self.world.providers()
    }

    fn head(&self) -> &dyn Head {
        self.world.head()
    }

    fn ledger(&self) -> &dyn Ledger {
        self.world.ledger()
    }

    fn vault(&self) -> &dyn Vault {
        &self.vault
    }

    fn clock(&self) -> &dyn Clock {
        self.world.clock()
    }
}
