//! What the gateway asks the chain.

use std::error::Error;

use akash_types::{Address, DeploymentId, GroupSpec, LeaseId};
use async_trait::async_trait;

/// An error whose text is all that matters: it goes to the tenant as it is.
pub(crate) type BoxError = Box<dyn Error + Send + Sync>;

/// A deployment as the chain has it, closed ones included.
#[derive(Clone, Debug)]
pub(crate) struct OnChain {
    /// The version hash that the manifest must have.
    pub(crate) hash: Vec<u8>,
    /// Its groups with their numbers.
    pub(crate) groups: Vec<(u32, GroupSpec)>,
}

/// The three questions.
#[async_trait]
pub(crate) trait Facts: Send + Sync {
    /// The key that an account signs with; `None` when it is unknown or never signed.
    async fn public_key(&self, account: &Address) -> Result<Option<[u8; 33]>, BoxError>;

    /// The deployment, if there ever was one.
    async fn deployment(&self, id: &DeploymentId) -> Result<Option<OnChain>, BoxError>;

    /// The deployment's active leases at this provider.
    async fn active_leases(&self, id: &DeploymentId) -> Result<Vec<LeaseId>, BoxError>;
}
