//! ONNX import: what models compute, what files are refused with, what hostile files do.

#![allow(clippy::unwrap_used, reason = "tests")]

mod computed;
mod fuzz;
mod hostile;
mod messages;
mod quantised;
