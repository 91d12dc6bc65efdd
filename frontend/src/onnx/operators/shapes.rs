//! Operators that only move values: reshaping, slicing, joining, repeating, padding; and values that follow from shapes.

use super::super::error::{Refusal, refuse};
use super::super::node::{Imported, Node, result};
use super::super::tensor;
use super::super::value::{Kind, Value, axis};
use super::reductions::part;
use crate::model::op::ModelOp;
use crate::model::{ValueId, shape};
use ndarray::{ArrayD, Axis, IxDyn};

/// What a move of elements makes of input 0, which may be anything.
pub(super) fn moved(
    node: &mut Node<'_>,
    move_elements: impl FnOnce(&mut Node<'_>, ValueId) -> Result<ValueId, Refusal>,
) -> Imported {
    Ok(vec![match node.value(0)? {
        Value::Labels { positions, labels } => {
            Value::Labels { positions: move_elements(node, positions)?, labels }
        }
        Value::Quantised(mut quantised) if quantised.grid.axis.is_none() => {
            quantised.real = move_elements(node, quantised.real)?;
            Value::Quantised(quantised)
        }
        value @ (Value::Tensor(_) | Value::Quantised(_)) => {
            let mut tensor = node.numbers(value)?;
            tensor.id = move_elements(node, tensor.id)?;
            Value::Tensor(tensor)
        }
    }])
}

pub(super) fn reshape(node: &mut Node<'_>) -> Imported {
    let keeps_zero = node.flag("allowzero", false);
    let wanted = match node.ints("shape") {
        Some(shape) => Some(shape),
        None => node.known_ints(1)?,
    };
    let Some(wanted) = wanted else { return refuse("no shape", "an input or attribute with the shape", "") };
    moved(node, |node, x| {
        let from = node.shape(x);
        let to = new_shape(&from, &wanted, keeps_zero)?;
        Ok(node.reshape(x, &to)?)
    })
}

fn new_shape(from: &[usize], wanted: &[i64], keeps_zero: bool) -> Result<Vec<usize>, Refusal> {
    let count = shape::elements(from)?;
    let open = wanted.iter().filter(|size| **size == -1).count();
    if open > 1 || wanted.iter().any(|size| *size < -1) {
        return refuse(format!("shape {wanted:?}"), "sizes and at most one −1", "");
    }
    let mut to = Vec::with_capacity(wanted.len().min(shape::MAX_RANK + 1));
    for (i, size) in wanted.iter().take(shape::MAX_RANK + 1).enumerate() {
        to.push(match (*size, from.get(i)) {
            (-1, _) => 1,
            (0, Some(size)) if !keeps_zero => *size,
            (size, _) => size as usize,
        });
    }
    if open == 1 {
        let others = shape::elements(&to)?;
        let open = wanted.iter().position(|size| *size == -1).unwrap_or_default();
        if others == 0 || !count.is_multiple_of(others) || open >= to.len() {
            return refuse(
                format!("{count} elements for shape {wanted:?}"),
                "a multiple of the other sizes",
                "",
            );
        }
        to[open] = count / others;
    }
    if shape::elements(&to)? != count {
        return refuse(
            format!("{count} elements of shape {from:?} for shape {wanted:?}"),
            "as many elements",
            "a batch that the file fixes shows here: export the model with a batch of 1",
        );
    }
    Ok(to)
}

pub(super) fn flatten(node: &mut Node<'_>) -> Imported {
    let given = node.int("axis", 1);
    moved(node, |node, x| {
        let from = node.shape(x);
        let at = if given == from.len() as i64 { from.len() } else { axis(given, from.len())? };
        let to = [from[..at].iter().product(), from[at..].iter().product()];
        Ok(node.reshape(x, &to)?)
    })
}

pub(super) fn squeeze(node: &mut Node<'_>) -> Imported {
    let given = axes_given(node)?;
    moved(node, |node, x| {
        let from = node.shape(x);
        let gone = match &given {
            None => (0..from.len()).filter(|i| from[*i] == 1).collect(),
            Some(given) => given.iter().map(|a| axis(*a, from.len())).collect::<Result<Vec<_>, _>>()?,
        };
        let to: Vec<usize> = (0..from.len()).filter(|i| !gone.contains(i)).map(|i| from[i]).collect();
        Ok(node.reshape(x, &to)?)
    })
}

pub(super) fn unsqueeze(node: &mut Node<'_>) -> Imported {
    let Some(given) = axes_given(node)? else { return refuse("no axes", "where axes are put in", "") };
    moved(node, |node, x| {
        let from = node.shape(x);
        let rank = from.len() + given.len();
        if rank > shape::MAX_RANK {
            return refuse(format!("{rank} axes"), format!("at most {}", shape::MAX_RANK), "");
        }
        let new = given.iter().map(|a| axis(*a, rank)).collect::<Result<Vec<_>, _>>()?;
        let mut old = from.iter();
        let to: Vec<usize> =
            (0..rank).map(|i| if new.contains(&i) { 1 } else { old.next().copied().unwrap_or(1) }).collect();
        Ok(node.reshape(x, &to)?)
    })
}

fn axes_given(node: &mut Node<'_>) -> Result<Option<Vec<i64>>, Refusal> {
    match node.ints("axes") {
        Some(axes) => Ok(Some(axes)),
        None => node.known_ints(1),
    }
}

pub(super) fn transpose(node: &mut Node<'_>) -> Imported {
    let given = node.ints("perm");
    moved(node, |node, x| {
        let rank = node.shape(x).len();
        let order: Vec<usize> = match &given {
            None => (0..rank).rev().collect(),
            Some(given) => given.iter().map(|a| axis(*a, rank)).collect::<Result<_, _>>()?,
        };
        let mut sorted = order.clone();
        sorted.sort_unstable();
        if !sorted.iter().copied().eq(0..rank) {
            return refuse(format!("`perm` {order:?} of {rank} axes"), "each axis once", "");
        }
        Ok(node.transpose(x, &order)?)
    })
}

pub(super) fn shape_of(node: &mut Node<'_>) -> Imported {
    let (start, end) = (node.int("start", 0), node.int("end", i64::MAX));
    let id = any(node)?;
    let shape = node.shape(id);
    let bound =
        |v: i64| if v < 0 { v.saturating_add(shape.len() as i64).max(0) } else { v.min(shape.len() as i64) };
    let (start, end) = (bound(start) as usize, bound(end) as usize);
    let sizes = shape.get(start..end).unwrap_or_default().iter().map(|size| *size as f64).collect();
    let id = node.vector(sizes)?;
    result(id, Kind::INT64)
}

pub(super) fn size_of(node: &mut Node<'_>) -> Imported {
    let id = any(node)?;
    let count = shape::elements(&node.shape(id))?;
    let id = node.scalar(count as f64)?;
    result(id, Kind::INT64)
}

/// A value of the shape of input 0.
fn any(node: &mut Node<'_>) -> Result<ValueId, Refusal> {
    Ok(match node.value(0)? {
        Value::Tensor(tensor) => tensor.id,
        Value::Labels { positions, .. } => positions,
        Value::Quantised(quantised) => quantised.real,
    })
}

pub(super) fn expand(node: &mut Node<'_>) -> Imported {
    let wanted = node.known_ints(1)?.unwrap_or_default();
    let wanted = tensor::dims(&wanted)?;
    moved(node, |node, x| {
        let to = shape::broadcast_all(&[&node.shape(x), &wanted])?;
        let count = shape::elements(&to)?;
        Ok(node.builder.rearrange(x, count, |all| all.broadcast(to).expect("shapes fit").to_owned())?)
    })
}

pub(super) fn tile(node: &mut Node<'_>) -> Imported {
    let repeats = tensor::dims(&node.known_ints(1)?.unwrap_or_default())?;
    moved(node, |node, x| {
        let from = node.shape(x);
        if repeats.len() != from.len() {
            return refuse(
                format!("{} repeats for {} axes", repeats.len(), from.len()),
                "one for each axis",
                "",
            );
        }
        let to: Vec<usize> =
            from.iter().zip(&repeats).map(|(size, times)| size.saturating_mul(*times)).collect();
        shape::elements(&to)?;
        node.fill(x, &to, 0.0, |place| {
            Some(place.iter().zip(&from).fold(0, |at, (place, size)| at * size + place % size))
        })
    })
}

pub(super) fn concat(node: &mut Node<'_>) -> Imported {
    let given = node.int("axis", 0);
    let inputs = node.inputs_from(0)?;
    let Some(first) = inputs.first() else { return refuse("no input", "at least one", "") };
    let at = axis(given, node.shape(first.id).len())?;
    let ids: Vec<ValueId> = inputs.iter().map(|input| input.id).collect();
    let id = node.builder.push(ModelOp::Concat { axis: at }, &ids)?;
    result(id, first.kind)
}

pub(super) fn split(node: &mut Node<'_>) -> Imported {
    let given = node.int("axis", 0);
    let x = node.input(0)?;
    let from = node.shape(x.id);
    let at = axis(given, from.len())?;
    let outputs = node.proto.output.len();
    let parts = usize::try_from(node.int("num_outputs", outputs as i64)).unwrap_or(0);
    let sizes = match node.ints("split") {
        Some(sizes) => Some(sizes),
        None => node.known_ints(1)?,
    };
    let sizes = match sizes {
        Some(sizes) => tensor::dims(&sizes)?,
        None if parts == 0 || parts > from[at].max(1) => {
            return refuse(format!("{parts} parts of {} elements", from[at]), "a part for each output", "");
        }
        None => {
            let each = from[at].div_ceil(parts);
            (0..parts).map(|i| each.min(from[at].saturating_sub(i * each))).collect()
        }
    };
    if sizes.iter().fold(0usize, |sum, size| sum.saturating_add(*size)) != from[at] {
        return refuse(format!("parts of {sizes:?} elements"), format!("{} together", from[at]), "");
    }
    let mut results = Vec::new();
    let mut start = 0;
    for size in sizes {
        let id = part(node, x.id, at, start..start + size)?;
        results.push(Value::Tensor(super::super::value::Tensor { id, kind: x.kind }));
        start += size;
    }
    Ok(results)
}

/// Bounds are attributes up to opset 9 and inputs since.
pub(super) fn slice(node: &mut Node<'_>) -> Imported {
    let mut lists = Vec::new();
    for (i, name) in ["starts", "ends", "axes", "steps"].into_iter().enumerate() {
        lists.push(match node.ints(name) {
            Some(list) => Some(list),
            None => node.known_ints(1 + i)?,
        });
    }
    let [Some(starts), Some(ends), axes, steps] = lists.as_slice() else {
        return refuse("no bounds", "starts and ends", "");
    };
    let count = starts.len();
    let axes = axes.clone().unwrap_or_else(|| (0..count as i64).collect());
    let steps = steps.clone().unwrap_or_else(|| vec![1; count]);
    if [ends.len(), axes.len(), steps.len()] != [count; 3] || steps.contains(&0) {
        return refuse("bounds, axes and steps of different numbers", "one of each, and no step of 0", "");
    }
    moved(node, |node, x| {
        let from = node.shape(x);
        let at = axes.iter().map(|a| axis(*a, from.len())).collect::<Result<Vec<_>, _>>()?;
        Ok(node.builder.rearrange(x, 0, |mut all| {
            for (i, at) in at.iter().enumerate() {
                let (first, count, step) = taken(starts[i], ends[i], steps[i], all.shape()[*at]);
                let indices: Vec<usize> =
                    (0..count).map(|k| (first as i64 + k as i64 * step) as usize).collect();
                all = all.select(Axis(*at), &indices);
            }
            all
        })?)
    })
}

/// First element, number of elements and step of a slice as in NumPy.
fn taken(start: i64, end: i64, step: i64, size: usize) -> (usize, usize, i64) {
    let size = size as i64;
    let wrap = |v: i64| if v < 0 { v.saturating_add(size) } else { v };
    let step = step.clamp(-size.max(1), size.max(1));
    let (start, end) = if step > 0 {
        (wrap(start).clamp(0, size), wrap(end).clamp(0, size))
    } else {
        (wrap(start).clamp(-1, size - 1), if end < -size { -1 } else { wrap(end).clamp(-1, size - 1) })
    };
    let room = if step > 0 { end - start } else { start - end };
    let count = if room <= 0 { 0 } else { room.unsigned_abs().div_ceil(step.unsigned_abs()) as usize };
    (start.max(0) as usize, count, step)
}

pub(super) fn pad(node: &mut Node<'_>) -> Imported {
    let mode = node.text("mode", "constant");
    let attribute_value = node.float("value", 0.0);
    let given = match node.ints("pads") {
        Some(pads) => Some(pads),
        None => node.known_ints(1)?,
    };
    let value = node.known_if_any(2)?.and_then(|v| v.first().copied()).unwrap_or(attribute_value);
    let axes = node.known_ints(3)?;
    let Some(given) = given else { return refuse("no paddings", "an input or attribute with them", "") };
    let x = node.input(0)?;
    let from = node.shape(x.id);
    let axes = match axes {
        None => (0..from.len()).collect(),
        Some(axes) => axes.iter().map(|a| axis(*a, from.len())).collect::<Result<Vec<_>, _>>()?,
    };
    if given.len() != 2 * axes.len() {
        return refuse(format!("{} paddings for {} axes", given.len(), axes.len()), "two for each axis", "");
    }
    let mut before = vec![0i64; from.len()];
    let mut to = from.clone();
    for (i, at) in axes.iter().enumerate() {
        let (begin, end) = (given[i], given[axes.len() + i]);
        let size = (from[*at] as i64).checked_add(begin).and_then(|size| size.checked_add(end));
        to[*at] = match size.and_then(|size| usize::try_from(size).ok()) {
            Some(size) => size,
            None => {
                return refuse(format!("paddings {begin} and {end} of {} elements", from[*at]), "sizes", "");
            }
        };
        before[*at] = begin;
    }
    let Some(reflect) = Border::of(&mode) else {
        return refuse(format!("mode `{mode}`"), "`constant`, `reflect`, `edge` or `wrap`", "");
    };
    shape::elements(&to)?;
    if reflect != Border::Constant && from.contains(&0) {
        return refuse("no element to repeat", "`constant`", "");
    }
    let id = node.fill(x.id, &to, value, |place| {
        let mut at = 0;
        for i in 0..from.len() {
            at = at * from[i] + reflect.source(place[i] as i64 - before[i], from[i])?;
        }
        Some(at)
    })?;
    result(id, x.kind)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Border {
    Constant,
    Reflect,
    Edge,
    Wrap,
}

impl Border {
    fn of(mode: &str) -> Option<Self> {
        match mode {
            "constant" => Some(Self::Constant),
            "reflect" => Some(Self::Reflect),
            "edge" => Some(Self::Edge),
            "wrap" => Some(Self::Wrap),
            _ => None,
        }
    }

    fn source(self, place: i64, size: usize) -> Option<usize> {
        let last = size as i64 - 1;
        if (0..=last).contains(&place) {
            return Some(place as usize);
        }
        match self {
            Self::Constant => None,
            Self::Edge => Some(place.clamp(0, last) as usize),
            Self::Wrap => Some(place.rem_euclid(last + 1) as usize),
            Self::Reflect if last == 0 => Some(0),
            Self::Reflect => {
                let folded = place.rem_euclid(2 * last);
                Some(folded.min(2 * last - folded) as usize)
            }
        }
    }
}

pub(super) fn depth_to_space(node: &mut Node<'_>) -> Imported {
    let (block, mode) = (block(node)?, node.text("mode", "DCR"));
    let x = node.input(0)?;
    let [n, c, h, w] = four(node, x.id)?;
    let depth = c / (block * block);
    if depth * block * block != c {
        return refuse(
            format!("{c} channels in blocks of {block}"),
            "a multiple of the block's elements",
            "",
        );
    }
    let (split, order): ([usize; 6], [usize; 6]) = match mode.as_str() {
        "DCR" => ([n, block, block, depth, h, w], [0, 3, 4, 1, 5, 2]),
        "CRD" => ([n, depth, block, block, h, w], [0, 1, 4, 2, 5, 3]),
        other => return refuse(format!("mode `{other}`"), "`DCR` or `CRD`", ""),
    };
    let apart = node.reshape(x.id, &split)?;
    let turned = node.transpose(apart, &order)?;
    let id = node.reshape(turned, &[n, depth, h * block, w * block])?;
    result(id, x.kind)
}

pub(super) fn space_to_depth(node: &mut Node<'_>) -> Imported {
    let block = block(node)?;
    let x = node.input(0)?;
    let [n, c, h, w] = four(node, x.id)?;
    if !h.is_multiple_of(block) || !w.is_multiple_of(block) {
        return refuse(format!("{h} by {w} elements in blocks of {block}"), "multiples of the block", "");
    }
    let (rows, columns) = (h / block, w / block);
    let apart = node.reshape(x.id, &[n, c, rows, block, columns, block])?;
    let turned = node.transpose(apart, &[0, 3, 5, 1, 2, 4])?;
    let id = node.reshape(turned, &[n, c * block * block, rows, columns])?;
    result(id, x.kind)
}

fn block(node: &mut Node<'_>) -> Result<usize, Refusal> {
    match node.int("blocksize", 0) {
        block @ 1..=65_536 => Ok(block as usize),
        other => refuse(format!("`blocksize` {other}"), "1 to 65536", ""),
    }
}

fn four(node: &Node<'_>, x: ValueId) -> Result<[usize; 4], Refusal> {
    let shape = node.shape(x);
    match shape.as_slice().try_into() {
        Ok(four) => Ok(four),
        Err(_) => refuse(format!("a value of shape {shape:?}"), "`[n, c, h, w]`", ""),
    }
}

pub(super) fn constant(node: &mut Node<'_>) -> Imported {
    if let Some((value, kind)) = node.stored("value")? {
        let id = node.constant(value)?;
        return result(id, kind);
    }
    let attribute = node.proto.attribute.first();
    let name = attribute.and_then(|attribute| attribute.name.as_deref()).unwrap_or_default();
    let (id, kind) = match name {
        "value_float" => {
            let v = node.float("value_float", 0.0);
            (node.scalar(v)?, Kind::Real)
        }
        "value_int" => {
            let v = node.int("value_int", 0) as f64;
            (node.scalar(v)?, Kind::INT64)
        }
        "value_floats" => {
            let v = node.floats("value_floats");
            (node.vector(v)?, Kind::Real)
        }
        "value_ints" => {
            let v = node.ints("value_ints").unwrap_or_default().iter().map(|v| *v as f64).collect();
            (node.vector(v)?, Kind::INT64)
        }
        other => {
            return refuse(
                format!("a constant with `{other}`"),
                "numbers",
                "strings and sparse tensors are unknown",
            );
        }
    };
    result(id, kind)
}

pub(super) fn constant_of_shape(node: &mut Node<'_>) -> Imported {
    let (value, kind) = match node.stored("value")? {
        Some((value, kind)) => (value.first().copied().unwrap_or(0.0), kind),
        None => (0.0, Kind::Real),
    };
    let shape = tensor::dims(&node.known_ints(0)?.unwrap_or_default())?;
    node.builder.spend(&shape)?;
    let id = node.constant(ArrayD::from_elem(IxDyn(&shape), value))?;
    result(id, kind)
}

pub(super) fn range(node: &mut Node<'_>) -> Imported {
    let kind = node.input(0)?.kind;
    let mut numbers = [0.0; 3];
    for (i, number) in numbers.iter_mut().enumerate() {
        *number = node.known(i)?.first().copied().unwrap_or(0.0);
    }
    let [start, limit, delta] = numbers;
    let count = ((limit - start) / delta).ceil().max(0.0);
    if count.is_nan() || count > shape::MAX_ELEMENTS as f64 {
        return refuse(format!("a range of {count} numbers"), format!("at most {}", shape::MAX_ELEMENTS), "");
    }
    node.builder.spend(&[count as usize])?;
    let id = node.vector((0..count as usize).map(|i| start + i as f64 * delta).collect())?;
    result(id, kind)
}

pub(super) fn eye_like(node: &mut Node<'_>) -> Imported {
    node.ignore(&["dtype"]);
    let (x, k) = (node.input(0)?, node.int("k", 0));
    let shape = node.shape(x.id);
    if shape.len() != 2 {
        return refuse(format!("a value of shape {shape:?}"), "a matrix", "");
    }
    node.builder.spend(&shape)?;
    let eye = ArrayD::from_shape_fn(IxDyn(&shape), |place| {
        f64::from((place[1] as i64).wrapping_sub(place[0] as i64) == k)
    });
    let id = node.constant(eye)?;
    result(id, x.kind)
}

/// Zero above or below a diagonal.
pub(super) fn trilu(node: &mut Node<'_>) -> Imported {
    let upper = node.flag("upper", true);
    let k = node.known_ints(1)?.and_then(|k| k.first().copied()).unwrap_or(0);
    let x = node.input(0)?;
    let from = node.shape(x.id);
    let rank = from.len();
    if rank < 2 {
        return refuse(format!("a value of shape {from:?}"), "a matrix", "");
    }
    let id = node.fill(x.id, &from, 0.0, |place| {
        let over = (place[rank - 1] as i64).saturating_sub(place[rank - 2] as i64);
        let stays = if upper { over >= k } else { over <= k };
        stays.then(|| place.iter().zip(&from).fold(0, |at, (place, size)| at * size + place))
    })?;
    result(id, x.kind)
}
