//! Models on reals: from a model and samples to encrypted predictions.
//!
//! - [`compile_model`]: quantises and compiles; the artifact is that of any other program, its spec tells a client how to
//!   make integers of reals and reals of integers;
//! - [`compile_within`]: the same, with bits and rounding chosen by a [`Budget`] of time and accuracy;
//! - [`ModelCircuit`], [`predict()`]: predictions in the clear, simulated and encrypted, from a circuit or a file.

mod accuracy;
mod budget;
mod by_layer;
mod predict;
mod saturation;

pub use accuracy::{Accuracy, Truth, accuracy, float_outputs};
pub use budget::{Budget, Candidate, NoBudget, Search, compile_within};
pub use by_layer::{AccuracyByLayer, LayerAccuracy, Reach};
pub use predict::{Mode, Predictions, dequantise_output, predict, predict_elsewhere, quantise_input};
pub use saturation::BeyondSaturation;

use crate::circuit::{Circuit, Keys};
use crate::compile::{Source, compile_source};
use crate::error::Error;
use crate::functions::Ranges;
use crate::options::Options;
use cloakwork_abi::processing::{ClearValue, Processing};
use cloakwork_frontend::OpGraph;
use cloakwork_frontend::model::{Model, ModelError};
use cloakwork_frontend::quantise::{
    LayerValue, Margin, Quantisation, QuantisationReport, Quantised, quantise,
};
use cloakwork_ir::diagnostic::{Diagnostic, Severity};
use cloakwork_ir::interpret::Clear;
use cloakwork_passes::set_bounds::Bounds;
use ndarray::ArrayD;
use std::sync::Arc;

/// How a model is compiled.
#[derive(Clone, Debug, Default)]
pub struct ModelOptions {
    /// Bits, scales, ranges and rounding.
    pub quantisation: Quantisation,
    /// How the program on integers is compiled.
    pub options: Options,
}

/// A model that was compiled. It can be shared between threads.
#[derive(Clone, Debug)]
pub struct ModelCircuit {
    circuit: Circuit,
    graph: OpGraph,
    quantisation: QuantisationReport,
    layers: Vec<LayerValue>,
    search: Option<Search>,
    options: Options,
    /// The samples of the calibration set as its arguments.
    samples: Arc<Vec<Vec<ArrayD<i64>>>>,
    /// The part of the model that it computes; none of trees.
    middle: Option<Arc<Model>>,
}

/// Quantises a model on samples and compiles it. A sample has one tensor for each input, in its shape.
pub fn compile_model(
    model: &Model,
    calibration: &[Vec<ArrayD<f64>>],
    options: &ModelOptions,
) -> Result<ModelCircuit, Error> {
    compile_quantised(quantise(model, calibration, &wishes(options))?, options)
}

fn wishes(options: &ModelOptions) -> Quantisation {
    with_room(&options.quantisation, options.options.bounds)
}

/// With room for whatever inputs there are, as the bounds of the program ask for it.
pub fn with_room(quantisation: &Quantisation, bounds: Option<Bounds>) -> Quantisation {
    let margin = match (bounds.unwrap_or(BOUNDS), quantisation.margin) {
        (Bounds::Provable, _) => Margin::Whole,
        (Bounds::Guarded, Margin::Share(share)) => Margin::Guarded(share),
        (Bounds::Guarded | Bounds::Measured | Bounds::Saturate, margin) => margin,
    };
    Quantisation { margin, ..quantisation.clone() }
}

fn guarded(options: &Options) -> Options {
    Options { bounds: options.bounds.or(Some(BOUNDS)), ..options.clone() }
}

/// Where the ranges of a model come from if nothing is said: nothing wraps, whatever the inputs.
const BOUNDS: Bounds = Bounds::Guarded;

fn compile_quantised(quantised: Quantised, options: &ModelOptions) -> Result<ModelCircuit, Error> {
    let (fastest, circuit) = compile_fastest(&quantised.graphs(), &quantised.samples, &options.options)?;
    let graph = quantised.graphs()[fastest].clone();
    let Quantised { report: quantisation, layers, samples, middle, .. } = quantised;
    Ok(ModelCircuit {
        circuit,
        graph,
        quantisation,
        layers,
        search: None,
        options: guarded(&options.options),
        samples: Arc::new(samples),
        middle: middle.map(Arc::new),
    })
}

/// Compiles programs that compute the same, with ranges from samples: the one that is predicted to be fastest, and its
/// position. There is at least one.
pub fn compile_fastest(
    graphs: &[&OpGraph],
    samples: &[Vec<ArrayD<i64>>],
    options: &Options,
) -> Result<(usize, Circuit), Error> {
    let options = guarded(options);
    let mut best: Option<(f64, usize, Circuit)> = None;
    let mut infeasible = None;
    for (position, graph) in graphs.iter().enumerate() {
        let samples = samples.iter().map(|sample| sample.iter().cloned().map(Clear::Int).collect::<Vec<_>>());
        let source = Source::Graph { graph, ranges: Ranges::Inputset(samples.collect()) };
        let circuit = match compile_source(source, &options, &mut |_| ()) {
            Ok(circuit) => circuit,
            Err(Error::Infeasible(messages)) => {
                infeasible = Some(messages);
                continue;
            }
            Err(error) => return Err(error),
        };
        let seconds = circuit.report().predicted_time.map_or(f64::INFINITY, |time| time.total());
        if best.as_ref().is_none_or(|(least, ..)| seconds < *least) {
            best = Some((seconds, position, circuit));
        }
    }
    best.map(|(_, position, circuit)| (position, circuit)).ok_or_else(|| {
        if let Some(mut messages) = infeasible {
            let advice =
                "fewer bits (`n_bits`), rounded sums (`rounding`) or a choice by `budget` ask for less";
            messages.push(Diagnostic::new(Severity::Note, "model", advice));
            return Error::Infeasible(messages);
        }
        let advice = "pass a program at least";
        ModelError::new("model", "no program", "one of several programs is compiled", advice).into()
    })
}

impl ModelCircuit {
    /// The program on integers.
    pub fn circuit(&self) -> &Circuit {
        &self.circuit
    }

    /// The program on integers, as it was before it was compiled.
    pub fn graph(&self) -> &OpGraph {
        &self.graph
    }

    /// What quantisation decided, and what each layer lost by it.
    pub fn quantisation(&self) -> &QuantisationReport {
        &self.quantisation
    }

    /// Where the values of its layers are in [`Self::graph`].
    pub fn layers(&self) -> &[LayerValue] {
        &self.layers
    }

    /// What was tried, if a budget chose.
    pub fn search(&self) -> Option<&Search> {
        self.search.as_ref()
    }

    /// What a client does in the clear.
    pub fn processing(&self) -> &Processing {
        self.circuit.spec().processing.as_ref().expect("written when the model was quantised")
    }

    /// Predicts each sample.
    pub fn predict(&self, samples: &[Vec<ArrayD<f64>>], mode: Mode<'_>) -> Result<Predictions, Error> {
        predict(self.circuit.program()?.as_ref(), samples, mode)
    }

    /// The arguments of the program for one sample.
    pub fn quantise_input(&self, sample: &[ArrayD<f64>]) -> Result<Vec<ArrayD<i64>>, Error> {
        Ok(quantise_input(self.circuit.spec(), sample)?.0)
    }

    /// The results of the model for those of the program.
    pub fn dequantise_output(&self, results: &[ArrayD<i64>]) -> Result<Vec<ClearValue>, Error> {
        dequantise_output(self.circuit.spec(), results)
    }

    /// New keys from secure randomness.
    pub fn keygen(&self) -> Result<Keys, Error> {
        self.circuit.keygen()
    }
}
