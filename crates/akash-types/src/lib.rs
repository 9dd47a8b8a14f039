//! The words of the market: ids, coins, prices, heights, states, resources.
//!
//! The only conversions to and from [`akash_proto`] are here. Reading is `TryFrom` and validates; writing cannot fail.
//! A value of one of these types has been checked once and needs no second look.

mod address;
mod bid;
mod certificate;
mod coin;
mod dec;
mod deployment;
pub mod escrow;
mod group;
mod height;
mod id;
mod lease;
mod malformed;
pub mod msg;
mod order;
mod provider;
mod rejection;
mod resources;
mod time;

pub use address::{Address, BadAddress};
pub use bid::{Bid, BidState, ResourceOffer};
pub use certificate::{Certificate, CertificateState};
pub use coin::{Coin, DecCoin, Denom, UACT, UAKT};
pub use dec::{BadDec, Dec};
pub use deployment::{Deployment, DeploymentState, Group, GroupState};
pub use group::{Attribute, GroupSpec, PlacementRequirements, ResourceUnit, SignedBy};
pub use height::Height;
pub use id::{BadId, BidId, DeploymentId, Dseq, GroupId, LeaseId, OrderId};
pub use lease::{CloseReason, Lease, LeaseState, Reclamation};
pub use malformed::Malformed;
pub use msg::Msg;
pub use order::{Order, OrderState};
pub use provider::{AuditedAttributes, Provider, ProviderInfo};
pub use rejection::Rejection;
pub use resources::{Cpu, Endpoint, EndpointKind, Gpu, Memory, Resources, Volume};
pub use time::Time;
