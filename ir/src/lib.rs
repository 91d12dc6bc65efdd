//! The `fhe` and `tfhe` dialects: types, operations, verifiers, builders, the interpreter, diagnostics.
//!
//! Syntax, types and traits are declared in `ods/`; a small generic C++ glue in `cpp/` compiles them.
//! Everything with meaning is in Rust.

pub mod attributes;
pub mod build;
pub mod context;
pub mod diagnostic;
pub mod digits;
pub mod exact_map;
pub mod fhe;
pub mod function;
pub mod host;
pub mod interpret;
pub mod linear;
mod linear_values;
mod nesting;
pub mod pairwise;
pub mod samples;
pub mod scalar;
pub mod tfhe;
pub mod types;
mod verify;
pub mod walk;
