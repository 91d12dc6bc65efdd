//! Reading and writing of files whose content is checked elsewhere.
//!
//! A file appears under its final name only when it is complete.

use crate::error::Error;
use cloakwork_abi::module_spec::ModuleSpec;
use cloakwork_abi::spec::Keyset;
use cloakwork_passes::parameters::CostModel;
use cloakwork_runtime::formats::{self, FormatError, FormatProblem};
use cloakwork_runtime::output_file::{self, Content};
use cloakwork_runtime::program::read_module_spec;
use std::path::Path;

/// First bytes of every shared library and executable.
const ELF_MAGIC: &[u8] = b"\x7fELF";

/// The spec of a compiled shared library or executable, or of a JSON file.
pub fn load_spec(path: &Path) -> Result<ModuleSpec, Error> {
    let bytes = read(path)?;
    if bytes.starts_with(ELF_MAGIC) {
        return Ok(read_module_spec(&bytes, &path.display().to_string())?);
    }
    let content = |problem: String| Error::Content { path: path.display().to_string(), problem };
    match str::from_utf8(&bytes).ok().filter(|text| text.trim_start().starts_with(['{', '['])) {
        Some(text) => ModuleSpec::from_json(text).map_err(|error| content(format!("is refused: {error}"))),
        None => Err(content(
            "is neither a compiled program nor a spec as JSON; name a file that `cloakwork compile` wrote"
                .into(),
        )),
    }
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

/// Refuses a place where keys cannot be written for what stands there.
pub fn check_place_of_keys(path: &Path, keys: Content) -> Result<(), Error> {
    output_file::check(path, keys).map_err(|source| failed("write", path, source))
}

fn failed(action: &'static str, path: &Path, source: std::io::Error) -> Error {
    Error::File { action, path: path.display().to_string(), source }
}
