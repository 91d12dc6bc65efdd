//! Every building block of a lookup, run and simulated: pairs of key bits, extended accumulators, several tables in one
//! bootstrap, conversions between GLWE keys, TUniform noise. Without noise to speak of results are exact; with much of
//! it, run and simulated results have the same distribution. Seeds are fixed, so each run finds the same numbers.

#![allow(clippy::unwrap_used)] // in helpers of tests too

mod common;

use cloakwork_abi::bounds::wide;
use cloakwork_abi::encoding::{bounds, encode};
use cloakwork_abi::functions::{Context, Entry, STATUS_OK, abi_hash};
use cloakwork_abi::noise;
use cloakwork_abi::parameters::{
    Decomposition, ExtensionFactor, GlweDimension, GlweShape, Grouping, LweDimension, NoiseDistribution,
    PolynomialSize, SecurityLevel, Width,
};
use cloakwork_abi::security::ModulusBits;
use cloakwork_abi::spec::{
    BootstrapKeySpec, EncodingSpec, ErrorSpec, Keyset, KeyswitchKeySpec, OperationCounts, ProgramSpec,
    SPEC_VERSION, SecretKeyShape, SecretKeySpec, SecuritySpec, ValueSpec,
};
use cloakwork_runtime::client::{decrypt, encrypt_with};
use cloakwork_runtime::keys::{Randomness, generate};
use cloakwork_runtime::server::{RunOptions, run};
use cloakwork_runtime::simulator::{Noise, simulate};
use common::{array, program};

/// What the program computes for each message: key of the bootstrap, tables at once, whether with a selector.
const LOOKUPS: [(&str, u32, u64, bool); 7] = [
    ("single", 0, 1, false),
    ("pairs", 1, 1, false),
    ("extended", 2, 1, false),
    ("extended_pairs", 3, 1, false),
    ("many", 0, 3, false),
    ("many_pairs", 1, 2, true),
    ("many_extended_pairs", 3, 4, true),
];
/// Tables hold messages of this width, in words that are read with this many bits.
const TABLE: Width = Width(8);
const OUTPUT: Width = Width(40);

/// Entry `entry` of table `table`. From a result the entry can be told.
fn value(table: u64, entry: i64) -> i64 {
    entry + 5 * table as i64 + 1
}

/// The table of result `r` of message `i`.
fn table_of(i: u64, r: u64, has_selector: bool) -> u64 {
    if has_selector { (i + r) % 3 } else { r }
}

/// Keyswitches `COUNT` messages, makes all [`LOOKUPS`] of them, and converts the results of the first.
unsafe extern "C" fn entry<const COUNT: u64, const WIDTH: u32>(
    context: *const Context,
    inputs: *const *const u64,
    outputs: *const *mut u64,
) -> i32 {
    let tables: Vec<u64> = (0..4)
        .flat_map(|table| (0..1 << WIDTH).map(move |entry| encode(value(table, entry), TABLE)))
        .collect();
    // SAFETY: the caller obeys `Entry`; `spec` has these results, and `COUNT` small ciphertexts of workspace.
    unsafe {
        let (functions, state) = (&*(*context).functions, (*context).state);
        let small = *(*context).workspaces.add(SMALL);
        let mut status = (functions.keyswitch)(state, 0, COUNT, *inputs, small);
        for (i, &(_, key, many, has_selector)) in LOOKUPS.iter().enumerate() {
            let selector: Vec<u32> = (0..COUNT * many)
                .map(|position| table_of(position / many, position % many, has_selector) as u32)
                .collect();
            let selector = if has_selector { selector.as_ptr() } else { std::ptr::null() };
            if status == STATUS_OK {
                let (output, table, many) = (*outputs.add(i), tables.as_ptr(), many as u32);
                status =
                    (functions.bootstrap)(state, key, COUNT, small, output, table, selector, many, WIDTH, 0);
            }
        }
        if status != STATUS_OK {
            return status;
        }
        (functions.keyswitch)(state, 1, COUNT, *outputs, *outputs.add(LOOKUPS.len()))
    }
}

/// Secret keys: of arguments, of results, of converted results, small.
const RESULTS: usize = 1;
const CONVERTED: usize = 2;
const SMALL: usize = 3;

struct Sizes {
    small: u64,
    polynomial: u64,
    /// TUniform bounds: of arguments, of the other large keys, of keyswitch keys.
    bounds: [u32; 3],
}

fn keyset(sizes: &Sizes) -> Keyset {
    let [argument_bound, large_bound, keyswitch_bound] = sizes.bounds;
    let uniform = |log2_bound| NoiseDistribution::TUniform { log2_bound };
    let glwe = |dimension, size| GlweShape {
        dimension: GlweDimension(dimension),
        polynomial_size: PolynomialSize(size),
    };
    let (arguments, results, converted) = (glwe(1, 256), glwe(1, sizes.polynomial), glwe(3, 64));
    let small = LweDimension(sizes.small);
    let secret = |name: &str, shape, bound| {
        let shape = SecretKeyShape::Glwe(shape);
        SecretKeySpec { name: name.into(), shape, noise: uniform(bound) }
    };
    let keyswitch = |name: &str, (from, shape): (usize, GlweShape), to| {
        let (decomposition, noise) = (Decomposition { base_log: 4, level: 5 }, uniform(keyswitch_bound));
        let variance = noise.variance(ModulusBits::Bits32);
        let added_variance = noise::keyswitch(shape.lwe_dimension(), decomposition, variance);
        KeyswitchKeySpec { name: name.into(), from, to, decomposition, noise, added_variance }
    };
    let bootstrap = |name: &str, grouping, extension| {
        let decomposition = Decomposition { base_log: 8, level: 3 };
        let variance = uniform(large_bound).variance(ModulusBits::Bits64);
        BootstrapKeySpec {
            name: name.into(),
            from: SMALL,
            to: RESULTS,
            decomposition,
            grouping,
            extension: ExtensionFactor(extension),
            modulus_switch_variance: noise::modulus_switch_centred(small, 2 * extension * sizes.polynomial),
            output_variance: noise::bootstrap(small, results, decomposition, grouping, variance),
        }
    };
    Keyset {
        secret_keys: vec![
            secret("arguments", arguments, argument_bound),
            secret("results", results, large_bound),
            secret("converted", converted, large_bound),
            SecretKeySpec {
                name: "small".into(),
                shape: SecretKeyShape::Lwe(small),
                noise: uniform(keyswitch_bound),
            },
        ],
        keyswitch_keys: vec![
            keyswitch("ksk", (0, arguments), SMALL),
            keyswitch("conversion", (RESULTS, results), CONVERTED),
        ],
        bootstrap_keys: vec![
            bootstrap("single", Grouping::One, 1),
            bootstrap("pairs", Grouping::Two, 1),
            bootstrap("extended", Grouping::One, 3),
            bootstrap("extended_pairs", Grouping::Two, 2),
        ],
    }
}

fn spec(sizes: &Sizes, count: u64, width: Width) -> ProgramSpec {
    let value = |name: &str, shape: &[u64], key, width, is_signed| ValueSpec {
        name: name.into(),
        shape: shape.to_vec(),
        encoding: EncodingSpec::Encrypted { key, width, is_signed, radix: None },
        range: wide(bounds(width, is_signed)),
    };
    let result = |&(name, _, many, _): &(&str, u32, u64, bool)| {
        value(name, &[count, many][..1 + usize::from(many > 1)], RESULTS, OUTPUT, true)
    };
    let mut outputs: Vec<ValueSpec> = LOOKUPS.iter().map(result).collect();
    outputs.push(value("converted", &[count], CONVERTED, OUTPUT, true));
    let spec = ProgramSpec {
        version: SPEC_VERSION,
        compiler: "tests".into(),
        abi: abi_hash(),
        name: "blocks".into(),
        keyset: keyset(sizes),
        inputs: vec![value("x", &[count], 0, width, false)],
        outputs,
        error: ErrorSpec { p_error: 1e-9, global_p_error: 1e-9 },
        security: SecuritySpec { level: SecurityLevel::Bits128, source: "none: test parameters".into() },
        counts: OperationCounts { keyswitches: 2 * count, bootstraps: 7 * count, bootstrap_calls: 7 },
        workspace: vec![0, 0, 0, count],
        public_key: false,
        processing: None,
    };
    ProgramSpec::from_json(&spec.to_json()).unwrap()
}

/// Results of a run and of a simulation; message `i` is `i` modulo `2^width`.
fn results(sizes: &Sizes, (count, width): (u64, Width), entry: Entry, noise: Noise) -> [Vec<Vec<i64>>; 2] {
    let program = program(spec(sizes, count, width), entry);
    let arguments = [array(&[count], (0..count as i64).map(|i| i % (1 << width.0)))];
    let (secret, evaluation) =
        generate(&program.spec().keyset, Randomness::InsecureSeed(5), &|_| ()).unwrap();
    let values = encrypt_with(program.spec(), &secret, &arguments, Randomness::InsecureSeed(6)).unwrap();
    let found = run(&program, &evaluation, &values, RunOptions::default()).unwrap();
    let found = decrypt(program.spec(), &secret, &found).unwrap();
    let simulation = simulate(&program, &arguments, noise).unwrap();
    let counts = program.spec().counts;
    assert_eq!((simulation.keyswitches, simulation.bootstraps), (counts.keyswitches, counts.bootstraps));
    [found, simulation.outputs].map(|outputs| {
        outputs.into_iter().map(|output| output.into_iter().collect::<Vec<i64>>()).collect::<Vec<_>>()
    })
}

/// A result in steps of the tables' messages, and what is left as a part of a step.
fn split(result: i64) -> (i64, f64) {
    let step = 1i64 << (OUTPUT.0 - TABLE.0);
    let message = (result + step / 2).div_euclid(step);
    (message, (result - message * step) as f64 / step as f64)
}

#[test]
fn all_blocks_look_every_message_up() {
    let sizes = Sizes { small: 24, polynomial: 2048, bounds: [30, 10, 3] };
    let [found, simulated] = results(&sizes, (32, Width(4)), entry::<32, 4>, Noise::None);
    for (i, &(name, _, many, has_selector)) in LOOKUPS.iter().enumerate() {
        let expected = (0..32 * many).map(|position| {
            let (i, r) = (position / many, position % many);
            value(table_of(i, r, has_selector), i as i64 % 16)
        });
        let expected: Vec<i64> = expected.collect();
        for results in [&found[i], &simulated[i]] {
            let messages: Vec<i64> = results.iter().map(|&result| split(result).0).collect();
            assert_eq!(messages, expected, "{name}");
        }
        assert!(simulated[i].iter().all(|&result| split(result).1 == 0.0));
    }
    for results in [found, simulated] {
        let [single, converted] =
            [0, LOOKUPS.len()].map(|i| results[i].iter().map(|&result| split(result).0));
        assert!(single.eq(converted));
    }
}

#[test]
fn runs_and_simulations_have_the_same_distribution() {
    const COUNT: u64 = 3072;
    const WIDTH: Width = Width(5);
    let sizes = Sizes { small: 48, polynomial: 256, bounds: [57, 36, 12] };
    let [found, simulated] = results(&sizes, (COUNT, WIDTH), entry::<COUNT, 5>, Noise::Seed(7));
    for (i, &(name, _, many, has_selector)) in LOOKUPS.iter().enumerate() {
        let many = many as usize;
        let [found, simulated] = [&found[i], &simulated[i]].map(|results| {
            // How far each message went astray, and the noise of all results.
            let entries = results.chunks(many).enumerate().map(|(i, results)| {
                let table = |r: usize| table_of(i as u64, r as u64, has_selector);
                let entry = |r: usize| match split(results[r]).0 {
                    negated @ ..=0 => -negated - value(table(r), 0) + (1 << WIDTH.0),
                    message => message - value(table(r), 0),
                };
                let first = entry(0);
                // All results of a bootstrap come from one phase.
                assert!((1..many).all(|r| entry(r) == first), "{name}, {i}");
                (first - i as i64 % (1 << WIDTH.0)).rem_euclid(2 << WIDTH.0) as usize
            });
            let mut histogram = vec![0u32; 2 << WIDTH.0];
            entries.for_each(|distance| histogram[distance] += 1);
            let noise: Vec<f64> = results.iter().map(|&result| split(result).1).collect();
            (histogram, noise)
        });
        assert_same_histograms(name, &found.0, &simulated.0);
        assert_same_noise(name, &found.1, &simulated.1);
    }
    // Without the noise that was there before.
    let [found, simulated] = [found, simulated].map(|results| {
        let pairs = results[0].iter().zip(&results[LOOKUPS.len()]);
        pairs.map(|(&before, &after)| split(after - before).1).collect::<Vec<f64>>()
    });
    assert_same_noise("converted", &found, &simulated);
}

/// χ² of two samples of one size, to five sigma; some messages must have gone astray, and not all.
fn assert_same_histograms(name: &str, found: &[u32], simulated: &[u32]) {
    let count: u32 = found.iter().sum();
    let right = f64::from(found[0]) / f64::from(count);
    let pairs = found.iter().zip(simulated).filter(|(a, b)| **a + **b > 0);
    let terms: Vec<f64> =
        pairs.map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2) / f64::from(a + b)).collect();
    let (sum, freedom) = (terms.iter().sum::<f64>(), terms.len() as f64 - 1.0);
    println!("{name}: {right:.3} are right; χ² is {sum:.1} with {freedom} degrees of freedom");
    assert!((0.2..0.999).contains(&right), "{name}: {right} are right");
    assert!(sum < freedom + 5.0 * (2.0 * freedom).sqrt() + 5.0, "{name}: {found:?} and {simulated:?}");
}

/// Variances within what one secret key may differ from the mean over all, and the samples of one distribution by
/// the test of Kolmogorov and Smirnov at 10⁻⁶.
fn assert_same_noise(name: &str, found: &[f64], simulated: &[f64]) {
    let [found_variance, simulated_variance] =
        [found, simulated].map(|noise| noise.iter().map(|x| x * x).sum::<f64>() / noise.len() as f64);
    let ratio = found_variance / simulated_variance;
    let mut all: Vec<(f64, f64)> = found.iter().map(|&x| (x, 1.0)).collect();
    all.extend(simulated.iter().map(|&x| (x, -1.0)));
    all.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    let sums = all.iter().scan(0.0, |sum: &mut f64, (_, sign)| {
        *sum += sign;
        Some(sum.abs())
    });
    let distance = sums.fold(0.0, f64::max) / found.len() as f64;
    let allowed = 2.69 * (2.0 / found.len() as f64).sqrt();
    println!("{name}: {ratio:.3} of the simulated variance, distance {distance:.4} of {allowed:.4}");
    assert!((0.8..1.2).contains(&ratio), "{name}: {ratio} of the simulated variance");
    assert!(distance < allowed, "{name}: distance {distance}, allowed {allowed}");
}

#[test]
fn impossible_tables_are_told() {
    /// Asks for `outputs` tables of width 8 with the first key.
    unsafe extern "C" fn wide<const OUTPUTS: u32>(
        context: *const Context,
        inputs: *const *const u64,
        outputs: *const *mut u64,
    ) -> i32 {
        // SAFETY: the caller obeys `Entry`; the call is refused before a pointer is used.
        unsafe {
            let (bootstrap, table) = ((*(*context).functions).bootstrap, [0u64; 1].as_ptr());
            let none = std::ptr::null();
            bootstrap((*context).state, 0, 1, *inputs, *outputs, table, none, OUTPUTS, 8, 0)
        }
    }
    let sizes = Sizes { small: 2, polynomial: 512, bounds: [30, 10, 3] };
    let cases: [(Entry, &str); 3] = [
        (wide::<2>, "tables of width 8, 2 at once, were looked up with e·N = 512; allowed is width 7"),
        (wide::<1024>, "1024 at once, were looked up with e·N = 512; allowed are fewer at once"),
        (wide::<0>, "a bootstrap with 0 results, allowed is at least 1"),
    ];
    let keyset = keyset(&sizes);
    let (secret, evaluation) = generate(&keyset, Randomness::InsecureSeed(1), &|_| ()).unwrap();
    for (entry, cause) in cases {
        let program = program(spec(&sizes, 1, Width(4)), entry);
        let arguments = [array(&[1], [3])];
        let values = encrypt_with(program.spec(), &secret, &arguments, Randomness::InsecureSeed(2)).unwrap();
        let error = run(&program, &evaluation, &values, RunOptions::default()).unwrap_err().to_string();
        assert!(error.contains(cause), "{error}");
        let error = simulate(&program, &arguments, Noise::None).unwrap_err().to_string();
        assert!(error.contains(cause), "{error}");
    }
}
