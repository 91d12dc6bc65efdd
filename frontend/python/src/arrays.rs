//! NumPy arrays to and from the arrays of the compiler. Both ways copy.

use cloakwork_ir::interpret::Clear;
use ndarray::ArrayD;
use numpy::{IntoPyArray, PyReadonlyArrayDyn};
use pyo3::exceptions::PyTypeError;
use pyo3::types::PyAnyMethods;
use pyo3::{Bound, PyAny, PyResult, Python};

/// An `int64` or `float64` array.
pub(crate) fn from_python(array: &Bound<'_, PyAny>) -> PyResult<Clear> {
    if let Ok(integers) = array.extract::<PyReadonlyArrayDyn<'_, i64>>() {
        return Ok(Clear::Int(integers.as_array().to_owned()));
    }
    if let Ok(reals) = array.extract::<PyReadonlyArrayDyn<'_, f64>>() {
        return Ok(Clear::Real(reals.as_array().to_owned()));
    }
    Err(PyTypeError::new_err(format!("{} is neither an int64 nor a float64 array", array.get_type())))
}

/// An `int64` array.
pub(crate) fn integers(array: &Bound<'_, PyAny>) -> PyResult<ArrayD<i64>> {
    match from_python(array)? {
        Clear::Int(values) => Ok(values),
        Clear::Real(_) => Err(PyTypeError::new_err("a float64 array where an int64 array is needed")),
    }
}

/// Several `int64` arrays.
pub(crate) fn all_integers(arrays: &[Bound<'_, PyAny>]) -> PyResult<Vec<ArrayD<i64>>> {
    arrays.iter().map(integers).collect()
}

/// A new NumPy array.
pub(crate) fn to_python<'py>(py: Python<'py>, values: ArrayD<i64>) -> Bound<'py, PyAny> {
    values.into_pyarray(py).into_any()
}

/// A new NumPy array.
pub(crate) fn reals_to_python<'py>(py: Python<'py>, values: ArrayD<f64>) -> Bound<'py, PyAny> {
    values.into_pyarray(py).into_any()
}
