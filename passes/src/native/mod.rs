//! `tfhe` to loops and machine words.

pub(crate) mod convert_tfhe_to_loops;
mod loops;
mod program_spec;
mod workspace;
