//! `fhe-fuse-lookup-tables`: a lookup of a lookup becomes one lookup.
//!
//! Always where the inner lookup has no other user, since one lookup disappears; else where the inner input
//! is no wider than the inner result, since looking up that input instead costs no more and saves depth.
//! Requires ranges and tables. A lookup of an identity stays: it refreshes the noise.

use crate::facts::{self, key};
use crate::pass::{Failed, Options};
use crate::tables::TableList;
use crate::width_classes::WidthClasses;
use cloakwork_abi::parameters::Width;
use cloakwork_ir::attributes as attr;
use cloakwork_ir::build::Builder;
use cloakwork_ir::fhe::{FheOp, Lookup};
use cloakwork_ir::function::{Function, functions_under, set_op_attribute};
use cloakwork_ir::walk;
use melior::Context;
use melior::ir::operation::OperationLike;
use melior::ir::{Attribute, Location, OperationRef};
use ndarray::Axis;
use std::collections::{BTreeMap, HashMap};

pub(crate) fn run<'c, 'a>(
    context: &'c Context,
    module: OperationRef<'c, 'a>,
    _: &Options<'_>,
) -> Result<(), Failed> {
    functions_under(module).into_iter().try_for_each(|function| fuse(context, function))
}

pub(crate) fn fuse<'c: 'a, 'a>(context: &'c Context, function: Function<'c, 'a>) -> Result<(), Failed> {
    let classes = WidthClasses::of(function)?;
    let mut widths: HashMap<usize, Width> = HashMap::new();
    for encrypted in &classes.values {
        widths.extend(classes.width(encrypted.value).map(|width| (key(encrypted.value), width)));
    }
    for op in function.operations() {
        let Some(outer) = lookup_of(op) else { continue };
        let value = walk::operand(op, 0);
        let Some((inner_op, inner)) = walk::defining_op(value).and_then(|op| Some((op, lookup_of(op)?)))
        else {
            continue;
        };
        let input = walk::operand(inner_op, 0);
        let costs_no_more = widths.get(&key(input)).zip(widths.get(&key(value))).is_some_and(|(a, b)| a <= b);
        if walk::users(value).len() > 1 && !costs_no_more {
            continue;
        }
        let ty = facts::value_type(walk::result(op), op)?;
        let location =
            Location::fused(context, &[op.location(), inner_op.location()], Attribute::unit(context));
        let composed = compose(&outer, &inner, ty.shape());
        let fused = Builder::before(context, op).at(location).lookup(&composed, input, &ty);
        if let Some((range, built)) = attr::get_range(&op).zip(walk::defining_op(fused)) {
            facts::set_range(context, built, range);
        }
        if let Some((within, built)) = inner_op.attribute(attr::WITHIN).ok().zip(walk::defining_op(fused)) {
            set_op_attribute(built, attr::WITHIN, within);
        }
        let old = key(walk::result(op));
        let width = widths.remove(&old);
        walk::replace_all_uses(walk::result(op), fused);
        walk::erase(op);
        if walk::users(value).is_empty() {
            widths.remove(&key(value));
            walk::erase(inner_op);
        }
        widths.extend(width.map(|width| (key(fused), width)));
    }
    Ok(())
}

/// `outer ∘ inner`, with one table for each pair of tables that meet in an element.
pub(crate) fn compose(outer: &Lookup, inner: &Lookup, shape: &[usize]) -> Lookup {
    let elements = |lookup: &Lookup| -> Vec<i64> {
        let count = shape.iter().product();
        lookup.selector.as_ref().map_or(vec![0; count], |selector| selector.iter().copied().collect())
    };
    let mut pairs: Vec<(i64, i64)> = elements(outer).into_iter().zip(elements(inner)).collect();
    let mut tables = TableList::default();
    let mut known: BTreeMap<(i64, i64), usize> = BTreeMap::new();
    if pairs.is_empty() {
        pairs.push((0, 0));
    }
    let places: Vec<usize> = pairs
        .into_iter()
        .map(|(second, first)| {
            *known.entry((second, first)).or_insert_with(|| {
                let length = outer.length() as i64;
                let entry = |&value: &i64| outer.tables[[second as usize, value.rem_euclid(length) as usize]];
                let row = inner.tables.index_axis(Axis(0), first as usize);
                tables.place(row.iter().map(entry).collect())
            })
        })
        .collect();
    tables.lookup(shape, &places)
}

fn lookup_of(op: OperationRef<'_, '_>) -> Option<Lookup> {
    match FheOp::of(op)? {
        FheOp::Lookup(lookup) => Some(lookup),
        FheOp::Constant { .. }
        | FheOp::Linear(_)
        | FheOp::Digits(_)
        | FheOp::Pairwise(_)
        | FheOp::Select
        | FheOp::JointLookup(_)
        | FheOp::Map { .. } => None,
    }
}
