//! `fhe-set-bounds`: where the ranges of values come from, and what the other source would say.
//!
//! Requires a range or a width on arguments, measured ranges on operations if there are any, and fused maps. What
//! follows from the ranges of the arguments alone is the provable range of a value.
//!
//! - `measured`: ranges stay; `fhe.provable` tells the provable range where it exceeds them, and `fhe.unproven` at a function
//!   that some value may leave its range;
//! - `guarded`: ranges stay; `fhe.reached` tells the provable range where it exceeds them, so that widths are inferred in which
//!   tables and results saturate for all of it (`fhe.unproven` at the function lets tables go on from their ends). What neither a
//!   table of its own nor a result takes gets its provable range;
//! - `provable`: ranges become the provable ones;
//! - `saturate`: what a lookup takes is clipped to its measured range, where arguments could lead outside; ranges
//!   become the provable ones of that program. Clips become part of the tables.

use crate::facts::{self, Range, fail, key, set_range};
use crate::fuse_maps::fuse_maps;
use crate::infer_ranges::infer_ranges;
use crate::pass::{Failed, Options};
use cloakwork_abi::bounds;
use cloakwork_abi::encoding::{MAX_LOOKUP_WIDTH, folding_width};
use cloakwork_ir::attributes as attr;
use cloakwork_ir::build::Builder;
use cloakwork_ir::context::with_diagnostics;
use cloakwork_ir::digits::Digits;
use cloakwork_ir::fhe::FheOp;
use cloakwork_ir::function::{functions_under, remove_op_attribute, set_op_attribute};
use cloakwork_ir::host::{HostFunctions, NoHostFunctions};
use cloakwork_ir::types::{Element, ValueType};
use cloakwork_ir::walk;
use melior::Context;
use melior::ir::operation::OperationLike;
use melior::ir::{Attribute, OperationRef, Value, ValueLike};
use std::collections::HashMap;
use std::str::FromStr;

/// Where ranges come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Bounds {
    /// From samples, where there are some.
    #[default]
    Measured,
    /// From samples, where there are some; widths have so much room that what leaves a range saturates, whatever the
    /// arguments are.
    Guarded,
    /// From the ranges of arguments.
    Provable,
    /// From the ranges of arguments; lookups clip what they take to what samples showed.
    Saturate,
}

impl Bounds {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Measured, Self::Guarded, Self::Provable, Self::Saturate];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Measured => "measured",
            Self::Guarded => "guarded",
            Self::Provable => "provable",
            Self::Saturate => "saturate",
        }
    }
}

impl FromStr for Bounds {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|bounds| bounds.name() == text);
        found.ok_or_else(|| "`measured`, `guarded`, `provable` or `saturate`".to_owned())
    }
}

pub(crate) fn run<'c, 'a>(
    context: &'c Context,
    module: OperationRef<'c, 'a>,
    options: &Options<'_>,
) -> Result<(), Failed> {
    let bounds = options.value("bounds", "`measured`, `guarded`, `provable` or `saturate`", module)?;
    set_bounds(context, module, &NoHostFunctions, bounds)
}

/// Sets the ranges of every function of the module, or tells where the provable ones exceed them.
///
/// Those that are to be provable are left to `fhe-infer-ranges`.
pub fn set_bounds<'c, 'a>(
    context: &'c Context,
    module: OperationRef<'c, 'a>,
    host: &dyn HostFunctions,
    bounds: Bounds,
) -> Result<(), Failed> {
    if operations(module).iter().all(|op| attr::get_bounds(op).is_none()) {
        return Ok(());
    }
    match bounds {
        Bounds::Measured => {
            let mut proven = provable(context, module, host).into_iter();
            for function in functions_under(module) {
                let mut may_leave = false;
                for (op, range) in function.operations().into_iter().zip(&mut proven) {
                    let measured = attr::get_bounds(&op);
                    // Where no proof was found, there may be anything.
                    may_leave |= measured.is_some() && range.is_none();
                    if let Some(range) = range.filter(|range| exceeds(measured, *range)) {
                        set_op_attribute(op, attr::PROVABLE, attr::bounds_attribute(context, range));
                        may_leave = true;
                    }
                }
                if may_leave {
                    set_op_attribute(function.op, attr::UNPROVEN, Attribute::unit(context));
                }
            }
        }
        Bounds::Guarded => guard(context, module, host)?,
        Bounds::Provable => leave_to_proof(context, module, host),
        Bounds::Saturate => {
            insert_clips(context, module, is_clipped);
            let proven = provable(context, module, host);
            let all = operations(module);
            let results =
                all.iter().zip(&proven).filter_map(|(op, range)| Some((op.results().next()?, *range)));
            let known: HashMap<usize, Option<bounds::Bounds>> =
                results.map(|(result, range)| (key(result.into()), range)).collect();
            let range_of = |value: Value<'c, 'a>| known.get(&key(value)).copied().flatten();
            for clip in all.iter().copied().filter(|op| op.has_attribute(CLIP)) {
                let input = walk::operand(clip, 0);
                remove_op_attribute(clip, CLIP);
                // Where no proof was found, there may be anything.
                if range_of(input).is_some_and(|range| !exceeds(attr::get_bounds(&clip), range)) {
                    walk::replace_all_uses(walk::result(clip), input);
                    walk::erase(clip);
                }
            }
            fuse_maps(context, module);
            leave_to_proof(context, module, host);
        }
    }
    Ok(())
}

/// Mark of a clip on its way.
const CLIP: &str = "fhe.clip";

fn operations<'c: 'a, 'a>(module: OperationRef<'c, 'a>) -> Vec<OperationRef<'c, 'a>> {
    functions_under(module).into_iter().flat_map(|function| function.operations()).collect()
}

fn exceeds(measured: Option<bounds::Bounds>, (lo, hi): bounds::Bounds) -> bool {
    measured.is_some_and(|(least, greatest)| lo < least || greatest < hi)
}

/// Takes the measured ranges away; values are signed that may be negative.
fn leave_to_proof<'c>(context: &'c Context, module: OperationRef<'c, '_>, host: &dyn HostFunctions) {
    let proven = provable(context, module, host);
    for (op, range) in operations(module).into_iter().zip(proven) {
        remove_op_attribute(op, attr::RANGE);
        set_sign(context, op, range.is_none_or(|(lo, _)| lo < 0));
    }
    functions_under(module).into_iter().for_each(|function| function.update_signature(context));
}

/// Sets the sign of a result whose width is not known.
fn set_sign<'c: 'a, 'a>(context: &'c Context, op: OperationRef<'c, 'a>, is_signed: bool) {
    let Some(result) = op.results().next() else { return };
    let Some(ty) = ValueType::of(result.r#type()) else { return };
    if matches!(ty.element, Element::Encrypted { width: None, .. }) {
        let result: Value<'c, 'a> = result.into();
        result.set_type(ty.with_element(Element::encrypted(is_signed)).to_mlir(context));
    }
}

/// What follows from the arguments alone, by operation, as far as anything does.
fn provable<'c>(
    context: &'c Context,
    module: OperationRef<'c, '_>,
    host: &dyn HostFunctions,
) -> Vec<Option<bounds::Bounds>> {
    walk::with_copy(module, |copy| {
        infer_anew(context, copy, host);
        operations(copy).iter().map(attr::get_bounds).collect()
    })
}

/// Ranges that follow from the arguments, in the place of measured ones, as far as there are any.
fn infer_anew<'c>(context: &'c Context, module: OperationRef<'c, '_>, host: &dyn HostFunctions) {
    for op in operations(module) {
        remove_op_attribute(op, attr::RANGE);
        set_sign(context, op, true);
    }
    // Why a proof ends early concerns nobody who does not need it.
    let _ = with_diagnostics(context, || infer_ranges(context, module, host));
}

/// Keeps the measured ranges of what saturates, and gives all else its provable one.
fn guard<'c: 'a, 'a>(
    context: &'c Context,
    module: OperationRef<'c, 'a>,
    host: &dyn HostFunctions,
) -> Result<(), Failed> {
    let mut reached = reached(context, module, host).into_iter();
    for function in functions_under(module) {
        let mut may_leave = false;
        for (op, reached) in function.operations().into_iter().zip(&mut reached) {
            let Some(measured) = attr::get_bounds(&op) else {
                // What no sample measured is not left to what samples say of its operands.
                if let Some(reached) = reached.filter(|_| matches!(FheOp::of(op), Some(FheOp::Linear(_)))) {
                    take(context, op, reached);
                }
                continue;
            };
            let Some(reached) = reached else {
                let name = walk::name(&op);
                return Err(fail(
                    op,
                    &format!(
                        "nothing bounds the result of `{name}` for all arguments, so no width keeps it from wrapping; use fewer \
                         bits or smaller weights before it, or rely on the samples with `bounds=measured`"
                    ),
                ));
            };
            if !exceeds(Some(measured), reached) {
                continue;
            }
            if saturates(op, measured, reached) {
                set_op_attribute(op, attr::REACHED, attr::bounds_attribute(context, reached));
                may_leave = true;
            } else {
                take(context, op, bounds::join(measured, reached));
            }
        }
        if may_leave {
            set_op_attribute(function.op, attr::UNPROVEN, Attribute::unit(context));
        }
        function.update_signature(context);
    }
    Ok(())
}

/// Gives the result of an operation a range, and the sign that this asks for.
fn take<'c: 'a, 'a>(context: &'c Context, op: OperationRef<'c, 'a>, range: bounds::Bounds) {
    facts::set_bounds(context, op, range);
    if range.0 < 0 {
        set_sign(context, op, true);
    }
}

/// Whether everything that takes the result of an operation can be made to saturate: results, tables, roundings before them,
/// and sums, which have a range of their own.
fn saturates<'c: 'a, 'a>(
    op: OperationRef<'c, 'a>,
    measured: bounds::Bounds,
    reached: bounds::Bounds,
) -> bool {
    let result = walk::result(op);
    let fits_table = folding_width(measured, reached) <= MAX_LOOKUP_WIDTH;
    walk::users(result).into_iter().all(|user| match FheOp::of(user) {
        Some(FheOp::Linear(_)) => true,
        Some(FheOp::Lookup(_) | FheOp::Map { .. }) => fits_table && is_univariate(user),
        Some(FheOp::Digits(Digits::Round { .. } | Digits::Truncate { .. })) => true,
        Some(FheOp::Digits(
            Digits::LowBits { .. }
            | Digits::LowBitsBelow { .. }
            | Digits::Bit { .. }
            | Digits::BitOfDifference { .. }
            | Digits::Reinterpret { .. },
        )) => false,
        Some(FheOp::Pairwise(_) | FheOp::Select | FheOp::JointLookup(_) | FheOp::Constant { .. }) => false,
        None => true,
    })
}

/// Whether an operation takes one encrypted value.
fn is_univariate(op: OperationRef<'_, '_>) -> bool {
    let is_encrypted =
        |value: &Value<'_, '_>| ValueType::of(value.r#type()).is_some_and(|ty| ty.element.is_encrypted());
    let mut encrypted = op.operands().filter(is_encrypted);
    let first = encrypted.next();
    encrypted.all(|other| Some(other) == first)
}

/// What each operation can be led to if tables saturate at measured ranges, as far as anything is known.
fn reached<'c>(
    context: &'c Context,
    module: OperationRef<'c, '_>,
    host: &dyn HostFunctions,
) -> Vec<Option<bounds::Bounds>> {
    walk::with_copy(module, |copy| {
        insert_clips(context, copy, |user, producer| {
            let is_table = matches!(FheOp::of(user), Some(FheOp::Lookup(_) | FheOp::Map { .. }));
            let is_sum = matches!(FheOp::of(producer), Some(FheOp::Linear(_) | FheOp::Digits(_)));
            is_table && is_sum && is_univariate(user)
        });
        infer_anew(context, copy, host);
        let program = operations(copy).into_iter().filter(|op| !op.has_attribute(CLIP));
        program.map(|op| attr::get_bounds(&op)).collect()
    })
}

/// Whether a user of a result takes no more than its measured range, where ranges become provable ones.
fn is_clipped<'c: 'a, 'a>(user: OperationRef<'c, 'a>, producer: OperationRef<'c, 'a>) -> bool {
    let is_sum = matches!(FheOp::of(producer), Some(FheOp::Linear(_)));
    match FheOp::of(user) {
        Some(
            FheOp::Lookup(_)
            | FheOp::JointLookup(_)
            | FheOp::Map { .. }
            | FheOp::Digits(_)
            | FheOp::Pairwise(_)
            | FheOp::Select,
        ) => is_sum,
        Some(FheOp::Linear(_) | FheOp::Constant { .. }) | None => false,
    }
}

/// Clips what operations take of others to its measured range, given a user and a producer.
fn insert_clips<'c: 'a, 'a>(
    context: &'c Context,
    module: OperationRef<'c, 'a>,
    is_clipped: impl Fn(OperationRef<'c, 'a>, OperationRef<'c, 'a>) -> bool,
) {
    for op in operations(module) {
        for i in 0..op.operand_count() {
            let value = walk::operand(op, i);
            let Some(producer) = walk::defining_op(value).filter(|producer| is_clipped(op, *producer)) else {
                continue;
            };
            let Some(range) = attr::get_range(&producer) else { continue };
            let builder = Builder::before(context, op);
            let clip = clip(&builder, value, range);
            walk::set_operand(op, i, clip);
        }
    }
}

fn clip<'c: 'a, 'a>(builder: &Builder<'c, 'a>, value: Value<'c, 'a>, (lo, hi): Range) -> Value<'c, 'a> {
    let ty = ValueType::of(value.r#type()).expect("verified: lookups take encrypted integers");
    let clipped = builder.map(&[value], &ty, |inner, scalars| {
        let (lo, hi) = (inner.int(lo), inner.int(hi));
        let above = inner.op("arith.maxsi", &[scalars[0], lo], inner.int_type(), &[]);
        inner.op("arith.minsi", &[above, hi], inner.int_type(), &[])
    });
    let op = walk::defining_op(clipped).expect("built above");
    set_op_attribute(op, CLIP, Attribute::unit(builder.context));
    set_range(builder.context, op, (lo, hi));
    clipped
}
