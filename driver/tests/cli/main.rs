//! The commands as their users start them: each step in a process of its own, on files.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod artifacts;
mod bad_input;
mod cost_table;
mod exports;
mod fixture;
mod ir_opt;
mod models;
mod modules;
mod round_trip;
mod strategies;
