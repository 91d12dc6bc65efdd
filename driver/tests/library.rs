//! The library from closure to decrypted result, with plain arithmetic as the oracle.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use cloakwork::{
    Bounds, Error, InputType, Level, LookupTable, Noise, Options, RunOptions, Target, compile,
    compile_calibrated, trace,
};
use cloakwork_passes::predict_time::WorkKind;
use ndarray::{ArrayD, array};
use std::num::NonZeroUsize;

fn ints(values: &[i64]) -> ArrayD<i64> {
    ArrayD::from_shape_vec(vec![values.len()], values.to_vec()).unwrap()
}

#[test]
fn host_functions_reals_and_several_results() {
    let weights = array![[1, -1], [2, 1], [-1, 3]];
    let plain = |x: &[i64]| -> (Vec<i64>, i64) {
        let sum = |j: usize| (0..3).map(|i| x[i] * weights[[i, j]]).sum::<i64>();
        let root = |v: i64| (v.abs() as f64).sqrt().round() as i64;
        ((0..2).map(|j| root(sum(j))).collect(), x.iter().sum::<i64>() - 1)
    };
    let graph = trace("roots", |t| {
        let x = t.encrypted("x", [3], InputType::Measured);
        let sums = x.matmul(&weights);
        let roots = sums.map_real(|v| v.abs().sqrt()).round_to_int();
        (roots, x.sum([]) - 1)
    })
    .unwrap();
    let calls: Vec<ArrayD<i64>> = (0..27).map(|i| ints(&[i % 3, i / 3 % 3, i / 9])).collect();
    let circuit = compile_calibrated(&graph, calls.clone(), &Options::default()).unwrap();
    let clear = circuit.evaluate_clear(calls.clone()).unwrap();
    for (call, clear) in calls.iter().zip(&clear) {
        let (roots, sum) = plain(call.as_slice().unwrap());
        assert_eq!(clear[0], ints(&roots), "{call}");
        assert_eq!(clear[1][[]], sum, "{call}");
        assert_eq!(circuit.simulate(call, Noise::None).unwrap().outputs, *clear, "{call}");
    }
    let keys = circuit.keygen().unwrap();
    for i in [5, 26] {
        assert_eq!(circuit.encrypt_run_decrypt(&keys, &calls[i]).unwrap(), clear[i]);
    }
}

#[test]
fn tables_and_clear_inputs_from_many_threads() {
    let graph = trace("table", |t| {
        let (x, c) = (t.encrypted("x", [], 0..=3), t.clear("c", [], 0..=2));
        (x + c).lookup(&LookupTable::new([7, 6, 5, 4, 3, 2, 1, 0]))
    })
    .unwrap();
    let circuit = compile(&graph, &Options::default()).unwrap();
    let keys = circuit.keygen().unwrap();
    std::thread::scope(|scope| {
        for x in 0..3 {
            let (circuit, keys) = (&circuit, &keys);
            scope.spawn(move || {
                let result = circuit.encrypt_run_decrypt(keys, (x, 2)).unwrap();
                assert_eq!(result[0][[]], 7 - (x + 2));
            });
        }
    });
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let compiled = || {
        let graph = trace("f", |t| t.encrypted("x", [4], -4..=3).map(|v| v * v)).unwrap();
        let options = Options { target: "x86-64-v3".parse::<Target>().unwrap(), ..Options::default() };
        let circuit = compile(&graph, &options).unwrap();
        let texts =
            [Level::Fhe, Level::Tfhe, Level::Native].map(|level| circuit.mlir(level).unwrap().to_owned());
        (texts, circuit.assembly().unwrap())
    };
    assert_eq!(compiled(), compiled());
}

#[test]
fn mistakes_in_programs_name_their_place() {
    let line = line!() + 1;
    let error = trace("f", |t| t.encrypted("x", [3], 0..=3).dot(&array![1, 2])).unwrap_err();
    assert!(error.to_string().starts_with(&format!("driver/tests/library.rs:{line}:")), "{error}");

    let graph = trace("f", |t| t.encrypted("x", [], InputType::Measured).map(|v| v + 1)).unwrap();
    let error = compile(&graph, &Options::default()).unwrap_err();
    assert!(matches!(error, Error::Program(_)) && error.to_string().contains("`x`"), "{error}");
    let error = compile_calibrated(&graph, Vec::<i64>::new(), &Options::default()).unwrap_err();
    assert!(matches!(error, Error::Calibration(_)), "{error}");
    let error = compile_calibrated(&graph, [array![1, 2]], &Options::default()).unwrap_err();
    assert!(error.to_string().contains("argument `x` has shape [2]"), "{error}");

    let line = line!() + 1;
    let graph = trace("f", |t| t.encrypted("x", [], 0..=3).map(|v| 6 / (v - 2))).unwrap();
    let error = compile(&graph, &Options::default()).unwrap_err();
    assert!(error.to_string().starts_with(&format!("driver/tests/library.rs:{line}:")), "{error}");
}

#[test]
fn impossible_wishes_are_explained() {
    let graph = trace("wide", |t| t.encrypted("x", [], InputType::unsigned(16)).map(|v| v / 3)).unwrap();
    let strategies = "lookups=whole".to_owned();
    let options = Options { p_error: Some(1e-60), strategies, ..Options::default() };
    let error = compile(&graph, &options).unwrap_err();
    assert!(matches!(error, Error::Infeasible(_)), "{error}");
    assert!(error.diagnostics().iter().any(|diagnostic| !diagnostic.message.is_empty()), "{error}");
}

#[test]
fn a_profile_accounts_for_the_whole_run() {
    let graph = trace("f", |t| {
        let x = t.encrypted("x", [8], 0..=3);
        let weights = ndarray::Array2::from_shape_fn((8, 8), |(i, j)| (i * j) as i64 % 3 - 1);
        x.matmul(&weights).map(|v| v.abs() % 4).sum([])
    })
    .unwrap();
    let circuit = compile(&graph, &Options::default()).unwrap();
    let keys = circuit.keygen().unwrap();
    let x = ints(&[0, 1, 2, 3, 3, 2, 1, 0]);
    let encrypted = circuit.encrypt(&keys.secret, &x).unwrap();
    let options = RunOptions { threads: NonZeroUsize::new(2) };
    let (results, profile) = circuit.profile(&keys.evaluation, &encrypted, options).unwrap();
    assert_eq!(circuit.decrypt(&keys.secret, &results).unwrap(), circuit.evaluate_clear([&x]).unwrap()[0]);
    let kinds: Vec<WorkKind> = profile.operations.iter().map(|operation| operation.kind).collect();
    for kind in [WorkKind::Sum, WorkKind::Keyswitch, WorkKind::Bootstrap] {
        assert!(kinds.contains(&kind), "{kinds:?}");
    }
    let parts: f64 = profile.operations.iter().map(|operation| operation.seconds).sum();
    assert!(parts <= profile.seconds && parts > 0.5 * profile.seconds, "{parts} of {}", profile.seconds);
    assert!(profile.operations.windows(2).all(|pair| pair[0].start <= pair[1].start));
    assert!(profile.operations.iter().any(|operation| operation.place.contains("library.rs:")), "{profile}");
    let of_places: f64 = profile.by_place().iter().map(|place| place.seconds()).sum();
    assert!((of_places - parts).abs() < 1e-9);
    assert!(profile.to_html().contains("<svg") && profile.to_json().contains("\"predicted\""));
}

/// Samples of a sum of sixteen end at 16 where arguments lead it to 112: with guarded bounds each is looked up as the nearest that
/// samples showed, with measured ones the table has not as many ends.
#[test]
fn guarded_sums_saturate_wherever_arguments_lead_them() {
    let graph = trace("steps", |t| t.encrypted("x", [16], 0..=7).sum([]).map(|v| 2 * v + v % 2)).unwrap();
    let with_ones = |ones: i64| ints(&(0..16).map(|i| i64::from(i < ones)).collect::<Vec<_>>());
    let samples: Vec<ArrayD<i64>> = (0..=16).map(with_ones).collect();
    let compiled = |bounds| {
        let options = Options { bounds: Some(bounds), ..Options::default() };
        compile_calibrated(&graph, samples.clone(), &options).unwrap()
    };
    let expected = |sum: i64| 2 * sum.min(16) + sum.min(16) % 2;
    let call = |sum: i64| ints(&(0..16).map(|i| (sum - 7 * i).clamp(0, 7)).collect::<Vec<_>>());
    let simulated = |bounds| -> Vec<i64> {
        let circuit = compiled(bounds);
        (0..=112).map(|sum| circuit.simulate(call(sum), Noise::None).unwrap().outputs[0][[]]).collect()
    };
    let all: Vec<i64> = (0..=112).map(expected).collect();
    assert_eq!(simulated(Bounds::Guarded), all);
    assert_ne!(simulated(Bounds::Measured), all, "this test tells them apart");
    let circuit = compiled(Bounds::Guarded);
    let keys = circuit.keygen().unwrap();
    for sum in [3, 16, 17, 31, 32, 33, 48, 63, 64, 65, 100, 112] {
        let result = circuit.encrypt_run_decrypt(&keys, call(sum)).unwrap();
        assert_eq!(result[0][[]], expected(sum), "{sum}");
        let counted = circuit.simulate(call(sum), Noise::None).unwrap().outside;
        assert_eq!(counted, u64::from(sum > 16), "{sum}");
    }
}
