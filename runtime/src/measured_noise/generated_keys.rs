//! Keys from `generate` and encryptions from `encrypt`, in the dimensions of programs: variances are those that the
//! formulas say.

use super::mean_square;
use crate::client::encrypt_with;
use crate::kernels::LookupTables;
use crate::keys::{Randomness, SecretKeys, generate};
use crate::value::Data;
use cloakwork_abi::encoding::encode;
use cloakwork_abi::functions::abi_hash;
use cloakwork_abi::noise;
use cloakwork_abi::parameters::{
    Decomposition, ExtensionFactor, GlweDimension, GlweShape, Grouping, LweDimension, NoiseDistribution,
    PolynomialSize, SecurityLevel, Variance, Width,
};
use cloakwork_abi::security::{ModulusBits, minimal_variance};
use cloakwork_abi::spec::{
    BootstrapKeySpec, EncodingSpec, ErrorSpec, Keyset, KeyswitchKeySpec, OperationCounts, ProgramSpec,
    SPEC_VERSION, SecretKeyShape, SecretKeySpec, SecuritySpec, ValueSpec,
};
use ndarray::{ArrayD, IxDyn};
use tfhe::core_crypto::algorithms::modulus_switch::ModulusSwitchedLweCiphertext;
use tfhe::core_crypto::prelude as core;

/// Samples of fresh encryptions, keyswitches and modulus switches: their variance is known to 2.6 % (one sigma).
const SAMPLES: usize = 3072;
/// Samples of bootstraps: 4 %.
const BOOTSTRAPS: usize = 1280;
/// For the samples, and for the one secret key that is measured instead of the mean over all.
const TOLERANCE: f64 = 0.12;

struct Point {
    small: u64,
    shape: (u64, u64),
    bootstrap: (u32, u32),
    keyswitch: (u32, u32),
    grouping: Grouping,
}

const POINTS: [Point; 6] = [
    Point { small: 640, shape: (5, 256), bootstrap: (15, 1), keyswitch: (3, 4), grouping: Grouping::One },
    Point { small: 660, shape: (3, 512), bootstrap: (18, 1), keyswitch: (4, 3), grouping: Grouping::One },
    Point { small: 742, shape: (2, 1024), bootstrap: (23, 1), keyswitch: (5, 3), grouping: Grouping::Two },
    Point { small: 800, shape: (1, 2048), bootstrap: (23, 1), keyswitch: (3, 5), grouping: Grouping::One },
    Point { small: 580, shape: (1, 1024), bootstrap: (7, 3), keyswitch: (2, 8), grouping: Grouping::Two },
    Point { small: 700, shape: (2, 512), bootstrap: (8, 2), keyswitch: (6, 2), grouping: Grouping::One },
];

#[test]
fn measured_variances_are_those_of_the_formulas() {
    let mut failures = vec![];
    for (i, point) in POINTS.iter().enumerate() {
        for (what, measured, formula) in measure(point, i as u128) {
            let ratio = measured / formula.0;
            println!("point {i}: {what:16} 2^{:7.3}, {:.3} of the formula", measured.log2() / 2.0, ratio);
            if (ratio - 1.0).abs() > TOLERANCE {
                failures
                    .push(format!("point {i}: {what} has {ratio:.3} of the variance that the formula says"));
            }
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

fn measure(point: &Point, seed: u128) -> [(&'static str, f64, Variance); 4] {
    let keyset = keyset(point);
    let (secret, evaluation) = generate(&keyset, Randomness::InsecureSeed(seed), &|_| ()).unwrap();
    let large_noise = keyset.secret_keys[0].variance();
    let SecretKeyShape::Glwe(shape) = keyset.secret_keys[0].shape else { unreachable!("see `keyset`") };
    let (from, size) = (LweDimension(point.small), shape.polynomial_size);

    let spec = spec(keyset.clone(), SAMPLES as u64);
    let zeros = ArrayD::from_elem(IxDyn(&[SAMPLES]), 0);
    let values = encrypt_with(&spec, &secret, &[zeros], Randomness::InsecureSeed(seed + 100)).unwrap();
    let expanded = values[0].expanded(&spec.inputs[0], &keyset);
    let Data::Encrypted(input) = &expanded.data else { unreachable!("see `spec`") };
    let (large_words, small_words) = (shape.lwe_dimension().0 as usize + 1, point.small as usize + 1);
    let phases = large_phases(&secret, input);
    let fresh = mean_square(phases.iter().map(|&phase| phase as i64 as f64 / 2f64.powi(64)));

    let mut small = vec![0; SAMPLES * small_words];
    evaluation.keyswitch[0].keyswitch(input, &mut small);
    let small_key = secret.keys[1].to_words32();
    let small_key = core::LweSecretKey::from_container(small_key.as_slice());
    let ciphertext = |i: usize| {
        let words = &small[i * small_words..][..small_words];
        // 32-bit halves, lowest first; a small ciphertext fills the first half of its words.
        let halves = words.iter().flat_map(|&word| [word as u32, (word >> 32) as u32]).take(small_words);
        core::LweCiphertext::from_container(halves.collect::<Vec<_>>(), core::CiphertextModulus::new_native())
    };
    let small_phases: Vec<u32> =
        (0..SAMPLES).map(|i| core::decrypt_lwe_ciphertext(&small_key, &ciphertext(i)).0).collect();
    let pairs = small_phases.iter().zip(&phases);
    let added = pairs.map(|(&small, &large)| ((u64::from(small) << 32).wrapping_sub(large)) as i64 as f64);
    let keyswitch = mean_square(added.map(|noise| noise / 2f64.powi(64)));

    // The switched body is rounded, which the formula leaves away: see its documentation.
    let log = core::PolynomialSize(size.0 as usize).to_blind_rotation_input_modulus_log();
    let steps = 2.0 * size.0 as f64;
    let switched = (0..SAMPLES).map(|i| {
        let ciphertext = ciphertext(i);
        let switched = core::lwe_ciphertext_centered_binary_modulus_switch::<u32, usize, _>(ciphertext, log);
        let products = switched.mask().zip(small_key.as_ref()).map(|(a, &s)| a * s as usize);
        let phase = (switched.body() as f64 + 0.5 - products.sum::<usize>() as f64) / steps;
        let error = phase - f64::from(small_phases[i]) / 2f64.powi(32);
        error - error.round()
    });
    let modulus_switch = mean_square(switched) - 1.0 / 12.0 / steps.powi(2);

    let word = encode(1, Width(4));
    let tables =
        LookupTables { words: &[word, word], selector: None, width: Width(1), is_signed: false, outputs: 1 };
    let mut output = vec![0; BOOTSTRAPS * large_words];
    evaluation.bootstrap[0].bootstrap(&small[..BOOTSTRAPS * small_words], &mut output, tables);
    let errors =
        large_phases(&secret, &output).into_iter().map(|phase| phase.wrapping_sub(word) as i64 as f64);
    let bootstrap = mean_square(errors.map(|error| error / 2f64.powi(64)));

    let KeyswitchKeySpec { decomposition: keyswitch_digits, .. } = keyset.keyswitch_keys[0];
    let BootstrapKeySpec { decomposition: bootstrap_digits, .. } = keyset.bootstrap_keys[0];
    let small_noise = keyset.secret_keys[1].variance();
    [
        ("fresh encryption", fresh, large_noise),
        ("keyswitch", keyswitch, noise::keyswitch(shape.lwe_dimension(), keyswitch_digits, small_noise)),
        ("modulus switch", modulus_switch, noise::modulus_switch_centred(from, 2 * size.0)),
        (
            "bootstrap",
            bootstrap,
            noise::bootstrap(from, shape, bootstrap_digits, point.grouping, large_noise),
        ),
    ]
}

fn large_phases(secret: &SecretKeys, words: &[u64]) -> Vec<u64> {
    let (key, _) = secret.large(0).unwrap();
    let ciphertexts = words.chunks_exact(key.lwe_dimension().0 + 1);
    let modulus = core::CiphertextModulus::new_native();
    ciphertexts
        .map(|words| {
            core::decrypt_lwe_ciphertext(&key, &core::LweCiphertext::from_container(words, modulus)).0
        })
        .collect()
}

fn keyset(point: &Point) -> Keyset {
    let (k, size) = point.shape;
    let shape = GlweShape { dimension: GlweDimension(k), polynomial_size: PolynomialSize(size) };
    let minimal = |dimension, modulus| minimal_variance(SecurityLevel::Bits128, dimension, modulus).unwrap();
    let digits = |(base_log, level)| Decomposition { base_log, level };
    let small = LweDimension(point.small);
    let secret_key = |name: &str, shape, variance| {
        let noise = NoiseDistribution::Gaussian { variance };
        SecretKeySpec { name: name.into(), shape, noise }
    };
    Keyset {
        secret_keys: vec![
            secret_key(
                "big",
                SecretKeyShape::Glwe(shape),
                minimal(shape.lwe_dimension(), ModulusBits::Bits64),
            ),
            secret_key("small", SecretKeyShape::Lwe(small), minimal(small, ModulusBits::Bits32)),
        ],
        keyswitch_keys: vec![KeyswitchKeySpec {
            name: "ksk".into(),
            from: 0,
            to: 1,
            decomposition: digits(point.keyswitch),
            noise: NoiseDistribution::Gaussian { variance: minimal(small, ModulusBits::Bits32) },
            added_variance: Variance::ZERO,
        }],
        bootstrap_keys: vec![BootstrapKeySpec {
            name: "bsk".into(),
            from: 1,
            to: 0,
            decomposition: digits(point.bootstrap),
            grouping: point.grouping,
            extension: ExtensionFactor(1),
            modulus_switch_variance: Variance::ZERO,
            output_variance: Variance::ZERO,
        }],
    }
}

fn spec(keyset: Keyset, count: u64) -> ProgramSpec {
    let encoding = EncodingSpec::Encrypted { key: 0, width: Width(1), is_signed: false, radix: None };
    ProgramSpec {
        version: SPEC_VERSION,
        compiler: "tests".into(),
        abi: abi_hash(),
        name: "noise".into(),
        keyset,
        inputs: vec![ValueSpec { name: "x".into(), shape: vec![count], encoding, range: (0, 1) }],
        outputs: vec![],
        error: ErrorSpec { p_error: 0.0, global_p_error: 0.0 },
        security: SecuritySpec { level: SecurityLevel::Bits128, source: String::new() },
        counts: OperationCounts::default(),
        workspace: vec![0, 0],
        public_key: false,
        processing: None,
    }
}
