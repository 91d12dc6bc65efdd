//! Models whose bits, rounding and error probability are chosen by a budget of time and accuracy.

use crate::circuit::Circuit;
use crate::errors::exception;
use crate::measure::measure;
use crate::model::{Model, refused, samples};
use crate::op_graph::OpGraph;
use crate::options::OptionsArgument;
use crate::quantised::{QuantisationArgument, QuantisedModel};
use cloakwork::ModelOptions;
use cloakwork::models::{Budget, Truth, compile_within};
use cloakwork_ir::interpret::Clear;
use pyo3::{Bound, FromPyObject, PyAny, PyResult, Python, pyfunction};
use std::ops::ControlFlow;

/// What a prediction may cost, and what accuracy is.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct BudgetArgument {
    /// As on the command line: `time=2s,accuracy=-1%`.
    text: String,
    /// Labels or values, one for each sample; without them the model on reals is right.
    truth: Option<Vec<f64>>,
    /// Whether a single real is the score of the second of two classes.
    is_score: bool,
}

/// The seconds and the loss of accuracy that a budget allows.
#[pyfunction]
pub(crate) fn read_budget(text: &str) -> PyResult<(Option<f64>, Option<f64>)> {
    let budget: Budget = text.parse().map_err(refused)?;
    Ok((budget.time, budget.accuracy))
}

/// The fastest model within a budget: on integers, as graph, compiled, and what was tried, as text. Ranges come from a
/// batch of each argument.
#[pyfunction]
pub(crate) fn compile_within_budget(
    py: Python<'_>,
    model: &Model,
    batches: Vec<Bound<'_, PyAny>>,
    quantisation: QuantisationArgument,
    options: OptionsArgument,
    budget: BudgetArgument,
) -> PyResult<(QuantisedModel, OpGraph, Circuit, String)> {
    let calibration = samples(&batches)?;
    if budget.truth.as_ref().is_some_and(|truth| truth.len() != calibration.len()) {
        return Err(refused(format!("there are {} samples; pass a label for each", calibration.len())));
    }
    let wanted: Budget = budget.text.parse().map_err(refused)?;
    let truth = Truth { values: budget.truth.as_deref(), is_score: budget.is_score };
    let options = ModelOptions { quantisation: quantisation.wishes()?, options: options.into_options()? };
    let found = py.detach(|| {
        let chosen = compile_within(model.model(), &calibration, truth, &options, wanted)?;
        let integers: Vec<_> =
            calibration.iter().map(|sample| chosen.quantise_input(sample)).collect::<Result<_, _>>()?;
        let clear = integers.iter().map(|sample| sample.iter().cloned().map(Clear::Int).collect()).collect();
        let seen = measure(chosen.graph(), clear, &mut |_| ControlFlow::Continue(()))?;
        Ok((chosen, integers, seen))
    });
    let (chosen, integers, seen) = found.map_err(exception)?;
    let search = chosen.search().map_or_else(String::new, ToString::to_string);
    let graph = OpGraph::measured(chosen.graph().clone(), seen);
    let quantised = QuantisedModel::of_circuit(&chosen, integers);
    Ok((quantised, graph, Circuit::new(chosen.circuit().clone()), search))
}
