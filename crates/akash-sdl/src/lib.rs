//! Reads and builds SDL; makes groups, manifest and version hash, byte for byte as Akash does.
//!
//! [`Sdl`] is the document; [`Sdl::groups`] and [`Sdl::manifest`] are made by one walk over it, so that what goes on
//! chain and what goes to the provider always belong together. [`Manifest`] also reads what a tenant sends, as Akash's
//! own decoder does. Everything here is pure. What Akash's Go library accepts and this crate refuses is refused with a
//! reason, never read differently.

mod duration;
mod error;
mod groups;
mod json;
pub mod manifest;
mod places;
mod plan;
mod quantity;
mod sdl;
mod yaml;

pub use error::{Position, Problem, SdlError};
pub use manifest::{Manifest, ManifestError};
pub use places::Places;
pub use sdl::{
    Compute, Credentials, Expose, Gpu, GpuModel, HttpOptions, Interface, Mount, Params, Placement, Protocol,
    Replicas, Review, Sdl, Service, SignedBy, StorageClass, Tee, To, Version, Volume,
};
