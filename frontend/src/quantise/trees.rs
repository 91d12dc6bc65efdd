//! Models that end in trees: see [`crate::trees`].

use super::options::Quantisation;
use super::report::{LayerReport, QuantisationReport, signal_to_noise};
use super::{ModelError, Quantised};
use crate::model::Model;
use crate::trees::{TreeBits, quantise_trees, trees_of};
use cloakwork_abi::processing::{ClearValue, apply_steps};
use ndarray::ArrayD;

/// The model on integers, if it consists of trees and of what a client can do before them.
pub(super) fn quantised(
    model: &Model,
    calibration: &[Vec<ArrayD<f64>>],
    options: &Quantisation,
) -> Option<Result<Quantised, ModelError>> {
    let split = model.split();
    let trees = trees_of(&split.middle)?;
    let node = &split.middle.nodes[split.middle.outputs.first()?.value.0];
    let samples: Vec<ArrayD<f64>> = calibration.iter().filter_map(|sample| sample.first().cloned()).collect();
    let bits =
        TreeBits { features: options.bits.op_inputs, leaves: options.bits.op_weights, reply: options.reply };
    let refused = |problem: String| {
        let (allowed, advice) = ("trees of tests and leaves that are numbers", "export the model again");
        ModelError::new(&node.name, problem, allowed, advice)
    };
    let shape = &model.inputs.first()?.shape;
    Some(quantise_trees((&split, &trees), (shape, &samples), bits).map_err(refused).map(|quantised| {
        let prepared = samples.iter().filter_map(|sample| {
            match apply_steps(split.before.first().map_or(&[], Vec::as_slice), sample.clone()) {
                Ok(ClearValue::Reals(reals)) => Some(vec![reals]),
                Ok(ClearValue::Integers(_) | ClearValue::Strings(_)) | Err(_) => None,
            }
        });
        let floats: Vec<ArrayD<f64>> =
            prepared.filter_map(|sample| split.middle.predict(&sample).ok()?.pop()).collect();
        let mut graphs = quantised.graphs.into_iter();
        let sums: Vec<(i64, i64)> =
            (0..quantised.ensemble.targets).map(|target| quantised.ensemble.range(target)).collect();
        let range = (
            sums.iter().map(|sum| sum.0).min().unwrap_or(0),
            sums.iter().map(|sum| sum.1).max().unwrap_or(0),
        );
        let report = QuantisationReport {
            layers: vec![LayerReport {
                name: node.name.clone(),
                operation: "trees".to_owned(),
                range: Some(range),
                bits: Some(cloakwork_abi::encoding::width_of_range(range.0, range.1).0),
                signal_to_noise: signal_to_noise(&floats, &quantised.predictions),
            }],
            ..QuantisationReport::default()
        };
        Quantised {
            graph: graphs.next().expect("there is a program"),
            alternatives: graphs.collect(),
            samples: quantised.samples,
            results: quantised.results,
            report,
            middle: None,
            layers: vec![],
        }
    }))
}
