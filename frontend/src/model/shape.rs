//! The shape of what an operation of a [`super::Model`] computes, or why it cannot be computed.
//!
//! Nothing is allocated here, so that shapes of a file that nobody trusts are known before its values exist.

use super::op::ModelOp;
use thiserror::Error;

/// Greatest number of elements of a value.
pub const MAX_ELEMENTS: usize = 1 << 28;
/// Greatest number of axes of a value.
pub const MAX_RANK: usize = 16;
/// Greatest number of elements of a window, and greatest padding on a side.
const MAX_WINDOW: usize = 1 << 24;

/// Operands that do not fit their operation.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{found}; {allowed}")]
pub struct ShapeError {
    /// What was found.
    pub found: String,
    /// What is allowed.
    pub allowed: String,
}

/// The shape of the result of an operation on operands of these shapes. Of [`ModelOp::Input`] only its caller knows it.
pub fn infer(op: &ModelOp, operands: &[&[usize]]) -> Result<Vec<usize>, ShapeError> {
    let shape = match op {
        ModelOp::Input(_) => return fail("an argument", "its shape is known where it is declared"),
        ModelOp::Constant(value) => value.shape().to_vec(),
        ModelOp::Function(_) => one(operands)?.to_vec(),
        ModelOp::Binary(_) => broadcast_all(exactly(operands, 2)?)?,
        ModelOp::Select => broadcast_all(exactly(operands, 3)?)?,
        ModelOp::MatMul => matmul(exactly(operands, 2)?)?,
        ModelOp::Conv { strides, padding, dilations, groups } => {
            conv(exactly(operands, 2)?, &Windows { strides, padding, dilations }, *groups)?
        }
        ModelOp::Pool { window, strides, padding, dilations, .. } => {
            pool(one(operands)?, window, &Windows { strides, padding, dilations })?
        }
        ModelOp::Reduce { axes, keep, .. } => reduce(one(operands)?, axes, *keep)?,
        ModelOp::ArgExtreme { axis, keep, .. } => {
            let shape = reduce(one(operands)?, &[*axis], *keep)?;
            if operands[0][*axis] == 0 {
                return fail("no element along the axis", "an extreme needs one");
            }
            shape
        }
        ModelOp::Softmax { axis, .. } => {
            reduce(one(operands)?, &[*axis], true)?;
            operands[0].to_vec()
        }
        ModelOp::Rearrange { positions } => {
            let elements = elements(one(operands)?)?;
            if let Some(outside) = positions.iter().find(|position| **position >= elements) {
                return fail(
                    format!("position {outside} of {elements} elements"),
                    "positions lie within the operand",
                );
            }
            positions.shape().to_vec()
        }
        ModelOp::Concat { axis } => concat(operands, *axis)?,
        ModelOp::FakeQuantise(quantise) => {
            let shape = one(operands)?;
            let wanted = match quantise.axis {
                None => 1,
                Some(axis) => axis_size(shape, axis)?,
            };
            let scales = quantise.scale.len();
            if scales != wanted || quantise.zero_point.len() != wanted {
                return fail(
                    format!(
                        "{scales} scales and {} zero points for {wanted} indices",
                        quantise.zero_point.len()
                    ),
                    "there is one of each for the tensor or for each index of the axis",
                );
            }
            if quantise.lo > quantise.hi || quantise.scale.iter().any(|s| !s.is_finite() || *s <= 0.0) {
                return fail(
                    "scales or bounds that quantise nothing",
                    "scales are finite and above 0, bounds ascend",
                );
            }
            shape.to_vec()
        }
        ModelOp::Trees(ensemble) => {
            ensemble.check()?;
            let shape = one(operands)?;
            if shape != [1, ensemble.features] {
                return fail(
                    format!("a value of shape {shape:?} for trees of {} features", ensemble.features),
                    "trees take one sample `[1, features]`",
                );
            }
            vec![1, ensemble.base.len()]
        }
    };
    elements(&shape)?;
    Ok(shape)
}

/// Number of elements, if a value may have so many.
pub fn elements(shape: &[usize]) -> Result<usize, ShapeError> {
    if shape.len() > MAX_RANK {
        return fail(format!("{} axes", shape.len()), format!("at most {MAX_RANK} axes"));
    }
    // An axis of size 0 hides none of the others: their product is what strides are made of.
    let product = shape.iter().try_fold(1usize, |product, size| product.checked_mul((*size).max(1)));
    match product {
        Some(product) if product <= MAX_ELEMENTS => Ok(if shape.contains(&0) { 0 } else { product }),
        _ => fail(format!("a value of shape {shape:?}"), format!("at most {MAX_ELEMENTS} elements")),
    }
}

/// The shape that NumPy broadcasts all to.
pub fn broadcast_all(shapes: &[&[usize]]) -> Result<Vec<usize>, ShapeError> {
    let rank = shapes.iter().map(|shape| shape.len()).max().unwrap_or(0);
    let mut result = vec![1; rank];
    for shape in shapes {
        for (size, axis) in shape.iter().rev().zip(result.iter_mut().rev()) {
            if *axis == 1 {
                *axis = *size;
            } else if *size != 1 && size != axis {
                return fail(
                    format!("shapes {shapes:?}"),
                    "sizes are equal or 1, counted from the last axis",
                );
            }
        }
    }
    Ok(result)
}

/// Sizes of the windows' positions, one for each spatial axis.
pub(super) fn window_positions(
    spatial: &[usize],
    window: &[usize],
    windows: &Windows<'_>,
) -> Result<Vec<usize>, ShapeError> {
    let Windows { strides, padding, dilations } = windows;
    let rank = spatial.len();
    if [window.len(), strides.len(), padding.len(), dilations.len()] != [rank; 4] {
        return fail(
            format!(
                "{rank} spatial axes, but {} of the window, {} strides, {} paddings, {} dilations",
                window.len(),
                strides.len(),
                padding.len(),
                dilations.len()
            ),
            "one for each spatial axis",
        );
    }
    let size = window.iter().try_fold(1usize, |product, size| product.checked_mul(*size));
    if !size.is_some_and(|size| (1..=MAX_WINDOW).contains(&size)) {
        return fail(format!("a window of shape {window:?}"), format!("1 to {MAX_WINDOW} elements"));
    }
    (0..rank)
        .map(|i| {
            let (before, after) = padding[i];
            if strides[i] == 0 || dilations[i] == 0 {
                return fail("a stride or dilation of 0", "at least 1");
            }
            if before.max(after) > MAX_WINDOW || dilations[i] > MAX_WINDOW || spatial[i] > MAX_ELEMENTS {
                return fail("an axis or its padding is too long", format!("at most {MAX_WINDOW}"));
            }
            let padded = spatial[i] + before + after;
            let extent = (window[i] - 1).saturating_mul(dilations[i]).saturating_add(1);
            match padded.checked_sub(extent) {
                Some(room) => Ok(room / strides[i] + 1),
                None => fail(
                    format!("a window that reaches over {extent} of {padded} elements on spatial axis {i}"),
                    "windows lie within the padded value",
                ),
            }
        })
        .collect()
}

/// How windows move over spatial axes.
#[derive(Clone, Copy)]
pub(super) struct Windows<'a> {
    pub(super) strides: &'a [usize],
    pub(super) padding: &'a [(usize, usize)],
    pub(super) dilations: &'a [usize],
}

fn conv(operands: &[&[usize]], windows: &Windows<'_>, groups: usize) -> Result<Vec<usize>, ShapeError> {
    let (x, weights) = (operands[0], operands[1]);
    if x.len() < 3 || weights.len() != x.len() {
        return fail(
            format!("a value of shape {x:?} and weights of shape {weights:?}"),
            "a convolution takes `[n, c, spatial…]` and `[f, c / groups, spatial…]`",
        );
    }
    let (channels, filters) = (x[1], weights[0]);
    if groups == 0
        || channels % groups != 0
        || !filters.is_multiple_of(groups)
        || weights[1] != channels / groups
    {
        return fail(
            format!("{channels} channels, weights of shape {weights:?}, {groups} groups"),
            "groups divide channels and filters, and weights have `channels / groups` channels",
        );
    }
    let mut shape = vec![x[0], filters];
    shape.extend(window_positions(&x[2..], &weights[2..], windows)?);
    Ok(shape)
}

fn pool(x: &[usize], window: &[usize], windows: &Windows<'_>) -> Result<Vec<usize>, ShapeError> {
    if x.len() < 3 {
        return fail(format!("a value of shape {x:?}"), "windows move over `[n, c, spatial…]`");
    }
    let mut shape = x[..2].to_vec();
    shape.extend(window_positions(&x[2..], window, windows)?);
    Ok(shape)
}

fn matmul(operands: &[&[usize]]) -> Result<Vec<usize>, ShapeError> {
    let (a, b) = (operands[0], operands[1]);
    let misfit = || {
        let allowed = "the last axis of the first is as long as the last but one of the second";
        fail(format!("shapes {a:?} and {b:?}"), allowed)
    };
    let (Some((&columns, rows)), Some(&last)) = (a.split_last(), b.last()) else { return misfit() };
    let inner = if b.len() == 1 { last } else { b[b.len() - 2] };
    if columns != inner {
        return misfit();
    }
    let (batch_a, batch_b) =
        (rows.split_last().map_or(&[][..], |(_, batch)| batch), &b[..b.len().saturating_sub(2)]);
    let mut shape = broadcast_all(&[batch_a, batch_b])?;
    shape.extend(rows.last());
    if b.len() > 1 {
        shape.push(last);
    }
    Ok(shape)
}

fn reduce(x: &[usize], axes: &[usize], keep: bool) -> Result<Vec<usize>, ShapeError> {
    if axes.iter().any(|axis| *axis >= x.len()) || axes.windows(2).any(|pair| pair[0] >= pair[1]) {
        return fail(format!("axes {axes:?} of a value of shape {x:?}"), "axes ascend and exist");
    }
    let left = x.iter().enumerate().filter(|(i, _)| keep || !axes.contains(i));
    Ok(left.map(|(i, size)| if axes.contains(&i) { 1 } else { *size }).collect())
}

fn concat(operands: &[&[usize]], axis: usize) -> Result<Vec<usize>, ShapeError> {
    let Some((first, rest)) = operands.split_first() else { return fail("no operand", "at least one") };
    let mut shape = first.to_vec();
    axis_size(first, axis)?;
    for operand in rest {
        let fits =
            operand.len() == first.len() && (0..first.len()).all(|i| i == axis || operand[i] == first[i]);
        if !fits {
            return fail(
                format!("shapes {operands:?} joined along axis {axis}"),
                "all other sizes are equal",
            );
        }
        shape[axis] = shape[axis].saturating_add(operand[axis]);
    }
    Ok(shape)
}

fn axis_size(shape: &[usize], axis: usize) -> Result<usize, ShapeError> {
    match shape.get(axis) {
        Some(size) => Ok(*size),
        None => fail(format!("axis {axis} of a value of shape {shape:?}"), "an axis that exists"),
    }
}

fn one<'a>(operands: &[&'a [usize]]) -> Result<&'a [usize], ShapeError> {
    Ok(exactly(operands, 1)?[0])
}

fn exactly<'a, 'b>(operands: &'b [&'a [usize]], count: usize) -> Result<&'b [&'a [usize]], ShapeError> {
    if operands.len() == count {
        Ok(operands)
    } else {
        fail(format!("{} operands", operands.len()), format!("exactly {count}"))
    }
}

pub(super) fn fail<T>(found: impl Into<String>, allowed: impl Into<String>) -> Result<T, ShapeError> {
    Err(ShapeError { found: found.into(), allowed: allowed.into() })
}
