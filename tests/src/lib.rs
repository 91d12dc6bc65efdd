//! What the tiers, the benches and the comparison share.
//!
//! - [`golden`]: committed text that `BLESS=1` rewrites;
//! - [`integers`]: reproducible inputs and tables;
//! - [`lookup_program`]: the program that is timed.

pub mod golden;
pub mod integers;
pub mod lookup_program;
