//! The only way to make a [`super::Model`]: each operation is checked when it is added, and computed at once if all its
//! operands are constants.
//!
//! Memory and time are bounded by a [`Budget`] before anything is allocated, since what is built may come from a file that
//! nobody trusts.

use super::evaluate::compute;
use super::op::{Binary, FakeQuantise, ModelOp};
use super::shape::{self, ShapeError, fail};
use super::{Model, ModelInput, ModelNode, ModelOutput, ValueId};
use cloakwork_abi::processing::{Function, Labels};
use ndarray::{ArrayD, IxDyn};
use std::collections::{BTreeMap, BTreeSet};

/// Builds a model, operands before users.
#[derive(Debug)]
pub struct ModelBuilder {
    model: Model,
    budget: Budget,
    /// What the node that is being added is called.
    at: String,
    /// What [`ModelOp::FakeQuantise`] of a constant is. It stays an operation, so that the grid of weights is known.
    quantised: BTreeMap<ValueId, ArrayD<f64>>,
}

/// What a model may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Elements of all values together.
    pub elements: usize,
    /// Multiplications and the like to compute constants.
    pub work: usize,
    /// Number of values.
    pub values: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self { elements: 1 << 30, work: 1 << 36, values: 1 << 20 }
    }
}

impl ModelBuilder {
    /// An empty model.
    pub fn new(name: impl Into<String>, budget: Budget) -> Self {
        let model = Model { name: name.into(), inputs: Vec::new(), nodes: Vec::new(), outputs: Vec::new() };
        Self { model, budget, at: String::new(), quantised: BTreeMap::new() }
    }

    /// Names what is added from here on.
    pub fn at(&mut self, name: impl Into<String>) {
        self.at = name.into();
    }

    /// One more argument.
    pub fn input(&mut self, input: ModelInput) -> Result<ValueId, ShapeError> {
        if input.shape.first() != Some(&1) {
            return fail(
                format!("input `{}` of shape {:?}", input.name, input.shape),
                "axis 0 is that of the samples and has size 1",
            );
        }
        let shape = input.shape.clone();
        self.spend(&shape)?;
        let position = self.model.inputs.len();
        self.at(input.name.clone());
        self.model.inputs.push(input);
        self.add(ModelOp::Input(position), vec![], shape)
    }

    /// Known reals.
    pub fn constant(&mut self, value: ArrayD<f64>) -> Result<ValueId, ShapeError> {
        let shape = value.shape().to_vec();
        self.spend(&shape)?;
        self.add(ModelOp::Constant(value), vec![], shape)
    }

    /// One known real.
    pub fn scalar(&mut self, value: f64) -> Result<ValueId, ShapeError> {
        self.constant(ArrayD::from_elem(IxDyn(&[]), value))
    }

    /// The result of an operation.
    pub fn push(&mut self, op: ModelOp, operands: &[ValueId]) -> Result<ValueId, ShapeError> {
        if let (ModelOp::Rearrange { .. }, [x]) = (&op, operands)
            && let Some(quantise) = self.quantised_whole(*x)
        {
            let source = self.model.nodes[x.0].operands[0];
            let moved = self.push(op, &[source])?;
            return self.push(ModelOp::FakeQuantise(quantise), &[moved]);
        }
        if let Some(missing) = operands.iter().find(|id| id.0 >= self.model.nodes.len()) {
            return fail(format!("value {}", missing.0), "operands are added before their users");
        }
        let shapes: Vec<&[usize]> = operands.iter().map(|id| self.shape(*id)).collect();
        let shape = shape::infer(&op, &shapes)?;
        let work = work(&op, &shapes, &shape);
        self.spend(&shape)?;
        let constants: Option<Vec<&ArrayD<f64>>> = operands.iter().map(|id| self.known(*id)).collect();
        match constants {
            Some(constants) if !constants.is_empty() => {
                let left = self.budget.work.checked_sub(work);
                let Some(left) = left else {
                    return fail(
                        "constants that take too long to compute",
                        "a model whose constants are stored",
                    );
                };
                let value = compute(&op, &constants, &shape);
                self.budget.work = left;
                if let ModelOp::FakeQuantise(_) = op {
                    let id = self.add(op, operands.to_vec(), shape)?;
                    self.quantised.insert(id, value);
                    return Ok(id);
                }
                self.add(ModelOp::Constant(value), vec![], shape)
            }
            _ => self.add(op, operands.to_vec(), shape),
        }
    }

    /// A function of each element.
    pub fn function(&mut self, function: Function, x: ValueId) -> Result<ValueId, ShapeError> {
        self.push(ModelOp::Function(function), &[x])
    }

    /// A function of two values.
    pub fn binary(&mut self, binary: Binary, a: ValueId, b: ValueId) -> Result<ValueId, ShapeError> {
        self.push(ModelOp::Binary(binary), &[a, b])
    }

    /// The same elements in another shape.
    pub fn reshape(&mut self, x: ValueId, shape: &[usize]) -> Result<ValueId, ShapeError> {
        if self.shape(x) == shape {
            return Ok(x);
        }
        let count = shape::elements(self.shape(x))?;
        if shape::elements(shape)? != count {
            return fail(
                format!("{count} elements of shape {:?}", self.shape(x)),
                format!("as many as shape {shape:?} has"),
            );
        }
        self.spend(shape)?;
        let positions = ArrayD::from_shape_vec(IxDyn(shape), (0..count).collect()).expect("as many elements");
        self.push(ModelOp::Rearrange { positions }, &[x])
    }

    /// Elements at other places; `move_positions` gets the row-major positions in the shape of the value. It must make
    /// a result of at most `elements` elements.
    pub fn rearrange(
        &mut self,
        x: ValueId,
        elements: usize,
        move_positions: impl FnOnce(ArrayD<usize>) -> ArrayD<usize>,
    ) -> Result<ValueId, ShapeError> {
        let shape = self.shape(x).to_vec();
        let count = shape::elements(&shape)?;
        self.spend(&[elements.max(count)])?;
        let all = ArrayD::from_shape_vec(IxDyn(&shape), (0..count).collect()).expect("as many elements");
        let positions = move_positions(all).as_standard_layout().into_owned();
        self.push(ModelOp::Rearrange { positions }, &[x])
    }

    /// Names a result.
    pub fn output(&mut self, name: impl Into<String>, value: ValueId, labels: Option<Labels>) {
        self.model.outputs.push(ModelOutput { name: name.into(), value, labels });
    }

    /// The shape of a value.
    pub fn shape(&self, id: ValueId) -> &[usize] {
        &self.model.nodes[id.0].shape
    }

    /// The value, if it is a constant.
    pub fn known(&self, id: ValueId) -> Option<&ArrayD<f64>> {
        match &self.model.nodes[id.0].op {
            ModelOp::Constant(value) => Some(value),
            _ => self.quantised.get(&id),
        }
    }

    /// How a value comes about.
    pub fn node(&self, id: ValueId) -> &ModelNode {
        &self.model.nodes[id.0]
    }

    /// Counts elements that are about to be made.
    pub fn spend(&mut self, shape: &[usize]) -> Result<(), ShapeError> {
        let count = shape::elements(shape)?;
        match self.budget.elements.checked_sub(count) {
            Some(left) => {
                self.budget.elements = left;
                Ok(())
            }
            None => fail(
                format!("a value of shape {shape:?}, for which no memory is left"),
                "values have at most as many elements together as the model's size explains",
            ),
        }
    }

    /// The model, without what no result needs. Quantised constants stay such only as weights.
    pub fn finish(mut self) -> Model {
        let outputs: BTreeSet<ValueId> = self.model.outputs.iter().map(|output| output.value).collect();
        let mut plain = BTreeSet::new();
        for node in &self.model.nodes {
            let takes_weights = matches!(node.op, ModelOp::MatMul | ModelOp::Conv { .. });
            if !takes_weights {
                plain.extend(node.operands.iter().filter(|id| self.quantised.contains_key(id)).copied());
            }
        }
        for (id, value) in self.quantised {
            if plain.contains(&id) || outputs.contains(&id) {
                let node = &mut self.model.nodes[id.0];
                (node.op, node.operands) = (ModelOp::Constant(value), vec![]);
            }
        }
        self.model.without_unused()
    }

    /// How a quantised constant is quantised, if all of it is quantised alike.
    fn quantised_whole(&self, id: ValueId) -> Option<FakeQuantise> {
        match &self.model.nodes.get(id.0)?.op {
            ModelOp::FakeQuantise(quantise)
                if quantise.axis.is_none() && self.quantised.contains_key(&id) =>
            {
                Some(quantise.clone())
            }
            _ => None,
        }
    }

    fn add(&mut self, op: ModelOp, operands: Vec<ValueId>, shape: Vec<usize>) -> Result<ValueId, ShapeError> {
        if self.model.nodes.len() >= self.budget.values {
            return fail(format!("more than {} values", self.budget.values), "a smaller model");
        }
        self.model.nodes.push(ModelNode { name: self.at.clone(), op, operands, shape });
        Ok(ValueId(self.model.nodes.len() - 1))
    }
}

/// How much computing an operation takes, roughly.
fn work(op: &ModelOp, operands: &[&[usize]], result: &[usize]) -> usize {
    let count = |shape: &[usize]| shape.iter().fold(1usize, |product, size| product.saturating_mul(*size));
    let each = match op {
        ModelOp::MatMul => operands[0].last().copied().unwrap_or(1),
        ModelOp::Conv { .. } => count(&operands[1][1..]),
        ModelOp::Pool { window, .. } => count(window),
        ModelOp::Trees(ensemble) => ensemble.trees.len().saturating_mul(1 << 10),
        ModelOp::Input(_)
        | ModelOp::Constant(_)
        | ModelOp::Function(_)
        | ModelOp::Binary(_)
        | ModelOp::Select
        | ModelOp::Reduce { .. }
        | ModelOp::ArgExtreme { .. }
        | ModelOp::Softmax { .. }
        | ModelOp::Rearrange { .. }
        | ModelOp::Concat { .. }
        | ModelOp::FakeQuantise(_) => 1,
    };
    let read = operands.iter().fold(0usize, |sum, shape| sum.saturating_add(count(shape)));
    count(result).saturating_mul(each.max(1)).saturating_add(read)
}
