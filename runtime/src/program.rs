//! A compiled function: its spec and its machine code, from memory or from an artifact.
//!
//! An artifact is checked whole before any of it is brought into memory, see [`crate::artifact`].

use crate::artifact::{Artifact, ArtifactProblem, TrustedKey};
use crate::machine_code::MachineCode;
use crate::spec_file::ELF_MAGIC;
use cloakwork_abi::functions::{Entry, SPEC_SECTION, entry_symbol};
use cloakwork_abi::module_spec::UnknownFunction;
use cloakwork_abi::processor::Processor;
use cloakwork_abi::read_spec::SpecError;
use cloakwork_abi::spec::ProgramSpec;
use std::any::Any;
use std::ffi::c_void;
use std::path::Path;
use std::sync::{Arc, Mutex};

use crate::value::Words;

/// A compiled function that can be run and simulated, on many threads at once.
pub struct Program {
    spec: ProgramSpec,
    fingerprint: String,
    entry: Entry,
    /// Scratch memory of earlier runs.
    pub(crate) idle_workspaces: Mutex<Vec<Vec<Words>>>,
    _owner: Arc<dyn Any + Send + Sync>,
}

/// Why a program was not loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file cannot be read.
    #[error("`{path}` cannot be read: {source}")]
    Read {
        /// File.
        path: String,
        /// Cause.
        source: std::io::Error,
    },
    /// An executable or a library where an artifact is wanted.
    #[error(
        "`{path}` is an executable or a library, not an artifact: run it directly, it takes `--keys`, `--input` and `--output`; or compile without `--emit`"
    )]
    Executable {
        /// File.
        path: String,
    },
    /// An artifact that is refused.
    #[error("`{path}`: {source}")]
    Artifact {
        /// File.
        path: String,
        /// Cause.
        source: ArtifactProblem,
    },
    /// A function that the program does not have, or none named where there are several.
    #[error("`{path}`: {source}")]
    Function {
        /// File.
        path: String,
        /// Cause.
        source: UnknownFunction,
    },
    /// Machine code for another runtime.
    #[error("`{path}`: {source}")]
    Contract {
        /// File.
        path: String,
        /// Cause.
        source: SpecError,
    },
    /// No machine code that runs on this processor.
    #[error(
        "`{path}` has no machine code for this processor: {}; compile it with `--cpu` for this one too, or with `--with-ir`",
        .found.join("; ")
    )]
    Processor {
        /// File.
        path: String,
        /// What there is, and what this processor lacks for it.
        found: Vec<String>,
    },
    /// Machine code that was not made by this compiler.
    #[error("`{path}` cannot be loaded: {problem}; compile the program again")]
    Load {
        /// File.
        path: String,
        /// Cause.
        problem: String,
    },
}

impl Program {
    /// A program whose machine code is in memory already.
    ///
    /// # Safety
    ///
    /// `entry` is code compiled for exactly `spec`, obeys [`Entry`], and stays valid while `owner` lives.
    pub unsafe fn from_entry(spec: ProgramSpec, entry: Entry, owner: Arc<dyn Any + Send + Sync>) -> Self {
        let fingerprint = spec.keyset.fingerprint();
        Self { spec, fingerprint, entry, idle_workspaces: Mutex::default(), _owner: owner }
    }

    /// Loads the only function of an artifact. Its code runs in this process: load only what you trust.
    pub fn load(path: &Path) -> Result<Self, LoadError> {
        Self::load_function(path, None)
    }

    /// [`Self::load`] of the function of that name, or of the only one.
    pub fn load_function(path: &Path, function: Option<&str>) -> Result<Self, LoadError> {
        Self::from_artifact(&read_artifact(path, &[])?, function, &path.display().to_string())
    }

    /// The function of that name, or the only one, of an artifact that is called `path` in messages. Its code runs in
    /// this process.
    pub fn from_artifact(artifact: &Artifact, function: Option<&str>, path: &str) -> Result<Self, LoadError> {
        let path = || path.to_owned();
        let unknown = |source| LoadError::Function { path: path(), source };
        let spec = artifact.spec().function(function).map_err(unknown)?.clone();
        spec.require_contract().map_err(|source| LoadError::Contract { path: path(), source })?;
        let Some((_, object)) = artifact.code_for_here() else {
            let lacking = |(Processor { name, .. }, missing): (&Processor, Vec<String>)| {
                format!("code for `{name}` needs {}", missing.join(", "))
            };
            let code = artifact.code().map(|(processor, _)| (processor, processor.missing_here()));
            let mut found: Vec<String> = code.map(lacking).collect();
            if found.is_empty() {
                found.push("it has a portable program only, which needs a compiler".into());
            }
            return Err(LoadError::Processor { path: path(), found });
        };
        let failed = |problem: String| LoadError::Load { path: path(), problem };
        let spec_json = artifact.spec().to_json();
        let code = MachineCode::load(object, (SPEC_SECTION, spec_json.as_bytes())).map_err(failed)?;
        let symbol = entry_symbol(&spec.name);
        let address = code.symbol(&symbol).ok_or_else(|| failed(format!("no function `{symbol}`")))?;
        // SAFETY: symbols of this form are entry functions by the contract that the spec's ABI hash stands for, and the
        // caller trusts the code.
        let entry = unsafe { std::mem::transmute::<*const c_void, Entry>(address) };
        // SAFETY: the code says itself that it was compiled for this spec, and the owner keeps it in memory.
        Ok(unsafe { Self::from_entry(spec, entry, Arc::new(code)) })
    }

    /// The public description.
    pub fn spec(&self) -> &ProgramSpec {
        &self.spec
    }

    /// Fingerprint of the program's key set.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    pub(crate) fn entry(&self) -> Entry {
        self.entry
    }
}

impl std::fmt::Debug for Program {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Program")
            .field("name", &self.spec.name)
            .field("fingerprint", &self.fingerprint)
            .finish()
    }
}

/// Reads and checks an artifact, which must be signed by one of `trusted` if there are any.
pub fn read_artifact(path: &Path, trusted: &[TrustedKey]) -> Result<Artifact, LoadError> {
    let name = || path.display().to_string();
    let bytes = std::fs::read(path).map_err(|source| LoadError::Read { path: name(), source })?;
    if bytes.starts_with(ELF_MAGIC) {
        return Err(LoadError::Executable { path: name() });
    }
    let refused = |source| LoadError::Artifact { path: name(), source };
    let artifact = Artifact::from_bytes(bytes).map_err(refused)?;
    if !trusted.is_empty() {
        artifact.require_signature(trusted).map_err(refused)?;
    }
    Ok(artifact)
}
