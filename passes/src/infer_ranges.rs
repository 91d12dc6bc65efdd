//! `fhe-infer-ranges`: bounds of every encrypted integer that no input set measured.
//!
//! Requires a range or a width on arguments, and maps fused as far as they can be. Ranges that stand
//! there already win over what could be inferred. Bounds are kept for each element while a function is
//! walked; the IR gets the least range that holds all of them, for lookups and maps every table at every input. What `fhe.assured`
//! says of a value narrows its bounds.

use crate::facts::{self, Range, fail, key, value_type};
use crate::intervals::{self, Interval};
use crate::pass::{Failed, Options};
use crate::tables::{reachable, reachable_in};
use crate::tabulate::{Tabulated, tabulate};
use cloakwork_abi::bounds::{self, Bounds, join};
use cloakwork_abi::encoding;
use cloakwork_ir::attributes as attr;
use cloakwork_ir::fhe::{FheOp, Lookup};
use cloakwork_ir::function::{Function, Side, functions_under};
use cloakwork_ir::host::{HostFunctions, NoHostFunctions};
use cloakwork_ir::interpret::{Clear, constant_bounds};
use cloakwork_ir::linear::Linear;
use cloakwork_ir::pairwise::Pairwise;
use cloakwork_ir::types::{Element, ValueType};
use cloakwork_ir::walk;
use melior::Context;
use melior::ir::operation::OperationLike;
use melior::ir::{OperationRef, ValueLike};
use ndarray::ArrayD;
use std::collections::{BTreeMap, HashMap};

/// Sets `fhe.range` on encrypted arguments and operations of every function of the module.
pub fn infer_ranges<'c: 'a, 'a>(
    context: &'c Context,
    module: OperationRef<'c, 'a>,
    host: &dyn HostFunctions,
) -> Result<(), Failed> {
    functions_under(module).into_iter().try_for_each(|function| infer(context, function, host))
}

pub(crate) fn run<'c, 'a>(
    context: &'c Context,
    module: OperationRef<'c, 'a>,
    _: &Options<'_>,
) -> Result<(), Failed> {
    infer_ranges(context, module, &NoHostFunctions)
}

/// Bounds of values, as far as they are known.
type Known = HashMap<usize, Interval>;

fn infer<'c: 'a, 'a>(
    context: &'c Context,
    function: Function<'c, 'a>,
    host: &dyn HostFunctions,
) -> Result<(), Failed> {
    let mut known = arguments(context, function)?;
    for op in function.operations() {
        let Some(result) = op.results().next() else { continue };
        let ty = value_type(result.into(), op)?;
        let interval = match FheOp::of(op) {
            Some(fhe) => {
                let (range, interval) = match attr::get_bounds(&op) {
                    // Samples need not have hit every digit.
                    Some(measured) if wraps(&fhe) => {
                        let (reached, interval) = evaluate(function, op, &fhe, &ty, &known, host)?;
                        (join(measured, reached), interval)
                    }
                    Some(measured) => {
                        match missed(op, &fhe, &known).map(|it| (join(measured, it.hull()), it)) {
                            Some((joined, interval))
                                if bounds::are_words(joined)
                                    && (fits_lookup(joined) || !fits_lookup(measured)) =>
                            {
                                (joined, interval)
                            }
                            _ => (measured, Interval::uniform(ty.shape(), measured)),
                        }
                    }
                    None => evaluate(function, op, &fhe, &ty, &known, host)?,
                };
                let (range, interval) = match attr::get_assured(&op) {
                    Some(assured) => (within(range, assured), interval.within(assured)),
                    None => (range, interval),
                };
                if !bounds::are_words(range) {
                    let (lo, hi) = range;
                    let width = encoding::width_of_bounds(range);
                    return Err(fail(
                        op,
                        &format!(
                            "the values {lo} to {hi} need {width} bits; integers have at most 64, signed or unsigned: give the \
                             operands smaller ranges"
                        ),
                    ));
                }
                facts::set_bounds(context, op, range);
                Some(interval)
            }
            None if ty.element.is_encrypted() => {
                let name = walk::name(&op);
                return Err(fail(
                    op,
                    &format!("`{name}` cannot compute on encrypted values; allowed are operations of `fhe`"),
                ));
            }
            None => evaluate_clear(op, &ty, &known),
        };
        if let Some(interval) = interval {
            known.insert(key(result.into()), interval);
        }
    }
    Ok(())
}

fn arguments<'c: 'a, 'a>(context: &'c Context, function: Function<'c, 'a>) -> Result<Known, Failed> {
    let mut known = Known::new();
    for (i, argument) in function.arguments().into_iter().enumerate() {
        let ty = value_type(argument, function.op)?;
        let given = function.bounds(Side::Argument, i);
        let range = match ty.element {
            Element::Encrypted { width, is_signed } => {
                let range = given.or(width.map(|width| bounds::wide(encoding::bounds(width, is_signed))));
                let Some(range) = range else {
                    let (name, example) = (function.value_name(Side::Argument, i), example(is_signed));
                    return Err(fail(
                        function.op,
                        &format!(
                            "argument `{name}` of type `{ty}` has neither a width nor a range; declare a width such as \
                             `{example}`, give it `fhe.range = array<i64: lo, hi>`, or compile with an input set"
                        ),
                    ));
                };
                function.set_attribute(
                    context,
                    Side::Argument,
                    i,
                    attr::RANGE,
                    attr::bounds_attribute(context, range),
                );
                Some(range)
            }
            Element::EncryptedReal => {
                let name = function.value_name(Side::Argument, i);
                return Err(fail(
                    function.op,
                    &format!(
                        "argument `{name}` has the type `{ty}`, but only integers can be encrypted; quantize it to an integer"
                    ),
                ));
            }
            Element::Clear => given,
            Element::ClearReal | Element::Lwe { .. } => None,
        };
        if let Some(range) = range {
            known.insert(key(argument), Interval::uniform(ty.shape(), range));
        }
    }
    Ok(known)
}

fn example(is_signed: bool) -> Element {
    Element::Encrypted { width: Some(cloakwork_abi::parameters::Width(4)), is_signed }
}

/// The range that the IR gets, and bounds for each element.
fn evaluate<'c: 'a, 'a>(
    function: Function<'c, 'a>,
    op: OperationRef<'c, 'a>,
    fhe: &FheOp<'c, 'a>,
    ty: &ValueType,
    known: &Known,
    host: &dyn HostFunctions,
) -> Result<(Bounds, Interval), Failed> {
    let interval = match fhe {
        FheOp::Constant { value } => {
            let exact = Clear::of_words(value.clone(), constant_bounds(op)).integers();
            Interval::exactly(exact.expect("words are integers"))
        }
        FheOp::Linear(linear) => evaluate_linear(function, op, linear, ty, known)?,
        FheOp::Digits(digits) => {
            let operands = (0..op.operand_count()).map(|i| bounds(function, op, i, known));
            let operands: Vec<&Interval> = operands.collect::<Result<_, _>>()?;
            intervals::digits(digits, &operands)
                .ok_or_else(|| fail(op, "the values leave 64 bits; make the input smaller"))?
        }
        FheOp::Pairwise(pairwise) => {
            let [x, y] = [bounds(function, op, 0, known)?, bounds(function, op, 1, known)?];
            intervals::pairwise(*pairwise, x, y).ok_or_else(|| no_bounds(op, *pairwise, x, y))?
        }
        FheOp::Select => {
            let condition = bounds(function, op, 0, known)?;
            check_condition(op, condition.hull())?;
            intervals::select(condition, bounds(function, op, 1, known)?, bounds(function, op, 2, known)?)
        }
        FheOp::JointLookup(lookup) => {
            Interval::uniform(ty.shape(), bounds::wide(facts::hull(&lookup.tables)))
        }
        FheOp::Lookup(lookup) => {
            let input = bounds(function, op, 0, known)?;
            return Ok((bounds::wide(reachable(lookup, as_range(input.hull()))), looked_up(lookup, input)));
        }
        FheOp::Map { body } => match tabulate(function, op, *body, host)? {
            Tabulated::Constant(values) => Interval::exactly(values.mapv(i128::from)),
            Tabulated::Lookup { input, range, lookup } => {
                let whole;
                let input = match known.get(&key(input)) {
                    Some(input) => input,
                    None => {
                        whole = Interval::uniform(ty.shape(), bounds::wide(range));
                        &whole
                    }
                };
                return Ok((bounds::wide(reachable(&lookup, range)), looked_up(&lookup, input)));
            }
            Tabulated::Joint { lookup, .. } => {
                Interval::uniform(ty.shape(), bounds::wide(facts::hull(&lookup.tables)))
            }
            Tabulated::Wide(range) => Interval::uniform(ty.shape(), range),
        },
    };
    Ok((interval.hull(), interval))
}

/// What two ranges have in common; there is something.
fn within((lo, hi): Bounds, (least, greatest): Bounds) -> Bounds {
    (lo.clamp(least, greatest), hi.clamp(least, greatest))
}

/// Whether neighbouring inputs may lead to distant results.
fn wraps(op: &FheOp<'_, '_>) -> bool {
    match op {
        FheOp::Digits(digits) => !intervals::is_monotone(digits),
        FheOp::Constant { .. }
        | FheOp::Linear(_)
        | FheOp::Lookup(_)
        | FheOp::Pairwise(_)
        | FheOp::Select
        | FheOp::JointLookup(_)
        | FheOp::Map { .. } => false,
    }
}

/// Bounds of a function of several values: samples need not have hit every pair of what each of them can be.
fn missed<'c: 'a, 'a>(op: OperationRef<'c, 'a>, fhe: &FheOp<'c, 'a>, known: &Known) -> Option<Interval> {
    let of = |i: usize| known.get(&key(walk::operand(op, i)));
    match fhe {
        FheOp::Pairwise(pairwise) => intervals::pairwise(*pairwise, of(0)?, of(1)?),
        FheOp::Select => Some(intervals::select(of(0)?, of(1)?, of(2)?)),
        FheOp::Constant { .. }
        | FheOp::Linear(_)
        | FheOp::Digits(_)
        | FheOp::Lookup(_)
        | FheOp::JointLookup(_)
        | FheOp::Map { .. } => None,
    }
}

/// What a table is looked up with; others than these it takes modulo its length.
fn as_range((lo, hi): Bounds) -> Range {
    (lo.max(i64::MIN.into()) as i64, hi.min(i64::MAX.into()) as i64)
}

fn fits_lookup(range: Bounds) -> bool {
    encoding::width_of_bounds(range) <= encoding::MAX_LOOKUP_WIDTH
}

fn check_condition(op: OperationRef<'_, '_>, (lo, hi): Bounds) -> Result<(), Failed> {
    if lo >= 0 && hi <= 1 {
        return Ok(());
    }
    Err(fail(
        op,
        &format!("the condition takes the values {lo} to {hi}, allowed are 0 and 1; compare it with 0 first"),
    ))
}

/// Why a function of two integers has no bounds.
fn no_bounds(op: OperationRef<'_, '_>, function: Pairwise, x: &Interval, y: &Interval) -> Failed {
    let name = function.mnemonic();
    let ((a, b), (c, d)) = (x.hull(), y.hull());
    let is_shift = matches!(function, Pairwise::ShiftLeft | Pairwise::ShiftRight);
    fail(
        op,
        &match is_shift && c < 0 {
            true => format!(
                "`fhe.{name}` by {c} to {d}; bits are shifted by 0 or more, so declare an unsigned amount"
            ),
            false => format!(
                "the result of `fhe.{name}` of {a} to {b} and {c} to {d} leaves 64 bits; give the operands smaller ranges"
            ),
        },
    )
}

fn evaluate_linear<'c: 'a, 'a>(
    function: Function<'c, 'a>,
    op: OperationRef<'c, 'a>,
    linear: &Linear,
    ty: &ValueType,
    known: &Known,
) -> Result<Interval, Failed> {
    let operands = (0..op.operand_count()).map(|i| bounds(function, op, i, known));
    let operands: Vec<&Interval> = operands.collect::<Result<_, _>>()?;
    intervals::linear(linear, &operands, ty.shape()).ok_or_else(|| {
        let hulls: Vec<String> = operands
            .iter()
            .map(|operand| {
                let (lo, hi) = operand.hull();
                format!("{lo} to {hi}")
            })
            .collect();
        fail(
            op,
            &format!(
                "the result leaves 64 bits: its operands are {}; give them smaller ranges or weights",
                hulls.join(" and ")
            ),
        )
    })
}

/// The bounds of operand `i`.
fn bounds<'c: 'a, 'a, 'k>(
    function: Function<'c, 'a>,
    op: OperationRef<'c, 'a>,
    i: usize,
    known: &'k Known,
) -> Result<&'k Interval, Failed> {
    let operand = walk::operand(op, i);
    known.get(&key(operand)).ok_or_else(|| {
        let position = function.arguments().iter().position(|argument| *argument == operand);
        let message = match position {
            Some(position) => format!(
                "the clear argument `{}` has no range; give it `fhe.range = array<i64: lo, hi>`, or compile with an input set",
                function.value_name(Side::Argument, position)
            ),
            None => format!(
                "the range of operand {i} of type `{}` is not known; clear operands must be constants, arguments with a \
                 range, or computed from them by addi, subi, muli and shli without overflow",
                operand.r#type()
            ),
        };
        fail(op, &message)
    })
}

/// Bounds of each element of a lookup, from the entries that it can reach itself.
fn looked_up(lookup: &Lookup, input: &Interval) -> Interval {
    let mut found: BTreeMap<(i64, Range), Range> = BTreeMap::new();
    let selected: Vec<i64> = match &lookup.selector {
        Some(selector) => selector.iter().copied().collect(),
        None => vec![0; input.lo.len()],
    };
    let bounds: Vec<Range> = selected
        .into_iter()
        .zip(input.lo.iter().zip(&input.hi))
        .map(|(table, (&lo, &hi))| {
            let range = as_range((lo, hi));
            *found.entry((table, range)).or_insert_with(|| reachable_in(lookup, table as usize, range))
        })
        .collect();
    let array = |values: Vec<i128>| {
        ArrayD::from_shape_vec(input.lo.raw_dim(), values).expect("one bound for each element")
    };
    Interval {
        lo: array(bounds.iter().map(|(lo, _)| i128::from(*lo)).collect()),
        hi: array(bounds.iter().map(|(_, hi)| i128::from(*hi)).collect()),
    }
}

/// Bounds of clear integers; `None` if they are not known.
fn evaluate_clear<'c: 'a, 'a>(op: OperationRef<'c, 'a>, ty: &ValueType, known: &Known) -> Option<Interval> {
    if ty.element != Element::Clear {
        return None;
    }
    let operands: Vec<&Interval> =
        op.operands().map(|operand| known.get(&key(operand))).collect::<Option<_>>()?;
    let linear = match (walk::name(&op).as_str(), operands.as_slice()) {
        ("arith.constant", _) => match facts::clear_constant(walk::result(op))? {
            Clear::Int(values) => return Some(Interval::exactly(values.mapv(i128::from))),
            Clear::Unsigned(_) | Clear::Real(_) => return None,
        },
        ("arith.addi", [_, _]) => Linear::Add,
        ("arith.subi", [_, _]) => Linear::Sub,
        ("arith.muli", [_, _]) => Linear::MulClear,
        ("arith.shli", [a, amount]) => {
            let in_word = amount.hull().0 >= 0 && amount.hull().1 < 63;
            let power = |by: &ArrayD<i128>| by.mapv(|by| 1i128 << by);
            let power = in_word.then(|| Interval { lo: power(&amount.lo), hi: power(&amount.hi) })?;
            return intervals::linear(&Linear::MulClear, &[a, &power], ty.shape());
        }
        _ => return None,
    };
    intervals::linear(&linear, &operands, ty.shape())
}
