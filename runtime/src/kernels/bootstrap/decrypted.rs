//! For tests: bootstraps with known keys, whose results are decrypted, checked, and measured for noise.

use crate::kernels::pooled::Pooled;
use crate::kernels::{
    Bootstrap, BootstrapKeyShape, BootstrapKeyWords, LookupTables, greatest_width, small_mut,
};
use cloakwork_abi::encoding::{decode, encode};
use cloakwork_abi::parameters::{
    Decomposition, ExtensionFactor, GlweDimension, GlweShape, Grouping, LweDimension, PolynomialSize, Width,
};
use tfhe::core_crypto::commons::generators::DeterministicSeeder;
use tfhe::core_crypto::commons::math::random::Seed;
use tfhe::core_crypto::prelude as core;

/// Boxes have at least `2^BOX` steps, far more than the noise of the modulus switch from small dimensions.
const BOX: u32 = 5;
/// Messages of results are this wide.
const OUTPUT: Width = Width(6);

/// A bootstrap to test, with little noise in the keys.
#[derive(Clone, Copy, Debug)]
pub(super) struct Case {
    pub(super) from: usize,
    /// `k` and `N`
    pub(super) shape: (usize, usize),
    /// Bits of a digit and levels.
    pub(super) digits: (u32, u32),
    pub(super) grouping: Grouping,
    pub(super) extension: usize,
    pub(super) outputs: usize,
    pub(super) is_signed: bool,
    pub(super) count: usize,
}

/// Keys and ciphertexts of a [`Case`].
pub(super) struct Sample {
    case: Case,
    width: Width,
    large_key: core::LweSecretKeyOwned<u64>,
    key: Vec<u64>,
    input: Vec<u64>,
    /// Two tables for each result, which ciphertexts take in turns.
    tables: Vec<u64>,
    selector: Vec<u32>,
}

/// Numbers without structure. [Knuth, MMIX]
pub(in crate::kernels) fn numbers(seed: u64) -> impl Iterator<Item = u64> {
    let states = std::iter::successors(Some(seed), |state: &u64| {
        Some(state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407))
    });
    states.skip(3).map(|state| (state ^ state >> 29).wrapping_mul(0xbf58476d1ce4e5b9) ^ state >> 32)
}

impl Sample {
    pub(super) fn new(case: Case, seed: u64) -> Self {
        let Case { from, shape: (dimension, size), digits: (base_log, level), .. } = case;
        let mut seeder = DeterministicSeeder::<core::DefaultRandomGenerator>::new(Seed(seed.into()));
        let mut secret = core::SecretRandomGenerator::<core::DefaultRandomGenerator>::new(Seed(seed.into()));
        let mut encryption = core::EncryptionRandomGenerator::<core::DefaultRandomGenerator>::new(
            Seed(seed.into()),
            &mut seeder,
        );
        let small_key: core::LweSecretKeyOwned<u64> =
            core::allocate_and_generate_new_binary_lwe_secret_key(core::LweDimension(from), &mut secret);
        let glwe_key = core::allocate_and_generate_new_binary_glwe_secret_key(
            core::GlweDimension(dimension),
            core::PolynomialSize(size),
            &mut secret,
        );
        // What the GGSW ciphertexts of the key encrypt.
        let encrypted = match case.grouping {
            Grouping::One => small_key.as_ref().to_vec(),
            Grouping::Two => {
                let (pairs, _) = small_key.as_ref().as_chunks::<2>();
                pairs.iter().flat_map(|&[s, t]| [s * (1 - t), (1 - s) * t, s * t]).collect()
            }
        };
        let key = core::par_allocate_and_generate_new_lwe_bootstrap_key(
            &core::LweSecretKey::from_container(encrypted),
            &glwe_key,
            core::DecompositionBaseLog(base_log as usize),
            core::DecompositionLevelCount(level as usize),
            core::Gaussian::from_dispersion_parameter(core::StandardDev(2f64.powi(-55)), 0.0),
            core::CiphertextModulus::<u64>::new_native(),
            &mut encryption,
        );
        let widest = greatest_width(case.extension * size, case.outputs).expect("tables fit");
        let width = Width((widest.0 + 1 - BOX).clamp(1, 6));
        let entries = 1 << width.0;
        let tables = (0..2 * case.outputs * entries).map(|entry| encode(value(entry), OUTPUT));
        let selector = (0..case.count * case.outputs)
            .map(|i| (i / case.outputs % 2 * case.outputs + i % case.outputs) as u32);
        let mut sample = Self {
            case,
            width,
            large_key: glwe_key.into_lwe_secret_key(),
            key: key.into_container(),
            input: vec![],
            tables: tables.collect(),
            selector: selector.collect(),
        };
        sample.input = sample.encrypted(small_key.as_ref(), seed);
        sample
    }

    /// Every message; masks meet no rotation, half a turn, and the step before a whole one.
    fn encrypted(&self, small_key: &[u64], seed: u64) -> Vec<u64> {
        let Case { from, shape: (_, size), extension, count, .. } = self.case;
        let coefficients = (extension * size) as u64;
        let step = |step: u64| ((step << 32) / (2 * coefficients)) as u32;
        let special = [0, step(coefficients), step(1).wrapping_neg(), step(1), step(coefficients - 1)];
        let mut input = vec![0u64; count * (from + 1)];
        let mut random = numbers(seed + 7);
        for (i, ciphertext) in input.chunks_exact_mut(from + 1).enumerate() {
            let words = &mut small_mut(ciphertext)[..from + 1];
            for (j, word) in words[..from].iter_mut().enumerate() {
                let number = random.next().unwrap() as u32;
                *word = if (i + j) % 3 == 0 { special[number as usize % special.len()] } else { number };
            }
            let mask = words[..from].iter().zip(small_key);
            let product = mask.fold(0u32, |sum, (a, s)| sum.wrapping_add(a.wrapping_mul(*s as u32)));
            let message = encode(self.message(i), self.width);
            words[from] = ((message >> 32) as u32).wrapping_add(product);
        }
        input
    }

    fn message(&self, i: usize) -> i64 {
        let entries = 1 << self.width.0;
        (i % entries) as i64 - if self.case.is_signed { entries as i64 / 2 } else { 0 }
    }

    pub(super) fn key(&self) -> BootstrapKeyWords {
        let Case { from, shape: (dimension, size), digits: (base_log, level), grouping, extension, .. } =
            self.case;
        let shape = BootstrapKeyShape {
            from: LweDimension(from as u64),
            to: GlweShape {
                dimension: GlweDimension(dimension as u64),
                polynomial_size: PolynomialSize(size as u64),
            },
            decomposition: Decomposition { base_log, level },
            grouping,
            extension: ExtensionFactor(extension as u64),
        };
        BootstrapKeyWords { shape, words: self.key.clone() }
    }

    /// The results; the first of them again have the same bits.
    pub(super) fn bootstrap<K: Bootstrap>(&self, kernel: K) -> Vec<u64> {
        let Case { from, outputs, is_signed, count, .. } = self.case;
        let kernel = Pooled::new(kernel);
        let (_, words) = kernel.kernel().words();
        let tables = LookupTables {
            words: &self.tables,
            selector: Some(&self.selector),
            width: self.width,
            is_signed,
            outputs,
        };
        let mut results = vec![u64::MAX; count * outputs * words];
        kernel.bootstrap(&self.input, &mut results, tables);
        let (some, mut again) = (count.min(20), vec![0; count.min(20) * outputs * words]);
        kernel.bootstrap(&self.input[..some * (from + 1)], &mut again, tables);
        assert!(results[..again.len()] == again, "other bits: {:?}", self.case);
        results
    }

    /// The variance of the results' noise; every one of them decrypts right.
    pub(super) fn noise(&self, results: &[u64]) -> f64 {
        let Case { outputs, count, shape: (dimension, size), .. } = self.case;
        let entries = 1usize << self.width.0;
        let modulus = core::CiphertextModulus::<u64>::new_native();
        let squares = results.chunks_exact(dimension * size + 1).enumerate().map(|(i, ciphertext)| {
            let ciphertext = core::LweCiphertext::from_container(ciphertext, modulus);
            let phase = core::decrypt_lwe_ciphertext(&self.large_key, &ciphertext).0;
            let message = self.message(i / outputs);
            let entry = message.rem_euclid(entries as i64) as usize + self.selector[i] as usize * entries;
            let (case, r) = (self.case, i % outputs);
            assert_eq!(
                decode(phase, OUTPUT, false),
                value(entry),
                "{case:?}: result {r} of {message}, width {}",
                self.width
            );
            (phase.wrapping_sub(encode(value(entry), OUTPUT)) as i64 as f64 / 2f64.powi(64)).powi(2)
        });
        squares.sum::<f64>() / (count * outputs) as f64
    }
}

fn value(entry: usize) -> i64 {
    (entry * entry + 3 * entry + 1) as i64 % 64
}
