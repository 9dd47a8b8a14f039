//! The product's verbs and their HTTP contract, v1.
//!
//! [`file`] reads a cluster file, [`import`] makes one of other people's files, [`v1`] holds what goes over the wire, [`error`] how a failure is told, [`routes`] what can be asked
//! and with which scope, [`openapi`] the same as a document, [`client`] asks a daemon over its unix socket.

pub mod client;
pub mod error;
pub mod file;
pub mod import;
pub mod openapi;
pub mod routes;
mod secret_looking;
mod shell;
pub mod v1;
