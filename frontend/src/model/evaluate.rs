//! The meaning of a model: every value of one sample, on reals.
//!
//! It is the oracle of everything that is made of the model, and what calibration measures ranges on.

use super::op::{Binary, FakeQuantise, ModelOp, Pool, Reduce, Rounding};
use super::shape::{Windows, window_positions};
use super::{Model, ValueId};
use cloakwork_abi::processing::apply::softmax_along;
use ndarray::{Array2, ArrayD, ArrayView2, Axis, Ix2, IxDyn, Slice, Zip};
use std::borrow::Cow;
use thiserror::Error;

/// Samples that a model does not take.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum EvaluateError {
    /// Not as many as inputs.
    #[error("{found} arguments for {expected} inputs")]
    Count {
        /// Arguments.
        found: usize,
        /// Inputs.
        expected: usize,
    },
    /// Of a wrong shape.
    #[error("input `{input}` has shape {found:?}; the model takes {expected:?}")]
    Shape {
        /// Its name.
        input: String,
        /// Of the argument.
        found: Vec<usize>,
        /// Of the input.
        expected: Vec<usize>,
    },
}

impl Model {
    /// Every value, in the order of the nodes, for one sample.
    pub fn evaluate<'a>(
        &'a self,
        inputs: &'a [ArrayD<f64>],
    ) -> Result<Vec<Cow<'a, ArrayD<f64>>>, EvaluateError> {
        if inputs.len() != self.inputs.len() {
            return Err(EvaluateError::Count { found: inputs.len(), expected: self.inputs.len() });
        }
        for (input, value) in self.inputs.iter().zip(inputs) {
            if value.shape() != input.shape {
                return Err(EvaluateError::Shape {
                    input: input.name.clone(),
                    found: value.shape().to_vec(),
                    expected: input.shape.clone(),
                });
            }
        }
        let mut values: Vec<Cow<'a, ArrayD<f64>>> = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            let value = match &node.op {
                ModelOp::Input(position) => Cow::Borrowed(&inputs[*position]),
                ModelOp::Constant(value) => Cow::Borrowed(value),
                op => {
                    let operands: Vec<&ArrayD<f64>> = node.operands.iter().map(|id| &*values[id.0]).collect();
                    Cow::Owned(compute(op, &operands, &node.shape))
                }
            };
            values.push(value);
        }
        Ok(values)
    }

    /// The results for one sample.
    pub fn predict(&self, inputs: &[ArrayD<f64>]) -> Result<Vec<ArrayD<f64>>, EvaluateError> {
        let values = self.evaluate(inputs)?;
        let value = |id: ValueId| (*values[id.0]).clone();
        Ok(self.outputs.iter().map(|output| value(output.value)).collect())
    }
}

/// The result of an operation whose operands have been checked by [`super::shape::infer`], which gave `shape`.
pub(crate) fn compute(op: &ModelOp, operands: &[&ArrayD<f64>], shape: &[usize]) -> ArrayD<f64> {
    match op {
        ModelOp::Input(_) => unreachable!("the caller has the arguments"),
        ModelOp::Constant(value) => value.clone(),
        ModelOp::Function(function) => operands[0].mapv(|v| function.apply(v)),
        ModelOp::Binary(binary) => {
            let (a, b) = (broadcast(operands[0], shape), broadcast(operands[1], shape));
            Zip::from(&a).and(&b).map_collect(|a, b| binary.apply(*a, *b))
        }
        ModelOp::Select => {
            let [c, a, b] = [0, 1, 2].map(|i| broadcast(operands[i], shape));
            Zip::from(&c).and(&a).and(&b).map_collect(|c, a, b| if *c != 0.0 { *a } else { *b })
        }
        ModelOp::MatMul => matmul(operands[0], operands[1], shape),
        ModelOp::Conv { strides, padding, dilations, groups } => {
            conv(operands[0], operands[1], &Windows { strides, padding, dilations }, *groups, shape)
        }
        ModelOp::Pool { kind, window, strides, padding, dilations } => {
            pool(operands[0], *kind, window, &Windows { strides, padding, dilations }, shape)
        }
        ModelOp::Reduce { kind, axes, keep } => reduce(operands[0], *kind, axes, *keep),
        ModelOp::ArgExtreme { is_greatest, axis, keep } => {
            let positions = operands[0].map_axis(Axis(*axis), |lane| {
                let mut best = 0;
                for i in 1..lane.len() {
                    let is_better = if *is_greatest { lane[i] > lane[best] } else { lane[i] < lane[best] };
                    if is_better {
                        best = i;
                    }
                }
                best as f64
            });
            if *keep { positions.insert_axis(Axis(*axis)) } else { positions }
        }
        ModelOp::Softmax { axis, log } => {
            let mut x = operands[0].clone();
            softmax_along(&mut x, *axis, *log);
            x
        }
        ModelOp::Rearrange { positions } => {
            let x = operands[0].as_standard_layout();
            let elements = x.as_slice().expect("standard layout");
            positions.mapv(|position| elements[position])
        }
        ModelOp::Concat { axis } => {
            let mut result = ArrayD::zeros(shape);
            let mut at = 0;
            for operand in operands {
                let end = at + operand.shape()[*axis];
                result.slice_axis_mut(Axis(*axis), Slice::from(at..end)).assign(operand);
                at = end;
            }
            result
        }
        ModelOp::FakeQuantise(quantise) => quantise.apply(operands[0]),
        ModelOp::Trees(ensemble) => {
            let features: Vec<f64> = operands[0].iter().copied().collect();
            ArrayD::from_shape_vec(shape, ensemble.evaluate(&features)).expect("one for each target")
        }
    }
}

impl Binary {
    /// Its value.
    pub fn apply(self, a: f64, b: f64) -> f64 {
        let (is_a, is_b) = (a != 0.0, b != 0.0);
        match self {
            Self::Add => a + b,
            Self::Sub => a - b,
            Self::Mul => a * b,
            Self::Div => a / b,
            Self::Pow => a.powf(b),
            Self::Min => {
                if b < a || b.is_nan() {
                    b
                } else {
                    a
                }
            }
            Self::Max => {
                if b > a || b.is_nan() {
                    b
                } else {
                    a
                }
            }
            Self::Equal => f64::from(a == b),
            Self::Less => f64::from(a < b),
            Self::LessOrEqual => f64::from(a <= b),
            Self::Greater => f64::from(a > b),
            Self::GreaterOrEqual => f64::from(a >= b),
            Self::And => f64::from(is_a && is_b),
            Self::Or => f64::from(is_a || is_b),
            Self::Xor => f64::from(is_a != is_b),
            Self::Mod => a - b * (a / b).floor(),
        }
    }
}

impl Rounding {
    /// The integer.
    pub fn round(self, v: f64) -> f64 {
        match self {
            Self::Nearest => v.round_ties_even(),
            Self::NearestOdd => (v - 1.0).round_ties_even() + 1.0,
            Self::Floor => v.floor(),
            Self::Ceil => v.ceil(),
        }
    }
}

impl FakeQuantise {
    /// A value rounded to what the integers stand for.
    pub fn apply(&self, x: &ArrayD<f64>) -> ArrayD<f64> {
        let run: usize = self.axis.map_or(1, |axis| x.shape()[axis + 1..].iter().product());
        let mut result = x.as_standard_layout().into_owned();
        for (i, v) in result.iter_mut().enumerate() {
            *v = self.apply_one(*v, i / run.max(1) % self.scale.len());
        }
        result
    }

    /// An element, rounded with the scale of that number.
    pub fn apply_one(&self, v: f64, scale: usize) -> f64 {
        let zero_point = self.zero_point[scale] as f64;
        let integer = self.rounding.round(v / self.scale[scale]) + zero_point;
        self.scale[scale] * (integer.clamp(self.lo as f64, self.hi as f64) - zero_point)
    }
}

fn broadcast<'a>(x: &'a ArrayD<f64>, shape: &[usize]) -> ndarray::ArrayViewD<'a, f64> {
    x.broadcast(shape).expect("shapes were checked")
}

fn matmul(a: &ArrayD<f64>, b: &ArrayD<f64>, shape: &[usize]) -> ArrayD<f64> {
    if let (2, 2) = (a.ndim(), b.ndim()) {
        return matrix(a).dot(&matrix(b)).into_dyn();
    }
    // Vectors are matrices of one row or column, and all earlier axes are broadcast.
    let a = if a.ndim() == 1 { a.clone().insert_axis(Axis(0)) } else { a.clone() };
    let b = if b.ndim() == 1 { b.clone().insert_axis(Axis(1)) } else { b.clone() };
    let (rows, inner) = (a.shape()[a.ndim() - 2], a.shape()[a.ndim() - 1]);
    let columns = b.shape()[b.ndim() - 1];
    let batch_shape = [&a.shape()[..a.ndim() - 2], &b.shape()[..b.ndim() - 2]];
    let batch_shape = super::shape::broadcast_all(&batch_shape).expect("shapes were checked");
    let full = |last: [usize; 2]| -> Vec<usize> { batch_shape.iter().copied().chain(last).collect() };
    let batch: usize = batch_shape.iter().product();
    let flat = |x: &ArrayD<f64>, last: [usize; 2]| {
        let whole = broadcast(x, &full(last)).as_standard_layout().into_owned();
        whole.into_shape_with_order([batch, last[0], last[1]]).expect("as many elements")
    };
    let (a, b) = (flat(&a, [rows, inner]), flat(&b, [inner, columns]));
    let products = a.outer_iter().zip(b.outer_iter()).flat_map(|(a, b)| a.dot(&b).into_iter());
    let products: Vec<f64> = products.collect();
    ArrayD::from_shape_vec(IxDyn(shape), products).expect("shapes were checked")
}

fn matrix(x: &ArrayD<f64>) -> ArrayView2<'_, f64> {
    x.view().into_dimensionality::<Ix2>().expect("two axes")
}

/// Greatest number of elements of the matrix that a convolution multiplies at once.
const COLUMNS_AT_ONCE: usize = 1 << 20;

fn conv(
    x: &ArrayD<f64>,
    weights: &ArrayD<f64>,
    windows: &Windows<'_>,
    groups: usize,
    shape: &[usize],
) -> ArrayD<f64> {
    let (x, weights) = (x.as_standard_layout(), weights.as_standard_layout());
    let spatial = &x.shape()[2..];
    let walk = Walk::new(spatial, &weights.shape()[2..], windows, &shape[2..]);
    let (size, taps, positions) = (spatial.iter().product::<usize>(), walk.taps(), walk.positions());
    let (channels, filters) = (weights.shape()[1], shape[1] / groups);
    let rows = channels * taps;
    let mut result = ArrayD::zeros(shape);
    if rows == 0 || positions == 0 || result.is_empty() {
        return result;
    }
    let elements = x.as_slice().expect("standard layout");
    let weights = weights.to_shape([groups, filters, rows]).expect("as many elements");
    let mut out =
        result.view_mut().into_shape_with_order([shape[0], groups, filters, positions]).expect("as many");
    let at_once = (COLUMNS_AT_ONCE / rows).clamp(1, positions);
    for first in (0..positions).step_by(at_once) {
        let count = at_once.min(positions - first);
        let taken: Vec<Option<usize>> =
            (first..first + count).flat_map(|position| walk.window(position)).collect();
        for sample in 0..shape[0] {
            for group in 0..groups {
                let mut columns = Array2::<f64>::zeros([rows, count]);
                for channel in 0..channels {
                    let base = ((sample * groups + group) * channels + channel) * size;
                    for (i, source) in taken.iter().enumerate() {
                        if let Some(source) = source {
                            columns[[channel * taps + i % taps, i / taps]] = elements[base + source];
                        }
                    }
                }
                let product = weights.index_axis(Axis(0), group).dot(&columns);
                let mut part = out.index_axis_mut(Axis(0), sample);
                let mut part = part.index_axis_mut(Axis(0), group);
                part.slice_axis_mut(Axis(1), Slice::from(first..first + count)).assign(&product);
            }
        }
    }
    result
}

fn pool(
    x: &ArrayD<f64>,
    kind: Pool,
    window: &[usize],
    windows: &Windows<'_>,
    shape: &[usize],
) -> ArrayD<f64> {
    let x = x.as_standard_layout();
    let walk = Walk::new(&x.shape()[2..], window, windows, &shape[2..]);
    let size: usize = x.shape()[2..].iter().product();
    let elements = x.as_slice().expect("standard layout");
    let taps = walk.taps() as f64;
    let mut result = ArrayD::zeros(shape);
    if result.is_empty() {
        return result;
    }
    let positions = walk.positions();
    let mut out = result.view_mut().into_shape_with_order([shape[0] * shape[1], positions]).expect("as many");
    for position in 0..positions {
        let present: Vec<usize> = walk.window(position).flatten().collect();
        for (plane, mut row) in out.outer_iter_mut().enumerate() {
            let values = present.iter().map(|source| elements[plane * size + source]);
            row[position] = match kind {
                Pool::Max => values.fold(f64::NEG_INFINITY, |a, b| Binary::Max.apply(a, b)),
                Pool::Average => values.sum::<f64>() / taps,
                Pool::AverageOfPresent => values.sum::<f64>() / (present.len().max(1) as f64),
            };
        }
    }
    result
}

/// Which elements the windows over spatial axes consist of.
struct Walk<'a> {
    spatial: &'a [usize],
    window: &'a [usize],
    windows: &'a Windows<'a>,
    result: &'a [usize],
}

impl<'a> Walk<'a> {
    fn new(spatial: &'a [usize], window: &'a [usize], windows: &'a Windows<'a>, result: &'a [usize]) -> Self {
        debug_assert_eq!(window_positions(spatial, window, windows).ok().as_deref(), Some(result));
        Self { spatial, window, windows, result }
    }

    fn taps(&self) -> usize {
        self.window.iter().product()
    }

    fn positions(&self) -> usize {
        self.result.iter().product()
    }

    /// Row-major positions in the spatial axes; none in the padding.
    fn window(&self, position: usize) -> impl Iterator<Item = Option<usize>> {
        let corner = split(position, self.result);
        (0..self.taps()).map(move |tap| {
            let offsets = split(tap, self.window);
            let Windows { strides, padding, dilations } = self.windows;
            let mut at = 0;
            for (i, size) in self.spatial.iter().enumerate() {
                let padded = corner[i] * strides[i] + offsets[i] * dilations[i];
                let inside = padded.checked_sub(padding[i].0).filter(|inside| inside < size)?;
                at = at * size + inside;
            }
            Some(at)
        })
    }
}

/// Coordinates of a row-major position.
fn split(mut position: usize, shape: &[usize]) -> Vec<usize> {
    let mut coordinates = vec![0; shape.len()];
    for (coordinate, size) in coordinates.iter_mut().zip(shape).rev() {
        *coordinate = position % size;
        position /= size;
    }
    coordinates
}

fn reduce(x: &ArrayD<f64>, kind: Reduce, axes: &[usize], keep: bool) -> ArrayD<f64> {
    let count: usize = axes.iter().map(|axis| x.shape()[*axis]).product();
    let mut result = x.clone();
    for axis in axes.iter().rev() {
        let fold = |start: f64, combine: fn(f64, f64) -> f64| {
            result.fold_axis(Axis(*axis), start, |a, b| combine(*a, *b))
        };
        let folded = match kind {
            Reduce::Sum | Reduce::Mean => fold(0.0, |a, b| a + b),
            Reduce::Product => fold(1.0, |a, b| a * b),
            Reduce::Max => fold(f64::NEG_INFINITY, |a, b| Binary::Max.apply(a, b)),
            Reduce::Min => fold(f64::INFINITY, |a, b| Binary::Min.apply(a, b)),
        };
        result = if keep { folded.insert_axis(Axis(*axis)) } else { folded };
    }
    if kind == Reduce::Mean {
        result /= count as f64;
    }
    result
}
