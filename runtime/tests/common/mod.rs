//! Programs whose machine code is written by hand, with parameters that are small rather than secure.
#![allow(dead_code, unreachable_pub)] // each test uses some of it

use cloakwork_abi::bounds::wide;
use cloakwork_abi::encoding::{MAX_WIDTH, bounds, encode};
use cloakwork_abi::functions::{Context, Entry, STATUS_OK, abi_hash};
use cloakwork_abi::parameters::{
    Decomposition, ExtensionFactor, GlweDimension, GlweShape, Grouping, LweDimension, NoiseDistribution,
    PolynomialSize, SecurityLevel, Variance, Width,
};
use cloakwork_abi::spec::{
    BootstrapKeySpec, EncodingSpec, ErrorSpec, Keyset, KeyswitchKeySpec, OperationCounts, ProgramSpec,
    SPEC_VERSION, SecretKeyShape, SecretKeySpec, SecuritySpec, ValueSpec,
};
use cloakwork_runtime::keys::{EvaluationKeys, Randomness, SecretKeys, generate};
use cloakwork_runtime::program::Program;
use ndarray::{ArrayD, IxDyn};
use std::sync::Arc;

/// Two secret keys with a keyswitch and a bootstrap between them; almost no noise.
pub fn keyset() -> Keyset {
    let variance = Variance(2f64.powi(-100));
    Keyset {
        secret_keys: vec![
            SecretKeySpec {
                name: "big".into(),
                shape: SecretKeyShape::Glwe(GlweShape {
                    dimension: GlweDimension(2),
                    polynomial_size: PolynomialSize(512),
                }),
                noise: NoiseDistribution::Gaussian { variance },
            },
            SecretKeySpec {
                name: "small".into(),
                shape: SecretKeyShape::Lwe(LweDimension(40)),
                noise: NoiseDistribution::Gaussian { variance: Variance(2f64.powi(-56)) },
            },
        ],
        keyswitch_keys: vec![KeyswitchKeySpec {
            name: "ksk".into(),
            from: 0,
            to: 1,
            decomposition: Decomposition { base_log: 4, level: 5 },
            noise: NoiseDistribution::Gaussian { variance: Variance(2f64.powi(-56)) },
            added_variance: Variance(2f64.powi(-36)),
        }],
        bootstrap_keys: vec![BootstrapKeySpec {
            name: "bsk".into(),
            from: 1,
            to: 0,
            decomposition: Decomposition { base_log: 10, level: 3 },
            grouping: Grouping::One,
            extension: ExtensionFactor(1),
            modulus_switch_variance: Variance(40.0 / 48.0 / 1024f64.powi(2)),
            output_variance: Variance(2f64.powi(-50)),
        }],
    }
}

/// Spec of a program from one tensor to another.
pub fn spec(name: &str, shape: &[u64], input: (Width, bool), output: (Width, bool)) -> ProgramSpec {
    let value = |name: &str, (width, is_signed)| ValueSpec {
        name: name.into(),
        shape: shape.to_vec(),
        encoding: EncodingSpec::Encrypted { key: 0, width, is_signed, radix: None },
        range: wide(bounds(width, is_signed)),
    };
    let count = shape.iter().product();
    let spec = ProgramSpec {
        version: SPEC_VERSION,
        compiler: "tests".into(),
        abi: abi_hash(),
        name: name.into(),
        keyset: keyset(),
        inputs: vec![value("x", input)],
        outputs: vec![value("y", output)],
        error: ErrorSpec { p_error: 1e-9, global_p_error: 1e-9 },
        security: SecuritySpec { level: SecurityLevel::Bits128, source: "none: test parameters".into() },
        counts: OperationCounts { keyswitches: count, bootstraps: count, bootstrap_calls: 1 },
        workspace: vec![count, count],
        public_key: false,
        processing: None,
    };
    assert!(MAX_WIDTH >= input.0);
    ProgramSpec::from_json(&spec.to_json()).unwrap()
}

pub fn program(spec: ProgramSpec, entry: Entry) -> Program {
    // SAFETY: the tests pair each spec with the function written for it; functions live for ever.
    unsafe { Program::from_entry(spec, entry, Arc::new(())) }
}

pub fn keys(seed: u128) -> (SecretKeys, EvaluationKeys) {
    generate(&keyset(), Randomness::InsecureSeed(seed), &|_| ()).unwrap()
}

pub fn array(shape: &[u64], elements: impl IntoIterator<Item = i64>) -> ArrayD<i64> {
    let shape: Vec<usize> = shape.iter().map(|&size| size as usize).collect();
    ArrayD::from_shape_vec(IxDyn(&shape), elements.into_iter().collect()).unwrap()
}

/// The function that [`lookup_entry`] looks up, into messages of the same width, unsigned. Not odd in any width,
/// so that a wrong sign, box or order shows.
pub fn looked_up(message: i64, width: u32) -> i64 {
    (message * message + 3 * message + 1).rem_euclid(1 << width)
}

/// Keyswitches and looks up `COUNT` messages.
pub unsafe extern "C" fn lookup_entry<const COUNT: u64, const WIDTH: u32, const IS_SIGNED: u32>(
    context: *const Context,
    inputs: *const *const u64,
    outputs: *const *mut u64,
) -> i32 {
    let entries = 1i64 << WIDTH;
    let message = |entry: i64| if IS_SIGNED == 1 && entry >= entries / 2 { entry - entries } else { entry };
    let table: Vec<u64> =
        (0..entries).map(|entry| encode(looked_up(message(entry), WIDTH), Width(WIDTH))).collect();
    // SAFETY: the caller obeys `Entry`; the spec has one input, one output, and a workspace of `COUNT` small ciphertexts.
    unsafe {
        let (functions, state) = (&*(*context).functions, (*context).state);
        let small = *(*context).workspaces.add(1);
        let status = (functions.keyswitch)(state, 0, COUNT, *inputs, small);
        if status != STATUS_OK {
            return status;
        }
        let table = table.as_ptr();
        (functions.bootstrap)(state, 0, COUNT, small, *outputs, table, std::ptr::null(), 1, WIDTH, IS_SIGNED)
    }
}

/// `y = 3·x`, elementwise, without a lookup.
pub unsafe extern "C" fn triple_entry<const COUNT: u64>(
    context: *const Context,
    inputs: *const *const u64,
    outputs: *const *mut u64,
) -> i32 {
    // SAFETY: the caller obeys `Entry`; the spec has one input and one output of `COUNT` ciphertexts under key 0.
    unsafe {
        let words = COUNT * *(*context).words;
        let (input, output) = (*inputs, *outputs);
        for i in 0..words as usize {
            *output.add(i) = (*input.add(i)).wrapping_mul(3);
        }
    }
    STATUS_OK
}
