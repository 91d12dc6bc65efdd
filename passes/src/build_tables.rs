//! `fhe-build-tables`: every map becomes a lookup; tables of the program's own lookups are checked.
//!
//! Requires ranges of inputs. A map of several encrypted operands becomes a lookup of all of them, for
//! `fhe-decompose-pairwise`. A table has one entry for each value
//! of the input's width, and there is one table for each distinct choice of the map's constants. A measured
//! range of the result is widened to what the tables yield for the input's range: inputs that no sample
//! happened to hit must be right, too.

use crate::facts::{self, Range, fail, join, value_type};
use crate::pass::{Failed, Options};
use crate::tables::reachable;
use crate::tabulate::{Tabulated, tabulate};
use cloakwork_abi::encoding;
use cloakwork_ir::attributes as attr;
use cloakwork_ir::build::Builder;
use cloakwork_ir::fhe::{FheOp, Lookup};
use cloakwork_ir::function::{Function, functions_under};
use cloakwork_ir::host::{HostFunctions, NoHostFunctions};
use cloakwork_ir::pairwise::JointLookup;
use cloakwork_ir::types::{Element, ValueType};
use cloakwork_ir::walk;
use melior::Context;
use melior::ir::{OperationRef, Value};

/// Replaces the maps of every function of the module by lookups.
pub fn build_tables<'c: 'a, 'a>(
    context: &'c Context,
    module: OperationRef<'c, 'a>,
    host: &dyn HostFunctions,
) -> Result<(), Failed> {
    for function in functions_under(module) {
        for op in function.operations() {
            match FheOp::of(op) {
                Some(FheOp::Map { body }) => {
                    let tabulated = tabulate(function, op, body, host)?;
                    replace(context, op, tabulated)?;
                }
                Some(FheOp::Lookup(lookup)) => check(context, function, op, &lookup)?,
                Some(FheOp::JointLookup(lookup)) => check_joint(function, op, &lookup)?,
                Some(
                    FheOp::Constant { .. }
                    | FheOp::Linear(_)
                    | FheOp::Digits(_)
                    | FheOp::Pairwise(_)
                    | FheOp::Select,
                )
                | None => {}
            }
        }
        function.update_signature(context);
    }
    Ok(())
}

pub(crate) fn run<'c, 'a>(
    context: &'c Context,
    module: OperationRef<'c, 'a>,
    _: &Options<'_>,
) -> Result<(), Failed> {
    build_tables(context, module, &NoHostFunctions)
}

fn replace<'c: 'a, 'a>(
    context: &'c Context,
    op: OperationRef<'c, 'a>,
    tabulated: Tabulated<'c, 'a>,
) -> Result<(), Failed> {
    let builder = Builder::before(context, op);
    let declared = value_type(walk::result(op), op)?;
    let measured = attr::get_range(&op);
    let (value, reached): (Value<'c, 'a>, Range) = match tabulated {
        Tabulated::Constant(values) => {
            let reached = facts::hull(&values);
            let ty = result_type(op, &declared, reached)?.to_mlir(context);
            let value = ("value", attr::dense_i64(context, &values));
            (builder.op("fhe.constant", &[], ty, &[value]), reached)
        }
        Tabulated::Lookup { input, range, lookup } => {
            let reached = reachable(&lookup, range);
            let ty = result_type(op, &declared, reached)?;
            (builder.lookup(&lookup, input, &ty), reached)
        }
        Tabulated::Wide(reached) => {
            facts::set_bounds(context, op, attr::get_bounds(&op).unwrap_or(reached));
            return Ok(());
        }
        Tabulated::Joint { inputs, lookup } => {
            let reached = facts::hull(&lookup.tables);
            let ty = result_type(op, &declared, reached)?.to_mlir(context);
            (builder.op("fhe.joint_lookup", &inputs, ty, &lookup.attributes(context)), reached)
        }
    };
    let built = walk::defining_op(value).expect("built above");
    facts::set_range(context, built, measured.map_or(reached, |measured| join(measured, reached)));
    walk::replace_all_uses(walk::result(op), value);
    walk::erase(op);
    Ok(())
}

/// The declared type, made signed where it leaves that open and the values are negative.
fn result_type(op: OperationRef<'_, '_>, declared: &ValueType, (lo, hi): Range) -> Result<ValueType, Failed> {
    let Some((width, is_signed)) = declared.integer() else {
        return Ok(declared.with_element(Element::encrypted(declared.is_signed() || lo < 0)));
    };
    let (least, greatest) = encoding::bounds(width, is_signed);
    if lo < least || hi > greatest {
        return Err(fail(
            op,
            &format!(
                "the map yields {lo} to {hi}, but its type `{}` holds {least} to {greatest}; declare a wider type, or \
                 `?` to have the width inferred",
                declared.element
            ),
        ));
    }
    Ok(declared.clone())
}

/// A table of several values of the program itself: it has an entry for all of them.
fn check_joint<'c: 'a, 'a>(
    function: Function<'c, 'a>,
    op: OperationRef<'c, 'a>,
    lookup: &JointLookup,
) -> Result<(), Failed> {
    for (i, (&low, &size)) in lookup.lows.iter().zip(lookup.sizes()).enumerate() {
        let Some((lo, hi)) = facts::range(function, walk::operand(op, i)) else {
            return Err(fail(
                op,
                "the range of the lookup's input is not known; run `fhe-infer-ranges` first",
            ));
        };
        let high = low + size as i64 - 1;
        if lo < low || hi > high {
            let message = format!(
                "operand {i} takes the values {lo} to {hi}, the tables hold {low} to {high}; extend the tables, or make \
                 the operand smaller"
            );
            return Err(fail(op, &message));
        }
    }
    Ok(())
}

/// A table of the program itself: long enough, and its entries in the result's range.
fn check<'c: 'a, 'a>(
    context: &'c Context,
    function: Function<'c, 'a>,
    op: OperationRef<'c, 'a>,
    lookup: &Lookup,
) -> Result<(), Failed> {
    let input = facts::range(function, walk::operand(op, 0));
    let Some((lo, hi)) = input else {
        return Err(fail(op, "the range of the lookup's input is not known; run `fhe-infer-ranges` first"));
    };
    let needed = encoding::width_of_range(lo, hi);
    if (lookup.length() as u128) < 1u128 << needed.0 {
        let how = if lo < 0 { ", the second half for negative values in two's complement" } else { "" };
        return Err(fail(
            op,
            &format!(
                "the table has {} entries, but the input takes the values {lo} to {hi}, which needs 2^{needed} \
                 entries{how}; extend the table, or make the input smaller",
                lookup.length()
            ),
        ));
    }
    let reached = reachable(lookup, (lo, hi));
    let range = attr::get_range(&op).map_or(reached, |measured| join(measured, reached));
    facts::set_range(context, op, range);
    Ok(())
}
