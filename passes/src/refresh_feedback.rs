//! `fhe-refresh-feedback`: results that are fed back with their own noise and more are looked up before.
//!
//! Requires widths. Along a way from an argument to a result without a lookup the noise of the argument stays; where
//! something is added or multiplied on it, and results lead back to the argument, it would grow from run to run. One
//! lookup of the value itself on every such cycle ends that. `refresh=off` leaves the program as it is.

use crate::composition::{End, Feed, feeds};
use crate::facts::{self, key, set_range};
use crate::pass::{Failed, Options};
use cloakwork_ir::attributes as attr;
use cloakwork_ir::build::Builder;
use cloakwork_ir::fhe::{FheOp, Lookup};
use cloakwork_ir::function::{Function, functions_under, set_op_attribute};
use cloakwork_ir::linear::Linear;
use cloakwork_ir::types::ValueType;
use cloakwork_ir::walk;
use melior::Context;
use melior::ir::operation::OperationLike;
use melior::ir::{OperationRef, ValueLike};
use ndarray::ArrayD;
use std::collections::{BTreeMap, BTreeSet, HashMap};

pub(crate) fn run<'c, 'a>(
    context: &'c Context,
    module: OperationRef<'c, 'a>,
    options: &Options<'_>,
) -> Result<(), Failed> {
    let functions = functions_under(module);
    let feeds = feeds(module, &functions)?;
    match options.text("refresh") {
        "off" => return Ok(()),
        "on" => {}
        text => {
            let message =
                format!("option `refresh` of `fhe-refresh-feedback` is `{text}`; allowed are `on` and `off`");
            return Err(facts::fail(module, &message));
        }
    }
    let mut ways: Vec<Ways> = functions.iter().map(|function| ways(*function)).collect();
    while let Some(result) = growing(&ways, &feeds) {
        refresh(context, functions[result.function], result.position);
        ways[result.function][result.position].clear();
    }
    Ok(())
}

/// For each result: the arguments whose noise it has, and whether more noise comes on the way.
type Ways = Vec<BTreeMap<usize, bool>>;

fn ways(function: Function<'_, '_>) -> Ways {
    let mut known: HashMap<usize, BTreeMap<usize, bool>> = HashMap::new();
    for (i, argument) in function.arguments().into_iter().enumerate() {
        known.insert(key(argument), BTreeMap::from([(i, false)]));
    }
    for op in function.operations() {
        let Some(result) = op.results().next() else { continue };
        let adds = match FheOp::of(op) {
            Some(FheOp::Linear(linear)) => adds_noise(&linear, op),
            // They may become sums with their own operands.
            Some(FheOp::Digits(_) | FheOp::Pairwise(_) | FheOp::Select) => true,
            Some(FheOp::Lookup(_) | FheOp::JointLookup(_) | FheOp::Map { .. } | FheOp::Constant { .. })
            | None => {
                continue;
            }
        };
        let mut reached = BTreeMap::new();
        for (argument, has_more) in op.operands().filter_map(|operand| known.get(&key(operand))).flatten() {
            *reached.entry(*argument).or_insert(false) |= *has_more || adds;
        }
        known.insert(key(result.into()), reached);
    }
    let of = |value: &melior::ir::Value<'_, '_>| known.get(&key(*value)).cloned().unwrap_or_default();
    function.returned().iter().map(of).collect()
}

/// Whether the noise of the result may exceed that of one operand.
fn adds_noise(linear: &Linear, op: OperationRef<'_, '_>) -> bool {
    match linear {
        Linear::MulClear => {
            match facts::clear_constant(walk::operand(op, 1)).as_ref().and_then(|clear| clear.int()) {
                Some(weights) => weights.iter().any(|weight| !(-1..=1).contains(weight)),
                None => true,
            }
        }
        Linear::Add | Linear::Sub | Linear::Dot | Linear::Matmul | Linear::Conv2d(_) | Linear::Sum { .. } => {
            true
        }
        Linear::Neg
        | Linear::AddClear
        | Linear::Reshape
        | Linear::Transpose { .. }
        | Linear::Slice { .. }
        | Linear::Concat { .. }
        | Linear::Gather { .. }
        | Linear::GatherAt { .. }
        | Linear::SetAt { .. }
        | Linear::Broadcast => false,
    }
}

/// The first result on a cycle along which noise grows, where it grows.
fn growing(ways: &[Ways], feeds: &[Feed]) -> Option<End> {
    let results = ways.iter().enumerate().flat_map(|(function, results)| {
        results.iter().enumerate().map(move |(position, way)| (End { function, position }, way))
    });
    results
        .flat_map(|(result, way)| way.iter().map(move |(argument, has_more)| (result, *argument, *has_more)))
        .filter(|(_, _, has_more)| *has_more)
        .find(|(result, argument, _)| leads_to(ways, feeds, *result, (result.function, *argument)))
        .map(|(result, _, _)| result)
}

/// Whether a result may come back, with its noise, as that argument.
fn leads_to(ways: &[Ways], feeds: &[Feed], result: End, argument: (usize, usize)) -> bool {
    let mut open = vec![(result.function, result.position)];
    let mut seen = BTreeSet::new();
    while let Some(end) = open.pop() {
        for feed in feeds.iter().filter(|feed| (feed.from.function, feed.from.position) == end) {
            let (function, position) = (feed.to.function, feed.to.position);
            if (function, position) == argument {
                return true;
            }
            if seen.insert((function, position)) {
                let on = ways[function].iter().enumerate().filter(|(_, way)| way.contains_key(&position));
                open.extend(on.map(|(result, _)| (function, result)));
            }
        }
    }
    false
}

/// Looks a result up in the table of itself.
fn refresh<'c: 'a, 'a>(context: &'c Context, function: Function<'c, 'a>, position: usize) {
    let Some(end) = function.operations().pop() else { return };
    let value = walk::operand(end, position);
    let Some((ty, (width, is_signed))) =
        ValueType::of(value.r#type()).and_then(|ty| Some((ty.clone(), ty.integer()?)))
    else {
        return;
    };
    let count = 1i64 << width.0;
    let entry = |entry: i64| if is_signed && entry >= count / 2 { entry - count } else { entry };
    let tables = ArrayD::from_shape_fn(vec![1, count as usize], |at| entry(at[1] as i64));
    let location = walk::defining_op(value).map_or(end.location(), |op| op.location());
    let builder = Builder::before(context, end).at(location);
    let looked_up = builder.lookup(&Lookup { tables, selector: None }, value, &ty);
    let op = walk::defining_op(looked_up).expect("built above");
    if let Some(range) = facts::range(function, value) {
        set_range(context, op, range);
    }
    set_op_attribute(
        op,
        attr::REFRESHED,
        attr::string(context, &function.value_name(cloakwork_ir::function::Side::Result, position)),
    );
    walk::set_operand(end, position, looked_up);
}
