//! What encryptions, keyswitches and modulus switches add: the distance of phases before and after.

use super::mean_square;
use super::secrets::{Secrets, distribution};
use crate::kernels::{KeyswitchKernel, KeyswitchKeyWords, Switched, Target};
use cloakwork_abi::noise;
use cloakwork_abi::parameters::{Decomposition, GlweShape, LweDimension, NoiseDistribution, Variance};
use cloakwork_abi::security::ModulusBits;
use rand::Rng;
use tfhe::core_crypto::prelude as core;

/// Fresh encryptions under a GLWE key.
#[derive(Clone, Copy, Debug)]
pub(super) struct Encryption {
    pub(super) shape: GlweShape,
    pub(super) noise: NoiseDistribution,
}

impl Encryption {
    pub(super) fn formula(&self) -> Variance {
        self.noise.variance(ModulusBits::Bits64)
    }

    pub(super) fn measure(&self, count: usize, seed: u64) -> f64 {
        let mut secrets = Secrets::new(seed, LweDimension(8), self.shape);
        let key = core::LweSecretKey::from_container(secrets.large.as_slice());
        let modulus = core::CiphertextModulus::new_native();
        let mut list = core::LweCiphertextList::new(
            0,
            key.lwe_dimension().to_lwe_size(),
            core::LweCiphertextCount(count),
            modulus,
        );
        let zeros = core::PlaintextList::from_container(vec![0; count]);
        let noise = distribution::<u64>(self.noise);
        core::par_encrypt_lwe_ciphertext_list(&key, &mut list, &zeros, noise, &mut secrets.encryption);
        let phases = secrets.large_phases(list.as_ref());
        mean_square(phases.map(|phase| phase as i64 as f64 / 2f64.powi(64)))
    }
}

/// A keyswitch from a GLWE key to a small key or to another GLWE key.
#[derive(Clone, Copy, Debug)]
pub(super) struct Keyswitch {
    pub(super) from: GlweShape,
    /// Dimension of the key it leads to, a multiple of 8.
    pub(super) to: LweDimension,
    pub(super) target: Target,
    pub(super) decomposition: Decomposition,
    /// Noise of the key, modulo `2^32`.
    pub(super) noise: NoiseDistribution,
}

impl Keyswitch {
    pub(super) fn formula(&self) -> Variance {
        let key_variance = self.noise.variance(ModulusBits::Bits32);
        noise::keyswitch(self.from.lwe_dimension(), self.decomposition, key_variance)
    }

    pub(super) fn measure(&self, count: usize, seed: u64) -> f64 {
        let mut secrets = Secrets::new(seed, self.to, self.from);
        let words = self.key(&mut secrets);
        let (from, to, decomposition) = (self.from.lwe_dimension(), self.to, self.decomposition);
        let kernel =
            KeyswitchKernel::new(KeyswitchKeyWords { from, to, target: self.target, decomposition, words });
        let (input_words, output_words) = (from.0 as usize + 1, to.0 as usize + 1);
        let input: Vec<u64> = (0..count * input_words).map(|_| secrets.random.random()).collect();
        let mut output = vec![0; count * output_words];
        kernel.keyswitch(&input, &mut output);
        let after = output.chunks_exact(output_words).map(|words| self.phase(words, &secrets.small));
        let errors =
            secrets.large_phases(&input).zip(after).map(|(before, after)| after.wrapping_sub(before));
        mean_square(errors.map(|error| error as i64 as f64 / 2f64.powi(64)))
    }

    /// For each coefficient its multiples of `2^32/B^level`, the finest first.
    fn key(&self, secrets: &mut Secrets) -> Vec<u32> {
        let Decomposition { base_log, level } = self.decomposition;
        let rows = |&bit: &u64| (1..=level).rev().map(move |level| (bit as u32) << (32 - base_log * level));
        let plaintexts: Vec<u32> = secrets.large.iter().flat_map(rows).collect();
        let to = core::LweSecretKey::from_container(secrets.small.as_slice());
        let mut list = core::LweCiphertextList::new(
            0,
            to.lwe_dimension().to_lwe_size(),
            core::LweCiphertextCount(plaintexts.len()),
            core::CiphertextModulus::new_native(),
        );
        let plaintexts = core::PlaintextList::from_container(plaintexts);
        let noise = distribution::<u32>(self.noise);
        core::par_encrypt_lwe_ciphertext_list(&to, &mut list, &plaintexts, noise, &mut secrets.encryption);
        list.into_container()
    }

    /// As a number modulo `2^64`, whatever the words are.
    fn phase(&self, words: &[u64], key: &[u32]) -> u64 {
        let coefficient = |i: usize| match self.target {
            Target::Small => u64::from((words[i / 2] >> (i % 2 * 32)) as u32) << 32,
            Target::Large => words[i],
        };
        let products = key.iter().enumerate().map(|(i, &s)| coefficient(i).wrapping_mul(s.into()));
        products.fold(coefficient(key.len()), u64::wrapping_sub)
    }
}

/// A centred modulus switch.
#[derive(Clone, Copy, Debug)]
pub(super) struct ModulusSwitch {
    /// A multiple of 8.
    pub(super) from: LweDimension,
    /// Coefficients of the accumulator.
    pub(super) coefficients: u64,
    /// Tables that it is divided among.
    pub(super) interleaved: u64,
}

impl ModulusSwitch {
    pub(super) fn formula(&self) -> Variance {
        noise::modulus_switch_centred(self.from, 2 * self.coefficients / self.interleaved)
    }

    pub(super) fn measure(&self, count: usize, seed: u64) -> f64 {
        let no_shape = GlweShape {
            dimension: cloakwork_abi::parameters::GlweDimension(1),
            polynomial_size: cloakwork_abi::parameters::PolynomialSize(2),
        };
        let mut secrets = Secrets::new(seed, self.from, no_shape);
        let steps = 2 * self.coefficients as usize / self.interleaved as usize;
        let mut switched = Switched::new(self.from.0 as usize);
        let errors = (0..count).map(|_| {
            let words: Vec<u32> = (0..=self.from.0).map(|_| secrets.random.random()).collect();
            let (mask, body) = words.split_at(words.len() - 1);
            switched.switch(&words, self.coefficients as usize, self.interleaved as usize);
            let before = mask.iter().zip(&secrets.small).fold(body[0], |sum, (a, s)| sum.wrapping_sub(a * s));
            let products = switched.mask.iter().zip(&secrets.small).map(|(&a, &s)| a * s as usize);
            let sum = products.sum::<usize>() / self.interleaved as usize;
            // The body has lost half a step; what its rounding adds is part of the boxes, so it is taken off below.
            let phase =
                ((switched.body / self.interleaved as usize) as f64 + 0.5 - sum as f64) / steps as f64;
            let error = phase - f64::from(before) / 2f64.powi(32);
            error - error.round()
        });
        let errors: Vec<f64> = errors.collect();
        mean_square(errors.into_iter()) - 1.0 / 12.0 / (steps as f64).powi(2)
    }
}
