//! The keyswitch from 64-bit to 32-bit coefficients, as a product of the digits of a batch with the key.
//!
//! [`MatrixKeyswitch`] is the one algorithm, on one of three ways to multiply and add words modulo `2^32`, the
//! fastest first: bytes with VNNI, 16-bit halves with AVX2, whole words in plain Rust. All are exact, so that all
//! have the same bits, those of `tfhe`'s keyswitch (`reference`, which only tests use).

#[cfg(target_arch = "x86_64")]
mod avx2;
mod choice;
#[cfg(test)]
mod compared;
mod digits;
mod matrix;
mod portable;
mod product;
#[cfg(test)]
mod reference;
#[cfg(target_arch = "x86_64")]
mod vnni;

use cloakwork_abi::parameters::{Decomposition, LweDimension};

#[cfg(target_arch = "x86_64")]
use avx2::Avx2;
pub(crate) use choice::KeyswitchKernel;
use matrix::MatrixKeyswitch;
use portable::Portable;
#[cfg(test)]
use reference::ReferenceKeyswitch;
#[cfg(target_arch = "x86_64")]
use vnni::Vnni;

/// A keyswitch key: for each input coefficient, levels from the finest to the coarsest, a ciphertext of
/// `to + 1` words that encrypts the coefficient times `2^32 / B^level`.
pub(crate) struct KeyswitchKeyWords {
    pub(crate) from: LweDimension,
    pub(crate) to: LweDimension,
    pub(crate) target: Target,
    pub(crate) decomposition: Decomposition,
    pub(crate) words: Vec<u32>,
}

/// What a keyswitch leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// A small key: coefficients lie in the 32-bit halves of the words, see [`super::small`].
    Small,
    /// A GLWE key: each coefficient is a word, in its upper half; the lower one is 0.
    Large,
}
