//! A model of trees as programs, with what a client does around them.
//!
//! The features are quantised on the grid of the model's own quantiser, or on one for each feature that the samples
//! span. Features that no tree asks are not encrypted. Where the targets always have one sum, as probabilities do, the
//! first of them is left to the client.

use super::integers::{IntegerEnsemble, QuantisedTrees};
use super::label::{LabelPrograms, Sums, decided};
use super::program::{Encoding, TreeProgram, programs};
use crate::graph::OpGraph;
use crate::model::op::{Binary, FakeQuantise};
use crate::model::split::Split;
use crate::model::tree::{Tree, TreeEnsemble, TreeNode};
use crate::model::{Model, ModelOp, ValueId};
use crate::quantise::Reply;
use cloakwork_abi::processing::{
    ClearStep, ClearValue, Dequantiser, InputProcessing, OutputProcessing, Processing, Quantiser, apply_steps,
};
use ndarray::ArrayD;

/// Bits of integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TreeBits {
    /// Of features that the model does not quantise itself.
    pub features: u32,
    /// Of leaves.
    pub leaves: u32,
    /// Whether sums are handed out, or the label that they decide.
    pub reply: Reply,
}

/// Programs of one meaning, likely fast ones first, and their client.
#[derive(Clone, Debug)]
pub struct TreeModel {
    /// At least one.
    pub graphs: Vec<OpGraph>,
    /// Of each of them.
    pub processing: Processing,
    /// What the trees compute on the integers of all features, counted from 0.
    pub ensemble: IntegerEnsemble,
    /// Of all features.
    pub quantiser: Quantiser,
    /// What the samples are as arguments of the programs.
    pub samples: Vec<Vec<ArrayD<i64>>>,
    /// What the programs say about them.
    pub results: Vec<Vec<ArrayD<i64>>>,
    /// What the model says about them, before the steps after the trees.
    pub predictions: Vec<ArrayD<f64>>,
}

/// A model that ends in trees.
#[derive(Clone, Debug)]
pub struct TreesOfModel<'m> {
    /// The trees.
    pub ensemble: &'m TreeEnsemble,
    /// What rounds their features.
    pub fake: Option<&'m FakeQuantise>,
    /// What happens to the features before, which a client can do.
    pub steps: Vec<ClearStep>,
}

/// The trees of a model that has nothing else but a quantiser and affine functions of all features before them.
pub fn trees_of(model: &Model) -> Option<TreesOfModel<'_>> {
    let ([_], [output, others @ ..]) = (model.inputs.as_slice(), model.outputs.as_slice()) else {
        return None;
    };
    // Labels and probabilities come of one sum.
    if others.iter().any(|other| other.value != output.value) {
        return None;
    }
    let node = |id: ValueId| &model.nodes[id.0];
    let ModelOp::Trees(ensemble) = &node(output.value).op else { return None };
    let mut at = *node(output.value).operands.first()?;
    let mut fake = None;
    if let ModelOp::FakeQuantise(found) = &node(at).op {
        fake = Some(found);
        at = *node(at).operands.first()?;
    }
    let mut steps = vec![];
    while !matches!(node(at).op, ModelOp::Input(_)) {
        let (step, before) = affine_step(model, at)?;
        steps.push(step);
        at = before;
    }
    steps.reverse();
    Some(TreesOfModel { ensemble, fake, steps })
}

/// A node as a step of the client, and what it is computed from.
fn affine_step(model: &Model, at: ValueId) -> Option<(ClearStep, ValueId)> {
    let node = &model.nodes[at.0];
    let &[a, b] = node.operands.as_slice() else { return None };
    let ModelOp::Constant(constant) = &model.nodes[b.0].op else { return None };
    let columns = *node.shape.last()?;
    if let ModelOp::MatMul = node.op {
        let is_matrix = constant.ndim() == 2;
        let weights = constant.outer_iter().map(|row| row.iter().copied().collect()).collect();
        return is_matrix.then_some((ClearStep::MatMul { weights }, a));
    }
    let is_row =
        constant.len() == 1 || (constant.len() == columns && constant.shape().last() == Some(&columns));
    if !is_row {
        return None;
    }
    let numbers: Vec<f64> =
        (0..columns).filter_map(|i| constant.iter().nth(i % constant.len())).copied().collect();
    let all = |number: f64| vec![number; columns];
    let (scale, offset) = match node.op {
        ModelOp::Binary(Binary::Add) => (all(1.0), numbers),
        ModelOp::Binary(Binary::Sub) => (all(1.0), numbers.iter().map(|number| -number).collect()),
        ModelOp::Binary(Binary::Mul) => (numbers, all(0.0)),
        ModelOp::Binary(Binary::Div) => (numbers.iter().map(|number| 1.0 / number).collect(), all(0.0)),
        _ => return None,
    };
    Some((ClearStep::Affine { scale, offset }, a))
}

/// Quantises a model whose middle consists of trees; samples are those of its input, of that shape. `Err` says what
/// cannot be.
pub fn quantise_trees(
    (split, trees): (&Split, &TreesOfModel<'_>),
    (shape, samples): (&[usize], &[ArrayD<f64>]),
    bits: TreeBits,
) -> Result<TreeModel, String> {
    let (model, TreesOfModel { ensemble, fake, steps }) = (&split.middle, trees);
    let steps = &[split.before.first().cloned().unwrap_or_default(), steps.clone()].concat();
    ensemble.check().map_err(|error| error.to_string())?;
    let prepared = |sample: &ArrayD<f64>| match apply_steps(steps, sample.clone()) {
        Ok(ClearValue::Reals(reals)) => Ok(reals),
        Ok(ClearValue::Integers(_) | ClearValue::Strings(_)) => Err("labels are no features".to_owned()),
        Err(error) => Err(error.to_string()),
    };
    let samples = &samples.iter().map(prepared).collect::<Result<Vec<_>, String>>()?;
    let quantiser = match fake {
        Some(fake) => quantiser_of(fake),
        None => spanned(ensemble, samples, bits.features),
    };
    // Of two targets one decides; of more all are compared.
    let is_compared = bits.reply == Reply::Label && ensemble.base.len() > 2;
    let (reduced, rest) = match constant_sum(ensemble).filter(|_| !is_compared) {
        Some(sum) => (without_first(ensemble), Some(sum)),
        None => ((*ensemble).clone(), None),
    };
    let QuantisedTrees { ensemble: integers, scale, offset } =
        IntegerEnsemble::quantised(&reduced, &quantiser, bits.leaves)?;
    let input = &model.inputs.first().ok_or("a model has an input")?.name;
    let programs = programs(&integers, &model.name, input).map_err(|error| error.to_string())?;
    let first = programs.first().ok_or("there is a program")?;
    let mut after = vec![];
    if let Some(sum) = rest {
        let targets = reduced.base.len();
        let row =
            |i: usize| std::iter::once(-1.0).chain((0..targets).map(move |j| f64::from(u8::from(i == j))));
        after.push(ClearStep::MatMul { weights: (0..targets).map(|i| row(i).collect()).collect() });
        let mut offset = vec![0.0; targets + 1];
        offset[0] = sum;
        after.push(ClearStep::Affine { scale: vec![1.0; targets + 1], offset });
    }
    // All programs have one base: it is chosen by the trees alone.
    let offset: Vec<f64> =
        offset.iter().zip(&first.base).map(|(offset, base)| offset + scale * *base as f64).collect();
    let programs: Vec<TreeProgram> =
        programs.iter().filter(|program| program.base == first.base).cloned().collect();
    let processing = Processing {
        inputs: vec![InputProcessing {
            name: input.clone(),
            shape: shape.to_vec(),
            ..input_processing(steps, ensemble.features, &quantiser, &programs[0])
        }],
        outputs: model
            .outputs
            .iter()
            .map(|output| OutputProcessing {
                name: output.name.clone(),
                result: 0,
                dequantiser: Dequantiser {
                    scale: vec![scale; offset.len()],
                    offset: offset.clone(),
                    axis: Some(1),
                },
                steps: after.clone(),
            })
            .collect(),
    };
    let (mut arguments, mut results, mut predictions) = (vec![], vec![], vec![]);
    for sample in samples {
        let quantised = quantiser.quantise(sample).map_err(|error| error.to_string())?;
        let features: Vec<i64> = quantised.integers.iter().map(|value| value - quantiser.lo).collect();
        arguments.push(vec![programs[0].argument(integers.levels, &features)]);
        let sums =
            integers.evaluate(&features).into_iter().zip(&programs[0].base).map(|(sum, base)| sum - base);
        let sums =
            ArrayD::from_shape_vec(vec![1, integers.targets], sums.collect()).expect("one for each target");
        let output = &processing.outputs[0];
        let reals = output.dequantiser.dequantise(&sums).map_err(|error| error.to_string())?;
        if let Ok(ClearValue::Reals(reals)) = apply_steps(&output.steps, reals) {
            predictions.push(reals);
        }
        results.push(vec![sums]);
    }
    if bits.reply == Reply::Label {
        let steps = [after, split.after.first().cloned().unwrap_or_default()].concat();
        let sums = Sums {
            ranges: (0..integers.targets).map(|target| integers.range(target)).collect(),
            scale,
            offset,
        };
        let made = decided(sums, &steps, processing, (programs, results))?;
        let LabelPrograms { graphs, processing, results } = made;
        return Ok(TreeModel {
            graphs,
            processing,
            ensemble: integers,
            quantiser,
            samples: arguments,
            results,
            predictions,
        });
    }
    let mut processing = processing;
    for (output, steps) in processing.outputs.iter_mut().zip(&split.after) {
        output.steps.extend(steps.iter().cloned());
    }
    let graph = |program: TreeProgram| {
        let mut graph = program.graph;
        graph.set_processing(processing.clone());
        graph
    };
    let graphs = programs.into_iter().map(graph).collect();
    Ok(TreeModel {
        graphs,
        processing,
        ensemble: integers,
        quantiser,
        samples: arguments,
        results,
        predictions,
    })
}

fn input_processing(
    before: &[ClearStep],
    features: usize,
    quantiser: &Quantiser,
    program: &TreeProgram,
) -> InputProcessing {
    let of_used =
        |each: &dyn Fn(usize) -> usize| program.features.iter().map(|&f| each(f)).collect::<Vec<_>>();
    let places = of_used(&|feature| if quantiser.scale.len() == 1 { 0 } else { feature });
    let own = Quantiser {
        scale: places.iter().map(|&place| quantiser.scale[place]).collect(),
        zero_point: places.iter().map(|&place| quantiser.zero_point[place] - quantiser.lo).collect(),
        axis: Some(1),
        lo: 0,
        hi: quantiser.hi - quantiser.lo,
    };
    let mut steps = before.to_vec();
    if program.features.len() < features {
        steps.push(ClearStep::Take { positions: program.features.clone() });
    }
    let quantiser = match program.encoding {
        Encoding::Integers => own,
        Encoding::Bits => {
            steps.push(ClearStep::Thermometer(own));
            Quantiser { scale: vec![1.0], zero_point: vec![0], axis: None, lo: 0, hi: 1 }
        }
    };
    InputProcessing { name: String::new(), shape: vec![], steps, quantiser }
}

fn quantiser_of(fake: &FakeQuantise) -> Quantiser {
    Quantiser {
        scale: fake.scale.clone(),
        zero_point: fake.zero_point.clone(),
        axis: (fake.scale.len() > 1).then_some(1),
        lo: fake.lo,
        hi: fake.hi,
    }
}

/// A grid for each feature, from its least to its greatest value in the samples, or else of its thresholds.
fn spanned(ensemble: &TreeEnsemble, samples: &[ArrayD<f64>], bits: u32) -> Quantiser {
    let mut spans = vec![(f64::INFINITY, f64::NEG_INFINITY); ensemble.features];
    for sample in samples {
        for (value, span) in sample.iter().zip(&mut spans).filter(|(value, _)| value.is_finite()) {
            *span = (span.0.min(*value), span.1.max(*value));
        }
    }
    if samples.is_empty() {
        for node in ensemble.trees.iter().flat_map(|tree| &tree.nodes) {
            if let TreeNode::Branch { feature, threshold, .. } = node {
                let span = &mut spans[*feature];
                *span = (span.0.min(*threshold), span.1.max(*threshold));
            }
        }
        // A threshold is a border between two integers.
        for span in &mut spans {
            let margin =
                ((span.1 - span.0) / f64::from((1u32 << bits) - 1)).max(span.0.abs() * 1e-3).max(1e-9);
            *span = (span.0 - margin, span.1 + margin);
        }
    }
    let steps = ((1i64 << bits) - 1) as f64;
    let (scale, zero_point) = spans
        .iter()
        .map(|&(least, greatest)| {
            let extent = greatest - least;
            let scale = if extent.is_finite() && extent > 0.0 { extent / steps } else { 1.0 };
            let least = if least.is_finite() { least } else { 0.0 };
            (scale, -((least / scale).round_ties_even() as i64))
        })
        .unzip();
    Quantiser { scale, zero_point, axis: Some(1), lo: 0, hi: steps as i64 }
}

/// What the targets of every sample add to, where there are several and that never changes.
fn constant_sum(ensemble: &TreeEnsemble) -> Option<f64> {
    const TOLERANCE: f64 = 1e-6;
    if ensemble.base.len() < 2 {
        return None;
    }
    let mut total: f64 = ensemble.base.iter().sum();
    for tree in &ensemble.trees {
        let mut sums = tree.nodes.iter().filter_map(|node| match node {
            TreeNode::Leaf(values) => {
                Some((values.iter().sum::<f64>(), values.iter().any(|value| *value != 0.0)))
            }
            TreeNode::Branch { .. } => None,
        });
        let (first, mut is_any) = sums.next()?;
        for (sum, is_some) in sums {
            is_any |= is_some;
            if (sum - first).abs() > TOLERANCE * first.abs().max(TOLERANCE) {
                return None;
            }
        }
        if !is_any {
            continue;
        }
        total += first;
    }
    Some(total)
}

fn without_first(ensemble: &TreeEnsemble) -> TreeEnsemble {
    let node = |node: &TreeNode| match node {
        TreeNode::Leaf(values) => TreeNode::Leaf(values[1..].to_vec()),
        branch @ TreeNode::Branch { .. } => branch.clone(),
    };
    TreeEnsemble {
        features: ensemble.features,
        base: ensemble.base[1..].to_vec(),
        trees: ensemble
            .trees
            .iter()
            .map(|tree| Tree { nodes: tree.nodes.iter().map(node).collect() })
            .collect(),
    }
}
