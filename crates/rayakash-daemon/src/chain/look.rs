//! Looking: everything at one height.

use std::collections::BTreeMap;

use akash_chain::{At, ChainError, MarketFilter};
use akash_types::{DeploymentId, DeploymentState, Lease, UACT, UAKT};
use rayakash_core::view::{Tip, Wallet};
use rayakash_engine::ports::{ChainLook, Record, Unavailable};

use super::ChainAdapter;
use crate::clock::SystemClock;

impl ChainAdapter {
    pub(super) async fn look_at(&self, deployments: &[DeploymentId]) -> Result<ChainLook, Unavailable> {
        self.try_look(deployments).await.map_err(|error| self.unavailable(&error))
    }

    pub(crate) fn unavailable(&self, error: &ChainError) -> Unavailable {
        let mut why = error.to_string();
        let mut source = std::error::Error::source(error);
        while let Some(cause) = source {
            why = format!("{why}: {cause}");
            source = cause.source();
        }
        Unavailable { what: format!("the chain at {}", self.endpoint()), why }
    }

    async fn try_look(&self, deployments: &[DeploymentId]) -> Result<ChainLook, ChainError> {
        let tip = self.tip().await?;
        let at = At::Height(tip.height);
        let mut records = BTreeMap::new();
        for id in deployments {
            if let Some(record) = self.record(id, at).await? {
                records.insert(id.clone(), record);
            }
        }
        let min_deposit = self.min_deposit().await?;
        Ok(ChainLook { tip, wallet: self.wallet(at).await?, min_deposit, deployments: records })
    }

    /// The newest block, the pace of blocks, and whether there are still any.
    pub(crate) async fn tip(&self) -> Result<Tip, ChainError> {
        let seen = self.client.tip().await?;
        if self.pace.is_new() {
            // One older header gives the pace before a second look does.
            let earlier = akash_types::Height(seen.height.0.saturating_sub(20).max(1));
            if let Ok(block) = self.client.block(earlier).await {
                self.pace.saw(block.height, block.time_unix_ms, SystemClock.now_ms());
            }
        }
        self.pace.saw(seen.height, seen.time_unix_ms, SystemClock.now_ms());
        Ok(Tip {
            height: seen.height,
            time_ms: seen.time_unix_ms,
            block_ms: self.pace.block_ms(),
            stalled_since_ms: self.pace.stalled_since(SystemClock.now_ms()),
        })
    }

    async fn min_deposit(&self) -> Result<u128, ChainError> {
        if let Some(known) = self.pace.min_deposit() {
            return Ok(known);
        }
        let params = self.client.deployment_params().await?;
        let amount = params.min_deposits.iter().find(|coin| coin.denom == UACT).map_or(0, |coin| coin.amount);
        self.pace.set_min_deposit(amount);
        Ok(amount)
    }

    async fn wallet(&self, at: At) -> Result<Wallet, ChainError> {
        let Some(owner) = self.owner() else {
            // Nobody's wallet is empty and locked; the address only has to be one.
            let nobody = akash_types::Address::from_bytes(&[0; 20]).map_err(|_| ChainError::NoEndpoint)?;
            let locked_since_ms = self.locked_since_ms();
            return Ok(Wallet { owner: nobody, uact: 0, uakt: 0, locked_since_ms, paused: false });
        };
        Ok(Wallet {
            uact: self.client.balance(&owner, &UACT, at).await?,
            uakt: self.client.balance(&owner, &UAKT, at).await?,
            locked_since_ms: self.locked_since_ms(),
            paused: false,
            owner,
        })
    }

    async fn record(&self, id: &DeploymentId, at: At) -> Result<Option<Record>, ChainError> {
        let Some(found) = self.client.deployment(id, at).await? else { return Ok(None) };
        let mut record = Record {
            deployment: found.deployment,
            groups: found.groups,
            escrow: found.escrow,
            order: None,
            bids: Vec::new(),
            lease: None,
            providers: BTreeMap::new(),
        };
        if record.deployment.state != DeploymentState::Active {
            return Ok(Some(record));
        }
        let orders = self.client.orders(&MarketFilter::deployment(id), None, at).await?;
        record.order = orders.into_iter().max_by_key(|order| order.id.oseq);
        record.lease = self.newest_lease(id, at).await?;
        let wants_bids = record.order.as_ref().is_some_and(|o| o.state == akash_types::OrderState::Open);
        if let Some(order) = record.order.as_ref().filter(|_| wants_bids) {
            record.bids = self.client.bids(&MarketFilter::order(&order.id), None, at).await?;
        }
        let bidders = record.bids.iter().map(|bid| bid.id.provider.clone());
        let lessor = record.lease.iter().map(|lease| lease.id.provider.clone());
        for provider in bidders.chain(lessor).collect::<std::collections::BTreeSet<_>>() {
            let facts = self.providers.facts(&self.client, &provider, at).await?;
            record.providers.insert(provider, facts);
        }
        Ok(Some(record))
    }

    async fn newest_lease(&self, id: &DeploymentId, at: At) -> Result<Option<Lease>, ChainError> {
        let leases = self.client.leases(&MarketFilter::deployment(id), None, at).await?;
        Ok(leases.into_iter().map(|record| record.lease).max_by_key(|lease| lease.id.order.oseq))
    }
}
