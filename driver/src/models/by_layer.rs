//! At which layer a model loses what: the same samples on reals, on integers, with noise, and on ciphertexts.

use super::ModelCircuit;
use super::predict::{Mode, quantise_input, run};
use crate::circuit::Circuit;
use crate::compile::{Source, compile_source};
use crate::error::Error;
use crate::functions::Ranges;
use crate::options::Options;
use cloakwork_abi::processing::{ClearValue, apply_steps};
use cloakwork_abi::spec::EncodingSpec;
use cloakwork_frontend::OpGraph;
use cloakwork_frontend::model::ModelError;
use cloakwork_frontend::quantise::LayerValue;
use cloakwork_frontend::quantise::report::signal_to_noise;
use cloakwork_ir::interpret::Clear;
use ndarray::ArrayD;
use serde::Serialize;
use std::fmt;

/// Failure probabilities of a run that are tried where sums are too wide to be read at the wished one.
const RELAXED: [f64; 3] = [1e-3, 0.1, 0.9];

/// How far [`ModelCircuit::accuracy_by_layer`] follows the samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// With noise, without keys.
    Simulated,
    /// On ciphertexts, under keys that are made for it: the program that hands out every layer is another one.
    Executed,
}

/// A layer on samples. Errors are those that have gathered up to it: `10 · log₁₀(Σ float² / Σ (float − found)²)`, in
/// decibels; infinite where nothing was lost.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LayerAccuracy {
    /// Name of the node of the model.
    pub name: String,
    /// Least and greatest integer.
    pub range: (i64, i64),
    /// Bits of its ciphertexts.
    pub bits: u32,
    /// On integers.
    pub quantised: f64,
    /// With noise.
    pub simulated: f64,
    /// On ciphertexts, where that was asked for.
    pub executed: Option<f64>,
}

/// The layers of a model in order. [`fmt::Display`] prints them for people.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AccuracyByLayer(pub Vec<LayerAccuracy>);

impl ModelCircuit {
    /// What each layer loses on samples, from the model on reals to ciphertexts. It compiles the program anew, with every
    /// layer among its results. Models of trees have no layers.
    pub fn accuracy_by_layer(
        &self,
        samples: &[Vec<ArrayD<f64>>],
        reach: Reach,
    ) -> Result<AccuracyByLayer, Error> {
        let Some(middle) = &self.middle else { return Ok(AccuracyByLayer(vec![])) };
        let mut nodes = vec![];
        let place = |layer: &LayerValue| {
            let known = nodes.iter().position(|node| *node == layer.node);
            known.unwrap_or_else(|| {
                nodes.push(layer.node);
                nodes.len() - 1
            })
        };
        let places: Vec<usize> = self.layers.iter().map(place).collect();
        let graph = self.graph.with_outputs(&nodes)?;
        let circuit = self.readable(&graph)?;
        let (program, spec) = (circuit.program()?, circuit.spec());
        let (mut arguments, mut floats) = (vec![], vec![]);
        for sample in samples {
            arguments.push(quantise_input(spec, sample)?.0);
            floats.push(self.prepared(sample)?);
        }
        let keys = match reach {
            Reach::Simulated => None,
            Reach::Executed => Some(circuit.keygen()?),
        };
        let of_mode = |mode: Mode<'_>| Ok::<_, Error>(run(program.as_ref(), &arguments, mode)?.integers);
        let (clear, simulated) = (of_mode(Mode::Clear)?, of_mode(Mode::Simulate { seed: 0 })?);
        let executed = keys.as_ref().map(|keys| of_mode(Mode::execute(keys))).transpose()?;
        let mut values = vec![];
        for inputs in &floats {
            let value = middle.evaluate(inputs).map_err(|error| {
                ModelError::new(&middle.name, error.to_string(), "samples fit", "correct the samples")
            });
            values.push(value?);
        }
        let layer = |(layer, place): (&LayerValue, usize)| {
            let float: Vec<ArrayD<f64>> =
                values.iter().map(|of_sample| of_sample[layer.value.0].clone().into_owned()).collect();
            let loss = |integers: &[Vec<ArrayD<i64>>]| {
                let real = |results: &Vec<ArrayD<i64>>| {
                    results[place].mapv(|integer| integer as f64) * &layer.scale + &layer.offset
                };
                signal_to_noise(&float, &integers.iter().map(real).collect::<Vec<_>>())
            };
            let all = clear.iter().flat_map(|results| results[place].iter().copied());
            let range = all.fold(None, |range: Option<(i64, i64)>, v| {
                Some(range.map_or((v, v), |(lo, hi)| (lo.min(v), hi.max(v))))
            });
            let bits = match spec.outputs[place].encoding {
                EncodingSpec::Encrypted { width, .. } => width.0,
                EncodingSpec::Clear => 64,
            };
            LayerAccuracy {
                name: layer.name.clone(),
                range: range.unwrap_or_default(),
                bits,
                quantised: loss(&clear),
                simulated: loss(&simulated),
                executed: executed.as_deref().map(loss),
            }
        };
        Ok(AccuracyByLayer(self.layers.iter().zip(places).map(layer).collect()))
    }

    /// Compiled such that every result can be read. A sum before a table may be wider than what parameters for the wished
    /// failure probability can tell apart; where it is, they are those for the least one of [`RELAXED`] that can.
    fn readable(&self, graph: &OpGraph) -> Result<Circuit, Error> {
        let measured = self.samples.iter().map(|sample| sample.iter().cloned().map(Clear::Int).collect());
        let measured: Vec<Vec<Clear>> = measured.collect();
        let compiled = |options: &Options| {
            let source = Source::Graph { graph, ranges: Ranges::Inputset(measured.clone()) };
            compile_source(source, options, &mut |_| ())
        };
        let mut found = compiled(&self.options);
        for global_p_error in RELAXED {
            if !matches!(found, Err(Error::Infeasible(_))) {
                break;
            }
            let global_p_error = Some(global_p_error);
            found =
                compiled(&Options { p_error: None, global_p_error, preset: None, ..self.options.clone() });
        }
        found
    }

    /// A sample as the part of the model takes it that is computed on integers.
    fn prepared(&self, sample: &[ArrayD<f64>]) -> Result<Vec<ArrayD<f64>>, Error> {
        let steps = self.processing().inputs.iter().zip(sample).map(|(input, reals)| {
            let refused = |found: String| {
                Error::from(ModelError::new(&input.name, found, "samples are numbers", "correct the samples"))
            };
            match apply_steps(&input.steps, reals.clone()) {
                Ok(ClearValue::Reals(reals)) => Ok(reals),
                Ok(ClearValue::Integers(_) | ClearValue::Strings(_)) => Err(refused("labels".to_owned())),
                Err(error) => Err(refused(error.to_string())),
            }
        });
        steps.collect()
    }
}

impl fmt::Display for AccuracyByLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.0.iter().map(|layer| layer.name.len()).max().unwrap_or(0).clamp(5, 48);
        let has_executed = self.0.iter().any(|layer| layer.executed.is_some());
        let executed = if has_executed { "    executed" } else { "" };
        writeln!(
            f,
            "{:width$}  {:>5}  {:>19}   quantised   simulated{executed}",
            "layer", "bits", "integers"
        )?;
        let text = |decibels: f64| match decibels.is_finite() {
            true => format!("{decibels:.1} dB"),
            false => "exact".to_owned(),
        };
        for layer in &self.0 {
            let (lo, hi) = layer.range;
            let range = format!("{lo} to {hi}");
            let (quantised, simulated) = (text(layer.quantised), text(layer.simulated));
            write!(
                f,
                "{:width$}  {:>5}  {range:>19}  {quantised:>10}  {simulated:>10}",
                layer.name, layer.bits
            )?;
            if let Some(executed) = layer.executed {
                write!(f, "  {:>10}", text(executed))?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}
