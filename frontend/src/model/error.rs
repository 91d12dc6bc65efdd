//! Why a model is refused: which node, what was found, what is allowed, what to try.

use crate::error::TraceError;

/// A model that cannot become a program, or data that does not fit it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{node}`: {found}; {allowed}; {advice}")]
pub struct ModelError {
    /// Name of the node, the input or the argument.
    pub node: String,
    /// What was found there.
    pub found: String,
    /// What is allowed.
    pub allowed: String,
    /// What to try.
    pub advice: String,
}

impl ModelError {
    /// Of a place.
    pub fn new(
        node: &str,
        found: impl Into<String>,
        allowed: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self { node: node.to_owned(), found: found.into(), allowed: allowed.into(), advice: advice.into() }
    }

    /// What the program of a node was refused for.
    pub(crate) fn of_program(node: &str, error: &TraceError) -> Self {
        let TraceError { operation, found, allowed, advice, .. } = error;
        Self::new(node, format!("{found} in `{operation}`"), allowed, advice)
    }
}
