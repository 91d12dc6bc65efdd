//! Normalisations: affine where statistics are known, sums, products and functions where they are those of the sample.

use super::super::error::{Refusal, refuse};
use super::super::node::{Imported, Node, result};
use super::super::value::{Kind, Tensor, Value, axis};
use crate::model::ValueId;
use crate::model::op::{Binary, ModelOp, Reduce};
use cloakwork_abi::processing::Function;

/// `(x − mean) / √(variance + ε) · scale + bias` with known statistics.
pub(super) fn batch(node: &mut Node<'_>) -> Imported {
    node.ignore(&["momentum", "spatial"]);
    if node.flag("training_mode", false) {
        return refuse(
            "batch normalisation in training",
            "a model that is trained",
            "export it in evaluation mode",
        );
    }
    let epsilon = node.float("epsilon", 1e-5);
    let inputs = node.inputs_from(0)?;
    let [x, scale, bias, mean, variance] = inputs.as_slice() else {
        return refuse(format!("{} inputs", inputs.len()), "value, scale, bias, mean and variance", "");
    };
    let more = node.scalar(epsilon)?;
    let variance = node.binary(Binary::Add, variance.id, more)?;
    let deviation = node.function(Function::Sqrt, variance)?;
    let factor = node.binary(Binary::Div, scale.id, deviation)?;
    let moved = node.binary(Binary::Mul, mean.id, factor)?;
    let summand = node.binary(Binary::Sub, bias.id, moved)?;
    let id = by_channel(node, x.id, factor, summand)?;
    result(id, x.kind)
}

fn by_channel(
    node: &mut Node<'_>,
    x: ValueId,
    factor: ValueId,
    summand: ValueId,
) -> Result<ValueId, Refusal> {
    let from = node.shape(x);
    let mut shape = vec![1; from.len()];
    match (shape.get_mut(1), from.get(1)) {
        (Some(axis), Some(channels)) => *axis = *channels,
        _ => return refuse(format!("a value of shape {from:?}"), "`[n, c, …]`", ""),
    }
    let factor = node.reshape(factor, &shape)?;
    let summand = node.reshape(summand, &shape)?;
    let scaled = node.binary(Binary::Mul, x, factor)?;
    Ok(node.binary(Binary::Add, scaled, summand)?)
}

/// Over the axes from one on; mean and inverse deviation are results as well.
pub(super) fn layer(node: &mut Node<'_>) -> Imported {
    node.ignore(&["stash_type"]);
    let (given, epsilon) = (node.int("axis", -1), node.float("epsilon", 1e-5));
    let x = node.input(0)?;
    let rank = node.shape(x.id).len();
    let axes: Vec<usize> = (axis(given, rank)?..rank).collect();
    let [normal, mean, inverse] = standardise(node, x.id, axes, epsilon)?;
    let scale = node.input(1)?;
    let mut id = node.binary(Binary::Mul, normal, scale.id)?;
    if node.has(2) {
        let bias = node.input(2)?;
        id = node.binary(Binary::Add, id, bias.id)?;
    }
    Ok([id, mean, inverse].map(|id| Value::Tensor(Tensor { id, kind: Kind::Real })).to_vec())
}

/// Without subtracting the mean.
pub(super) fn root_mean_square(node: &mut Node<'_>) -> Imported {
    node.ignore(&["stash_type"]);
    let (given, epsilon) = (node.int("axis", -1), node.float("epsilon", 1e-5));
    let x = node.input(0)?;
    let rank = node.shape(x.id).len();
    let axes: Vec<usize> = (axis(given, rank)?..rank).collect();
    let inverse = inverse_deviation(node, x.id, axes, epsilon)?;
    let normal = node.binary(Binary::Mul, x.id, inverse)?;
    let scale = node.input(1)?;
    let id = node.binary(Binary::Mul, normal, scale.id)?;
    result(id, x.kind)
}

pub(super) fn instance(node: &mut Node<'_>) -> Imported {
    let epsilon = node.float("epsilon", 1e-5);
    let (x, scale, bias) = (node.input(0)?, node.input(1)?, node.input(2)?);
    let rank = node.shape(x.id).len();
    if rank < 3 {
        return refuse(format!("a value of shape {:?}", node.shape(x.id)), "`[n, c, spatial…]`", "");
    }
    let [normal, ..] = standardise(node, x.id, (2..rank).collect(), epsilon)?;
    let id = by_channel(node, normal, scale.id, bias.id)?;
    result(id, x.kind)
}

/// Scale and bias belong to groups up to opset 20 and to channels since.
pub(super) fn group(node: &mut Node<'_>) -> Imported {
    node.ignore(&["stash_type"]);
    let epsilon = node.float("epsilon", 1e-5);
    let groups = usize::try_from(node.int("num_groups", 0)).unwrap_or(0);
    let (x, scale, bias) = (node.input(0)?, node.input(1)?, node.input(2)?);
    let from = node.shape(x.id);
    if from.len() < 3 || groups == 0 || !from[1].is_multiple_of(groups) {
        return refuse(
            format!("{groups} groups of a value of shape {from:?}"),
            "groups that divide the channels",
            "",
        );
    }
    let split = node.reshape(x.id, &[from[0], groups, from[1..].iter().product::<usize>() / groups])?;
    let [normal, ..] = standardise(node, split, vec![2], epsilon)?;
    let id = if node.shape(scale.id) == [groups] && node.opset < 21 {
        let scaled = by_channel(node, normal, scale.id, bias.id)?;
        node.reshape(scaled, &from)?
    } else {
        let whole = node.reshape(normal, &from)?;
        by_channel(node, whole, scale.id, bias.id)?
    };
    result(id, x.kind)
}

/// `(x − mean) / √(variance + ε)`, the mean, and the inverse of the deviation.
fn standardise(
    node: &mut Node<'_>,
    x: ValueId,
    axes: Vec<usize>,
    epsilon: f64,
) -> Result<[ValueId; 3], Refusal> {
    let mean =
        node.builder.push(ModelOp::Reduce { kind: Reduce::Mean, axes: axes.clone(), keep: true }, &[x])?;
    let centred = node.binary(Binary::Sub, x, mean)?;
    let inverse = inverse_deviation(node, centred, axes, epsilon)?;
    Ok([node.binary(Binary::Mul, centred, inverse)?, mean, inverse])
}

fn inverse_deviation(
    node: &mut Node<'_>,
    centred: ValueId,
    axes: Vec<usize>,
    epsilon: f64,
) -> Result<ValueId, Refusal> {
    let squares = node.function(Function::Power { exponent: 2.0 }, centred)?;
    let variance = node.builder.push(ModelOp::Reduce { kind: Reduce::Mean, axes, keep: true }, &[squares])?;
    let shifted = node.function(Function::Affine { scale: 1.0, offset: epsilon }, variance)?;
    Ok(node.function(Function::Power { exponent: -0.5 }, shifted)?)
}
