//! `tfhe-batch-bootstraps`: independent keyswitches and bootstraps become one batched op each.
//!
//! Keyswitches of one key become one op on the joined inputs, as do bootstraps of one key, number of outputs, width
//! and signedness, wherever they stand in the function: see [`crate::batch_schedule`]. Everything else goes as early
//! as it can, in its order.

use crate::batch_schedule::{Work, schedule};
use crate::facts::key;
use crate::pass::{Failed, Options};
use crate::tables::TableList;
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
use std::collections::{BTreeMap, BTreeSet, HashMap};

pub(crate) fn run<'c, 'a>(
    context: &'c Context,
    module: OperationRef<'c, 'a>,
    _: &Options<'_>,
) -> Result<(), Failed> {
    for function in functions_under(module) {
        for group in batches(function) {
            if group.len() > 1 {
                merge(context, &group);
            }
        }
    }
    Ok(())
}

/// What may be merged, in the order of execution where several are ready.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Batch {
    Keyswitch { key: String },
    Bootstrap { key: String, length: usize, outputs: usize, is_signed: bool },
}

/// Sorts the body so that what is merged stands together, and returns the ops to merge, group by group.
fn batches<'c: 'a, 'a>(function: Function<'c, 'a>) -> Vec<Vec<OperationRef<'c, 'a>>> {
    let mut operations = function.operations();
    let Some(terminator) = operations.pop() else { return vec![] };
    let batches: Vec<Option<Batch>> = operations.iter().map(|&op| batch_of(op)).collect();
    let kinds: BTreeMap<&Batch, usize> = batches
        .iter()
        .flatten()
        .collect::<BTreeSet<_>>()
        .into_iter()
        .enumerate()
        .map(|(i, b)| (b, i))
        .collect();
    let mut defined: HashMap<usize, usize> = HashMap::new();
    let mut works = vec![];
    for (place, (op, batch)) in operations.iter().zip(&batches).enumerate() {
        let needs = op.operands().filter_map(|value| defined.get(&key(value)).copied()).collect();
        works.push(Work { needs, kind: batch.as_ref().map(|batch| kinds[batch]) });
        defined.extend(op.results().map(|result| (key(result.into()), place)));
    }
    let order = schedule(&works);
    for &place in order.iter().flatten() {
        // SAFETY: both are alive and stand in the same block.
        unsafe { mlirOperationMoveBefore(operations[place].to_raw(), terminator.to_raw()) };
    }
    order.into_iter().map(|group| group.into_iter().map(|place| operations[place]).collect()).collect()
}

fn batch_of(op: OperationRef<'_, '_>) -> Option<Batch> {
    match TfheOp::of(op)? {
        TfheOp::Keyswitch { key } => Some(Batch::Keyswitch { key }),
        TfheOp::Bootstrap(Bootstrap { key, lookup, outputs, is_signed }) => {
            Some(Batch::Bootstrap { key, length: lookup.length(), outputs, is_signed })
        }
        TfheOp::Constant { .. } | TfheOp::Linear(_) => None,
    }
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
                .filter_map(|op| match TfheOp::of(*op)? {
                    TfheOp::Bootstrap(bootstrap) => Some(bootstrap.lookup),
                    TfheOp::Constant { .. } | TfheOp::Linear(_) | TfheOp::Keyswitch { .. } => None,
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
    let mut tables = TableList::default();
    let mut chosen = vec![];
    for (lookup, &count) in lookups.iter().zip(counts) {
        chosen.extend(tables.join(lookup, count, outputs));
    }
    if outputs == 1 {
        return tables.lookup(&[chosen.len()], &chosen);
    }
    tables.lookup_several(&[chosen.len() / outputs], outputs, &chosen)
}

fn value_type(value: Value<'_, '_>) -> ValueType {
    ValueType::of(value.r#type()).expect("verified: a ciphertext or a tensor of them")
}
