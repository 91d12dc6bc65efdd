//! What the command lines share: exit codes, messages, the end after an internal failure.

use std::io::{ErrorKind, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

/// The program or a file was refused.
pub const EXIT_REFUSED: u8 = 1;
/// The command line was not understood. Clap ends with the same code.
pub const EXIT_USAGE: u8 = 2;
/// Running a function failed.
pub const EXIT_RUN_FAILED: u8 = 3;
/// A failure of ours, not of the user's program.
pub const EXIT_INTERNAL: u8 = 70;

/// A message for standard error, and the exit code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The whole message.
    pub message: String,
    /// One of the constants here.
    pub code: u8,
}

impl Failure {
    /// A failure of that kind with that reason.
    pub fn new(code: u8, reason: impl std::fmt::Display) -> Self {
        let reason = reason.to_string();
        // Diagnostics say their severity, behind their place.
        let is_labelled = reason.lines().next().is_some_and(|line| {
            line.starts_with("error: ") || line.contains(": error: ") || line.contains(": warning: ")
        });
        let message = if is_labelled { reason } else { format!("error: {reason}") };
        Self { message, code }
    }
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::new(EXIT_REFUSED, error)
    }
}

/// Runs the body of a `main`: prints its failure, and turns a panic into a message and [`EXIT_INTERNAL`].
pub fn exit_with(main: impl FnOnce() -> Result<(), Failure>) -> ExitCode {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or(String::new(), |at| format!(" at {}:{}", at.file(), at.line()));
        let payload = panic.payload();
        let reason = payload.downcast_ref::<String>().map(String::as_str);
        let reason = reason.or(payload.downcast_ref::<&str>().copied()).unwrap_or("no reason given");
        complain(&format!("internal error{place}: {reason}\nplease report it together with the input"));
    }));
    match catch_unwind(AssertUnwindSafe(main)) {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(failure)) => {
            complain(&failure.message);
            ExitCode::from(failure.code)
        }
        Err(_) => ExitCode::from(EXIT_INTERNAL),
    }
}

/// Writes text to standard output. A reader that went away is no failure.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::new(EXIT_REFUSED, format!("cannot write to standard output: {error}")))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Writes a line to standard error. Where that fails there is nobody to tell.
pub fn complain(message: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{message}");
}
