//! Several key sets, shared bootstraps, given keys, composition and bounds of the search, from outside.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic")]

use cloakwork_abi::noise;
use cloakwork_abi::parameters::{
    ExtensionFactor, Grouping, LweDimension, NoiseDistribution, NoiseFamily, SecurityLevel, Width,
};
use cloakwork_abi::spec::{Keyset, SecretKeyShape};
use cloakwork_passes::parameters::{
    CostModel, ErrorTarget, Infeasible, InvalidFeed, Operand, ParamDag, Reason, Request, Restrictions,
    Solution, Value, solve,
};
use std::collections::BTreeSet;

fn solve_with(dag: &ParamDag, restrictions: &Restrictions) -> Result<Solution, Infeasible> {
    solve_for(dag, ErrorTarget::new(Some((-40f64).exp2()), None).unwrap(), restrictions)
}

fn solve_for(
    dag: &ParamDag,
    target: ErrorTarget,
    restrictions: &Restrictions,
) -> Result<Solution, Infeasible> {
    let (security, noise, cost) = (SecurityLevel::Bits128, NoiseFamily::Gaussian, &CostModel::avx512());
    solve(&Request { dag, security, noise, target, cost, restrictions })
}

fn one_set() -> Restrictions {
    Restrictions { max_key_sets: 1, ..Restrictions::default() }
}

/// A lookup of few bits, and one of many.
fn mixed() -> (ParamDag, [Value; 3]) {
    let mut dag = ParamDag::default();
    let x = dag.input(Width(3), "x");
    let y = dag.lookup(x, Width(7), 1, "narrow");
    let z = dag.lookup(y, Width(7), 1, "wide");
    dag.output(z, 1, "z");
    (dag, [x, y, z])
}

#[test]
fn lookups_of_different_widths_get_keys_of_their_own() {
    let (dag, [x, y, z]) = mixed();
    let one = solve_with(&dag, &one_set()).unwrap();
    let several = solve_with(&dag, &Restrictions::default()).unwrap();
    assert!(several.seconds < 0.8 * one.seconds, "{} {}", several.seconds, one.seconds);
    let keyset = &several.keyset;
    let [narrow, wide] = [y, z].map(|value| several.lookup(value).unwrap());
    assert_ne!(narrow.bootstrap, wide.bootstrap);
    for (operand, lookup, result) in [(x, narrow, y), (y, wide, z)] {
        let (ksk, bsk) = (&keyset.keyswitch_keys[lookup.keyswitch], &keyset.bootstrap_keys[lookup.bootstrap]);
        assert_eq!((ksk.from, ksk.to, bsk.to), (several.key(operand), bsk.from, several.key(result)));
        assert_eq!(lookup.group, None);
    }
    assert!(keyset.bootstrap_keys.iter().any(|key| key.name == "bsk0"), "{several}");
}

#[test]
fn linear_operations_have_one_key_and_conversions_lead_to_it() {
    let mut dag = ParamDag::default();
    let x = dag.input(Width(2), "x");
    let y = dag.input(Width(7), "y");
    let narrow = dag.lookup(x, Width(7), 500, "narrow");
    let wide = dag.lookup(y, Width(7), 1, "wide");
    let operands = [Operand::elementwise(narrow, 1.0), Operand::elementwise(wide, 1.0)];
    let sum = dag.linear(&operands, Width(7), 500, "sum");
    let last = dag.lookup(sum, Width(2), 1, "last");
    dag.output(last, 1, "last");
    let solution = solve_with(&dag, &Restrictions::default()).unwrap();
    let keys = [narrow, wide].map(|value| solution.key(value));
    for key in keys.into_iter().filter(|&key| key != solution.key(sum)) {
        let ways =
            solution.keyset.keyswitch_keys.iter().filter(|k| (k.from, k.to) == (key, solution.key(sum)));
        assert_eq!(ways.count(), 1, "{solution}");
    }
    let one = solve_with(&dag, &one_set()).unwrap();
    assert!(solution.seconds < 0.6 * one.seconds, "{} {}", solution.seconds, one.seconds);
}

/// Numbers that look random.
fn below(state: &mut u64, bound: u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 33) % bound
}

fn random(state: &mut u64) -> ParamDag {
    let mut dag = ParamDag::default();
    let mut values = vec![dag.input(Width(2 + below(state, 5) as u32), "x")];
    for i in 0..6 {
        let value = values[below(state, values.len() as u64) as usize];
        let width = dag.width(value);
        let other = values.iter().copied().find(|&v| dag.width(v) == width && v != value);
        let made = match other.filter(|_| below(state, 2) == 0) {
            Some(other) => {
                let weight = 1.0 + below(state, 9) as f64;
                let operands = [Operand::elementwise(value, weight), Operand::elementwise(other, 1.0)];
                dag.linear(&operands, width, 10, format!("sum {i}"))
            }
            None => dag.lookup(value, Width(2 + below(state, 5) as u32), 10, format!("lookup {i}")),
        };
        values.push(made);
    }
    dag.output(values[values.len() - 1], 10, "out");
    dag
}

#[test]
fn several_key_sets_are_never_slower_than_one_and_always_the_same() {
    let mut state = 7;
    let mut faster = 0;
    for i in 0..16 {
        let dag = random(&mut state);
        let Ok(one) = solve_with(&dag, &one_set()) else { continue };
        let several = solve_with(&dag, &Restrictions::default()).unwrap();
        assert!(several.seconds <= one.seconds * (1.0 + 1e-12), "{i}: {} {}", several.seconds, one.seconds);
        assert!(several.error.p_error <= (-40f64).exp2(), "{i}");
        faster += u32::from(several.seconds < 0.95 * one.seconds);
        if i < 3 {
            assert_eq!(several, solve_with(&dag, &Restrictions::default()).unwrap());
        }
    }
    assert!(faster > 2, "{faster}");
}

#[test]
fn lookups_of_one_value_share_bootstraps() {
    let mut dag = ParamDag::default();
    let x = dag.input(Width(3), "x");
    let lookups: Vec<Value> = (0..5).map(|i| dag.lookup(x, Width(3), 1, format!("{i}"))).collect();
    lookups.iter().for_each(|&lookup| {
        dag.output(lookup, 1, "out");
    });
    let shared = solve_with(&dag, &one_set()).unwrap();
    let alone = solve_with(&dag, &Restrictions { many_lut: false, ..one_set() }).unwrap();
    assert!(shared.seconds < 0.75 * alone.seconds, "{} {}", shared.seconds, alone.seconds);
    let groups: Vec<Option<u32>> = lookups.iter().map(|&l| shared.lookup(l).unwrap().group).collect();
    assert!(groups.iter().flatten().count() >= 4, "{groups:?}");
    assert!(lookups.iter().all(|&lookup| alone.lookup(lookup).unwrap().group.is_none()));
    // What the largest group does to the modulus switch is part of the promise.
    let most = groups
        .iter()
        .flatten()
        .map(|group| groups.iter().flatten().filter(|g| *g == group).count())
        .max()
        .unwrap();
    let bsk = &shared.keyset.bootstrap_keys[0];
    let SecretKeyShape::Glwe(shape) = shared.keyset.secret_keys[bsk.to].shape else { panic!("a GLWE key") };
    let n = shared.keyset.secret_keys[bsk.from].shape.lwe_dimension();
    let steps = 2 * bsk.extension.0 * shape.polynomial_size.0 / most.next_power_of_two() as u64;
    let variance = shared.keyset.secret_keys[0].variance()
        + shared.keyset.keyswitch_keys[0].added_variance
        + noise::modulus_switch_centred(n, steps);
    assert!(noise::p_error(variance, Width(3)) <= (-40f64).exp2());
    let achieved = shared.demands.iter().find(|a| a.bootstrap.is_some()).unwrap();
    assert!((achieved.variance.0 / variance.0 - 1.0).abs() < 1e-9);
}

#[test]
fn lookups_that_share_a_bootstrap_are_one_event() {
    let mut dag = ParamDag::default();
    let x = dag.input(Width(3), "x");
    let lookups: Vec<Value> = (0..5).map(|i| dag.lookup(x, Width(3), 10, format!("{i}"))).collect();
    let target = ErrorTarget::new(None, Some(1e-3)).unwrap();
    let solution = solve_for(&dag, target, &one_set()).unwrap();
    let groups: BTreeSet<u32> = lookups.iter().filter_map(|&l| solution.lookup(l).unwrap().group).collect();
    let alone = lookups.iter().filter(|&&l| solution.lookup(l).unwrap().group.is_none()).count();
    let events = 10 * (groups.len() + alone) as u64;
    assert!(events < 50, "{groups:?} {alone}");
    let expected = noise::global_p_error([(solution.error.p_error, events)]);
    let found = solution.error.global_p_error;
    assert!((found / expected - 1.0).abs() < 1e-9 && found <= 1e-3, "{found:e} {expected:e}");
    let achieved = solution.demands.iter().find(|a| a.bootstrap.is_some()).unwrap();
    assert_eq!((achieved.demand.count, achieved.events), (50, events));
}

#[test]
fn each_function_has_its_own_figures() {
    let mut dag = ParamDag::default();
    let x = dag.input(Width(5), "x");
    let y = dag.lookup(x, Width(5), 7, "hard");
    dag.output(y, 7, "y");
    dag.next_function();
    let z = dag.input(Width(2), "z");
    let w = dag.lookup(z, Width(2), 1000, "easy");
    dag.output(w, 1000, "w");
    let solution = solve_with(&dag, &one_set()).unwrap();
    let [hard, easy] = solution.functions.as_slice() else { panic!("two functions") };
    assert_eq!(hard.p_error, solution.error.p_error);
    assert!(hard.global_p_error > 6.0 * hard.p_error && hard.global_p_error < 7.1 * hard.p_error, "{hard:?}");
    assert!(easy.p_error < hard.p_error * 1e-3, "{easy:?} {hard:?}");
    let both = noise::global_p_error([(hard.global_p_error, 1), (easy.global_p_error, 1)]);
    assert!((both / solution.error.global_p_error - 1.0).abs() < 1e-9);
}

fn with_keys(keyset: &Keyset) -> Restrictions {
    Restrictions { fixed: Some(keyset.clone()), ..Restrictions::default() }
}

#[test]
fn given_keys_are_kept_and_used() {
    let (dag, [x, y, z]) = mixed();
    for restrictions in [one_set(), Restrictions::default()] {
        let first = solve_with(&dag, &restrictions).unwrap();
        let again = solve_with(&dag, &with_keys(&first.keyset)).unwrap();
        assert_eq!(again.keyset, first.keyset);
        assert!((again.seconds / first.seconds - 1.0).abs() < 1e-9, "{} {}", again.seconds, first.seconds);
        assert!((again.error.p_error / first.error.p_error - 1.0).abs() < 1e-9);
        for value in [x, y, z] {
            assert_eq!((again.key(value), again.lookup(value)), (first.key(value), first.lookup(value)));
        }
        // A smaller program runs under them as well, a larger one does not.
        let mut small = ParamDag::default();
        let a = small.input(Width(3), "a");
        let b = small.lookup(a, Width(3), 4, "b");
        small.output(b, 4, "b");
        assert_eq!(solve_with(&small, &with_keys(&first.keyset)).unwrap().keyset, first.keyset);
        let mut large = ParamDag::default();
        let a = large.input(Width(10), "a");
        large.lookup(a, Width(3), 1, "too wide");
        let infeasible = solve_with(&large, &with_keys(&first.keyset)).unwrap_err();
        assert_eq!((infeasible.reason, infeasible.demand.label.as_str()), (Reason::Noise, "too wide"));
        assert!(infeasible.reachable > infeasible.allowed);
        let mut keyless = first.keyset.clone();
        keyless.keyswitch_keys.clear();
        let infeasible = solve_with(&dag, &with_keys(&keyless)).unwrap_err();
        assert_eq!(infeasible.reason, Reason::NothingToChoose);
    }
}

#[test]
fn programs_without_lookups_take_a_given_key() {
    let (mixed, _) = mixed();
    let keyset = solve_with(&mixed, &Restrictions::default()).unwrap().keyset;
    let mut dag = ParamDag::default();
    let x = dag.input(Width(4), "x");
    dag.output(x, 1, "x");
    let solution = solve_with(&dag, &with_keys(&keyset)).unwrap();
    assert_eq!(solution.keyset, keyset);
    assert!(matches!(keyset.secret_keys[solution.key(x)].shape, SecretKeyShape::Glwe(_)));
}

#[test]
fn results_that_are_fed_back_are_under_the_key_of_the_input_and_their_noise_counts() {
    // Eight times the result of a lookup is looked up in the next run.
    let program = |is_composed: bool| {
        let mut dag = ParamDag::default();
        let x = dag.input(Width(6), "x");
        let y = dag.lookup(x, Width(6), 1, "step");
        let scaled = dag.linear(&[Operand::elementwise(y, 8.0)], Width(6), 1, "scaled");
        let output = dag.output(scaled, 1, "next");
        if is_composed {
            dag.compose(output, x).unwrap();
        }
        (dag, x, scaled)
    };
    let (dag, ..) = program(false);
    let alone = solve_with(&dag, &Restrictions::default()).unwrap();
    let (dag, x, scaled) = program(true);
    let composed = solve_with(&dag, &Restrictions::default()).unwrap();
    assert_eq!(composed.key(x), composed.key(scaled));
    assert!(composed.seconds > alone.seconds);
    let bsk = &composed.keyset.bootstrap_keys[0];
    let ksk = &composed.keyset.keyswitch_keys[0];
    let variance = bsk.output_variance * 64.0 + ksk.added_variance + bsk.modulus_switch_variance;
    assert!(noise::p_error(variance, Width(6)) <= (-40f64).exp2());
    assert!((composed.error.p_error / noise::p_error(variance, Width(6)) - 1.0).abs() < 1e-6);
}

#[test]
fn loops_without_a_lookup_are_refused() {
    let mut dag = ParamDag::default();
    let x = dag.input(Width(4), "total");
    let y = dag.input(Width(4), "y");
    let sum = dag.linear(&[Operand::elementwise(x, 1.0), Operand::elementwise(y, 1.0)], Width(4), 1, "sum");
    let output = dag.output(sum, 1, "next");
    dag.compose(output, x).unwrap();
    let narrow = dag.input(Width(3), "narrow");
    assert!(matches!(dag.compose(output, narrow), Err(InvalidFeed::Width { .. })));
    assert!(matches!(dag.compose(output, sum), Err(InvalidFeed::NotAnInput(_))));
    let infeasible = solve_with(&dag, &Restrictions::default()).unwrap_err();
    assert_eq!(infeasible.reason, Reason::Growing);
    let text = infeasible.to_string();
    assert!(text.contains("`total`") && text.contains("look the results up"), "{text}");
}

#[test]
fn bounds_of_the_search_hold() {
    let (dag, [_, y, _]) = mixed();
    let bounds = Restrictions {
        glwe_dimension: 1..=1,
        polynomial_size: 4096..=8192,
        lwe_dimension: 900..=1000,
        bootstrap_level: 2..=3,
        bootstrap_base_log: 8..=14,
        keyswitch_level: 4..=9,
        keyswitch_base_log: 2..=2,
        groupings: vec![Grouping::One],
        extensions: vec![ExtensionFactor(2)],
        ..Restrictions::default()
    };
    let solution = solve_with(&dag, &bounds).unwrap();
    assert!(solution.lookup(y).is_some());
    for key in &solution.keyset.secret_keys {
        match key.shape {
            SecretKeyShape::Glwe(shape) => assert!([4096, 8192].contains(&shape.polynomial_size.0)),
            SecretKeyShape::Lwe(LweDimension(n)) => assert!((900..=1000).contains(&n), "{n}"),
        }
    }
    for key in &solution.keyset.bootstrap_keys {
        assert!((2..=3).contains(&key.decomposition.level) && (8..=14).contains(&key.decomposition.base_log));
        assert_eq!((key.grouping, key.extension), (Grouping::One, ExtensionFactor(2)));
    }
    for key in &solution.keyset.keyswitch_keys {
        assert!((4..=9).contains(&key.decomposition.level) && key.decomposition.base_log == 2);
    }
    let nothing = Restrictions { glwe_dimension: 77..=78, ..Restrictions::default() };
    assert_eq!(solve_with(&dag, &nothing).unwrap_err().reason, Reason::NothingToChoose);
}

#[test]
fn tuniform_noise_is_chosen_where_asked_for() {
    let (dag, _) = mixed();
    let target = ErrorTarget::new(None, Some(1e-5)).unwrap();
    let (security, noise, cost) = (SecurityLevel::Bits132, NoiseFamily::TUniform, &CostModel::avx512());
    let restrictions = &Restrictions::default();
    let solution = solve(&Request { dag: &dag, security, noise, target, cost, restrictions }).unwrap();
    let keys = solution.keyset.secret_keys.iter().map(|key| key.noise);
    let all: Vec<NoiseDistribution> =
        keys.chain(solution.keyset.keyswitch_keys.iter().map(|key| key.noise)).collect();
    assert!(all.iter().all(|noise| noise.family() == NoiseFamily::TUniform), "{all:?}");
    assert!(solution.error.global_p_error <= 1e-5);
}

#[test]
fn what_no_single_key_set_can_do_two_may() {
    // A table of many bits needs large polynomials; results that are multiplied with large weights need small ones.
    let program = |log2_weight: i32| {
        let mut dag = ParamDag::default();
        let x = dag.input(Width(2), "x");
        let y = dag.lookup(x, Width(2), 1, "quiet");
        let scaled = dag.linear(&[Operand::elementwise(y, 2f64.powi(log2_weight))], Width(2), 1, "scaled");
        let z = dag.lookup(scaled, Width(9), 1, "narrow");
        let w = dag.lookup(z, Width(2), 1, "wide");
        dag.output(w, 1, "w");
        dag
    };
    let extensions = vec![ExtensionFactor(1)];
    let alone = Restrictions { extensions: extensions.clone(), ..one_set() };
    let together = Restrictions { extensions, ..Restrictions::default() };
    let is_able = |log2_weight, restrictions| solve_with(&program(log2_weight), restrictions).is_ok();
    let weights: Vec<i32> = (16..28).filter(|&weight| !is_able(weight, &alone)).collect();
    let possible = weights.iter().filter(|&&weight| is_able(weight, &together)).count();
    assert!(possible > 0 && possible < weights.len(), "{weights:?} {possible}");
}
