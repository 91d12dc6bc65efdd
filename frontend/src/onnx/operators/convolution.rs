//! Convolutions and pooling.

use super::super::error::{Refusal, refuse};
use super::super::node::{Imported, Node, result};
use super::super::value::Kind;
use crate::model::op::{Binary, ModelOp, Pool};
use crate::model::{ValueId, shape};
use ndarray::{ArrayD, Axis};

pub(super) fn conv(node: &mut Node<'_>) -> Imported {
    let (x, weights) = (node.input(0)?.id, node.input(1)?.id);
    let bias = if node.has(2) { Some(node.input(2)?.id) } else { None };
    let id = convolve(node, x, weights, bias)?;
    result(id, Kind::Real)
}

/// A convolution with the attributes of the node.
pub(super) fn convolve(
    node: &mut Node<'_>,
    x: ValueId,
    weights: ValueId,
    bias: Option<ValueId>,
) -> Result<ValueId, Refusal> {
    let kernel = node.shape(weights).get(2..).unwrap_or_default().to_vec();
    let groups = groups(node)?;
    let windows = windows(node, x, &kernel)?;
    let op = ModelOp::Conv {
        strides: windows.strides,
        padding: windows.padding,
        dilations: windows.dilations,
        groups,
    };
    let id = node.builder.push(op, &[x, weights])?;
    add_bias(node, id, bias)
}

fn add_bias(node: &mut Node<'_>, id: ValueId, bias: Option<ValueId>) -> Result<ValueId, Refusal> {
    let Some(bias) = bias else { return Ok(id) };
    let mut shape = vec![1; node.shape(id).len()];
    shape[1] = node.shape(id)[1];
    let bias = node.reshape(bias, &shape)?;
    Ok(node.binary(Binary::Add, id, bias)?)
}

fn groups(node: &mut Node<'_>) -> Result<usize, Refusal> {
    match usize::try_from(node.int("group", 1)) {
        Ok(groups @ 1..) => Ok(groups),
        _ => refuse("`group` below 1", "1 or more", ""),
    }
}

/// How a window moves, in the terms of [`ModelOp::Conv`].
struct Windows {
    window: Vec<usize>,
    strides: Vec<usize>,
    padding: Vec<(usize, usize)>,
    dilations: Vec<usize>,
}

fn windows(node: &mut Node<'_>, x: ValueId, kernel: &[usize]) -> Result<Windows, Refusal> {
    let spatial = node.shape(x).get(2..).unwrap_or_default().to_vec();
    let rank = kernel.len();
    if spatial.len() != rank || rank == 0 {
        return refuse(
            format!("a value of shape {:?} and a window of shape {kernel:?}", node.shape(x)),
            "`[n, c, spatial…]` and a size for each spatial axis",
            "",
        );
    }
    let window = node.sizes("kernel_shape", rank, 0)?;
    let window = if window.iter().all(|size| *size == 0) { kernel.to_vec() } else { window };
    if window != kernel {
        return refuse(format!("`kernel_shape` {window:?}"), format!("that of the weights, {kernel:?}"), "");
    }
    let (strides, dilations) = (node.sizes("strides", rank, 1)?, node.sizes("dilations", rank, 1)?);
    let pads = node.sizes("pads", 2 * rank, 0)?;
    let auto_pad = node.text("auto_pad", "NOTSET");
    let padding = (0..rank)
        .map(|i| {
            let (begin, end) = (pads[i], pads[rank + i]);
            let extent = extent(window[i], dilations[i]);
            let stride = strides[i].max(1);
            let total = (spatial[i].div_ceil(stride).saturating_sub(1).saturating_mul(stride))
                .saturating_add(extent)
                .saturating_sub(spatial[i]);
            match auto_pad.as_str() {
                "NOTSET" | "" => Ok((begin, end)),
                "VALID" => Ok((0, 0)),
                "SAME_UPPER" => Ok((total / 2, total - total / 2)),
                "SAME_LOWER" => Ok((total - total / 2, total / 2)),
                other => refuse(
                    format!("`auto_pad` is `{other}`"),
                    "`NOTSET`, `VALID`, `SAME_UPPER` or `SAME_LOWER`",
                    "",
                ),
            }
        })
        .collect::<Result<_, _>>()?;
    Ok(Windows { window, strides, padding, dilations })
}

/// Over how many elements a window reaches.
fn extent(window: usize, dilation: usize) -> usize {
    window.saturating_sub(1).saturating_mul(dilation).saturating_add(1)
}

/// A convolution of the value with zeros put in, with weights turned around.
pub(super) fn conv_transpose(node: &mut Node<'_>) -> Imported {
    let (x, weights) = (node.input(0)?.id, node.input(1)?.id);
    let (from, kernel) = (node.shape(x), node.shape(weights));
    let rank = from.len().saturating_sub(2);
    let groups = groups(node)?;
    if rank == 0 || kernel.len() != from.len() || from[1] != kernel[0] || !kernel[0].is_multiple_of(groups) {
        return refuse(
            format!("a value of shape {from:?} and weights of shape {kernel:?} in {groups} groups"),
            "`[n, c, spatial…]` and `[c, f / groups, spatial…]`",
            "",
        );
    }
    let window = node.sizes("kernel_shape", rank, 0)?;
    if window.iter().any(|size| *size != 0) && window != kernel[2..] {
        return refuse(
            format!("`kernel_shape` {window:?}"),
            format!("that of the weights, {:?}", &kernel[2..]),
            "",
        );
    }
    let (strides, dilations) = (node.sizes("strides", rank, 1)?, node.sizes("dilations", rank, 1)?);
    let (pads, more) = (node.sizes("pads", 2 * rank, 0)?, node.sizes("output_padding", rank, 0)?);
    let (auto_pad, wanted) = (node.text("auto_pad", "NOTSET"), node.sizes("output_shape", rank, 0)?);
    // Where each element of the result begins to look, and how large the result is.
    let mut margins = Vec::with_capacity(rank);
    let mut padded = from[..2].to_vec();
    for i in 0..rank {
        let (size, stride, reach) = (from[2 + i], strides[i].max(1), extent(kernel[2 + i], dilations[i]));
        let whole =
            size.saturating_sub(1).saturating_mul(stride).saturating_add(reach).saturating_add(more[i]);
        let (begin, end) = match (wanted[i], auto_pad.as_str()) {
            (0, "NOTSET" | "") => (pads[i], pads[rank + i]),
            (0, "VALID") => (0, 0),
            (size_wanted, way) => {
                let goal = if size_wanted == 0 { size.saturating_mul(stride) } else { size_wanted };
                let total = whole.saturating_sub(goal);
                if way == "SAME_UPPER" {
                    (total / 2, total - total / 2)
                } else {
                    (total - total / 2, total / 2)
                }
            }
        };
        let result = whole.saturating_sub(begin).saturating_sub(end);
        margins.push(reach as i64 - 1 - begin as i64);
        padded.push(result.saturating_add(reach - 1));
    }
    let spread = node.fill(x, &padded, 0.0, |place| {
        let mut at = place[0] * from[1] + place[1];
        for i in 0..rank {
            let moved = usize::try_from(place[2 + i] as i64 - margins[i]).ok()?;
            let stride = strides[i].max(1);
            let source = moved / stride;
            if !moved.is_multiple_of(stride) || source >= from[2 + i] {
                return None;
            }
            at = at * from[2 + i] + source;
        }
        Some(at)
    })?;
    // [c, f/g, k] as [g, c/g, f/g, k], then filters before channels and everything spatial from behind.
    let (channels, filters) = (kernel[0] / groups, kernel[1]);
    let split: Vec<usize> = [groups, channels, filters].iter().chain(&kernel[2..]).copied().collect();
    let joined: Vec<usize> = [groups * filters, channels].iter().chain(&kernel[2..]).copied().collect();
    let weights = node.reshape(weights, &split)?;
    let order: Vec<usize> = [0, 2, 1].into_iter().chain(3..split.len()).collect();
    let weights = node.transpose(weights, &order)?;
    let weights = node.reshape(weights, &joined)?;
    let weights = node.builder.rearrange(weights, 0, |mut all| {
        (2..all.ndim()).for_each(|axis| all.invert_axis(Axis(axis)));
        all
    })?;
    let op = ModelOp::Conv { strides: vec![1; rank], padding: vec![(0, 0); rank], dilations, groups };
    let id = node.builder.push(op, &[spread, weights])?;
    let bias = if node.has(2) { Some(node.input(2)?.id) } else { None };
    let id = add_bias(node, id, bias)?;
    result(id, Kind::Real)
}

pub(super) fn max_pool(node: &mut Node<'_>) -> Imported {
    node.ignore(&["storage_order"]);
    pool(node, Pool::Max)
}

pub(super) fn average_pool(node: &mut Node<'_>) -> Imported {
    let includes_padding = node.flag("count_include_pad", false);
    pool(node, if includes_padding { Pool::Average } else { Pool::AverageOfPresent })
}

fn pool(node: &mut Node<'_>, mut kind: Pool) -> Imported {
    let x = node.input(0)?;
    let Some(kernel) = node.ints("kernel_shape") else { return refuse("no `kernel_shape`", "a window", "") };
    let kernel = super::super::tensor::dims(&kernel)?;
    let mut windows = windows(node, x.id, &kernel)?;
    let rounds_up = node.flag("ceil_mode", false);
    let mut id = x.id;
    let mut more = vec![0; kernel.len()];
    if rounds_up {
        let spatial = &node.shape(x.id)[2..];
        for i in 0..kernel.len() {
            let (before, after) = windows.padding[i];
            let padded = spatial[i].saturating_add(before).saturating_add(after);
            let (stride, extent) = (windows.strides[i].max(1), extent(kernel[i], windows.dilations[i]));
            let steps = padded.saturating_sub(extent).div_ceil(stride);
            // A window that begins beyond the value and its first padding is left out.
            let steps = if steps.saturating_mul(stride) >= spatial[i].saturating_add(before) {
                steps.saturating_sub(1)
            } else {
                steps
            };
            more[i] = steps.saturating_mul(stride).saturating_add(extent).saturating_sub(padded);
        }
    }
    if kind == Pool::Average && more.iter().any(|more| *more > 0) {
        // What rounding up adds is no padding, so the padding becomes part of the value.
        id = pad_with(node, id, &windows.padding, 0.0)?;
        windows.padding.fill((0, 0));
        kind = Pool::AverageOfPresent;
    }
    for (padding, more) in windows.padding.iter_mut().zip(more) {
        padding.1 = padding.1.saturating_add(more);
    }
    let Windows { window, strides, padding, dilations } = windows;
    let id = node.builder.push(ModelOp::Pool { kind, window, strides, padding, dilations }, &[id])?;
    result(id, x.kind)
}

/// Spatial axes with more elements around.
fn pad_with(
    node: &mut Node<'_>,
    x: ValueId,
    padding: &[(usize, usize)],
    value: f64,
) -> Result<ValueId, Refusal> {
    let from = node.shape(x);
    let mut to = from.clone();
    for (i, (before, after)) in padding.iter().enumerate() {
        to[2 + i] = to[2 + i].saturating_add(*before).saturating_add(*after);
    }
    node.fill(x, &to, value, |place| {
        let mut at = place[0] * from[1] + place[1];
        for (i, (before, _)) in padding.iter().enumerate() {
            let source = place[2 + i].checked_sub(*before).filter(|source| *source < from[2 + i])?;
            at = at * from[2 + i] + source;
        }
        Some(at)
    })
}

impl Node<'_> {
    /// A value of another shape whose elements are those of `x` at row-major positions, and `value` where there is none.
    pub(in super::super) fn fill(
        &mut self,
        x: ValueId,
        to: &[usize],
        value: f64,
        source: impl Fn(&[usize]) -> Option<usize>,
    ) -> Result<ValueId, Refusal> {
        let count = shape::elements(self.builder.shape(x))?;
        self.builder.spend(to)?;
        let mut needs_value = false;
        let positions = ArrayD::from_shape_fn(to, |place| {
            source(ndarray::Dimension::slice(&place)).unwrap_or_else(|| {
                needs_value = true;
                count
            })
        });
        let mut id = x;
        if needs_value {
            let flat = self.reshape(x, &[1, count])?;
            let value = self.constant(ArrayD::from_elem(vec![1, 1], value))?;
            id = self.builder.push(ModelOp::Concat { axis: 1 }, &[flat, value])?;
        }
        Ok(self.builder.push(ModelOp::Rearrange { positions }, &[id])?)
    }
}
