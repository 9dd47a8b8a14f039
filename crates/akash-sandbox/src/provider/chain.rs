//! The gateway's questions, asked of a node.

use akash_chain::{At, Client, MarketFilter};
use akash_types::{Address, DeploymentId, LeaseId, LeaseState};
use async_trait::async_trait;

use super::facts::{BoxError, Facts, OnChain, Signer};

/// A node, and whose leases count.
pub(crate) struct ChainFacts {
    pub(crate) client: Client,
    pub(crate) me: Address,
}

#[async_trait]
impl Facts for ChainFacts {
    async fn signer(&self, account: &Address) -> Result<Signer, BoxError> {
        let account = self.client.account(account, At::Latest).await?;
        let known = account.map(|account| account.public_key.map_or(Signer::Silent, Signer::Key));
        Ok(known.unwrap_or(Signer::Unknown))
    }

    async fn deployment(&self, id: &DeploymentId) -> Result<Option<OnChain>, BoxError> {
        let found = self.client.deployment(id, At::Latest).await?;
        Ok(found.map(|found| OnChain {
            hash: found.deployment.hash.to_vec(),
            groups: found.groups.into_iter().map(|group| (group.id.gseq, group.spec)).collect(),
        }))
    }

    async fn active_leases(&self, id: &DeploymentId) -> Result<Vec<LeaseId>, BoxError> {
        let filter = MarketFilter { provider: Some(self.me.clone()), ..MarketFilter::deployment(id) };
        let leases = self.client.leases(&filter, Some(LeaseState::Active), At::Latest).await?;
        Ok(leases.into_iter().map(|record| record.lease.id).collect())
    }
}
