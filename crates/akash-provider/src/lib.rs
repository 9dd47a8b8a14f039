//! Talks to a provider's gateway: identity, manifest, status, events, logs.
//!
//! A [`Gateway`] is one provider. It speaks HTTP/1.1 over TLS 1.3 and proves the server's identity in the handshake, so
//! that no token and no manifest ever leaves for anybody else. Nothing is spawned and every read is bounded. What a
//! provider says is a stranger's text: it is cut to length and stripped of control characters before it is passed on.

mod error;
mod gateway;
mod http;
mod identity;
pub mod lease;
mod manifest;
pub mod status;
mod stream;
mod verifier;

pub use error::{GatewayError, Recovery};
pub use gateway::Gateway;
pub use identity::{BoxError, ChainCertificates, Identity};
pub use lease::LeaseStatus;
pub use manifest::PutError;
pub use status::ProviderStatus;
pub use stream::{Event, EventObject, LogFilter, LogLine, StreamEnd};
