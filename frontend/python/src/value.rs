//! Encrypted arguments and results.

use crate::arrays::integers;
use crate::errors::exception;
use cloakwork::Value as Inner;
use cloakwork_abi::spec::EncodingSpec;
use cloakwork_runtime::formats::{value_from_bytes, value_to_bytes};
use pyo3::types::PyBytes;
use pyo3::{Bound, Py, PyAny, PyResult, Python, pyclass, pymethods};

/// An encrypted argument or result, or a clear argument on its way.
#[pyclass(frozen, module = "cloakwork._cloakwork")]
pub(crate) struct Value {
    value: Inner,
}

impl Value {
    pub(crate) fn new(value: Inner) -> Self {
        Self { value }
    }

    pub(crate) fn all(values: &[Py<Self>]) -> Vec<Inner> {
        values.iter().map(|value| value.get().value.clone()).collect()
    }
}

#[pymethods]
impl Value {
    /// A clear argument.
    #[staticmethod]
    fn clear(values: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self::new(Inner::of_clear(&integers(values)?)))
    }

    #[getter]
    fn shape(&self) -> Vec<u64> {
        self.value.shape().to_vec()
    }

    #[getter]
    fn is_encrypted(&self) -> bool {
        matches!(self.value.encoding(), EncodingSpec::Encrypted { .. })
    }

    /// Width, and whether it is signed.
    fn encoding(&self) -> (u32, bool) {
        match self.value.encoding() {
            EncodingSpec::Clear => (64, true),
            EncodingSpec::Encrypted { width, is_signed, .. } => (width.0, is_signed),
        }
    }

    fn serialize<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &py.detach(|| value_to_bytes(&self.value)))
    }

    #[staticmethod]
    fn deserialize(py: Python<'_>, bytes: &[u8]) -> PyResult<Self> {
        py.detach(|| value_from_bytes(bytes)).map(Self::new).map_err(|error| exception(error.into()))
    }
}
