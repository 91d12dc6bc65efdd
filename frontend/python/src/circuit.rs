//! A compiled program, its keys, and encrypted values.

use crate::arrays::{all_integers, to_python};
use crate::errors::{client_exception, exception};
use cloakwork::{Circuit as Compiled, EvaluationKeys, Keyset, Noise, ProgramSpec, Randomness};
use cloakwork_abi::spec::{EncodingSpec, ValueSpec};
use cloakwork_runtime::client;
use ndarray::ArrayD;
use pyo3::exceptions::PyValueError;
use pyo3::{Bound, Py, PyAny, PyResult, Python, pyclass, pymethods};

/// A compiled program.
#[pyclass(frozen, module = "cloakwork._cloakwork")]
pub(crate) struct Circuit {
    circuit: Compiled,
}

/// Secret keys and evaluation keys of a program.
#[pyclass(frozen, module = "cloakwork._cloakwork")]
pub(crate) struct Keys {
    keys: cloakwork::Keys,
}

/// An encrypted argument or result, or a clear argument on its way.
#[pyclass(frozen, module = "cloakwork._cloakwork")]
pub(crate) struct Value {
    value: cloakwork::Value,
}

impl Circuit {
    pub(crate) fn new(circuit: Compiled) -> Self {
        Self { circuit }
    }

    /// What its keys are made for.
    pub(crate) fn keyset(&self) -> &Keyset {
        &self.circuit.spec().keyset
    }
}

#[pymethods]
impl Circuit {
    /// The module at the level `fhe`, `tfhe` or `llvm`.
    fn mlir(&self, level: &str) -> PyResult<String> {
        let level = match level {
            "fhe" => cloakwork::Level::Fhe,
            "tfhe" => cloakwork::Level::Tfhe,
            "llvm" => cloakwork::Level::Native,
            _ => {
                let message = format!("level `{level}` is not known, allowed are `fhe`, `tfhe` and `llvm`");
                return Err(PyValueError::new_err(message));
            }
        };
        Ok(self.circuit.mlir(level).unwrap_or_default().to_owned())
    }

    /// Parameters, ranges, counts and times as text.
    fn report(&self) -> String {
        self.circuit.report().to_string()
    }

    /// The public description as JSON.
    fn spec(&self) -> String {
        self.circuit.spec().to_json()
    }

    fn p_error(&self) -> f64 {
        self.circuit.spec().error.p_error
    }

    fn global_p_error(&self) -> f64 {
        self.circuit.spec().error.global_p_error
    }

    /// Bootstraps and keyswitches of one run.
    fn counts(&self) -> (u64, u64) {
        let counts = self.circuit.spec().counts;
        (counts.bootstraps, counts.keyswitches)
    }

    /// Bytes of all encrypted inputs, and of all outputs.
    fn sizes(&self) -> (u64, u64) {
        let spec = self.circuit.spec();
        let total = |values: &[ValueSpec]| values.iter().map(|value| bytes(spec, value)).sum();
        (total(&spec.inputs), total(&spec.outputs))
    }

    /// Name, shape, whether it is encrypted, width, whether it is signed, and range of each argument.
    #[allow(clippy::type_complexity, reason = "a row of a table for Python")]
    fn inputs(&self) -> Vec<(String, Vec<u64>, bool, u32, bool, (i64, i64))> {
        let row = |value: &ValueSpec| {
            let (is_encrypted, width, is_signed) = match value.encoding {
                EncodingSpec::Clear => (false, 64, true),
                EncodingSpec::Encrypted { width, is_signed, .. } => (true, width.0, is_signed),
            };
            (value.name.clone(), value.shape.clone(), is_encrypted, width, is_signed, value.range)
        };
        self.circuit.spec().inputs.iter().map(row).collect()
    }

    /// New keys; a seed other than 0 makes them predictable.
    #[pyo3(signature = (seed))]
    fn keygen(&self, py: Python<'_>, seed: Option<u128>) -> PyResult<Keys> {
        let randomness = match seed {
            None | Some(0) => Randomness::Secure,
            Some(seed) => Randomness::InsecureSeed(seed),
        };
        let keys = py.detach(|| self.circuit.keygen_with(randomness, &|_| ())).map_err(exception)?;
        Ok(Keys { keys })
    }

    /// Encrypts arguments; positions without one give `None`.
    fn encrypt(
        &self,
        py: Python<'_>,
        keys: &Keys,
        arguments: Vec<Option<Bound<'_, PyAny>>>,
    ) -> PyResult<Vec<Option<Value>>> {
        let given: Vec<bool> = arguments.iter().map(Option::is_some).collect();
        let arrays: Vec<ArrayD<i64>> = all_integers(&arguments.into_iter().flatten().collect::<Vec<_>>())?;
        let spec = subset(self.circuit.spec(), &given);
        let values =
            py.detach(|| client::encrypt(&spec, &keys.keys.secret, &arrays)).map_err(client_exception)?;
        let mut values = values.into_iter();
        Ok(given
            .into_iter()
            .map(|is_given| if is_given { values.next().map(|value| Value { value }) } else { None })
            .collect())
    }

    /// Runs the program on encrypted arguments.
    fn run(&self, py: Python<'_>, keys: &Keys, arguments: Vec<Py<Value>>) -> PyResult<Vec<Value>> {
        let arguments = values(&arguments);
        let evaluation: &EvaluationKeys = &keys.keys.evaluation;
        let results = py.detach(|| self.circuit.run(evaluation, &arguments)).map_err(exception)?;
        Ok(results.into_iter().map(|value| Value { value }).collect())
    }

    /// Decrypts results.
    fn decrypt<'py>(
        &self,
        py: Python<'py>,
        keys: &Keys,
        results: Vec<Py<Value>>,
    ) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let results = values(&results);
        let clear = py.detach(|| self.circuit.decrypt(&keys.keys.secret, &results)).map_err(exception)?;
        Ok(clear.into_iter().map(|result| to_python(py, result)).collect())
    }

    /// Runs the program without keys, with noise from that seed.
    fn simulate<'py>(
        &self,
        py: Python<'py>,
        arguments: Vec<Bound<'py, PyAny>>,
        seed: u64,
    ) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let arguments = all_integers(&arguments)?;
        let simulation =
            py.detach(|| self.circuit.simulate(arguments, Noise::Seed(seed))).map_err(exception)?;
        Ok(simulation.outputs.into_iter().map(|result| to_python(py, result)).collect())
    }
}

#[pymethods]
impl Keys {
    /// Fingerprint of the parameters that they were made for.
    #[getter]
    fn fingerprint(&self) -> &str {
        self.keys.secret.fingerprint()
    }
}

#[pymethods]
impl Value {
    #[getter]
    fn shape(&self) -> Vec<u64> {
        self.value.shape().to_vec()
    }

    #[getter]
    fn is_encrypted(&self) -> bool {
        matches!(self.value.encoding(), EncodingSpec::Encrypted { .. })
    }

    fn __repr__(&self) -> String {
        let status = if self.is_encrypted() { "encrypted" } else { "clear" };
        format!("Value({status}, shape={:?})", self.value.shape())
    }
}

fn values(values: &[Py<Value>]) -> Vec<cloakwork::Value> {
    values.iter().map(|value| value.get().value.clone()).collect()
}

/// The spec with those arguments alone.
fn subset(spec: &ProgramSpec, given: &[bool]) -> ProgramSpec {
    let inputs =
        spec.inputs.iter().zip(given).filter(|(_, is_given)| **is_given).map(|(input, _)| input.clone());
    ProgramSpec { inputs: inputs.collect(), ..spec.clone() }
}

fn bytes(spec: &ProgramSpec, value: &ValueSpec) -> u64 {
    let words = match value.encoding {
        EncodingSpec::Clear => 1,
        EncodingSpec::Encrypted { key, .. } => {
            spec.keyset.secret_keys.get(key).map_or(0, |key| key.shape.lwe_dimension().0 + 1)
        }
    };
    value.elements() as u64 * words * 8
}
