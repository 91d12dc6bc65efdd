//! The module `cloakwork_client._client`: the client's half from the spec alone. No compiler and no kernels are in it.

use cloakwork_abi::module_spec::ModuleSpec;
use cloakwork_abi::processing::ClearValue;
use cloakwork_abi::spec::{EncodingSpec, ProgramSpec};
use cloakwork_client::client::ClientError;
use cloakwork_client::formats::{Passphrase, values_from_bytes, values_to_bytes};
use cloakwork_client::model_client::{dequantise, quantise};
use cloakwork_client::output_file::{self, Content};
use cloakwork_client::spec_file::read_module_spec;
use cloakwork_client::{
    PublicKey as PublicKeyOf, Randomness, SecretKeys, Value, decrypt, encrypt, encrypt_public, generate,
};
use ndarray::ArrayD;
use numpy::{IntoPyArray, PyReadonlyArrayDyn};
use pyo3::exceptions::{PyOSError, PyValueError};
use pyo3::types::{PyAnyMethods, PyBytes};
use pyo3::{Bound, IntoPyObject, PyAny, PyErr, PyResult, Python, pyclass, pymethods, pymodule};
use std::fmt::Display;
use std::path::PathBuf;

/// What a client knows of a program.
#[pyclass(frozen, module = "cloakwork_client._client")]
struct Spec {
    spec: ModuleSpec,
}

/// What a client encrypts and decrypts with.
#[pyclass(frozen, module = "cloakwork_client._client")]
struct Keys {
    keys: SecretKeys,
}

/// What someone else encrypts with for the owner of secret keys.
#[pyclass(frozen, module = "cloakwork_client._client")]
struct PublicKey {
    key: PublicKeyOf,
}

/// Name, shape, whether it is encrypted, and range of an argument or result.
type ValueRow = (String, Vec<u64>, bool, (i128, i128));

#[pymethods]
impl Spec {
    /// Out of an artifact, an executable or JSON.
    #[staticmethod]
    fn read(py: Python<'_>, bytes: &[u8]) -> PyResult<Self> {
        let bytes = bytes.to_vec();
        py.detach(|| read_module_spec(bytes, "program")).map(|spec| Self { spec }).map_err(refused)
    }

    fn to_json(&self) -> String {
        self.spec.to_json()
    }

    fn functions(&self) -> Vec<String> {
        self.spec.functions().iter().map(|function| function.name.clone()).collect()
    }

    fn is_model(&self, function: Option<&str>) -> PyResult<bool> {
        Ok(self.function(function)?.processing.is_some())
    }

    fn inputs(&self, function: Option<&str>) -> PyResult<Vec<ValueRow>> {
        let row = |value: &cloakwork_abi::spec::ValueSpec| {
            let is_encrypted = matches!(value.encoding, EncodingSpec::Encrypted { .. });
            (value.name.clone(), value.shape.clone(), is_encrypted, value.range)
        };
        Ok(self.function(function)?.inputs.iter().map(row).collect())
    }

    /// New keys, and the file of evaluation keys for the server.
    fn keygen<'py>(&self, py: Python<'py>) -> PyResult<(Keys, Bound<'py, PyBytes>)> {
        let made = py.detach(|| generate(self.spec.keyset(), Randomness::Secure, &|_| ()));
        let (keys, evaluation) = made.map_err(refused)?;
        Ok((Keys { keys }, PyBytes::new(py, &py.detach(|| evaluation.to_bytes()))))
    }

    /// Secret keys out of their file.
    #[pyo3(signature = (file, passphrase = None))]
    fn read_keys(&self, py: Python<'_>, file: &[u8], passphrase: Option<&str>) -> PyResult<Keys> {
        let passphrase = passphrase.map(Passphrase::new).transpose().map_err(refused)?;
        let keyset = self.spec.keyset();
        let keys = py.detach(|| SecretKeys::from_bytes_under(keyset, file, passphrase.as_ref()));
        keys.map(|keys| Keys { keys }).map_err(refused)
    }

    /// A public key out of its file.
    fn read_public_key(&self, file: &[u8]) -> PyResult<PublicKey> {
        let key = PublicKeyOf::from_bytes(self.spec.keyset(), file).map_err(refused)?;
        Ok(PublicKey { key })
    }

    /// Encrypts the arguments of one call: integers, or the inputs of a model. Says how many of these lie outside of
    /// what the calibration set showed.
    fn encrypt<'py>(
        &self,
        py: Python<'py>,
        function: Option<&str>,
        keys: &Keys,
        arguments: Vec<Bound<'py, PyAny>>,
    ) -> PyResult<(Bound<'py, PyBytes>, usize)> {
        self.question(py, function, &arguments, |spec, integers| encrypt(spec, &keys.keys, integers))
    }

    /// `encrypt` with the public key of someone else's keys.
    fn encrypt_public<'py>(
        &self,
        py: Python<'py>,
        function: Option<&str>,
        key: &PublicKey,
        arguments: Vec<Bound<'py, PyAny>>,
    ) -> PyResult<(Bound<'py, PyBytes>, usize)> {
        self.question(py, function, &arguments, |spec, integers| {
            encrypt_public(spec, &key.key, integers, Randomness::Secure)
        })
    }

    /// Decrypts the results of one call.
    fn decrypt<'py>(
        &self,
        py: Python<'py>,
        function: Option<&str>,
        keys: &Keys,
        answer: &[u8],
    ) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let spec = self.function(function)?;
        let results = py.detach(|| {
            let values = values_from_bytes(&spec.keyset, &spec.outputs, answer).map_err(text)?;
            decrypt(spec, &keys.keys, &values).map_err(text)
        });
        let results = results.map_err(PyValueError::new_err)?;
        if spec.processing.is_none() {
            return Ok(results.into_iter().map(|array| array.into_pyarray(py).into_any()).collect());
        }
        let value = |value| match value {
            ClearValue::Reals(reals) => Ok(reals.into_pyarray(py).into_any()),
            ClearValue::Integers(labels) => Ok(labels.into_pyarray(py).into_any()),
            ClearValue::Strings(labels) => {
                Ok(labels.into_raw_vec_and_offset().0.into_pyobject(py)?.into_any())
            }
        };
        dequantise(spec, &results).map_err(refused)?.into_iter().map(value).collect()
    }
}

impl Spec {
    /// The file of encrypted arguments, and how many of them were taken into their range.
    fn question<'py>(
        &self,
        py: Python<'py>,
        function: Option<&str>,
        arguments: &[Bound<'py, PyAny>],
        encrypt: impl FnOnce(&ProgramSpec, &[ArrayD<i64>]) -> Result<Vec<Value>, ClientError> + Send,
    ) -> PyResult<(Bound<'py, PyBytes>, usize)> {
        let spec = self.function(function)?;
        let (integers, saturated) = match spec.processing.is_some() {
            true => {
                let reals: Vec<ArrayD<f64>> = arrays(arguments)?;
                quantise(spec, &reals).map_err(refused)?
            }
            false => (arrays(arguments)?, 0),
        };
        let question = py.detach(|| {
            let values = encrypt(spec, &integers).map_err(text)?;
            values_to_bytes(&spec.keyset, &spec.inputs, &values).map_err(text)
        });
        Ok((PyBytes::new(py, &question.map_err(PyValueError::new_err)?), saturated))
    }

    fn function(&self, name: Option<&str>) -> PyResult<&ProgramSpec> {
        self.spec.function(name).map_err(refused)
    }
}

#[pymethods]
impl Keys {
    /// What the keys and all that they encrypt have in common.
    #[getter]
    fn identity(&self) -> String {
        self.keys.identity().to_string()
    }

    /// A new public key of these keys.
    fn public_key(&self, py: Python<'_>) -> PublicKey {
        PublicKey { key: py.detach(|| self.keys.public_key(Randomness::Secure)) }
    }

    /// Writes a file that only its owner may read, under a passphrase if there is one.
    #[pyo3(signature = (path, passphrase = None))]
    fn write(&self, py: Python<'_>, path: PathBuf, passphrase: Option<&str>) -> PyResult<()> {
        let passphrase = passphrase.map(Passphrase::new).transpose().map_err(refused)?;
        let written = py.detach(|| match &passphrase {
            Some(passphrase) => {
                output_file::write(&path, &self.keys.to_bytes_under(passphrase), Content::SecretKeys)
            }
            None => output_file::write(&path, &self.keys.to_bytes(), Content::SecretKeys),
        });
        written.map_err(|error| PyOSError::new_err(format!("cannot write `{}`: {error}", path.display())))
    }
}

#[pymethods]
impl PublicKey {
    /// What the key and all that it encrypts have in common with the secret keys.
    #[getter]
    fn identity(&self) -> String {
        self.key.identity().to_string()
    }

    /// The file of the key.
    fn to_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.key.to_bytes())
    }
}

/// Arrays of one element type; `numpy.asarray` in the Python half made them so.
fn arrays<T: numpy::Element + Clone>(arguments: &[Bound<'_, PyAny>]) -> PyResult<Vec<ArrayD<T>>> {
    let array = |argument: &Bound<'_, PyAny>| {
        let array = argument.extract::<PyReadonlyArrayDyn<'_, T>>();
        let array = array
            .map_err(|error| PyValueError::new_err(format!("an argument has other elements: {error}")))?;
        Ok(array.as_array().to_owned())
    };
    arguments.iter().map(array).collect()
}

fn text(error: impl Display) -> String {
    error.to_string()
}

fn refused(error: impl Display) -> PyErr {
    PyValueError::new_err(error.to_string())
}

/// The compiled half of the package `cloakwork_client`; not for direct use.
#[pymodule]
mod _client {
    #[pymodule_export]
    use super::{Keys, PublicKey, Spec};

    #[pymodule_export]
    #[allow(non_upper_case_globals, reason = "the name that Python has for it")]
    const __version__: &str = env!("CARGO_PKG_VERSION");
}
