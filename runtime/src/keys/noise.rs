//! The noise of encryptions.

use super::stream::Stream;
use cloakwork_abi::parameters::NoiseDistribution;
use tfhe::core_crypto::prelude::{DynamicDistribution, StandardDev, UnsignedInteger};

/// Noise around 0 of ciphertexts with coefficients `T`, for `tfhe` to draw. A bound of TUniform noise is at least two bits below
/// those of `T`, which [`super::check`] guarantees.
pub(crate) fn distribution<T: UnsignedInteger>(noise: NoiseDistribution) -> DynamicDistribution<T> {
    match noise {
        NoiseDistribution::Gaussian { variance } => {
            DynamicDistribution::new_gaussian_from_std_dev(StandardDev(variance.std_dev()))
        }
        NoiseDistribution::TUniform { log2_bound } => DynamicDistribution::new_t_uniform(log2_bound),
    }
}

/// Draws the same distributions from a stream of its own, many samples a call.
pub(super) struct Sampler(Stream);

impl Sampler {
    /// Takes all of `stream`.
    pub(super) fn new(stream: Stream) -> Self {
        Self(stream)
    }

    /// Adds noise modulo `2^bits`, at most 64, to each word.
    pub(super) fn add(&mut self, noise: NoiseDistribution, bits: i32, words: &mut [u64]) {
        match noise {
            NoiseDistribution::Gaussian { variance } => {
                let unit = variance.std_dev() * 2f64.powi(bits);
                for pair in words.chunks_mut(2) {
                    let (first, second) = self.normal();
                    for (word, sample) in pair.iter_mut().zip([first, second]) {
                        *word = word.wrapping_add((sample * unit).round() as i64 as u64);
                    }
                }
            }
            NoiseDistribution::TUniform { log2_bound } => {
                for word in words {
                    // Half of `[0, 2^(b + 2))`, halves upwards: each inner integer stands for two numbers, the ends for one.
                    let number = u64::from_le_bytes(self.0.bytes()) >> (62 - log2_bound);
                    *word = word.wrapping_add(number.div_ceil(2).wrapping_sub(1 << log2_bound));
                }
            }
        }
    }

    /// Two independent samples of the standard normal distribution. [Marsaglia, polar method]
    fn normal(&mut self) -> (f64, f64) {
        loop {
            let mut coordinate = || i64::from_le_bytes(self.0.bytes()) as f64 * 2f64.powi(-63);
            let (u, v) = (coordinate(), coordinate());
            let square = u * u + v * v;
            if square > 0.0 && square < 1.0 {
                let factor = (-2.0 * square.ln() / square).sqrt();
                return (u * factor, v * factor);
            }
        }
    }
}
