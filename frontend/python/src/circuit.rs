//! A compiled function: its texts and figures, runs, simulations.

use crate::arrays::{all_clear, all_integers, words_to_python};
use crate::errors::exception;
use crate::keys::{EvaluationKeys, Keys};
use crate::model::taken_apart;
use crate::options::OptionsArgument;
use crate::spec::Spec;
use crate::value::Value;
use cloakwork::artifact::recompiled;
use cloakwork::operations::OperationKind;
use cloakwork::report::UnprovenRange;
use cloakwork::{
    ArtifactOptions, Circuit as Compiled, Keyset, Level, Noise, RunOptions, Source, compile_module,
};
use cloakwork_runtime::program::read_artifact;
use cloakwork_runtime::samples_at_once;
use ndarray::ArrayD;
use pyo3::exceptions::{PyOSError, PyValueError};
use pyo3::types::PyBytes;
use pyo3::{Bound, Py, PyAny, PyResult, Python, pyclass, pyfunction, pymethods};
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::PathBuf;

/// Samples after which a simulation tells how far it is.
const SIMULATED_AT_ONCE: usize = 256;

/// A compiled function of a module.
#[pyclass(frozen, module = "cloakwork._cloakwork")]
pub(crate) struct Circuit {
    circuit: Compiled,
}

/// Compiles the text of a module; the name is for messages.
#[pyfunction]
pub(crate) fn compile_text(
    py: Python<'_>,
    mlir: &str,
    name: &str,
    options: OptionsArgument,
) -> PyResult<Vec<Circuit>> {
    let options = options.into_options()?;
    let compiled = py.detach(|| compile_module(Source::Text { mlir, name }, &options, &mut |_| ()));
    Ok(compiled.map_err(exception)?.functions().map(Circuit::new).collect())
}

/// The functions of an artifact, compiled from its portable program for this processor; the public description that it
/// claims, its labels, and the whole file.
#[pyfunction]
#[allow(clippy::type_complexity, reason = "what an artifact gives Python")]
pub(crate) fn load_artifact<'py>(
    py: Python<'py>,
    path: PathBuf,
) -> PyResult<(Vec<Circuit>, Spec, BTreeMap<String, String>, Bound<'py, PyBytes>)> {
    let loaded = py.detach(|| {
        let artifact = read_artifact(&path, &[])?;
        let module = recompiled(&artifact, &path.display().to_string())?;
        Ok((module, artifact))
    });
    let (module, artifact) = loaded.map_err(exception)?;
    let functions = module.functions().map(Circuit::new).collect();
    let (spec, labels) = (Spec::new(artifact.spec().clone()), artifact.manifest().labels.clone());
    Ok((functions, spec, labels, PyBytes::new(py, artifact.bytes())))
}

/// Writes what [`load_artifact`] gave.
#[pyfunction]
pub(crate) fn write_artifact(path: PathBuf, bytes: &[u8]) -> PyResult<()> {
    let written = cloakwork_runtime::artifact::write_file(&path, bytes);
    written.map_err(|error| PyOSError::new_err(format!("cannot write `{}`: {error}", path.display())))
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
    #[getter]
    fn name(&self) -> &str {
        &self.circuit.spec().name
    }

    /// The whole module at the level `fhe`, `tfhe` or `llvm`; empty for a level that was never there.
    fn mlir(&self, level: &str) -> PyResult<String> {
        let level = match level {
            "fhe" => Level::Fhe,
            "tfhe" => Level::Tfhe,
            "llvm" => Level::Native,
            _ => {
                let message = format!("level `{level}` is not known, allowed are `fhe`, `tfhe` and `llvm`");
                return Err(PyValueError::new_err(message));
            }
        };
        Ok(self.circuit.mlir(level).unwrap_or_default().to_owned())
    }

    /// Parameters, ranges, counts and times of the whole module as text.
    fn report(&self) -> String {
        self.circuit.report().to_string()
    }

    /// Writes the whole module as an artifact with machine code for this processor and the portable program.
    fn save(&self, py: Python<'_>, path: PathBuf, labels: BTreeMap<String, String>) -> PyResult<()> {
        let options = ArtifactOptions { with_ir: true, labels, ..ArtifactOptions::default() };
        py.detach(|| self.circuit.module().save(&path, &options)).map_err(exception)
    }

    /// The public description of the whole module.
    fn spec(&self) -> Spec {
        Spec::new(self.circuit.module().spec().clone())
    }

    /// Kind, key, tag and count of what one call executes.
    fn operations(&self) -> Vec<(&'static str, String, String, u64)> {
        let own = self.circuit.report().operations.iter().filter(|row| row.function == self.name());
        own.map(|row| (kind_name(row.kind), row.key.clone(), row.tag.clone(), row.count)).collect()
    }

    /// Bytes of ciphertexts by place.
    fn memory(&self) -> Vec<(String, u64)> {
        let own = self.circuit.report().memory.iter().filter(|row| row.function == self.name());
        own.map(|row| (row.place.clone(), row.bytes)).collect()
    }

    /// Node, width and whether it is signed, of the values that are left of the graph.
    fn widths(&self) -> Vec<(usize, u32, bool)> {
        let own = self.circuit.report().widths.iter().filter(|row| row.function == self.name());
        own.map(|row| (row.node, row.width, row.is_signed)).collect()
    }

    /// Node, operation, place, measured and provable range of values that arguments may lead out of theirs.
    #[allow(clippy::type_complexity, reason = "a row of a table for Python")]
    fn unproven(&self) -> Vec<(Option<usize>, String, String, (i128, i128), (i128, i128))> {
        let own = self.circuit.report().unproven.iter().filter(|row| row.function == self.name());
        let row = |row: &UnprovenRange| {
            (row.node, row.operation.clone(), row.place.clone(), row.measured, row.provable)
        };
        own.map(row).collect()
    }

    /// Results of the module that are looked up before they are fed back.
    fn refreshed(&self) -> Vec<String> {
        self.circuit.report().refreshed.clone()
    }

    /// Seconds of one run of every function of the module on one thread, if costs are known.
    fn predicted_seconds(&self) -> Option<f64> {
        self.circuit.report().predicted_time.map(|time| time.total())
    }

    /// Bootstraps of one call.
    fn bootstraps(&self) -> u64 {
        self.circuit.spec().counts.bootstraps
    }

    /// Runs the program on encrypted arguments; `progress` hears how many bootstraps are done.
    #[pyo3(signature = (keys, arguments, threads = None, progress = None))]
    fn run(
        &self,
        py: Python<'_>,
        keys: &EvaluationKeys,
        arguments: Vec<Py<Value>>,
        threads: Option<NonZeroUsize>,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<Vec<Value>> {
        let arguments = Value::all(&arguments);
        let tell = |done: u64| {
            if let Some(progress) = &progress {
                Python::attach(|py| {
                    if let Err(error) = progress.call1(py, (done,)) {
                        error.write_unraisable(py, None);
                    }
                });
            }
        };
        let options = RunOptions { threads };
        let run = || self.circuit.run_watched(keys.keys(), &arguments, options, &tell);
        let results = py.detach(run).map_err(exception)?;
        Ok(results.into_iter().map(Value::new).collect())
    }

    /// Runs the program without keys, with noise from that seed: the results, and how many lookups were of values
    /// outside of their width.
    fn simulate<'py>(
        &self,
        py: Python<'py>,
        arguments: Vec<Bound<'py, PyAny>>,
        seed: u64,
    ) -> PyResult<(Vec<Bound<'py, PyAny>>, u64)> {
        let arguments = all_clear(&arguments)?;
        let simulation =
            py.detach(|| self.circuit.simulate(arguments, Noise::Seed(seed))).map_err(exception)?;
        let outputs = simulation.outputs.into_iter().zip(&self.circuit.spec().outputs);
        let outputs = outputs.map(|(result, spec)| words_to_python(py, result, spec.range)).collect();
        Ok((outputs, simulation.outside))
    }

    /// [`Self::simulate`] for batches, whose first axis is that of the samples; without a seed there is no noise.
    #[pyo3(signature = (batches, seed = None, progress = None))]
    fn simulate_batch<'py>(
        &self,
        py: Python<'py>,
        batches: Vec<Bound<'py, PyAny>>,
        seed: Option<u64>,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<(Vec<Bound<'py, PyAny>>, u64)> {
        let samples = taken_apart(&all_integers(&batches)?)?;
        let (mut outside, mut results) = (0, vec![]);
        for samples in samples.chunks(SIMULATED_AT_ONCE) {
            let first = results.len() as u64;
            let noise = seed.map_or(Noise::None, |seed| Noise::Seed(seed.wrapping_add(first)));
            let simulations = py.detach(|| self.circuit.simulate_batch(samples, noise)).map_err(exception)?;
            for simulation in simulations {
                outside += simulation.outside;
                results.push(simulation.outputs);
            }
            tell(py, progress.as_ref(), results.len())?;
        }
        Ok((self.results(py, results), outside))
    }

    /// Encrypts, runs and decrypts batches, whose first axis is that of the samples. `progress` hears how many samples
    /// are done; what it raises stops the batch.
    #[pyo3(signature = (keys, batches, threads = None, progress = None))]
    fn execute_batch<'py>(
        &self,
        py: Python<'py>,
        keys: &Keys,
        batches: Vec<Bound<'py, PyAny>>,
        threads: Option<NonZeroUsize>,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let samples = taken_apart(&all_integers(&batches)?)?;
        let options = RunOptions { threads };
        let mut results = vec![];
        for samples in samples.chunks(samples_at_once(self.circuit.spec(), options)) {
            let of_samples = py.detach(|| {
                let question =
                    |sample: &Vec<ArrayD<i64>>| self.circuit.encrypt(keys.secret(), sample.clone());
                let questions = samples.iter().map(question).collect::<Result<Vec<_>, _>>()?;
                let answers = self.circuit.run_batch(keys.evaluation_keys(), &questions, options)?;
                answers.iter().map(|answer| self.circuit.decrypt(keys.secret(), answer)).collect()
            });
            let of_samples: Result<Vec<_>, cloakwork::Error> = of_samples;
            results.extend(of_samples.map_err(exception)?);
            tell(py, progress.as_ref(), results.len())?;
        }
        Ok(self.results(py, results))
    }
}

impl Circuit {
    fn results<'py>(&self, py: Python<'py>, samples: Vec<Vec<ArrayD<i64>>>) -> Vec<Bound<'py, PyAny>> {
        crate::quantised::batches(py, samples, self.circuit.spec().outputs.len())
    }
}

/// Tells how many samples are done, and lets Python see its signals.
fn tell(py: Python<'_>, progress: Option<&Py<PyAny>>, done: usize) -> PyResult<()> {
    py.check_signals()?;
    progress.map_or(Ok(()), |progress| progress.call1(py, (done,)).map(|_| ()))
}

/// The names that statistics have in Python.
fn kind_name(kind: OperationKind) -> &'static str {
    match kind {
        OperationKind::Bootstrap => "programmable_bootstrap",
        OperationKind::Keyswitch => "key_switch",
        OperationKind::ClearAddition => "clear_addition",
        OperationKind::EncryptedAddition => "encrypted_addition",
        OperationKind::ClearMultiplication => "clear_multiplication",
        OperationKind::EncryptedNegation => "encrypted_negation",
    }
}
