//! The noise of encryptions, for `tfhe` to draw.

use cloakwork_abi::parameters::NoiseDistribution;
use tfhe::core_crypto::prelude::{DynamicDistribution, StandardDev, UnsignedInteger};

/// Noise around 0 of ciphertexts with coefficients `T`. A bound of TUniform noise is at least two bits below those
/// of `T`, which [`super::check`] guarantees.
pub(crate) fn distribution<T: UnsignedInteger>(noise: NoiseDistribution) -> DynamicDistribution<T> {
    match noise {
        NoiseDistribution::Gaussian { variance } => {
            DynamicDistribution::new_gaussian_from_std_dev(StandardDev(variance.std_dev()))
        }
        NoiseDistribution::TUniform { log2_bound } => DynamicDistribution::new_t_uniform(log2_bound),
    }
}
