//! `fhe-set-bounds`: where the ranges of values come from, and what the other source would say.
//!
//! Requires a range or a width on arguments, measured ranges on operations if there are any, and fused maps. What
//! follows from the ranges of the arguments alone is the provable range of a value.
//!
//! - `measured`: ranges stay; `fhe.provable` tells the provable range where it exceeds them, and `fhe.unproven` at a function
//!   that some value may leave its range;
//! - `provable`: ranges become the provable ones;
//! - `saturate`: what a lookup takes is clipped to its measured range, where arguments could lead outside; ranges
//!   become the provable ones of that program. Clips become part of the tables.

use crate::facts::{Range, key, set_range};
use crate::fuse_maps::fuse_maps;
use crate::infer_ranges::infer_ranges;
use crate::pass::{Failed, Options};
use cloakwork_abi::bounds;
use cloakwork_ir::attributes as attr;
use cloakwork_ir::build::Builder;
use cloakwork_ir::context::with_diagnostics;
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
    /// From the ranges of arguments.
    Provable,
    /// From the ranges of arguments; lookups clip what they take to what samples showed.
    Saturate,
}

impl Bounds {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Measured, Self::Provable, Self::Saturate];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Measured => "measured",
            Self::Provable => "provable",
            Self::Saturate => "saturate",
        }
    }
}

impl FromStr for Bounds {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|bounds| bounds.name() == text);
        found.ok_or_else(|| "`measured`, `provable` or `saturate`".to_owned())
    }
}

pub(crate) fn run<'c, 'a>(
    context: &'c Context,
    module: OperationRef<'c, 'a>,
    options: &Options<'_>,
) -> Result<(), Failed> {
    let bounds = options.value("bounds", "`measured`, `provable` or `saturate`", module)?;
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
        Bounds::Provable => leave_to_proof(context, module, host),
        Bounds::Saturate => {
            insert_clips(context, module);
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
        for op in operations(copy) {
            remove_op_attribute(op, attr::RANGE);
            set_sign(context, op, true);
        }
        // Why a proof ends early concerns nobody who does not need it.
        let _ = with_diagnostics(context, || infer_ranges(context, copy, host));
        operations(copy).iter().map(attr::get_bounds).collect()
    })
}

/// Clips what lookups take of linear operations to its measured range.
fn insert_clips<'c: 'a, 'a>(context: &'c Context, module: OperationRef<'c, 'a>) {
    for op in operations(module) {
        match FheOp::of(op) {
            Some(
                FheOp::Lookup(_)
                | FheOp::JointLookup(_)
                | FheOp::Map { .. }
                | FheOp::Digits(_)
                | FheOp::Pairwise(_)
                | FheOp::Select,
            ) => {}
            Some(FheOp::Linear(_) | FheOp::Constant { .. }) | None => continue,
        }
        for i in 0..op.operand_count() {
            let value = walk::operand(op, i);
            let Some(producer) = walk::defining_op(value) else { continue };
            let (Some(FheOp::Linear(_)), Some(range)) = (FheOp::of(producer), attr::get_range(&producer))
            else {
                continue;
            };
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
