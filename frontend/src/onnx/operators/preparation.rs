//! Preparation of features in `ai.onnx.ml`: scaling, normalising, joining.

use super::super::error::refuse;
use super::super::node::{Imported, Node, result};
use super::super::value::Kind;
use super::reductions::divide_by_norm;
use crate::model::op::{Binary, ModelOp, Reduce};
use cloakwork_abi::processing::Function;

/// `(x − offset) · scale`
pub(super) fn scaler(node: &mut Node<'_>) -> Imported {
    let (offset, scale) = (node.floats("offset"), node.floats("scale"));
    let mut id = node.input(0)?.id;
    if !offset.is_empty() {
        let offset = node.vector(offset)?;
        id = node.binary(Binary::Sub, id, offset)?;
    }
    if !scale.is_empty() {
        let scale = node.vector(scale)?;
        id = node.binary(Binary::Mul, id, scale)?;
    }
    result(id, Kind::Real)
}

/// Each sample divided by its norm.
pub(super) fn normaliser(node: &mut Node<'_>) -> Imported {
    let norm = node.text("norm", "MAX");
    let x = node.input(0)?;
    let steps = match norm.as_str() {
        "L1" => (Function::Abs, Reduce::Sum, None),
        "L2" => (Function::Power { exponent: 2.0 }, Reduce::Sum, Some(Function::Sqrt)),
        // Of the greatest element, not of the greatest magnitude.
        "MAX" => (Function::Affine { scale: 1.0, offset: 0.0 }, Reduce::Max, None),
        other => return refuse(format!("norm `{other}`"), "`L1`, `L2` or `MAX`", ""),
    };
    let last = node.shape(x.id).len();
    if last == 0 {
        return refuse("a value without axes", "samples", "");
    }
    let id = divide_by_norm(node, x.id, last - 1, steps)?;
    result(id, Kind::Real)
}

pub(super) fn binariser(node: &mut Node<'_>) -> Imported {
    let threshold = node.float("threshold", 0.0);
    let x = node.input(0)?;
    let threshold = node.scalar(threshold)?;
    let id = node.binary(Binary::Greater, x.id, threshold)?;
    result(id, x.kind)
}

/// Replaces one number by another; what is no number never reaches a program.
pub(super) fn imputer(node: &mut Node<'_>) -> Imported {
    let (replaced, replaced_integer) =
        (node.float("replaced_value_float", f32::NAN), node.int("replaced_value_int64", 0));
    let mut imputed = node.floats("imputed_value_floats");
    let integers = node.ints("imputed_value_int64s").unwrap_or_default();
    let x = node.input(0)?;
    let replaced = if integers.is_empty() { replaced } else { replaced_integer as f64 };
    imputed.extend(integers.iter().map(|v| *v as f64));
    if replaced.is_nan() {
        return result(x.id, x.kind);
    }
    let (replaced, imputed) = (node.scalar(replaced)?, node.vector(imputed)?);
    let is_missing = node.binary(Binary::Equal, x.id, replaced)?;
    let id = node.builder.push(ModelOp::Select, &[is_missing, imputed, x.id])?;
    result(id, x.kind)
}

/// Features of all inputs after one another.
pub(super) fn feature_vectoriser(node: &mut Node<'_>) -> Imported {
    node.ignore(&["inputdimensions"]);
    let inputs = node.inputs_from(0)?;
    let mut parts = Vec::new();
    for input in &inputs {
        let shape = node.shape(input.id);
        let rest: usize = shape.iter().skip(1).product();
        parts.push(node.reshape(input.id, &[shape.first().copied().unwrap_or(1), rest])?);
    }
    let id = node.builder.push(ModelOp::Concat { axis: 1 }, &parts)?;
    result(id, Kind::Real)
}

/// Probabilities as a table with names: the probabilities.
pub(super) fn zip_map(node: &mut Node<'_>) -> Imported {
    node.ignore(&["classlabels_int64s", "classlabels_strings"]);
    Ok(vec![node.value(0)?])
}
