//! What the tiers, the benches and the comparison share.
//!
//! - [`bench_programs`]: the programs that are timed against another compiler;
//! - [`golden`]: committed text that `BLESS=1` rewrites;
//! - [`integers`]: reproducible inputs and tables;
//! - [`lookup_program`]: the program that is timed;
//! - [`operations`]: what every operation means.

pub mod bench_programs;
pub mod golden;
pub mod integers;
pub mod lookup_program;
pub mod operations;
