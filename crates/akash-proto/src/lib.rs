//! Protobuf and gRPC types of Akash, built from `proto/`; no logic.
//!
//! The module tree follows the proto packages: `akash_proto::akash::market::v1beta5::MsgCreateLease`.
//! Types of the Cosmos SDK are those of [`cosmos_sdk_proto`].
#![allow(clippy::all, clippy::pedantic, missing_docs)]

include!(concat!(env!("OUT_DIR"), "/akash.rs"));

pub use akash::deployment::v1beta4 as deployment;
pub use akash::market::v1beta5 as market;
