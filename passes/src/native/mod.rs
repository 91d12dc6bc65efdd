//! `tfhe` to loops and machine words.

mod clear_source;
pub(crate) mod convert_tfhe_to_loops;
mod emitter;
mod globals;
mod linear_loops;
mod loops;
mod program_spec;
mod sums;
mod workspace;
