//! Test: what keys hold, by decrypting them, and how much noise.

use super::bootstrap_key::SeededBootstrapKey;
use super::check::{glwe_shape, lwe_dimension};
use super::keyswitch_key::SeededKeyswitchKey;
use super::{KeySeed, Randomness, SecretKeys, Seeds, check, generate};
use crate::kernels::BootstrapKeySource;
use cloakwork_abi::parameters::{
    Decomposition, ExtensionFactor, GlweDimension, GlweShape, Grouping, LweDimension, NoiseDistribution,
    PolynomialSize, Variance,
};
use cloakwork_abi::security::ModulusBits;
use cloakwork_abi::spec::{BootstrapKeySpec, Keyset, KeyswitchKeySpec, SecretKeyShape, SecretKeySpec};
use tfhe::core_crypto::prelude as core;

const LARGE_BOUND: u32 = 20;
const KEYSWITCH_BOUND: u32 = 9;

/// Two GLWE keys and an LWE key; keyswitch keys to the LWE key and to the other GLWE key; bootstrap keys of both
/// groupings. Noise is TUniform.
pub(crate) fn keyset() -> Keyset {
    let glwe = |dimension, size| {
        let (dimension, polynomial_size) = (GlweDimension(dimension), PolynomialSize(size));
        SecretKeyShape::Glwe(GlweShape { dimension, polynomial_size })
    };
    let noise = |log2_bound| NoiseDistribution::TUniform { log2_bound };
    let secret = |name: &str, shape| SecretKeySpec { name: name.into(), shape, noise: noise(LARGE_BOUND) };
    let keyswitch = |name: &str, to| KeyswitchKeySpec {
        name: name.into(),
        from: 0,
        to,
        decomposition: Decomposition { base_log: 4, level: 3 },
        noise: noise(KEYSWITCH_BOUND),
        added_variance: Variance::ZERO,
    };
    let bootstrap = |name: &str, grouping| BootstrapKeySpec {
        name: name.into(),
        from: 2,
        to: 0,
        decomposition: Decomposition { base_log: 7, level: 2 },
        grouping,
        extension: ExtensionFactor(1),
        modulus_switch_variance: Variance::ZERO,
        output_variance: Variance::ZERO,
    };
    Keyset {
        secret_keys: vec![
            secret("big", glwe(2, 256)),
            secret("other", glwe(1, 64)),
            secret("small", SecretKeyShape::Lwe(LweDimension(34))),
        ],
        keyswitch_keys: vec![keyswitch("small_ksk", 2), keyswitch("other_ksk", 1)],
        bootstrap_keys: vec![bootstrap("single", Grouping::One), bootstrap("pairs", Grouping::Two)],
    }
}

fn secret_keys(seed: u128) -> (SecretKeys, Seeds) {
    let mut seeds = Randomness::InsecureSeed(seed).seeds();
    (SecretKeys::generate(&keyset(), &mut seeds, &|_| ()), seeds)
}

fn drawn(seeds: &mut Seeds) -> KeySeed {
    KeySeed { masks: seeds.next(), noise: seeds.next() }
}

/// All words of a key, ciphertext by ciphertext.
fn bootstrap_words(key: &SeededBootstrapKey, spec: &BootstrapKeySpec, keyset: &Keyset) -> Vec<u64> {
    let columns = glwe_shape(keyset, spec.to).dimension.0 as usize + 1;
    let mut words = vec![0; key.bodies.len() * columns];
    let ciphertexts =
        lwe_dimension(keyset, spec.from).0 / spec.grouping.factor() * spec.grouping.ciphertexts();
    let expanded = key.expanded(spec, keyset);
    let size = words.len() / ciphertexts as usize;
    words.chunks_exact_mut(size).enumerate().for_each(|(i, words)| expanded.fill(i, words));
    words
}

#[test]
fn bootstrap_keys_hold_coefficients_or_products_of_pairs() {
    let (secret, mut seeds) = secret_keys(1);
    let keyset = secret.keyset();
    let small = secret.keys[2].to_words32();
    let singles: Vec<u64> = small.iter().map(|&s| u64::from(s)).collect();
    let of_pair = |pair: &[u64]| match pair {
        [0, 0] => [0, 0, 0],
        [1, 0] => [1, 0, 0],
        [0, 1] => [0, 1, 0],
        _ => [0, 0, 1],
    };
    let pairs: Vec<u64> = singles.chunks(2).flat_map(of_pair).collect();
    assert!((0..3).all(|product| pairs[product..].iter().step_by(3).any(|&bit| bit == 1)), "another seed");
    let glwe_key = secret.keys[0].as_glwe().unwrap();
    for (spec, expected) in keyset.bootstrap_keys.iter().zip([singles, pairs]) {
        let seeded = SeededBootstrapKey::generate(spec, &secret, drawn(&mut seeds));
        assert_eq!(seeded.bodies.len() as u64, SeededBootstrapKey::words(spec, keyset));
        let shape = seeded.expanded(spec, keyset).shape();
        assert_eq!((shape.grouping, shape.from.0), (spec.grouping, 34));
        let key = core::LweBootstrapKey::from_container(
            bootstrap_words(&seeded, spec, keyset),
            core::GlweSize(3),
            core::PolynomialSize(256),
            core::DecompositionBaseLog(7),
            core::DecompositionLevelCount(2),
            core::CiphertextModulus::new_native(),
        );
        use core::ContiguousEntityContainer;
        let found = key.iter().map(|ggsw| core::decrypt_constant_ggsw_ciphertext(&glwe_key, &ggsw).0);
        assert_eq!(found.collect::<Vec<u64>>(), expected, "{}", spec.name);
    }
}

#[test]
fn keyswitch_keys_hold_digits_under_small_and_large_keys() {
    let (secret, mut seeds) = secret_keys(2);
    let keyset = secret.keyset();
    let from = secret.keys[0].to_words32();
    let plaintexts: Vec<u32> = from.iter().flat_map(|&s| [s << 20, s << 24, s << 28]).collect();
    for spec in &keyset.keyswitch_keys {
        let seeded = SeededKeyswitchKey::generate(spec, &secret, drawn(&mut seeds));
        assert_eq!(seeded.bodies.len() as u64, SeededKeyswitchKey::words(spec, keyset));
        let words = seeded.expand(spec, keyset);
        let to = secret.keys[spec.to].to_words32();
        let to = core::LweSecretKey::from_container(to.as_slice());
        let noise: Vec<i64> = words
            .words
            .chunks_exact(words.to.0 as usize + 1)
            .zip(&plaintexts)
            .map(|(words, &plaintext)| {
                let modulus = core::CiphertextModulus::new_native();
                let ciphertext = core::LweCiphertext::from_container(words, modulus);
                let phase = core::decrypt_lwe_ciphertext(&to, &ciphertext).0;
                i64::from(phase.wrapping_sub(plaintext) as i32)
            })
            .collect();
        assert_eq!(noise.len(), plaintexts.len());
        assert_uniform(&noise, KEYSWITCH_BOUND, ModulusBits::Bits32);
    }
}

#[test]
fn bootstrap_keys_have_the_noise_of_their_output_key() {
    let (secret, mut seeds) = secret_keys(3);
    let spec = &secret.keyset().bootstrap_keys[1];
    let seeded = SeededBootstrapKey::generate(spec, &secret, drawn(&mut seeds));
    let words = bootstrap_words(&seeded, spec, secret.keyset());
    let glwe_key = secret.keys[0].as_glwe().unwrap();
    let noise = words.chunks_exact(3 * 256).skip(2).step_by(3).flat_map(|row| {
        // The last row of a level holds the product in its constant coefficient: the others are noise alone.
        let modulus = core::CiphertextModulus::new_native();
        let size = core::PolynomialSize(256);
        let ciphertext = core::GlweCiphertext::from_container(row, size, modulus);
        let mut phases = core::PlaintextList::new(0, core::PlaintextCount(256));
        core::decrypt_glwe_ciphertext(&glwe_key, &ciphertext, &mut phases);
        phases.into_container().into_iter().skip(1).map(|phase| phase as i64)
    });
    let noise: Vec<i64> = noise.collect();
    assert_eq!(noise.len(), 17 * 3 * 2 * 255);
    assert_uniform(&noise, LARGE_BOUND, ModulusBits::Bits64);
}

/// TUniform: within the bound, near it, and of its variance to five sigma.
fn assert_uniform(noise: &[i64], log2_bound: u32, modulus: ModulusBits) {
    let bound = 1i64 << log2_bound;
    let greatest = noise.iter().map(|noise| noise.abs()).max().unwrap();
    assert!(greatest <= bound && greatest > bound - bound / 50, "{greatest} of {bound}");
    let squares: f64 = noise.iter().map(|&noise| (noise as f64).powi(2)).sum();
    let expected = NoiseDistribution::TUniform { log2_bound }.variance(modulus).0 / modulus.unit_squared();
    let ratio = squares / noise.len() as f64 / expected;
    // The fourth moment of a uniform distribution is 9/5 of the squared variance.
    let allowed = 5.0 * (0.8 / noise.len() as f64).sqrt();
    assert!((ratio - 1.0).abs() < allowed, "{ratio} of the variance");
}

#[test]
fn unsound_key_sets_are_refused() {
    check(&keyset()).unwrap();
    let refused = |change: &dyn Fn(&mut Keyset)| {
        let mut keyset = keyset();
        change(&mut keyset);
        let error = generate(&keyset, Randomness::InsecureSeed(1), &|_| ()).unwrap_err();
        error.to_string()
    };
    let odd = refused(&|keyset| keyset.secret_keys[2].shape = SecretKeyShape::Lwe(LweDimension(33)));
    assert!(odd.contains("`pairs` takes pairs of coefficients of a key whose dimension is odd"), "{odd}");
    for factor in [0, 1 << 22, u64::MAX] {
        let message = refused(&|keyset| keyset.bootstrap_keys[0].extension = ExtensionFactor(factor));
        let cause = format!("`single` spreads its accumulator over {factor} polynomials");
        assert!(message.contains(&cause), "{message}");
    }
    let from = refused(&|keyset| keyset.keyswitch_keys[1].from = 2);
    assert!(from.contains("`other_ksk` must lead from a GLWE key"), "{from}");
    let nowhere = refused(&|keyset| keyset.keyswitch_keys[1].to = 3);
    assert!(nowhere.contains("`other_ksk` must lead from a GLWE key"), "{nowhere}");
    let noise = refused(&|keyset| {
        keyset.keyswitch_keys[0].noise = NoiseDistribution::TUniform { log2_bound: 31 };
    });
    assert!(noise.contains("`small_ksk` has TUniform noise up to 2^31, allowed is up to 2^30"), "{noise}");
}
