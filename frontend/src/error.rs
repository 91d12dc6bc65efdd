//! Errors in the traced program, as values with the place in the user's source.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;

/// A place in the source of the traced program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceLocation {
    /// File, as the language of the program names it.
    pub file: Arc<str>,
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1; 0 if unknown.
    pub column: u32,
}

impl SourceLocation {
    /// A place in a file.
    pub fn new(file: &str, line: u32, column: u32) -> Self {
        Self { file: file.into(), line, column }
    }
}

impl From<&Location<'_>> for SourceLocation {
    fn from(location: &Location<'_>) -> Self {
        Self::new(location.file(), location.line(), location.column())
    }
}

impl fmt::Display for SourceLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)?;
        if self.column > 0 { write!(f, ":{}", self.column) } else { Ok(()) }
    }
}

/// What is wrong in a refused operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The operation does not take these values.
    Operand,
    /// An argument that the program itself gives: an axis, a size, a notation.
    Argument,
}

/// An operation that the program may not contain: place, what was found, what is allowed, what to try.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}`{operation}`: {found}; {allowed}; {advice}", .location.as_ref().map(|at| format!("{at}: ")).unwrap_or_default())]
pub struct TraceError {
    /// What is wrong.
    pub fault: Fault,
    /// Where, if known.
    pub location: Option<Box<SourceLocation>>,
    /// The operation, by the name used in the graph's text.
    pub operation: String,
    /// What was found.
    pub found: String,
    /// What is allowed.
    pub allowed: String,
    /// What to try.
    pub advice: String,
}

/// A [`TraceError`] before its place is known.
pub(crate) struct Refusal {
    fault: Fault,
    pub(crate) operation: String,
    pub(crate) found: String,
    pub(crate) allowed: String,
    pub(crate) advice: String,
}

/// Refuses `operation`.
pub(crate) fn refuse<T>(
    operation: &str,
    found: impl Into<String>,
    allowed: impl Into<String>,
    advice: impl Into<String>,
) -> Result<T, Refusal> {
    let (found, allowed, advice) = (found.into(), allowed.into(), advice.into());
    Err(Refusal { fault: Fault::Operand, operation: operation.to_owned(), found, allowed, advice })
}

/// Refuses an argument of `operation`.
pub(crate) fn refuse_argument<T>(
    operation: &str,
    found: impl Into<String>,
    allowed: impl Into<String>,
    advice: impl Into<String>,
) -> Result<T, Refusal> {
    refuse(operation, found, allowed, advice).map_err(|refusal| Refusal { fault: Fault::Argument, ..refusal })
}

impl Refusal {
    pub(crate) fn at(self, location: Option<SourceLocation>) -> TraceError {
        let Self { fault, operation, found, allowed, advice } = self;
        TraceError { fault, location: location.map(Box::new), operation, found, allowed, advice }
    }
}
