//! Appends linear operations and changes of shape to a graph, and infers the shapes of results.

use crate::error::{Refusal, TraceError, refuse, refuse_argument};
use crate::graph::{NodeId, OpGraph};
use crate::node::{ElementType, NodeKind};
use cloakwork_ir::linear::{Conv2d, Linear, Places};
use ndarray::{ArrayD, IxDyn};
use std::collections::{BTreeMap, BTreeSet};

/// Which elements of one axis [`OpGraph::slice`] takes. Negative positions count from the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Take {
    /// One element; the axis vanishes.
    At(i64),
    /// Python's `start:stop:step`.
    Range {
        /// First element; by default the first in the direction of `step`.
        start: Option<i64>,
        /// First element that is not taken.
        stop: Option<i64>,
        /// Distance; not 0.
        step: i64,
    },
}

impl Take {
    /// Every element.
    pub const ALL: Self = Self::Range { start: None, stop: None, step: 1 };
}

impl From<i64> for Take {
    fn from(at: i64) -> Self {
        Self::At(at)
    }
}

impl From<std::ops::Range<i64>> for Take {
    fn from(range: std::ops::Range<i64>) -> Self {
        Self::Range { start: Some(range.start), stop: Some(range.end), step: 1 }
    }
}

impl From<std::ops::RangeFull> for Take {
    fn from(_: std::ops::RangeFull) -> Self {
        Self::ALL
    }
}

impl OpGraph {
    /// Convolution of an encrypted `[n, c, h, w]` with clear weights `[f, c/groups, kh, kw]`.
    pub fn conv2d(&mut self, input: NodeId, weights: NodeId, conv: Conv2d) -> Result<NodeId, TraceError> {
        self.checked(|graph| {
            if graph.is_encrypted(weights) || !graph.is_encrypted(input) {
                return refuse(
                    "conv2d",
                    format!(
                        "an input of {}s and weights of {}s",
                        graph.node(input).element,
                        graph.node(weights).element
                    ),
                    "the input is encrypted, the weights are clear",
                    "pass the weights as a clear value",
                );
            }
            graph.linear(Linear::Conv2d(conv), &[input, weights])
        })
    }

    /// Sum over axes, all of them if `None`; they vanish unless `keep` is [`KeepAxes::AsOne`].
    pub fn sum(&mut self, a: NodeId, axes: Option<&[i64]>, keep: KeepAxes) -> Result<NodeId, TraceError> {
        self.checked(|graph| {
            let rank = graph.node(a).shape.len();
            let mut axes = match axes {
                Some(axes) => {
                    axes.iter().map(|&axis| axis_of("sum", axis, rank)).collect::<Result<Vec<_>, _>>()?
                }
                None => (0..rank).collect(),
            };
            axes.sort_unstable();
            let kept: Vec<usize> = graph
                .node(a)
                .shape
                .iter()
                .enumerate()
                .map(|(i, &size)| if axes.contains(&i) { 1 } else { size })
                .collect();
            let sum = if axes.is_empty() { a } else { graph.linear(Linear::Sum { axes }, &[a])? };
            match keep {
                KeepAxes::No => Ok(sum),
                KeepAxes::AsOne => graph.reshaped(sum, &kept),
            }
        })
    }

    /// The same elements in another shape; one axis may be −1.
    pub fn reshape(&mut self, a: NodeId, shape: &[i64]) -> Result<NodeId, TraceError> {
        self.checked(|graph| {
            let elements: usize = graph.node(a).shape.iter().product();
            let known: i64 = shape.iter().filter(|&&size| size != -1).product();
            let open = shape.iter().filter(|&&size| size == -1).count();
            let fits = known > 0
                && (elements as i64) % known == 0
                && open <= 1
                && shape.iter().all(|&size| size == -1 || size > 0);
            if !fits {
                return refuse(
                    "reshape",
                    format!("the shape {shape:?} for {elements} elements"),
                    "axes are positive, at most one is -1, and the number of elements stays",
                    "correct the shape",
                );
            }
            let size = |&size: &i64| if size == -1 { elements / known as usize } else { size as usize };
            let shape: Vec<usize> = shape.iter().map(size).collect();
            graph.reshaped(a, &shape)
        })
    }

    /// Axis `i` of the result is axis `permutation[i]`; all axes reversed if `None`.
    pub fn transpose(&mut self, a: NodeId, permutation: Option<&[i64]>) -> Result<NodeId, TraceError> {
        self.checked(|graph| {
            let rank = graph.node(a).shape.len();
            let permutation = match permutation {
                Some(axes) => axes
                    .iter()
                    .map(|&axis| axis_of("transpose", axis, rank))
                    .collect::<Result<Vec<_>, _>>()?,
                None => (0..rank).rev().collect(),
            };
            graph.linear(Linear::Transpose { permutation }, &[a])
        })
    }

    /// Some elements of each axis; axes that are not named are taken whole.
    pub fn slice(&mut self, a: NodeId, takes: &[Take]) -> Result<NodeId, TraceError> {
        self.checked(|graph| {
            let shape = graph.node(a).shape.clone();
            if takes.len() > shape.len() {
                let (found, rank) = (takes.len(), shape.len());
                return refuse(
                    "slice",
                    format!("{found} indices"),
                    format!("the value has {rank} axes"),
                    "leave some out",
                );
            }
            let (mut offsets, mut strides, mut sizes, mut kept) = (vec![], vec![], vec![], vec![]);
            for (axis, &size) in shape.iter().enumerate() {
                let take = takes.get(axis).copied().unwrap_or(Take::ALL);
                let (offset, stride, count) = taken(take, size, axis)?;
                offsets.push(offset);
                strides.push(stride);
                sizes.push(count);
                if !matches!(take, Take::At(_)) {
                    kept.push(count);
                }
            }
            let slice = graph.linear_shaped(Linear::Slice { offsets, strides }, &[a], sizes)?;
            graph.reshaped(slice, &kept)
        })
    }

    /// Values one behind the other along an axis; clear ones are encrypted trivially unless all are constants.
    pub fn concat(&mut self, values: &[NodeId], axis: i64) -> Result<NodeId, TraceError> {
        self.checked(|graph| {
            let Some(&first) = values.first() else {
                return refuse("concatenate", "no values", "at least one value is joined", "leave it out");
            };
            let shapes: Vec<Vec<usize>> =
                values.iter().map(|&value| graph.node(value).shape.clone()).collect();
            let axis = axis_of("concatenate", axis, shapes[0].len())?;
            let rest = |shape: &[usize]| -> Vec<usize> {
                shape.iter().enumerate().filter(|(i, _)| *i != axis).map(|(_, &size)| size).collect()
            };
            if let Some(other) =
                shapes.iter().find(|shape| shape.len() <= axis || rest(shape) != rest(&shapes[0]))
            {
                return refuse(
                    "concatenate",
                    format!("values of shape {:?} and {other:?}", shapes[0]),
                    format!("shapes differ at most at axis {axis}"),
                    "reshape or broadcast them first",
                );
            }
            let mut result = graph.node(first).shape.clone();
            result[axis] = shapes.iter().map(|shape| shape[axis]).sum();
            let is_variable = values.iter().any(|&value| !graph.is_constant(value));
            let mut operands = vec![];
            for &value in values {
                graph.needs_integers("concatenate", value)?;
                operands.push(match is_variable {
                    true => graph.encrypted_trivially("concatenate", value)?,
                    false => value,
                });
            }
            graph.linear_shaped(Linear::Concat { axis }, &operands, result)
        })
    }

    /// NumPy's `broadcast_to`.
    pub fn broadcast(&mut self, a: NodeId, shape: &[usize]) -> Result<NodeId, TraceError> {
        self.checked(|graph| graph.broadcast_to(a, shape))
    }

    pub(crate) fn reshaped(&mut self, a: NodeId, shape: &[usize]) -> Result<NodeId, Refusal> {
        if self.node(a).shape == shape {
            Ok(a)
        } else {
            self.linear_shaped(Linear::Reshape, &[a], shape.to_vec())
        }
    }

    pub(crate) fn broadcast_together(
        &mut self,
        name: &str,
        a: NodeId,
        b: NodeId,
    ) -> Result<(NodeId, NodeId), Refusal> {
        let (from, to) = (&self.node(a).shape, &self.node(b).shape);
        let Some(shape) = broadcast_shape(from, to) else {
            return refuse(
                name,
                format!("operands of shape {from:?} and {to:?}"),
                "axes are equal or 1, counted from the last",
                "reshape one of them",
            );
        };
        // Constants beside encrypted values stay short: emission writes them as large as needed.
        let is_both_clear = !self.is_encrypted(a) && !self.is_encrypted(b);
        let mut fit = |value: NodeId| {
            if self.is_constant(value) && !is_both_clear {
                Ok(value)
            } else {
                self.broadcast_to(value, &shape)
            }
        };
        Ok((fit(a)?, fit(b)?))
    }

    pub(crate) fn broadcast_to(&mut self, a: NodeId, shape: &[usize]) -> Result<NodeId, Refusal> {
        if self.node(a).shape == shape {
            return Ok(a);
        }
        self.linear_shaped(Linear::Broadcast, &[a], shape.to_vec())
    }

    /// A linear operation whose result's shape follows from its operands.
    pub(crate) fn linear(&mut self, op: Linear, operands: &[NodeId]) -> Result<NodeId, Refusal> {
        let shape = result_shape(&op, &self.operand_shapes(&op, operands));
        self.linear_shaped(op, operands, shape)
    }

    /// The shapes that operands have once constants are broadcast.
    fn operand_shapes(&self, op: &Linear, operands: &[NodeId]) -> Vec<&[usize]> {
        let is_elementwise = matches!(op, Linear::AddClear | Linear::MulClear | Linear::Sub);
        let encrypted = operands.iter().find(|&&operand| is_elementwise && self.is_encrypted(operand));
        let shape = |&operand: &NodeId| {
            let shaped = encrypted.filter(|_| self.is_constant(operand)).unwrap_or(&operand);
            self.node(*shaped).shape.as_slice()
        };
        operands.iter().map(shape).collect()
    }

    fn linear_shaped(
        &mut self,
        op: Linear,
        operands: &[NodeId],
        shape: Vec<usize>,
    ) -> Result<NodeId, Refusal> {
        let name = linear_name(&op);
        if let &[a] = operands
            && self.is_real(a)
            && op.places() == Places::Moved
        {
            return self.moved(&op, a, &shape);
        }
        for &operand in operands {
            self.needs_integers(name, operand)?;
        }
        let shapes = self.operand_shapes(&op, operands);
        if let Err(message) = op.check_shapes(&shapes, &shape) {
            let found: Vec<String> = shapes.iter().map(|shape| format!("{shape:?}")).collect();
            let found = format!("operands of shape {}", found.join(" and "));
            return refuse(name, found, message, "reshape, slice or broadcast an operand");
        }
        if operands.iter().any(|&operand| self.is_encrypted(operand)) {
            return Ok(self.push(NodeKind::Linear(op), operands, shape, ElementType::ENCRYPTED));
        }
        let constants: Option<Vec<&ArrayD<i64>>> =
            operands
                .iter()
                .map(|&operand| {
                    if let NodeKind::Constant(values) = &self.node(operand).kind {
                        Some(values)
                    } else {
                        None
                    }
                })
                .collect();
        let Some(constants) = constants else {
            return self.clear_linear(op, operands, shape);
        };
        match op.evaluate(&constants, &shape) {
            Some(values) => Ok(self.constant(values)),
            None => refuse(
                name,
                "constants whose result leaves 64 bits",
                "constants fit 64 bits",
                "use smaller constants",
            ),
        }
    }
}

impl OpGraph {
    /// A trivial encryption of clear integers; encrypted ones stay what they are.
    pub fn encrypt(&mut self, a: NodeId) -> Result<NodeId, TraceError> {
        self.checked(|graph| graph.encrypted_trivially("encrypt", a))
    }

    /// Elements of the flattened value, in a shape: `indices[i]` is where element `i` of the result comes from.
    pub fn gather(&mut self, a: NodeId, indices: &ArrayD<usize>) -> Result<NodeId, TraceError> {
        self.checked(|graph| {
            let is_in_order = indices.iter().copied().eq(0..graph.node(a).shape.iter().product());
            if is_in_order {
                return graph.reshaped(a, indices.shape());
            }
            let op = Linear::Gather { indices: indices.iter().copied().collect() };
            graph.linear_shaped(op, &[a], indices.shape().to_vec())
        })
    }

    /// NumPy's `take` along an axis at positions, which may be an input; negative ones count from the end. Encrypted ones
    /// are compared with every position.
    pub fn gather_at(&mut self, a: NodeId, positions: NodeId, axis: i64) -> Result<NodeId, TraceError> {
        if self.is_encrypted(positions) && !self.is_real(positions) {
            return self.take_encrypted(a, positions, axis);
        }
        self.checked(|graph| {
            graph.needs_integers("take", positions)?;
            let axis = axis_of("take", axis, graph.node(a).shape.len())?;
            let shape = taken_shape(graph, a, positions, axis);
            graph.linear_shaped(Linear::GatherAt { axis }, &[a, positions], shape)
        })
    }

    /// The value with `value` at clear positions along an axis, which may be an input, or at an encrypted one; of several values at one
    /// position the last stays. `value` is broadcast to what [`Self::gather_at`] gives.
    pub fn set_at(
        &mut self,
        a: NodeId,
        value: NodeId,
        positions: NodeId,
        axis: i64,
    ) -> Result<NodeId, TraceError> {
        if self.is_encrypted(positions) && !self.is_real(positions) {
            return self.put_encrypted(a, value, positions, axis);
        }
        self.checked(|graph| {
            graph.needs_integers("put", positions)?;
            let axis = axis_of("put", axis, graph.node(a).shape.len())?;
            let (a, value) = (graph.encrypted_trivially("put", a)?, graph.encrypted_trivially("put", value)?);
            let taken = taken_shape(graph, a, positions, axis);
            let value = graph.broadcast_to(value, &taken)?;
            let shape = graph.node(a).shape.clone();
            graph.linear_shaped(Linear::SetAt { axis }, &[a, value, positions], shape)
        })
    }

    /// Reals in another shape: what they are computed from is moved instead.
    fn moved(&mut self, op: &Linear, a: NodeId, shape: &[usize]) -> Result<NodeId, Refusal> {
        let from = self.node(a).shape.clone();
        if let Err(message) = op.check_shapes(&[&from], shape) {
            let found = format!("a value of shape {from:?}");
            return refuse(linear_name(op), found, message, "reshape, slice or broadcast it otherwise");
        }
        let mut parts = BTreeSet::new();
        let mut open = vec![a];
        while let Some(id) = open.pop() {
            if parts.insert(id) && self.is_computed_real(id) {
                open.extend(self.operands(id));
            }
        }
        let mut moved: BTreeMap<NodeId, NodeId> = BTreeMap::new();
        for id in parts {
            let node = self.node(id);
            let is_uniform = !node.element.is_encrypted() && node.shape.iter().product::<usize>() == 1;
            let new = if self.is_computed_real(id) {
                let (kind, element) = (node.kind.clone(), node.element);
                let operands: Vec<NodeId> =
                    self.operands(id).iter().filter_map(|operand| moved.get(operand).copied()).collect();
                self.push(kind, &operands, shape.to_vec(), element)
            } else if is_uniform {
                let scalar = Vec::<usize>::new();
                match node.kind.clone() {
                    NodeKind::RealConstant(values) => {
                        let value = values.into_iter().collect();
                        self.real_constant(ArrayD::from_shape_vec(scalar, value).unwrap_or_default())
                    }
                    _ => self.reshaped(id, &scalar)?,
                }
            } else if let NodeKind::RealConstant(values) = &node.kind {
                let whole = values.broadcast(IxDyn(&from)).map(|values| values.to_owned());
                let positions = ArrayD::from_shape_vec(
                    from.clone(),
                    (0..from.iter().product::<usize>() as i64).collect(),
                );
                let taken = positions.ok().and_then(|positions| op.evaluate(&[&positions], shape));
                let (Some(whole), Some(taken)) = (whole, taken) else {
                    return refuse(
                        linear_name(op),
                        "reals",
                        "their shape is that of the value",
                        "reshape them before",
                    );
                };
                let flat: Vec<f64> = whole.iter().copied().collect();
                self.real_constant(taken.mapv(|position| flat[position as usize]))
            } else {
                let whole = self.broadcast_to(id, &from)?;
                self.linear_shaped(op.clone(), &[whole], shape.to_vec())?
            };
            moved.insert(id, new);
        }
        Ok(moved[&a])
    }

    /// An encrypted real that is computed from other values.
    fn is_computed_real(&self, id: NodeId) -> bool {
        self.is_real(id) && self.is_encrypted(id)
    }

    /// Integers that are clear become trivial encryptions.
    pub(crate) fn encrypted_trivially(&mut self, name: &str, a: NodeId) -> Result<NodeId, Refusal> {
        self.needs_integers(name, a)?;
        if self.is_encrypted(a) {
            return Ok(a);
        }
        let shape = self.node(a).shape.clone();
        Ok(self.push(NodeKind::Encrypt, &[a], shape, ElementType::ENCRYPTED))
    }

    /// A linear operation on clear values that are known only when the program runs.
    fn clear_linear(
        &mut self,
        op: Linear,
        operands: &[NodeId],
        shape: Vec<usize>,
    ) -> Result<NodeId, Refusal> {
        let name = linear_name(&op);
        match op.places() {
            Places::Same => Ok(self.push(NodeKind::Linear(op), operands, shape, ElementType::Clear)),
            Places::Moved => {
                let from = &self.node(operands[0]).shape;
                let positions = (0..from.iter().product::<usize>() as i64).collect();
                let positions = ArrayD::from_shape_vec(from.clone(), positions).ok();
                let moved = positions.and_then(|positions| op.evaluate(&[&positions], &shape));
                let indices = moved.unwrap_or_default().iter().map(|&index| index as usize).collect();
                Ok(self.push(
                    NodeKind::Linear(Linear::Gather { indices }),
                    operands,
                    shape,
                    ElementType::Clear,
                ))
            }
            Places::Mixed => {
                // The first that is known only then is encrypted, the others stay clear.
                let mut operands = operands.to_vec();
                let variable = operands.iter().position(|&operand| self.is_clear_variable(operand));
                let first = variable.filter(|_| matches!(op, Linear::Dot | Linear::Matmul)).unwrap_or(0);
                operands[first] = self.encrypted_trivially(name, operands[first])?;
                self.linear_shaped(op, &operands, shape)
            }
        }
    }
}

fn taken_shape(graph: &OpGraph, a: NodeId, positions: NodeId, axis: usize) -> Vec<usize> {
    let (a, positions) = (&graph.node(a).shape, &graph.node(positions).shape);
    [&a[..axis], positions, &a[axis + 1..]].concat()
}

/// Whether summed axes remain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeepAxes {
    /// They vanish.
    No,
    /// With one element.
    AsOne,
}

/// Name of a linear operation in the graph's text.
pub(crate) fn linear_name(op: &Linear) -> &'static str {
    match op {
        Linear::Add | Linear::AddClear => "add",
        Linear::Sub => "subtract",
        Linear::Neg => "negative",
        Linear::MulClear => "multiply",
        Linear::Dot => "dot",
        Linear::Matmul => "matmul",
        Linear::Conv2d(_) => "conv2d",
        Linear::Sum { .. } => "sum",
        Linear::Reshape => "reshape",
        Linear::Transpose { .. } => "transpose",
        Linear::Slice { .. } => "slice",
        Linear::Concat { .. } => "concatenate",
        Linear::Broadcast => "broadcast_to",
        Linear::Gather { .. } => "gather",
        Linear::GatherAt { .. } => "take",
        Linear::SetAt { .. } => "put",
    }
}

/// The shape that [`Linear::check_shapes`] will confirm or explain away.
fn result_shape(op: &Linear, operands: &[&[usize]]) -> Vec<usize> {
    let first = operands[0];
    match op {
        Linear::Add | Linear::Sub | Linear::Neg | Linear::AddClear | Linear::MulClear => first.to_vec(),
        Linear::Reshape
        | Linear::Broadcast
        | Linear::Slice { .. }
        | Linear::Concat { .. }
        | Linear::Gather { .. }
        | Linear::GatherAt { .. }
        | Linear::SetAt { .. } => first.to_vec(),
        Linear::Dot => vec![],
        Linear::Matmul => vec![first.first().copied().unwrap_or(1), operands[1].last().copied().unwrap_or(1)],
        Linear::Sum { axes } => {
            first.iter().enumerate().filter(|(axis, _)| !axes.contains(axis)).map(|(_, &size)| size).collect()
        }
        Linear::Transpose { permutation } => {
            permutation.iter().map(|&axis| first.get(axis).copied().unwrap_or(1)).collect()
        }
        Linear::Conv2d(conv) => {
            let (&[n, _, h, w], &[f, _, kh, kw]) = (first, operands[1]) else { return vec![] };
            let [top, left, bottom, right] = conv.padding;
            let extent = |padded: usize, kernel: usize, axis: usize| {
                let span = conv.dilations[axis] * kernel.saturating_sub(1) + 1;
                padded.saturating_sub(span) / conv.strides[axis].max(1) + 1
            };
            vec![n, f, extent(h + top + bottom, kh, 0), extent(w + left + right, kw, 1)]
        }
    }
}

pub(crate) fn broadcast_shape(a: &[usize], b: &[usize]) -> Option<Vec<usize>> {
    let rank = a.len().max(b.len());
    let size =
        |shape: &[usize], axis: usize| (axis + shape.len()).checked_sub(rank).map_or(1, |at| shape[at]);
    let joined = |axis: usize| match (size(a, axis), size(b, axis)) {
        (x, y) if x == y || y == 1 => Some(x),
        (1, y) => Some(y),
        _ => None,
    };
    (0..rank).map(joined).collect()
}

pub(crate) fn axis_of(name: &str, axis: i64, rank: usize) -> Result<usize, Refusal> {
    let from_start = if axis < 0 { axis + rank as i64 } else { axis };
    if (0..rank as i64).contains(&from_start) {
        return Ok(from_start as usize);
    }
    refuse_argument(name, format!("axis {axis}"), format!("the value has {rank} axes"), "correct the axis")
}

/// Offset, stride and number of elements.
fn taken(take: Take, size: usize, axis: usize) -> Result<(usize, i64, usize), Refusal> {
    let size = size as i64;
    match take {
        Take::At(at) => {
            let from_start = if at < 0 { at + size } else { at };
            if (0..size).contains(&from_start) {
                return Ok((from_start as usize, 1, 1));
            }
            refuse(
                "slice",
                format!("index {at}"),
                format!("axis {axis} has {size} elements"),
                "correct the index",
            )
        }
        Take::Range { step: 0, .. } => {
            refuse("slice", "step 0", "steps are positive or negative", "leave the step out")
        }
        Take::Range { start, stop, step } => {
            let (least, greatest) = if step > 0 { (0, size) } else { (-1, size - 1) };
            let clamp = |at: i64| (if at < 0 { at.saturating_add(size) } else { at }).clamp(least, greatest);
            let start = start.map_or(if step > 0 { least } else { greatest }, clamp);
            let stop = stop.map_or(if step > 0 { greatest } else { least }, clamp);
            let distance = if step > 0 { stop - start } else { start - stop };
            if distance <= 0 {
                return refuse(
                    "slice",
                    format!("no element of axis {axis}"),
                    format!("at least one of its {size} elements is taken"),
                    "correct start and stop",
                );
            }
            let count = (distance as u64).div_ceil(step.unsigned_abs());
            Ok((start as usize, step, count as usize))
        }
    }
}
