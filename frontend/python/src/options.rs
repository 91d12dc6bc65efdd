//! The wishes of a configuration as options of the compiler.

use crate::circuit::Circuit;
use crate::errors::exception;
use cloakwork::{CompileCache, Keyset, Options, SecurityLevel, bounds, files, noise_family};
use pyo3::exceptions::PyValueError;
use pyo3::{FromPyObject, Py, PyErr, PyResult};
use std::path::PathBuf;

/// Wishes for a compilation.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct OptionsArgument {
    p_error: Option<f64>,
    global_p_error: Option<f64>,
    preset: Option<String>,
    noise: Option<String>,
    security_level: u32,
    restrict: Option<String>,
    bounds: Option<String>,
    strategies: String,
    refresh_composition: bool,
    keys_of: Option<KeysOf>,
}

/// Whose keys a program is compiled for: those of a circuit, or of a file.
#[derive(FromPyObject)]
enum KeysOf {
    Circuit(Py<Circuit>),
    File(PathBuf),
}

impl OptionsArgument {
    pub(crate) fn into_options(self) -> PyResult<Options> {
        let value_error = |error: cloakwork::OptionsError| PyValueError::new_err(error.to_string());
        Ok(Options {
            p_error: self.p_error,
            global_p_error: self.global_p_error,
            preset: self.preset.map(|name| name.parse()).transpose().map_err(value_error)?,
            noise: self.noise.map(|name| noise_family(&name)).transpose().map_err(value_error)?,
            security: security(self.security_level)?,
            restrict: self.restrict,
            strategies: self.strategies,
            keep_feedback: !self.refresh_composition,
            bounds: self.bounds.as_deref().map(bounds).transpose().map_err(value_error)?,
            keyset: self.keys_of.map(KeysOf::keyset).transpose()?,
            cache: CompileCache::of_user(),
            ..Options::default()
        })
    }
}

impl KeysOf {
    fn keyset(self) -> Result<Keyset, PyErr> {
        match self {
            Self::Circuit(circuit) => Ok(circuit.get().keyset().clone()),
            Self::File(path) => files::load_keyset(&path).map_err(exception),
        }
    }
}

fn security(bits: u32) -> PyResult<SecurityLevel> {
    let known = [SecurityLevel::Bits128, SecurityLevel::Bits132];
    known.into_iter().find(|level| level.bits() == bits).ok_or_else(|| {
        PyValueError::new_err(format!("option `security_level` is {bits}, allowed are 128 and 132"))
    })
}
