//! The service as its clients and enemies meet it: over sockets, in this process or as the command.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod commands;
mod corpus;
mod fixture;
mod hostile;
mod limits;
mod recovery;
mod round_trip;
mod tenants;

#[path = "../../examples/soak/clients.rs"]
mod clients;
#[path = "../../examples/soak/models.rs"]
mod models;
#[path = "../../examples/soak/raw.rs"]
mod raw;
#[path = "../../examples/soak/server.rs"]
mod server;
