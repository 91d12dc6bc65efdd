//! Which part of a model needs no encryption: the steps before the first operation that mixes elements, and those after
//! the last one. The client takes them, so that client and server together compute exactly the model.
//!
//! Before: functions of single elements, scaling, norms; a projection only if trees follow, which compare single elements.
//! After: functions of single elements, scaling, softmax, positions of extremes, labels. Of a model that has nothing else,
//! nothing is taken away.

use super::op::{Binary, ModelOp, Reduce};
use super::shape::elements;
use super::{Model, ModelInput, ModelNode, ModelOutput, ValueId};
use cloakwork_abi::processing::{ClearStep, Function, Norm};
use ndarray::ArrayD;

/// A model in three parts.
#[derive(Clone, Debug)]
pub struct Split {
    /// What is computed encrypted, between the clear steps. It hands out positions, not labels.
    pub middle: Model,
    /// Steps on each input, in order.
    pub before: Vec<Vec<ClearStep>>,
    /// Steps on each output, in order.
    pub after: Vec<Vec<ClearStep>>,
}

impl Model {
    /// The model without what a client can do.
    pub fn split(&self) -> Split {
        let mut middle = self.clone();
        let mut after = Vec::new();
        for position in 0..middle.outputs.len() {
            after.push(take_after(&mut middle, position));
        }
        middle = middle.without_unused();
        let mut before = Vec::new();
        for position in 0..middle.inputs.len() {
            before.push(take_before(&mut middle, position));
        }
        Split { middle: middle.without_unused(), before, after }
    }
}

/// Moves an output back to where the client can go on.
fn take_after(model: &mut Model, position: usize) -> Vec<ClearStep> {
    let output = &model.outputs[position];
    let labels = output.labels.clone().map(ClearStep::Labels);
    let mut steps = Vec::new();
    let mut at = output.value;
    while let Some((source, taken)) = step_back(model, at) {
        steps.splice(0..0, taken);
        at = source;
    }
    // What depends on an argument alone and element by element is no model to compute encrypted.
    if matches!(model.nodes[at.0].op, ModelOp::Input(_) | ModelOp::Constant(_)) {
        (at, steps) = (output.value, Vec::new());
    }
    steps.extend(labels);
    model.outputs[position] = ModelOutput { value: at, labels: None, ..model.outputs[position].clone() };
    steps
}

/// The value before an operation that a client can do, and how it does it.
fn step_back(model: &Model, at: ValueId) -> Option<(ValueId, Vec<ClearStep>)> {
    let node = &model.nodes[at.0];
    let step = |source: ValueId, step: ClearStep| Some((source, vec![step]));
    match (&node.op, node.operands.as_slice()) {
        (ModelOp::Softmax { axis, log }, [x]) => {
            let axis = *axis as i64;
            step(*x, if *log { ClearStep::LogSoftmax { axis } } else { ClearStep::Softmax { axis } })
        }
        (ModelOp::ArgExtreme { is_greatest, axis, keep }, [x]) => {
            let (axis, keep) = (*axis as i64, *keep);
            step(
                *x,
                if *is_greatest {
                    ClearStep::ArgMax { axis, keep }
                } else {
                    ClearStep::ArgMin { axis, keep }
                },
            )
        }
        (ModelOp::Rearrange { positions }, [x]) if is_reshape(model, *x, positions) => {
            step(*x, ClearStep::Reshape { shape: node.shape.clone() })
        }
        (ModelOp::Concat { axis }, [a, b]) if *axis + 1 == node.shape.len() => two_scores(model, *a, *b),
        _ => elementwise(model, at).or_else(|| normalised(model, at)),
    }
}

/// Moves an input forward to where the program must begin.
fn take_before(model: &mut Model, position: usize) -> Vec<ClearStep> {
    let is_input = |node: &ModelNode| matches!(node.op, ModelOp::Input(found) if found == position);
    let Some(start) = model.nodes.iter().position(is_input).map(ValueId) else { return Vec::new() };
    let mut steps = Vec::new();
    let mut at = start;
    while let Some((next, taken)) = step_forward(model, at) {
        if model.outputs.iter().any(|output| output.value == next) {
            return Vec::new();
        }
        steps.extend(taken);
        at = next;
    }
    // Shapes alone are moved at no cost.
    if steps.iter().all(|step| matches!(step, ClearStep::Reshape { .. })) {
        return Vec::new();
    }
    let shape = model.nodes[at.0].shape.clone();
    if shape.first() != Some(&1) {
        return Vec::new();
    }
    model.inputs[position] = ModelInput { shape, ..model.inputs[position].clone() };
    let name = model.nodes[start.0].name.clone();
    // The argument stands where its last clear step stood; what it was made of is no longer used.
    let nothing = ModelNode {
        name: name.clone(),
        op: ModelOp::Constant(ArrayD::zeros(vec![])),
        operands: vec![],
        shape: vec![],
    };
    if at != start {
        model.nodes[start.0] = nothing;
    }
    let node = &mut model.nodes[at.0];
    (node.name, node.op, node.operands) = (name, ModelOp::Input(position), vec![]);
    steps
}

/// The value after an operation that a client can do, which all users of the value lead to.
fn step_forward(model: &Model, at: ValueId) -> Option<(ValueId, Vec<ClearStep>)> {
    if model.outputs.iter().any(|output| output.value == at) {
        return None;
    }
    let users: Vec<ValueId> = users(model, at).collect();
    match users.as_slice() {
        [user] => {
            let node = &model.nodes[user.0];
            match (&node.op, node.operands.as_slice()) {
                (ModelOp::Rearrange { positions }, [x]) if is_reshape(model, *x, positions) => {
                    Some((*user, vec![ClearStep::Reshape { shape: node.shape.clone() }]))
                }
                (ModelOp::MatMul, [x, weights]) if *x == at && leads_to_trees(model, *user) => {
                    Some((*user, vec![ClearStep::MatMul { weights: matrix(model, *weights)? }]))
                }
                _ => elementwise(model, *user)
                    .filter(|(source, _)| *source == at)
                    .map(|(_, steps)| (*user, steps)),
            }
        }
        // A value and its norm.
        [.., last] => normalised(model, *last)
            .filter(|(source, _)| *source == at && inside(model, at, *last, users.len()))
            .map(|(_, steps)| (*last, steps)),
        [] => None,
    }
}

/// Whether a value has two users: a quotient, and what leads to its divisor alone.
fn inside(model: &Model, at: ValueId, quotient: ValueId, count: usize) -> bool {
    let mut between = model.nodes[quotient.0].operands[1];
    while between != at {
        if users(model, between).count() != 1 {
            return false;
        }
        between = model.nodes[between.0].operands[0];
    }
    count == 2
}

/// Functions of single elements.
fn elementwise(model: &Model, at: ValueId) -> Option<(ValueId, Vec<ClearStep>)> {
    let node = &model.nodes[at.0];
    match (&node.op, node.operands.as_slice()) {
        (ModelOp::Function(function), [x]) => Some((*x, vec![ClearStep::Function(*function)])),
        (ModelOp::Binary(binary), [a, b]) => {
            let (x, steps) = match (constant(model, *a), constant(model, *b)) {
                (None, Some(c)) => (*a, with_constant(*binary, &along_last(c, &node.shape)?)?),
                (Some(c), None) => (*b, from_constant(*binary, &along_last(c, &node.shape)?)?),
                _ => return None,
            };
            (model.nodes[x.0].shape == node.shape).then_some((x, steps))
        }
        _ => None,
    }
}

/// `x op c`
fn with_constant(binary: Binary, c: &[f64]) -> Option<Vec<ClearStep>> {
    let each = |f: &dyn Fn(f64) -> f64| c.iter().map(|v| f(*v)).collect::<Vec<f64>>();
    let affine = |scale: Vec<f64>, offset: Vec<f64>| ClearStep::Affine { scale, offset };
    let (ones, zeros) = (vec![1.0; c.len()], vec![0.0; c.len()]);
    // 1 where it is above 0, and 1 where it is not
    let above = [Function::Relu, Function::Not, Function::Not].map(ClearStep::Function);
    let not_above = [Function::Relu, Function::Not].map(ClearStep::Function);
    Some(match binary {
        Binary::Add => vec![affine(ones, c.to_vec())],
        Binary::Sub => vec![affine(ones, each(&|v| -v))],
        Binary::Mul => vec![affine(c.to_vec(), zeros)],
        Binary::Div if c.iter().all(|v| *v != 0.0) => vec![affine(each(&|v| 1.0 / v), zeros)],
        Binary::Greater => [vec![affine(ones, each(&|v| -v))], above.to_vec()].concat(),
        Binary::LessOrEqual => [vec![affine(ones, each(&|v| -v))], not_above.to_vec()].concat(),
        Binary::Less => [vec![affine(each(&|_| -1.0), c.to_vec())], above.to_vec()].concat(),
        Binary::GreaterOrEqual => [vec![affine(each(&|_| -1.0), c.to_vec())], not_above.to_vec()].concat(),
        Binary::Equal => vec![affine(ones, each(&|v| -v)), ClearStep::Function(Function::Not)],
        Binary::Max if c.len() == 1 => vec![ClearStep::Function(Function::Clip { lo: c[0], hi: f64::MAX })],
        Binary::Min if c.len() == 1 => vec![ClearStep::Function(Function::Clip { lo: f64::MIN, hi: c[0] })],
        Binary::Pow if c.len() == 1 => vec![ClearStep::Function(Function::Power { exponent: c[0] })],
        Binary::Div
        | Binary::Max
        | Binary::Min
        | Binary::Pow
        | Binary::And
        | Binary::Or
        | Binary::Xor
        | Binary::Mod => return None,
    })
}

/// `c op x`
fn from_constant(binary: Binary, c: &[f64]) -> Option<Vec<ClearStep>> {
    match binary {
        Binary::Add | Binary::Mul | Binary::Equal | Binary::Max | Binary::Min => with_constant(binary, c),
        Binary::Sub => Some(vec![ClearStep::Affine { scale: vec![-1.0; c.len()], offset: c.to_vec() }]),
        Binary::Greater => with_constant(Binary::Less, c),
        Binary::GreaterOrEqual => with_constant(Binary::LessOrEqual, c),
        Binary::Less => with_constant(Binary::Greater, c),
        Binary::LessOrEqual => with_constant(Binary::GreaterOrEqual, c),
        Binary::Div | Binary::Pow | Binary::And | Binary::Or | Binary::Xor | Binary::Mod => None,
    }
}

/// `x / norm(x)` or `x / Σ x` along the last axis.
fn normalised(model: &Model, at: ValueId) -> Option<(ValueId, Vec<ClearStep>)> {
    let node = &model.nodes[at.0];
    let (ModelOp::Binary(Binary::Div), [x, norm]) = (&node.op, node.operands.as_slice()) else { return None };
    let root = unary(model, *norm, |op| matches!(op, ModelOp::Function(Function::Sqrt)));
    let sum = &model.nodes[root.unwrap_or(*norm).0];
    let last = node.shape.len().checked_sub(1)?;
    match &sum.op {
        ModelOp::Reduce { kind: Reduce::Sum, axes, keep: true } if *axes == [last] => {}
        _ => return None,
    }
    let each = sum.operands[0];
    let inner = |function: Function| {
        unary(model, each, |op| matches!(op, ModelOp::Function(found) if *found == function))
    };
    let (source, norm) = match root {
        Some(_) => (inner(Function::Power { exponent: 2.0 })?, Norm::L2),
        None => (inner(Function::Abs)?, Norm::L1),
    };
    (source == *x).then_some((*x, vec![ClearStep::Normalise(norm)]))
}

/// The operand of an operation of that sort.
fn unary(model: &Model, at: ValueId, is_sought: impl Fn(&ModelOp) -> bool) -> Option<ValueId> {
    let node = &model.nodes[at.0];
    is_sought(&node.op).then(|| node.operands.first().copied()).flatten()
}

/// Two scores that are sums and products of one: `[s₀·v + o₀, s₁·v + o₁]`.
fn two_scores(model: &Model, a: ValueId, b: ValueId) -> Option<(ValueId, Vec<ClearStep>)> {
    let first = lines(model, a)?;
    let second = lines(model, b)?;
    let meet = first
        .iter()
        .find_map(|(x, line)| second.iter().find(|(y, _)| x == y).map(|(_, other)| (*x, *line, *other)));
    let (source, (s0, o0), (s1, o1)) = meet?;
    if (s0, o0, s1, o1) == (-1.0, 1.0, 1.0, 0.0) {
        return Some((source, vec![ClearStep::Complement]));
    }
    let affine = ClearStep::Affine { scale: vec![1.0; 2], offset: vec![o0, o1] };
    Some((source, vec![ClearStep::MatMul { weights: vec![vec![s0, s1]] }, affine]))
}

/// Values of one number that a value is a line of, with scale and offset; itself first.
fn lines(model: &Model, mut at: ValueId) -> Option<Vec<(ValueId, (f64, f64))>> {
    let (mut scale, mut offset) = (1.0, 0.0);
    let mut found = Vec::new();
    while model.nodes[at.0].shape.last() == Some(&1) {
        found.push((at, (scale, offset)));
        let Some((source, steps)) = elementwise(model, at) else { break };
        let (s, o) = match steps.as_slice() {
            [ClearStep::Affine { scale, offset }] if scale.len() == 1 => (scale[0], offset[0]),
            [ClearStep::Function(Function::Neg)] => (-1.0, 0.0),
            [ClearStep::Function(Function::Affine { scale, offset })] => (*scale, *offset),
            _ => break,
        };
        (scale, offset) = (scale * s, scale * o + offset);
        at = source;
    }
    (!found.is_empty()).then_some(found)
}

fn users(model: &Model, at: ValueId) -> impl Iterator<Item = ValueId> {
    let uses = move |node: &ModelNode| node.operands.contains(&at);
    model.nodes.iter().enumerate().filter(move |(_, node)| uses(node)).map(|(i, _)| ValueId(i))
}

/// Whether trees follow, with only sums and products of single elements between.
fn leads_to_trees(model: &Model, at: ValueId) -> bool {
    let users: Vec<ValueId> = users(model, at).collect();
    !users.is_empty()
        && users.iter().all(|user| match model.nodes[user.0].op {
            ModelOp::Trees(_) => true,
            ModelOp::Binary(_) | ModelOp::Function(_) => {
                elementwise(model, *user).is_some() && leads_to_trees(model, *user)
            }
            _ => false,
        })
}

fn constant(model: &Model, id: ValueId) -> Option<&ArrayD<f64>> {
    match &model.nodes[id.0].op {
        ModelOp::Constant(value) => Some(value),
        _ => None,
    }
}

fn matrix(model: &Model, id: ValueId) -> Option<Vec<Vec<f64>>> {
    let value = constant(model, id).filter(|value| value.ndim() == 2)?;
    Some(value.outer_iter().map(|row| row.iter().copied().collect()).collect())
}

/// A constant as one number or one for each index of the last axis.
fn along_last(value: &ArrayD<f64>, shape: &[usize]) -> Option<Vec<f64>> {
    match value.len() {
        1 => Some(vec![value.first().copied()?]),
        count => {
            let fits = shape.last() == Some(&count) && value.shape().last() == Some(&count);
            fits.then(|| value.iter().copied().collect())
        }
    }
}

fn is_reshape(model: &Model, x: ValueId, positions: &ArrayD<usize>) -> bool {
    let same_number = elements(&model.nodes[x.0].shape).is_ok_and(|count| count == positions.len());
    same_number && positions.iter().copied().eq(0..positions.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Budget, ModelBuilder};
    use cloakwork_abi::processing::{ClearValue, Labels, apply_steps};
    use ndarray::{arr1, arr2};

    fn builder(features: usize) -> (ModelBuilder, ValueId) {
        let mut builder = ModelBuilder::new("main", Budget::default());
        let input = ModelInput { name: "x".into(), shape: vec![1, features], is_clear: false };
        let x = builder.input(input).expect("fits");
        (builder, x)
    }

    fn layer(b: &mut ModelBuilder, x: ValueId, outputs: usize) -> ValueId {
        let rows = b.shape(x)[1];
        let weights = ArrayD::from_shape_fn(vec![rows, outputs], |i| ((i[0] * 3 + i[1]) as f64).sin());
        let weights = b.constant(weights).expect("fits");
        b.push(ModelOp::MatMul, &[x, weights]).expect("fits")
    }

    /// Checks that the parts compute what the whole computes; how many operations are left in the middle.
    fn operations(model: &Model) -> (Split, usize) {
        let split = model.split();
        let shape = &model.inputs[0].shape;
        for seed in 1..5 {
            let count = shape.iter().product();
            let sample = (0..count).map(|i| ((i * seed) as f64 * 1.3).sin()).collect();
            let sample = ArrayD::from_shape_vec(shape.clone(), sample).expect("as many");
            let ClearValue::Reals(begun) =
                apply_steps(&split.before[0], sample.clone()).expect("takes steps")
            else {
                panic!("labels before the model");
            };
            let middle = split.middle.predict(&[begun]).expect("runs");
            let whole = model.predict(&[sample]).expect("runs");
            for (((end, steps), whole), output) in
                middle.into_iter().zip(&split.after).zip(whole).zip(&model.outputs)
            {
                let (steps, labels) = match &output.labels {
                    Some(_) => (&steps[..steps.len() - 1], true),
                    None => (&steps[..], false),
                };
                assert_eq!(labels, output.labels.is_some());
                let ClearValue::Reals(end) = apply_steps(steps, end).expect("takes steps") else {
                    panic!("labels");
                };
                assert_eq!(end.shape(), whole.shape());
                assert!(end.iter().zip(&whole).all(|(a, b)| (a - b).abs() < 1e-9), "{end} {whole}");
            }
        }
        let is_computed = |node: &&ModelNode| !matches!(node.op, ModelOp::Input(_) | ModelOp::Constant(_));
        let count = split.middle.nodes.iter().filter(is_computed).count();
        (split, count)
    }

    #[test]
    fn scaling_and_softmax_go_to_the_client() {
        let (mut b, x) = builder(3);
        let mean = b.constant(arr1(&[1.0, 2.0, 3.0]).into_dyn()).expect("fits");
        let x = b.binary(Binary::Sub, x, mean).expect("fits");
        let x = b.function(Function::Tanh, x).expect("fits");
        let scores = layer(&mut b, x, 4);
        let softmax = b.push(ModelOp::Softmax { axis: 1, log: false }, &[scores]).expect("fits");
        let op = ModelOp::ArgExtreme { is_greatest: true, axis: 1, keep: false };
        let label = b.push(op, &[softmax]).expect("fits");
        let labels = Labels::Strings(["a", "b", "c", "d"].map(str::to_owned).to_vec());
        b.output("label", label, Some(labels.clone()));
        b.output("probabilities", softmax, None);
        let (split, count) = operations(&b.finish());
        assert_eq!(count, 1);
        assert_eq!(split.before[0].len(), 2);
        assert_eq!(split.after[0].last(), Some(&ClearStep::Labels(labels)));
        assert_eq!(split.after[1], [ClearStep::Softmax { axis: 1 }]);
    }

    #[test]
    fn one_score_becomes_two_on_the_client() {
        for (scale, offset) in [(-1.0, 1.0), (-1.0, 0.0)] {
            let (mut b, x) = builder(3);
            let score = layer(&mut b, x, 1);
            let p = b.function(Function::Sigmoid, score).expect("fits");
            let first = b.function(Function::Affine { scale, offset }, p).expect("fits");
            let both = b.push(ModelOp::Concat { axis: 1 }, &[first, p]).expect("fits");
            b.output("both", both, None);
            let zero = b.scalar(0.0).expect("fits");
            let label = b.binary(Binary::Greater, score, zero).expect("fits");
            let label = b.reshape(label, &[1]).expect("fits");
            b.output("label", label, None);
            let (split, count) = operations(&b.finish());
            assert_eq!(count, 1, "{:?}", split.after);
        }
    }

    #[test]
    fn norms_go_to_the_client_at_both_ends() {
        let (mut b, x) = builder(3);
        let normalise = |b: &mut ModelBuilder, x: ValueId, each: Function, root: bool| {
            let each = b.function(each, x).expect("fits");
            let sum = ModelOp::Reduce { kind: Reduce::Sum, axes: vec![1], keep: true };
            let mut norm = b.push(sum, &[each]).expect("fits");
            if root {
                norm = b.function(Function::Sqrt, norm).expect("fits");
            }
            b.binary(Binary::Div, x, norm).expect("fits")
        };
        let x = normalise(&mut b, x, Function::Power { exponent: 2.0 }, true);
        let y = layer(&mut b, x, 2);
        let y = b.function(Function::Sigmoid, y).expect("fits");
        let y = normalise(&mut b, y, Function::Abs, false);
        b.output("y", y, None);
        let (split, count) = operations(&b.finish());
        assert_eq!(count, 1);
        assert_eq!(split.before[0], [ClearStep::Normalise(Norm::L2)]);
    }

    #[test]
    fn a_hidden_layer_stays() {
        let (mut b, x) = builder(3);
        let hidden = layer(&mut b, x, 4);
        let hidden = b.function(Function::Relu, hidden).expect("fits");
        let y = layer(&mut b, hidden, 2);
        b.output("hidden", hidden, None);
        b.output("y", y, None);
        let (split, count) = operations(&b.finish());
        assert_eq!(count, 3);
        assert_eq!(split.after, [vec![ClearStep::Function(Function::Relu)], vec![]]);
    }

    #[test]
    fn a_model_of_single_elements_stays_whole() {
        let (mut b, x) = builder(3);
        let y = b.function(Function::Relu, x).expect("fits");
        let y = b.function(Function::Exp, y).expect("fits");
        b.output("y", y, None);
        let (split, count) = operations(&b.finish());
        assert_eq!(count, 2);
        assert_eq!((split.before[0].len(), split.after[0].len()), (0, 0));
    }

    #[test]
    fn a_projection_goes_to_the_client_before_trees_only() {
        use crate::model::tree::{Test, Tree, TreeEnsemble, TreeNode};
        let (mut b, x) = builder(3);
        let axes = b.constant(arr2(&[[1.0, 0.5], [0.0, 1.0], [2.0, -1.0]]).into_dyn()).expect("fits");
        let x = b.push(ModelOp::MatMul, &[x, axes]).expect("fits");
        let (feature, threshold, test) = (1, 0.1, Test::LessOrEqual);
        let branch = TreeNode::Branch { feature, threshold, test, then: 1, otherwise: 2 };
        let nodes = vec![branch, TreeNode::Leaf(vec![1.0]), TreeNode::Leaf(vec![2.0])];
        let trees =
            ModelOp::Trees(TreeEnsemble { features: 2, base: vec![0.5], trees: vec![Tree { nodes }] });
        let y = b.push(trees, &[x]).expect("fits");
        b.output("y", y, None);
        let (split, count) = operations(&b.finish());
        assert_eq!(count, 1);
        assert_eq!(split.middle.inputs[0].shape, [1, 2]);
    }
}
