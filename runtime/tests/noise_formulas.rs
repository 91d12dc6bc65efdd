//! Test: our formulas of noise and least noise are those that `tfhe` publishes, at random parameters.
//!
//! Three differences are on purpose and stated where they are tested: squares of digits, the rounding of transforms,
//! and the way to the least noise of all.

#![allow(clippy::unwrap_used, reason = "a panic is a failed test")]

use cloakwork_abi::noise;
use cloakwork_abi::parameters::{
    Decomposition, GlweDimension, GlweShape, Grouping, LweDimension, NoiseFamily, PolynomialSize,
    SecurityLevel, Variance,
};
use cloakwork_abi::security::{ModulusBits, minimal_noise};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tfhe::core_crypto::commons::noise_formulas::centered_mean_shifted_modulus_switch::centered_binary_shifted_modulus_switch_additive_variance as tfhe_centred_modulus_switch;
use tfhe::core_crypto::commons::noise_formulas::lwe_keyswitch as tfhe_keyswitch;
use tfhe::core_crypto::commons::noise_formulas::lwe_multi_bit_programmable_bootstrap as tfhe_multi_bit;
use tfhe::core_crypto::commons::noise_formulas::lwe_programmable_bootstrap as tfhe_bootstrap;
use tfhe::core_crypto::commons::noise_formulas::modulus_switch::modulus_switch_additive_variance as tfhe_modulus_switch;
use tfhe::core_crypto::commons::noise_formulas::secure_noise as tfhe_noise;
use tfhe::core_crypto::prelude as core;

const Q32: f64 = (1u64 << 32) as f64;
const Q64: f64 = Q32 * Q32;
/// Random parameters of each formula.
const COUNT: usize = 2000;

/// Random parameters.
struct Parameters(StdRng);

impl Parameters {
    fn within(&mut self, least: u64, greatest: u64) -> u64 {
        self.0.random_range(least..=greatest)
    }

    fn small(&mut self) -> LweDimension {
        LweDimension(self.within(450, 1200))
    }

    fn shape(&mut self) -> GlweShape {
        loop {
            let shape = GlweShape {
                dimension: GlweDimension(self.within(1, 6)),
                polynomial_size: PolynomialSize(1 << self.within(8, 14)),
            };
            if shape.lwe_dimension().0 >= 450 {
                return shape;
            }
        }
    }

    fn decomposition(&mut self, bits: u32) -> Decomposition {
        let base_log = self.within(1, 26.min(bits.into())) as u32;
        let level = self.within(1, 11.min(bits / base_log).into()) as u32;
        Decomposition { base_log, level }
    }

    fn family(&mut self) -> NoiseFamily {
        if self.0.random() { NoiseFamily::Gaussian } else { NoiseFamily::TUniform }
    }
}

fn parameters() -> impl Iterator<Item = Parameters> {
    (0..COUNT as u64).map(|seed| Parameters(StdRng::seed_from_u64(seed)))
}

/// The least variance as `tfhe` has it, which its formulas assume.
fn tfhe_variance(family: NoiseFamily, dimension: LweDimension, modulus: f64) -> Variance {
    let dimension = core::LweDimension(dimension.0 as usize);
    Variance(match family {
        NoiseFamily::Gaussian => {
            tfhe_noise::minimal_lwe_variance_for_132_bits_security_gaussian(dimension, modulus).0
        }
        NoiseFamily::TUniform => {
            tfhe_noise::minimal_lwe_variance_for_132_bits_security_tuniform(dimension, modulus).0
        }
    })
}

fn lwe(dimension: LweDimension) -> core::LweDimension {
    core::LweDimension(dimension.0 as usize)
}

fn digits(
    Decomposition { base_log, level }: Decomposition,
) -> (core::DecompositionBaseLog, core::DecompositionLevelCount) {
    (core::DecompositionBaseLog(base_log as usize), core::DecompositionLevelCount(level as usize))
}

fn glwe(shape: GlweShape) -> (core::GlweDimension, core::PolynomialSize) {
    (core::GlweDimension(shape.dimension.0 as usize), core::PolynomialSize(shape.polynomial_size.0 as usize))
}

/// Least share that squares of exact digits have of those of uniform ones, `(B² + 2)/12`: with two levels or more, a
/// digit of half the base follows the next one, which takes at most 1/4 off, see `noise`.
fn least_share(Decomposition { base_log, level }: Decomposition) -> f64 {
    let base = f64::from(base_log).exp2();
    if level == 1 { 1.0 } else { 1.0 - 3.0 / (base * base + 2.0) }
}

fn assert_near(found: f64, expected: f64, tolerance: f64, what: &dyn std::fmt::Debug) {
    assert!((found / expected - 1.0).abs() < tolerance, "{what:?}: {found:e} instead of {expected:e}");
}

#[test]
fn modulus_switches() {
    for mut random in parameters() {
        let (from, steps) = (random.small(), 1u64 << random.within(8, 20));
        let expected = tfhe_modulus_switch(lwe(from), Q32, steps as f64).0;
        assert_near(noise::modulus_switch(from, steps).0, expected, 1e-12, &(from, steps));
        let expected = tfhe_centred_modulus_switch(lwe(from), Q32, steps as f64).0;
        assert_near(noise::modulus_switch_centred(from, steps).0, expected, 1e-12, &(from, steps));
    }
}

#[test]
fn keyswitches_but_for_squares_of_digits() {
    for mut random in parameters() {
        let (from, to, gadget) = (random.shape().lwe_dimension(), random.small(), random.decomposition(32));
        let family = random.family();
        let formula = match family {
            NoiseFamily::Gaussian => tfhe_keyswitch::keyswitch_additive_variance_132_bits_security_gaussian,
            NoiseFamily::TUniform => tfhe_keyswitch::keyswitch_additive_variance_132_bits_security_tuniform,
        };
        let (base_log, level) = digits(gadget);
        let expected = formula(lwe(from), lwe(to), base_log, level, Q64, Q32).0;
        let found = noise::keyswitch(from, gadget, tfhe_variance(family, to, Q32)).0;
        let range = least_share(gadget) * (1.0 - 1e-12)..=1.0 + 1e-12;
        assert!(range.contains(&(found / expected)), "{from} {to} {gadget:?}: {found:e}, {expected:e}");
    }
}

/// `tfhe`'s variance of a bootstrap without the rounding of transforms, and that rounding. The bits of its numbers are a
/// parameter: with 64 of them that part is less by `2^22` than with 53.
fn parts(formula: impl Fn(f64) -> f64) -> (f64, f64) {
    let (rough, fine) = (formula(53.0), formula(64.0));
    let exact = fine - (rough - fine) / (22f64.exp2() - 1.0);
    (exact, rough - exact)
}

/// `found` is `expected`, or less by the squares of digits. Differences leave the less exact the greater `transform` is.
fn assert_within(
    found: f64,
    (expected, transform): (f64, f64),
    gadget: Decomposition,
    what: &dyn std::fmt::Debug,
) {
    let tolerance = 1e-9 + 1e-14 * transform / expected;
    let range = least_share(gadget) - tolerance..=1.0 + tolerance;
    assert!(range.contains(&(found / expected)), "{what:?}, {gadget:?}: {found:e}, {expected:e}");
}

#[test]
fn bootstraps_of_single_coefficients_but_for_transforms_and_squares_of_digits() {
    for mut random in parameters() {
        let (from, to, gadget, family) =
            (random.small(), random.shape(), random.decomposition(50), random.family());
        let formula = match family {
            NoiseFamily::Gaussian => tfhe_bootstrap::pbs_variance_132_bits_security_gaussian_fft_mul,
            NoiseFamily::TUniform => tfhe_bootstrap::pbs_variance_132_bits_security_tuniform_fft_mul,
        };
        let ((base_log, level), (k, size)) = (digits(gadget), glwe(to));
        let published = |mantissa| formula(lwe(from), k, size, base_log, level, mantissa, Q64).0;
        let (expected, transform) = parts(published);
        let found = exact(from, to, gadget, Grouping::One, tfhe_variance(family, to.lwe_dimension(), Q64));
        assert_within(found, (expected, transform), gadget, &(from, to));
    }
}

/// `tfhe` chooses among four keys for a pair of coefficients, of which three are sums here: each term is 3/2 of its term.
#[test]
fn bootstraps_of_pairs_are_one_and_a_half_of_those_with_four_keys() {
    for mut random in parameters() {
        let (from, to, gadget, family) =
            (random.small(), random.shape(), random.decomposition(50), random.family());
        let formula = match family {
            NoiseFamily::Gaussian => {
                tfhe_multi_bit::multi_bit_pbs_variance_132_bits_security_gaussian_gf_2_fft_mul
            }
            NoiseFamily::TUniform => {
                tfhe_multi_bit::multi_bit_pbs_variance_132_bits_security_tuniform_gf_2_fft_mul
            }
        };
        let ((base_log, level), (k, size)) = (digits(gadget), glwe(to));
        let published = |mantissa| formula(lwe(from), k, size, base_log, level, mantissa, Q64).0;
        let (expected, transform) = parts(published);
        let found = exact(from, to, gadget, Grouping::Two, tfhe_variance(family, to.lwe_dimension(), Q64));
        assert_within(found, (1.5 * expected, transform), gadget, &(from, to));
    }
}

fn exact(from: LweDimension, to: GlweShape, gadget: Decomposition, grouping: Grouping, key: Variance) -> f64 {
    // Where transforms round most, what is left of the difference has no digits.
    let of_key = noise::bootstrap(from, to, gadget, grouping, key).0;
    of_key - noise::transform(from, to, gadget, grouping).0
}

/// Our transforms round as those of `tfhe` do, give or take: theirs is a fit with powers, within a factor of two for
/// the shapes and levels that it was made for.
#[test]
fn transforms_of_single_coefficients_round_as_those_of_tfhe_do() {
    for mut random in parameters() {
        let (from, to, gadget) = (random.small(), random.shape(), random.decomposition(50));
        if to.lwe_dimension().0 > 4096 || gadget.level > 5 {
            continue;
        }
        let ((base_log, level), (k, size)) = (digits(gadget), glwe(to));
        let published = |mantissa| {
            let formula = tfhe_bootstrap::pbs_variance_132_bits_security_gaussian_fft_mul;
            formula(lwe(from), k, size, base_log, level, mantissa, Q64).0
        };
        let (exact, transform) = parts(published);
        if transform < 1e-6 * exact {
            continue; // the difference says nothing
        }
        let share = noise::transform(from, to, gadget, Grouping::One).0 / transform;
        assert!((0.5..2.0).contains(&share), "{from} {to:?} {gadget:?}: {share}");
    }
}

/// `tfhe` adds the least variance of all to that of its line, ours takes the greater of the two.
#[test]
fn least_gaussian_noise() {
    for mut random in parameters() {
        for (modulus, q) in [(ModulusBits::Bits32, Q32), (ModulusBits::Bits64, Q64)] {
            let dimension = LweDimension(random.within(450, 3000));
            let noise =
                minimal_noise(SecurityLevel::Bits132, NoiseFamily::Gaussian, dimension, modulus).unwrap();
            let least = 16.0 / q / q;
            let found = noise.variance(modulus).0;
            let expected = tfhe_variance(NoiseFamily::Gaussian, dimension, q).0;
            let line = expected - least;
            let greater = if line > 1e-6 * least { line.max(least) } else { least };
            assert_near(found, greater, 1e-6, &dimension);
            assert!(found <= expected * (1.0 + 1e-12) && found > expected / 2.001, "{dimension}");
        }
    }
}

/// `tfhe` again adds a least variance, about that of the least bound of 3, which ours holds to instead.
#[test]
fn least_tuniform_noise_and_its_variance() {
    for mut random in parameters() {
        for (modulus, q) in [(ModulusBits::Bits32, Q32), (ModulusBits::Bits64, Q64)] {
            let dimension = LweDimension(random.within(450, 3000));
            let noise =
                minimal_noise(SecurityLevel::Bits132, NoiseFamily::TUniform, dimension, modulus).unwrap();
            let cloakwork_abi::parameters::NoiseDistribution::TUniform { log2_bound } = noise else {
                panic!("{noise:?}")
            };
            let bound = tfhe_noise::minimal_lwe_bound_for_132_bits_security_tuniform(lwe(dimension), q);
            assert_eq!(log2_bound, bound.max(3), "{dimension}");
            let found = noise.variance(modulus).0 * q * q;
            let sampled = core::TUniform::<u64>::new(log2_bound).variance(q).0 * q * q;
            assert_near(found, sampled, 1e-12, &log2_bound);
            let added = tfhe_variance(NoiseFamily::TUniform, dimension, q).0 * q * q;
            let least = 4.44f64.exp2();
            let range = found * (1.0 - 1e-9)..=(found + least) * (1.0 + 1e-9);
            assert!(range.contains(&added), "{dimension}: {found} and {added} units");
        }
    }
}
