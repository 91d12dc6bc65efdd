//! NumPy arrays to and from the arrays of the compiler. Both ways copy.

use cloakwork_abi::bounds::{Bounds, is_unsigned};
use cloakwork_ir::interpret::Clear;
use ndarray::ArrayD;
use numpy::{IntoPyArray, PyReadonlyArrayDyn};
use pyo3::exceptions::PyTypeError;
use pyo3::types::PyAnyMethods;
use pyo3::{Bound, PyAny, PyResult, Python};

/// Bounds of the integers of a `uint64` array.
pub(crate) const UNSIGNED: Bounds = (0, u64::MAX as i128);

/// An `int64`, `uint64` or `float64` array.
pub(crate) fn from_python(array: &Bound<'_, PyAny>) -> PyResult<Clear> {
    if let Ok(integers) = array.extract::<PyReadonlyArrayDyn<'_, i64>>() {
        return Ok(Clear::Int(integers.as_array().to_owned()));
    }
    if let Ok(integers) = array.extract::<PyReadonlyArrayDyn<'_, u64>>() {
        let words = integers.as_array().mapv(|value| value as i64);
        return Ok(Clear::of_words(words, UNSIGNED));
    }
    if let Ok(reals) = array.extract::<PyReadonlyArrayDyn<'_, f64>>() {
        return Ok(Clear::Real(reals.as_array().to_owned()));
    }
    Err(PyTypeError::new_err(format!(
        "{} is neither an int64, nor a uint64, nor a float64 array",
        array.get_type()
    )))
}

/// An array of integers that fit `int64`.
pub(crate) fn integers(array: &Bound<'_, PyAny>) -> PyResult<ArrayD<i64>> {
    match from_python(array)? {
        Clear::Int(values) => Ok(values),
        Clear::Unsigned(_) => {
            Err(PyTypeError::new_err("integers beyond int64 where an int64 array is needed"))
        }
        Clear::Real(_) => Err(PyTypeError::new_err("a float64 array where an int64 array is needed")),
    }
}

/// Several arrays of integers that fit `int64`.
pub(crate) fn all_integers(arrays: &[Bound<'_, PyAny>]) -> PyResult<Vec<ArrayD<i64>>> {
    arrays.iter().map(integers).collect()
}

/// Several arrays of integers.
pub(crate) fn all_clear(arrays: &[Bound<'_, PyAny>]) -> PyResult<Vec<Clear>> {
    let integers = |array| match from_python(array)? {
        Clear::Real(_) => Err(PyTypeError::new_err("a float64 array where integers are needed")),
        integers => Ok(integers),
    };
    arrays.iter().map(integers).collect()
}

/// A new NumPy array: `uint64` where integers within these bounds need it, else `int64`.
pub(crate) fn words_to_python<'py>(py: Python<'py>, words: ArrayD<i64>, bounds: Bounds) -> Bound<'py, PyAny> {
    match is_unsigned(bounds) {
        true => words.mapv(|word| word as u64).into_pyarray(py).into_any(),
        false => to_python(py, words),
    }
}

/// A new NumPy array.
pub(crate) fn reals_to_python<'py>(py: Python<'py>, values: ArrayD<f64>) -> Bound<'py, PyAny> {
    values.into_pyarray(py).into_any()
}

/// A new `int64` array.
pub(crate) fn to_python<'py>(py: Python<'py>, values: ArrayD<i64>) -> Bound<'py, PyAny> {
    values.into_pyarray(py).into_any()
}
