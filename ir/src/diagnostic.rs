//! Messages to the user about a place in the program.

use crate::attributes::owned;
use melior::diagnostic::DiagnosticSeverity;
use melior::ir::Location;
use melior::ir::operation::OperationLike;
use mlir_sys::{MlirLocation, MlirStringRef, mlirLocationUnknownGet, mlirOperationGetContext};
use std::fmt;

/// A message about the user's program: place, what was found, what is allowed, what to try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// Place as `file:line:column`, innermost first; empty if unknown.
    pub place: String,
    /// The message.
    pub message: String,
    /// Further explanations.
    pub notes: Vec<Diagnostic>,
}

/// How bad a [`Diagnostic`] is; numbers are MLIR's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Severity {
    /// Belongs to another message.
    Note = 0,
    /// The program goes on.
    Warning = 1,
    /// The program is refused.
    Error = 2,
    /// Information.
    Remark = 3,
}

impl Diagnostic {
    /// A message without notes.
    pub fn new(severity: Severity, place: impl Into<String>, message: impl Into<String>) -> Self {
        Self { severity, place: place.into(), message: message.into(), notes: vec![] }
    }

    /// An error at an operation.
    pub fn error_at<'c: 'a, 'a>(op: &impl OperationLike<'c, 'a>, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, place(op.location()), message)
    }

    pub(crate) fn from_mlir(diagnostic: &melior::diagnostic::Diagnostic) -> Self {
        let severity = match diagnostic.severity() {
            DiagnosticSeverity::Error => Severity::Error,
            DiagnosticSeverity::Note => Severity::Note,
            DiagnosticSeverity::Remark => Severity::Remark,
            DiagnosticSeverity::Warning => Severity::Warning,
        };
        let notes =
            (0..diagnostic.note_count()).filter_map(|i| diagnostic.note(i).ok()).map(|n| Self::from_mlir(&n));
        let notes = notes.collect();
        Self { severity, place: place(diagnostic.location()), message: diagnostic.to_string(), notes }
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
            Severity::Remark => "remark",
        };
        if !self.place.is_empty() {
            write!(f, "{}: ", self.place)?;
        }
        write!(f, "{severity}: {}", self.message)?;
        self.notes.iter().try_for_each(|note| write!(f, "\n  {note}"))
    }
}

impl std::error::Error for Diagnostic {}

/// The places of a location as `file:line:column (name)`, joined by ` <- `, innermost first.
pub fn place(location: Location<'_>) -> String {
    let mut places = vec![];
    collect_places(location, &mut places);
    places.join(" <- ")
}

/// The first name in a location: the tag that a frontend gave to the operation.
pub fn tag(location: Location<'_>) -> Option<String> {
    if location.is_fused() {
        (0..location.fused_num_locations()).find_map(|i| tag(location.fused_location(i)))
    } else if location.is_name() {
        let name = location.name_value();
        // SAFETY: the location's context owns the name.
        Some(unsafe { owned(name.as_string_ref().to_raw()) })
    } else {
        None
    }
}

fn collect_places(location: Location<'_>, places: &mut Vec<String>) {
    if location.is_file_line_col_range() {
        let file = location.file_line_col_range_filename();
        // SAFETY: the location's context owns the name.
        let file = unsafe { owned(file.as_string_ref().to_raw()) };
        let (line, column) =
            (location.file_line_col_range_start_line(), location.file_line_col_range_start_column());
        places.push(format!("{file}:{line}:{column}"));
    } else if location.is_fused() {
        (0..location.fused_num_locations()).for_each(|i| collect_places(location.fused_location(i), places));
    } else if location.is_name() {
        let name = location.name_value();
        // SAFETY: the location's context owns the name.
        let name = unsafe { owned(name.as_string_ref().to_raw()) };
        let first = places.len();
        collect_places(location.name_child_location(), places);
        match places.get_mut(first) {
            Some(place) => *place = format!("{place} ({name})"),
            None => places.push(name),
        }
    } else if location.is_call_site() {
        collect_places(location.call_site_callee(), places);
        collect_places(location.call_site_caller(), places);
    }
}

unsafe extern "C" {
    fn cloakworkEmit(location: MlirLocation, severity: i32, message: MlirStringRef);
}

/// Emits a message through MLIR's diagnostic engine, where handlers and pass managers see it.
pub fn emit(location: Location<'_>, severity: Severity, message: &str) {
    let text = MlirStringRef { data: message.as_ptr().cast(), length: message.len() };
    // SAFETY: the location is alive, and the engine copies the text.
    unsafe { cloakworkEmit(location.to_raw(), severity as i32, text) }
}

/// Emits an error at an operation; one about a whole module has no place.
pub fn emit_error<'c: 'a, 'a>(op: &impl OperationLike<'c, 'a>, message: &str) {
    let is_module = op.name().as_string_ref().as_str() == Ok("builtin.module");
    // SAFETY: the operation is alive, and with it its context.
    let unknown =
        || unsafe { Location::from_raw(mlirLocationUnknownGet(mlirOperationGetContext(op.to_raw()))) };
    emit(if is_module { unknown() } else { op.location() }, Severity::Error, message);
}
