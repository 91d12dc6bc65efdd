//! ONNX files as models on reals.
//!
//! - [`wire`]: whether bytes are what the reader may read; [`graph`]: the walk over the nodes;
//! - [`tensor`]: stored numbers; [`strings`]: stored names; [`node`]: what an operator's import sees of its node;
//! - [`operators`]: the list of operators, each with what it becomes.
//!
//! The axis of samples gets size 1, so every shape is static: shapes follow from [`crate::model::shape`], and whatever
//! depends on constants alone, as computed shapes do, is computed here. Files are trusted in nothing: how much memory and
//! time a file may take follows from its length.

pub mod error;
mod graph;
mod node;
pub mod operators;
mod strings;
mod tensor;
mod value;
mod wire;

pub use error::OnnxError;
pub use graph::{ImportOptions, import, input_names};
