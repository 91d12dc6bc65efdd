//! Secret keys and randomness of a measurement, reproducible.
//!
//! What rounding adds is proportional to the ones of a key. Formulas are about the mean over all keys, so the keys here
//! have as many ones as the mean has: half, and a quarter of all pairs of small coefficients for each pair of bits.

use cloakwork_abi::parameters::{GlweShape, LweDimension, NoiseDistribution};
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use tfhe::core_crypto::commons::generators::DeterministicSeeder;
use tfhe::core_crypto::commons::math::random::Seed;
use tfhe::core_crypto::prelude as core;

pub(super) struct Secrets {
    pub(super) small: Vec<u32>,
    pub(super) large: Vec<u64>,
    pub(super) random: StdRng,
    pub(super) encryption: core::EncryptionRandomGenerator<core::DefaultRandomGenerator>,
}

impl Secrets {
    /// `small` is a multiple of 8.
    pub(super) fn new(seed: u64, small: LweDimension, large: GlweShape) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let mut pairs: Vec<[u32; 2]> = (0..small.0 as u32 / 2).map(|i| [i & 1, i >> 1 & 1]).collect();
        pairs.shuffle(&mut random);
        let mut halves: Vec<u64> = (0..large.lwe_dimension().0).map(|i| i & 1).collect();
        halves.shuffle(&mut random);
        let mut seeder = DeterministicSeeder::<core::DefaultRandomGenerator>::new(Seed(seed.into()));
        let encryption = core::EncryptionRandomGenerator::new(Seed(u128::from(seed) + 1), &mut seeder);
        Self { small: pairs.concat(), large: halves, random, encryption }
    }

    /// Phases of ciphertexts under the large key.
    pub(super) fn large_phases(&self, words: &[u64]) -> impl Iterator<Item = u64> {
        words.chunks_exact(self.large.len() + 1).map(|words| {
            let (body, mask) = words.split_last().expect("a ciphertext has a body");
            let products = mask.iter().zip(&self.large).map(|(a, s)| a.wrapping_mul(*s));
            products.fold(*body, u64::wrapping_sub)
        })
    }
}

/// The same for `tfhe`.
pub(super) fn distribution<T: core::UnsignedInteger>(
    noise: NoiseDistribution,
) -> core::DynamicDistribution<T> {
    match noise {
        NoiseDistribution::Gaussian { variance } => {
            core::DynamicDistribution::new_gaussian(core::StandardDev(variance.std_dev()))
        }
        NoiseDistribution::TUniform { log2_bound } => core::DynamicDistribution::new_t_uniform(log2_bound),
    }
}
