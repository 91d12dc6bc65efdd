//! What bootstraps add: real keys, real kernels, and the distance of the results from what they should be.

use super::secrets::{Secrets, distribution};
use crate::kernels::{BootstrapKernel, BootstrapKeyShape, BootstrapKeyWords, LookupTables, greatest_width};
use cloakwork_abi::noise;
use cloakwork_abi::parameters::{
    Decomposition, ExtensionFactor, GlweShape, Grouping, LweDimension, NoiseDistribution, Variance,
};
use cloakwork_abi::security::ModulusBits;
use rand::Rng;
use tfhe::core_crypto::prelude as core;

/// All words in tables are this one or its negative, so that results are known but for the sign. Signs are random: an
/// accumulator is without structure as it is in most steps.
const WORD: u64 = 1 << 61;

/// A bootstrap that is measured.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bootstrap {
    /// `n`, a multiple of 8.
    pub(super) from: LweDimension,
    pub(super) to: GlweShape,
    pub(super) decomposition: Decomposition,
    pub(super) grouping: Grouping,
    pub(super) extension: ExtensionFactor,
    pub(super) outputs: usize,
    /// Noise of the key.
    pub(super) noise: NoiseDistribution,
}

/// Which kernels are measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Choice {
    /// Those that run programs on this processor.
    Fastest,
    /// Those of a processor with AVX2.
    WithoutAvx512,
    /// Those for every processor.
    Portable,
}

impl Bootstrap {
    /// What the formula says. The first step is left away: it meets an accumulator without mask or noise, and adds
    /// nearly none.
    pub(super) fn formula(&self) -> Variance {
        let key_variance = self.noise.variance(ModulusBits::Bits64);
        let steps = LweDimension(self.from.0 - self.grouping.factor());
        noise::bootstrap(steps, self.to, self.decomposition, self.grouping, key_variance)
    }

    /// Coefficients that are transformed in one bootstrap, about.
    pub(super) fn work(&self) -> u64 {
        let rows = (self.to.dimension.0 + 1) * u64::from(self.decomposition.level);
        self.from.0 * rows * self.to.polynomial_size.0 * self.extension.0
    }

    /// Bootstraps for an eighth of a second, about.
    pub(super) fn affordable(&self) -> usize {
        (125_000_000 / self.work()).clamp(300, 1000) as usize
    }

    /// Mean square of the noise of `count` bootstraps, all results counted.
    pub(super) fn measure(&self, choice: Choice, count: usize, seed: u64) -> f64 {
        let mut secrets = Secrets::new(seed, self.from, self.to);
        let shape = BootstrapKeyShape {
            from: self.from,
            to: self.to,
            decomposition: self.decomposition,
            grouping: self.grouping,
            extension: self.extension,
        };
        let key = &BootstrapKeyWords { shape, words: self.key(&mut secrets) };
        let kernel = match choice {
            Choice::Fastest => BootstrapKernel::new(key),
            Choice::WithoutAvx512 => BootstrapKernel::without_avx512(key),
            Choice::Portable => BootstrapKernel::portable(key),
        };
        let input: Vec<u64> =
            (0..count * (self.from.0 as usize + 1)).map(|_| secrets.random.random()).collect();
        let mut output = vec![0; count * self.outputs * (self.to.lwe_dimension().0 as usize + 1)];
        let coefficients = (self.to.polynomial_size.0 * self.extension.0) as usize;
        let width = greatest_width(coefficients, self.outputs).expect("there is room for so many results");
        let word = |_| if secrets.random.random() { WORD } else { WORD.wrapping_neg() };
        let words: Vec<u64> = (0..self.outputs << width.0).map(word).collect();
        let tables =
            LookupTables { words: &words, selector: None, width, is_signed: false, outputs: self.outputs };
        kernel.bootstrap(&input, &mut output, tables);
        let phases = secrets.large_phases(&output);
        // Two more bits away, the word and its negative are the same.
        let errors = phases.map(|phase| (phase.wrapping_sub(WORD) << 2) as i64 as f64 / 2f64.powi(66));
        super::mean_square(errors)
    }

    fn key(&self, secrets: &mut Secrets) -> Vec<u64> {
        let bits: Vec<u64> = secrets.small.iter().map(|&bit| bit.into()).collect();
        let cleartexts: Vec<u64> = match self.grouping {
            Grouping::One => bits,
            Grouping::Two => {
                let of_pair = |pair: &[u64]| {
                    let (s, t) = (pair[0], pair[1]);
                    [s * (1 - t), (1 - s) * t, s * t]
                };
                bits.chunks_exact(2).flat_map(of_pair).collect()
            }
        };
        let size = core::PolynomialSize(self.to.polynomial_size.0 as usize);
        let mut key = core::LweBootstrapKey::new(
            0,
            core::GlweDimension(self.to.dimension.0 as usize).to_glwe_size(),
            size,
            core::DecompositionBaseLog(self.decomposition.base_log as usize),
            core::DecompositionLevelCount(self.decomposition.level as usize),
            core::LweDimension(cleartexts.len()),
            core::CiphertextModulus::new_native(),
        );
        core::par_generate_lwe_bootstrap_key(
            &core::LweSecretKey::from_container(cleartexts),
            &core::GlweSecretKey::from_container(secrets.large.as_slice(), size),
            &mut key,
            distribution(self.noise),
            &mut secrets.encryption,
        );
        key.into_container()
    }
}
