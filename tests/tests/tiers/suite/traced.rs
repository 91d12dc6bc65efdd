//! Programs that are traced from closures: what a frontend adds to the way of the data, that is emission, functions of
//! the host and calibration. Interpreted, simulated and executed on ciphertexts.

use cloakwork::{
    Circuit, Exactness, InputType, LookupTable, Noise, Options, compile, compile_calibrated, trace,
};
use cloakwork_frontend::elementwise::Unary;
use cloakwork_tests::integers::Integers;
use libtest_mimic::Trial;
use ndarray::{ArrayD, Axis, Ix2, IxDyn, array};
use std::error::Error;

type Arrays = Vec<ArrayD<i64>>;
/// A program, and arguments and results of some calls.
type Built = Result<(Circuit, Vec<(Arrays, Arrays)>), Box<dyn Error>>;
type Build = fn() -> Built;

/// One test for each program.
pub(super) fn tests() -> Vec<Trial> {
    let programs: [(&str, Build); 8] = [
        ("encrypted_by_encrypted", encrypted_by_encrypted),
        ("clear_by_encrypted", clear_by_encrypted),
        ("network", network),
        ("calibrated_difference", calibrated_difference),
        ("lookup_table_and_reals", lookup_table_and_reals),
        ("clear_input", clear_input),
        ("digits", digits),
        ("digits_of_signed", digits_of_signed),
    ];
    let test = |(name, build): (&str, Build)| {
        Trial::test(format!("suite::traced::{name}"), move || {
            let (circuit, calls) = build()?;
            Ok(check(&circuit, &calls)?)
        })
    };
    let one_step = Trial::test("suite::traced::approximate_digits_within_one_step", || Ok(one_step_off()?));
    programs.into_iter().map(test).chain([one_step]).collect()
}

fn check(circuit: &Circuit, calls: &[(Arrays, Arrays)]) -> Result<(), String> {
    let explained = |error: cloakwork::Error| error.to_string();
    let keys = circuit.keygen().map_err(explained)?;
    for (inputs, expected) in calls {
        let interpreted = circuit.evaluate_clear([inputs.clone()]).map_err(explained)?;
        let simulated = circuit.simulate(inputs.clone(), Noise::None).map_err(explained)?;
        let executed = circuit.encrypt_run_decrypt(&keys, inputs.clone()).map_err(explained)?;
        for (executor, found) in
            [("interpreted", &interpreted[0]), ("simulated", &simulated.outputs), ("executed", &executed)]
        {
            if found != expected {
                return Err(format!("{executor}, on {inputs:?}: expected {expected:?}, found {found:?}"));
            }
        }
    }
    Ok(())
}

/// Two layers with weights of three values and a rectifier that divides by 4.
fn network() -> Built {
    let (first, second) =
        (Integers::of_tag("w1").tensor(&[12, 6], -1, 1), Integers::of_tag("w2").tensor(&[6, 3], -1, 1));
    let graph = trace("network", |t| {
        let image = t.encrypted("image", [2, 12], 0..=3);
        image.matmul(&first).map(|v| v.max(0) / 4).matmul(&second)
    })?;
    let two = |values: &ArrayD<i64>| values.clone().into_dimensionality::<Ix2>().expect("two axes");
    let calls = (0..2).map(|seed| {
        let images = Integers::of_seed(seed).tensor(&[2, 12], 0, 3);
        let hidden = two(&images).dot(&two(&first)).mapv(|v| v.max(0) / 4);
        (vec![images], vec![hidden.dot(&two(&second)).into_dyn()])
    });
    Ok((compile(&graph, &Options::default())?, calls.collect()))
}

/// Products of matrices and vectors, choices and functions of two encrypted values of different signs.
fn encrypted_by_encrypted() -> Built {
    let graph = trace("both", |t| {
        let (x, y) = (t.encrypted("x", [2, 3], 0..=3), t.encrypted("y", [3, 2], -2..=1));
        let (row, other) = (x.at(0), y.t().at(1));
        let larger = row.greater(&other).select(&row * 2, &other - 1);
        let mixed = row.map_with(&[&other], |v| v[0] * 5 + v[1].abs());
        [x.matmul(&y), row.dot(&other), larger, mixed, &row ^ &other, x.max(&(&x & 2))]
    })?;
    let calls = (0..2).map(|seed| {
        let mut random = Integers::of_seed(seed);
        let (x, y) = (random.tensor(&[2, 3], 0, 3), random.tensor(&[3, 2], -2, 1));
        let two = |values: &ArrayD<i64>| values.clone().into_dimensionality::<Ix2>().expect("two axes");
        let (a, b) = (two(&x), two(&y));
        let (row, other) = (a.row(0).to_owned(), b.column(1).to_owned());
        let pairs = |f: fn(i64, i64) -> i64| {
            ndarray::Zip::from(&row).and(&other).map_collect(|&x, &y| f(x, y)).into_dyn()
        };
        let larger = pairs(|x, y| if x > y { 2 * x } else { y - 1 });
        let mixed = pairs(|x, y| x * 5 + y.abs());
        let dot = ArrayD::from_elem(IxDyn(&[]), row.dot(&other));
        let expected = vec![a.dot(&b).into_dyn(), dot, larger, mixed, pairs(|x, y| x ^ y), x.clone()];
        (vec![x, y], expected)
    });
    Ok((compile(&graph, &Options::default())?, calls.collect()))
}

/// Functions of an encrypted value and one that is clear but known only when the program runs.
fn clear_by_encrypted() -> Built {
    let graph = trace("clear", |t| {
        let (x, c) = (t.encrypted("x", [3], -2..=1), t.clear("c", [3], 0..=3));
        [
            x.less(&c),
            x.max(&c),
            &x * &c,
            x.equal(&c).select(&c, &x),
            x.map_with(&[&c], |v| v[0] * v[0] + v[1]),
        ]
    })?;
    let calls = (0..2).map(|seed| {
        let mut random = Integers::of_seed(seed);
        let (x, c) = (random.tensor(&[3], -2, 1), random.tensor(&[3], 0, 3));
        let pairs = |f: fn(i64, i64) -> i64| ndarray::Zip::from(&x).and(&c).map_collect(|&x, &c| f(x, c));
        let expected = vec![
            pairs(|x, c| i64::from(x < c)),
            pairs(i64::max),
            pairs(|x, c| x * c),
            pairs(|x, c| if x == c { c } else { x }),
            pairs(|x, c| x * x + c),
        ];
        (vec![x, c], expected)
    });
    Ok((compile(&graph, &Options::default())?, calls.collect()))
}

/// `|x − y|` of inputs whose ranges are measured, by a function of the host.
fn calibrated_difference() -> Built {
    let graph = trace("difference", |t| {
        let (x, y) = (t.encrypted("x", [4], 0..=5), t.encrypted("y", [4], -3..=2));
        (x - y).map(|v| v.abs() % 7)
    })?;
    let sample = |seed: u64| {
        let mut random = Integers::of_seed(seed);
        vec![random.tensor(&[4], 0, 5), random.tensor(&[4], -3, 2)]
    };
    let circuit = compile_calibrated(&graph, (0..50).map(sample), &Options::default())?;
    let call = |seed: u64| {
        let inputs = sample(seed);
        let expected = (&inputs[0] - &inputs[1]).mapv(|v| v.abs() % 7);
        (inputs, vec![expected])
    };
    Ok((circuit, (0..3).map(call).collect()))
}

/// A table, a sum over one axis, and a square root whose real result is rounded down and squared.
fn lookup_table_and_reals() -> Built {
    let entries = [3, 1, 0, 2];
    let graph = trace("tables", |t| {
        let x = t.encrypted("x", [2, 3], 0..=3);
        x.lookup(&LookupTable::new(entries))
            .sum([1])
            .map_real(f64::sqrt)
            .unary(Unary::FloorToInt)
            .map(|v| v * v)
    })?;
    let x = array![[0, 1, 2], [3, 3, 0]].into_dyn();
    let sums = x.mapv(|v: i64| entries[v as usize]).sum_axis(Axis(1));
    let expected = sums.mapv(|v| (v as f64).sqrt().floor() as i64).mapv(|v| v * v);
    Ok((compile(&graph, &Options::default())?, vec![(vec![x], vec![expected])]))
}

/// An encrypted vector times a clear one.
fn clear_input() -> Built {
    let graph = trace("scaled", |t| {
        let x = t.encrypted("x", [3], -4..=3);
        let factor = t.clear("factor", [3], -2..=2);
        &x * &factor + 1
    })?;
    let call = |factor: i64| {
        let x = Integers::of_seed(factor.unsigned_abs()).tensor(&[3], -4, 3);
        let expected = x.mapv(|v| v * factor + 1);
        (vec![x, ArrayD::from_elem(IxDyn(&[3]), factor)], vec![expected])
    };
    Ok((compile(&graph, &Options::default())?, [-2, 0, 2].map(call).into()))
}

/// Rounding to a narrow table, truncation that is added to, bits in the middle.
fn digits() -> Built {
    let graph = trace("digits", |t| {
        let x = t.encrypted("x", [4], 0..=200);
        let rounded = x.round_bits(5, Exactness::Exact).map(|v| v * v);
        let truncated = x.truncate_bits(6, Exactness::Exact) * 3;
        (rounded, truncated, x.bits(2..4))
    })?;
    let x = array![0, 47, 128, 200].into_dyn();
    let results =
        vec![x.mapv(|v| ((v + 16) / 32) * ((v + 16) / 32)), x.mapv(|v| v / 64 * 3), x.mapv(|v| v / 4 % 4)];
    Ok((compile(&graph, &Options::default())?, vec![(vec![x], results)]))
}

/// The same of negative values, with measured ranges.
fn digits_of_signed() -> Built {
    let graph = trace("signed_digits", |t| {
        let x = t.encrypted("x", [3], InputType::Measured);
        (x.round_bits(2, Exactness::Exact), x.truncate_bits(3, Exactness::Exact), x.low_bits(2))
    })?;
    let samples = (-5..5i64).map(|v| vec![ArrayD::from_elem(IxDyn(&[3]), 3 * v)]);
    let circuit = compile_calibrated(&graph, samples, &Options::default())?;
    let x = array![-15i64, 6, 12].into_dyn();
    let results =
        vec![x.mapv(|v| (v + 2).div_euclid(4)), x.mapv(|v| v.div_euclid(8)), x.mapv(|v| v.rem_euclid(4))];
    Ok((circuit, vec![(vec![x], results)]))
}

/// Approximate rounding is exact without noise and at most one step off with it, at the ends of the range, too.
fn one_step_off() -> Result<(), String> {
    let explained = |error: cloakwork::Error| error.to_string();
    let graph = trace("approximate", |t| {
        let x = t.encrypted("x", [8], 0..=255);
        let rounded = x.round_bits(4, Exactness::Approximate).map(|v| 3 * v);
        (rounded, x.truncate_bits(4, Exactness::Approximate) * 2)
    });
    let circuit =
        compile(&graph.map_err(|error| error.to_string())?, &Options::default()).map_err(explained)?;
    let keys = circuit.keygen().map_err(explained)?;
    let x = array![0i64, 7, 8, 15, 16, 120, 248, 255].into_dyn();
    let exact = [x.mapv(|v| 3 * ((v + 8) / 16)), x.mapv(|v| v / 16 * 2)];
    let quiet = circuit.simulate(x.clone(), Noise::None).map_err(explained)?;
    if quiet.outputs != exact || quiet.outside > 0 {
        return Err(format!("without noise: {:?} instead of {exact:?}", quiet.outputs));
    }
    let mut noisy = vec![circuit.encrypt_run_decrypt(&keys, x.clone()).map_err(explained)?];
    for seed in 0..100 {
        noisy.push(circuit.simulate(x.clone(), Noise::Seed(seed)).map_err(explained)?.outputs);
    }
    for found in noisy {
        for ((found, exact), step) in found.iter().zip(&exact).zip([3, 2]) {
            if (found - exact).iter().any(|off| ![-step, 0, step].contains(off)) {
                return Err(format!("{found} is more than a step from {exact}"));
            }
        }
    }
    Ok(())
}
