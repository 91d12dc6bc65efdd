//! Why something did not work, one kind for each party that can be at fault.

use crate::call::CallError;
use crate::options::OptionsError;
use cloakwork_abi::module_spec::UnknownFunction;
use cloakwork_abi::read_spec::SpecError;
use cloakwork_backend_cpu::BackendError;
use cloakwork_frontend::TraceError;
use cloakwork_frontend::calibrate::CalibrationError;
use cloakwork_frontend::model::ModelError;
use cloakwork_ir::diagnostic::Diagnostic;
use cloakwork_runtime::artifact::ArtifactProblem;
use cloakwork_runtime::client::ClientError;
use cloakwork_runtime::formats::FormatError;
use cloakwork_runtime::keys::KeyError;
use cloakwork_runtime::model_client::ModelClientError;
use cloakwork_runtime::program::LoadError;
use cloakwork_runtime::server::RunError;
use cloakwork_runtime::simulator::SimulationError;
use cloakwork_runtime::spec_file::SpecFileError;

/// Everything that can go wrong.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The traced closure did what encrypted values cannot do.
    #[error(transparent)]
    Trace(Box<TraceError>),
    /// A model that cannot become a program, or samples that do not fit it.
    #[error(transparent)]
    Model(Box<ModelError>),
    /// A sample that does not fit a compiled model, or integers that are no results of it.
    #[error(transparent)]
    Sample(#[from] ModelClientError),
    /// An input set that does not fit the program.
    #[error(transparent)]
    Calibration(#[from] CalibrationError),
    /// The program is refused; each message names the place and the way out.
    #[error("{}", lines(.0))]
    Program(Vec<Diagnostic>),
    /// No parameters fulfil all wishes; the messages say which operation binds and what to relax.
    #[error("{}", lines(.0))]
    Infeasible(Vec<Diagnostic>),
    /// Wishes that cannot be fulfilled, whatever the program is.
    #[error(transparent)]
    Options(#[from] OptionsError),
    /// A function that the module does not have, or none named where there are several.
    #[error(transparent)]
    Function(#[from] UnknownFunction),
    /// A call or value as text.
    #[error(transparent)]
    Call(#[from] CallError),
    /// Machine code could not be made.
    #[error(transparent)]
    Backend(#[from] BackendError),
    /// A spec is refused.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// A compiled program is refused.
    #[error(transparent)]
    Load(Box<LoadError>),
    /// A compiled program cannot be written.
    #[error(transparent)]
    Artifact(Box<ArtifactProblem>),
    /// A file has no spec.
    #[error(transparent)]
    SpecFile(Box<SpecFileError>),
    /// Keys cannot be made.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// Values cannot be encrypted or decrypted.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// A run failed.
    #[error(transparent)]
    Run(#[from] RunError),
    /// A simulation failed.
    #[error(transparent)]
    Simulation(#[from] SimulationError),
    /// A file of keys or values is refused.
    #[error(transparent)]
    Format(Box<FormatError>),
    /// A file cannot be read or written.
    #[error("cannot {action} `{path}`: {source}")]
    File {
        /// What was tried.
        action: &'static str,
        /// With which file.
        path: String,
        /// Why it failed.
        source: std::io::Error,
    },
    /// A file holds something else than what is needed.
    #[error("`{path}` {problem}")]
    Content {
        /// The file.
        path: String,
        /// What was found, what is allowed, what to try.
        problem: String,
    },
}

impl From<FormatError> for Error {
    fn from(error: FormatError) -> Self {
        Self::Format(Box::new(error))
    }
}

impl From<LoadError> for Error {
    fn from(error: LoadError) -> Self {
        Self::Load(Box::new(error))
    }
}

impl From<ArtifactProblem> for Error {
    fn from(error: ArtifactProblem) -> Self {
        Self::Artifact(Box::new(error))
    }
}

impl From<SpecFileError> for Error {
    fn from(error: SpecFileError) -> Self {
        Self::SpecFile(Box::new(error))
    }
}

impl From<ModelError> for Error {
    fn from(error: ModelError) -> Self {
        Self::Model(Box::new(error))
    }
}

impl From<TraceError> for Error {
    fn from(error: TraceError) -> Self {
        Self::Trace(Box::new(error))
    }
}

impl Error {
    /// The messages about places in the program; none for other kinds.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        match self {
            Self::Program(diagnostics) | Self::Infeasible(diagnostics) => diagnostics,
            Self::Trace(_)
            | Self::Model(_)
            | Self::Sample(_)
            | Self::Calibration(_)
            | Self::Options(_)
            | Self::Function(_)
            | Self::Call(_)
            | Self::Backend(_)
            | Self::Spec(_)
            | Self::Load(_)
            | Self::Artifact(_)
            | Self::SpecFile(_)
            | Self::Keys(_)
            | Self::Client(_)
            | Self::Run(_)
            | Self::Simulation(_)
            | Self::Format(_)
            | Self::File { .. }
            | Self::Content { .. } => &[],
        }
    }
}

impl From<Diagnostic> for Error {
    fn from(diagnostic: Diagnostic) -> Self {
        Self::Program(vec![diagnostic])
    }
}

fn lines(diagnostics: &[Diagnostic]) -> String {
    diagnostics.iter().map(Diagnostic::to_string).collect::<Vec<_>>().join("\n")
}
