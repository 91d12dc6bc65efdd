//! The command line of `ir-opt`.

use clap::{Parser, ValueEnum};
use std::path::PathBuf;

const EXIT_CODES: &str = "Exit codes:
  0   all went well
  1   the input does not parse or verify, or a pass failed
  2   the command line was not understood
  3   --run failed
  70  internal error

Examples:
  ir-opt --pipeline prepare --pipeline fhe net.mlir
  ir-opt --pass-pipeline 'builtin.module(canonicalize,fhe-infer-ranges)' --print-ir-after all -
  ir-opt --pipeline all --run 'main([1, 2, 3], 4)' net.mlir";

/// Runs passes on MLIR text, the verifier behind each, and functions on clear arguments.
#[derive(Debug, Parser)]
#[command(name = "ir-opt", version, after_help = EXIT_CODES)]
pub(crate) struct Arguments {
    /// MLIR text; `-` is standard input
    #[arg(default_value = "-")]
    pub(crate) input: PathBuf,
    /// File for the result instead of standard output; written only if all passes succeed
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Passes to run, such as `builtin.module(canonicalize,cse)`; may be repeated
    #[arg(long, value_name = "PASSES")]
    pub(crate) pass_pipeline: Vec<String>,
    /// Pipeline of the compiler to run; may be repeated
    #[arg(long, value_name = "NAME", value_enum)]
    pub(crate) pipeline: Vec<Named>,
    /// Options of `fhe-optimize-parameters` in named pipelines, such as `p-error=1e-9 security=132`
    #[arg(long, value_name = "OPTIONS")]
    pub(crate) parameter_options: Option<String>,
    /// Cost table, as `cloakwork calibrate` writes it, that the module carries to `fhe-optimize-parameters`
    #[arg(long, value_name = "FILE")]
    pub(crate) cost_table: Option<PathBuf>,
    /// Runs only the first N passes
    #[arg(long, value_name = "N")]
    pub(crate) stop_after: Option<usize>,
    /// Evaluates a function on clear arguments after the passes, at any level, and prints its results instead of the module
    #[arg(long, value_name = "CALL")]
    pub(crate) run: Option<String>,
    /// Prints every pass with level, summary and options
    #[arg(long)]
    pub(crate) list_passes: bool,
    /// Prints the passes of the pipelines, one a line, instead of running them
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Prints the module before a pass, or before `all`; may be repeated
    #[arg(long, value_name = "PASS")]
    pub(crate) print_ir_before: Vec<String>,
    /// Prints the module after a pass, or after `all`; may be repeated
    #[arg(long, value_name = "PASS")]
    pub(crate) print_ir_after: Vec<String>,
    /// Prints the module after each pass that changed it
    #[arg(long)]
    pub(crate) print_ir_on_change: bool,
    /// Prints the time of each pass
    #[arg(long)]
    pub(crate) timing: bool,
    /// Prints places of operations
    #[arg(long)]
    pub(crate) debuginfo: bool,
    /// Leaves out the elements of constants with more than N of them; such text cannot be read again
    #[arg(long, value_name = "N")]
    pub(crate) elide_constants: Option<usize>,
}

/// The compiler's pipelines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Named {
    /// `fhe` as traced or written, to `fhe` with ranges and tables
    Prepare,
    /// To `fhe` with widths
    Fhe,
    /// To `tfhe` with parameters
    Parameters,
    /// To the `llvm` dialect
    Native,
    /// All of them in that order
    All,
}
