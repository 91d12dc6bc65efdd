//! A model at a service: its description, uploads of keys, calls.

use crate::arrays::all_integers;
use crate::keys::{EvaluationKeys, Keys};
use crate::model::{refused, taken_apart};
use crate::quantised::{ClientProcessing, batches};
use crate::spec::Spec;
use cloakwork::ModuleSpec;
use cloakwork_serve::ContentHash;
use cloakwork_serve::client::{Client, ClientError, ClientOptions, RemoteProgram};
use pyo3::exceptions::{PyConnectionError, PyPermissionError, PyRuntimeError};
use pyo3::{Bound, PyAny, PyErr, PyResult, Python, pyclass, pymethods};
use std::path::PathBuf;

/// A model at a service.
#[pyclass(frozen, module = "cloakwork._cloakwork")]
pub(crate) struct Remote {
    client: Client,
    model: String,
    spec: ModuleSpec,
}

#[pymethods]
impl Remote {
    /// The model at that address, or the only one of the service there.
    #[new]
    #[pyo3(signature = (url, token = None, root_certificates = None))]
    fn new(
        py: Python<'_>,
        url: &str,
        token: Option<String>,
        root_certificates: Option<PathBuf>,
    ) -> PyResult<Self> {
        let options = ClientOptions { token, root_certificates, timeout: None };
        py.detach(|| {
            let (client, model) = Client::of_model(url, &options)?;
            let model = client.model(model.as_deref())?.name;
            let spec = client.spec(&model)?;
            Ok(Self { client, model, spec })
        })
        .map_err(failed)
    }

    /// Name of the model.
    #[getter]
    fn model(&self) -> &str {
        &self.model
    }

    fn spec(&self) -> Spec {
        Spec::new(self.spec.clone())
    }

    /// What a client does in the clear around a function, if it is a model on reals.
    fn processing(&self, function: &str) -> PyResult<Option<ClientProcessing>> {
        let spec = self.spec.function(Some(function)).map_err(refused)?;
        Ok(spec.processing.clone().map(ClientProcessing::new))
    }

    /// Uploads keys, unless the service has them; says their name.
    fn upload(&self, py: Python<'_>, keys: &EvaluationKeys) -> PyResult<String> {
        let upload = || self.client.upload_keys(&self.model, &keys.keys().to_bytes());
        py.detach(upload).map(|name| name.to_string()).map_err(failed)
    }

    /// Encrypts batches, whose first axis is that of the samples, calls the function there with uploaded keys, and decrypts.
    fn call<'py>(
        &self,
        py: Python<'py>,
        function: &str,
        keys: &Keys,
        uploaded: &str,
        arguments: Vec<Bound<'py, PyAny>>,
    ) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let uploaded: ContentHash = uploaded.parse().map_err(refused)?;
        let calls = taken_apart(&all_integers(&arguments)?)?;
        let count = self.spec.function(Some(function)).map_err(refused)?.outputs.len();
        let results = py.detach(|| {
            let program = RemoteProgram::new(self.client.clone(), &self.model, Some(function), uploaded)?;
            program.call(keys.secret(), &calls)
        });
        Ok(batches(py, results.map_err(failed)?, count))
    }
}

/// The exception for a call that failed.
fn failed(error: ClientError) -> PyErr {
    let message = error.to_string();
    match error {
        ClientError::Transport { .. } => PyConnectionError::new_err(message),
        ClientError::Refused { status: 401, .. } => PyPermissionError::new_err(message),
        ClientError::Refused { .. } | ClientError::Answer(_) => PyRuntimeError::new_err(message),
        ClientError::Url(_)
        | ClientError::Name(_)
        | ClientError::Certificates { .. }
        | ClientError::Model { .. }
        | ClientError::Keys(_)
        | ClientError::Values(_)
        | ClientError::Crypto(_)
        | ClientError::Function(_) => refused(message),
    }
}
