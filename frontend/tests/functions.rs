//! Each elementwise function computes what Rust computes, on integers and on reals; host functions too.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod common;

use cloakwork_frontend::elementwise::{Accepts, Binary, Number, Unary};
use cloakwork_frontend::host::{HostBody, HostFunction};
use cloakwork_frontend::{InputType, OpGraph, SourceLocation, Traced, trace};
use cloakwork_ir::interpret::Clear;
use ndarray::{ArrayD, array};
use std::sync::Arc;

const SCALE: f64 = 1000.0;

fn on_reals(function: Unary) -> fn(f64) -> f64 {
    match function {
        Unary::ToReal => |v| v,
        Unary::RoundToInt | Unary::Round => f64::round_ties_even,
        Unary::FloorToInt | Unary::Floor => f64::floor,
        Unary::CeilToInt | Unary::Ceil => f64::ceil,
        Unary::TruncateToInt | Unary::Truncate => f64::trunc,
        Unary::Abs => f64::abs,
        Unary::Neg => |v| -v,
        Unary::Sign => |v| if v == 0.0 { 0.0 } else { v.signum() },
        Unary::Relu => |v| v.max(0.0),
        Unary::Sqrt => f64::sqrt,
        Unary::Cbrt => f64::cbrt,
        Unary::Exp => f64::exp,
        Unary::Exp2 => f64::exp2,
        Unary::Expm1 => f64::exp_m1,
        Unary::Log => f64::ln,
        Unary::Log2 => f64::log2,
        Unary::Log10 => f64::log10,
        Unary::Log1p => f64::ln_1p,
        Unary::Sin => f64::sin,
        Unary::Cos => f64::cos,
        Unary::Tan => f64::tan,
        Unary::Asin => f64::asin,
        Unary::Acos => f64::acos,
        Unary::Atan => f64::atan,
        Unary::Sinh => f64::sinh,
        Unary::Cosh => f64::cosh,
        Unary::Tanh => f64::tanh,
        Unary::Asinh => f64::asinh,
        Unary::Acosh => f64::acosh,
        Unary::Atanh => f64::atanh,
        Unary::Sigmoid => |v| 1.0 / (1.0 + (-v).exp()),
    }
}

/// Quarters for which the function is defined.
fn domain(function: Unary) -> std::ops::RangeInclusive<i64> {
    match function {
        Unary::Log | Unary::Log2 | Unary::Log10 => 1..=20,
        Unary::Sqrt | Unary::Log1p => 0..=20,
        Unary::Asin | Unary::Acos => -4..=4,
        Unary::Atanh => -3..=3,
        Unary::Acosh => 4..=20,
        _ => -20..=20,
    }
}

/// `round(1000 · f(q / 4))` for each quarter `q`.
#[test]
fn functions_of_one_real() {
    for &function in Unary::ALL {
        let graph = trace("f", |t| {
            let x = t.encrypted("x", [], InputType::Measured).to_real() / 4.0;
            let y = x.unary(function);
            if function.gives(Number::Real) == Number::Int { y } else { (y * SCALE).round_to_int() }
        })
        .unwrap();
        for quarter in domain(function) {
            let exact = on_reals(function)(quarter as f64 / 4.0);
            let scale = if function.gives(Number::Real) == Number::Int { 1.0 } else { SCALE };
            let expected = (exact * scale).round_ties_even() as i64;
            let found = common::run(&graph, quarter)[0].first().copied();
            assert_eq!(found, Some(expected), "{function:?} of {quarter}/4");
        }
    }
}

#[test]
fn functions_of_one_integer() {
    for &function in Unary::ALL.iter().filter(|f| f.accepts() != Accepts::Real) {
        let graph = trace("f", |t| t.encrypted("x", [], InputType::Measured).unary(function)).unwrap();
        for v in -5i64..=5 {
            let expected = on_reals(function)(v as f64) as i64;
            assert_eq!(common::run(&graph, v)[0].first(), Some(&expected), "{function:?} of {v}");
        }
    }
}

fn on_integers(function: Binary, a: i64, b: i64) -> Option<i64> {
    Some(match function {
        Binary::Add => a + b,
        Binary::Sub => a - b,
        Binary::Mul => a * b,
        Binary::Div | Binary::Atan2 => return None,
        Binary::Pow => a.pow(u32::try_from(b).ok()?),
        Binary::Min => a.min(b),
        Binary::Max => a.max(b),
        Binary::FloorDiv if b == 0 => return None,
        Binary::FloorDiv => (a as f64 / b as f64).floor() as i64,
        Binary::Remainder if b == 0 => return None,
        Binary::Remainder => a - b * (a as f64 / b as f64).floor() as i64,
        Binary::BitAnd => a & b,
        Binary::BitOr => a | b,
        Binary::BitXor => a ^ b,
        Binary::ShiftLeft if b < 0 => return None,
        Binary::ShiftLeft => a << b,
        Binary::ShiftRight if b < 0 => return None,
        Binary::ShiftRight => a >> b,
        Binary::Equal => i64::from(a == b),
        Binary::NotEqual => i64::from(a != b),
        Binary::Less => i64::from(a < b),
        Binary::LessEqual => i64::from(a <= b),
        Binary::Greater => i64::from(a > b),
        Binary::GreaterEqual => i64::from(a >= b),
    })
}

fn on_two_reals(function: Binary, a: f64, b: f64) -> Option<f64> {
    Some(match function {
        Binary::Add => a + b,
        Binary::Sub => a - b,
        Binary::Mul => a * b,
        Binary::Div => a / b,
        Binary::Atan2 => a.atan2(b),
        Binary::Pow => a.abs().powf(b),
        Binary::Min => a.min(b),
        Binary::Max => a.max(b),
        Binary::FloorDiv => (a / b).floor(),
        Binary::Remainder => a - b * (a / b).floor(),
        Binary::BitAnd | Binary::BitOr | Binary::BitXor | Binary::ShiftLeft | Binary::ShiftRight => {
            return None;
        }
        Binary::Equal => f64::from(a == b),
        Binary::NotEqual => f64::from(a != b),
        Binary::Less => f64::from(a < b),
        Binary::LessEqual => f64::from(a <= b),
        Binary::Greater => f64::from(a > b),
        Binary::GreaterEqual => f64::from(a >= b),
    })
}

#[test]
fn functions_of_two_integers() {
    for &function in Binary::ALL {
        for b in -2i64..=3 {
            let Some(_) = on_integers(function, 1, b) else { continue };
            // A constant on the right, an array of constants on the right, and an encrypted operand on either side.
            let graph = trace("f", |t| {
                let x = t.encrypted("x", [2], InputType::Measured);
                let same = &x - &(&x - b);
                [x.binary(function, b), x.binary(function, &array![b, 1]), x.binary(function, &same)]
            });
            let graph = graph.unwrap();
            for a in -4i64..=4 {
                let outputs = common::run(&graph, array![a, a + 1]);
                let expected = [(b, b), (b, 1), (b, b)].map(|(first, second)| {
                    array![
                        on_integers(function, a, first).unwrap(),
                        on_integers(function, a + 1, second).unwrap()
                    ]
                    .into_dyn()
                });
                assert_eq!(outputs, expected, "{function:?} of {a} and {b}");
            }
        }
    }
}

#[test]
fn functions_of_two_reals() {
    for &function in Binary::ALL {
        for b in [-1.5f64, 0.5, 2.0] {
            let Some(_) = on_two_reals(function, 1.0, b) else { continue };
            let graph = trace("f", |t| {
                let x = t.encrypted("x", [], InputType::Measured).to_real() / 4.0;
                let x = if function == Binary::Pow { x.abs() } else { x };
                let y = x.binary(function, b);
                if function.gives(Number::Real) == Number::Int {
                    y * 1000
                } else {
                    (y * SCALE).round_to_int()
                }
            })
            .unwrap();
            for quarter in (-9i64..=9).filter(|&q| q != 0) {
                let expected = on_two_reals(function, quarter as f64 / 4.0, b).unwrap();
                let expected = (expected * SCALE).round_ties_even() as i64;
                assert_eq!(
                    common::run(&graph, quarter)[0].first(),
                    Some(&expected),
                    "{function:?} of {quarter}/4 and {b}"
                );
            }
        }
    }
}

#[test]
fn host_functions_of_each_kind() {
    let mut graph = OpGraph::new("f");
    graph.set_place(Some(SourceLocation::new("program.py", 3, 0)), Some("layer".into()));
    let x = graph.encrypted("x", &[2], InputType::Measured).unwrap();
    let real = HostFunction { name: "half".into(), body: HostBody::Real(Arc::new(|v| v / 2.0)) };
    let ceil = HostBody::Array {
        takes: Number::Real,
        gives: Number::Int,
        function: Arc::new(|input| match input {
            Clear::Real(values) => Ok(Clear::Int(values.mapv(|v| v.ceil() as i64))),
            Clear::Int(_) | Clear::Unsigned(_) => Err("integers".into()),
        }),
    };
    let half = graph.host(real, x).unwrap();
    let up = graph.host(HostFunction { name: "ceil".into(), body: ceil }, half).unwrap();
    let short = HostBody::Array {
        takes: Number::Int,
        gives: Number::Int,
        function: Arc::new(|_| Ok(Clear::Int(ArrayD::zeros(ndarray::IxDyn(&[1]))))),
    };
    graph.output(up).unwrap();
    assert_eq!(common::run(&graph, array![3, -3]), [array![2, -1].into_dyn()]);
    let bad = graph.host(HostFunction { name: "short".into(), body: short }, up).unwrap();
    graph.output(bad).unwrap();
    assert_eq!(
        common::try_run(&graph, array![3, 4]).unwrap_err().to_string(),
        "program.py:3:0 (layer): error: `short` failed: it gave shape [1] for [2]; a function must give one result for each element"
    );
}

#[test]
fn a_function_of_one_value_along_several_paths_is_one_map() {
    let graph = trace("f", |t| {
        let x: Traced = t.encrypted("x", [], 0..=7).sum([]);
        let y = x.to_real();
        (y.sin() * y.cos() + &y).round_to_int() + (&x + 1) * (2 - &x)
    })
    .unwrap();
    let text = common::text::<i64>(&graph, vec![]);
    assert_eq!(text.matches("!fhe.efloat) ->").count(), 2, "{text}");
    for v in 0..8i64 {
        let real = v as f64;
        let expected = (real.sin() * real.cos() + real).round_ties_even() as i64 + (v + 1) * (2 - v);
        assert_eq!(common::run(&graph, v)[0].first(), Some(&expected));
    }
}

#[test]
fn clear_inputs_and_products_with_vectors() {
    let graph = trace("f", |t| {
        let x = t.encrypted("x", [2], InputType::Measured);
        let w = t.clear("w", [2], InputType::signed(8));
        let m = array![[1, 2, 3], [4, 5, 6]];
        [&x - &w, &w - &x, &x * &w, x.matmul(&m), x.left_matmul(m.t().to_owned()), x.dot(&w)]
    })
    .unwrap();
    let found = common::run(&graph, (array![3, 5], array![-1, 7]));
    let expected = [array![4, -2], array![-4, 2], array![-3, 35]].map(|v| v.into_dyn());
    assert_eq!(found[..3], expected);
    assert_eq!(found[3], array![23, 31, 39].into_dyn());
    assert_eq!(found[4], array![23, 31, 39].into_dyn());
    assert_eq!(found[5].first(), Some(&32));
}
