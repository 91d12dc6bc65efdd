//! Reductions over axes, positions of extremes, softmax.

use super::super::error::{Refusal, refuse};
use super::super::node::{Imported, Node, result};
use super::super::value::{Kind, Tensor, axis};
use crate::model::ValueId;
use crate::model::op::{Binary, ModelOp, Reduce};
use cloakwork_abi::processing::Function;
use ndarray::Slice;

/// A reduction between a function of each element and one of the result.
pub(super) struct Shape {
    pub(super) before: Option<Function>,
    pub(super) kind: Reduce,
    pub(super) after: Option<Function>,
}

pub(super) fn reduce(node: &mut Node<'_>, shape: Shape) -> Imported {
    let x = node.input(0)?;
    let Some((axes, keep)) = axes(node, x)? else { return Ok(vec![node.value(0)?]) };
    let mut id = x.id;
    if let Some(before) = shape.before {
        id = node.function(before, id)?;
    }
    id = node.builder.push(ModelOp::Reduce { kind: shape.kind, axes, keep }, &[id])?;
    if let Some(after) = shape.after {
        id = node.function(after, id)?;
    }
    result(id, x.kind)
}

/// `max + ln Σ exp(x − max)`, which does not overflow.
pub(super) fn log_sum_exp(node: &mut Node<'_>) -> Imported {
    let x = node.input(0)?;
    let Some((axes, keep)) = axes(node, x)? else { return Ok(vec![node.value(0)?]) };
    let kept = ModelOp::Reduce { kind: Reduce::Max, axes: axes.clone(), keep: true };
    let greatest = node.builder.push(kept, &[x.id])?;
    let rest = node.binary(Binary::Sub, x.id, greatest)?;
    let powers = node.function(Function::Exp, rest)?;
    let sum = node
        .builder
        .push(ModelOp::Reduce { kind: Reduce::Sum, axes: axes.clone(), keep: true }, &[powers])?;
    let log = node.function(Function::Log, sum)?;
    let mut id = node.binary(Binary::Add, log, greatest)?;
    if !keep {
        let left = node
            .shape(x.id)
            .iter()
            .enumerate()
            .filter(|(i, _)| !axes.contains(i))
            .map(|(_, s)| *s)
            .collect::<Vec<_>>();
        id = node.reshape(id, &left)?;
    }
    result(id, x.kind)
}

/// Axes and whether they stay; none if nothing is to be done.
fn axes(node: &mut Node<'_>, x: Tensor) -> Result<Option<(Vec<usize>, bool)>, Refusal> {
    let keep = node.flag("keepdims", true);
    let keep_all = node.flag("noop_with_empty_axes", false);
    let rank = node.shape(x.id).len();
    let axes = node.axes(1, rank)?.filter(|axes| !axes.is_empty());
    Ok(match axes {
        None if keep_all => None,
        None => Some(((0..rank).collect(), keep)),
        Some(axes) => Some((axes, keep)),
    })
}

pub(super) fn arg_extreme(node: &mut Node<'_>, is_greatest: bool) -> Imported {
    let (given, keep) = (node.int("axis", 0), node.flag("keepdims", true));
    let takes_last = node.flag("select_last_index", false);
    let x = node.input(0)?;
    let shape = node.shape(x.id);
    let axis = axis(given, shape.len())?;
    if !takes_last {
        let id = node.builder.push(ModelOp::ArgExtreme { is_greatest, axis, keep }, &[x.id])?;
        return result(id, Kind::INT64);
    }
    // The last among equals is the first from behind.
    let reversed = node.builder.rearrange(x.id, 0, |mut all| {
        all.invert_axis(ndarray::Axis(axis));
        all
    })?;
    let from_behind = node.builder.push(ModelOp::ArgExtreme { is_greatest, axis, keep }, &[reversed])?;
    let last = node.scalar(shape[axis] as f64 - 1.0)?;
    let id = node.binary(Binary::Sub, last, from_behind)?;
    result(id, Kind::INT64)
}

pub(super) fn softmax(node: &mut Node<'_>, log: bool) -> Imported {
    let given = node.int("axis", if node.opset < 13 { 1 } else { -1 });
    let x = node.input(0)?;
    let shape = node.shape(x.id);
    let axis = axis(given, shape.len())?;
    if node.opset >= 13 || axis + 1 == shape.len() {
        let id = node.builder.push(ModelOp::Softmax { axis, log }, &[x.id])?;
        return result(id, x.kind);
    }
    // Before opset 13 all axes from this one on are one.
    let rest = shape[axis..].iter().product();
    let flat = node.reshape(x.id, &[shape[..axis].iter().product(), rest])?;
    let softmax = node.builder.push(ModelOp::Softmax { axis: 1, log }, &[flat])?;
    let id = node.reshape(softmax, &shape)?;
    result(id, x.kind)
}

/// The mean or greatest over all spatial axes.
pub(super) fn global_pool(node: &mut Node<'_>, kind: Reduce) -> Imported {
    let x = node.input(0)?;
    let rank = node.shape(x.id).len();
    if rank < 3 {
        return refuse(format!("a value of shape {:?}", node.shape(x.id)), "`[n, c, spatial…]`", "");
    }
    let id = node.builder.push(ModelOp::Reduce { kind, axes: (2..rank).collect(), keep: true }, &[x.id])?;
    result(id, x.kind)
}

/// Divided by its norm along an axis.
pub(super) fn lp_normalisation(node: &mut Node<'_>) -> Imported {
    let (given, p) = (node.int("axis", -1), node.int("p", 2));
    let x = node.input(0)?;
    let axis = axis(given, node.shape(x.id).len())?;
    let (before, after) = match p {
        1 => (Function::Abs, None),
        2 => (Function::Power { exponent: 2.0 }, Some(Function::Sqrt)),
        other => return refuse(format!("`p` of {other}"), "1 or 2", ""),
    };
    let id = divide_by_norm(node, x.id, axis, (before, Reduce::Sum, after))?;
    result(id, x.kind)
}

pub(super) fn divide_by_norm(
    node: &mut Node<'_>,
    x: ValueId,
    axis: usize,
    (before, kind, after): (Function, Reduce, Option<Function>),
) -> Result<ValueId, Refusal> {
    let magnitudes = node.function(before, x)?;
    let mut norm =
        node.builder.push(ModelOp::Reduce { kind, axes: vec![axis], keep: true }, &[magnitudes])?;
    if let Some(after) = after {
        norm = node.function(after, norm)?;
    }
    Ok(node.binary(Binary::Div, x, norm)?)
}

/// A part of a value along an axis.
pub(super) fn part(
    node: &mut Node<'_>,
    x: ValueId,
    axis: usize,
    range: std::ops::Range<usize>,
) -> Result<ValueId, Refusal> {
    Ok(node.builder.rearrange(x, 0, |mut all| {
        all.slice_axis_inplace(ndarray::Axis(axis), Slice::from(range));
        all
    })?)
}
