//! Layers: sums of integers with integer weights. Scales of inputs go into the weights before these are rounded, so that
//! each element of an input may have its own; offsets go through the layer on reals.

use super::lowering::Lowering;
use super::spans;
use super::value::{Integers, Value, uniform};
use crate::graph::NodeId;
use crate::model::evaluate::compute;
use crate::model::op::Reduce;
use crate::model::{ModelError, ModelNode, ModelOp};
use crate::shapes::KeepAxes;
use cloakwork_ir::linear::Conv2d;
use ndarray::{Array1, Array2, ArrayD, Axis, Ix2, IxDyn, Slice};
use std::collections::BTreeMap;
use std::rc::Rc;

/// Sums wider than this are looked up before they are added up further.
const WIDEST: u32 = 24;
/// Samples from which on a mean error is one of the layer and not of the samples.
const ENOUGH: usize = 16;
/// Integers that are so many times as large as others beside them need finer weights.
const MUCH_WIDER: f64 = 32.0;

/// Element `i`, row-major, is element `positions[i]`.
pub(super) fn taken(reals: &ArrayD<f64>, positions: &ArrayD<usize>) -> ArrayD<f64> {
    let reals = reals.as_standard_layout();
    let elements = reals.as_slice().expect("standard layout");
    positions.mapv(|position| elements[position])
}

impl Lowering<'_> {
    /// Matrix product of the last two axes.
    pub(super) fn matmul(&mut self, node: &ModelNode, a: &Value, b: &Value) -> Result<Value, ModelError> {
        self.give_own_grids(node.operands[0], a)?;
        let (shape_a, shape_b) = (a.shape(), b.shape());
        let a = if shape_a.len() == 1 { self.reshaped(a, &[1, shape_a[0]])? } else { a.clone() };
        let b = if shape_b.len() == 1 { self.reshaped(b, &[shape_b[0], 1])? } else { b.clone() };
        let (shape_a, shape_b) = (a.shape(), b.shape());
        let (rows, inner) = (shape_a[shape_a.len() - 2], shape_a[shape_a.len() - 1]);
        let columns = shape_b[shape_b.len() - 1];
        let product = if shape_b.len() == 2 {
            let batch: usize = shape_a[..shape_a.len() - 2].iter().product();
            let a = self.reshaped(&a, &[batch * rows, inner])?;
            self.product(&a, &b)?
        } else {
            self.products(&a, &b, [rows, inner, columns])?
        };
        let product = self.reshaped(&Value::Integers(product), &node.shape)?;
        let channels = node.shape.len().checked_sub(1).filter(|_| shape_b.len() == 2);
        self.corrected(node, product, channels)
    }

    /// A product for each index of the earlier axes.
    fn products(
        &mut self,
        a: &Value,
        b: &Value,
        [rows, inner, columns]: [usize; 3],
    ) -> Result<Integers, ModelError> {
        let (shape_a, shape_b) = (a.shape(), b.shape());
        let earlier = [&shape_a[..shape_a.len() - 2], &shape_b[..shape_b.len() - 2]];
        let Some(batch) = crate::shapes::broadcast_shape(earlier[0], earlier[1]) else {
            return self.refused(
                format!("matrices of shape {shape_a:?} and {shape_b:?}"),
                "earlier axes broadcast",
                "check the shapes in the model",
            );
        };
        let count: usize = batch.iter().product();
        let whole = |last: [usize; 2]| -> Vec<usize> { batch.iter().copied().chain(last).collect() };
        let a = self.broadcast(a, &whole([rows, inner]))?;
        let a = self.reshaped(&a, &[count, rows, inner])?;
        let b = self.broadcast(b, &whole([inner, columns]))?;
        let b = self.reshaped(&b, &[count, inner, columns])?;
        let mut parts = vec![];
        for i in 0..count {
            let a = self.slice(&a, 0, i)?;
            let b = self.slice(&b, 0, i)?;
            let product = Value::Integers(self.product(&a, &b)?);
            parts.push(self.reshaped(&product, &[1, rows, columns])?);
        }
        let all = self.concatenated(&parts, 0)?;
        let layer = Some(Rc::from(self.place.as_str()));
        Ok(Integers { layer, ..self.integers_of(&all)? })
    }

    /// Of two matrices, of which at least one is no constant.
    fn product(&mut self, a: &Value, b: &Value) -> Result<Integers, ModelError> {
        match (a, b) {
            (Value::Clear(a), b) => {
                let transposed = Value::Clear(a.t().as_standard_layout().into_owned());
                let b = self.transposed(b)?;
                let product = self.product(&b, &transposed)?;
                let product = self.transposed(&Value::Integers(product))?;
                self.integers_of(&product)
            }
            (a, Value::Clear(weights)) => self.product_with_known(a, weights),
            (a, b) => self.product_of_two(a, b),
        }
    }

    fn product_with_known(&mut self, a: &Value, weights: &ArrayD<f64>) -> Result<Integers, ModelError> {
        let mut x = self.weighted_summand(a)?;
        let is_alike = |x: &Integers| {
            let scale = matrix(&x.scale);
            scale.rows().into_iter().all(|row| row == scale.row(0))
        };
        if !is_alike(&x) {
            x = self.requantised(&Value::Integers(x))?;
        }
        let scale = matrix(&x.scale).row(0).to_owned();
        let scaled = &matrix(weights) * &scale.view().insert_axis(Axis(1));
        let sums =
            |sample: &ArrayD<f64>, weights: &ArrayD<f64>| matrix(sample).dot(&matrix(weights)).into_dyn();
        let integers = self.fitting_weights(&scaled.clone().into_dyn(), 1, &x, sums);
        let t = Array1::from(integers.scale.clone());
        let effective = effective(&(&matrix(&integers.integers) * &t), &scaled, &matrix(weights));
        let node = self.integers(integers.integers.mapv(|weight| weight as i64));
        let node = self.graph.matmul(x.node, node);
        let node = self.built(node)?;
        if let Some(span) = self.span_of_sums(x.node, &integers.integers, sums) {
            self.spans.insert(node, span);
        }
        let samples = x.samples.iter().map(|sample| sums(sample, &integers.integers)).collect();
        let rows = x.shape()[0];
        let scale = t.broadcast((rows, t.len())).expect("a row for each").to_owned().into_dyn();
        let offset = matrix(&x.offset).dot(&effective).into_dyn();
        self.is_exact = integers.is_exact();
        Ok(self.sums(node, scale, offset, samples))
    }

    fn product_of_two(&mut self, a: &Value, b: &Value) -> Result<Integers, ModelError> {
        let (x, y) = (self.factor(a)?, self.factor(b)?);
        let node = self.graph.matmul(x.node, y.node);
        let node = self.built(node)?;
        let samples = x.samples.iter().zip(y.samples.iter());
        let samples: Vec<ArrayD<f64>> = samples.map(|(x, y)| matrix(x).dot(&matrix(y)).into_dyn()).collect();
        let shape = self.graph.node(node).shape.clone();
        let inner = x.shape()[1] as f64;
        self.spans_of(node, &[x.node, y.node], |known| {
            let scalar = |v: f64| ArrayD::from_elem(IxDyn(&[]), v);
            let [x, y] =
                [&known[0], &known[1]].map(|span| spans::hull(span)).map(|(lo, hi)| [scalar(lo), scalar(hi)]);
            let (least, greatest) = spans::hull(&spans::product(&x, &y));
            [least, greatest].map(|end| ArrayD::from_elem(shape.clone(), end * inner))
        });
        let scale = x.scale.first().copied().unwrap_or(1.0) * y.scale.first().copied().unwrap_or(1.0);
        self.is_exact = true;
        Ok(self.sums(node, ArrayD::from_elem(shape.clone(), scale), ArrayD::zeros(shape), samples))
    }

    /// A convolution.
    pub(super) fn convolution(
        &mut self,
        node: &ModelNode,
        x: &Value,
        weights: &Value,
    ) -> Result<Value, ModelError> {
        let (Value::Clear(weights), ModelOp::Conv { groups, padding, .. }) = (weights, &node.op) else {
            return self.refused(
                "weights that depend on inputs",
                "weights of convolutions are constants",
                "write it as a product of matrices",
            );
        };
        let mut x = self.weighted_summand(x)?;
        if padding.iter().any(|padding| *padding != (0, 0)) {
            x = self.without_offset(x)?;
        }
        if channel_scales(&x.scale).is_none() {
            x = self.requantised(&Value::Integers(x))?;
        }
        let channels = channel_scales(&x.scale).unwrap_or_default();
        let per_group = weights.shape()[0] / groups;
        let scale_of = |index: &IxDyn| channels[index[0] / per_group * weights.shape()[1] + index[1]];
        let mut scaled = weights.clone();
        scaled.indexed_iter_mut().for_each(|(index, weight)| *weight *= scale_of(&index));
        let run = |x: &ArrayD<f64>, weights: &ArrayD<f64>| compute(&node.op, &[x, weights], &node.shape);
        let integers = self.fitting_weights(&scaled, 0, &x, run);
        let mut real = integers.integers.clone();
        real.indexed_iter_mut().for_each(|(index, weight)| *weight *= integers.scale[index[0]]);
        let effective = effective(&real, &scaled, weights);
        let built = self.convolved(x.node, &integers.integers.mapv(|weight| weight as i64), &node.op)?;
        if let Some(span) = self.span_of_sums(x.node, &integers.integers, run) {
            self.spans.insert(built, span);
        }
        let samples = x.samples.iter().map(|sample| run(sample, &integers.integers)).collect();
        let scale = ArrayD::from_shape_fn(node.shape.clone(), |index| integers.scale[index[1]]);
        let offset = run(&x.offset, &effective);
        self.is_exact = integers.is_exact();
        let value = Value::Integers(self.sums(built, scale, offset, samples));
        self.corrected(node, value, Some(1))
    }

    /// The sums of a convolution of one to three spatial axes.
    fn convolved(&mut self, x: NodeId, weights: &ArrayD<i64>, op: &ModelOp) -> Result<NodeId, ModelError> {
        let ModelOp::Conv { strides, padding, dilations, groups } = op else {
            unreachable!("asked for convolutions only")
        };
        let shape = self.graph.node(x).shape.clone();
        match shape.len() - 2 {
            1 => {
                let x = self.graph.reshape(x, &signed(&[shape[0], shape[1], 1, shape[2]]));
                let x = self.built(x)?;
                let conv = Conv2d {
                    strides: [1, strides[0]],
                    padding: [0, padding[0].0, 0, padding[0].1],
                    dilations: [1, dilations[0]],
                    groups: *groups,
                };
                let weights = weights.clone().insert_axis(Axis(2));
                let sums = self.convolved_plane(x, weights, conv)?;
                let shape = self.graph.node(sums).shape.clone();
                let sums = self.graph.reshape(sums, &signed(&[shape[0], shape[1], shape[3]]));
                self.built(sums)
            }
            2 => {
                let [(top, bottom), (left, right)] = [padding[0], padding[1]];
                let conv = Conv2d {
                    strides: [strides[0], strides[1]],
                    padding: [top, left, bottom, right],
                    dilations: [dilations[0], dilations[1]],
                    groups: *groups,
                };
                self.convolved_plane(x, weights.clone(), conv)
            }
            3 => self.convolved_space(x, weights, op),
            axes => self.refused(
                format!("a convolution over {axes} spatial axes"),
                "1 to 3 are supported",
                "split it into convolutions over fewer axes",
            ),
        }
    }

    fn convolved_plane(
        &mut self,
        x: NodeId,
        weights: ArrayD<i64>,
        conv: Conv2d,
    ) -> Result<NodeId, ModelError> {
        let weights = self.integers(weights.as_standard_layout().into_owned());
        let sums = self.graph.conv2d(x, weights, conv);
        self.built(sums)
    }

    /// Each plane of the result is a convolution of some planes of the operand, which become channels.
    fn convolved_space(
        &mut self,
        x: NodeId,
        weights: &ArrayD<i64>,
        op: &ModelOp,
    ) -> Result<NodeId, ModelError> {
        let ModelOp::Conv { strides, padding, dilations, groups } = op else {
            unreachable!("asked for convolutions only")
        };
        let shape = self.graph.node(x).shape.clone();
        let (depth, kernel) = (shape[2], weights.shape()[2]);
        let span = dilations[0] * (kernel - 1) + 1;
        let planes = (depth + padding[0].0 + padding[0].1 - span) / strides[0] + 1;
        let flat = op_of_plane(strides, padding, dilations, *groups);
        let size: usize = shape[3..].iter().product();
        let mut parts = vec![];
        for plane in 0..planes {
            let source = |tap: usize| {
                (plane * strides[0] + tap * dilations[0]).checked_sub(padding[0].0).filter(|&at| at < depth)
            };
            let taps: Vec<usize> = (0..kernel).filter(|&tap| source(tap).is_some()).collect();
            if taps.is_empty() {
                return self.refused(
                    "a plane of the result that lies in the padding",
                    "each reads a part of its operand",
                    "pad less",
                );
            }
            // Channels first, then planes, so that groups stay together.
            let dims = [shape[0], shape[1] * taps.len(), shape[3], shape[4]];
            let positions = ArrayD::from_shape_fn(IxDyn(&dims), |index| {
                let (channel, tap) = (index[1] / taps.len(), index[1] % taps.len());
                let at = source(taps[tap]).unwrap_or(0);
                ((index[0] * shape[1] + channel) * depth + at) * size + index[2] * shape[4] + index[3]
            });
            let gathered = self.graph.gather(x, &positions);
            let gathered = self.built(gathered)?;
            let of_taps = weights.select(Axis(2), &taps);
            let [f, c, t, h, w] = [0, 1, 2, 3, 4].map(|axis| of_taps.shape()[axis]);
            let of_taps = of_taps.as_standard_layout().into_owned();
            let of_taps = of_taps.into_shape_with_order(IxDyn(&[f, c * t, h, w])).expect("as many weights");
            let sums = self.convolved(gathered, &of_taps, &flat)?;
            let dims = self.graph.node(sums).shape.clone();
            let sums = self.graph.reshape(sums, &signed(&[dims[0], dims[1], 1, dims[2], dims[3]]));
            parts.push(self.built(sums)?);
        }
        let all = self.graph.concat(&parts, 2);
        self.built(all)
    }

    /// The mean over windows: sums over windows, whose scales take up the division.
    pub(super) fn mean_of_windows(&mut self, node: &ModelNode, x: &Value) -> Result<Value, ModelError> {
        let ModelOp::Pool { kind, window, strides, padding, dilations } = &node.op else {
            unreachable!("asked for pools only")
        };
        let channels = x.shape()[1];
        let op = ModelOp::Conv {
            strides: strides.clone(),
            padding: padding.clone(),
            dilations: dilations.clone(),
            groups: channels,
        };
        let kernel: Vec<usize> = [channels, 1].into_iter().chain(window.iter().copied()).collect();
        let ones = ArrayD::ones(kernel);
        let size: usize = window.iter().product();
        let counts = match kind {
            crate::model::op::Pool::AverageOfPresent => {
                compute(&op, &[&ArrayD::ones(x.shape()), &ones], &node.shape)
            }
            _ => ArrayD::from_elem(node.shape.clone(), size as f64),
        };
        let sums = ModelNode { op, ..node.clone() };
        let Value::Integers(sums) = self.windows(&sums, x, ones)? else { unreachable!("sums are integers") };
        Ok(Value::Integers(Integers { scale: &sums.scale / &counts, offset: &sums.offset / &counts, ..sums }))
    }

    fn windows(&mut self, node: &ModelNode, x: &Value, ones: ArrayD<f64>) -> Result<Value, ModelError> {
        let corrects = std::mem::replace(&mut self.is_correcting, false);
        let sums = self.convolution(node, x, &Value::Clear(ones));
        self.is_correcting = corrects;
        sums
    }

    /// Sum or mean over axes.
    pub(super) fn sum(&mut self, node: &ModelNode, x: &Value) -> Result<Value, ModelError> {
        let ModelOp::Reduce { kind, axes, keep } = &node.op else {
            unreachable!("asked for reductions only")
        };
        let x = self.summand(x)?;
        let reduce = |kind: Reduce, reals: &ArrayD<f64>| {
            let op = ModelOp::Reduce { kind, axes: axes.clone(), keep: *keep };
            compute(&op, &[reals], &node.shape)
        };
        let count: usize = axes.iter().map(|&axis| x.shape()[axis]).product();
        let divisor = if *kind == Reduce::Mean { count as f64 } else { 1.0 };
        let greatest = reduce(Reduce::Max, &x.scale);
        let is_alike = greatest == reduce(Reduce::Min, &x.scale);
        let (summand, weights, scale) = match is_alike {
            true => (x.node, None, greatest),
            false => {
                let flat = x.scale.as_standard_layout().into_owned();
                let flat = flat.into_shape_with_order(IxDyn(&[x.scale.len(), 1])).expect("as many scales");
                let weights = self.weights(&flat, 1);
                let integers = weights.integers.as_standard_layout().into_owned();
                let integers =
                    integers.into_shape_with_order(x.scale.raw_dim()).expect("one for each element");
                let known = self.integers(integers.mapv(|weight| weight as i64));
                let product = self.graph.mul(x.node, known);
                let scale = ArrayD::from_elem(node.shape.clone(), weights.scale[0]);
                (self.built(product)?, Some(integers), scale)
            }
        };
        let keep = if *keep { KeepAxes::AsOne } else { KeepAxes::No };
        let axes: Vec<i64> = axes.iter().map(|&axis| axis as i64).collect();
        let sum = self.graph.sum(summand, Some(&axes), keep);
        let sum = self.built(sum)?;
        self.spans_of(sum, &[x.node], |known| match &weights {
            Some(weights) => spans::times(&known[0], weights).map(|ends| reduce(Reduce::Sum, &ends)),
            None => [&known[0][0], &known[0][1]].map(|ends| reduce(Reduce::Sum, ends)),
        });
        let weighted = |sample: &ArrayD<f64>| match &weights {
            Some(weights) => reduce(Reduce::Sum, &(sample * weights)),
            None => reduce(Reduce::Sum, sample),
        };
        let samples = x.samples.iter().map(weighted).collect();
        let offset = reduce(Reduce::Sum, &x.offset) / divisor;
        self.is_exact = weights.is_none();
        let sums = self.sums(sum, scale / divisor, offset, samples);
        self.corrected(node, Value::Integers(sums), None)
    }

    /// Integers to add up: looked up before if they are too wide.
    fn summand(&mut self, value: &Value) -> Result<Integers, ModelError> {
        let x = self.integers_of(value)?;
        match x.bits() > WIDEST {
            true => self.requantised(value),
            false => Ok(x),
        }
    }

    /// Integers to multiply with known weights. Where some are much wider than others, because sums stand beside values
    /// of few bits, the others are multiplied first: else one grid of weights would be too coarse for the wide ones.
    fn weighted_summand(&mut self, value: &Value) -> Result<Integers, ModelError> {
        let x = self.summand(value)?;
        // On grids all have the same bits, whatever samples show of them.
        if self.rounded.values().any(|rounded| rounded.node == x.node) {
            return Ok(x);
        }
        let mut greatest: BTreeMap<u64, f64> = BTreeMap::new();
        for sample in x.samples.iter() {
            for (&q, scale) in sample.iter().zip(x.scale.iter()) {
                let most = greatest.entry(scale.to_bits()).or_insert(1.0);
                *most = most.max(q.abs());
            }
        }
        let widest = greatest.values().copied().fold(1.0, f64::max);
        let factor = |scale: f64| match greatest.get(&scale.to_bits()) {
            Some(&most) if scale != 0.0 && widest / most >= MUCH_WIDER => {
                (widest / most).log2().floor().exp2()
            }
            _ => 1.0,
        };
        let factors = x.scale.mapv(factor);
        if uniform(&factors) == Some(1.0) {
            return Ok(x);
        }
        let known = self.integers(factors.mapv(|factor| factor as i64));
        let node = self.graph.mul(x.node, known);
        let node = self.built(node)?;
        self.spans_as(node, x.node, |ends| ends * &factors);
        let samples = x.samples.iter().map(|q| q * &factors).collect();
        Ok(Integers { node, scale: &x.scale / &factors, samples: Rc::new(samples), ..x })
    }

    /// The same reals by integers whose offset is 0, where zero points are integers: one clear addition.
    fn without_offset(&mut self, x: Integers) -> Result<Integers, ModelError> {
        const CLOSE: f64 = 1e-9;
        const FARTHEST: f64 = (1i64 << 20) as f64;
        let zeros = &x.offset / &x.scale;
        let is_integer = |zero: &f64| (zero - zero.round()).abs() <= CLOSE * zero.abs().max(1.0);
        let is_usable = |zero: &f64| zero.is_finite() && zero.abs() < FARTHEST && is_integer(zero);
        if uniform(&x.offset) == Some(0.0) || !zeros.iter().all(is_usable) {
            return Ok(x);
        }
        let zeros = zeros.mapv(f64::round);
        let known = match uniform(&zeros) {
            Some(zero) => ArrayD::from_elem(IxDyn(&[]), zero as i64),
            None => zeros.mapv(|zero| zero as i64),
        };
        let known = self.integers(known);
        let node = self.graph.add(x.node, known);
        let node = self.built(node)?;
        self.spans_as(node, x.node, |ends| ends + &zeros);
        let samples = x.samples.iter().map(|q| q + &zeros).collect();
        let offset = ArrayD::zeros(x.scale.raw_dim());
        Ok(Integers { node, offset, samples: Rc::new(samples), ..x })
    }

    /// Integers to multiply with others: few bits, one scale, no offset.
    pub(super) fn factor(&mut self, value: &Value) -> Result<Integers, ModelError> {
        let x = self.integers_of(value)?;
        let bits = self.options.bits.op_inputs.max(self.options.bits.model_inputs);
        let is_narrow = x.layer.is_none() || x.bits() <= bits;
        if x.uniform_scale().is_some_and(|scale| scale != 0.0) && is_narrow {
            let x = self.without_offset(x)?;
            if x.uniform_offset() == Some(0.0) {
                return Ok(x);
            }
        }
        let reals = self.reals_of(value)?;
        let samples = super::inputs::flat(&reals.samples);
        let (least, greatest) = super::grid::range(&samples);
        let options = self.options;
        let bits = options.bits.op_inputs;
        let grid = super::grid::Grid::of_range(least.min(0.0), greatest.max(0.0), bits, options.scales);
        let integers = self.quantised(&reals, grid)?;
        self.without_offset(integers)
    }

    /// New sums of the node that is lowered.
    pub(super) fn sums(
        &self,
        node: NodeId,
        scale: ArrayD<f64>,
        offset: ArrayD<f64>,
        samples: Vec<ArrayD<f64>>,
    ) -> Integers {
        Integers {
            node,
            scale,
            offset,
            samples: Rc::new(samples),
            layer: Some(Rc::from(self.place.as_str())),
        }
    }

    /// Takes the mean error that rounded weights make on the samples out of the offsets, channel by channel.
    fn corrected(
        &mut self,
        node: &ModelNode,
        value: Value,
        channels: Option<usize>,
    ) -> Result<Value, ModelError> {
        let is_wanted = self.options.corrects_bias && self.is_correcting && !self.is_exact;
        let count = self.calibration.len();
        let (Value::Integers(integers), true) = (&value, is_wanted && count >= ENOUGH) else {
            return Ok(value);
        };
        let floats = self.floats_of(node);
        let mut error = ArrayD::<f64>::zeros(integers.scale.raw_dim());
        for (float, real) in floats.iter().zip(integers.reals().iter()) {
            error += &((float - real) / count as f64);
        }
        if let Some(channels) = channels {
            for mut channel in error.axis_iter_mut(Axis(channels)) {
                let mean = channel.mean().unwrap_or(0.0);
                channel.fill(mean);
            }
        } else {
            let mean = error.mean().unwrap_or(0.0);
            error.fill(mean);
        }
        Ok(Value::Integers(Integers { offset: &integers.offset + &error, ..integers.clone() }))
    }
}

/// What rounded weights amount to on reals: scaled ones divided by the scales of the inputs. Where an input has none, the
/// weights as they were.
fn effective<D: ndarray::Dimension>(
    rounded: &ndarray::Array<f64, D>,
    scaled: &ndarray::Array<f64, D>,
    weights: &ndarray::ArrayBase<impl ndarray::Data<Elem = f64>, D>,
) -> ndarray::Array<f64, D> {
    let mut result = rounded.clone();
    ndarray::Zip::from(&mut result).and(scaled).and(weights).for_each(|result, &scaled, &weight| {
        *result = if scaled != 0.0 { *result / scaled * weight } else { weight };
    });
    result
}

/// The scale of each channel of axis 1, if all its elements share it.
fn channel_scales(scale: &ArrayD<f64>) -> Option<Vec<f64>> {
    scale.axis_iter(Axis(1)).map(|channel| uniform(&channel.to_owned())).collect()
}

fn op_of_plane(strides: &[usize], padding: &[(usize, usize)], dilations: &[usize], groups: usize) -> ModelOp {
    ModelOp::Conv {
        strides: strides[1..].to_vec(),
        padding: padding[1..].to_vec(),
        dilations: dilations[1..].to_vec(),
        groups,
    }
}

fn matrix(reals: &ArrayD<f64>) -> ndarray::ArrayView2<'_, f64> {
    reals.view().into_dimensionality::<Ix2>().expect("two axes")
}

fn signed(shape: &[usize]) -> Vec<i64> {
    shape.iter().map(|&size| size as i64).collect()
}

impl Lowering<'_> {
    /// The same elements in another shape.
    pub(super) fn reshaped(&mut self, value: &Value, shape: &[usize]) -> Result<Value, ModelError> {
        if value.shape() == shape {
            return Ok(value.clone());
        }
        let count: usize = shape.iter().product();
        let positions = ArrayD::from_shape_vec(IxDyn(shape), (0..count).collect()).expect("one for each");
        self.rearranged(value, &positions)
    }

    fn transposed(&mut self, value: &Value) -> Result<Value, ModelError> {
        let shape = value.shape();
        let positions = Array2::from_shape_fn((shape[1], shape[0]), |(i, j)| j * shape[1] + i);
        self.rearranged(value, &positions.into_dyn())
    }

    /// What lies at an index of an axis, which vanishes.
    pub(super) fn slice(&mut self, value: &Value, axis: usize, at: usize) -> Result<Value, ModelError> {
        let shape = value.shape();
        let count: usize = shape.iter().product();
        let positions = ArrayD::from_shape_vec(IxDyn(&shape), (0..count).collect()).expect("one for each");
        let taken =
            positions.slice_axis(Axis(axis), Slice::from(at..at + 1)).remove_axis(Axis(axis)).to_owned();
        self.rearranged(value, &taken.as_standard_layout().into_owned())
    }
}
