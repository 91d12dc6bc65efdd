//! Quantised models: pairs of `QuantizeLinear` and `DequantizeLinear`, quantised layers, QONNX.
//!
//! A quantised value is kept as the reals that its integers stand for, which is what its consumers compute with.

use super::super::error::{Refusal, refuse};
use super::super::node::{Imported, Node, result};
use super::super::value::{Grid, Kind, Quantised, Value, axis};
use super::convolution::convolve;
use crate::model::ValueId;
use crate::model::op::{Binary, FakeQuantise, ModelOp, Rounding};
use cloakwork_abi::processing::Function;
use rten_onnx::onnx::DataType;

pub(super) fn quantise_linear(node: &mut Node<'_>) -> Imported {
    node.ignore(&["saturate", "precision"]);
    let x = node.input(0)?;
    let (grid, kind) = grid(node, x.id, [1, 2])?;
    let kind = match node.int("output_dtype", 0) {
        0 => kind.unwrap_or(Kind::Integer(0, 255)),
        data_type => super::super::tensor::kind(DataType(i32::try_from(data_type).unwrap_or(0)))?,
    };
    quantise(node, x.id, grid, kind)
}

pub(super) fn dequantise_linear(node: &mut Node<'_>) -> Imported {
    node.ignore(&["output_dtype"]);
    let value = node.value(0)?;
    let id = match &value {
        Value::Quantised(quantised) => quantised.real,
        Value::Tensor(tensor) => tensor.id,
        Value::Labels { positions, .. } => *positions,
    };
    let (grid, _) = grid(node, id, [1, 2])?;
    let id = dequantise(node, value, grid)?;
    result(id, Kind::Real)
}

/// A convolution of quantised values, and its result quantised.
pub(super) fn qlinear_conv(node: &mut Node<'_>) -> Imported {
    let x = real(node, [0, 1, 2])?;
    let weights = weights(node, [3, 4, 5])?;
    let factors = (node.known(1)?, node.known(4)?);
    let bias = match node.has(8) {
        false => None,
        true => {
            // Integers in units of both scales together.
            let bias = node.input(8)?;
            let unit = factors.1.mapv(|w| w * factors.0.first().copied().unwrap_or(1.0));
            let unit = node.constant(unit)?;
            Some(node.binary(Binary::Mul, bias.id, unit)?)
        }
    };
    let id = convolve(node, x, weights, bias)?;
    let (grid, kind) = grid(node, id, [6, 7])?;
    quantise(node, id, grid, kind.unwrap_or(Kind::Integer(0, 255)))
}

pub(super) fn qlinear_matmul(node: &mut Node<'_>) -> Imported {
    let (a, b) = (real(node, [0, 1, 2])?, real(node, [3, 4, 5])?);
    let id = node.builder.push(ModelOp::MatMul, &[a, b])?;
    let (grid, kind) = grid(node, id, [6, 7])?;
    quantise(node, id, grid, kind.unwrap_or(Kind::Integer(0, 255)))
}

pub(super) fn conv_integer(node: &mut Node<'_>) -> Imported {
    let (x, weights) = (centred(node, 0, 2)?, centred(node, 1, 3)?);
    let id = convolve(node, x, weights, None)?;
    result(id, Kind::Integer(i64::from(i32::MIN), i64::from(i32::MAX)))
}

pub(super) fn matmul_integer(node: &mut Node<'_>) -> Imported {
    let (a, b) = (centred(node, 0, 2)?, centred(node, 1, 3)?);
    let id = node.builder.push(ModelOp::MatMul, &[a, b])?;
    result(id, Kind::Integer(i64::from(i32::MIN), i64::from(i32::MAX)))
}

/// An input minus its zero point.
fn centred(node: &mut Node<'_>, input: usize, zero_point: usize) -> Result<ValueId, Refusal> {
    let x = node.input(input)?;
    if !node.has(zero_point) {
        return Ok(x.id);
    }
    let zero_point = node.input(zero_point)?;
    Ok(node.binary(Binary::Sub, x.id, zero_point.id)?)
}

/// The reals of an input whose scale and zero point are inputs as well.
fn real(node: &mut Node<'_>, [x, scale, zero_point]: [usize; 3]) -> Result<ValueId, Refusal> {
    let value = node.value(x)?;
    let id = node.input(x)?.id;
    let (grid, _) = grid(node, id, [scale, zero_point])?;
    dequantise(node, value, grid)
}

/// As [`real`], scales being those of axis 0.
fn weights(node: &mut Node<'_>, [x, scale, zero_point]: [usize; 3]) -> Result<ValueId, Refusal> {
    let value = node.value(x)?;
    let id = node.input(x)?.id;
    let (mut grid, _) = grid(node, id, [scale, zero_point])?;
    grid.axis = grid.axis.map(|_| 0);
    dequantise(node, value, grid)
}

/// The grid of scale and zero point, and the type of the latter if it is there.
fn grid(
    node: &mut Node<'_>,
    x: ValueId,
    [scale, zero_point]: [usize; 2],
) -> Result<(Grid, Option<Kind>), Refusal> {
    if node.int("block_size", 0) != 0 {
        return refuse("scales of blocks", "one scale, or one for each index of an axis", "");
    }
    let given = node.int("axis", 1);
    let scale = node.known(scale)?;
    let (zero_point, kind) = match node.has(zero_point) {
        false => (None, None),
        true => (node.known_if_any(zero_point)?, Some(node.input(zero_point)?.kind)),
    };
    let rank = node.shape(x).len();
    let axis = if scale.len() == 1 { None } else { Some(axis(given, rank)?) };
    if scale.ndim() > 1 {
        return refuse(
            format!("scales of shape {:?}", scale.shape()),
            "one scale, or one for each index of an axis",
            "",
        );
    }
    let scale: Vec<f64> = scale.iter().copied().collect();
    let zero_point = match zero_point {
        None => vec![0; scale.len()],
        Some(zero_point) if zero_point.len() == 1 => {
            vec![zero_point.iter().map(|v| *v as i64).sum(); scale.len()]
        }
        Some(zero_point) => zero_point.iter().map(|v| *v as i64).collect(),
    };
    Ok((Grid { scale, zero_point, axis }, kind))
}

fn quantise(node: &mut Node<'_>, x: ValueId, grid: Grid, kind: Kind) -> Imported {
    let Kind::Integer(lo, hi) = kind else {
        return refuse("quantised numbers that are reals", "integers", "");
    };
    let op = ModelOp::FakeQuantise(FakeQuantise {
        scale: grid.scale.clone(),
        zero_point: grid.zero_point.clone(),
        axis: grid.axis,
        lo,
        hi,
        rounding: Rounding::Nearest,
    });
    let real = node.builder.push(op, &[x])?;
    Ok(vec![Value::Quantised(Quantised { real, grid })])
}

/// `scale · (q − zero_point)`
fn dequantise(node: &mut Node<'_>, value: Value, grid: Grid) -> Result<ValueId, Refusal> {
    if let Value::Quantised(quantised) = &value
        && quantised.grid == grid
    {
        return Ok(quantised.real);
    }
    let integers = node.numbers(value)?;
    let rank = node.shape(integers.id).len();
    let Grid { scale, zero_point, axis } = grid;
    let points = zero_point.iter().map(|v| *v as f64).collect();
    let (factor, point) = match axis {
        None => (node.scalar(scale[0])?, node.scalar(zero_point[0] as f64)?),
        Some(axis) => (node.along(scale.clone(), axis, rank)?, node.along(points, axis, rank)?),
    };
    let centred = node.binary(Binary::Sub, integers.id, point)?;
    let real = node.binary(Binary::Mul, centred, factor)?;
    match (integers.kind, node.builder.known(real)) {
        // Stored integers stay on their grid, so that it is known.
        (Kind::Integer(lo, hi), Some(_))
            if hi <= i64::from(i32::MAX) && scale.iter().all(|scale| *scale > 0.0) =>
        {
            let rounding = Rounding::Nearest;
            let op = ModelOp::FakeQuantise(FakeQuantise { scale, zero_point, axis, lo, hi, rounding });
            Ok(node.builder.push(op, &[real])?)
        }
        _ => Ok(real),
    }
}

/// QONNX `Quant`: `scale · (clamp(round(x / scale + zero_point)) − zero_point)`
pub(super) fn quant(node: &mut Node<'_>) -> Imported {
    let (is_signed, is_narrow) = (node.flag("signed", true), node.flag("narrow", false));
    let mode = node.text("rounding_mode", "ROUND");
    let x = node.input(0)?;
    let (scale, axis) = scales(node, x.id, 1)?;
    let points = node.known(2)?;
    let bits = node.known(3)?.first().copied().unwrap_or(0.0);
    if !(1.0..=32.0).contains(&bits) || bits.fract() != 0.0 {
        return refuse(format!("{bits} bits"), "1 to 32", "");
    }
    let (half, narrow) = (1i64 << (bits as u32 - 1), i64::from(is_narrow));
    let (lo, hi) = if is_signed { (narrow - half, half - 1) } else { (0, 2 * half - 1 - narrow) };
    let zero_point: Vec<i64> = match points.len() {
        1 => vec![points.iter().map(|v| *v as i64).sum(); scale.len()],
        _ => points.iter().map(|v| *v as i64).collect(),
    };
    if points.iter().any(|v| v.fract() != 0.0) {
        return refuse("a zero point between integers", "integers", "");
    }
    let is_odd = zero_point.iter().any(|v| v % 2 != 0);
    if is_odd && zero_point.iter().any(|v| v % 2 == 0) {
        return refuse(
            "even and odd zero points in one tensor",
            "zero points of one parity, or one of them",
            "",
        );
    }
    let rounding = match mode.to_uppercase().as_str() {
        "ROUND" | "HALF_EVEN" if is_odd => Rounding::NearestOdd,
        "ROUND" | "HALF_EVEN" => Rounding::Nearest,
        "FLOOR" => Rounding::Floor,
        "CEIL" => Rounding::Ceil,
        other => return refuse(format!("`rounding_mode` `{other}`"), "`ROUND`, `FLOOR` or `CEIL`", ""),
    };
    let op = ModelOp::FakeQuantise(FakeQuantise { scale, zero_point, axis, lo, hi, rounding });
    let id = node.builder.push(op, &[x.id])?;
    result(id, Kind::Real)
}

/// Scales that are numbers against the axes of a value: one, or those of one axis.
fn scales(node: &mut Node<'_>, x: ValueId, input: usize) -> Result<(Vec<f64>, Option<usize>), Refusal> {
    let scale = node.known(input)?;
    let rank = node.shape(x).len();
    let long: Vec<usize> = (0..scale.ndim()).filter(|i| scale.shape()[*i] != 1).collect();
    let axis = match long.as_slice() {
        [] => None,
        [at] if scale.ndim() <= rank => Some(rank - scale.ndim() + at),
        _ => {
            return refuse(
                format!("scales of shape {:?}", scale.shape()),
                "one scale, or those of one axis",
                "",
            );
        }
    };
    Ok((scale.iter().copied().collect(), axis))
}

/// QONNX `BipolarQuant`: `scale` where the value is not negative, else `−scale`
pub(super) fn bipolar_quant(node: &mut Node<'_>) -> Imported {
    let (x, scale) = (node.input(0)?, node.input(1)?);
    let zero = node.scalar(0.0)?;
    let is_positive = node.binary(Binary::GreaterOrEqual, x.id, zero)?;
    let sign = node.function(Function::Affine { scale: 2.0, offset: -1.0 }, is_positive)?;
    let id = node.binary(Binary::Mul, sign, scale.id)?;
    result(id, Kind::Real)
}

/// QONNX `Trunc`: the low bits of the integers are cut off.
pub(super) fn trunc(node: &mut Node<'_>) -> Imported {
    let mode = node.text("rounding_mode", "FLOOR");
    node.ignore(&["signed", "narrow"]);
    let mut numbers = [0.0; 4];
    for (i, number) in numbers.iter_mut().enumerate() {
        let known = node.known(1 + i)?;
        if known.len() != 1 {
            return refuse(format!("{} numbers at input {}", known.len(), i + 1), "one", "");
        }
        *number = known.iter().sum();
    }
    let [scale, zero_point, bits_in, bits_out] = numbers;
    let step = 2f64.powf(bits_in - bits_out);
    let round = match mode.to_uppercase().as_str() {
        "FLOOR" => Function::Floor,
        "CEIL" => Function::Ceil,
        "ROUND" | "HALF_EVEN" => Function::Round,
        other => return refuse(format!("`rounding_mode` `{other}`"), "`FLOOR`, `CEIL` or `ROUND`", ""),
    };
    let x = node.input(0)?;
    let steps = node.function(Function::Affine { scale: 1.0 / scale, offset: zero_point }, x.id)?;
    let whole = node.function(Function::Round, steps)?;
    let shifted = node.function(Function::Affine { scale: 1.0 / step, offset: 0.0 }, whole)?;
    let cut = node.function(round, shifted)?;
    let id = node.function(Function::Affine { scale, offset: -zero_point * scale }, cut)?;
    result(id, Kind::Real)
}
