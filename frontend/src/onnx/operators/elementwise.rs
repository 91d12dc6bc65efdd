//! Functions of one value, and choices between two.

use super::super::error::{Refusal, refuse};
use super::super::node::{Imported, Node, result};
use super::super::value::{Kind, Tensor, Value};
use crate::model::op::{Binary, FakeQuantise, ModelOp};
use cloakwork_abi::processing::Function;

/// A function of input 0.
pub(super) fn map(node: &mut Node<'_>, function: Function) -> Imported {
    let x = node.input(0)?;
    let id = node.function(function, x.id)?;
    result(id, x.kind)
}

/// A function that answers yes or no.
pub(super) fn test(node: &mut Node<'_>, function: Function) -> Imported {
    let x = node.input(0)?;
    let id = node.function(function, x.id)?;
    result(id, Kind::Boolean)
}

pub(super) fn leaky_relu(node: &mut Node<'_>) -> Imported {
    let alpha = node.float("alpha", 0.01);
    map(node, Function::LeakyRelu { alpha })
}

pub(super) fn elu(node: &mut Node<'_>) -> Imported {
    let alpha = node.float("alpha", 1.0);
    map(node, Function::Elu { alpha })
}

pub(super) fn selu(node: &mut Node<'_>) -> Imported {
    let (alpha, gamma) = (node.float("alpha", 1.673_263_2), node.float("gamma", 1.050_701));
    map(node, Function::Selu { alpha, gamma })
}

pub(super) fn celu(node: &mut Node<'_>) -> Imported {
    let alpha = node.float("alpha", 1.0);
    if alpha == 0.0 {
        return refuse("`alpha` of 0", "another number", "");
    }
    map(node, Function::Celu { alpha })
}

pub(super) fn hard_sigmoid(node: &mut Node<'_>) -> Imported {
    let (alpha, beta) = (node.float("alpha", 0.2), node.float("beta", 0.5));
    map(node, Function::HardSigmoid { alpha, beta })
}

pub(super) fn gelu(node: &mut Node<'_>) -> Imported {
    match node.text("approximate", "none").as_str() {
        "none" => map(node, Function::Gelu),
        "tanh" => map(node, Function::GeluTanh),
        other => refuse(format!("`approximate` is `{other}`"), "`none` or `tanh`", ""),
    }
}

pub(super) fn swish(node: &mut Node<'_>) -> Imported {
    let alpha = node.float("alpha", 1.0);
    map(node, Function::Swish { alpha })
}

pub(super) fn thresholded_relu(node: &mut Node<'_>) -> Imported {
    let alpha = node.float("alpha", 1.0);
    map(node, Function::ThresholdedRelu { alpha })
}

pub(super) fn shrink(node: &mut Node<'_>) -> Imported {
    let (bias, threshold) = (node.float("bias", 0.0), node.float("lambd", 0.5));
    map(node, Function::Shrink { bias, threshold })
}

pub(super) fn is_infinite(node: &mut Node<'_>) -> Imported {
    if !(node.flag("detect_negative", true) && node.flag("detect_positive", true)) {
        return refuse("only one sign", "both infinities", "");
    }
    test(node, Function::IsInfinite)
}

/// Bounds are attributes up to opset 10 and inputs since.
pub(super) fn clip(node: &mut Node<'_>) -> Imported {
    let lo = bound(node, 1)?.unwrap_or_else(|| node.float("min", f32::MIN));
    let hi = bound(node, 2)?.unwrap_or_else(|| node.float("max", f32::MAX));
    node.ignore(&["min", "max"]);
    if let Value::Quantised(mut quantised) = node.value(0)?
        && let ModelOp::FakeQuantise(quantise) = &node.builder.node(quantised.real).op
    {
        let bounds = (quantise.lo.max(lo.ceil() as i64), quantise.hi.min(hi.floor() as i64));
        let narrow = FakeQuantise { lo: bounds.0, hi: bounds.1, ..quantise.clone() };
        let source = node.builder.node(quantised.real).operands[0];
        quantised.real = node.builder.push(ModelOp::FakeQuantise(narrow), &[source])?;
        return Ok(vec![Value::Quantised(quantised)]);
    }
    let finite = |v: f64| v.clamp(f64::MIN, f64::MAX);
    map(node, Function::Clip { lo: finite(lo), hi: finite(hi) })
}

fn bound(node: &mut Node<'_>, input: usize) -> Result<Option<f64>, Refusal> {
    match node.known_if_any(input)? {
        None => Ok(None),
        Some(value) if value.len() == 1 => Ok(value.first().copied()),
        Some(value) => refuse(format!("a bound of shape {:?}", value.shape()), "one number", ""),
    }
}

/// `max(x, 0) + slope · min(x, 0)`
pub(super) fn prelu(node: &mut Node<'_>) -> Imported {
    let (x, slope) = (node.input(0)?, node.input(1)?);
    if let Some(alpha) =
        node.builder.known(slope.id).filter(|slope| slope.len() == 1).and_then(|v| v.first().copied())
    {
        let id = node.function(Function::LeakyRelu { alpha }, x.id)?;
        return result(id, x.kind);
    }
    let zero = node.scalar(0.0)?;
    let positive = node.function(Function::Relu, x.id)?;
    let negative = node.binary(Binary::Min, x.id, zero)?;
    let scaled = node.binary(Binary::Mul, negative, slope.id)?;
    let id = node.binary(Binary::Add, positive, scaled)?;
    result(id, x.kind)
}

/// Nothing but another name; what it hands on besides, such as the mask of a dropout, is left out.
pub(super) fn identity(node: &mut Node<'_>) -> Imported {
    Ok(vec![node.value(0)?])
}

pub(super) fn dropout(node: &mut Node<'_>) -> Imported {
    node.ignore(&["ratio", "seed", "is_test"]);
    if node.known_if_any(2)?.is_some_and(|training| training.iter().any(|v| *v != 0.0)) {
        return refuse("a dropout in training", "a model that is trained", "export it in evaluation mode");
    }
    identity(node)
}

pub(super) fn cast(node: &mut Node<'_>) -> Imported {
    node.ignore(&["saturate", "round_mode"]);
    let to = node.int("to", 1);
    if to == i64::from(rten_onnx::onnx::DataType::STRING.0) {
        return identity(node);
    }
    let data_type = rten_onnx::onnx::DataType(i32::try_from(to).unwrap_or(0));
    let kind = super::super::tensor::kind(data_type)?;
    cast_to(node, kind)
}

pub(super) fn cast_like(node: &mut Node<'_>) -> Imported {
    node.ignore(&["saturate", "round_mode"]);
    let kind = node.input(1)?.kind;
    cast_to(node, kind)
}

fn cast_to(node: &mut Node<'_>, kind: Kind) -> Imported {
    // Labels stay what they are: a model may cast them back and forth before it hands them out.
    if let value @ Value::Labels { .. } = node.value(0)? {
        return Ok(vec![value]);
    }
    let x = node.input(0)?;
    let id = match (x.kind, kind) {
        (Kind::Real, Kind::Integer(..)) => node.function(Function::Truncate, x.id)?,
        (Kind::Real | Kind::Integer(..), Kind::Boolean) => {
            let is_zero = node.function(Function::Not, x.id)?;
            node.function(Function::Not, is_zero)?
        }
        (_, Kind::Real)
        | (Kind::Integer(..) | Kind::Boolean, Kind::Integer(..))
        | (Kind::Boolean, Kind::Boolean) => x.id,
    };
    result(id, kind)
}

/// `x` where the condition holds, else `y`.
pub(super) fn select(node: &mut Node<'_>) -> Imported {
    let [condition, x, y]: [Tensor; 3] = [node.input(0)?, node.input(1)?, node.input(2)?];
    let id = node.builder.push(ModelOp::Select, &[condition.id, x.id, y.id])?;
    result(id, x.kind)
}
