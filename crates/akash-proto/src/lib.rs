//! Protobuf and gRPC types of Akash, built from `proto/`; no logic.
//!
//! The module tree follows the proto packages: `akash_proto::akash::market::v1beta5::MsgCreateLease`.
//! Types of the Cosmos SDK are those of [`cosmos_sdk_proto`], except the few that differ from it: see [`cosmos`].
#![allow(clippy::all, clippy::pedantic, missing_docs)]

include!(concat!(env!("OUT_DIR"), "/packages.rs"));

pub use akash::deployment::v1beta4 as deployment;
pub use akash::market::v1beta5 as market;

/// Everything in `proto/` as a `google.protobuf.FileDescriptorSet`, for programs that read messages by their description.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
