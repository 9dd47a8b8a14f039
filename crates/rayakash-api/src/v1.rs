//! What goes over the wire, version 1. Amounts of money are text with decimal digits, so that no JSON reader rounds them.

mod cluster;
mod daemon;
mod doctor;
mod event;
mod grant;
mod job;
mod key;
mod money;
mod plan;
mod recovery;
mod secret;
mod wallet;

pub use cluster::{
    Apply, ClusterList, ClusterStatus, Escrow, Exposure, Node, NodeState, Provider, State, Waiting,
};
pub use daemon::{Chain, Check, Health, Network, Version};
pub use doctor::{Doctor, Finding, Level};
pub use event::{Event, LogLine};
pub use grant::{Funding, GrantRequest, RevokeRequest};
pub use job::{Job, JobId, JobLog, JobState, Submit, Token};
pub use key::{Export, Key, KeyList, MadeKey, Mnemonic, NewKey, Unlock};
pub use money::Micro;
pub use plan::{Change, Plan, PlanRequest};
pub use rayakash_core::usd;
pub use recovery::{AdoptRequest, Claim, ClaimRequest, DeploymentList, Frozen, GcRequest, OpenDeployment};
pub use wallet::{Balance, Budget, Cost, CostRow, History, Posting, SetBudget, Wallet};
