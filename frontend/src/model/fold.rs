//! A model with fewer operations that computes the same: factors and summands around products with known weights become
//! part of these, so that batch normalisation, scalers and projections cost nothing of their own.
//!
//! A chain of sums, products and matrix products with constants becomes `x · W + b`, a convolution `conv(x, W) + b`.
//! Weights on a grid ([`ModelOp::FakeQuantise`]) stay as they are.

use super::op::{Binary, ModelOp};
use super::{Budget, Model, ModelBuilder, ShapeError, ValueId};
use cloakwork_abi::processing::Function;
use ndarray::{ArrayD, Axis, Ix2, IxDyn};

impl Model {
    /// The same model with constants folded into weights.
    pub fn folded(&self) -> Result<Self, ShapeError> {
        let mut fold = Fold { builder: ModelBuilder::new(self.name.clone(), Budget::default()) };
        let inputs: Vec<ValueId> =
            self.inputs.iter().map(|input| fold.builder.input(input.clone())).collect::<Result<_, _>>()?;
        let mut new: Vec<ValueId> = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            fold.builder.at(node.name.clone());
            let operands: Vec<ValueId> = node.operands.iter().map(|operand| new[operand.0]).collect();
            new.push(match &node.op {
                ModelOp::Input(position) => inputs[*position],
                ModelOp::Constant(value) => fold.builder.constant(value.clone())?,
                op => fold.push(op, &operands)?,
            });
        }
        for output in &self.outputs {
            fold.builder.output(output.name.clone(), new[output.value.0], output.labels.clone());
        }
        Ok(fold.builder.finish())
    }
}

struct Fold {
    builder: ModelBuilder,
}

impl Fold {
    fn push(&mut self, op: &ModelOp, operands: &[ValueId]) -> Result<ValueId, ShapeError> {
        if let (ModelOp::Conv { strides, padding, dilations, groups }, [x, weights]) = (op, operands)
            && let Some((y, more)) = self.padded(*x)
        {
            let padding = padding.iter().zip(more).map(|(p, m)| (p.0 + m.0, p.1 + m.1)).collect();
            let (strides, dilations, groups) = (strides.clone(), dilations.clone(), *groups);
            return self.push(&ModelOp::Conv { strides, padding, dilations, groups }, &[y, *weights]);
        }
        match (op, operands) {
            (ModelOp::Binary(binary), [a, b]) => match (binary, self.is_constant(*a), self.is_constant(*b)) {
                (Binary::Add, true, false) => self.add(*b, *a),
                (Binary::Add, false, true) => self.add(*a, *b),
                (Binary::Mul, true, false) => self.multiply(*b, *a),
                (Binary::Mul, false, true) => self.multiply(*a, *b),
                (Binary::Sub, false, true) => {
                    let opposite = self.builder.function(Function::Neg, *b)?;
                    self.add(*a, opposite)
                }
                (Binary::Sub, true, false) => {
                    let minus = self.builder.scalar(-1.0)?;
                    let opposite = self.multiply(*b, minus)?;
                    self.add(opposite, *a)
                }
                (Binary::Div, false, true) if self.has_no_zero(*b) => {
                    let inverse = self.builder.function(Function::Reciprocal, *b)?;
                    self.multiply(*a, inverse)
                }
                _ => self.builder.push(op.clone(), operands),
            },
            (ModelOp::Function(Function::Neg), [x]) => self.affine(*x, -1.0, 0.0),
            (ModelOp::Function(Function::Affine { scale, offset }), [x]) => self.affine(*x, *scale, *offset),
            (ModelOp::MatMul, [x, weights]) if self.is_matrix(*weights) => self.matmul(*x, *weights),
            (ModelOp::Conv { groups: 1, .. }, [x, weights]) if self.is_plain(*weights) => {
                self.conv(op, *x, *weights)
            }
            _ => self.builder.push(op.clone(), operands),
        }
    }

    fn affine(&mut self, x: ValueId, scale: f64, offset: f64) -> Result<ValueId, ShapeError> {
        let (scale, summand) = (self.builder.scalar(scale)?, self.builder.scalar(offset)?);
        let scaled = self.multiply(x, scale)?;
        if offset == 0.0 { Ok(scaled) } else { self.add(scaled, summand) }
    }

    /// `x + b`
    fn add(&mut self, x: ValueId, b: ValueId) -> Result<ValueId, ShapeError> {
        if let Some((y, summand)) = self.with_constant(Binary::Add, x)
            && self.keeps_shape(y, &[summand, b])
        {
            let both = self.builder.binary(Binary::Add, summand, b)?;
            return self.builder.binary(Binary::Add, y, both);
        }
        self.builder.binary(Binary::Add, x, b)
    }

    /// `x · c`
    fn multiply(&mut self, x: ValueId, c: ValueId) -> Result<ValueId, ShapeError> {
        if !self.keeps_shape(x, &[c]) {
            return self.builder.binary(Binary::Mul, x, c);
        }
        if let Some((y, summand)) = self.with_constant(Binary::Add, x)
            && self.keeps_shape(y, &[summand])
        {
            let scaled = self.multiply(y, c)?;
            let summand = self.builder.binary(Binary::Mul, summand, c)?;
            return self.add(scaled, summand);
        }
        if let Some((y, factor)) = self.with_constant(Binary::Mul, x)
            && self.keeps_shape(y, &[factor])
        {
            let both = self.builder.binary(Binary::Mul, factor, c)?;
            return self.multiply(y, both);
        }
        let node = self.builder.node(x);
        let (op, operands) = (node.op.clone(), node.operands.clone());
        match (&op, operands.as_slice()) {
            (ModelOp::MatMul, [y, weights]) if self.is_matrix(*weights) => {
                if let Some(c) = self.along(c, x, self.rank(x) - 1) {
                    let c = self.builder.constant(c)?;
                    let weights = self.builder.binary(Binary::Mul, *weights, c)?;
                    return self.builder.push(op, &[*y, weights]);
                }
            }
            (ModelOp::Conv { .. }, [y, weights]) if self.is_plain(*weights) => {
                if let Some(c) = self.along(c, x, 1) {
                    let mut shape = vec![1; self.rank(*weights)];
                    shape[0] = c.len();
                    let c = self.builder.constant(c.into_shape_with_order(shape).expect("as many"))?;
                    let weights = self.builder.binary(Binary::Mul, *weights, c)?;
                    return self.builder.push(op, &[*y, weights]);
                }
            }
            _ => {}
        }
        self.builder.binary(Binary::Mul, x, c)
    }

    /// `x · W`
    fn matmul(&mut self, x: ValueId, weights: ValueId) -> Result<ValueId, ShapeError> {
        let rank = self.rank(x);
        if rank > 0 {
            if let Some((y, summand)) = self.with_constant(Binary::Add, x)
                && self.keeps_shape(y, &[summand])
                && let Some(summand) = self.along(summand, x, rank - 1)
            {
                let product = self.matmul(y, weights)?;
                let summand = self.builder.constant(summand)?;
                let moved = self.builder.push(ModelOp::MatMul, &[summand, weights])?;
                return self.add(product, moved);
            }
            if let Some((y, factor)) = self.with_constant(Binary::Mul, x)
                && self.keeps_shape(y, &[factor])
                && let Some(factor) = self.along(factor, x, rank - 1)
            {
                let column = factor.insert_axis(Axis(1));
                let column = self.builder.constant(column)?;
                let weights = self.builder.binary(Binary::Mul, weights, column)?;
                return self.matmul(y, weights);
            }
            let node = self.builder.node(x);
            if let (ModelOp::MatMul, [y, first]) = (&node.op, node.operands.as_slice()) {
                let (y, first) = (*y, *first);
                let elements = |id: ValueId| self.builder.shape(id).iter().product::<usize>();
                let joined = || self.builder.shape(first)[0] * self.builder.shape(weights)[1];
                if self.is_matrix(first) && joined() <= elements(first) + elements(weights) {
                    let both = self.builder.push(ModelOp::MatMul, &[first, weights])?;
                    return self.matmul(y, both);
                }
            }
        }
        self.builder.push(ModelOp::MatMul, &[x, weights])
    }

    /// A factor of everything that is convolved, or of its channels, is one of the weights. (A summand is not, for padding
    /// is 0.)
    fn conv(&mut self, op: &ModelOp, x: ValueId, weights: ValueId) -> Result<ValueId, ShapeError> {
        if let Some((y, factor)) = self.with_constant(Binary::Mul, x)
            && self.keeps_shape(y, &[factor])
            && let Some(factor) = self.along(factor, x, 1)
        {
            let mut shape = vec![1; self.rank(weights)];
            shape[1] = factor.len();
            let factor = self.builder.constant(factor.into_shape_with_order(shape).expect("as many"))?;
            let weights = self.builder.binary(Binary::Mul, weights, factor)?;
            return self.builder.push(op.clone(), &[y, weights]);
        }
        self.builder.push(op.clone(), &[x, weights])
    }

    /// What a value was before zeros were put around its spatial axes, and how many.
    fn padded(&self, id: ValueId) -> Option<(ValueId, Vec<(usize, usize)>)> {
        let node = self.builder.node(id);
        let (ModelOp::Rearrange { positions }, [joined]) = (&node.op, node.operands.as_slice()) else {
            return None;
        };
        let joined = self.builder.node(*joined);
        let (ModelOp::Concat { axis: 1 }, [flat, zero]) = (&joined.op, joined.operands.as_slice()) else {
            return None;
        };
        let is_zero =
            self.builder.known(*zero).is_some_and(|zero| zero.len() == 1 && zero.iter().all(|v| *v == 0.0));
        let flat = self.builder.node(*flat);
        let (ModelOp::Rearrange { positions: order }, [source]) = (&flat.op, flat.operands.as_slice()) else {
            return None;
        };
        let (from, to) = (self.builder.shape(*source), positions.shape());
        let count: usize = from.iter().product();
        let is_whole = order.len() == count && order.iter().copied().eq(0..count);
        if !is_zero || !is_whole || from.len() != to.len() || from.len() < 3 || from[..2] != to[..2] {
            return None;
        }
        let (corner, _) = positions.indexed_iter().find(|(_, position)| **position < count)?;
        let before = ndarray::Dimension::slice(&corner)[2..].to_vec();
        let padding: Vec<(usize, usize)> = (0..before.len())
            .map(|i| Some((before[i], to[2 + i].checked_sub(from[2 + i] + before[i])?)))
            .collect::<Option<_>>()?;
        let expected = |place: &[usize]| {
            let mut at = place[0] * from[1] + place[1];
            for (i, size) in from[2..].iter().enumerate() {
                match place[2 + i].checked_sub(before[i]).filter(|inside| inside < size) {
                    Some(inside) => at = at * size + inside,
                    None => return count,
                }
            }
            at
        };
        let mut all = positions.indexed_iter();
        all.all(|(place, position)| *position == expected(ndarray::Dimension::slice(&place)))
            .then_some((*source, padding))
    }

    /// The operand and the constant of a sum or product with a constant, which stands second.
    fn with_constant(&self, binary: Binary, x: ValueId) -> Option<(ValueId, ValueId)> {
        let node = self.builder.node(x);
        match (&node.op, node.operands.as_slice()) {
            (ModelOp::Binary(found), [y, constant]) if *found == binary && self.is_constant(*constant) => {
                Some((*y, *constant))
            }
            _ => None,
        }
    }

    /// Whether constants are broadcast to the value, and not the other way around.
    fn keeps_shape(&self, x: ValueId, constants: &[ValueId]) -> bool {
        let shape = self.builder.shape(x);
        constants.iter().all(|constant| {
            let small = self.builder.shape(*constant);
            small.len() <= shape.len()
                && small.iter().rev().zip(shape.iter().rev()).all(|(s, x)| s == x || *s == 1)
        })
    }

    /// The numbers of a constant along one axis of a value, if it differs along no other.
    fn along(&self, constant: ValueId, x: ValueId, axis: usize) -> Option<ArrayD<f64>> {
        let (value, shape) = (self.builder.known(constant)?, self.builder.shape(x));
        let first = shape.len().checked_sub(value.ndim())?;
        let is_elsewhere = |(i, size): (usize, &usize)| first + i != axis && *size != 1;
        if value.shape().iter().enumerate().any(is_elsewhere) {
            return None;
        }
        let numbers: Vec<f64> = match value.len() {
            1 => vec![value.first().copied()?; shape[axis]],
            _ => value.iter().copied().collect(),
        };
        ArrayD::from_shape_vec(IxDyn(&[shape[axis]]), numbers).ok()
    }

    fn rank(&self, id: ValueId) -> usize {
        self.builder.shape(id).len()
    }

    fn is_constant(&self, id: ValueId) -> bool {
        self.builder.known(id).is_some()
    }

    /// Known and on no grid.
    fn is_plain(&self, id: ValueId) -> bool {
        matches!(self.builder.node(id).op, ModelOp::Constant(_))
    }

    fn is_matrix(&self, id: ValueId) -> bool {
        match &self.builder.node(id).op {
            ModelOp::Constant(value) => value.view().into_dimensionality::<Ix2>().is_ok(),
            _ => false,
        }
    }

    fn has_no_zero(&self, id: ValueId) -> bool {
        self.builder.known(id).is_some_and(|value| value.iter().all(|v| *v != 0.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ModelInput;
    use ndarray::{arr1, arr2};

    /// Names of operations but arguments and constants.
    fn kinds(model: &Model) -> Vec<&'static str> {
        let kind = |op: &ModelOp| match op {
            ModelOp::Input(_) | ModelOp::Constant(_) => None,
            ModelOp::MatMul => Some("matmul"),
            ModelOp::Conv { .. } => Some("conv"),
            ModelOp::Binary(Binary::Add) => Some("add"),
            ModelOp::Binary(Binary::Mul) => Some("mul"),
            ModelOp::FakeQuantise(_) => Some("quantise"),
            _ => Some("other"),
        };
        model.nodes.iter().filter_map(|node| kind(&node.op)).collect()
    }

    fn builder(shape: &[usize]) -> (ModelBuilder, ValueId) {
        let mut builder = ModelBuilder::new("main", Budget::default());
        let input = ModelInput { name: "x".into(), shape: shape.to_vec(), is_clear: false };
        let x = builder.input(input).expect("fits");
        (builder, x)
    }

    fn check(builder: ModelBuilder, expected: &[&str]) {
        let model = builder.finish();
        let folded = model.folded().expect("folds");
        assert_eq!(kinds(&folded), expected);
        let shape = &model.inputs[0].shape;
        let count: usize = shape.iter().product();
        let sample = (0..count).map(|i| (i as f64 * 1.7).sin()).collect();
        let sample = [ArrayD::from_shape_vec(shape.clone(), sample).expect("as many")];
        let (wanted, found) = (model.predict(&sample).expect("runs"), folded.predict(&sample).expect("runs"));
        for (wanted, found) in wanted.iter().flatten().zip(found.iter().flatten()) {
            assert!((wanted - found).abs() < 1e-9, "{wanted} {found}");
        }
    }

    #[test]
    fn a_scaler_and_a_projection_become_part_of_the_first_layer() {
        let (mut b, x) = builder(&[1, 3]);
        let mean = b.constant(arr1(&[1.0, 2.0, 3.0]).into_dyn()).expect("fits");
        let deviation = b.constant(arr1(&[2.0, 4.0, 0.5]).into_dyn()).expect("fits");
        let axes =
            b.constant(arr2(&[[1.0, 0.5, 2.0], [0.0, 1.0, 3.0], [2.0, -1.0, 1.0]]).into_dyn()).expect("fits");
        let weights = b.constant(arr2(&[[1.0], [2.0], [-1.0]]).into_dyn()).expect("fits");
        let centred = b.binary(Binary::Sub, x, mean).expect("fits");
        let scaled = b.binary(Binary::Div, centred, deviation).expect("fits");
        let projected = b.push(ModelOp::MatMul, &[scaled, axes]).expect("fits");
        let y = b.push(ModelOp::MatMul, &[projected, weights]).expect("fits");
        let y = b.function(Function::Affine { scale: 2.0, offset: 1.0 }, y).expect("fits");
        b.output("y", y, None);
        check(b, &["matmul", "add"]);
    }

    #[test]
    fn batch_normalisation_becomes_part_of_a_convolution() {
        let (mut b, x) = builder(&[1, 2, 4, 4]);
        let weights =
            ArrayD::from_shape_fn(vec![3, 2, 2, 2], |i| i[0] as f64 - i[1] as f64 + 0.5 * i[3] as f64);
        let weights = b.constant(weights).expect("fits");
        let strides = vec![1, 1];
        let conv = ModelOp::Conv { strides, padding: vec![(1, 1); 2], dilations: vec![1, 1], groups: 1 };
        let halved = b.function(Function::Affine { scale: 0.5, offset: 0.0 }, x).expect("fits");
        let y = b.push(conv, &[halved, weights]).expect("fits");
        let factor = b.constant(ArrayD::from_shape_fn(vec![3, 1, 1], |i| 1.0 + i[0] as f64)).expect("fits");
        let y = b.binary(Binary::Mul, factor, y).expect("fits");
        let y = b.binary(Binary::Sub, y, factor).expect("fits");
        let y = b.binary(Binary::Add, y, factor).expect("fits");
        b.output("y", y, None);
        check(b, &["conv", "add"]);
    }

    #[test]
    fn zeros_around_a_value_become_padding() {
        let (mut b, x) = builder(&[1, 2, 3, 3]);
        let flat = b.reshape(x, &[1, 18]).expect("fits");
        let zero = b.constant(ArrayD::zeros(vec![1, 1])).expect("fits");
        let joined = b.push(ModelOp::Concat { axis: 1 }, &[flat, zero]).expect("fits");
        // One row above, two columns behind.
        let positions = ArrayD::from_shape_fn(vec![1, 2, 4, 5], |i| {
            let is_inside = i[2] >= 1 && i[3] < 3;
            if is_inside { i[1] * 9 + (i[2] - 1) * 3 + i[3] } else { 18 }
        });
        let padded = b.push(ModelOp::Rearrange { positions }, &[joined]).expect("fits");
        let weights = b.constant(ArrayD::from_elem(vec![1, 2, 2, 2], 0.5)).expect("fits");
        let conv =
            ModelOp::Conv { strides: vec![1, 1], padding: vec![(0, 1); 2], dilations: vec![1, 1], groups: 1 };
        let y = b.push(conv, &[padded, weights]).expect("fits");
        b.output("y", y, None);
        check(b, &["conv"]);
    }

    #[test]
    fn a_narrow_product_is_not_made_wide() {
        let (mut b, x) = builder(&[1, 8]);
        let narrow = b.constant(ArrayD::from_elem(vec![8, 1], 0.5)).expect("fits");
        let wide = b.constant(ArrayD::from_elem(vec![1, 8], 0.5)).expect("fits");
        let y = b.push(ModelOp::MatMul, &[x, narrow]).expect("fits");
        let y = b.push(ModelOp::MatMul, &[y, wide]).expect("fits");
        b.output("y", y, None);
        check(b, &["matmul", "matmul"]);
    }

    #[test]
    fn what_grows_by_a_constant_stays() {
        let (mut b, x) = builder(&[1, 1]);
        let c = b.constant(arr1(&[1.0, 2.0]).into_dyn()).expect("fits");
        let y = b.binary(Binary::Add, x, c).expect("fits");
        let y = b.binary(Binary::Mul, y, c).expect("fits");
        b.output("y", y, None);
        check(b, &["add", "mul"]);
    }
}
