//! Looking: everything at one height.

use std::collections::BTreeMap;
use std::time::Duration;

use akash_chain::{At, ChainError, Client, MarketFilter};
use akash_types::{DeploymentId, DeploymentState, Height, Lease, UACT, UAKT};
use rayakash_core::view::{Tip, Wallet};
use rayakash_engine::ports::{ChainLook, Record, Unavailable};

use super::ChainAdapter;
use super::funding::Funding;
use crate::providers::chain_of;

/// How often a node that is behind is asked again, half a block apart.
const MOST_BEHIND: u32 = 3;

/// So many headers are read at the first look.
const FIRST_HEADERS: u64 = 5;

impl ChainAdapter {
    pub(crate) async fn look_at(&self, deployments: &[DeploymentId]) -> Result<ChainLook, Unavailable> {
        let mut seen = self.try_look(deployments).await.map_err(|error| self.unavailable(&error))?;
        seen.frozen = self.frozen(seen.tip.height).await?;
        Ok(seen)
    }

    pub(crate) fn unavailable(&self, error: &ChainError) -> Unavailable {
        tracing::debug!(error = %chain_of(error), "the chain");
        Unavailable { what: format!("the chain at {}", self.endpoint()), why: error.gist() }
    }

    async fn try_look(&self, deployments: &[DeploymentId]) -> Result<ChainLook, ChainError> {
        let tip = self.tip().await?;
        let unknown = self.closes_only().await?;
        let at = At::Height(tip.height);
        let mut records = BTreeMap::new();
        for id in deployments {
            if let Some(record) = self.record(id, at).await? {
                records.insert(id.clone(), record);
            }
        }
        let min_deposit = self.min_deposit().await?;
        let wallet = self.wallet(&self.client, at).await?;
        Ok(ChainLook { tip, wallet, unknown, frozen: None, min_deposit, deployments: records })
    }

    /// The newest block, the pace of blocks, and whether there are still any. A node of another chain, or one that is behind what was
    /// seen before the question, is refused: a public endpoint may be several nodes behind one name.
    pub(crate) async fn tip(&self) -> Result<Tip, ChainError> {
        let floor = self.pace.floor();
        let mut tries = 0_u32;
        let seen = loop {
            let seen = self.client.tip().await?;
            match credible(&seen, self.network.chain_id(), floor) {
                Ok(()) => break seen,
                // Another node of the pool may answer next, or this one has the block in a moment.
                Err(ChainError::Behind { .. }) if tries < MOST_BEHIND => tries = tries.saturating_add(1),
                Err(error) => return Err(error),
            }
            tokio::time::sleep(Duration::from_millis(self.pace.block_ms() / 2)).await;
        };
        if self.pace.is_new() {
            // The headers just before give the pace at once; several, so that one that came late after an outage does not: prices per hour
            // become ceilings per block by it.
            for back in (1..=FIRST_HEADERS).rev() {
                let earlier = Height(seen.height.0.saturating_sub(back).max(1));
                if let Ok(block) = self.client.block(earlier).await {
                    self.pace.saw(block.height, block.time_unix_ms, self.clock.unix_ms());
                }
            }
        }
        self.pace.saw(seen.height, seen.time_unix_ms, self.clock.unix_ms());
        Ok(Tip {
            height: seen.height,
            time_ms: seen.time_unix_ms,
            block_ms: self.pace.block_ms(),
            stalled_since_ms: self.pace.stalled_since(self.clock.unix_ms()),
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

    /// What there is to spend, as an endpoint shows it.
    pub(super) async fn wallet(&self, client: &Client, at: At) -> Result<Wallet, ChainError> {
        let Some(owner) = self.owner() else {
            // Nobody's wallet is empty and locked; the address only has to be one.
            let nobody = akash_types::Address::from_bytes(&[0; 20]).map_err(|_| ChainError::NoEndpoint)?;
            let locked_since_ms = self.locked_since_ms();
            return Ok(Wallet { owner: nobody, uact: 0, uakt: 0, locked_since_ms, paused: false });
        };
        let (uact, uakt) = match &self.funder {
            Some(funder) => {
                let funding = Funding::shown_by(client, (&owner, funder), at).await?;
                (funding.uact, funding.uakt)
            }
            None => {
                let own = async |denom| client.balance(&owner, denom, at).await;
                (own(&UACT).await?, own(&UAKT).await?)
            }
        };
        Ok(Wallet { uact, uakt, locked_since_ms: self.locked_since_ms(), paused: false, owner })
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
            let facts = self.providers.facts(&self.client, &provider, (at, self.clock.unix_ms())).await?;
            record.providers.insert(provider, facts);
        }
        Ok(Some(record))
    }

    async fn newest_lease(&self, id: &DeploymentId, at: At) -> Result<Option<Lease>, ChainError> {
        let leases = self.client.leases(&MarketFilter::deployment(id), None, at).await?;
        Ok(leases.into_iter().map(|record| record.lease).max_by_key(|lease| lease.id.order.oseq))
    }
}

fn credible(seen: &akash_chain::Tip, expected: &str, floor: Height) -> Result<(), ChainError> {
    if seen.chain_id != expected {
        return Err(ChainError::WrongChain {
            endpoint: "the node that answers".to_owned(),
            expected: expected.to_owned(),
            found: seen.chain_id.clone(),
        });
    }
    if seen.height < floor {
        return Err(ChainError::Behind { at: seen.height, seen: floor });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_of_another_chain_or_behind_is_not_believed() {
        let tip = |chain_id: &str, height| akash_chain::Tip {
            height: Height(height),
            time_unix_ms: 0,
            chain_id: chain_id.to_owned(),
        };
        let why = |tip: &akash_chain::Tip| credible(tip, "local", Height(7)).map_err(|e| e.to_string());
        assert_eq!(why(&tip("local", 7)), Ok(()));
        let behind = why(&tip("local", 6)).unwrap_err();
        assert_eq!(behind, "the node is behind: it is at block 6, and block 7 was seen before");
        assert!(why(&tip("akashnet-2", 7)).unwrap_err().contains("akashnet-2"));
    }
}
