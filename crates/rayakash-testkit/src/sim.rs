//! A world in one thread: the daemon's own code over a chain, providers, Ray, a disk and a clock that a seed decides.
//!
//! What decides, signs, journals, sends and follows is what runs in production. Stood in for are: the nodes (the sandbox's model behind
//! its own gRPC services, reached by calls instead of sockets), the providers' gateways, Ray, the disk, chance and time. Tokio's
//! clock is paused, so a day takes seconds, and the same seed makes the same trace byte for byte.
//!
//! [`operation`] ends a daemon's life at each of its effects in turn; [`seed`] lets everything go wrong at times that a seed chooses. Both
//! end with a look for anything that is lost.

mod canary;
mod chance;
mod clock;
mod disk;
mod effects;
mod entries;
mod fault;
mod gateway;
mod head;
mod host;
#[expect(clippy::result_large_err, reason = "tonic's error type, as tonic has it")]
mod lies;
mod lost;
#[expect(clippy::result_large_err, reason = "tonic's error type, as tonic has it")]
mod node;
pub mod operation;
mod plan;
pub mod seed;
mod sign;
mod stage;
mod trace;
mod trade;
mod watch;
mod wire;
mod world;

pub use canary::listen;
pub use effects::{Kind, Phase, Point};
pub use fault::{Fault, KINDS, SWIZZLE};
pub use plan::{Plan, Strike};
pub use world::{in_virtual_time, scratch};
