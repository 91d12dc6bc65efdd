//! The compiled programs of a folder, by name.

use crate::wire::ModelSummary;
use cloakwork_abi::module_spec::ModuleSpec;
use cloakwork_abi::spec::Keyset;
use cloakwork_runtime::artifact::{Artifact, InvalidKey, TrustedKey};
use cloakwork_runtime::program::{LoadError, read_artifact};
use cloakwork_runtime::{EvaluationKeys, ExpandedKeys, Program};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Longest name.
const MAX_NAME: usize = 100;

/// A compiled program.
pub(crate) struct Model {
    pub(crate) name: String,
    pub(crate) spec: ModuleSpec,
    /// Fingerprint of the key set.
    pub(crate) keyset: String,
    functions: BTreeMap<String, Arc<Program>>,
}

/// Why the models of a folder are not served.
#[derive(Debug, thiserror::Error)]
pub enum ModelsError {
    /// The folder cannot be read.
    #[error("`{path}`: {source}")]
    Read {
        /// Folder or file.
        path: String,
        /// Cause.
        source: std::io::Error,
    },
    /// A file that is no model.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// A function whose code cannot be had.
    #[error("{0}")]
    Program(String),
    /// A file that is no key.
    #[error("`{path}` is refused: {source}")]
    Trust {
        /// File.
        path: String,
        /// Cause.
        source: InvalidKey,
    },
    /// A name that cannot stand in a path.
    #[error(
        "`{0}`: a model's name has 1 to {MAX_NAME} letters, digits, `.`, `_`, `-`, and begins with none of the last three; rename the file"
    )]
    Name(String),
    /// Two files of one name.
    #[error("`{0}`: another file gives a model of the same name; rename one")]
    Twice(String),
    /// Nothing to serve.
    #[error("`{0}` has no models; compile one into it, such as `cloakwork compile net.mlir -o {0}/net`")]
    None(String),
}

/// How a function of an artifact is brought into memory; the last is the name of its file, for messages. Whoever has a compiler can
/// make machine code of the portable program where none fits.
pub type LoadFunction = fn(&Artifact, &str, &str) -> Result<Program, String>;

/// [`LoadFunction`] without a compiler.
pub fn load_without_compiler(artifact: &Artifact, function: &str, path: &str) -> Result<Program, String> {
    Program::from_artifact(artifact, Some(function), path).map_err(|error| match error {
        LoadError::Processor { .. } | LoadError::Contract { .. } if artifact.ir().is_some() => {
            format!("{error}; this service has no compiler for its portable program: `cloakwork serve` has")
        }
        error => error.to_string(),
    })
}

/// Keys whose signature is trusted.
pub(crate) fn trusted_keys(paths: &[PathBuf]) -> Result<Vec<TrustedKey>, ModelsError> {
    let read = |path: &PathBuf| {
        let place = || path.display().to_string();
        let text =
            std::fs::read_to_string(path).map_err(|source| ModelsError::Read { path: place(), source })?;
        TrustedKey::from_pem(&text).map_err(|source| ModelsError::Trust { path: place(), source })
    };
    paths.iter().map(read).collect()
}

/// Loads every file of a folder but hidden ones, each signed by one of `trusted` if there are any. Their code will run in this
/// process.
pub(crate) fn load_folder(
    folder: &Path,
    trusted: &[TrustedKey],
    load: LoadFunction,
) -> Result<BTreeMap<String, Model>, ModelsError> {
    let place = folder.display().to_string();
    let read = |source| ModelsError::Read { path: place.clone(), source };
    let mut paths: Vec<PathBuf> = vec![];
    for entry in std::fs::read_dir(folder).map_err(read)? {
        let path = entry.map_err(read)?.path();
        let is_hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if path.is_file() && !is_hidden {
            paths.push(path);
        }
    }
    paths.sort();
    let mut models = BTreeMap::new();
    for path in paths {
        let model = Model::load(&path, trusted, load)?;
        if models.insert(model.name.clone(), model).is_some() {
            return Err(ModelsError::Twice(path.display().to_string()));
        }
    }
    match models.is_empty() {
        true => Err(ModelsError::None(place)),
        false => Ok(models),
    }
}

impl Model {
    fn load(path: &Path, trusted: &[TrustedKey], load: LoadFunction) -> Result<Self, ModelsError> {
        let place = path.display().to_string();
        let name = path.file_stem().and_then(|name| name.to_str()).filter(|name| is_name(name));
        let name = name.ok_or_else(|| ModelsError::Name(place.clone()))?.to_owned();
        let artifact = read_artifact(path, trusted)?;
        let spec = artifact.spec().clone();
        let mut functions = BTreeMap::new();
        for function in spec.functions() {
            let program = load(&artifact, &function.name, &place).map_err(ModelsError::Program)?;
            functions.insert(function.name.clone(), Arc::new(program));
        }
        Ok(Self { name, keyset: spec.keyset().fingerprint(), spec, functions })
    }

    /// The function of that name, or the only one.
    pub(crate) fn function(&self, name: Option<&str>) -> Result<Arc<Program>, String> {
        let spec = self.spec.function(name).map_err(|error| error.to_string())?;
        let program = self.functions.get(&spec.name).cloned();
        program.ok_or_else(|| format!("`{}` was not loaded", spec.name))
    }

    pub(crate) fn keyset(&self) -> &Keyset {
        self.spec.keyset()
    }

    pub(crate) fn summary(&self) -> ModelSummary {
        ModelSummary {
            name: self.name.clone(),
            functions: self.functions.keys().cloned().collect(),
            keyset: self.keyset.clone(),
            key_bytes: EvaluationKeys::most_bytes(self.keyset()),
            key_memory_bytes: ExpandedKeys::memory_bytes(self.keyset()),
        }
    }
}

fn is_name(name: &str) -> bool {
    let is_sound = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    (1..=MAX_NAME).contains(&name.len())
        && name.bytes().all(is_sound)
        && name.as_bytes()[0].is_ascii_alphanumeric()
}
