//! `tfhe-batch-bootstraps`: independent keyswitches and bootstraps become one batched op each.
//!
//! Operations are put into stages: a stage holds what can be computed when the bootstraps of the earlier
//! stages are done. Keyswitches of one stage and key become one op on the joined inputs, as do bootstraps of
//! one stage, key, number of outputs, width and signedness. Linear operations keep their order.

use crate::facts::key;
use crate::pass::{Failed, Options};
use cloakwork_ir::attributes as attr;
use cloakwork_ir::build::{Builder, lookup_attributes};
use cloakwork_ir::fhe::Lookup;
use cloakwork_ir::function::{Function, functions_under};
use cloakwork_ir::linear::Linear;
use cloakwork_ir::tfhe::{Bootstrap, TfheOp};
use cloakwork_ir::types::ValueType;
use cloakwork_ir::walk;
use melior::Context;
use melior::ir::operation::OperationLike;
use melior::ir::{Attribute, OperationRef, Value, ValueLike};
use mlir_sys::mlirOperationMoveBefore;
use ndarray::{ArrayD, Axis, IxDyn};
use std::collections::{BTreeMap, HashMap};

pub(crate) fn run<'c, 'a>(
    context: &'c Context,
    module: OperationRef<'c, 'a>,
    _: &Options<'_>,
) -> Result<(), Failed> {
    for function in functions_under(module) {
        for group in stages(function) {
            if group.len() > 1 {
                merge(context, &group);
            }
        }
    }
    Ok(())
}

/// What may be merged, in the order of execution.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Batch {
    Keyswitch { key: String },
    Bootstrap { key: String, length: usize, outputs: usize, is_signed: bool },
}

/// Sorts the body by stages and returns the ops to merge, group by group.
fn stages<'c: 'a, 'a>(function: Function<'c, 'a>) -> Vec<Vec<OperationRef<'c, 'a>>> {
    let mut level: HashMap<usize, usize> = HashMap::new();
    let mut order: Vec<(usize, u8, OperationRef<'c, 'a>)> = vec![];
    let mut groups: BTreeMap<(usize, Batch), Vec<OperationRef<'c, 'a>>> = BTreeMap::new();
    let mut operations = function.operations();
    let Some(terminator) = operations.pop() else { return vec![] };
    for op in operations {
        let stage = op.operands().filter_map(|value| level.get(&key(value)).copied()).max().unwrap_or(0);
        let (rank, batch, done) = match TfheOp::of(op) {
            Some(TfheOp::Keyswitch { key }) => (1, Some(Batch::Keyswitch { key }), stage),
            Some(TfheOp::Bootstrap(Bootstrap { key, lookup, outputs, is_signed })) => {
                (2, Some(Batch::Bootstrap { key, length: lookup.length(), outputs, is_signed }), stage + 1)
            }
            Some(TfheOp::Constant { .. } | TfheOp::Linear(_)) | None => (0, None, stage),
        };
        for result in op.results() {
            level.insert(key(result.into()), done);
        }
        order.push((stage, rank, op));
        if let Some(batch) = batch {
            groups.entry((stage, batch)).or_default().push(op);
        }
    }
    order.sort_by_key(|&(stage, rank, _)| (stage, rank));
    for (_, _, op) in order {
        // SAFETY: both are alive and stand in the same block.
        unsafe { mlirOperationMoveBefore(op.to_raw(), terminator.to_raw()) };
    }
    groups.into_values().collect()
}

/// Replaces the ops, which stand one behind the other but for ops of their own rank, by one on joined inputs.
fn merge<'c: 'a, 'a>(context: &'c Context, group: &[OperationRef<'c, 'a>]) {
    let builder = Builder::before(context, group[0]);
    let builder = builder.at(melior::ir::Location::fused(
        context,
        &group.iter().map(|op| op.location()).collect::<Vec<_>>(),
        Attribute::unit(context),
    ));
    let types: Vec<ValueType> = group.iter().map(|op| value_type(walk::result(*op))).collect();
    let inputs: Vec<Value<'c, 'a>> = group.iter().map(|op| walk::operand(*op, 0)).collect();
    let counts: Vec<usize> = inputs.iter().map(|&input| value_type(input).elements()).collect();
    let total: usize = counts.iter().sum();
    let flat =
        |ty: &ValueType, count: usize| ValueType { element: ty.element.clone(), dims: Some(vec![count]) };
    let inputs: Vec<Value<'c, 'a>> = inputs
        .into_iter()
        .zip(&counts)
        .map(|(input, &count)| {
            builder.linear("tfhe", &Linear::Reshape, &[input], &flat(&value_type(input), count))
        })
        .collect();
    let input_type = value_type(walk::operand(group[0], 0));
    let joined = builder.linear("tfhe", &Linear::Concat { axis: 0 }, &inputs, &flat(&input_type, total));
    let mut result_type = flat(&types[0], total);
    let merged = match TfheOp::of(group[0]) {
        Some(TfheOp::Keyswitch { key }) => builder.op(
            "tfhe.keyswitch",
            &[joined],
            result_type.to_mlir(context),
            &[("key", attr::symbol(context, &key))],
        ),
        Some(TfheOp::Bootstrap(first)) => {
            let lookups: Vec<Lookup> = group
                .iter()
                .filter_map(|op| match TfheOp::of(*op) {
                    Some(TfheOp::Bootstrap(bootstrap)) => Some(bootstrap.lookup),
                    _ => None,
                })
                .collect();
            let outputs = first.outputs;
            let mut attributes = lookup_attributes(context, &join_lookups(&lookups, &counts, outputs));
            attributes.push(("key", attr::symbol(context, &first.key)));
            if outputs > 1 {
                result_type.dims = Some(vec![total, outputs]);
                attributes.push(("outputs", attr::i64(context, outputs as i64)));
            }
            if first.is_signed {
                attributes.push(("is_signed", Attribute::unit(context)));
            }
            builder.op("tfhe.bootstrap", &[joined], result_type.to_mlir(context), &attributes)
        }
        Some(TfheOp::Constant { .. } | TfheOp::Linear(_)) | None => return,
    };
    let mut offset = 0;
    for ((op, ty), &count) in group.iter().zip(&types).zip(&counts) {
        let (mut offsets, mut part) = (vec![0; result_type.shape().len()], result_type.clone());
        offsets[0] = offset;
        part.dims = Some(std::iter::once(count).chain(result_type.shape()[1..].iter().copied()).collect());
        let slice = Linear::Slice { strides: vec![1; offsets.len()], offsets };
        let part = builder.linear("tfhe", &slice, &[merged], &part);
        let shaped = builder.linear("tfhe", &Linear::Reshape, &[part], ty);
        walk::replace_all_uses(walk::result(*op), shaped);
        offset += count;
    }
    group.iter().for_each(|op| walk::erase(*op));
}

/// One list of distinct tables for all, and for each element of the result, `outputs` for each input, which it uses.
fn join_lookups(lookups: &[Lookup], counts: &[usize], outputs: usize) -> Lookup {
    let mut tables: Vec<ArrayD<i64>> = vec![];
    let mut selector = vec![];
    for (lookup, &count) in lookups.iter().zip(counts) {
        let places: Vec<i64> = lookup
            .tables
            .axis_iter(Axis(0))
            .map(|table| {
                let known = tables.iter().position(|known| known.view() == table);
                known.unwrap_or_else(|| {
                    tables.push(table.to_owned());
                    tables.len() - 1
                }) as i64
            })
            .collect();
        match &lookup.selector {
            Some(chosen) => selector.extend(chosen.iter().map(|&table| places[table as usize])),
            None => selector.extend(std::iter::repeat_n(&places[..outputs], count).flatten()),
        }
    }
    let views: Vec<_> = tables.iter().map(|table| table.view().insert_axis(Axis(0))).collect();
    let joined = ndarray::concatenate(Axis(0), &views).expect("the tables of a batch have one length");
    let shape = if outputs == 1 { vec![selector.len()] } else { vec![selector.len() / outputs, outputs] };
    let selector = (tables.len() > 1 || outputs > 1)
        .then(|| ArrayD::from_shape_vec(IxDyn(&shape), selector).expect("one entry for each element"));
    Lookup { tables: joined, selector }
}

fn value_type(value: Value<'_, '_>) -> ValueType {
    ValueType::of(value.r#type()).expect("verified: a ciphertext or a tensor of them")
}
