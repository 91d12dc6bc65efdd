//! Kernels for processors with AVX-512: a fused blind rotation.
//!
//! [`Avx512`] is the proof that the processor has the instructions; whoever holds one may call what needs them.
//! All vector instructions stand in [`vector`]; the rest of this folder is safe code on top of them.

mod accumulators;
mod bootstrap;
mod butterfly;
mod digits;
mod external_product;
mod monomials;
mod transform;
mod vector;

pub(crate) use bootstrap::Avx512Bootstrap;

/// The processor has AVX-512 with the parts F, DQ, BW, VL and VNNI.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Avx512(());

impl Avx512 {
    /// Asks the processor.
    pub(crate) fn detect() -> Option<Self> {
        let has_all = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512vnni");
        has_all.then_some(Self(()))
    }
}
