//! The parameter optimizer from outside: golden choices, their feasibility by the noise formulas alone, no
//! cheaper set on a coarse grid, and explanations where there is none. `BLESS=1` rewrites the golden file.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic")]

use cloakwork_abi::noise;
use cloakwork_abi::parameters::{
    Decomposition, GlweShape, LweDimension, NoiseFamily, SecurityLevel, Variance, Width,
};
use cloakwork_abi::security::{ModulusBits, minimal_variance};
use cloakwork_abi::spec::{BootstrapKeySpec, KeyswitchKeySpec, SecretKeyShape};
use cloakwork_passes::parameters::{
    CostModel, EXTENSIONS, ErrorTarget, Infeasible, Operand, ParamDag, Request, Restrictions, Solution, solve,
};
use std::fmt::Write;

const TARGETS: [(&str, f64); 4] = [
    ("1e-5", 1e-5),
    ("2^-40", 9.094947017729282e-13),
    ("2^-64", 5.421010862427522e-20),
    ("2^-128", 2.938735877055719e-39),
];

/// A lookup, a product that multiplies the variance with `norm2`, and a lookup of its result.
fn chain(width: u32, norm2: f64, count: u64) -> ParamDag {
    let mut dag = ParamDag::default();
    let width = Width(width);
    let x = dag.input(width, "x");
    let y = dag.lookup(x, width, count, "first");
    let scaled = dag.linear(&[Operand::elementwise(y, norm2.sqrt())], width, count, "scaled");
    let z = dag.lookup(scaled, width, count, "second");
    dag.output(z, count, "z");
    dag
}

fn local(p_error: f64) -> ErrorTarget {
    ErrorTarget::new(Some(p_error), None).unwrap()
}

/// Solves with one key set.
fn solve_one(dag: &ParamDag, security: SecurityLevel, target: ErrorTarget) -> Result<Solution, Infeasible> {
    let restrictions = Restrictions { max_key_sets: 1, ..Restrictions::default() };
    let (noise, cost) = (NoiseFamily::Gaussian, &CostModel::avx512());
    solve(&Request { dag, security, noise, target, cost, restrictions: &restrictions })
}

fn solve_chain(width: u32, norm2: f64, p_error: f64) -> Result<Solution, Infeasible> {
    solve_one(&chain(width, norm2, 1), SecurityLevel::Bits128, local(p_error))
}

/// The only keys of a solution.
fn only(solution: &Solution) -> (GlweShape, LweDimension, &KeyswitchKeySpec, &BootstrapKeySpec) {
    let keyset = &solution.keyset;
    let [big, small] = keyset.secret_keys.as_slice() else { panic!("two secret keys") };
    let SecretKeyShape::Glwe(shape) = big.shape else { panic!("a GLWE key") };
    let SecretKeyShape::Lwe(n) = small.shape else { panic!("an LWE key") };
    let ([ksk], [bsk]) = (keyset.keyswitch_keys.as_slice(), keyset.bootstrap_keys.as_slice()) else {
        panic!("one key of each kind")
    };
    let names = [&big.name, &small.name, &ksk.name, &bsk.name];
    assert_eq!(names, ["big", "small", "ksk", "bsk"]);
    (shape, n, ksk, bsk)
}

#[test]
fn golden_choices() {
    let mut text = String::from(
        "# cheapest parameters for a chain of two lookups, 128 bits: width, p_error, norm2 between the lookups; key set\n",
    );
    for width in 1..=8 {
        for (name, p_error) in TARGETS {
            for norm2 in [1.0, 64.0] {
                write!(text, "{width} {name} {norm2}: ").unwrap();
                match solve_chain(width, norm2, p_error) {
                    Ok(solution) => {
                        let (GlweShape { dimension, polynomial_size }, n, ksk, bsk) = only(&solution);
                        let digits = |d: Decomposition| format!("{}x{}", d.base_log, d.level);
                        let (ksk, bits) = (digits(ksk.decomposition), digits(bsk.decomposition));
                        let (grouping, extension) = (bsk.grouping.factor(), bsk.extension);
                        let (p_error, ms) = (solution.error.p_error.log2(), solution.seconds * 1e3);
                        writeln!(text, "n {n} k {dimension} N {polynomial_size} e {extension} ksk {ksk} bsk {bits} g {grouping} p_error 2^{p_error:.2} {ms:.2} ms")
                    }
                    Err(infeasible) => writeln!(text, "{infeasible}"),
                }
                .unwrap();
            }
        }
    }
    compare(&text, "parameters.txt");
}

/// Compares with a golden file of this folder, or writes it.
fn compare(text: &str, file: &str) {
    let path = format!("{}/tests/{file}", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap();
    for (found, expected) in text.lines().zip(golden.lines()) {
        assert_eq!(found, expected, "BLESS=1 rewrites {file}");
    }
    assert_eq!(text.lines().count(), golden.lines().count());
}

#[test]
fn choices_hold_by_the_formulas_alone() {
    for width in 1..=8 {
        for (name, p_error) in TARGETS {
            for norm2 in [1.0, 64.0] {
                for level in [SecurityLevel::Bits128, SecurityLevel::Bits132] {
                    let solution = solve_one(&chain(width, norm2, 1), level, local(p_error)).unwrap();
                    let found = chain_error(&solution, level, norm2, Width(width));
                    assert!(found <= p_error, "{width} {name} {norm2}: {found:e}");
                    assert!((found / solution.error.p_error - 1.0).abs() < 1e-9, "{width} {name} {norm2}");
                }
            }
        }
    }
}

/// Failure probability of the second lookup of [`chain`], from nothing but the key set in the spec.
fn chain_error(solution: &Solution, level: SecurityLevel, norm2: f64, width: Width) -> f64 {
    let (shape, n, ksk, bsk) = only(solution);
    let (big, small) = (&solution.keyset.secret_keys[0], &solution.keyset.secret_keys[1]);
    assert!(ksk.decomposition.base_log * ksk.decomposition.level <= 32);
    assert!(bsk.decomposition.base_log * bsk.decomposition.level <= 64);
    assert_eq!(bsk.extension.0 * shape.polynomial_size.0 % (2 << width.0), 0);
    assert_eq!(n.0 % bsk.grouping.factor(), 0);
    let big_variance = minimal_variance(level, shape.lwe_dimension(), ModulusBits::Bits64).unwrap();
    let small_variance = minimal_variance(level, n, ModulusBits::Bits32).unwrap();
    assert_eq!((big.variance(), small.variance()), (big_variance, small_variance));
    let output = noise::bootstrap(n, shape, bsk.decomposition, bsk.grouping, big_variance);
    let added = noise::keyswitch(shape.lwe_dimension(), ksk.decomposition, small_variance);
    let switched = noise::modulus_switch_centred(n, 2 * bsk.extension.0 * shape.polynomial_size.0);
    assert_eq!(bsk.output_variance, output);
    assert_eq!((ksk.added_variance, bsk.modulus_switch_variance), (added, switched));
    noise::p_error(noise::linear(output, norm2) + added + switched, width)
}

#[test]
fn nothing_cheaper_on_a_coarse_grid() {
    let cost = CostModel::avx512();
    let level = SecurityLevel::Bits128;
    for (width, p_error, norm2) in [(2, 1e-5, 64.0), (4, 2f64.powi(-40), 1.0), (5, 2f64.powi(-128), 64.0)] {
        let solution = solve_chain(width, norm2, p_error).unwrap();
        let allowed = noise::safe_variance(p_error, Width(width)).0;
        let mut feasible = 0;
        for entry in cost.bootstraps().filter(|entry| entry.polynomial_size.0 <= 8192) {
            let shape = entry.shape();
            let big = shape.lwe_dimension();
            let Ok(big_variance) = minimal_variance(level, big, ModulusBits::Bits64) else { continue };
            for n in (460..1200).step_by(20).map(LweDimension) {
                let small_variance = minimal_variance(level, n, ModulusBits::Bits32).unwrap();
                let keyswitches: Vec<_> = grid(32, 8)
                    .map(|d| {
                        let seconds = cost.keyswitch_coefficient(d, n, 1.0);
                        (seconds, noise::keyswitch(big, d, small_variance))
                    })
                    .collect();
                for bootstrap in grid(64, 3).filter(|d| d.base_log >= 6) {
                    let output = noise::bootstrap(n, shape, bootstrap, entry.grouping, big_variance);
                    for extension in EXTENSIONS {
                        let coefficients = extension.0 * shape.polynomial_size.0;
                        if coefficients % (2 << width) != 0 {
                            continue;
                        }
                        let before =
                            noise::linear(output, norm2) + noise::modulus_switch_centred(n, 2 * coefficients);
                        let steps = n.0 as f64 / entry.grouping.factor() as f64;
                        let bootstrap = steps * entry.step(bootstrap.level, extension, 1.0)
                            + cost.bootstrap_ends(shape, extension);
                        for &(per_coefficient, added) in &keyswitches {
                            if (before + added).0 > allowed {
                                continue;
                            }
                            feasible += 1;
                            let lookup = big.0 as f64 * per_coefficient + bootstrap;
                            let seconds = 2.0 * lookup + cost.addition(big);
                            assert!(
                                seconds >= solution.seconds * (1.0 - 1e-12),
                                "{shape:?} {n} {bootstrap:?} {extension}: {seconds} {}",
                                solution.seconds
                            );
                        }
                    }
                }
            }
        }
        assert!(feasible > 1000, "{feasible}"); // the grid does reach into what is feasible
    }
}

fn grid(bits: u32, levels: u32) -> impl Iterator<Item = Decomposition> {
    (1..=levels).flat_map(move |level| {
        (1..=30.min(bits / level)).map(move |base_log| Decomposition { base_log, level })
    })
}

#[test]
fn a_stricter_target_is_never_cheaper() {
    for width in 1..=8 {
        for norm2 in [1.0, 64.0] {
            let seconds = TARGETS.map(|(_, p_error)| solve_chain(width, norm2, p_error).unwrap().seconds);
            assert!(seconds.is_sorted(), "{width} {norm2}: {seconds:?}");
        }
    }
}

#[test]
fn global_target_counts_every_event() {
    let bound = 1e-5;
    let mut before = 0.0;
    for count in [1, 1000, 1_000_000] {
        let target = ErrorTarget::new(None, Some(bound)).unwrap();
        let solution = solve_one(&chain(4, 4.0, count), SecurityLevel::Bits128, target).unwrap();
        let (_, _, ksk, bsk) = only(&solution);
        let switches = ksk.added_variance + bsk.modulus_switch_variance;
        let p = |variance: Variance| noise::p_error(variance, Width(4));
        let events = [
            (p(solution.keyset.secret_keys[0].variance() + switches), count),
            (p(bsk.output_variance * 4.0 + switches), count),
            (p(bsk.output_variance), count),
        ];
        let global = noise::global_p_error(events);
        assert!((global / solution.error.global_p_error - 1.0).abs() < 1e-9, "{count}: {global:e}");
        assert!(global <= bound && global > bound / 2.0, "{count}: {global:e}");
        assert!(solution.error.p_error <= bound / count as f64);
        if count > 1 {
            assert!(solution.seconds / count as f64 > before, "{count}");
            before = solution.seconds / count as f64;
        }
        // With both bounds the stricter holds.
        let both = ErrorTarget::new(Some(1e-12), Some(bound)).unwrap();
        let error = solve_one(&chain(4, 4.0, count), SecurityLevel::Bits128, both).unwrap().error;
        assert!(error.p_error <= 1e-12 && error.global_p_error <= bound, "{error:?}");
    }
}

#[test]
fn programs_without_lookups_only_get_a_key_to_encrypt_with() {
    let mut dag = ParamDag::default();
    let x = dag.input(Width(10), "x");
    let y = dag.linear(&[Operand::shared(x, 1e6, 1e4)], Width(10), 784, "y");
    dag.output(y, 10, "y");
    let solution = solve_one(&dag, SecurityLevel::Bits128, local(2f64.powi(-64))).unwrap();
    let keyset = &solution.keyset;
    assert_eq!((solution.key(x), solution.key(y)), (0, 0));
    assert_eq!(
        (keyset.secret_keys.len(), keyset.keyswitch_keys.len(), keyset.bootstrap_keys.len()),
        (1, 0, 0)
    );
    let dimension = keyset.secret_keys[0].shape.lwe_dimension();
    let error = |dimension| {
        let fresh = minimal_variance(SecurityLevel::Bits128, dimension, ModulusBits::Bits64).unwrap();
        noise::p_error(noise::linear(fresh, 1e6), Width(10)).log2()
    };
    assert!(error(dimension) <= -64.0 && error(LweDimension(dimension.0 - 64)) > -64.0, "{dimension}");
}

#[test]
fn unreachable_demands_are_explained() {
    let text = |dag: &ParamDag, p_error: f64| {
        solve_one(dag, SecurityLevel::Bits128, local(p_error)).unwrap_err().to_string()
    };
    let mut messages = String::new();
    let mut wide = ParamDag::default();
    let x = wide.input(Width(17), "layer1.py:7");
    let y = wide.lookup(x, Width(17), 1, "layer1.py:12");
    wide.output(y, 1, "out");
    writeln!(messages, "{}", text(&wide, 2f64.powi(-40))).unwrap();

    writeln!(messages, "{}", text(&chain(8, 1e14, 1), 2f64.powi(-40))).unwrap();

    let mut huge = ParamDag::default();
    let x = huge.input(Width(20), "x");
    huge.lookup(x, Width(1), 1, "table");
    writeln!(messages, "{}", text(&huge, 1e-5)).unwrap();

    let mut linear = ParamDag::default();
    let x = linear.input(Width(50), "x");
    let y = linear.linear(&[Operand::shared(x, 1e9, 1e9)], Width(50), 1000, "y");
    linear.output(y, 1, "result");
    writeln!(messages, "{}", text(&linear, 1e-5)).unwrap();

    compare(&messages, "infeasible.txt");
}

#[test]
fn what_is_said_to_help_helps() {
    let infeasible = solve_chain(8, 1e14, 2f64.powi(-40)).unwrap_err();
    assert_eq!(infeasible.demand.label, "second");
    let norm2 = infeasible.relax.norm2.unwrap();
    assert!(solve_chain(8, norm2 * 0.999, 2f64.powi(-40)).is_ok(), "{norm2}");
    assert!(solve_chain(8, norm2 * 1.01, 2f64.powi(-40)).is_err(), "{norm2}");

    let infeasible = solve_chain(17, 1.0, 2f64.powi(-40)).unwrap_err();
    let width = infeasible.relax.width.unwrap();
    assert!(solve_chain(width.0, 1.0, 2f64.powi(-40)).is_ok());
    assert!(solve_chain(width.0 + 1, 1.0, 2f64.powi(-40)).is_err());
    let p_error = infeasible.relax.p_error.unwrap();
    assert!(solve_chain(17, 1.0, p_error * 1.001).is_ok());
    assert!(solve_chain(17, 1.0, p_error * 0.5).is_err());
}
