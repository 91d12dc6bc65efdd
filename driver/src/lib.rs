//! Cloakwork compiles programs into native code that computes on encrypted data.
//!
//! From closure to decrypted result:
//!
//! ```
//! use cloakwork::{Error, Options, compile, trace};
//! use ndarray::array;
//!
//! fn main() -> Result<(), Error> {
//!     let graph = trace("neuron", |t| {
//!         let x = t.encrypted("x", [3], 0..=3);
//!         (x.dot(&array![1, -2, 3].into_dyn()) + 2).map(|v| v.max(0))
//!     })?;
//!     let circuit = compile(&graph, &Options::default())?;
//!     let keys = circuit.keygen()?;
//!     let question = circuit.encrypt(&keys.secret, array![3, 1, 2])?;
//!     let answer = circuit.run(&keys.evaluation, &question)?;
//!     assert_eq!(circuit.decrypt(&keys.secret, &answer)?[0][[]], 9);
//!     Ok(())
//! }
//! ```
//!
//! - [`trace`], [`compile`] and friends: a closure or MLIR text becomes a [`Circuit`];
//! - [`Circuit`]: keys, encryption, runs, simulation, files; [`Report`]: what was decided;
//! - [`evaluate`]: a function of a module at any level on clear arguments; [`call`]: calls and values as text;
//! - [`steps`]: pipelines taken apart; [`files`]: specs and other files; [`process`]: what command lines share.

pub mod call;
mod circuit;
mod compile;
mod error;
mod evaluate;
pub mod files;
mod machine_code;
mod options;
pub mod process;
pub mod report;
pub mod steps;

pub use circuit::{Circuit, Keys};
pub use compile::{Source, compile, compile_calibrated, compile_source, compile_text};
pub use error::Error;
pub use evaluate::evaluate;
pub use options::{DEFAULT_GLOBAL_P_ERROR, Options};
pub use report::Report;

pub use cloakwork_abi::parameters::SecurityLevel;
pub use cloakwork_abi::spec::ProgramSpec;
pub use cloakwork_backend_cpu::Target;
pub use cloakwork_frontend::{InputType, LookupTable, OpGraph, TraceError, Traced, Tracer, trace};
pub use cloakwork_ir::diagnostic::{Diagnostic, Severity};
pub use cloakwork_passes::pass::Level;
pub use cloakwork_runtime::{EvaluationKeys, Noise, Program, Randomness, SecretKeys, Simulation, Value};

/// The examples of the README are tests.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
