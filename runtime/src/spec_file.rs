//! The public description of a program out of any file that has it: an artifact, an emitted executable, or JSON.
//! No code is loaded.

use crate::artifact::{self, Artifact, ArtifactProblem};
use cloakwork_abi::functions::SPEC_SECTION;
use cloakwork_abi::module_spec::{ModuleSpec, UnknownFunction};
use cloakwork_abi::read_spec::SpecError;
use cloakwork_abi::spec::ProgramSpec;
use object::read::elf::ElfFile64;
use object::{Endianness, Object, ObjectSection};
use std::path::Path;

/// First bytes of every executable and library.
pub(crate) const ELF_MAGIC: &[u8] = b"\x7fELF";

/// Longest spec that is read from an executable.
const MAX_SPEC_BYTES: usize = 64 << 20;

/// Why there is no spec in a file.
#[derive(Debug, thiserror::Error)]
pub enum SpecFileError {
    /// The file cannot be read.
    #[error("`{path}` cannot be read: {source}")]
    Read {
        /// File.
        path: String,
        /// Cause.
        source: std::io::Error,
    },
    /// Neither of what has a spec.
    #[error(
        "`{path}` is neither a compiled program nor a spec as JSON; name a file that `cloakwork compile` wrote"
    )]
    Unknown {
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
    /// An executable that is not whole, or that the compiler did not write.
    #[error(
        "`{path}` is an executable or a library that `cloakwork compile` did not write, or damaged: {problem}"
    )]
    Executable {
        /// File.
        path: String,
        /// What is wrong.
        problem: String,
    },
    /// A spec that is refused.
    #[error("`{path}` is refused: {source}")]
    Spec {
        /// File.
        path: String,
        /// Cause.
        source: SpecError,
    },
    /// A function that is not there, or none named where there are several.
    #[error("`{path}`: {source}")]
    Function {
        /// File.
        path: String,
        /// Cause.
        source: UnknownFunction,
    },
}

/// The specs in the file at `path`.
pub fn load_module_spec(path: &Path) -> Result<ModuleSpec, SpecFileError> {
    let name = path.display().to_string();
    match std::fs::read(path) {
        Ok(bytes) => read_module_spec(bytes, &name),
        Err(source) => Err(SpecFileError::Read { path: name, source }),
    }
}

/// The specs in `bytes`, which are called `path` in messages.
pub fn read_module_spec(bytes: Vec<u8>, path: &str) -> Result<ModuleSpec, SpecFileError> {
    let path = || path.to_owned();
    if bytes.starts_with(artifact::MAGIC) {
        let artifact = Artifact::from_bytes(bytes);
        let artifact = artifact.map_err(|source| SpecFileError::Artifact { path: path(), source })?;
        return Ok(artifact.spec().clone());
    }
    let json = match bytes.starts_with(ELF_MAGIC) {
        true => {
            in_executable(&bytes).map_err(|problem| SpecFileError::Executable { path: path(), problem })?
        }
        false => str::from_utf8(&bytes)
            .ok()
            .filter(|text| text.trim_start().starts_with(['{', '[']))
            .ok_or_else(|| SpecFileError::Unknown { path: path() })?,
    };
    ModuleSpec::from_json(json).map_err(|source| SpecFileError::Spec { path: path(), source })
}

/// The spec of the only function in `bytes`, see [`read_module_spec`].
pub fn read_spec(bytes: Vec<u8>, path: &str) -> Result<ProgramSpec, SpecFileError> {
    let module = read_module_spec(bytes, path)?;
    let unknown = |source| SpecFileError::Function { path: path.to_owned(), source };
    module.function(None).cloned().map_err(unknown)
}

fn in_executable(bytes: &[u8]) -> Result<&str, String> {
    let file = ElfFile64::<Endianness>::parse(bytes).map_err(|error| error.to_string())?;
    let section = file.section_by_name(SPEC_SECTION).ok_or_else(|| format!("no section `{SPEC_SECTION}`"))?;
    let spec = section.data().map_err(|_| "it is cut short or damaged".to_owned())?;
    if spec.len() > MAX_SPEC_BYTES {
        return Err(format!("its spec has {} bytes, allowed are {MAX_SPEC_BYTES}", spec.len()));
    }
    let text = str::from_utf8(spec).map_err(|_| "its spec is not text".to_owned())?;
    Ok(text.trim_end_matches('\0'))
}
