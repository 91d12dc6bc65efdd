//! Reading and writing of files whose content is checked elsewhere.
//!
//! A file appears under its final name only when it is complete.

use crate::error::Error;
use cloakwork_abi::module_spec::ModuleSpec;
use cloakwork_abi::spec::Keyset;
use cloakwork_passes::parameters::CostModel;
use cloakwork_runtime::artifact::{InvalidKey, SignatureKey, TrustedKey};
use cloakwork_runtime::formats::{self, FormatError, FormatProblem};
use cloakwork_runtime::output_file::{self, Content};
use cloakwork_runtime::spec_file::load_module_spec;
use std::path::{Path, PathBuf};

/// The specs in a compiled program, an executable or a JSON file.
pub fn load_spec(path: &Path) -> Result<ModuleSpec, Error> {
    Ok(load_module_spec(path)?)
}

/// A key that signs programs, as `openssl genpkey -algorithm ed25519` writes it.
pub fn load_signature_key(path: &Path) -> Result<SignatureKey, Error> {
    SignatureKey::from_pem(&read_text(path)?).map_err(|error| invalid_key(path, &error))
}

/// Keys whose signature is trusted, as `openssl pkey -pubout` writes them.
pub fn load_trusted_keys(paths: &[PathBuf]) -> Result<Vec<TrustedKey>, Error> {
    let load =
        |path: &PathBuf| TrustedKey::from_pem(&read_text(path)?).map_err(|error| invalid_key(path, &error));
    paths.iter().map(load).collect()
}

fn invalid_key(path: &Path, error: &InvalidKey) -> Error {
    Error::Content { path: path.display().to_string(), problem: format!("is refused: {error}") }
}

/// The key set of a compiled program, of a spec as JSON, or of a file of keys.
pub fn load_keyset(path: &Path) -> Result<Keyset, Error> {
    match formats::read_keyset(path) {
        Ok(keyset) => Ok(keyset),
        // No file of keys: what is left are programs and specs.
        Err(FormatError { problem: FormatProblem::Magic { .. } | FormatProblem::Truncated, .. }) => {
            Ok(load_spec(path)?.keyset().clone())
        }
        Err(error) => Err(error.into()),
    }
}

/// The cost table in a file that `cloakwork calibrate` wrote.
pub fn load_cost_table(path: &Path) -> Result<CostModel, Error> {
    CostModel::from_json(&read_text(path)?).map_err(|error| Error::Content {
        path: path.display().to_string(),
        problem: format!("is no cost table: {error}; measure one with `cloakwork calibrate`"),
    })
}

/// All bytes of a file.
pub fn read(path: &Path) -> Result<Vec<u8>, Error> {
    std::fs::read(path).map_err(|source| failed("read", path, source))
}

fn read_text(path: &Path) -> Result<String, Error> {
    std::fs::read_to_string(path).map_err(|source| failed("read", path, source))
}

/// A program's text, and the name of its file for messages; `-` is standard input.
pub fn read_source(path: &Path) -> Result<(String, String), Error> {
    if path == Path::new("-") {
        let text =
            std::io::read_to_string(std::io::stdin()).map_err(|source| failed("read", path, source))?;
        return Ok((text, "<stdin>".to_owned()));
    }
    Ok((read_text(path)?, path.display().to_string()))
}

/// Writes a file that everyone may read, or into a device or a pipe.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    output_file::write(path, bytes, Content::Data).map_err(|source| failed("write", path, source))
}

/// Refuses a place where [`write`] would fail.
pub fn check_place(path: &Path) -> Result<(), Error> {
    output_file::check(path, Content::Data).map_err(|source| failed("write", path, source))
}

/// Refuses a place where keys cannot be written for what stands there.
pub fn check_place_of_keys(path: &Path, keys: Content) -> Result<(), Error> {
    output_file::check(path, keys).map_err(|source| failed("write", path, source))
}

fn failed(action: &'static str, path: &Path, source: std::io::Error) -> Error {
    Error::File { action, path: path.display().to_string(), source }
}
