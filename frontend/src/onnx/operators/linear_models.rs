//! Linear models of `ai.onnx.ml`, and what turns scores into probabilities and labels.

use super::super::error::{Refusal, refuse};
use super::super::node::{Imported, Node, result};
use super::super::value::{Kind, Tensor, Value};
use crate::model::ValueId;
use crate::model::op::{Binary, ModelOp};
use cloakwork_abi::processing::{Function, Labels};
use ndarray::{ArrayD, IxDyn};

pub(super) fn regressor(node: &mut Node<'_>) -> Imported {
    let transform = Transform::of(&node.text("post_transform", "NONE"))?;
    let (coefficients, intercepts) = (node.floats("coefficients"), node.floats("intercepts"));
    let targets = usize::try_from(node.int("targets", 1)).unwrap_or(0);
    let x = node.input(0)?;
    let scores = scores(node, x.id, coefficients, intercepts, targets)?;
    let id = transform.apply(node, scores)?;
    result(id, Kind::Real)
}

pub(super) fn classifier(node: &mut Node<'_>) -> Imported {
    node.ignore(&["multi_class"]);
    let transform = Transform::of(&node.text("post_transform", "NONE"))?;
    let (coefficients, intercepts) = (node.floats("coefficients"), node.floats("intercepts"));
    let labels = labels(node)?;
    let x = node.input(0)?;
    let features = features(node, x.id)?;
    let rows = coefficients.len() / features.max(1);
    let scores = scores(node, x.id, coefficients, intercepts, rows)?;
    classify(node, scores, labels, transform, Single::Linear)
}

/// A support vector machine with a linear kernel is a linear model.
pub(super) fn svm_regressor(node: &mut Node<'_>) -> Imported {
    node.ignore(&["kernel_params"]);
    linear_kernel(node)?;
    if node.int("one_class", 0) != 0 {
        return refuse("`one_class`", "a regression", "");
    }
    let transform = Transform::of(&node.text("post_transform", "NONE"))?;
    let (coefficients, rho) = (node.floats("coefficients"), node.floats("rho"));
    let (vectors, supports) = (node.floats("support_vectors"), node.int("n_supports", 0));
    let x = node.input(0)?;
    let features = features(node, x.id)?;
    let weights = if supports > 0 { weighted_sum(&coefficients, &vectors, features)? } else { coefficients };
    let scores = scores(node, x.id, weights, rho, 1)?;
    let id = transform.apply(node, scores)?;
    result(id, Kind::Real)
}

/// Of two classes, or one row of weights for each class.
pub(super) fn svm_classifier(node: &mut Node<'_>) -> Imported {
    node.ignore(&["kernel_params"]);
    linear_kernel(node)?;
    let transform = Transform::of(&node.text("post_transform", "NONE"))?;
    let (coefficients, rho) = (node.floats("coefficients"), node.floats("rho"));
    let (vectors, per_class) =
        (node.floats("support_vectors"), node.ints("vectors_per_class").unwrap_or_default());
    if !node.floats("prob_a").is_empty() || !node.floats("prob_b").is_empty() {
        return refuse(
            "probabilities fitted to scores",
            "scores",
            "train with `probability=False`, or use a linear model such as `LinearSVC`",
        );
    }
    let labels = labels(node)?;
    let x = node.input(0)?;
    let features = features(node, x.id)?;
    if per_class.is_empty() {
        let rows = labels.count();
        let rho = vec![rho.first().copied().unwrap_or(0.0); rows];
        let scores = scores(node, x.id, coefficients, rho, rows)?;
        return classify(node, scores, labels, transform, Single::Linear);
    }
    if labels.count() != 2 {
        return refuse(
            format!("{} classes that vote in pairs", labels.count()),
            "two classes",
            "use a linear model with a score for each class, such as `LinearSVC`",
        );
    }
    let weights = weighted_sum(&coefficients, &vectors, features)?;
    let scores = scores(node, x.id, weights, rho, 1)?;
    classify(node, scores, labels, transform, Single::Pair)
}

fn linear_kernel(node: &mut Node<'_>) -> Result<(), Refusal> {
    match node.text("kernel_type", "LINEAR").as_str() {
        "LINEAR" => Ok(()),
        other => refuse(format!("kernel `{other}`"), "`LINEAR`", "train with `kernel=\"linear\"`"),
    }
}

fn weighted_sum(coefficients: &[f64], vectors: &[f64], features: usize) -> Result<Vec<f64>, Refusal> {
    if features == 0 || vectors.len() != coefficients.len().saturating_mul(features) {
        return refuse(
            format!("{} numbers of support vectors for {} coefficients", vectors.len(), coefficients.len()),
            format!("{features} for each"),
            "",
        );
    }
    let mut sum = vec![0.0; features];
    for (coefficient, vector) in coefficients.iter().zip(vectors.chunks(features)) {
        sum.iter_mut().zip(vector).for_each(|(sum, v)| *sum += coefficient * v);
    }
    Ok(sum)
}

fn features(node: &Node<'_>, x: ValueId) -> Result<usize, Refusal> {
    match node.shape(x).as_slice() {
        [_, features] => Ok(*features),
        other => refuse(format!("a value of shape {other:?}"), "`[samples, features]`", ""),
    }
}

/// `x · coefficientsᵀ + intercepts`, a row of coefficients for each score.
fn scores(
    node: &mut Node<'_>,
    x: ValueId,
    coefficients: Vec<f64>,
    intercepts: Vec<f64>,
    rows: usize,
) -> Result<ValueId, Refusal> {
    let features = features(node, x)?;
    if rows == 0 || coefficients.len() != rows.saturating_mul(features) {
        return refuse(
            format!("{} coefficients for {rows} scores of {features} features", coefficients.len()),
            "a coefficient for each feature of each score",
            "",
        );
    }
    if coefficients.iter().chain(&intercepts).any(|v| !v.is_finite()) {
        return refuse(
            "a coefficient that is not finite",
            "finite numbers",
            "check how the model was trained",
        );
    }
    let weights = ArrayD::from_shape_vec(IxDyn(&[rows, features]), coefficients).expect("as many");
    let weights = node.constant(weights)?;
    let weights = node.transpose(weights, &[1, 0])?;
    let mut id = node.builder.push(ModelOp::MatMul, &[x, weights])?;
    if !intercepts.is_empty() {
        let intercepts = node.vector(intercepts)?;
        id = node.binary(Binary::Add, id, intercepts)?;
    }
    Ok(id)
}

/// The classes of the node.
pub(super) fn labels(node: &mut Node<'_>) -> Result<Labels, Refusal> {
    let mut numbers = node.ints("classlabels_int64s").unwrap_or_default();
    numbers.extend(node.ints("classlabels_ints").unwrap_or_default());
    let names = node.strings("classlabels_strings");
    match (numbers.is_empty(), names.is_empty()) {
        (false, true) => Ok(Labels::Integers(numbers)),
        (true, false) => Ok(Labels::Strings(names)),
        _ => refuse("no labels, or both numbers and names", "a list of labels", ""),
    }
}

/// What is done to scores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transform {
    None,
    Softmax,
    Logistic,
}

impl Transform {
    pub(super) fn of(name: &str) -> Result<Self, Refusal> {
        match name {
            "NONE" => Ok(Self::None),
            "SOFTMAX" => Ok(Self::Softmax),
            "LOGISTIC" => Ok(Self::Logistic),
            other => refuse(format!("`post_transform` `{other}`"), "`NONE`, `SOFTMAX` or `LOGISTIC`", ""),
        }
    }

    pub(super) fn apply(self, node: &mut Node<'_>, scores: ValueId) -> Result<ValueId, Refusal> {
        let last = node.shape(scores).len() - 1;
        Ok(match self {
            Self::None => scores,
            Self::Softmax => node.builder.push(ModelOp::Softmax { axis: last, log: false }, &[scores])?,
            Self::Logistic => node.function(Function::Sigmoid, scores)?,
        })
    }
}

/// What a single score of two classes means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Single {
    /// Above 0 it speaks for the second class; the first one's score is its opposite.
    Distance,
    /// Above 0 it speaks for the second class; the first one's score is what is missing to 1.
    Linear,
    /// Above 1/2 it speaks for the second class; the first one's score is what is missing to 1.
    Share,
    /// Above 0 it speaks for the first class, though it is listed as the score of the second.
    Pair,
}

/// Labels and probabilities of scores `[1, classes]`, or `[1, 1]` for two classes.
pub(super) fn classify(
    node: &mut Node<'_>,
    scores: ValueId,
    labels: Labels,
    transform: Transform,
    single: Single,
) -> Imported {
    let count = node.shape(scores)[1];
    if count != labels.count() && !(count == 1 && labels.count() == 2) {
        return refuse(format!("{count} scores for {} labels", labels.count()), "a score for each label", "");
    }
    if count > 1 {
        let op = ModelOp::ArgExtreme { is_greatest: true, axis: 1, keep: false };
        let positions = node.builder.push(op, &[scores])?;
        let probabilities = transform.apply(node, scores)?;
        let probabilities = Value::Tensor(Tensor { id: probabilities, kind: Kind::Real });
        return Ok(vec![Value::Labels { positions, labels }, probabilities]);
    }
    let boundary = node.scalar(if single == Single::Share { 0.5 } else { 0.0 })?;
    let test = if single == Single::Pair { Binary::LessOrEqual } else { Binary::Greater };
    let positions = node.binary(test, scores, boundary)?;
    let positions = node.reshape(positions, &[1])?;
    let second = transform.apply(node, scores)?;
    let is_opposite = transform == Transform::None && matches!(single, Single::Distance | Single::Pair);
    let first = match is_opposite {
        true => node.function(Function::Neg, second)?,
        false => node.function(Function::Affine { scale: -1.0, offset: 1.0 }, second)?,
    };
    let both = node.builder.push(ModelOp::Concat { axis: 1 }, &[first, second])?;
    Ok(vec![Value::Labels { positions, labels }, Value::Tensor(Tensor { id: both, kind: Kind::Real })])
}
