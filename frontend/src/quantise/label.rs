//! Replies that are a label alone: what a client would decide by the scores is decided under encryption.
//!
//! One score is looked up: the table is everything the client would do with it. Of several scores the position of the
//! greatest is found by comparisons; what keeps their order, as softmax does, is left out. Sums are rounded before, to the
//! bits of results: scores that are equal then are equal, and of equal ones the first wins.

use super::grid::Grid;
use super::inputs::flat;
use super::lowering::Lowering;
use super::options::RoundTo;
use super::value::{Integers, Value};
use crate::model::op::Binary;
use crate::model::{Model, ModelError, ModelNode, ModelOp, ModelOutput, ValueId};
use cloakwork_abi::processing::{ClearStep, ClearValue, Function, Labels, apply_steps};
use cloakwork_ir::digits::Exactness;
use ndarray::{ArrayD, IxDyn};

/// The model with the label as its only output: that of the model, or the class with the greatest score; a single score
/// speaks for the second of two classes where it is above 0.
pub fn with_label_alone(model: &Model) -> Result<Model, ModelError> {
    let is_position = |output: &&ModelOutput| is_position(model, output.value);
    let of_model = model.outputs.iter().find(|output| output.labels.is_some());
    let mut model = model.clone();
    if let Some(output) = of_model.or_else(|| model.outputs.iter().find(is_position)) {
        model.outputs = vec![output.clone()];
        return Ok(model.without_unused());
    }
    let Some(scores) = model.outputs.first().cloned() else { return Ok(model) };
    let shape = model.nodes[scores.value.0].shape.clone();
    let (count, Some(&classes)) = (shape.iter().product::<usize>(), shape.last()) else {
        return Err(no_scores(&scores.name, &shape));
    };
    let mut push = |op, operands, shape| {
        model.nodes.push(ModelNode { name: scores.name.clone(), op, operands, shape });
        ValueId(model.nodes.len() - 1)
    };
    let (value, classes) = match count {
        1 => {
            let zero = push(ModelOp::Constant(ArrayD::zeros(IxDyn(&[]))), vec![], vec![]);
            (push(ModelOp::Binary(Binary::Greater), vec![scores.value, zero], shape), 2)
        }
        _ if count == classes => {
            let axis = shape.len() - 1;
            let op = ModelOp::ArgExtreme { is_greatest: true, axis, keep: false };
            (push(op, vec![scores.value], shape[..axis].to_vec()), classes)
        }
        _ => return Err(no_scores(&scores.name, &shape)),
    };
    let labels = Labels::Integers((0..classes as i64).collect());
    model.outputs = vec![ModelOutput { name: scores.name, value, labels: Some(labels) }];
    Ok(model.without_unused())
}

fn no_scores(name: &str, shape: &[usize]) -> ModelError {
    ModelError::new(
        name,
        format!("an output of shape {shape:?} where the reply is to be a label"),
        "the first output has a score for each class along its last axis",
        "ask for scores as the reply",
    )
}

fn is_position(model: &Model, mut at: ValueId) -> bool {
    while let ModelOp::Rearrange { .. } = model.nodes[at.0].op {
        at = model.nodes[at.0].operands[0];
    }
    matches!(model.nodes[at.0].op, ModelOp::ArgExtreme { .. })
}

/// A client's steps from scores to a label.
pub(crate) struct Decision {
    /// What the scores go through first; what only keeps their order is left out.
    pub(crate) before: Vec<ClearStep>,
    /// Whether the greatest score decides, or the least.
    pub(crate) is_greatest: bool,
    /// Axis of the scores.
    pub(crate) axis: usize,
    /// What the client does with the position, which keeps its axis.
    pub(crate) rest: Vec<ClearStep>,
}

/// How steps on scores of a shape find a position.
pub(crate) fn decision(steps: &[ClearStep], shape: &[usize]) -> Option<Decision> {
    let (at, axis, keep, is_greatest) = steps.iter().enumerate().find_map(|(i, step)| match step {
        ClearStep::ArgMax { axis, keep } => Some((i, *axis, *keep, true)),
        ClearStep::ArgMin { axis, keep } => Some((i, *axis, *keep, false)),
        _ => None,
    })?;
    let axis = usize::try_from(if axis < 0 { axis + shape.len() as i64 } else { axis }).ok()?;
    let last_change = steps[..at].iter().rposition(|step| !keeps_order(step));
    let mut after = shape.to_vec();
    *after.get_mut(axis)? = 1;
    let mut rest = vec![];
    if !keep {
        after.remove(axis);
        rest.push(ClearStep::Reshape { shape: after });
    }
    rest.extend_from_slice(&steps[at + 1..]);
    let before = steps[..last_change.map_or(0, |last| last + 1)].to_vec();
    Some(Decision { before, is_greatest, axis, rest })
}

/// Whether a greater element stays the greater one. Sums that vectors are divided by are taken to be positive.
fn keeps_order(step: &ClearStep) -> bool {
    match step {
        ClearStep::Softmax { .. }
        | ClearStep::LogSoftmax { .. }
        | ClearStep::Normalise(_)
        | ClearStep::Proportions => true,
        ClearStep::Affine { scale, offset } => {
            let is_one = |numbers: &[f64]| numbers.iter().all(|number| *number == numbers[0]);
            scale.first().is_some_and(|first| *first > 0.0) && is_one(scale) && is_one(offset)
        }
        ClearStep::Function(function) => match function {
            Function::Exp | Function::Sigmoid | Function::Tanh | Function::Softplus => true,
            Function::Affine { scale, .. } => *scale > 0.0,
            _ => false,
        },
        _ => false,
    }
}

/// The position that steps find for one score; 0 where it is none.
pub(crate) fn position_of_one(steps: &[ClearStep], shape: &[usize], score: f64) -> f64 {
    match apply_steps(steps, ArrayD::from_elem(IxDyn(shape), score)) {
        Ok(ClearValue::Reals(found)) => found.first().copied().filter(|v| v.is_finite()).unwrap_or(0.0),
        Ok(ClearValue::Integers(_) | ClearValue::Strings(_)) | Err(_) => 0.0,
    }
}

/// Steps up to the labels, and the labels.
pub(crate) fn before_labels(steps: &[ClearStep]) -> (&[ClearStep], Option<&Labels>) {
    match steps.split_last() {
        Some((ClearStep::Labels(labels), before)) => (before, Some(labels)),
        _ => (steps, None),
    }
}

/// Positions on the client: in the shape that the steps make, then the labels.
pub(crate) fn steps_of_one(steps: &[ClearStep], shape: &[usize]) -> Vec<ClearStep> {
    let (before, labels) = before_labels(steps);
    let after = match apply_steps(before, ArrayD::zeros(IxDyn(shape))) {
        Ok(ClearValue::Reals(found)) => found.shape().to_vec(),
        Ok(ClearValue::Integers(_) | ClearValue::Strings(_)) | Err(_) => shape.to_vec(),
    };
    let reshape = (after != shape).then_some(ClearStep::Reshape { shape: after });
    reshape.into_iter().chain(labels.cloned().map(ClearStep::Labels)).collect()
}

impl Lowering<'_> {
    /// The label as an integer, and what is left to the client.
    pub(super) fn label(
        &mut self,
        value: &Value,
        steps: Vec<ClearStep>,
    ) -> Result<(Integers, Vec<ClearStep>), ModelError> {
        let shape = value.shape();
        let (before, labels) = before_labels(&steps);
        let count = labels.map_or(1 << self.options.bits.model_outputs, Labels::count);
        let positions = Grid { scale: 1.0, zero: 0, lo: 0, hi: count.max(2) as i64 - 1 };
        if shape.iter().product::<usize>() == 1 {
            self.round_result(value)?;
            let (of_score, of_shape) = (before.to_vec(), shape.clone());
            let reals = self.mapped(value, "label", move |v| position_of_one(&of_score, &of_shape, v))?;
            return Ok((self.quantised(&reals, positions)?, steps_of_one(&steps, &shape)));
        }
        let Some(Decision { before, is_greatest, axis, rest }) = decision(&steps, &shape) else {
            return self.undecided(&steps);
        };
        let mut scores = value.clone();
        for step in &before {
            scores = match step {
                ClearStep::Function(function) => self.function(*function, &scores)?,
                ClearStep::Affine { scale, offset } => {
                    let known = |numbers: &[f64]| Value::Clear(ndarray::arr1(numbers).into_dyn());
                    let product = self.binary(Binary::Mul, &scores, &known(scale), &shape)?;
                    self.binary(Binary::Add, &product, &known(offset), &shape)?
                }
                _ => return self.undecided(&before),
            };
        }
        self.round_result(&scores)?;
        let reals = self.reals_of(&scores)?;
        let options = self.options;
        let grid =
            Grid::of(&flat(&reals.samples), options.bits.model_outputs, options.ranges, options.scales);
        let scores = self.quantised(&reals, grid)?;
        let mut after = shape.clone();
        after[axis] = 1;
        match self.position_of_integers(is_greatest, axis, &scores, &after)? {
            Value::Integers(position) => Ok((position, rest)),
            Value::Clear(_) | Value::Reals(_) => unreachable!("positions are integers"),
        }
    }

    fn undecided<T>(&self, steps: &[ClearStep]) -> Result<T, ModelError> {
        self.refused(
            format!("a label that {} steps find", steps.len()),
            "the label is the position of the greatest or least score, after functions of single scores",
            "ask for scores as the reply",
        )
    }

    /// Sums are rounded to the bits of results where nothing else was wished for, exactly: a step more or less would change labels.
    fn round_result(&mut self, value: &Value) -> Result<(), ModelError> {
        let Value::Integers(integers) = value else { return Ok(()) };
        let Some(layer) = integers.layer.clone() else { return Ok(()) };
        if self.narrowed.contains_key(&integers.node) {
            return Ok(());
        }
        let bits = self.options.bits.model_outputs;
        let default = RoundTo { bits: bits.max(2), exactness: Exactness::Exact };
        let rounding = self.options.rounding_at(&layer).unwrap_or(default);
        let narrowed = self.narrowed_sum(integers, Some(rounding), &layer)?;
        self.narrowed.insert(integers.node, narrowed);
        Ok(())
    }
}
