//! The public description of a module, and the client's half: keys, encryption, decryption.

use crate::arrays::{all_clear, words_to_python};
use crate::errors::{client_exception, exception};
use crate::keys::Keys;
use crate::value::Value;
use cloakwork::{Keyset, ModuleSpec, ProgramSpec, Randomness};
use cloakwork_abi::spec::{EncodingSpec, ValueSpec};
use cloakwork_runtime::{client, generate};
use pyo3::exceptions::PyValueError;
use pyo3::{Bound, Py, PyAny, PyResult, Python, pyclass, pymethods};

/// What a client needs of a module.
#[pyclass(frozen, module = "cloakwork._cloakwork")]
pub(crate) struct Spec {
    spec: ModuleSpec,
}

/// Name, shape, whether it is encrypted, width, whether it is signed, and range of an argument or result.
type ValueRow = (String, Vec<u64>, bool, u32, bool, (i128, i128));

impl Spec {
    pub(crate) fn new(spec: ModuleSpec) -> Self {
        Self { spec }
    }

    fn function(&self, name: &str) -> PyResult<&ProgramSpec> {
        self.spec.function(Some(name)).map_err(|error| PyValueError::new_err(error.to_string()))
    }
}

#[pymethods]
impl Spec {
    /// Reads and checks what `to_json` wrote.
    #[staticmethod]
    fn from_json(text: &str) -> PyResult<Self> {
        ModuleSpec::from_json(text).map(Self::new).map_err(|error| PyValueError::new_err(error.to_string()))
    }

    fn to_json(&self) -> String {
        self.spec.to_json()
    }

    /// Fingerprint of the parameters of the keys.
    #[getter]
    fn fingerprint(&self) -> String {
        self.spec.keyset().fingerprint()
    }

    /// Names of the functions.
    fn functions(&self) -> Vec<String> {
        self.spec.functions().iter().map(|function| function.name.clone()).collect()
    }

    fn inputs(&self, function: &str) -> PyResult<Vec<ValueRow>> {
        Ok(self.function(function)?.inputs.iter().map(row).collect())
    }

    fn outputs(&self, function: &str) -> PyResult<Vec<ValueRow>> {
        Ok(self.function(function)?.outputs.iter().map(row).collect())
    }

    /// Bytes of all arguments as they travel, a word for each fresh ciphertext, and of all results.
    fn sizes(&self, function: &str) -> PyResult<(u64, u64)> {
        let spec = self.function(function)?;
        let inputs = spec.inputs.iter().map(|value| 8 * value.items() as u64).sum();
        Ok((inputs, spec.outputs.iter().map(|value| bytes(spec, value)).sum()))
    }

    /// Failure probability of a lookup or result, and of a run, of one function.
    fn error(&self, function: &str) -> PyResult<(f64, f64)> {
        let error = self.function(function)?.error;
        Ok((error.p_error, error.global_p_error))
    }

    /// The same of the whole module: the greatest, and of one run of every function.
    fn module_error(&self) -> (f64, f64) {
        let error = self.spec.error();
        (error.p_error, error.global_p_error)
    }

    /// Bytes of the secret keys, the bootstrap keys and the keyswitch keys as they are stored.
    fn key_sizes(&self) -> (u64, u64, u64) {
        let keyset = self.spec.keyset();
        let secret = keyset.secret_keys.iter().map(|key| 8 * key.shape.lwe_dimension().0.div_ceil(64));
        let bootstrap = Keyset { keyswitch_keys: vec![], ..keyset.clone() };
        let keyswitch = Keyset { bootstrap_keys: vec![], ..keyset.clone() };
        (secret.sum(), bootstrap.evaluation_key_bytes(), keyswitch.evaluation_key_bytes())
    }

    /// New keys; a seed other than 0 makes them predictable.
    #[pyo3(signature = (seed))]
    fn keygen(&self, py: Python<'_>, seed: Option<u128>) -> PyResult<Keys> {
        let randomness = match seed {
            None | Some(0) => Randomness::Secure,
            Some(seed) => Randomness::InsecureSeed(seed),
        };
        let keys = py.detach(|| generate(self.spec.keyset(), randomness, &|_| ()));
        let (secret, evaluation) = keys.map_err(|error| exception(error.into()))?;
        Ok(Keys::new(secret, evaluation))
    }

    /// Encrypts arguments; positions without one give `None`.
    fn encrypt(
        &self,
        py: Python<'_>,
        function: &str,
        keys: &Keys,
        arguments: Vec<Option<Bound<'_, PyAny>>>,
    ) -> PyResult<Vec<Option<Value>>> {
        let given: Vec<bool> = arguments.iter().map(Option::is_some).collect();
        let arrays = all_clear(&arguments.into_iter().flatten().collect::<Vec<_>>())?;
        let spec = subset(self.function(function)?, &given);
        let arrays = cloakwork::call::words(&spec, arrays).map_err(exception)?;
        let values =
            py.detach(|| client::encrypt(&spec, keys.secret(), &arrays)).map_err(client_exception)?;
        let mut values = values.into_iter().map(Value::new);
        Ok(given.into_iter().map(|is_given| if is_given { values.next() } else { None }).collect())
    }

    /// Decrypts results.
    fn decrypt<'py>(
        &self,
        py: Python<'py>,
        function: &str,
        keys: &Keys,
        results: Vec<Py<Value>>,
    ) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let (spec, results) = (self.function(function)?, Value::all(&results));
        let clear = py.detach(|| client::decrypt(spec, keys.secret(), &results)).map_err(client_exception)?;
        let clear = clear.into_iter().zip(&spec.outputs);
        Ok(clear.map(|(result, spec)| words_to_python(py, result, spec.range)).collect())
    }
}

fn row(value: &ValueSpec) -> ValueRow {
    let (is_encrypted, width, is_signed) = match value.encoding {
        EncodingSpec::Clear => (false, 64, true),
        EncodingSpec::Encrypted { width, is_signed, .. } => (true, width.0, is_signed),
    };
    (value.name.clone(), value.shape.clone(), is_encrypted, width, is_signed, value.range)
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
    value.items() as u64 * words * 8
}
