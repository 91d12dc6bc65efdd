//! Keys as Python holds them, and as bytes.
//!
//! The bytes of both halves: 8 bytes with the length of the secret half, that half, the evaluation keys. Each half is
//! a file of the runtime, which says itself what it was made for.

use crate::errors::exception;
use cloakwork::{EvaluationKeys as Evaluation, SecretKeys};
use cloakwork_runtime::formats::{FormatError, keyset_from_bytes};
use cloakwork_runtime::output_file::{self, Content};
use pyo3::exceptions::{PyOSError, PyValueError};
use pyo3::types::PyBytes;
use pyo3::{Bound, PyErr, PyResult, Python, pyclass, pymethods};
use std::path::PathBuf;
use std::sync::Arc;
use zeroize::Zeroizing;

/// Secret keys and evaluation keys of a program.
#[pyclass(frozen, module = "cloakwork._cloakwork")]
pub(crate) struct Keys {
    secret: SecretKeys,
    evaluation: Arc<Evaluation>,
}

/// What a server computes with.
#[pyclass(frozen, module = "cloakwork._cloakwork")]
pub(crate) struct EvaluationKeys {
    keys: Arc<Evaluation>,
}

impl Keys {
    pub(crate) fn new(secret: SecretKeys, evaluation: Evaluation) -> Self {
        Self { secret, evaluation: Arc::new(evaluation) }
    }

    pub(crate) fn secret(&self) -> &SecretKeys {
        &self.secret
    }

    pub(crate) fn evaluation_keys(&self) -> &Evaluation {
        &self.evaluation
    }
}

impl EvaluationKeys {
    pub(crate) fn keys(&self) -> &Evaluation {
        &self.keys
    }
}

#[pymethods]
impl Keys {
    /// Fingerprint of the parameters that they were made for.
    #[getter]
    fn fingerprint(&self) -> &str {
        self.secret.fingerprint()
    }

    #[getter]
    fn evaluation(&self) -> EvaluationKeys {
        EvaluationKeys { keys: self.evaluation.clone() }
    }

    fn serialize<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &py.detach(|| self.bytes()))
    }

    /// Writes a file that only its owner may read.
    fn write(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        let written = py.detach(|| output_file::write(&path, &self.bytes(), Content::SecretKeys));
        written.map_err(|error| PyOSError::new_err(format!("cannot write `{}`: {error}", path.display())))
    }

    #[staticmethod]
    fn deserialize(py: Python<'_>, bytes: &[u8]) -> PyResult<Self> {
        let halves = bytes.split_first_chunk::<8>().and_then(|(length, rest)| {
            let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
            rest.split_at_checked(length)
        });
        let Some((secret, evaluation)) = halves else {
            return Err(PyValueError::new_err(
                "the bytes are no keys: they end early; read them from a file that `Keys.save` wrote",
            ));
        };
        py.detach(|| {
            let keyset = keyset_from_bytes(secret)?;
            Ok(Self::new(
                SecretKeys::from_bytes(&keyset, secret)?,
                Evaluation::from_bytes(&keyset, evaluation)?,
            ))
        })
        .map_err(refused)
    }
}

impl Keys {
    fn bytes(&self) -> Zeroizing<Vec<u8>> {
        let (secret, evaluation) = (self.secret.to_bytes(), self.evaluation.to_bytes());
        let mut bytes = Zeroizing::new(Vec::with_capacity(8 + secret.len() + evaluation.len()));
        bytes.extend((secret.len() as u64).to_le_bytes());
        bytes.extend(secret.iter());
        bytes.extend(evaluation);
        bytes
    }
}

#[pymethods]
impl EvaluationKeys {
    #[getter]
    fn fingerprint(&self) -> &str {
        self.keys.fingerprint()
    }

    fn serialize<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &py.detach(|| self.keys.to_bytes()))
    }

    #[staticmethod]
    fn deserialize(py: Python<'_>, bytes: &[u8]) -> PyResult<Self> {
        let keys = py.detach(|| Evaluation::from_bytes(&keyset_from_bytes(bytes)?, bytes));
        Ok(Self { keys: Arc::new(keys.map_err(refused)?) })
    }
}

fn refused(error: FormatError) -> PyErr {
    exception(error.into())
}
