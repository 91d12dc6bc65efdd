//! Python functions as functions of a graph: called when ranges are measured and when tables are built.

use crate::arrays::from_python;
use cloakwork_frontend::elementwise::Number;
use cloakwork_frontend::host::{HostBody, HostFunction};
use cloakwork_ir::interpret::Clear;
use numpy::IntoPyArray;
use pyo3::types::{PyAnyMethods, PyTuple};
use pyo3::{Py, PyAny, PyErr, PyResult, Python};
use std::sync::Arc;

/// Wraps a function from a vector to a vector of as many elements, of `int64` or `float64` each.
pub(crate) fn host_function(name: String, function: Py<PyAny>, takes: Number, gives: Number) -> HostFunction {
    let call = move |input: &Clear| {
        Python::attach(|py| apply(py, &function, vec![input.clone()]).map_err(|error| message(py, &error)))
    };
    HostFunction { name, body: HostBody::Array { takes, gives, function: Arc::new(call) } }
}

/// As [`host_function`], of several vectors of one length.
pub(crate) fn host_function_of_several(
    name: String,
    function: Py<PyAny>,
    takes: Number,
    gives: Number,
) -> HostFunction {
    let call = move |inputs: &[Clear]| {
        let inputs = inputs.to_vec();
        Python::attach(|py| apply(py, &function, inputs).map_err(|error| message(py, &error)))
    };
    HostFunction { name, body: HostBody::Arrays { takes, gives, function: Arc::new(call) } }
}

fn apply(py: Python<'_>, function: &Py<PyAny>, inputs: Vec<Clear>) -> PyResult<Clear> {
    let inputs = inputs.into_iter().map(|input| match input {
        Clear::Int(values) => values.into_pyarray(py).into_any(),
        Clear::Unsigned(values) => values.into_pyarray(py).into_any(),
        Clear::Real(values) => values.into_pyarray(py).into_any(),
    });
    from_python(&function.bind(py).call1(PyTuple::new(py, inputs.collect::<Vec<_>>())?)?)
}

/// The exception as its last line in a traceback.
fn message(py: Python<'_>, error: &PyErr) -> String {
    let name = error.get_type(py).getattr("__name__").and_then(|name| name.extract::<String>());
    format!("{}: {}", name.unwrap_or_default(), error.value(py))
}
