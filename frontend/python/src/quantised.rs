//! Models on integers: their clear meaning, the client's half, and the way to circuits.

use crate::arrays::{all_integers, reals_to_python, to_python};
use crate::circuit::Circuit;
use crate::errors::exception;
use crate::measure::{evaluate_all, measure};
use crate::model::{refused, samples, stacked, taken_apart};
use crate::op_graph::OpGraph;
use crate::options::OptionsArgument;
use cloakwork::bounds;
use cloakwork::models::{ModelCircuit, compile_fastest, with_room};
use cloakwork_abi::processing::{
    ClearValue, Dequantiser, InputProcessing, OutputProcessing, Processing, Quantiser, apply_steps,
};
use cloakwork_frontend::OpGraph as Graph;
use cloakwork_frontend::model::Model;
use cloakwork_frontend::neighbours::Neighbours;
use cloakwork_frontend::quantise::report::{LayerReport, SumReport};
use cloakwork_frontend::quantise::{
    Bits, LayerValue, Quantisation, QuantisationReport, Quantised, Reply, RoundTo, quantise,
};
use cloakwork_ir::digits::Exactness;
use cloakwork_ir::interpret::Clear;
use ndarray::ArrayD;
use pyo3::types::PyAnyMethods;
use pyo3::{Bound, FromPyObject, PyAny, PyResult, Python, pyclass, pyfunction, pymethods};
use std::ops::ControlFlow;

/// Wishes for a quantisation.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct QuantisationArgument {
    model_inputs: u32,
    op_inputs: u32,
    op_weights: u32,
    model_outputs: u32,
    /// Bits that tables take, and whether noise may move a value by one step.
    rounding: Option<(u32, bool)>,
    /// `scores` or `label`.
    reply: String,
    /// Where ranges come from; the default of models without.
    bounds: Option<String>,
}

/// A row about a layer: name, what it computes, range and bits of its integers, decibels that quantisation left, and bits
/// that tables take of its sums.
type LayerRow = (String, String, Option<(i64, i64)>, Option<u32>, f64, Option<u32>);

/// A model on integers.
#[pyclass(frozen, module = "cloakwork._cloakwork")]
pub(crate) struct QuantisedModel {
    /// Of one meaning; the fastest is compiled.
    graphs: Vec<Graph>,
    samples: Vec<Vec<ArrayD<i64>>>,
    processing: Processing,
    report: QuantisationReport,
    layers: Vec<LayerValue>,
}

/// The model on integers; ranges come from samples.
pub(crate) fn quantised(
    model: &Model,
    samples: Vec<Vec<ArrayD<f64>>>,
    options: &QuantisationArgument,
) -> PyResult<QuantisedModel> {
    let quantised = quantise(model, &samples, &options.wishes()?).map_err(refused)?;
    let processing = quantised.graph.processing().cloned().unwrap_or_default();
    let graphs = quantised.graphs().into_iter().cloned().collect();
    let Quantised { samples, report, layers, .. } = quantised;
    Ok(QuantisedModel { graphs, samples, processing, report, layers })
}

impl QuantisationArgument {
    pub(crate) fn wishes(&self) -> PyResult<Quantisation> {
        let bits = Bits {
            model_inputs: self.model_inputs,
            op_inputs: self.op_inputs,
            op_weights: self.op_weights,
            model_outputs: self.model_outputs,
        };
        let rounding = self.rounding.map(|(bits, is_approximate)| RoundTo {
            bits,
            exactness: if is_approximate { Exactness::Approximate } else { Exactness::Exact },
        });
        let reply = match self.reply.as_str() {
            "scores" => Reply::Scores,
            "label" => Reply::Label,
            other => return Err(refused(format!("reply {other:?}; allowed are 'scores' and 'label'"))),
        };
        let bounds = self.bounds.as_deref().map(bounds).transpose().map_err(refused)?;
        let wishes = Quantisation { bits, rounding, reply, ..Quantisation::default() };
        Ok(with_room(&wishes, bounds))
    }
}

/// Points on a grid and how many of them vote.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct NeighboursArgument {
    points: Vec<Vec<i64>>,
    classes: Vec<usize>,
    class_count: usize,
    k: usize,
    bits: u32,
    scale: Vec<f64>,
    zero_point: Vec<i64>,
}

/// The votes of the nearest points as a model on integers; ranges come from a batch.
#[pyfunction]
pub(crate) fn nearest(
    argument: NeighboursArgument,
    batches: Vec<Bound<'_, PyAny>>,
) -> PyResult<QuantisedModel> {
    let NeighboursArgument { points, classes, class_count, k, bits, scale, zero_point } = argument;
    let features = points.first().map_or(0, Vec::len);
    if !(1..=16).contains(&bits) || features == 0 || !(1..=points.len()).contains(&k) {
        return Err(refused(format!(
            "{k} of {} points with {features} features of {bits} bits; there are points, k of them vote",
            points.len()
        )));
    }
    let neighbours = Neighbours { points, classes, class_count, k, bits };
    let mut graphs = neighbours.programs("nearest", "x").map_err(refused)?;
    let quantiser = Quantiser { scale, zero_point, axis: Some(1), lo: 0, hi: (1 << bits) - 1 };
    let quantised = |sample: Vec<ArrayD<f64>>| -> PyResult<Vec<ArrayD<i64>>> {
        sample.iter().map(|reals| Ok(quantiser.quantise(reals).map_err(refused)?.integers)).collect()
    };
    let samples = samples(&batches)?.into_iter().map(quantised).collect::<PyResult<_>>()?;
    let shape = vec![1, features];
    let input = InputProcessing { name: "x".into(), shape, steps: vec![], quantiser };
    let dequantiser = Dequantiser { scale: vec![1.0], offset: vec![0.0], axis: None };
    let output = OutputProcessing { name: "votes".into(), result: 0, dequantiser, steps: vec![] };
    let processing = Processing { inputs: vec![input], outputs: vec![output] };
    graphs.iter_mut().for_each(|graph| graph.set_processing(processing.clone()));
    Ok(QuantisedModel { graphs, samples, processing, report: QuantisationReport::default(), layers: vec![] })
}

impl QuantisedModel {
    /// A model that was compiled, with its arguments for the samples.
    pub(crate) fn of_circuit(circuit: &ModelCircuit, samples: Vec<Vec<ArrayD<i64>>>) -> Self {
        Self {
            graphs: vec![circuit.graph().clone()],
            samples,
            processing: circuit.processing().clone(),
            report: circuit.quantisation().clone(),
            layers: circuit.layers().to_vec(),
        }
    }
}

#[pymethods]
impl QuantisedModel {
    /// What a client does in the clear.
    fn processing(&self) -> PyResult<ClientProcessing> {
        Ok(ClientProcessing { processing: self.processing.clone() })
    }

    /// What quantisation decided, as text; nothing of models that it had nothing to decide about.
    fn report(&self) -> String {
        if self.report.layers.is_empty() { String::new() } else { self.report.to_string() }
    }

    /// What quantisation decided about each layer.
    fn layers(&self) -> Vec<LayerRow> {
        let row = |layer: &LayerReport| {
            let sums = self.report.sums.iter().find(|sum| sum.layer == layer.name);
            let table_bits = sums.map(SumReport::table_bits);
            let (name, operation) = (layer.name.clone(), layer.operation.clone());
            (name, operation, layer.range, layer.bits, layer.signal_to_noise, table_bits)
        };
        self.report.layers.iter().map(row).collect()
    }

    /// The reals that the integers of each layer stand for, for batches of integers.
    fn evaluate_layers<'py>(
        &self,
        py: Python<'py>,
        arguments: Vec<Bound<'py, PyAny>>,
    ) -> PyResult<Vec<(String, Bound<'py, PyAny>)>> {
        let samples = taken_apart(&all_integers(&arguments)?)?;
        let mut outputs: Vec<_> = self.layers.iter().map(|layer| layer.node).collect();
        outputs.sort_unstable();
        outputs.dedup();
        let graph = self.graphs[0].with_outputs(&outputs).map_err(refused)?;
        let calls = py.detach(|| evaluate_all(&graph, as_clear(samples))).map_err(exception)?;
        let calls: Vec<Vec<ArrayD<i64>>> = calls.into_iter().map(words).collect();
        let of_layer = |layer: &LayerValue| {
            let place = outputs.iter().position(|node| *node == layer.node).expect("each is an output");
            let reals = |call: &Vec<ArrayD<i64>>| {
                vec![call[place].mapv(|integer| integer as f64) * &layer.scale + &layer.offset]
            };
            let batch = stacked(calls.iter().map(reals).collect(), 1).pop();
            (layer.name.clone(), reals_to_python(py, batch.unwrap_or_else(|| ArrayD::zeros(vec![0]))))
        };
        Ok(self.layers.iter().map(of_layer).collect())
    }

    /// The exact results for batches of integers.
    fn evaluate<'py>(
        &self,
        py: Python<'py>,
        arguments: Vec<Bound<'py, PyAny>>,
    ) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let samples = taken_apart(&all_integers(&arguments)?)?;
        let graph = &self.graphs[0];
        let results = py.detach(|| evaluate_all(graph, as_clear(samples))).map_err(exception)?;
        Ok(batches(py, results.into_iter().map(words).collect(), graph.outputs().len()))
    }

    /// The graph and the circuit of the program that is predicted to be fastest. Ranges come from the samples of the
    /// quantisation and from further batches of integers.
    fn compile(
        &self,
        py: Python<'_>,
        arguments: Vec<Bound<'_, PyAny>>,
        options: OptionsArgument,
    ) -> PyResult<(OpGraph, Circuit)> {
        let mut samples = self.samples.clone();
        samples.extend(taken_apart(&all_integers(&arguments)?)?);
        let options = options.into_options()?;
        let graphs: Vec<&Graph> = self.graphs.iter().collect();
        let compiled = py.detach(|| {
            let (fastest, circuit) = compile_fastest(&graphs, &samples, &options)?;
            let seen = measure(graphs[fastest], as_clear(samples), &mut |_| ControlFlow::Continue(()))?;
            Ok((fastest, seen, circuit))
        });
        let (fastest, seen, circuit) = compiled.map_err(exception)?;
        Ok((OpGraph::measured(self.graphs[fastest].clone(), seen), Circuit::new(circuit)))
    }
}

/// What a client does in the clear around a model.
#[pyclass(frozen, name = "Processing", module = "cloakwork._cloakwork")]
pub(crate) struct ClientProcessing {
    processing: Processing,
}

impl ClientProcessing {
    pub(crate) fn new(processing: Processing) -> Self {
        Self { processing }
    }
}

#[pymethods]
impl ClientProcessing {
    #[staticmethod]
    fn from_json(text: &str) -> PyResult<Self> {
        Ok(Self { processing: serde_json::from_str(text).map_err(refused)? })
    }

    fn to_json(&self) -> PyResult<String> {
        serde_json::to_string(&self.processing).map_err(refused)
    }

    /// Name and shape of each argument.
    fn inputs(&self) -> Vec<(String, Vec<usize>)> {
        self.processing.inputs.iter().map(|input| (input.name.clone(), input.shape.clone())).collect()
    }

    /// Integers for batches of reals, and how many reals were outside of what integers stand for.
    fn quantise<'py>(
        &self,
        py: Python<'py>,
        arguments: Vec<Bound<'py, PyAny>>,
    ) -> PyResult<(Vec<Bound<'py, PyAny>>, usize)> {
        let inputs = &self.processing.inputs;
        let (mut saturated, mut results) = (0, vec![]);
        for sample in samples(&arguments)? {
            let mut integers = vec![];
            for (input, reals) in inputs.iter().zip(sample) {
                if reals.shape() != input.shape {
                    let message = format!(
                        "`{}` has shape {:?} for each sample, here {:?}; pass all features in the order of training",
                        input.name,
                        &input.shape[1..],
                        &reals.shape()[1..],
                    );
                    return Err(refused(message));
                }
                let ClearValue::Reals(reals) = apply_steps(&input.steps, reals).map_err(refused)? else {
                    return Err(refused("labels cannot be encrypted"));
                };
                let quantised = input.quantiser.quantise(&reals).map_err(refused)?;
                saturated += quantised.saturated;
                integers.push(quantised.integers);
            }
            results.push(integers);
        }
        Ok((batches(py, results, inputs.len()), saturated))
    }

    /// Reals for batches of results.
    fn dequantise<'py>(
        &self,
        py: Python<'py>,
        results: Vec<Bound<'py, PyAny>>,
    ) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let count = self.processing.outputs.len();
        let mut columns: Vec<Vec<ClearValue>> = vec![vec![]; count];
        for sample in taken_apart(&all_integers(&results)?)? {
            let values = self.processing.values(&sample).map_err(refused)?;
            columns.iter_mut().zip(values).for_each(|(column, value)| column.push(value));
        }
        columns.into_iter().map(|column| to_batch(py, column)).collect()
    }
}

/// An output of all samples: reals, labels that are integers, or an array of text.
fn to_batch(py: Python<'_>, column: Vec<ClearValue>) -> PyResult<Bound<'_, PyAny>> {
    let (mut reals, mut integers, mut names, mut shape) = (vec![], vec![], vec![], vec![column.len()]);
    for value in column {
        match value {
            ClearValue::Reals(values) => reals.push(vec![values]),
            ClearValue::Integers(labels) => integers.push(vec![labels]),
            ClearValue::Strings(labels) => {
                shape.truncate(1);
                shape.extend(labels.shape().iter().skip(1));
                names.extend(labels);
            }
        }
    }
    if !names.is_empty() {
        let array = py.import("numpy")?.getattr("array")?.call1((names,))?;
        return array.call_method1("reshape", (shape,));
    }
    if !integers.is_empty() {
        let whole = stacked(integers, 1).pop().unwrap_or_else(|| ArrayD::zeros(vec![0]));
        return Ok(to_python(py, whole));
    }
    let whole = stacked(reals, 1).pop().unwrap_or_else(|| ArrayD::zeros(vec![0]));
    Ok(reals_to_python(py, whole))
}

/// Batches of results as Python has them.
pub(crate) fn batches<'py>(
    py: Python<'py>,
    samples: Vec<Vec<ArrayD<i64>>>,
    results: usize,
) -> Vec<Bound<'py, PyAny>> {
    stacked(samples, results).into_iter().map(|batch| to_python(py, batch)).collect()
}

/// The integers of the results of a call.
fn words(call: Vec<Clear>) -> Vec<ArrayD<i64>> {
    call.into_iter().filter_map(Clear::into_words).collect()
}

/// Samples of integers as the interpreter takes them.
fn as_clear(samples: Vec<Vec<ArrayD<i64>>>) -> Vec<Vec<Clear>> {
    samples.into_iter().map(|sample| sample.into_iter().map(Clear::Int).collect()).collect()
}
