//! What an ONNX file may not contain: the place, what was found, what is allowed, what to try.

use crate::model::ShapeError;
use std::fmt;

/// Why a file is no model that can be computed on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {refusal}")]
pub struct OnnxError {
    /// The node with its operator and opset, or the input, or the initializer.
    pub place: String,
    /// What is wrong there.
    pub refusal: Refusal,
}

/// What is wrong at some place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What was found.
    pub found: String,
    /// What is allowed.
    pub allowed: String,
    /// What to try; may be empty.
    pub advice: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [&self.found, &self.allowed, &self.advice];
        let said: Vec<&str> = parts.into_iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
        f.write_str(&said.join("; "))
    }
}

impl From<ShapeError> for Refusal {
    fn from(error: ShapeError) -> Self {
        Self { found: error.found, allowed: error.allowed, advice: String::new() }
    }
}

impl Refusal {
    pub(super) fn at(self, place: impl Into<String>) -> OnnxError {
        OnnxError { place: place.into(), refusal: self }
    }
}

/// Refuses what was found.
pub(super) fn refuse<T>(
    found: impl Into<String>,
    allowed: impl Into<String>,
    advice: impl Into<String>,
) -> Result<T, Refusal> {
    Err(Refusal { found: found.into(), allowed: allowed.into(), advice: advice.into() })
}
