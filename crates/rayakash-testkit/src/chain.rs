//! What the chain says, asked with queries of our own.

use std::path::Path;

use akash_chain::{At, Client, DeploymentRecord};
use akash_sandbox::Info;
use akash_types::{Address, DeploymentState, Height, UACT, UAKT};

use crate::{Error, Home};

/// A chain, and the account that pays.
#[derive(Clone)]
pub struct Chain {
    client: Client,
    tenant: Address,
}

/// What an account has and what it opened, all at one height.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The height.
    pub height: Height,
    /// What lies in the account, micro-ACT.
    pub uact: u128,
    /// What lies in the account, micro-AKT.
    pub uakt: u128,
    /// Every deployment that the account ever opened, closed ones included.
    pub deployments: Vec<DeploymentRecord>,
}

impl Chain {
    /// The chain of the sandbox that runs in a home. Needs a Tokio runtime.
    pub fn of(home: &Home) -> Result<Self, Error> {
        Self::of_sandbox(&home.sandbox())
    }

    /// The chain of the sandbox that runs from a folder. Needs a Tokio runtime.
    pub fn of_sandbox(folder: &Path) -> Result<Self, Error> {
        let info = Info::read(folder)
            .ok_or_else(|| Error::Wrong(format!("no sandbox runs from {}", folder.display())))?;
        Self::at(&format!("http://{}", info.grpc), &info.tenant)
    }

    /// The chain of a node (`http://host:port`), as one account sees it. Needs a Tokio runtime.
    pub fn at(node: &str, tenant: &str) -> Result<Self, Error> {
        let tenant = tenant.parse().map_err(|_| Error::Wrong(format!("no address: {tenant}")))?;
        Ok(Self { client: Client::connect(&[node.to_owned()])?, tenant })
    }

    /// Its client, for what is not asked here.
    pub const fn client(&self) -> &Client {
        &self.client
    }

    /// The account that pays.
    pub const fn tenant(&self) -> &Address {
        &self.tenant
    }

    /// How the account stands now.
    pub async fn look(&self) -> Result<Standing, Error> {
        let height = self.client.tip().await?.height;
        let at = At::Height(height);
        Ok(Standing {
            height,
            uact: self.client.balance(&self.tenant, &UACT, at).await?,
            uakt: self.client.balance(&self.tenant, &UAKT, at).await?,
            deployments: self.client.deployments(&self.tenant, None, at).await?,
        })
    }
}

impl Standing {
    /// The deployments that were not there before.
    pub fn opened_since(&self, before: &Self) -> Vec<&DeploymentRecord> {
        let known = |record: &&DeploymentRecord| {
            before.deployments.iter().any(|old| old.deployment.id == record.deployment.id)
        };
        self.deployments.iter().filter(|record| !known(record)).collect()
    }

    /// The deployments that are open.
    pub fn open(&self) -> impl Iterator<Item = &DeploymentRecord> {
        self.deployments.iter().filter(|record| record.deployment.state == DeploymentState::Active)
    }
}
