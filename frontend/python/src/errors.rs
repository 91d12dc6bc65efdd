//! Which exception an error becomes: `ValueError` for values that do not fit, `RuntimeError` for programs that
//! cannot be compiled or run, `OSError` for files.

use cloakwork::{Error, TraceError};
use cloakwork_frontend::calibrate::CalibrationError;
use cloakwork_frontend::error::Fault;
use cloakwork_runtime::client::ClientError;
use cloakwork_runtime::program::LoadError;
use cloakwork_runtime::simulator::SimulationError;
use pyo3::PyErr;
use pyo3::exceptions::{PyOSError, PyRuntimeError, PyValueError};

/// The exception for an error of the compiler or the runtime.
pub(crate) fn exception(error: Error) -> PyErr {
    let message = error.to_string();
    match error {
        Error::Calibration(CalibrationError::Failed { .. } | CalibrationError::Functions { .. })
        | Error::Trace(_)
        | Error::Program(_)
        | Error::Infeasible(_)
        | Error::Backend(_)
        | Error::Keys(_)
        | Error::Run(_)
        | Error::Simulation(SimulationError::Failed { .. }) => PyRuntimeError::new_err(message),
        Error::Calibration(
            CalibrationError::Empty
            | CalibrationError::Count { .. }
            | CalibrationError::Shape { .. }
            | CalibrationError::Value { .. }
            | CalibrationError::Stopped { .. },
        )
        | Error::Options { .. }
        | Error::Artifact(_)
        | Error::SpecFile(_)
        | Error::Function(_)
        | Error::Model(_)
        | Error::Sample(_)
        | Error::Call(_)
        | Error::Spec(_)
        | Error::Client(_)
        | Error::Simulation(SimulationError::Arguments(_))
        | Error::Format(_)
        | Error::Content { .. } => PyValueError::new_err(message),
        Error::File { .. } => PyOSError::new_err(message),
        Error::Load(error) => match *error {
            LoadError::Read { .. } => PyOSError::new_err(message),
            LoadError::Executable { .. }
            | LoadError::Artifact { .. }
            | LoadError::Function { .. }
            | LoadError::Contract { .. }
            | LoadError::Processor { .. }
            | LoadError::Load { .. } => PyRuntimeError::new_err(message),
        },
    }
}

/// The exception for values that cannot be encrypted.
pub(crate) fn client_exception(error: ClientError) -> PyErr {
    exception(error.into())
}

/// The exception for an operation that a program may not contain, above the graph that shows its operands; for an
/// argument that no operation takes.
pub(crate) fn refusal(error: &TraceError, graph: &str) -> PyErr {
    let message = format!("Function you are trying to compile cannot be compiled\n\n{error}\n\n{graph}");
    match error.fault {
        Fault::Operand => PyRuntimeError::new_err(message),
        Fault::Argument => PyValueError::new_err(message),
    }
}
