//! Integers too wide for a table: every operation on digits gives what plain integers give.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use cloakwork_ir::context::{context, parse};
use cloakwork_ir::function::{Function, Side, functions};
use cloakwork_ir::host::NoHostFunctions;
use cloakwork_ir::interpret::{Clear, interpret};
use cloakwork_passes::pipeline::{FHE, PREPARE, run};
use ndarray::{ArrayD, IxDyn};
use proptest::prelude::{ProptestConfig, Strategy, any, prop_assert_eq, proptest};

/// An argument: name, shape, range.
type Argument<'t> = (&'t str, &'t [usize], (i64, i64));

/// `main` of those arguments whose body ends in `%r` of that shape and range.
fn program(arguments: &[Argument<'_>], body: &str, (shape, range): (&[usize], (i64, i64))) -> String {
    let arguments: Vec<String> = arguments
        .iter()
        .map(|(name, shape, (lo, hi))| {
            format!("%{name}: {} {{fhe.range = array<i64: {lo}, {hi}>}}", encrypted(shape, *lo))
        })
        .collect();
    let result = encrypted(shape, range.0);
    format!("func.func @main({}) -> {result} {{\n{body}\n  return %r : {result}\n}}", arguments.join(", "))
}

fn encrypted(shape: &[usize], lo: i64) -> String {
    let element = if lo < 0 { "!fhe.esint<?>" } else { "!fhe.eint<?>" };
    tensor(shape, element)
}

fn tensor(shape: &[usize], element: &str) -> String {
    match shape {
        [] => element.to_owned(),
        shape => format!(
            "tensor<{}x{element}>",
            shape.iter().map(ToString::to_string).collect::<Vec<_>>().join("x")
        ),
    }
}

/// The text after all passes of the `fhe` level, with digits of that many bits.
fn split(source: &str, bits: u32) -> String {
    let context = context();
    let mut module =
        parse(&context, source, "test").unwrap_or_else(|errors| panic!("{}\n{source}", errors[0]));
    let prepare =
        PREPARE.replace("fhe-split-wide-integers", &format!("fhe-split-wide-integers{{digit-bits={bits}}}"));
    assert_ne!(prepare, PREPARE);
    for pipeline in [prepare.as_str(), FHE] {
        run(&context, &mut module, pipeline).unwrap_or_else(|errors| panic!("{}\n{source}", errors[0]));
    }
    module.as_operation().to_string()
}

fn results(source: &str, inputs: &[Vec<i64>], shapes: &[&[usize]]) -> Vec<i64> {
    let context = context();
    let module = parse(&context, source, "test").unwrap();
    let function: Function<'_, '_> = functions(&module)[0];
    assert_eq!(function.types(Side::Argument).len(), inputs.len());
    let inputs: Vec<Clear> = inputs
        .iter()
        .zip(shapes)
        .map(|(values, shape)| Clear::Int(ArrayD::from_shape_vec(IxDyn(shape), values.clone()).unwrap()))
        .collect();
    let outputs =
        interpret(function, &inputs, &NoHostFunctions).unwrap_or_else(|error| panic!("{error}\n{source}"));
    outputs.iter().flat_map(|output| output.int().unwrap().iter().copied().collect::<Vec<_>>()).collect()
}

/// Splits the program and compares it with itself on inputs: the corners, and what `others` gives.
fn check(
    arguments: &[Argument<'_>],
    body: &str,
    result: (&[usize], (i64, i64)),
    bits: u32,
    others: &[Vec<Vec<i64>>],
) {
    let source = program(arguments, body, result);
    let text = split(&source, bits);
    assert!(text.contains("fhe.radix"), "nothing was split:\n{text}");
    let shapes: Vec<&[usize]> = arguments.iter().map(|(_, shape, _)| *shape).collect();
    let corner = |pick: usize| -> Vec<Vec<i64>> {
        let each = arguments.iter().enumerate().map(|(i, (_, shape, (lo, hi)))| {
            let value = match (pick >> i) & 1 {
                0 => *lo,
                _ => *hi,
            };
            vec![value; shape.iter().product()]
        });
        each.collect()
    };
    for inputs in (0..1 << arguments.len()).map(corner).chain(others.iter().cloned()) {
        let expected = results(&source, &inputs, &shapes);
        assert_eq!(
            results(&text, &inputs, &shapes),
            expected,
            "for {inputs:?}, {bits} bits:\n{source}\n{text}"
        );
    }
}

const S: (i64, i64) = (-(1 << 40), (1 << 40) - 1);
const U: (i64, i64) = (0, (1 << 33) - 1);
const WHOLE: (i64, i64) = (i64::MIN, i64::MAX);

fn pair(op: &str, x: (i64, i64), y: (i64, i64), r: (i64, i64)) -> String {
    let [x, y, r] = [x, y, r].map(|range| encrypted(&[2], range.0));
    format!("  %r = {op} : ({x}, {y}) -> {r}")
}

fn samples(ranges: &[(i64, i64)]) -> Vec<Vec<Vec<i64>>> {
    // A fixed linear congruential sequence: values all over each range.
    let mut state = 1u64;
    let mut draw = |(lo, hi): (i64, i64)| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (i128::from(lo) + ((i128::from(state >> 1) * (i128::from(hi) - i128::from(lo) + 1)) >> 63)) as i64
    };
    (0..6).map(|_| ranges.iter().map(|&range| vec![draw(range), draw(range)]).collect()).collect()
}

#[test]
fn sums_and_differences_of_any_sign() {
    for bits in [1, 2, 3, 4, 5] {
        for (x, y) in [(S, S), (U, U), (S, U), (U, S), (U, (0, 9)), (S, (-300, 40))] {
            let (arguments, others) = ([("x", &[2usize][..], x), ("y", &[2][..], y)], samples(&[x, y]));
            let sum = (x.0 + y.0, x.1 + y.1);
            let compared = |r: &str, range: (i64, i64)| {
                let ty = encrypted(&[2], range.0);
                format!(
                    "{r}\n  %c = fhe.compare %s, %x {{predicate = \"lt\"}} : ({ty}, {}) -> tensor<2x!fhe.eint<?>>\n  %r = fhe.select %c, %s, %x : (tensor<2x!fhe.eint<?>>, {ty}, {}) -> {ty}",
                    encrypted(&[2], x.0),
                    encrypted(&[2], x.0)
                )
            };
            for (op, range) in [("add", sum), ("sub", (x.0 - y.1, x.1 - y.0))] {
                let hull = (range.0.min(x.0), range.1.max(x.1));
                let line = pair(&format!("fhe.{op} %x, %y"), x, y, hull).replace("%r =", "%s =");
                check(&arguments, &compared(&line, hull), (&[2], hull), bits, &others);
            }
        }
    }
}

#[test]
fn comparisons_and_choices() {
    for bits in [1, 2, 3, 4] {
        for (x, y) in [(S, S), (U, U), (S, U), (WHOLE, WHOLE), (U, (0, 5)), ((-9, 9), S)] {
            let arguments = [("x", &[2usize][..], x), ("y", &[2][..], y)];
            let mut others = samples(&[x, y]);
            // Equal values, and neighbours.
            let both = (x.0.max(y.0), x.1.min(y.1));
            others.push(vec![vec![both.0, both.1], vec![both.0, both.1]]);
            others.push(vec![vec![both.0 + 1, both.1], vec![both.0, both.1 - 1]]);
            for predicate in ["eq", "ne", "lt", "le", "gt", "ge"] {
                let op = format!("fhe.compare %x, %y {{predicate = \"{predicate}\"}}");
                check(&arguments, &pair(&op, x, y, (0, 1)), (&[2], (0, 1)), bits, &others);
            }
            let hull = (x.0.min(y.0), x.1.max(y.1));
            for op in ["min", "max"] {
                check(
                    &arguments,
                    &pair(&format!("fhe.{op} %x, %y"), x, y, hull),
                    (&[2], hull),
                    bits,
                    &others,
                );
            }
        }
    }
}

#[test]
fn bits_and_shifts() {
    for bits in [1, 2, 3] {
        for (x, y) in [(S, S), (U, U), (S, U), (U, (0, 77))] {
            let arguments = [("x", &[2usize][..], x), ("y", &[2][..], y)];
            let range = if x.0 < 0 || y.0 < 0 { (-(1 << 41), (1 << 41) - 1) } else { (0, (1 << 41) - 1) };
            for op in ["and", "or", "xor"] {
                let body = pair(&format!("fhe.{op} %x, %y"), x, y, range);
                check(&arguments, &body, (&[2], range), bits, &samples(&[x, y]));
            }
        }
        for x in [(0, (1 << 30) - 1), (-(1 << 30), (1 << 30) - 1)] {
            let amount = (0, 33);
            let arguments = [("x", &[2usize][..], x), ("y", &[2][..], amount)];
            let others = samples(&[x, amount]);
            for (op, range) in [("shift_left", (x.0 << 33, x.1 << 33)), ("shift_right", x)] {
                let body = pair(&format!("fhe.{op} %x, %y"), x, amount, range);
                check(&arguments, &body, (&[2], range), bits, &others);
            }
        }
    }
}

#[test]
fn products() {
    for bits in [1, 2, 3, 4] {
        let (a, b) = ((-(1 << 31), (1 << 31) - 1), (0, (1 << 31) - 1));
        for (x, y) in [(a, a), (b, b), (a, b), (b, (0, 3)), ((-7, 7), a)] {
            let arguments = [("x", &[2usize][..], x), ("y", &[2][..], y)];
            let corners = [x.0 * y.0, x.0 * y.1, x.1 * y.0, x.1 * y.1];
            let range = (*corners.iter().min().unwrap(), *corners.iter().max().unwrap());
            check(&arguments, &pair("fhe.mul %x, %y", x, y, range), (&[2], range), bits, &samples(&[x, y]));
        }
    }
}

#[test]
fn linear_operations_with_weights() {
    let x = (-(1 << 40), 1 << 40);
    let x_ty = encrypted(&[2, 3], -1);
    // A comparison at the end: otherwise nothing has to be split.
    let tail = |shape: &[usize]| {
        let (ty, bit) = (encrypted(shape, -1), tensor(shape, "!fhe.eint<?>"));
        format!(
            "\n  %n = fhe.neg %s : ({ty}) -> {ty}\n  %r = fhe.compare %s, %n {{predicate = \"gt\"}} : ({ty}, {ty}) -> {bit}"
        )
    };
    let others: Vec<Vec<Vec<i64>>> = (0..6i64)
        .map(|i| vec![(0..6i64).map(|j| ((i * 7 + j * 5 + 3) % 13 - 6) * (1 << 36) / 7 + j).collect()])
        .collect();
    let cases: [(&str, &[usize], String); 7] = [
        (
            "mul",
            &[2, 3],
            format!(
                "  %w = arith.constant dense<[[3, -5, 100], [0, 1, -77]]> : tensor<2x3xi64>\n  %s = fhe.mul_clear %x, %w : ({x_ty}, tensor<2x3xi64>) -> {x_ty}"
            ),
        ),
        (
            "add",
            &[2, 3],
            format!(
                "  %w = arith.constant dense<[[3, -5, 10000000000], [0, 1, -7700000000]]> : tensor<2x3xi64>\n  %s = fhe.add_clear %x, %w : ({x_ty}, tensor<2x3xi64>) -> {x_ty}"
            ),
        ),
        (
            "matmul",
            &[2, 2],
            format!(
                "  %w = arith.constant dense<[[3, -5], [0, 1], [13, -40]]> : tensor<3x2xi64>\n  %s = fhe.matmul %x, %w : ({x_ty}, tensor<3x2xi64>) -> {}",
                encrypted(&[2, 2], -1)
            ),
        ),
        (
            "left matmul",
            &[2, 3],
            format!(
                "  %w = arith.constant dense<[[3, -5], [0, 111]]> : tensor<2x2xi64>\n  %s = fhe.matmul %w, %x : (tensor<2x2xi64>, {x_ty}) -> {x_ty}"
            ),
        ),
        (
            "sum",
            &[3],
            format!("  %s = fhe.sum %x {{axes = array<i64: 0>}} : ({x_ty}) -> {}", encrypted(&[3], -1)),
        ),
        (
            "sums",
            &[],
            format!("  %s = fhe.sum %x {{axes = array<i64: 0, 1>}} : ({x_ty}) -> {}", encrypted(&[], -1)),
        ),
        (
            "moves",
            &[3, 4],
            format!(
                "  %t = fhe.transpose %x {{permutation = array<i64: 1, 0>}} : ({x_ty}) -> {0}\n  %f = fhe.slice %t {{offsets = array<i64: 2, 0>, strides = array<i64: -1, 1>}} : ({0}) -> {0}\n  %s = fhe.concat %t, %f {{axis = 1 : i64}} : ({0}, {0}) -> {1}",
                encrypted(&[3, 2], -1),
                encrypted(&[3, 4], -1)
            ),
        ),
    ];
    for bits in [1, 2, 3, 4] {
        for (name, shape, body) in &cases {
            let body = format!("{body}{}", tail(shape));
            println!("{name}");
            check(&[("x", &[2, 3], x)], &body, (shape, (0, 1)), bits, &others);
        }
    }
}

#[test]
fn entries_of_tables_may_be_wide() {
    let (y, r) = ((0, 1 << 42), (0, 1));
    let lookup = "  %t = fhe.lookup %x {tables = dense<[[5, 3000000000000, 7, 4398046511103]]> : tensor<1x4xi64>} : (tensor<2x!fhe.eint<?>>) -> tensor<2x!fhe.eint<?>>\n";
    let joint = "  %t = fhe.joint_lookup %x, %x {lows = array<i64: 0, 0>, tables = dense<[[[1, 2, 3, 4], [5, 6, 70000000000, 8], [9, 10, 11, 12], [13, 14, 15, 4000000000000]]]> : tensor<1x4x4xi64>} : (tensor<2x!fhe.eint<?>>, tensor<2x!fhe.eint<?>>) -> tensor<2x!fhe.eint<?>>\n";
    for (bits, table) in [(1, lookup), (3, lookup), (2, joint)] {
        let body = format!("{table}{}", pair("fhe.compare %t, %y {predicate = \"ge\"}", y, y, r));
        let arguments = [("x", &[2usize][..], (0, 3)), ("y", &[2][..], y)];
        check(&arguments, &body, (&[2], r), bits, &samples(&[(0, 3), y]));
    }
}

#[test]
fn what_needs_no_digits_gets_none() {
    let wide_entries = "  %r = fhe.lookup %x {tables = dense<[[0, 70000, 5, 1000000]]> : tensor<1x4xi64>} : (!fhe.eint<?>) -> !fhe.eint<?>";
    let source = program(&[("x", &[], (0, 3))], wide_entries, (&[], (0, 1_000_000)));
    assert!(!split(&source, 2).contains("fhe.radix"));
    let sum = "  %r = fhe.add %x, %x : (!fhe.eint<?>, !fhe.eint<?>) -> !fhe.eint<?>";
    let source = program(&[("x", &[], (0, 1 << 40))], sum, (&[], (0, 1 << 41)));
    assert!(!split(&source, 2).contains("fhe.radix"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn digits_of_random_integers(
        bits in 1u32..5,
        values in proptest::collection::vec((any::<i64>(), any::<i64>()), 1..4),
        op in (0usize..9).prop_map(|i| ["compare %x, %y {predicate = \"le\"}", "compare %x, %y {predicate = \"eq\"}", "min %x, %y", "max %x, %y", "and %x, %y", "or %x, %y", "xor %x, %y", "compare %x, %y {predicate = \"gt\"}", "max %y, %x"][i]),
    ) {
        let is_bit = op.starts_with("compare");
        let range = if is_bit { (0, 1) } else { WHOLE };
        let body = pair(&format!("fhe.{op}"), WHOLE, WHOLE, range);
        let source = program(&[("x", &[2], WHOLE), ("y", &[2], WHOLE)], &body, (&[2], range));
        let text = split(&source, bits);
        for (x, y) in values {
            let inputs = [vec![x, y], vec![y, x]];
            let shapes: [&[usize]; 2] = [&[2], &[2]];
            prop_assert_eq!(results(&text, &inputs, &shapes), results(&source, &inputs, &shapes));
        }
    }
}
