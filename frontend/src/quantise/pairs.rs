//! Operations on two values or more: with known reals they change scales and offsets or are part of a table; two encrypted
//! values come on one scale first.

use super::grid::{Grid, range};
use super::inputs::flat;
use super::lowering::Lowering;
use super::spans;
use super::value::{Integers, Reals, Value, uniform};
use crate::elementwise::Binary as Elementwise;
use crate::graph::NodeId;
use crate::model::ModelError;
use crate::model::op::{Binary, ModelOp, Reduce};
use crate::source::common_source;
use cloakwork_abi::processing::Function;
use ndarray::{ArrayD, Axis, Dimension, IxDyn};
use std::rc::Rc;

/// The greatest weight that two summands get to come on one scale.
const GREATEST_WEIGHT: f64 = 64.0;
/// What a scale may be off, in steps of the greatest integer.
const TOLERANCE: f64 = 0.5;

impl Lowering<'_> {
    /// A function of two values.
    pub(super) fn binary(
        &mut self,
        function: Binary,
        a: &Value,
        b: &Value,
        shape: &[usize],
    ) -> Result<Value, ModelError> {
        let (a, b) = (self.broadcast(a, shape)?, self.broadcast(b, shape)?);
        match (&a, &b) {
            (Value::Integers(x), Value::Clear(known)) => match affine(function, x, known) {
                Some(result) => Ok(Value::Integers(result)),
                None => self.of_one_source(function, &a, &b),
            },
            (Value::Clear(known), Value::Integers(x)) => match affine_of_known(function, known, x) {
                Some(result) => Ok(Value::Integers(result)),
                None => self.of_one_source(function, &a, &b),
            },
            (Value::Clear(_), _) | (_, Value::Clear(_)) => self.of_one_source(function, &a, &b),
            (Value::Integers(x), Value::Integers(y)) if x.node == y.node => {
                match of_same_integers(function, x, y) {
                    Some(result) => Ok(Value::Integers(result)),
                    None => self.of_one_source(function, &a, &b),
                }
            }
            _ if self.have_one_source(&a, &b)? => self.of_one_source(function, &a, &b),
            _ => self.of_two_sources(function, &a, &b),
        }
    }

    fn have_one_source(&mut self, a: &Value, b: &Value) -> Result<bool, ModelError> {
        if let (Value::Integers(x), Value::Integers(y)) = (a, b) {
            return Ok(x.node == y.node);
        }
        let (x, y) = (self.reals_of(a)?, self.reals_of(b)?);
        Ok(common_source(&self.graph, &[x.node, y.node]).is_some())
    }

    /// Reals of which both operands are functions, or known.
    fn of_one_source(&mut self, function: Binary, a: &Value, b: &Value) -> Result<Value, ModelError> {
        let name = format!("{function:?}").to_lowercase();
        let reals =
            self.mapped_together(&[a, b], &name, move |operands| function.apply(operands[0], operands[1]))?;
        Ok(Value::Reals(reals))
    }

    fn of_two_sources(&mut self, function: Binary, a: &Value, b: &Value) -> Result<Value, ModelError> {
        match function {
            Binary::Add => Ok(Value::Integers(self.sum_of_two(a, b)?)),
            Binary::Sub => {
                let minus = self.negated(b)?;
                Ok(Value::Integers(self.sum_of_two(a, &minus)?))
            }
            Binary::Mul => Ok(Value::Integers(self.product_of_elements(a, b)?)),
            Binary::Div => {
                let inverse = Value::Reals(self.mapped(b, "reciprocal", |v| 1.0 / v)?);
                Ok(Value::Integers(self.product_of_elements(a, &inverse)?))
            }
            Binary::Min => self.extreme(Elementwise::Min, a, b),
            Binary::Max => self.extreme(Elementwise::Max, a, b),
            Binary::Equal | Binary::Less | Binary::LessOrEqual | Binary::Greater | Binary::GreaterOrEqual => {
                // A comparison is a function of the difference.
                let minus = self.negated(b)?;
                let difference = Value::Integers(self.sum_of_two(a, &minus)?);
                let name = format!("{function:?}").to_lowercase();
                let reals = self.mapped(&difference, &name, move |v| {
                    // What is 0 on the grid is 0, whatever its offset lost.
                    function.apply(if v.abs() < 1e-9 { 0.0 } else { v }, 0.0)
                })?;
                Ok(Value::Reals(reals))
            }
            Binary::And => self.of_truths(Elementwise::BitAnd, a, b),
            Binary::Or => self.of_truths(Elementwise::BitOr, a, b),
            Binary::Xor => self.of_truths(Elementwise::BitXor, a, b),
            Binary::Pow | Binary::Mod => self.refused(
                format!("{function:?} of two values that depend on inputs"),
                "one operand of it is a constant",
                "make the exponent or divisor a constant",
            ),
        }
    }

    fn negated(&mut self, value: &Value) -> Result<Value, ModelError> {
        self.function(Function::Neg, value)
    }

    /// The sum of two values, each times a small integer where their scales differ.
    fn sum_of_two(&mut self, a: &Value, b: &Value) -> Result<Integers, ModelError> {
        let (x, y) = self.summands(a, b)?;
        let mut weights = (x.scale.clone(), x.scale.clone());
        let mut scale = x.scale.clone();
        let most = |x: &Integers| {
            let (least, greatest) = x.range();
            least.abs().max(greatest.abs()).max(1) as f64
        };
        let greatest = (most(&x), most(&y));
        for (i, (&s, &r)) in x.scale.iter().zip(y.scale.iter()).enumerate() {
            let ((m, n), common) = on_one_scale((s, greatest.0), (r, greatest.1));
            set(&mut weights.0, i, m);
            set(&mut weights.1, i, n);
            set(&mut scale, i, common);
        }
        let left = self.times(x.node, &weights.0)?;
        let right = self.times(y.node, &weights.1)?;
        let node = self.graph.add(left, right);
        let node = self.built(node)?;
        self.spans_of(node, &[x.node, y.node], |known| {
            let [a, b] = [spans::times(&known[0], &weights.0), spans::times(&known[1], &weights.1)];
            [&a[0] + &b[0], &a[1] + &b[1]]
        });
        let samples = x.samples.iter().zip(y.samples.iter());
        let samples = samples.map(|(q, r)| q * &weights.0 + r * &weights.1).collect();
        Ok(self.sums(node, scale, &x.offset + &y.offset, samples))
    }

    fn times(&mut self, node: NodeId, weights: &ArrayD<f64>) -> Result<NodeId, ModelError> {
        let weights = match uniform(weights) {
            Some(1.0) => return Ok(node),
            Some(-1.0) => {
                let node = self.graph.neg(node);
                return self.built(node);
            }
            Some(weight) => ArrayD::from_elem(IxDyn(&[]), weight as i64),
            None => weights.mapv(|weight| weight as i64),
        };
        let weights = self.integers(weights);
        let node = self.graph.mul(node, weights);
        self.built(node)
    }

    /// Two values as integers; reals get a grid that suits the other.
    fn summands(&mut self, a: &Value, b: &Value) -> Result<(Integers, Integers), ModelError> {
        match (a, b) {
            (Value::Reals(x), Value::Reals(y))
                if !self.rounded.contains_key(&x.node) && !self.rounded.contains_key(&y.node) =>
            {
                let all = Rc::new([x.samples.as_slice(), y.samples.as_slice()].concat());
                let grid = self.grid_of(&all);
                let result = (self.quantised(x, grid)?, self.quantised(y, grid)?);
                self.rounded.insert(x.node, result.0.clone());
                self.rounded.insert(y.node, result.1.clone());
                Ok(result)
            }
            (Value::Reals(x), Value::Integers(y)) if !self.rounded.contains_key(&x.node) => {
                Ok((self.beside(x, y)?, y.clone()))
            }
            (Value::Integers(x), Value::Reals(y)) if !self.rounded.contains_key(&y.node) => {
                Ok((x.clone(), self.beside(y, x)?))
            }
            _ => Ok((self.integers_of(a)?, self.integers_of(b)?)),
        }
    }

    /// Reals as integers whose scale is a multiple or a part of the other's.
    fn beside(&mut self, reals: &Reals, other: &Integers) -> Result<Integers, ModelError> {
        let own = self.grid_of(&reals.samples);
        let step = match other.uniform_scale() {
            Some(step) if step != 0.0 => step.abs(),
            _ => own.scale,
        };
        let scale = match own.scale >= step {
            true => step * (own.scale / step).ceil(),
            false => step / (step / own.scale).floor(),
        };
        let ratio = own.scale / scale;
        let at = |integer: i64| (integer as f64 * ratio).round_ties_even() as i64;
        let grid = Grid { scale, zero: at(own.zero), lo: at(own.lo), hi: at(own.hi) };
        let integers = self.quantised(reals, grid)?;
        self.rounded.insert(reals.node, integers.clone());
        Ok(integers)
    }

    /// Products of corresponding elements.
    fn product_of_elements(&mut self, a: &Value, b: &Value) -> Result<Integers, ModelError> {
        let (x, y) = (self.factor(a)?, self.factor(b)?);
        let node = self.graph.mul(x.node, y.node);
        let node = self.built(node)?;
        self.spans_of(node, &[x.node, y.node], |known| spans::product(&known[0], &known[1]));
        let samples = x.samples.iter().zip(y.samples.iter()).map(|(q, r)| q * r).collect();
        Ok(self.sums(node, &x.scale * &y.scale, ArrayD::zeros(x.scale.raw_dim()), samples))
    }

    /// The lesser or the greater of two values.
    fn extreme(&mut self, function: Elementwise, a: &Value, b: &Value) -> Result<Value, ModelError> {
        let (x, y) = self.on_one_grid(a, b)?;
        Ok(Value::Integers(self.extreme_of_integers(function, &x, &y)?))
    }

    fn extreme_of_integers(
        &mut self,
        function: Elementwise,
        x: &Integers,
        y: &Integers,
    ) -> Result<Integers, ModelError> {
        let node = self.graph.binary(function, x.node, y.node);
        let node = self.built(node)?;
        let pick = |q: f64, r: f64| if function == Elementwise::Min { q.min(r) } else { q.max(r) };
        self.spans_of(node, &[x.node, y.node], |known| {
            [0, 1].map(|end| {
                let mut result = known[0][end].clone();
                result.zip_mut_with(&known[1][end], |q, &r| *q = pick(*q, r));
                result
            })
        });
        let samples = x.samples.iter().zip(y.samples.iter()).map(|(q, r)| {
            let mut result = q.clone();
            result.zip_mut_with(r, |q, &r| *q = pick(*q, r));
            result
        });
        Ok(Integers { node, samples: Rc::new(samples.collect()), layer: None, ..x.clone() })
    }

    /// Two values as integers of one scale and offset.
    fn on_one_grid(&mut self, a: &Value, b: &Value) -> Result<(Integers, Integers), ModelError> {
        if let (Value::Integers(x), Value::Integers(y)) = (a, b)
            && x.scale == y.scale
            && x.offset == y.offset
            && self.is_narrow(x)
            && self.is_narrow(y)
            && x.scale.iter().all(|scale| *scale > 0.0)
        {
            return Ok((x.clone(), y.clone()));
        }
        let (x, y) = (self.reals_of(a)?, self.reals_of(b)?);
        let grid = self.grid_of(&Rc::new([x.samples.as_slice(), y.samples.as_slice()].concat()));
        Ok((self.quantised(&x, grid)?, self.quantised(&y, grid)?))
    }

    fn is_narrow(&self, x: &Integers) -> bool {
        x.bits() <= self.options.bits.op_inputs.max(self.options.bits.model_inputs)
    }

    /// Narrow integers of one positive scale, to be compared with each other.
    fn comparable(&mut self, value: &Value) -> Result<Integers, ModelError> {
        let x = self.uniform(value)?;
        let is_usable = self.is_narrow(&x) && x.uniform_scale().is_some_and(|scale| scale > 0.0);
        if is_usable { Ok(x) } else { self.requantised(value) }
    }

    /// 1 where a value is not 0.
    fn truth(&mut self, value: &Value) -> Result<Integers, ModelError> {
        let is_truth = |x: &Integers| {
            x.uniform_scale() == Some(1.0) && x.uniform_offset() == Some(0.0) && x.layer.is_none() && {
                let (least, greatest) = x.range();
                least >= 0 && greatest <= 1
            }
        };
        match value {
            Value::Integers(x) if is_truth(x) => Ok(x.clone()),
            value => {
                let reals = self.mapped(value, "truth", |v| f64::from(v != 0.0))?;
                self.quantised(&reals, Grid { scale: 1.0, zero: 0, lo: 0, hi: 1 })
            }
        }
    }

    fn of_truths(&mut self, function: Elementwise, a: &Value, b: &Value) -> Result<Value, ModelError> {
        let (x, y) = (self.truth(a)?, self.truth(b)?);
        let node = self.graph.binary(function, x.node, y.node);
        let node = self.built(node)?;
        let apply = |q: f64, r: f64| match function {
            Elementwise::BitAnd => q * r,
            Elementwise::BitOr => q.max(r),
            _ => (q - r).abs(),
        };
        let samples = x.samples.iter().zip(y.samples.iter()).map(|(q, r)| {
            let mut result = q.clone();
            result.zip_mut_with(r, |q, &r| *q = apply(*q, r));
            result
        });
        Ok(Value::Integers(Integers { node, samples: Rc::new(samples.collect()), ..x }))
    }

    /// The second operand where the first is not 0, else the third.
    pub(super) fn select(&mut self, operands: &[Value], shape: &[usize]) -> Result<Value, ModelError> {
        let mut all = vec![];
        for operand in operands {
            all.push(self.broadcast(operand, shape)?);
        }
        let [condition, then, otherwise] = [&all[0], &all[1], &all[2]];
        if let Value::Clear(condition) = condition {
            return self.picked(condition, then, otherwise);
        }
        let mut is_of_one_source = true;
        let variable: Vec<&Value> = all.iter().filter(|value| !matches!(value, Value::Clear(_))).collect();
        for pair in variable.windows(2) {
            is_of_one_source &= self.have_one_source(pair[0], pair[1])?;
        }
        if is_of_one_source {
            let reals = self.mapped_together(&[condition, then, otherwise], "where", |operands| {
                if operands[0] != 0.0 { operands[1] } else { operands[2] }
            })?;
            return Ok(Value::Reals(reals));
        }
        let condition = self.truth(condition)?;
        let (x, y) = match (then, otherwise) {
            (Value::Clear(known), other) => {
                let other = self.comparable(other)?;
                (self.on_grid_of(known, &other), other)
            }
            (other, Value::Clear(known)) => {
                let other = self.comparable(other)?;
                let known = self.on_grid_of(known, &other);
                (other, known)
            }
            (then, otherwise) => self.on_one_grid(then, otherwise)?,
        };
        let node = self.graph.select(condition.node, x.node, y.node);
        let node = self.built(node)?;
        let samples = (0..self.calibration.len()).map(|sample| {
            let (q, r) = (&x.samples[sample], &y.samples[sample]);
            let mut result = q.clone();
            ndarray::Zip::from(&mut result).and(&condition.samples[sample]).and(r).for_each(|q, &c, &r| {
                *q = if c != 0.0 { *q } else { r };
            });
            result
        });
        Ok(Value::Integers(Integers { node, samples: Rc::new(samples.collect()), layer: None, ..x.clone() }))
    }

    /// Known reals as integers of another value's scale.
    fn on_grid_of(&mut self, known: &ArrayD<f64>, other: &Integers) -> Integers {
        let integers = ((known - &other.offset) / &other.scale).mapv(f64::round_ties_even);
        let node = self.integers(integers.mapv(|integer| integer as i64));
        let samples = Rc::new(vec![integers; self.calibration.len()]);
        Integers { node, samples, layer: None, ..other.clone() }
    }

    /// Elements of the one value or the other, as is known before.
    fn picked(
        &mut self,
        condition: &ArrayD<f64>,
        then: &Value,
        otherwise: &Value,
    ) -> Result<Value, ModelError> {
        let count = condition.len();
        let (then, otherwise) = (self.reshaped(then, &[count])?, self.reshaped(otherwise, &[count])?);
        let both = self.concatenated(&[then, otherwise], 0)?;
        let mut positions = ArrayD::zeros(condition.raw_dim());
        for (i, (position, &holds)) in positions.iter_mut().zip(condition.iter()).enumerate() {
            *position = if holds != 0.0 { i } else { count + i };
        }
        self.rearranged(&both, &positions)
    }

    /// The greatest or least element, or the product, over axes.
    pub(super) fn reduced(
        &mut self,
        kind: Reduce,
        axes: &[usize],
        value: &Value,
        shape: &[usize],
    ) -> Result<Value, ModelError> {
        let from = value.shape();
        let whole = positions(&from);
        let order: Vec<usize> =
            (0..from.len()).filter(|axis| !axes.contains(axis)).chain(axes.iter().copied()).collect();
        let count: usize = axes.iter().map(|&axis| from[axis]).product();
        let rows = whole.permuted_axes(order).as_standard_layout().into_owned();
        let rows = rows.into_shape_with_order(IxDyn(&[from.iter().product::<usize>() / count.max(1), count]));
        let rows = rows.expect("as many elements");
        let parts: Vec<ArrayD<usize>> = (0..count)
            .map(|i| {
                let column = rows.index_axis(Axis(1), i).to_owned().into_dyn();
                column.into_shape_with_order(IxDyn(shape)).expect("one for each result")
            })
            .collect();
        match kind {
            Reduce::Product => self.product_of_all(value, &parts),
            _ => {
                let function = if kind == Reduce::Min { Elementwise::Min } else { Elementwise::Max };
                self.extreme_of_all(function, value, &parts)
            }
        }
    }

    fn product_of_all(&mut self, value: &Value, parts: &[ArrayD<usize>]) -> Result<Value, ModelError> {
        let mut factors = vec![];
        for part in parts {
            factors.push(self.rearranged(value, part)?);
        }
        while factors.len() > 1 {
            let mut products = vec![];
            for pair in factors.chunks(2) {
                products.push(match pair {
                    [a, b] => Value::Integers(self.product_of_elements(a, b)?),
                    alone => alone[0].clone(),
                });
            }
            factors = products;
        }
        factors.pop().map_or_else(
            || self.refused("a product of nothing", "at least one element is multiplied", "leave it out"),
            Ok,
        )
    }

    /// The greatest or least of elements that stand at corresponding positions, pair by pair.
    fn extreme_of_all(
        &mut self,
        function: Elementwise,
        value: &Value,
        parts: &[ArrayD<usize>],
    ) -> Result<Value, ModelError> {
        let x = Value::Integers(self.comparable(value)?);
        let mut rest = vec![];
        for part in parts {
            let part = self.rearranged(&x, part)?;
            rest.push(self.integers_of(&part)?);
        }
        while rest.len() > 1 {
            let mut extremes = vec![];
            for pair in rest.chunks(2) {
                extremes.push(match pair {
                    [a, b] => self.extreme_of_integers(function, a, b)?,
                    alone => alone[0].clone(),
                });
            }
            rest = extremes;
        }
        match rest.pop() {
            Some(extreme) => Ok(Value::Integers(extreme)),
            None => self.refused("an extreme of nothing", "at least one element is compared", "leave it out"),
        }
    }

    /// The greatest element of each window; padding never wins.
    pub(super) fn greatest_of_windows(
        &mut self,
        op: &ModelOp,
        value: &Value,
        shape: &[usize],
    ) -> Result<Value, ModelError> {
        let ModelOp::Pool { window, strides, padding, dilations, .. } = op else {
            unreachable!("asked for pools only")
        };
        let from = value.shape();
        let taps = positions(window);
        let place = |result: &[usize], tap: &[usize]| -> Option<usize> {
            let mut position = result[0] * from[1] + result[1];
            for axis in 0..window.len() {
                let at = (result[2 + axis] * strides[axis] + tap[axis] * dilations[axis])
                    .checked_sub(padding[axis].0)
                    .filter(|&at| at < from[2 + axis])?;
                position = position * from[2 + axis] + at;
            }
            Some(position)
        };
        let all_taps: Vec<Vec<usize>> =
            taps.indexed_iter().map(|(index, _)| index.slice().to_vec()).collect();
        let mut parts = vec![];
        for tap in &all_taps {
            // In the padding another element of the window stands twice.
            let mut is_empty = false;
            let part = ArrayD::from_shape_fn(IxDyn(shape), |index| {
                let found = place(index.slice(), tap)
                    .or_else(|| all_taps.iter().find_map(|other| place(index.slice(), other)));
                is_empty |= found.is_none();
                found.unwrap_or(0)
            });
            if is_empty {
                return self.refused(
                    "a window that lies in the padding",
                    "each window has an element",
                    "pad by less than the window",
                );
            }
            parts.push(part);
        }
        self.extreme_of_all(Elementwise::Max, value, &parts)
    }

    /// The position of the greatest or least element along an axis, the first among equals.
    pub(super) fn position_of_extreme(
        &mut self,
        is_greatest: bool,
        axis: usize,
        value: &Value,
        shape: &[usize],
    ) -> Result<Value, ModelError> {
        let x = self.comparable(value)?;
        self.position_of_integers(is_greatest, axis, &x, shape)
    }

    /// Position of the greatest or least of integers of one positive scale, in the shape of the result; of equal ones
    /// the first.
    pub(super) fn position_of_integers(
        &mut self,
        is_greatest: bool,
        axis: usize,
        x: &Integers,
        shape: &[usize],
    ) -> Result<Value, ModelError> {
        let x = Value::Integers(x.clone());
        let count = x.shape()[axis];
        let mut entries: Vec<(Integers, Integers)> = vec![];
        for at in 0..count {
            let part = self.slice(&x, axis, at)?;
            let part = self.reshaped(&part, shape)?;
            let part = self.integers_of(&part)?;
            let position = self.trivial(&ArrayD::from_elem(IxDyn(shape), at as f64));
            let known = self.integers(ArrayD::from_elem(IxDyn(shape), at as i64));
            let samples = Rc::new(vec![ArrayD::from_elem(IxDyn(shape), at as f64); self.calibration.len()]);
            let position = Integers {
                node: known,
                scale: ArrayD::ones(IxDyn(shape)),
                offset: ArrayD::zeros(IxDyn(shape)),
                samples,
                ..position
            };
            entries.push((part, position));
        }
        while entries.len() > 1 {
            let mut winners = vec![];
            for pair in entries.chunks(2) {
                winners.push(match pair {
                    [first, second] => self.winner(is_greatest, first, second)?,
                    alone => alone[0].clone(),
                });
            }
            entries = winners;
        }
        match entries.pop() {
            Some((_, position)) => Ok(Value::Integers(position)),
            None => self.refused("a position in nothing", "at least one element is compared", "leave it out"),
        }
    }

    /// Of two elements with their positions the later one only if it is better.
    fn winner(
        &mut self,
        is_greatest: bool,
        first: &(Integers, Integers),
        second: &(Integers, Integers),
    ) -> Result<(Integers, Integers), ModelError> {
        let (test, function) = match is_greatest {
            true => (Elementwise::Greater, Elementwise::Max),
            false => (Elementwise::Less, Elementwise::Min),
        };
        let is_better = self.graph.binary(test, second.0.node, first.0.node);
        let is_better = self.built(is_better)?;
        let position = self.graph.select(is_better, second.1.node, first.1.node);
        let position = self.built(position)?;
        let best = self.extreme_of_integers(function, &first.0, &second.0)?;
        let samples = (0..self.calibration.len()).map(|sample| {
            let mut result = first.1.samples[sample].clone();
            ndarray::Zip::from(&mut result)
                .and(&first.0.samples[sample])
                .and(&second.0.samples[sample])
                .and(&second.1.samples[sample])
                .for_each(|position, &a, &b, &other| {
                    if if is_greatest { b > a } else { b < a } {
                        *position = other;
                    }
                });
            result
        });
        let position = Integers { node: position, samples: Rc::new(samples.collect()), ..first.1.clone() };
        Ok((best, position))
    }

    /// Exponentials, their sum, its inverse, and products; the greatest value of the samples is subtracted before.
    pub(super) fn softmax(&mut self, axis: usize, log: bool, value: &Value) -> Result<Value, ModelError> {
        let shape = value.shape();
        let reals = self.reals_of(value)?;
        let greatest = range(&flat(&reals.samples)).1;
        let exponentials =
            self.mapped(&Value::Reals(reals), "exp", move |v| Function::Exp.apply(v - greatest))?;
        let exponentials = Value::Reals(exponentials);
        let sum = crate::model::ModelNode {
            name: self.place.clone(),
            op: ModelOp::Reduce { kind: Reduce::Sum, axes: vec![axis], keep: true },
            operands: vec![],
            shape: shape.iter().enumerate().map(|(i, &size)| if i == axis { 1 } else { size }).collect(),
        };
        let sum = self.sum(&sum, &exponentials)?;
        if log {
            let log = Value::Reals(self.mapped(&sum, "log", move |v| Function::Log.apply(v) + greatest)?);
            return self.binary(Binary::Sub, value, &log, &shape);
        }
        let inverse = Value::Reals(self.mapped(&sum, "reciprocal", |v| 1.0 / v)?);
        self.binary(Binary::Mul, &exponentials, &inverse, &shape)
    }
}

/// Row-major positions in a shape.
fn positions(shape: &[usize]) -> ArrayD<usize> {
    let count: usize = shape.iter().product();
    ArrayD::from_shape_vec(IxDyn(shape), (0..count).collect()).expect("one for each")
}

fn set(array: &mut ArrayD<f64>, position: usize, value: f64) {
    if let Some(element) = array.iter_mut().nth(position) {
        *element = value;
    }
}

/// Arithmetic with known reals that scale and offset take up.
fn affine(function: Binary, x: &Integers, known: &ArrayD<f64>) -> Option<Integers> {
    let result = |scale: ArrayD<f64>, offset: ArrayD<f64>| Some(Integers { scale, offset, ..x.clone() });
    match function {
        Binary::Add => result(x.scale.clone(), &x.offset + known),
        Binary::Sub => result(x.scale.clone(), &x.offset - known),
        Binary::Mul => result(&x.scale * known, &x.offset * known),
        Binary::Div if known.iter().all(|real| *real != 0.0) => result(&x.scale / known, &x.offset / known),
        _ => None,
    }
}

fn affine_of_known(function: Binary, known: &ArrayD<f64>, x: &Integers) -> Option<Integers> {
    match function {
        Binary::Add | Binary::Mul => affine(function, x, known),
        Binary::Sub => Some(Integers { scale: -&x.scale, offset: known - &x.offset, ..x.clone() }),
        _ => None,
    }
}

/// Sums and differences of one tensor of integers on two scales.
fn of_same_integers(function: Binary, x: &Integers, y: &Integers) -> Option<Integers> {
    match function {
        Binary::Add => {
            Some(Integers { scale: &x.scale + &y.scale, offset: &x.offset + &y.offset, ..x.clone() })
        }
        Binary::Sub => {
            Some(Integers { scale: &x.scale - &y.scale, offset: &x.offset - &y.offset, ..x.clone() })
        }
        _ => None,
    }
}

/// Small integers `m`, `n` and a scale `t` with `s ≈ m·t` and `r ≈ n·t`, so close that the greatest integers make
/// less than half a step of difference. Greatest weights where there are none.
fn on_one_scale((s, most_s): (f64, f64), (r, most_r): (f64, f64)) -> ((f64, f64), f64) {
    if s == 0.0 || r == 0.0 {
        let scale = if s != 0.0 { s } else { r };
        let unit = |scale: f64| if scale == 0.0 { 0.0 } else { 1.0 };
        return ((unit(s), unit(r)), if scale == 0.0 { 1.0 } else { scale });
    }
    if s.abs() < r.abs() {
        let ((n, m), scale) = on_one_scale((r, most_r), (s, most_s));
        return ((m, n), scale);
    }
    // |s| ≥ |r|: t = r / n, m = s / t.
    let ratio = s / r;
    let mut n = 1.0;
    loop {
        let m = (ratio * n).round();
        let off = (m - ratio * n).abs() / n * most_s;
        let limit = TOLERANCE * ratio.abs().max(1.0);
        if off <= limit || n >= GREATEST_WEIGHT || m.abs() >= GREATEST_WEIGHT * ratio.abs() {
            return ((m, n), r / n);
        }
        n += 1.0;
    }
}
