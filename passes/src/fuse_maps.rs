//! `fhe-fuse-maps`: maps that feed maps become one map, so that real numbers vanish and fewer tables remain.
//!
//! A map takes in the maps before it back to one encrypted integer on which everything depends, if there is
//! one. Real values are always taken in. A map on integers that feeds several others is taken into each of
//! them, unless ranges show that its result is narrower than its input: then a lookup of its own is cheaper.
//! Lookups and linear operations stay as they are; maps that nobody uses any more are removed.

use crate::facts::{self, constant, key};
use crate::pass::{Failed, Options};
use cloakwork_abi::encoding::width_of_range;
use cloakwork_ir::build::Builder;
use cloakwork_ir::fhe::FheOp;
use cloakwork_ir::function::{Function, functions_under, set_op_attribute};
use cloakwork_ir::types::{Element, ValueType};
use cloakwork_ir::walk;
use melior::Context;
use melior::ir::block::BlockLike;
use melior::ir::operation::OperationLike;
use melior::ir::{Attribute, BlockRef, Location, OperationRef, Value, ValueLike};
use std::collections::{BTreeMap, HashMap};

pub(crate) fn run<'c, 'a>(
    context: &'c Context,
    module: OperationRef<'c, 'a>,
    _: &Options<'_>,
) -> Result<(), Failed> {
    fuse_maps(context, module);
    Ok(())
}

pub(crate) fn fuse_maps<'c, 'a>(context: &'c Context, module: OperationRef<'c, 'a>) {
    for function in functions_under(module) {
        let order = Order::of(function);
        // From the last to the first, so that a map is looked at when its users have taken it in.
        for op in function.operations().into_iter().rev().filter(|op| body_of(*op).is_some()) {
            if walk::users(walk::result(op)).is_empty() {
                walk::erase(op);
                continue;
            }
            let group = Group::of(function, &order, op);
            let is_constant = |value: Value<'c, 'a>| constant(value).is_some();
            if group.maps.len() > 1 || op.operands().any(is_constant) {
                let fused = group.merge(context, op);
                walk::replace_all_uses(walk::result(op), fused);
                walk::erase(op);
            }
        }
    }
}

/// Where values are defined: arguments first, then the operations as they stood before the pass.
struct Order(HashMap<usize, usize>);

impl Order {
    fn of<'c: 'a, 'a>(function: Function<'c, 'a>) -> Self {
        let results = function.operations().into_iter().filter_map(|op| op.results().next());
        let values = function.arguments().into_iter().chain(results.map(Into::into));
        Self(values.enumerate().map(|(i, value)| (key(value), i)).collect())
    }

    fn position(&self, value: Value<'_, '_>) -> usize {
        self.0.get(&key(value)).copied().expect("operands of a map stand before it")
    }
}

/// Maps that become one.
struct Group<'c, 'a> {
    /// By position; the last is the one that takes the others in.
    maps: BTreeMap<usize, OperationRef<'c, 'a>>,
    /// Encrypted values that they depend on, by position.
    inputs: BTreeMap<usize, Value<'c, 'a>>,
}

impl<'c: 'a, 'a> Group<'c, 'a> {
    fn of(function: Function<'c, 'a>, order: &Order, op: OperationRef<'c, 'a>) -> Self {
        let mut group = Self::alone(order, op);
        // What stands last does not feed the others: one common origin can only lie before it.
        while let Some((&position, &value)) = group.inputs.last_key_value() {
            let Some(producer) = producer(value) else { break };
            if group.inputs.len() == 1 && !is_real(value) && !group.gains_from(function, value, producer) {
                break;
            }
            group.take_in(order, position, producer);
        }
        if group.inputs.len() <= 1 {
            return group;
        }
        // No common origin: a function of several integers, without real numbers between.
        let mut group = Self::alone(order, op);
        loop {
            let real = group.inputs.iter().filter(|(_, value)| is_real(**value));
            let Some((position, producer)) =
                real.filter_map(|(position, value)| Some((*position, producer(*value)?))).next_back()
            else {
                return group;
            };
            group.take_in(order, position, producer);
        }
    }

    fn alone(order: &Order, op: OperationRef<'c, 'a>) -> Self {
        let maps = BTreeMap::from([(order.position(walk::result(op)), op)]);
        Self { maps, inputs: encrypted_inputs(order, op).into_iter().collect() }
    }

    fn take_in(&mut self, order: &Order, position: usize, producer: OperationRef<'c, 'a>) {
        self.inputs.remove(&position);
        self.maps.insert(position, producer);
        self.inputs.extend(encrypted_inputs(order, producer));
    }

    /// Whether to take in the integer that is the only input.
    fn gains_from(
        &self,
        function: Function<'c, 'a>,
        value: Value<'c, 'a>,
        producer: OperationRef<'c, 'a>,
    ) -> bool {
        let users = walk::users(value);
        if users.iter().all(|user| self.maps.values().any(|map| map == user)) {
            return true;
        }
        let width =
            |value: Value<'c, 'a>| facts::range(function, value).map(|(lo, hi)| width_of_range(lo, hi));
        let origins: Vec<_> = producer.operands().filter(|operand| is_input(*operand)).collect();
        let narrows = match origins.as_slice() {
            [origin] => width(value).zip(width(*origin)).is_some_and(|(after, before)| after < before),
            _ => false,
        };
        users.iter().all(|user| body_of(*user).is_some()) && !narrows
    }

    /// Builds the fused map before `op`, the last of the group, with the attributes of `op`.
    fn merge(&self, context: &'c Context, op: OperationRef<'c, 'a>) -> Value<'c, 'a> {
        let locations: Vec<Location<'c>> = self.maps.values().rev().map(|map| map.location()).collect();
        let location = match locations.as_slice() {
            [one] => *one,
            all => Location::fused(context, all, Attribute::unit(context)),
        };
        let builder = Builder::before(context, op).at(location);
        let internal: Vec<usize> = self.maps.values().map(|map| key(walk::result(*map))).collect();
        // The operands of the fused map, and for each old operand which one it is.
        let mut operands: Vec<Value<'c, 'a>> = vec![];
        let mut places: HashMap<usize, usize> = HashMap::new();
        for operand in self.maps.values().flat_map(|map| map.operands()) {
            if internal.contains(&key(operand)) || places.contains_key(&key(operand)) {
                continue;
            }
            places.insert(key(operand), operands.len());
            operands.push(match constant(operand) {
                Some(value) => builder.clear(&value),
                None => operand,
            });
        }
        let ty = ValueType::of(walk::result(op).r#type()).expect("verified: a map yields encrypted numbers");
        let fused = builder.map(&operands, &ty, |inner, scalars| {
            let mut known: HashMap<usize, Value<'c, 'a>> =
                places.iter().map(|(value, place)| (*value, scalars[*place])).collect();
            let mut last = scalars[0];
            for map in self.maps.values() {
                let inputs: Vec<Value<'c, 'a>> = map.operands().map(|operand| known[&key(operand)]).collect();
                let body = body_of(*map).expect("the group holds maps");
                last = copy_body(inner, body, &inputs);
                known.insert(key(walk::result(*map)), last);
            }
            last
        });
        let built = walk::defining_op(fused).expect("built above");
        for (name, value) in op.attributes() {
            set_op_attribute(built, name.as_string_ref().as_str().unwrap_or_default(), value);
        }
        fused
    }
}

/// Copies a body for those inputs and returns what it yields.
fn copy_body<'c: 'a, 'a>(
    builder: &Builder<'c, 'a>,
    body: BlockRef<'c, 'a>,
    inputs: &[Value<'c, 'a>],
) -> Value<'c, 'a> {
    let arguments = (0..inputs.len()).filter_map(|i| body.argument(i).ok()).map(|value| key(value.into()));
    let mut known: HashMap<usize, Value<'c, 'a>> = arguments.zip(inputs.iter().copied()).collect();
    let mut current = body.first_operation();
    while let Some(op) = current {
        let operands: Vec<Value<'c, 'a>> = op.operands().map(|operand| known[&key(operand)]).collect();
        if walk::name(&op) == "fhe.yield" {
            return operands[0];
        }
        let types: Vec<_> = op.results().map(|result| result.r#type()).collect();
        let attributes: Vec<_> = op.attributes().collect();
        let attributes: Vec<(&str, Attribute<'c>)> = attributes
            .iter()
            .map(|(name, value)| (name.as_string_ref().as_str().unwrap_or_default(), *value))
            .collect();
        let copy = builder.at(op.location()).raw(&walk::name(&op), &operands, &types, &attributes, vec![]);
        known.insert(key(walk::result(op)), walk::result(copy));
        current = op.next_in_block();
    }
    inputs[0]
}

/// Encrypted operands that are not constants.
fn encrypted_inputs<'c: 'a, 'a>(order: &Order, op: OperationRef<'c, 'a>) -> Vec<(usize, Value<'c, 'a>)> {
    let inputs = op.operands().filter(|operand| is_input(*operand));
    inputs.map(|operand| (order.position(operand), operand)).collect()
}

fn is_input(value: Value<'_, '_>) -> bool {
    let is_encrypted = ValueType::of(value.r#type()).is_some_and(|ty| ty.element.is_encrypted());
    is_encrypted && constant(value).is_none()
}

fn is_real(value: Value<'_, '_>) -> bool {
    ValueType::of(value.r#type()).is_some_and(|ty| ty.element == Element::EncryptedReal)
}

fn producer<'c: 'a, 'a>(value: Value<'c, 'a>) -> Option<OperationRef<'c, 'a>> {
    walk::defining_op(value).filter(|op| body_of(*op).is_some())
}

fn body_of<'c: 'a, 'a>(op: OperationRef<'c, 'a>) -> Option<BlockRef<'c, 'a>> {
    match FheOp::of(op)? {
        FheOp::Map { body } => Some(body),
        FheOp::Constant { .. }
        | FheOp::Linear(_)
        | FheOp::Digits(_)
        | FheOp::Lookup(_)
        | FheOp::Pairwise(_)
        | FheOp::Select
        | FheOp::JointLookup(_) => None,
    }
}
