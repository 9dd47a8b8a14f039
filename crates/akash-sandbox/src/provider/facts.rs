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

/// What the chain knows of an account as a signer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signer {
    /// There is no such account.
    Unknown,
    /// It never signed, so its key is not known.
    Silent,
    /// The key that it signs with.
    Key([u8; 33]),
}

/// The three questions.
#[async_trait]
pub(crate) trait Facts: Send + Sync {
    /// What the chain knows of an account as a signer.
    async fn signer(&self, account: &Address) -> Result<Signer, BoxError>;

    /// The deployment, if there ever was one.
    async fn deployment(&self, id: &DeploymentId) -> Result<Option<OnChain>, BoxError>;

    /// The deployment's active leases at this provider.
    async fn active_leases(&self, id: &DeploymentId) -> Result<Vec<LeaseId>, BoxError>;
}
