//! Runs a graph on clear inputs: emitted, then interpreted.
#![allow(dead_code, reason = "each test binary uses some of it")]

use cloakwork_frontend::OpGraph;
use cloakwork_frontend::emit::emit;
use cloakwork_frontend::host::GraphHost;
use cloakwork_frontend::sample::Sample;
use cloakwork_ir::context::context;
use cloakwork_ir::diagnostic::Diagnostic;
use cloakwork_ir::function::functions;
use cloakwork_ir::interpret::{Clear, interpret};
use ndarray::ArrayD;

pub(crate) fn run(graph: &OpGraph, sample: impl Sample) -> Vec<ArrayD<i64>> {
    try_run(graph, sample).unwrap()
}

pub(crate) fn try_run(graph: &OpGraph, sample: impl Sample) -> Result<Vec<ArrayD<i64>>, Diagnostic> {
    let context = context();
    let module = emit(&context, graph).unwrap();
    let inputs: Vec<Clear> = sample.into_arguments();
    let outputs = interpret(functions(&module)[0], &inputs, &GraphHost::of(graph))?;
    Ok(outputs.iter().map(|output| output.int().unwrap().clone()).collect())
}

/// The emitted module as text, after calibration if there are samples.
pub(crate) fn text<S: Sample>(graph: &OpGraph, samples: Vec<S>) -> String {
    let context = context();
    let module = emit(&context, graph).unwrap();
    if !samples.is_empty() {
        cloakwork_frontend::calibrate::calibrate(&context, &module, &GraphHost::of(graph), samples).unwrap();
    }
    module.as_operation().to_string()
}
