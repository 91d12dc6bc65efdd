//! The bootstrap: one fused algorithm for every processor.
//!
//! [`FusedBootstrap`] is generic over [`simd::Simd`], what it asks of a processor; AVX-512, AVX2 with FMA, and plain
//! Rust provide it. All vector instructions stand in `avx512.rs` and `avx2.rs`; the rest is safe code on top of them.
//! `reference.rs` is the bootstrap of `tfhe`, which only tests use.

mod accumulators;
mod add;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod butterfly;
mod choice;
#[cfg(test)]
mod compared;
mod complex;
#[cfg(test)]
mod decrypted;
mod digits;
mod external_product;
mod fused;
mod monomials;
mod multiply;
mod portable;
#[cfg(test)]
mod reference;
mod simd;
mod take_apart;
mod transform;

pub(crate) use choice::BootstrapKernel;
#[cfg(test)]
pub(super) use decrypted::numbers;
