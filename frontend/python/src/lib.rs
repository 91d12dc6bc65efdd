//! The module `cloakwork._cloakwork`: what the Python package calls.
//!
//! - [`op_graph`]: the graph that the Python tracer writes to; [`host_function`]: Python functions in it;
//!   [`measure`]: its ranges and values; [`text`]: the graph with marked lines;
//! - [`options`]: wishes for a compilation;
//! - [`circuit`]: the compiled program; [`spec`]: the client's half of it; [`keys`], [`value`]: what travels;
//! - [`model`]: models on reals; [`quantised`]: models on integers;
//! - [`remote`]: models at a service;
//! - [`view`]: a graph as rows and text; [`windows`]: how kernels move;
//! - [`arrays`]: NumPy arrays; [`errors`]: which exception an error becomes.
//!
//! Names, defaults and checks that a user sees are written in Python (`python/cloakwork`). Whatever takes time
//! releases the interpreter lock.

mod arrays;
mod budget;
mod circuit;
mod errors;
mod host_function;
mod keys;
mod measure;
mod model;
mod op_graph;
mod options;
mod quantised;
mod remote;
mod spec;
mod text;
mod value;
mod view;
mod windows;

use pyo3::pymodule;

/// The compiled half of the package `cloakwork`; not for direct use.
#[pymodule]
mod _cloakwork {
    #[pymodule_export]
    use crate::budget::{compile_within_budget, read_budget};
    #[pymodule_export]
    use crate::circuit::{Circuit, compile_text, load_artifact, write_artifact};
    #[pymodule_export]
    use crate::keys::{EvaluationKeys, Keys};
    #[pymodule_export]
    use crate::model::{Model, ModelBuilder};
    #[pymodule_export]
    use crate::op_graph::{Node, OpGraph, compile_functions};
    #[pymodule_export]
    use crate::quantised::{ClientProcessing, QuantisedModel, nearest};
    #[pymodule_export]
    use crate::remote::Remote;
    #[pymodule_export]
    use crate::spec::Spec;
    #[pymodule_export]
    use crate::value::Value;
    #[pymodule_export]
    use crate::view::{format_graph, graph_nodes, graph_outputs, graph_ranges};
    #[pymodule_export]
    use crate::windows::positions_of_windows;

    #[pymodule_export]
    #[allow(non_upper_case_globals, reason = "the name that Python has for it")]
    const __version__: &str = env!("CARGO_PKG_VERSION");
    #[pymodule_export]
    const DEFAULT_GLOBAL_P_ERROR: f64 = cloakwork::DEFAULT_GLOBAL_P_ERROR;
}
