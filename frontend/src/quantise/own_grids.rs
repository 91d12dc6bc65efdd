//! Values between layers whose elements have grids of their own: the bits of each then tell apart what it reaches, and what
//! inputs can lead the sums behind it to is less. That costs nothing where each element is a channel, with a table of its own,
//! and where all that take the value multiply it by a matrix, whose weights take up the scales.

use super::grid::{Grid, range};
use super::lowering::Lowering;
use super::options::{Granularity, InputScales, Scales};
use super::value::{Integers, Reals, Value};
use crate::elementwise::Binary as Elementwise;
use crate::model::op::Binary;
use crate::model::{ModelError, ModelOp, ValueId};
use ndarray::ArrayD;
use std::rc::Rc;

/// The least part of the widest range that an element gets: samples say little of one that hardly ever changes.
const LEAST_SHARE: f64 = 0.25;

impl Lowering<'_> {
    /// Rounds a value to grids of its elements, if they may have some; whoever asks for its integers later gets these.
    pub(super) fn give_own_grids(&mut self, id: ValueId, value: &Value) -> Result<(), ModelError> {
        let Value::Reals(reals) = value else { return Ok(()) };
        if self.rounded.contains_key(&reals.node) || !self.may_have_own_grids(id) {
            return Ok(());
        }
        let integers = self.on_own_grids(reals)?;
        self.rounded.insert(reals.node, integers);
        Ok(())
    }

    fn may_have_own_grids(&self, id: ValueId) -> bool {
        let options = self.options;
        let shape = &self.model.nodes[id.0].shape;
        let is_alone = |user: ValueId| {
            let node = &self.model.nodes[user.0];
            matches!(node.op, ModelOp::MatMul) && node.operands[0] == id && self.is_constant(node.operands[1])
        };
        options.inputs == InputScales::Automatic
            && options.weights == Granularity::PerChannel
            && options.scales == Scales::Affine
            && matches!(shape.as_slice(), [1, _])
            && !self.is_output(id)
            && self.users(id).all(is_alone)
            && self.is_function_of_product(id)
    }

    /// Whether a value is a function, element by element, of a product with a matrix.
    fn is_function_of_product(&self, id: ValueId) -> bool {
        let node = &self.model.nodes[id.0];
        match &node.op {
            ModelOp::MatMul => true,
            ModelOp::Function(_) => self.is_function_of_product(node.operands[0]),
            ModelOp::Binary(Binary::Add | Binary::Sub | Binary::Mul | Binary::Div) => {
                let mut variable = node.operands.iter().filter(|operand| !self.is_constant(**operand));
                let first = variable.next().copied();
                variable.next().is_none() && first.is_some_and(|first| self.is_function_of_product(first))
            }
            _ => false,
        }
    }

    fn is_constant(&self, id: ValueId) -> bool {
        matches!(self.model.nodes[id.0].op, ModelOp::Constant(_))
    }

    fn on_own_grids(&mut self, reals: &Reals) -> Result<Integers, ModelError> {
        let (bits, rule, scales) = (self.options.bits.op_inputs, self.options.ranges, self.options.scales);
        let shape = self.graph.node(reals.node).shape.clone();
        let count: usize = shape.iter().product();
        let of_element = |i: usize| -> Vec<f64> {
            reals.samples.iter().filter_map(|sample| sample.iter().nth(i).copied()).collect()
        };
        let all: Vec<Vec<f64>> = (0..count).map(of_element).collect();
        let extent = |reals: &Vec<f64>| {
            let (least, greatest) = range(reals);
            greatest - least
        };
        let widest = all.iter().map(extent).fold(0.0, f64::max);
        let grid = |reals: &Vec<f64>| match extent(reals) >= LEAST_SHARE * widest {
            true => Grid::of(reals, bits, rule, scales),
            false => {
                let (least, _) = range(reals);
                Grid::of_range(least, least + LEAST_SHARE * widest, bits, scales)
            }
        };
        let grids: Vec<Grid> = all.iter().map(grid).collect();
        let each = |of: &dyn Fn(&Grid) -> f64| {
            ArrayD::from_shape_vec(shape.clone(), grids.iter().map(of).collect())
                .expect("one for each element")
        };
        // All begin with 0.
        let scale = each(&|grid| grid.scale);
        let zero = each(&|grid| (grid.zero - grid.lo) as f64);
        let hi = (1i64 << bits) - 1;
        let round = move |v: f64| if v.is_nan() { 0.0 } else { v.round_ties_even() };
        let node = self.by_known(Elementwise::Div, reals.node, &scale, 1.0)?;
        let node = self.rounded_reals(node, round)?;
        let node = self.by_known(Elementwise::Add, node, &zero, 0.0)?;
        let node = self.rounded(node, move |v| (v as i64).clamp(0, hi))?;
        self.spans_from(node, 0, hi);
        let quantise = |sample: &ArrayD<f64>| {
            let integers = (sample / &scale).mapv(round) + &zero;
            integers.mapv(|v| (v as i64).clamp(0, hi) as f64)
        };
        let samples = Rc::new(reals.samples.iter().map(quantise).collect());
        let offset = -(&scale * &zero);
        Ok(Integers { node, scale, offset, samples, layer: None })
    }
}
