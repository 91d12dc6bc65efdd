//! Time of a whole call that looks 128 ciphertexts of 4 bits up, of key generation, and of a simulated call; and of
//! 64 lookups with the kernels for this processor beside those for every processor, for 4, 6 and 8 bits.

use cloakwork_abi::encoding::{bounds, encode};
use cloakwork_abi::functions::{Context, STATUS_OK, abi_hash};
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
use cloakwork_runtime::kernel_trial::{self, BootstrapTrial, Choice, KeyswitchTrial};
use cloakwork_runtime::{
    EvaluationKeys, Noise, Program, Randomness, RunOptions, decrypt, encrypt, generate, run, simulate,
};
use criterion::{Criterion, criterion_group, criterion_main};
use ndarray::{ArrayD, IxDyn};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

const COUNT: u64 = 128;
const WIDTH: Width = Width(4);

fn lookup(criterion: &mut Criterion) {
    let spec = spec();
    let mut group = criterion.benchmark_group("4 bits, n 742, k 2, N 1024");
    group.sample_size(10).measurement_time(Duration::from_secs(8));
    group.bench_function("key generation", |bencher| {
        bencher.iter(|| generate(&spec.keyset, Randomness::Secure, &|_| ()).expect("sound key set"));
    });
    let (secret, evaluation) = generate(&spec.keyset, Randomness::Secure, &|_| ()).expect("sound key set");
    let bytes = evaluation.to_bytes();
    println!("evaluation keys: {:.1} MB as a file", bytes.len() as f64 / 1e6);
    group.bench_function("loading evaluation keys", |bencher| {
        bencher.iter(|| EvaluationKeys::from_bytes(&spec.keyset, &bytes).expect("own bytes"));
    });
    // SAFETY: the entry is written for this spec.
    let program = unsafe { Program::from_entry(spec.clone(), entry, Arc::new(())) };
    let messages = ArrayD::from_shape_fn(IxDyn(&[COUNT as usize]), |index| (index[0] % 16) as i64);
    let arguments = [messages];
    group.bench_function("encryption", |bencher| {
        bencher.iter(|| encrypt(&spec, &secret, &arguments).expect("fits"));
    });
    let values = encrypt(&spec, &secret, &arguments).expect("fits");
    for threads in [1, 2] {
        let options = RunOptions { threads: NonZeroUsize::new(threads) };
        let results = run(&program, &evaluation, &values, options).expect("runs");
        let decrypted = decrypt(&spec, &secret, &results).expect("decrypts");
        assert_eq!(decrypted[0], arguments[0].mapv(|message| (message + 1) % 16));
        group.bench_function(format!("128 lookups, {threads} threads"), |bencher| {
            bencher.iter(|| run(&program, &evaluation, &values, options).expect("runs"));
        });
    }
    // SAFETY: the entry is written for this spec.
    let keyswitches = unsafe { Program::from_entry(spec.clone(), keyswitch_entry, Arc::new(())) };
    let single = RunOptions { threads: NonZeroUsize::new(1) };
    group.bench_function("128 keyswitches, 1 thread", |bencher| {
        bencher.iter(|| run(&keyswitches, &evaluation, &values, single).expect("runs"));
    });
    group.bench_function("128 lookups, simulated", |bencher| {
        bencher.iter(|| simulate(&program, &arguments, Noise::Seed(1)).expect("runs"));
    });
    // SAFETY: the entry needs nothing.
    let idle = unsafe { Program::from_entry(spec.clone(), idle_entry, Arc::new(())) };
    group.bench_function("call that does nothing", |bencher| {
        bencher.iter(|| run(&idle, &evaluation, &values, RunOptions::default()).expect("runs"));
    });
}

/// 64 keyswitches and bootstraps on one thread, by either kernel.
fn kernels(criterion: &mut Criterion) {
    const LOOKUPS: usize = 64;
    let digits = |base_log, level| Decomposition { base_log, level };
    let cases = [
        ("4 bits", 742, (2, 1024), digits(23, 1), digits(3, 5)),
        ("6 bits", 880, (1, 4096), digits(22, 1), digits(4, 4)),
        ("8 bits", 1000, (1, 16384), digits(22, 1), digits(4, 5)),
    ];
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread can be started");
    for (name, small, (dimension, size), bootstrap_digits, keyswitch_digits) in cases {
        let mut group = criterion.benchmark_group(format!("64 lookups by kernels, {name}"));
        group.sample_size(10).measurement_time(Duration::from_secs(4));
        let small = LweDimension(small);
        let shape = GlweShape { dimension: GlweDimension(dimension), polynomial_size: PolynomialSize(size) };
        for choice in [Choice::Portable, Choice::Fastest] {
            let keyswitch =
                KeyswitchTrial { from: shape.lwe_dimension(), to: small, decomposition: keyswitch_digits };
            let mut keyswitch = kernel_trial::keyswitch(choice, keyswitch, LOOKUPS);
            let bootstrap = BootstrapTrial {
                from: small,
                to: shape,
                decomposition: bootstrap_digits,
                grouping: Grouping::One,
                extension: ExtensionFactor(1),
                outputs: 1,
            };
            let mut bootstrap = kernel_trial::bootstrap(choice, bootstrap, LOOKUPS);
            group.bench_function(format!("keyswitch, {choice:?}"), |bencher| {
                pool.install(|| bencher.iter(&mut keyswitch));
            });
            group.bench_function(format!("bootstrap, {choice:?}"), |bencher| {
                pool.install(|| bencher.iter(&mut bootstrap));
            });
        }
    }
}

/// `y = x + 1 (mod 16)` by a lookup.
unsafe extern "C" fn entry(
    context: *const Context,
    inputs: *const *const u64,
    outputs: *const *mut u64,
) -> i32 {
    let table: Vec<u64> = (0..16).map(|message| encode((message + 1) % 16, WIDTH)).collect();
    // SAFETY: the caller obeys `Entry`, and the spec has the sizes used here.
    unsafe {
        let (functions, state) = (&*(*context).functions, (*context).state);
        let small = *(*context).workspaces.add(1);
        let status = (functions.keyswitch)(state, 0, COUNT, *inputs, small);
        if status != STATUS_OK {
            return status;
        }
        (functions.bootstrap)(
            state,
            0,
            COUNT,
            small,
            *outputs,
            table.as_ptr(),
            std::ptr::null(),
            1,
            WIDTH.0,
            0,
        )
    }
}

unsafe extern "C" fn keyswitch_entry(
    context: *const Context,
    inputs: *const *const u64,
    _: *const *mut u64,
) -> i32 {
    // SAFETY: the caller obeys `Entry`, and the spec has the sizes used here.
    unsafe {
        let small = *(*context).workspaces.add(1);
        ((*(*context).functions).keyswitch)((*context).state, 0, COUNT, *inputs, small)
    }
}

unsafe extern "C" fn idle_entry(_: *const Context, _: *const *const u64, _: *const *mut u64) -> i32 {
    STATUS_OK
}

fn spec() -> ProgramSpec {
    let shape = GlweShape { dimension: GlweDimension(2), polynomial_size: PolynomialSize(1024) };
    let (big, small) = (shape.lwe_dimension(), LweDimension(742));
    let minimal = |dimension, modulus| -> Variance {
        minimal_variance(SecurityLevel::Bits128, dimension, modulus).expect("dimensions of the curve")
    };
    let (big_noise, small_noise) = (minimal(big, ModulusBits::Bits64), minimal(small, ModulusBits::Bits32));
    let keyswitch_digits = Decomposition { base_log: 3, level: 5 };
    let bootstrap_digits = Decomposition { base_log: 23, level: 1 };
    let secret_key = |name: &str, shape, variance| {
        let noise = NoiseDistribution::Gaussian { variance };
        SecretKeySpec { name: name.into(), shape, noise }
    };
    let keyset = Keyset {
        secret_keys: vec![
            secret_key("big", SecretKeyShape::Glwe(shape), big_noise),
            secret_key("small", SecretKeyShape::Lwe(small), small_noise),
        ],
        keyswitch_keys: vec![KeyswitchKeySpec {
            name: "ksk".into(),
            from: 0,
            to: 1,
            decomposition: keyswitch_digits,
            noise: NoiseDistribution::Gaussian { variance: small_noise },
            added_variance: noise::keyswitch(big, keyswitch_digits, small_noise),
        }],
        bootstrap_keys: vec![BootstrapKeySpec {
            name: "bsk".into(),
            from: 1,
            to: 0,
            decomposition: bootstrap_digits,
            grouping: Grouping::One,
            extension: ExtensionFactor(1),
            modulus_switch_variance: noise::modulus_switch_centred(small, 2 * shape.polynomial_size.0),
            output_variance: noise::bootstrap(small, shape, bootstrap_digits, Grouping::One, big_noise),
        }],
    };
    let encoding = EncodingSpec::Encrypted { key: 0, width: WIDTH, is_signed: false, radix: None };
    let value = |name: &str| ValueSpec {
        name: name.into(),
        shape: vec![COUNT],
        encoding,
        range: cloakwork_abi::bounds::wide(bounds(WIDTH, false)),
    };
    ProgramSpec {
        version: SPEC_VERSION,
        compiler: "bench".into(),
        abi: abi_hash(),
        name: "lookup".into(),
        keyset,
        inputs: vec![value("x")],
        outputs: vec![value("y")],
        error: ErrorSpec { p_error: 1e-5, global_p_error: 1e-3 },
        security: SecuritySpec { level: SecurityLevel::Bits128, source: "see the curve".into() },
        counts: OperationCounts { keyswitches: COUNT, bootstraps: COUNT, bootstrap_calls: 1 },
        workspace: vec![0, COUNT],
        public_key: false,
        processing: None,
    }
}

criterion_group!(benches, kernels, lookup);
criterion_main!(benches);
