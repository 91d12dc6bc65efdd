//! The operation graph, the tracer and calibration.
//!
//! - [`trace`]: traces a Rust closure; [`traced`]: the values it computes with;
//! - [`graph`] with [`node`], [`elementwise`], [`host`], [`lookup_table`]: what a frontend saw;
//!   [`construct`] and [`shapes`]: the only ways to extend it, each checking its operands;
//! - [`model`]: a model on reals; [`onnx`]: that of an ONNX file; [`trees`]: ensembles of decision trees as programs;
//!   [`neighbours`]: votes of nearest points;
//! - [`quantise`]: a model as a program on integers;
//! - [`compositions`]: what is made of several operations, for every frontend;
//! - [`format`]: the graph as text;
//! - [`emit`]: the graph as an `fhe` module; [`calibrate`]: ranges measured on an input set.

pub mod calibrate;
pub mod compositions;
pub mod construct;
pub mod elementwise;
pub mod emit;
pub mod error;
pub mod format;
pub mod graph;
pub mod host;
pub mod lookup_table;
pub mod model;
pub mod neighbours;
pub mod node;
pub mod onnx;
mod operators;
pub mod quantise;
pub mod sample;
mod scalar_code;
pub mod shapes;
mod source;
pub mod trace;
pub mod traced;
pub mod trees;

pub use error::{SourceLocation, TraceError};
pub use graph::{NodeId, OpGraph};
pub use lookup_table::LookupTable;
pub use node::InputType;
pub use trace::{Tracer, trace};
pub use traced::Traced;
