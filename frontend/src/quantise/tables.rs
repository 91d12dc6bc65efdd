//! Functions of one value: reals between integers, which the passes make one table of.
//!
//! Sums are brought around 0, and rounded where that is wished for, before a table takes them. Reals become integers
//! where integers are needed, and once.

use super::grid::Grid;
use super::inputs::{flat, spread};
use super::lowering::Lowering;
use super::options::{Margin, RoundTo};
use super::spans;
use super::value::{Integers, Reals, Samples, Value, uniform};
use crate::elementwise::{Binary as Elementwise, Number, Unary};
use crate::graph::{Hint, NodeId};
use crate::host::{HostBody, HostFunction};
use crate::model::ModelError;
use crate::model::op::FakeQuantise;
use cloakwork_abi::bounds::wide;
use cloakwork_abi::encoding::{MAX_WIDTH, folding_width};
use cloakwork_abi::processing::Function;
use cloakwork_ir::digits::{Digits, Exactness};
use cloakwork_ir::interpret::Clear;
use ndarray::{ArrayD, IxDyn};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

/// A sum as tables take it: `sum = factor · node − shift`.
#[derive(Clone, Debug)]
pub(super) struct Narrowed {
    node: NodeId,
    factor: f64,
    shift: ArrayD<f64>,
    samples: Samples,
}

impl Lowering<'_> {
    /// A function of each element.
    pub(super) fn function(&mut self, function: Function, value: &Value) -> Result<Value, ModelError> {
        match (function, value) {
            (Function::Neg, Value::Integers(integers)) => Ok(Value::Integers(Integers {
                scale: -&integers.scale,
                offset: -&integers.offset,
                ..integers.clone()
            })),
            (Function::Affine { scale, offset }, Value::Integers(integers)) => {
                Ok(Value::Integers(Integers {
                    scale: &integers.scale * scale,
                    offset: &integers.offset * scale + offset,
                    ..integers.clone()
                }))
            }
            _ => {
                let name = format!("{function:?}");
                let reals = self.mapped(value, &name, move |v| function.apply(v))?;
                Ok(Value::Reals(reals))
            }
        }
    }

    /// A function of each element, by its name and its meaning.
    pub(super) fn mapped(
        &mut self,
        value: &Value,
        name: &str,
        function: impl Fn(f64) -> f64 + Send + Sync + 'static,
    ) -> Result<Reals, ModelError> {
        let reals = self.reals_of(value)?;
        let samples = Rc::new(reals.samples.iter().map(|sample| sample.mapv(&function)).collect());
        let host = HostFunction { name: name.to_owned(), body: HostBody::Real(Arc::new(function)) };
        let node = self.graph.host(host, reals.node);
        Ok(Reals { node: self.built(node)?, samples })
    }

    /// A function of corresponding elements of values that are functions of the same integers, or known.
    pub(super) fn mapped_together(
        &mut self,
        values: &[&Value],
        name: &str,
        function: impl Fn(&[f64]) -> f64 + Send + Sync + 'static,
    ) -> Result<Reals, ModelError> {
        let (mut nodes, mut samples) = (vec![], vec![]);
        for value in values {
            samples.push(value.reals(self.calibration.len()));
            nodes.push(match value {
                Value::Clear(reals) => self.known(reals),
                value => {
                    let reals = self.reals_of(value)?;
                    *samples.last_mut().expect("pushed above") = reals.samples.clone();
                    reals.node
                }
            });
        }
        let row = |sample: usize| {
            let operands: Vec<&ArrayD<f64>> = samples.iter().map(|all| &all[sample]).collect();
            let mut result = operands[0].as_standard_layout().into_owned();
            let flat: Vec<Vec<f64>> =
                operands.iter().map(|operand| operand.iter().copied().collect()).collect();
            for (i, element) in result.iter_mut().enumerate() {
                *element = function(&flat.iter().map(|operand| operand[i]).collect::<Vec<f64>>());
            }
            result
        };
        let results = Rc::new((0..self.calibration.len()).map(row).collect());
        let all = move |operands: &[Clear]| {
            let columns: Option<Vec<&ArrayD<f64>>> = operands
                .iter()
                .map(|operand| if let Clear::Real(reals) = operand { Some(reals) } else { None })
                .collect();
            let columns = columns.ok_or_else(|| "its operands are integers".to_owned())?;
            let count = columns.first().map_or(0, |column| column.len());
            let element = |i: usize| function(&columns.iter().map(|column| column[i]).collect::<Vec<f64>>());
            Ok(Clear::Real(ArrayD::from_shape_fn(IxDyn(&[count]), |index| element(index[0]))))
        };
        let body = HostBody::Arrays { takes: Number::Real, gives: Number::Real, function: Arc::new(all) };
        let node = self.graph.multivariate(HostFunction { name: name.to_owned(), body }, &nodes);
        Ok(Reals { node: self.built(node)?, samples: results })
    }

    /// A value as reals of the program.
    pub(super) fn reals_of(&mut self, value: &Value) -> Result<Reals, ModelError> {
        let integers = match value {
            Value::Reals(reals) => return Ok(reals.clone()),
            Value::Integers(integers) => integers,
            Value::Clear(_) => {
                return self.refused(
                    "a constant where a value that depends on inputs is needed",
                    "constants are folded",
                    "fold the constants of the model",
                );
            }
        };
        let narrowed = self.narrowed(integers)?;
        let scale = &integers.scale * narrowed.factor;
        let offset = &integers.offset - &(&integers.scale * &narrowed.shift);
        let node = self.graph.unary(Unary::ToReal, narrowed.node);
        let node = self.built(node)?;
        let node = self.by_known(Elementwise::Mul, node, &scale, 1.0)?;
        let node = self.by_known(Elementwise::Add, node, &offset, 0.0)?;
        let samples = narrowed.samples.iter().map(|q| q * &scale + &offset).collect();
        Ok(Reals { node, samples: Rc::new(samples) })
    }

    /// Arithmetic with known reals, unless they are those that change nothing.
    pub(super) fn by_known(
        &mut self,
        function: Elementwise,
        node: NodeId,
        reals: &ArrayD<f64>,
        neutral: f64,
    ) -> Result<NodeId, ModelError> {
        if uniform(reals) == Some(neutral) {
            return Ok(node);
        }
        let reals = self.known(reals);
        let node = self.graph.binary(function, node, reals);
        self.built(node)
    }

    /// Known reals in the program; one where all are.
    fn known(&mut self, reals: &ArrayD<f64>) -> NodeId {
        match uniform(reals) {
            Some(real) => self.graph.real_constant(ArrayD::from_elem(IxDyn(&[]), real)),
            None => self.graph.real_constant(reals.clone()),
        }
    }

    /// A sum as tables take it; all else as it is.
    fn narrowed(&mut self, integers: &Integers) -> Result<Narrowed, ModelError> {
        if let Some(narrowed) = self.narrowed.get(&integers.node) {
            return Ok(narrowed.clone());
        }
        let as_it_is = Narrowed {
            node: integers.node,
            factor: 1.0,
            shift: ArrayD::zeros(integers.scale.raw_dim()),
            samples: integers.samples.clone(),
        };
        let narrowed = match &integers.layer {
            Some(layer) if !self.graph.inputs().is_empty() => {
                let rounding = self.options.rounding_at(layer);
                let layer = layer.clone();
                self.narrowed_sum(integers, rounding, &layer)?
            }
            _ => as_it_is,
        };
        self.narrowed.insert(integers.node, narrowed.clone());
        Ok(narrowed)
    }

    pub(super) fn narrowed_sum(
        &mut self,
        sum: &Integers,
        rounding: Option<RoundTo>,
        layer: &str,
    ) -> Result<Narrowed, ModelError> {
        let (shift, extent) = match (self.options.margin, self.span(sum.node)) {
            (Margin::Whole, Some(ends)) => centred(sum, &*ends, 0.0),
            (margin, _) => centred(sum, &sum.samples, margin.share()),
        };
        let reached = self.reached(sum.node, &shift);
        // No table needs entries of their own for what no input leads to.
        let own = match reached {
            Some((least, greatest)) => (least.max(-extent), greatest.min(extent)),
            None => (-extent, extent),
        };
        let reached = match (reached, self.options.margin) {
            (Some((least, greatest)), Margin::Guarded(_)) => (least.min(own.0), greatest.max(own.1)),
            (_, Margin::Guarded(_) | Margin::Share(_) | Margin::Whole) => own,
        };
        let place =
            rounding.map_or_else(|| Place::of(own, 0), |rounding| Place::rounded(own, reached, rounding));
        let shift = shift.mapv(|shift| shift + place.shift as f64);
        let [own, reached] = [own, reached].map(|(lo, hi)| (lo + place.shift, hi + place.shift));
        let node = match uniform(&shift) {
            Some(0.0) => sum.node,
            one => {
                let shift = match one {
                    Some(shift) => ArrayD::from_elem(IxDyn(&[]), shift as i64),
                    None => shift.mapv(|shift| shift as i64),
                };
                let shift = self.integers(shift);
                let node = self.graph.add(sum.node, shift);
                self.built(node)?
            }
        };
        self.graph.hint(node, Hint { width: None, range: Some(own) });
        let bits = folding_width(wide(own), wide(reached)).0;
        let shifted: Vec<ArrayD<f64>> = sum.samples.iter().map(|q| q + &shift).collect();
        self.report.sums.push(super::report::SumReport {
            layer: layer.to_owned(),
            count: sum.scale.len(),
            bits,
            rounded_to: rounding.map(|rounding| rounding.bits.min(bits)),
        });
        let removed = place.removed;
        if removed == 0 {
            if bits > MAX_WIDTH.0 {
                return self.refused(
                    format!("sums of {bits} bits as input of a table"),
                    &format!("tables take at most {MAX_WIDTH} bits"),
                    "round the sums to fewer bits, or use fewer bits for inputs and weights",
                );
            }
            return Ok(Narrowed { node, factor: 1.0, shift, samples: Rc::new(shifted) });
        }
        let exactness = rounding.map_or(Exactness::Exact, |rounding| rounding.exactness);
        let rounded = self.graph.digits(Digits::Round { bits: removed, exactness }, node);
        let rounded = self.built(rounded)?;
        let factor = (1i64 << removed) as f64;
        let round = |q: f64| ((q + factor / 2.0) / factor).floor();
        let range = (round(own.0 as f64) as i64, round(own.1 as f64) as i64);
        self.graph.hint(rounded, Hint { width: None, range: Some(range) });
        let samples = shifted.iter().map(|q| q.mapv(round)).collect();
        Ok(Narrowed { node: rounded, factor, shift, samples: Rc::new(samples) })
    }

    /// What a sum that is shifted can be led to, as far as that is known and matters.
    fn reached(&self, sum: NodeId, shift: &ArrayD<f64>) -> Option<(i64, i64)> {
        if !self.options.margin.minds_all_inputs() {
            return None;
        }
        let ends = self.span(sum)?;
        let (least, greatest) = spans::hull(&[&ends[0] + shift, &ends[1] + shift]);
        Some((least as i64, greatest as i64))
    }

    /// A value as integers: reals get a grid of their own.
    pub(super) fn integers_of(&mut self, value: &Value) -> Result<Integers, ModelError> {
        match value {
            Value::Integers(integers) => Ok(integers.clone()),
            Value::Clear(reals) => Ok(self.trivial(reals)),
            Value::Reals(reals) => {
                if let Some(integers) = self.rounded.get(&reals.node) {
                    return Ok(integers.clone());
                }
                let grid = self.grid_of(&reals.samples);
                let integers = self.quantised(reals, grid)?;
                self.rounded.insert(reals.node, integers.clone());
                Ok(integers)
            }
        }
    }

    /// The grid of values between layers.
    pub(super) fn grid_of(&self, samples: &Samples) -> Grid {
        let options = self.options;
        Grid::of(&flat(samples), options.bits.op_inputs, options.ranges, options.scales)
    }

    /// Reals rounded to a grid, saturating.
    pub(super) fn quantised(&mut self, reals: &Reals, grid: Grid) -> Result<Integers, ModelError> {
        let node = self.rounded(reals.node, move |real| grid.integer(real))?;
        self.spans_from(node, grid.lo, grid.hi);
        let samples: Vec<ArrayD<f64>> =
            reals.samples.iter().map(|sample| sample.mapv(|real| grid.integer(real) as f64)).collect();
        let shape = self.graph.node(node).shape.clone();
        Ok(Integers {
            node,
            scale: ArrayD::from_elem(shape.clone(), grid.scale),
            offset: ArrayD::from_elem(shape, grid.offset()),
            samples: Rc::new(samples),
            layer: None,
        })
    }

    /// Reals that are integers.
    pub(super) fn rounded_reals(
        &mut self,
        node: NodeId,
        function: impl Fn(f64) -> f64 + Send + Sync + 'static,
    ) -> Result<NodeId, ModelError> {
        let host = HostFunction { name: "round".to_owned(), body: HostBody::Real(Arc::new(function)) };
        let node = self.graph.host(host, node);
        self.built(node)
    }

    pub(super) fn rounded(
        &mut self,
        node: NodeId,
        function: impl Fn(f64) -> i64 + Send + Sync + 'static,
    ) -> Result<NodeId, ModelError> {
        let all = move |reals: &Clear| match reals {
            Clear::Real(reals) => Ok(Clear::Int(reals.mapv(&function))),
            Clear::Int(_) | Clear::Unsigned(_) => Err("its operand is an integer".to_owned()),
        };
        let body = HostBody::Array { takes: Number::Real, gives: Number::Int, function: Arc::new(all) };
        let node = self.graph.host(HostFunction { name: "quantise".to_owned(), body }, node);
        self.built(node)
    }

    /// The same value as integers whose scale and offset all elements share.
    pub(super) fn uniform(&mut self, value: &Value) -> Result<Integers, ModelError> {
        let integers = self.integers_of(value)?;
        match (integers.uniform_scale(), integers.uniform_offset()) {
            (Some(scale), Some(_)) if scale != 0.0 => Ok(integers),
            _ => self.requantised(&Value::Integers(integers)),
        }
    }

    /// The same value on a grid of its own, by a lookup.
    pub(super) fn requantised(&mut self, value: &Value) -> Result<Integers, ModelError> {
        let reals = self.reals_of(value)?;
        self.integers_of(&Value::Reals(reals))
    }

    /// A node of a quantisation-aware model.
    pub(super) fn fake_quantised(&mut self, fake: &FakeQuantise, value: &Value) -> Result<Value, ModelError> {
        if let Value::Clear(reals) = value {
            return Ok(Value::Clear(fake.apply(reals)));
        }
        let shape = value.shape();
        let scale = spread(&fake.scale, fake.axis, &shape);
        let zero = spread(&fake.zero_point, fake.axis, &shape);
        let offset = -(&scale * &zero.mapv(|zero| zero as f64));
        if let Value::Integers(integers) = value
            && integers.layer.is_none()
            && integers.scale == scale
            && integers.offset == offset
            && self.lies_within(integers.node, fake.lo, fake.hi)
        {
            return Ok(value.clone());
        }
        let reals = self.reals_of(value)?;
        let (rounding, lo, hi) = (fake.rounding, fake.lo, fake.hi);
        let node = self.by_known(Elementwise::Div, reals.node, &scale, 1.0)?;
        let round = move |v: f64| rounding.round(if v.is_nan() { 0.0 } else { v });
        let clamp = move |v: f64| (v as i64).clamp(lo, hi);
        let node = match uniform(&zero.mapv(|zero| zero as f64)) {
            Some(zero) => self.rounded(node, move |v| clamp(round(v) + zero))?,
            None => {
                let rounded = self.rounded_reals(node, round)?;
                let node = self.by_known(Elementwise::Add, rounded, &zero.mapv(|zero| zero as f64), 0.0)?;
                self.rounded(node, clamp)?
            }
        };
        self.spans_from(node, lo, hi);
        let quantise = |sample: &ArrayD<f64>| {
            let mut result = sample / &scale;
            result.zip_mut_with(&zero, |v, &zero| *v = clamp(round(*v) + zero as f64) as f64);
            result
        };
        let samples = reals.samples.iter().map(quantise).collect();
        Ok(Value::Integers(Integers { node, scale, offset, samples: Rc::new(samples), layer: None }))
    }

    /// Whether an argument promises values of a range.
    fn lies_within(&self, node: NodeId, lo: i64, hi: i64) -> bool {
        match &self.graph.node(node).kind {
            crate::node::NodeKind::Input(position) => {
                let declared = self.graph.inputs()[*position].declared.range();
                declared.is_some_and(|(least, greatest)| i128::from(lo) <= least && greatest <= hi.into())
            }
            _ => false,
        }
    }
}

/// What brings the sums of each scale and offset around 0, and how far they then reach with the margin, by examples.
fn centred(sum: &Integers, examples: &[ArrayD<f64>], margin: f64) -> (ArrayD<f64>, i64) {
    let mut groups: BTreeMap<(u64, u64), (f64, f64)> = BTreeMap::new();
    let key = |i: usize, scale: &[f64], offset: &[f64]| (scale[i].to_bits(), offset[i].to_bits());
    let scale: Vec<f64> = sum.scale.iter().copied().collect();
    let offset: Vec<f64> = sum.offset.iter().copied().collect();
    for sample in examples {
        for (i, &q) in sample.iter().enumerate() {
            let range = groups.entry(key(i, &scale, &offset)).or_insert((q, q));
            *range = (range.0.min(q), range.1.max(q));
        }
    }
    let shift_of = |range: (f64, f64)| -((range.0 + range.1) / 2.0).floor();
    let extent_of = |range: (f64, f64)| ((range.1 - range.0) / 2.0 + 1.0) * (1.0 + 2.0 * margin);
    let extent = groups.values().map(|range| extent_of(*range)).fold(1.0, f64::max).ceil() as i64;
    let shifts: Vec<f64> = (0..scale.len())
        .map(|i| groups.get(&key(i, &scale, &offset)).map_or(0.0, |range| shift_of(*range)))
        .collect();
    let shift = ArrayD::from_shape_vec(sum.scale.raw_dim(), shifts).expect("one for each element");
    (shift, extent)
}

/// Where a sum stands in its table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    /// Bits that are rounded away.
    removed: u32,
    /// What is added before, so that the boxes of the table lie evenly around 0.
    shift: i64,
}

impl Place {
    /// Of a sum that has entries of their own between two ends.
    fn of((lo, hi): (i64, i64), removed: u32) -> Self {
        let half_box = 1i64 << removed >> 1;
        Self { removed, shift: -half_box - (lo + hi + 1).div_euclid(2) }
    }

    /// With the fewest bits rounded away so that what stays fits the table, with room for noise at both ends where it is
    /// rounded approximately, and the table saturates for all that sums can be led to.
    fn rounded(own: (i64, i64), reached: (i64, i64), rounding: RoundTo) -> Self {
        let half = 1i64 << (rounding.bits - 1);
        let noise = match rounding.exactness {
            Exactness::Exact => 0,
            Exactness::Approximate => 1,
        };
        let (first, last) = (-(half - noise).max(1), (half - 1 - noise).max(1));
        let fits = |place: &Self| {
            let [lo, hi, least, greatest] = [own.0, own.1, reached.0, reached.1].map(|end| place.box_of(end));
            first <= lo
                && hi <= last
                && (reached == own
                    || folding_width(wide((lo, hi)), wide((least - noise, greatest + noise))).0
                        <= rounding.bits)
        };
        (0..62).map(|removed| Self::of(own, removed)).find(fits).unwrap_or(Self::of(own, 61))
    }

    fn box_of(&self, sum: i64) -> i64 {
        (sum + self.shift + (1i64 << self.removed >> 1)) >> self.removed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Integers of 8 bits fill a table of 7 bits with one bit rounded away, wherever they lie.
    #[test]
    fn sums_stand_evenly_in_their_tables() {
        let exact = |bits| RoundTo { bits, exactness: Exactness::Exact };
        for lo in -300..50 {
            let own = (lo, lo + 255);
            for (bits, removed) in [(8, 0), (7, 1), (6, 2), (4, 4)] {
                let place = Place::rounded(own, own, exact(bits));
                assert_eq!(place.removed, removed, "{own:?} to {bits}");
                let half = 1i64 << (bits - 1);
                assert_eq!(
                    (place.box_of(own.0), place.box_of(own.1)),
                    (-half, half - 1),
                    "{own:?} to {bits}"
                );
            }
            let approximate = RoundTo { bits: 6, exactness: Exactness::Approximate };
            let place = Place::rounded(own, own, approximate);
            assert!(
                place.removed == 3 && place.box_of(own.0) >= -31 && place.box_of(own.1) <= 30,
                "{place:?}"
            );
            // What can be led further by as much on either side needs a bit more, by three times as much two.
            for (further, removed) in [(128, 2), (384, 3)] {
                let reached = (lo - further, lo + 255 + further);
                let place = Place::rounded(own, reached, exact(7));
                assert_eq!(place.removed, removed, "{own:?} of {reached:?}");
            }
        }
    }
}
