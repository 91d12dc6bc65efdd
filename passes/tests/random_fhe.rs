//! Random programs keep their meaning through `PREPARE` and `FHE`, and no value leaves its range.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use cloakwork_ir::attributes::{RANGE, get_range, i64_array};
use cloakwork_ir::context::{context, parse};
use cloakwork_ir::function::{Side, functions, set_op_attribute};
use cloakwork_ir::host::NoHostFunctions;
use cloakwork_ir::interpret::{Clear, Interpreter, interpret};
use cloakwork_passes::pipeline::{FHE, PREPARE, run};
use melior::ir::Module;
use melior::ir::operation::OperationLike;
use ndarray::{ArrayD, Axis, IxDyn};
use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, any, prop_assert, proptest};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Inputs are pairs of these.
const LO: i64 = -2;
const HI: i64 = 3;
/// Bound of what linear operations may reach, so that every table fits.
const LARGEST: i64 = 1500;

#[derive(Clone)]
struct Known {
    name: String,
    is_real: bool,
    /// The value that it is a function of.
    origin: usize,
    largest: i64,
}

/// One step: what to do, on which earlier values, with which number.
type Step = (u8, u8, u8, i8);

/// A program of one argument in which every map is a function of one value.
fn program(steps: &[Step]) -> String {
    let mut known =
        vec![Known { name: "%x".into(), is_real: false, origin: 0, largest: LO.abs().max(HI.abs()) }];
    let mut body = String::new();
    for (i, &(kind, first, second, number)) in steps.iter().enumerate() {
        let a = known[first as usize % known.len()].clone();
        let b = known[second as usize % known.len()].clone();
        let name = format!("%v{i}");
        let number = i64::from(number);
        if kind % 10 < 6 {
            if a.is_real || b.is_real {
                continue;
            }
            let Some((line, largest)) = linear(kind % 10, &name, &a, &b, number % 7) else { continue };
            if largest <= LARGEST {
                body += &line;
                known.push(Known { origin: known.len(), name, is_real: false, largest });
            }
        } else {
            let operands = if a.origin == b.origin { vec![&a, &b] } else { vec![&a] };
            let to_real = kind % 10 == 9 && kind >= 128;
            let (line, largest) = map(&name, &operands, number, to_real);
            body += &line;
            known.push(Known { origin: a.origin, name, is_real: to_real, largest });
        }
    }
    let integers: Vec<&Known> = known.iter().filter(|value| !value.is_real).collect();
    let returned: Vec<&str> = integers.iter().rev().take(3).map(|value| value.name.as_str()).collect();
    let types = vec![INTEGER; returned.len()].join(", ");
    format!(
        "func.func @main(%x: {INTEGER} {{fhe.range = array<i64: {LO}, {HI}>}}) -> ({types}) {{\n{body}return {} : {types}\n}}",
        returned.join(", ")
    )
}

const INTEGER: &str = "tensor<2x!fhe.esint<?>>";
const REAL: &str = "tensor<2x!fhe.efloat>";

fn linear(kind: u8, name: &str, a: &Known, b: &Known, number: i64) -> Option<(String, i64)> {
    let (x, y) = (&a.name, &b.name);
    let two = format!("({INTEGER}, {INTEGER}) -> {INTEGER}\n");
    let weights = format!("{name}c = arith.constant dense<[{number}, {}]> : tensor<2xi64>\n", 1 - number);
    let clear = format!("({INTEGER}, tensor<2xi64>) -> {INTEGER}\n");
    Some(match kind {
        0 => (format!("{name} = fhe.add {x}, {y} : {two}"), a.largest + b.largest),
        1 => (format!("{name} = fhe.sub {x}, {y} : {two}"), a.largest + b.largest),
        2 => (format!("{name} = fhe.neg {x} : ({INTEGER}) -> {INTEGER}\n"), a.largest),
        3 => (
            format!("{weights}{name} = fhe.mul_clear {x}, {name}c : {clear}"),
            a.largest * (number.abs() + 1),
        ),
        4 => {
            (format!("{weights}{name} = fhe.add_clear {x}, {name}c : {clear}"), a.largest + number.abs() + 1)
        }
        5 => {
            let reversed = "{offsets = array<i64: 1>, strides = array<i64: -1>}";
            (format!("{name} = fhe.slice {x} {reversed} : ({INTEGER}) -> {INTEGER}\n"), a.largest)
        }
        _ => return None,
    })
}

/// `rem(Σ operands · number, 17)`, or a real function; operands of either kind, one of them perhaps with constants.
fn map(name: &str, operands: &[&Known], number: i64, to_real: bool) -> (String, i64) {
    let names: Vec<&str> = operands.iter().map(|operand| operand.name.as_str()).collect();
    let types: Vec<&str> =
        operands.iter().map(|operand| if operand.is_real { REAL } else { INTEGER }).collect();
    let mut text = String::new();
    let constants = format!("dense<[{number}, {}]>", number % 3);
    let _ = writeln!(text, "{name}k = arith.constant {constants} : tensor<2xi64>");
    let result = if to_real { REAL } else { INTEGER };
    let _ = writeln!(
        text,
        "{name} = fhe.map {}, {name}k : ({}, tensor<2xi64>) -> {result} {{",
        names.join(", "),
        types.join(", ")
    );
    let arguments = operands
        .iter()
        .enumerate()
        .map(|(i, operand)| format!("%a{i}: {}", if operand.is_real { "f64" } else { "i64" }));
    let _ = writeln!(text, "^bb0({}, %k: i64):", arguments.collect::<Vec<_>>().join(", "));
    let _ = writeln!(text, "%s0 = arith.sitofp %k : i64 to f64");
    for (i, operand) in operands.iter().enumerate() {
        let real = if operand.is_real { format!("%a{i}") } else { format!("%f{i}") };
        if !operand.is_real {
            let _ = writeln!(text, "%f{i} = arith.sitofp %a{i} : i64 to f64");
        }
        let _ = writeln!(text, "%p{i} = arith.mulf {real}, %s{i} : f64");
        let _ = writeln!(text, "%s{} = arith.addf %p{i}, {real} : f64", i + 1);
    }
    let last = operands.len();
    let _ = writeln!(text, "%m = arith.constant 17.0 : f64\n%q = arith.remf %s{last}, %m : f64");
    if to_real {
        let _ =
            writeln!(text, "%h = arith.constant 0.5 : f64\n%r = arith.mulf %q, %h : f64\nfhe.yield %r : f64");
    } else {
        let _ = writeln!(text, "%r = arith.fptosi %q : f64 to i64\nfhe.yield %r : i64");
    }
    (text + "}\n", 17)
}

fn inputs() -> impl Iterator<Item = [Clear; 1]> {
    (LO..=HI).flat_map(|a| {
        (LO..=HI).map(move |b| [Clear::Int(ArrayD::from_shape_vec(IxDyn(&[2]), vec![a, b]).unwrap())])
    })
}

fn all_results(module: &Module<'_>) -> Vec<Vec<Clear>> {
    inputs().map(|input| interpret(functions(module)[0], &input, &NoHostFunctions).unwrap()).collect()
}

/// Least and greatest value of every integer that is computed, by its number in the function.
fn observe(module: &Module<'_>) -> BTreeMap<usize, (i64, i64)> {
    let function = functions(module)[0];
    let mut found: BTreeMap<usize, (i64, i64)> = BTreeMap::new();
    let operations = function.operations();
    let interpreter = Interpreter::new(function).unwrap();
    for input in inputs() {
        let mut observer = |op: melior::ir::OperationRef<'_, '_>, value: &Clear| {
            let place = operations.iter().position(|known| known.to_raw().ptr == op.to_raw().ptr).unwrap();
            for &v in value.int().into_iter().flatten() {
                let (lo, hi) = found.entry(place).or_insert((v, v));
                (*lo, *hi) = (v.min(*lo), v.max(*hi));
            }
        };
        let input: Vec<Clear> =
            input.iter().map(|x| Clear::Int(x.int().unwrap().clone().insert_axis(Axis(0)))).collect();
        interpreter.run(&input, &NoHostFunctions, &mut observer).unwrap();
    }
    found
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn meaning_stays(steps in vec(any::<Step>(), 1..14), is_measured in any::<bool>()) {
        let source = program(&steps);
        let context = context();
        let mut module = parse(&context, &source, "random").unwrap();
        let expected = all_results(&module);
        if is_measured {
            let operations = functions(&module)[0].operations();
            for (place, (lo, hi)) in observe(&module) {
                if operations[place].to_string().contains(" = fhe.") {
                    set_op_attribute(operations[place], RANGE, i64_array(&context, &[lo, hi]));
                }
            }
        }
        let source = module.as_operation().to_string();
        let passed = run(&context, &mut module, "builtin.module(canonicalize,cse,fhe-fuse-maps,fhe-infer-ranges)");
        prop_assert!(passed.is_ok(), "{passed:?}\n{source}");
        prop_assert!(!module.as_operation().to_string().contains("efloat"), "{source}");
        let operations = functions(&module)[0].operations();
        for (place, (lo, hi)) in observe(&module) {
            if let Some((least, greatest)) = get_range(&operations[place]) {
                prop_assert!(least <= lo && hi <= greatest, "{lo} to {hi} in {}\n{source}", operations[place]);
            }
        }
        let mut module = parse(&context, &source, "random").unwrap();
        for pipeline in [PREPARE, FHE] {
            let passed = run(&context, &mut module, pipeline);
            prop_assert!(passed.is_ok(), "{passed:?}\n{source}");
            let text = module.as_operation().to_string();
            prop_assert!(!text.contains("fhe.map"), "{text}");
            prop_assert!(all_results(&module) == expected, "{pipeline}:\n{source}\n{text}");
        }
        prop_assert!(!module.as_operation().to_string().contains('?'));
        let function = functions(&module)[0];
        prop_assert!(function.range(Side::Argument, 0) == Some((LO, HI)));
    }
}
