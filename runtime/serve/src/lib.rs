//! Serves compiled programs over HTTP, and calls such a service.
//!
//! - [`client`]: a blocking client, for programs in Rust, the command line and Python;
//! - [`command`]: the command line of the service;
//! - [`service`]: what a running service consists of; [`listener`]: how it listens, and how it ends;
//! - [`hostile`]: what fuzzers call.
//!
//! The layers below the routes, each without HTTP: `scheduler` (whose turn it is), `batches` (what
//! runs side by side), `key_store` (keys on disk), `key_memory`
//! (keys in memory), `models` (programs), `tokens` (who is asking). `bodies` and `listener` hold the limits on what
//! comes in. Design and operation: `docs/serving.md`.

#[cfg(feature = "server")]
mod allocator;
#[cfg(feature = "server")]
mod batches;
#[cfg(feature = "server")]
mod bodies;
#[cfg(feature = "client")]
pub mod client;
#[cfg(feature = "server")]
pub mod command;
mod content_hash;
#[cfg(feature = "server")]
pub mod hostile;
#[cfg(feature = "server")]
mod key_memory;
#[cfg(feature = "server")]
mod key_store;
#[cfg(feature = "server")]
pub mod listener;
#[cfg(feature = "server")]
mod metrics;
#[cfg(feature = "server")]
pub mod models;
#[cfg(feature = "server")]
pub mod options;
#[cfg(feature = "server")]
mod problem;
#[cfg(feature = "server")]
mod routes;
#[cfg(feature = "server")]
mod scheduler;
#[cfg(feature = "server")]
pub mod service;
#[cfg(feature = "server")]
pub mod tokens;
mod wire;

pub use content_hash::ContentHash;
