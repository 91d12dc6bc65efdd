//! Cloakwork compiles programs into native code that computes on encrypted data.
//!
//! - [`trace`], [`compile`] and friends: a closure or MLIR text becomes a [`Circuit`];
//! - [`Circuit`]: keys, encryption, runs, simulation, files; [`Report`]: what was decided;
//! - [`Functions`], [`compile_functions`], [`CompiledModule`]: several functions under the keys of one client;
//! - [`artifact`]: compiled programs as files;
//! - [`models`]: models on reals, their predictions;
//! - [`evaluate`]: a function of a module at any level on clear arguments; [`call`]: calls and values as text;
//! - [`surplus_bits`]: what rounding may leave out;
//! - [`CompileCache`]: compiled programs that need not be compiled again;
//! - [`calibrate`]: what operations take on this machine;
//! - [`profile`]: where the time of a run goes;
//! - [`steps`]: pipelines taken apart; [`files`]: specs and other files; [`process`]: what command lines share.
//!
#![doc = include_str!("../../docs/library.md")]

pub mod artifact;
mod cache;
pub mod calibrate;
pub mod call;
mod circuit;
mod compile;
mod error;
mod evaluate;
mod export;
pub mod files;
mod functions;
mod machine_code;
pub mod models;
mod module;
pub mod operations;
mod options;
pub mod process;
pub mod profile;
pub mod report;
mod snapshot;
pub mod steps;
mod surplus_bits;

pub use artifact::{ArtifactOptions, load_program};
pub use cache::{CacheUse, CompileCache};
pub use circuit::{Circuit, Keys};
pub use compile::{
    Source, compile, compile_calibrated, compile_functions, compile_module, compile_source, compile_text,
};
pub use error::Error;
pub use evaluate::evaluate;
pub use export::Library;
pub use functions::{Functions, Ranges};
pub use models::{Mode, ModelCircuit, ModelOptions, Predictions, compile_model};
pub use module::CompiledModule;
pub use options::{DEFAULT_GLOBAL_P_ERROR, Options, OptionsError, Preset, bounds, noise_family};
pub use profile::Profile;
pub use report::Report;
pub use surplus_bits::surplus_bits;

pub use cloakwork_abi::module_spec::ModuleSpec;
pub use cloakwork_abi::parameters::{NoiseFamily, SecurityLevel};
pub use cloakwork_abi::spec::{Keyset, ProgramSpec};
pub use cloakwork_backend_cpu::{CLibrary, Target};
pub use cloakwork_frontend::compositions::convolution::ConvOptions;
pub use cloakwork_frontend::compositions::pooling::Outside;
pub use cloakwork_frontend::compositions::rearranging::{Padding, Triangle};
pub use cloakwork_frontend::compositions::windows::{Around, LastWindow, WindowOptions};
pub use cloakwork_frontend::elementwise::{Binary, Unary};
pub use cloakwork_frontend::quantise::Quantisation;
pub use cloakwork_frontend::shapes::Take;
pub use cloakwork_frontend::{InputType, LookupTable, OpGraph, TraceError, Traced, Tracer, trace};
pub use cloakwork_ir::diagnostic::{Diagnostic, Severity};
pub use cloakwork_ir::digits::Exactness;
pub use cloakwork_ir::interpret::Clear;
pub use cloakwork_passes::parameters::CostModel;
pub use cloakwork_passes::pass::Level;
pub use cloakwork_passes::set_bounds::Bounds;
pub use cloakwork_runtime::{
    EvaluationKeys, Noise, Program, Randomness, RunOptions, SecretKeys, Simulation, Value,
};

/// The examples of README and pages are tests.
#[cfg(doctest)]
mod pages {
    #[doc = include_str!("../../README.md")]
    struct Readme;
    #[doc = include_str!("../../docs/language.md")]
    struct Language;
    #[doc = include_str!("../../docs/ranges-and-widths.md")]
    struct RangesAndWidths;
    #[doc = include_str!("../../docs/wide-integers.md")]
    struct WideIntegers;
    #[doc = include_str!("../../docs/rounding.md")]
    struct Rounding;
    #[doc = include_str!("../../docs/simulation.md")]
    struct Simulation;
}
