//! Test: the kernels that the processor chooses agree with those for every processor, on keys and ciphertexts of many
//! shapes. Without AVX-512 both are the same and these tests say nothing.

use super::{
    BootstrapKernel, BootstrapKeyWords, LookupTables, small_mut,
};
use cloakwork_abi::encoding::{decode, encode};
use cloakwork_abi::parameters::{
    Decomposition, ExtensionFactor, GlweDimension, GlweShape, Grouping, LweDimension, PolynomialSize, Width,
};
use tfhe::core_crypto::commons::generators::DeterministicSeeder;
use tfhe::core_crypto::commons::math::random::Seed;
use tfhe::core_crypto::prelude as core;

/// Numbers without structure. [Knuth, MMIX]
pub(super) fn numbers(seed: u64) -> impl Iterator<Item = u64> {
    let states = std::iter::successors(Some(seed), |state: &u64| {
        Some(state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407))
    });
    states.skip(3).map(|state| (state ^ state >> 29).wrapping_mul(0xbf58476d1ce4e5b9) ^ state >> 32)
}

/// Bootstraps of a case are this over `N·n·level`; at least all messages and some, at most 1500.
const WORK: usize = 6_000_000;

/// Variance of noise over that of the stock kernel.
const ALLOWED_NOISE: f64 = 1.3;

/// A bootstrap to test, with little noise in the keys.
struct Case {
    from: usize,
    shape: (usize, usize),
    digits: (u32, u32),
    width: u32,
}

const CASES: [Case; 19] = [
    Case { from: 20, shape: (5, 256), digits: (15, 1), width: 3 },
    Case { from: 9, shape: (6, 256), digits: (8, 3), width: 3 },
    Case { from: 31, shape: (1, 256), digits: (23, 1), width: 2 },
    Case { from: 31, shape: (4, 256), digits: (5, 8), width: 2 },
    Case { from: 40, shape: (3, 512), digits: (18, 1), width: 4 },
    Case { from: 40, shape: (2, 512), digits: (10, 3), width: 4 },
    Case { from: 40, shape: (2, 512), digits: (15, 4), width: 4 },
    Case { from: 30, shape: (2, 1024), digits: (23, 1), width: 5 },
    Case { from: 30, shape: (1, 1024), digits: (7, 3), width: 5 },
    Case { from: 21, shape: (1, 2048), digits: (23, 1), width: 6 },
    Case { from: 21, shape: (1, 2048), digits: (12, 2), width: 6 },
    Case { from: 12, shape: (1, 4096), digits: (22, 1), width: 6 },
    Case { from: 7, shape: (2, 4096), digits: (15, 2), width: 6 },
    Case { from: 10, shape: (1, 8192), digits: (22, 1), width: 6 },
    Case { from: 5, shape: (1, 8192), digits: (12, 3), width: 6 },
    Case { from: 5, shape: (1, 16384), digits: (22, 1), width: 6 },
    Case { from: 4, shape: (1, 32768), digits: (22, 1), width: 6 },
    Case { from: 3, shape: (1, 65536), digits: (20, 1), width: 6 },
    Case { from: 3, shape: (1, 65536), digits: (11, 3), width: 6 },
];

#[test]
fn bootstraps_decrypt_alike_and_are_no_noisier() {
    for (i, case) in CASES.iter().enumerate() {
        compare_bootstraps(case, i % 2 == 1, i as u128);
    }
}

fn compare_bootstraps(case: &Case, is_signed: bool, seed: u128) {
    let Case { from, shape: (dimension, size), digits: (base_log, level), width } = *case;
    let modulus = core::CiphertextModulus::<u64>::new_native();
    let mut seeder = DeterministicSeeder::<core::DefaultRandomGenerator>::new(Seed(seed));
    let mut secret = core::SecretRandomGenerator::<core::DefaultRandomGenerator>::new(Seed(seed));
    let mut encryption =
        core::EncryptionRandomGenerator::<core::DefaultRandomGenerator>::new(Seed(seed), &mut seeder);
    let small_key: core::LweSecretKeyOwned<u64> =
        core::allocate_and_generate_new_binary_lwe_secret_key(core::LweDimension(from), &mut secret);
    let glwe_key = core::allocate_and_generate_new_binary_glwe_secret_key(
        core::GlweDimension(dimension),
        core::PolynomialSize(size),
        &mut secret,
    );
    let standard = core::par_allocate_and_generate_new_lwe_bootstrap_key(
        &small_key,
        &glwe_key,
        core::DecompositionBaseLog(base_log as usize),
        core::DecompositionLevelCount(level as usize),
        core::Gaussian::from_dispersion_parameter(core::StandardDev(2f64.powi(-55)), 0.0),
        modulus,
        &mut encryption,
    );
    let key = || BootstrapKeyWords {
        from: LweDimension(from as u64),
        to: GlweShape {
            dimension: GlweDimension(dimension as u64),
            polynomial_size: PolynomialSize(size as u64),
        },
        decomposition: Decomposition { base_log, level },
        grouping: Grouping::One,
        extension: ExtensionFactor(1),
        words: standard.as_ref().to_vec(),
    };

    // Every message and more than a batch; masks meet no rotation, half a turn, and the step before a whole one.
    let entries = 1usize << width;
    let count = (WORK / (size * from * level as usize)).clamp(entries + 3, 1000);
    let step = 1u32 << (32 - (2 * size).ilog2());
    let special = [0, step * size as u32, step.wrapping_neg(), step, step * (size as u32 - 1)];
    let mut input = vec![0u64; count * (from + 1)];
    let mut random = numbers(seed as u64 + 7);
    for (i, ciphertext) in input.chunks_exact_mut(from + 1).enumerate() {
        let words = &mut small_mut(ciphertext)[..from + 1];
        for (j, word) in words[..from].iter_mut().enumerate() {
            let number = random.next().unwrap() as u32;
            *word = if (i + j) % 3 == 0 { special[number as usize % special.len()] } else { number };
        }
        let mask = words[..from].iter().zip(small_key.as_ref());
        let product = mask.fold(0u32, |sum, (a, s)| sum.wrapping_add(a.wrapping_mul(*s as u32)));
        let message = (i % entries) as i64 - if is_signed { entries as i64 / 2 } else { 0 };
        words[from] = ((encode(message, Width(width)) >> 32) as u32).wrapping_add(product);
    }
    let output_width = Width(6);
    let value = |entry: usize| (entry * entry + 3 * entry + 1) as i64 % 64;
    let table: Vec<u64> = (0..2 * entries).map(|entry| encode(value(entry), output_width)).collect();
    let selector: Vec<u32> = (0..count as u32).map(|i| i % 2).collect();
    let tables = LookupTables { words: &table, selector: Some(&selector), width: Width(width), is_signed, outputs: 1 };

    let large_key = glwe_key.into_lwe_secret_key();
    let words = dimension * size + 1;
    let variances = [BootstrapKernel::portable(key()), BootstrapKernel::new(key())].map(|kernel| {
        let mut output = vec![u64::MAX; count * words];
        kernel.bootstrap(&input, &mut output, tables);
        let (some, mut again) = (count.min(20), vec![0; count.min(20) * words]);
        kernel.bootstrap(&input[..some * (from + 1)], &mut again, tables);
        assert!(output[..some * words] == again, "other bits, k {dimension}, N {size}");
        let squares = output.chunks_exact(words).enumerate().map(|(i, ciphertext)| {
            let ciphertext = core::LweCiphertext::from_container(ciphertext, modulus);
            let phase = core::decrypt_lwe_ciphertext(&large_key, &ciphertext).0;
            let message = (i % entries) as i64 - if is_signed { entries as i64 / 2 } else { 0 };
            let entry = message.rem_euclid(entries as i64) as usize + i % 2 * entries;
            let expected = encode(value(entry), output_width);
            assert_eq!(
                decode(phase, output_width, false),
                value(entry),
                "k {dimension}, N {size}, {base_log} × {level}, message {message}"
            );
            (phase.wrapping_sub(expected) as i64 as f64 / 2f64.powi(64)).powi(2)
        });
        squares.sum::<f64>() / count as f64
    });
    let [expected, found] = variances;
    let ratio = found / expected;
    println!("k {dimension}, N {size}, {base_log} × {level}: {ratio:.3} of the noise, {count} samples");
    // Four sigma of the ratio of two variances that are measured with `count` samples each. Rounding in the
    // transforms is nearly all of the noise here, and ours may have a little more of it.
    let most = ALLOWED_NOISE * (1.0 + 4.0 * (4.0 / count as f64).sqrt());
    assert!(
        ratio < most,
        "k {dimension}, N {size}, {base_log} × {level}: {ratio} of the noise, allowed {most}"
    );
}
