//! The body of an `fhe.map`: `arith` and `math` on scalars, evaluated for many elements at once.

use crate::attributes as attr;
use crate::diagnostic::Diagnostic;
use crate::host::{Column, HostFunctions};
use crate::walk;
use melior::ir::attribute::{FloatAttribute, IntegerAttribute};
use melior::ir::block::BlockLike;
use melior::ir::operation::OperationLike;
use melior::ir::{BlockRef, OperationRef, ValueLike};
use std::collections::BTreeMap;

/// Evaluates the body for every element; all arguments have one length.
pub fn evaluate(
    body: BlockRef<'_, '_>,
    arguments: Vec<Column>,
    host: &dyn HostFunctions,
) -> Result<Column, Diagnostic> {
    let count = match arguments.first() {
        Some(Column::Int(values)) => values.len(),
        Some(Column::Real(values)) => values.len(),
        None => 1,
    };
    let mut known: BTreeMap<usize, Column> = BTreeMap::new();
    for (i, argument) in arguments.into_iter().enumerate() {
        let value = body.argument(i).expect("verified: one argument for each operand");
        known.insert(value.to_raw().ptr as usize, argument);
    }
    let mut current = body.first_operation();
    while let Some(op) = current {
        let operands: Vec<&Column> =
            op.operands().filter_map(|value| known.get(&(value.to_raw().ptr as usize))).collect();
        if walk::name(&op) == "fhe.yield" {
            return Ok(operands[0].clone());
        }
        let result = evaluate_op(op, &operands, count, host)?;
        known.insert(walk::result(op).to_raw().ptr as usize, result);
        current = op.next_in_block();
    }
    Err(Diagnostic::new(
        crate::diagnostic::Severity::Error,
        "",
        "the body of the map does not end in `fhe.yield`",
    ))
}

fn evaluate_op(
    op: OperationRef<'_, '_>,
    operands: &[&Column],
    count: usize,
    host: &dyn HostFunctions,
) -> Result<Column, Diagnostic> {
    let name = walk::name(&op);
    let failed = |message: String| Diagnostic::error_at(&op, message);
    match (name.as_str(), operands) {
        ("arith.constant", []) => {
            let value = op.attribute("value").ok();
            if let Some(int) = value.and_then(|value| IntegerAttribute::try_from(value).ok()) {
                return Ok(Column::Int(vec![int.value(); count]));
            }
            let real = value.and_then(|value| FloatAttribute::try_from(value).ok());
            real.map(|real| Column::Real(vec![real.value(); count]))
                .ok_or_else(|| failed("the constant is not a scalar".into()))
        }
        ("fhe.call_host", inputs) => {
            let function = attr::get_i64(&op, "function").unwrap_or(-1);
            let result = host.call(function, inputs).map_err(failed)?;
            Ok(result)
        }
        ("arith.sitofp" | "arith.uitofp", [Column::Int(values)]) => {
            Ok(Column::Real(values.iter().map(|&v| v as f64).collect()))
        }
        ("arith.fptosi", [Column::Real(values)]) => {
            let convert = |&value: &f64| {
                let fits = value.is_finite() && value.abs() < 9.0e18;
                fits.then_some(value as i64).ok_or_else(|| {
                    failed(format!("{value} has no integer part; guard the function against such inputs"))
                })
            };
            Ok(Column::Int(values.iter().map(convert).collect::<Result<_, _>>()?))
        }
        ("arith.extui" | "arith.index_cast", [Column::Int(values)]) => Ok(Column::Int(values.clone())),
        ("arith.extsi", [Column::Int(values)]) => Ok(Column::Int(values.iter().map(|v| -v).collect())),
        ("arith.select", [Column::Int(choice), a, b]) => {
            select(choice, a, b).ok_or_else(|| failed("the two choices differ in type".into()))
        }
        ("arith.cmpi", [Column::Int(a), Column::Int(b)]) => {
            let predicate = attr::get_i64(&op, "predicate").unwrap_or(-1);
            let compare = int_predicate(predicate)
                .ok_or_else(|| failed(format!("comparison {predicate} is not known")))?;
            Ok(Column::Int(a.iter().zip(b).map(|(&a, &b)| i64::from(compare(a, b))).collect()))
        }
        ("arith.cmpf", [Column::Real(a), Column::Real(b)]) => {
            let predicate = attr::get_i64(&op, "predicate").unwrap_or(-1);
            let compare = real_predicate(predicate)
                .ok_or_else(|| failed(format!("comparison {predicate} is not known")))?;
            Ok(Column::Int(a.iter().zip(b).map(|(&a, &b)| i64::from(compare(a, b))).collect()))
        }
        (_, [Column::Int(values)]) => {
            let f = int_unary(&name).ok_or_else(|| failed(format!("`{name}` is not supported in a map")))?;
            Ok(Column::Int(values.iter().map(|&v| f(v)).collect()))
        }
        (_, [Column::Real(values)]) => {
            let f = real_unary(&name).ok_or_else(|| failed(format!("`{name}` is not supported in a map")))?;
            Ok(Column::Real(values.iter().map(|&v| f(v)).collect()))
        }
        (_, [Column::Int(a), Column::Int(b)]) => {
            let f = int_binary(&name).ok_or_else(|| failed(format!("`{name}` is not supported in a map")))?;
            let result = f(a, b).map_err(|(a, b)| failed(format!("`{name}` of {a} and {b} has no result")));
            Ok(Column::Int(result?))
        }
        (_, [Column::Real(a), Column::Real(b)]) => {
            let f =
                real_binary(&name).ok_or_else(|| failed(format!("`{name}` is not supported in a map")))?;
            Ok(Column::Real(f(a, b)))
        }
        _ => Err(failed(format!("`{name}` is not supported in a map"))),
    }
}

/// Whether the op may stand in the body of a map.
pub(crate) fn is_supported(name: &str) -> bool {
    let structural = [
        "arith.constant",
        "fhe.call_host",
        "fhe.yield",
        "arith.sitofp",
        "arith.uitofp",
        "arith.fptosi",
        "arith.extui",
        "arith.extsi",
        "arith.index_cast",
        "arith.select",
        "arith.cmpi",
        "arith.cmpf",
    ];
    structural.contains(&name)
        || int_unary(name).is_some()
        || real_unary(name).is_some()
        || int_binary(name).is_some()
        || real_binary(name).is_some()
}

fn select(choice: &[i64], a: &Column, b: &Column) -> Option<Column> {
    fn pick<T: Copy>(choice: &[i64], a: &[T], b: &[T]) -> Vec<T> {
        choice.iter().zip(a.iter().zip(b)).map(|(&c, (&a, &b))| if c != 0 { a } else { b }).collect()
    }
    match (a, b) {
        (Column::Int(a), Column::Int(b)) => Some(Column::Int(pick(choice, a, b))),
        (Column::Real(a), Column::Real(b)) => Some(Column::Real(pick(choice, a, b))),
        _ => None,
    }
}

fn int_unary(name: &str) -> Option<fn(i64) -> i64> {
    Some(match name {
        "math.absi" => i64::wrapping_abs,
        _ => return None,
    })
}

fn real_unary(name: &str) -> Option<fn(f64) -> f64> {
    Some(match name {
        "arith.negf" => |v| -v,
        "math.absf" => f64::abs,
        "math.acos" => f64::acos,
        "math.acosh" => f64::acosh,
        "math.asin" => f64::asin,
        "math.asinh" => f64::asinh,
        "math.atan" => f64::atan,
        "math.atanh" => f64::atanh,
        "math.cbrt" => f64::cbrt,
        "math.ceil" => f64::ceil,
        "math.cos" => f64::cos,
        "math.cosh" => f64::cosh,
        "math.exp" => f64::exp,
        "math.exp2" => f64::exp2,
        "math.expm1" => f64::exp_m1,
        "math.floor" => f64::floor,
        "math.log" => f64::ln,
        "math.log10" => f64::log10,
        "math.log1p" => f64::ln_1p,
        "math.log2" => f64::log2,
        "math.round" => f64::round,
        "math.roundeven" => f64::round_ties_even,
        "math.rsqrt" => |v| v.sqrt().recip(),
        "math.sin" => f64::sin,
        "math.sinh" => f64::sinh,
        "math.sqrt" => f64::sqrt,
        "math.tan" => f64::tan,
        "math.tanh" => f64::tanh,
        "math.trunc" => f64::trunc,
        _ => return None,
    })
}

/// Of whole columns, so that each function has a loop of its own; the error is the pair without a result.
type OfInts = fn(&[i64], &[i64]) -> Result<Vec<i64>, (i64, i64)>;

fn int_binary(name: &str) -> Option<OfInts> {
    fn each(a: &[i64], b: &[i64], f: impl Fn(i64, i64) -> Option<i64>) -> Result<Vec<i64>, (i64, i64)> {
        let mut results = Vec::with_capacity(a.len());
        for (&a, &b) in a.iter().zip(b) {
            results.push(f(a, b).ok_or((a, b))?);
        }
        Ok(results)
    }
    fn shift(a: i64, b: i64, f: fn(i64, u32) -> Option<i64>) -> Option<i64> {
        f(a, u32::try_from(b).ok()?)
    }
    Some(match name {
        "arith.addi" => |a, b| each(a, b, i64::checked_add),
        "arith.subi" => |a, b| each(a, b, i64::checked_sub),
        "arith.muli" => |a, b| each(a, b, i64::checked_mul),
        "arith.divsi" => |a, b| each(a, b, i64::checked_div),
        "arith.remsi" => |a, b| each(a, b, i64::checked_rem),
        "arith.floordivsi" => |a, b| {
            each(a, b, |a, b| a.checked_div(b).map(|q| q - i64::from(a % b != 0 && (a < 0) != (b < 0))))
        },
        "arith.ceildivsi" => |a, b| {
            each(a, b, |a, b| a.checked_div(b).map(|q| q + i64::from(a % b != 0 && (a < 0) == (b < 0))))
        },
        "arith.andi" => |a, b| each(a, b, |a, b| Some(a & b)),
        "arith.ori" => |a, b| each(a, b, |a, b| Some(a | b)),
        "arith.xori" => |a, b| each(a, b, |a, b| Some(a ^ b)),
        "arith.shli" => |a, b| each(a, b, |a, b| shift(a, b, i64::checked_shl)),
        "arith.shrsi" => |a, b| each(a, b, |a, b| shift(a, b, i64::checked_shr)),
        "arith.maxsi" => |a, b| each(a, b, |a, b| Some(a.max(b))),
        "arith.minsi" => |a, b| each(a, b, |a, b| Some(a.min(b))),
        "math.ipowi" => |a, b| each(a, b, |a, b| a.checked_pow(u32::try_from(b).ok()?)),
        _ => return None,
    })
}

type OfReals = fn(&[f64], &[f64]) -> Vec<f64>;

fn real_binary(name: &str) -> Option<OfReals> {
    fn each(a: &[f64], b: &[f64], f: impl Fn(f64, f64) -> f64) -> Vec<f64> {
        a.iter().zip(b).map(|(&a, &b)| f(a, b)).collect()
    }
    Some(match name {
        "arith.addf" => |a, b| each(a, b, |a, b| a + b),
        "arith.subf" => |a, b| each(a, b, |a, b| a - b),
        "arith.mulf" => |a, b| each(a, b, |a, b| a * b),
        "arith.divf" => |a, b| each(a, b, |a, b| a / b),
        "arith.remf" => |a, b| each(a, b, |a, b| a % b),
        "arith.maximumf" | "arith.maxnumf" => |a, b| each(a, b, f64::max),
        "arith.minimumf" | "arith.minnumf" => |a, b| each(a, b, f64::min),
        "math.atan2" => |a, b| each(a, b, f64::atan2),
        "math.powf" => |a, b| each(a, b, f64::powf),
        _ => return None,
    })
}

/// The predicates of `arith.cmpi`, by MLIR's numbers.
fn int_predicate(number: i64) -> Option<fn(i64, i64) -> bool> {
    Some(match number {
        0 => |a, b| a == b,
        1 => |a, b| a != b,
        2 => |a, b| a < b,
        3 => |a, b| a <= b,
        4 => |a, b| a > b,
        5 => |a, b| a >= b,
        6 => |a, b| (a as u64) < b as u64,
        7 => |a, b| a as u64 <= b as u64,
        8 => |a, b| a as u64 > b as u64,
        9 => |a, b| a as u64 >= b as u64,
        _ => return None,
    })
}

/// The ordered predicates of `arith.cmpf`, by MLIR's numbers, and `une`.
fn real_predicate(number: i64) -> Option<fn(f64, f64) -> bool> {
    Some(match number {
        1 => |a, b| a == b,
        2 => |a, b| a > b,
        3 => |a, b| a >= b,
        4 => |a, b| a < b,
        5 => |a, b| a <= b,
        6 => |a, b| !a.is_nan() && !b.is_nan() && a != b,
        13 => |a, b| a != b,
        _ => return None,
    })
}
