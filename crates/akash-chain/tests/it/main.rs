//! The client and the sender against a node on a real socket whose every answer the test decides.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::unwrap_in_result,
    clippy::result_large_err,
    reason = "a test stops at the first surprise"
)]

mod asking;
mod believing;
mod node;
mod recorder;
mod sending;
