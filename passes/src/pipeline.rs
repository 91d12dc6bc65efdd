//! The pipelines as text, and how they run. The library and `ir-opt` run literally the same strings.

use crate::pass::register;
use crate::registry::PASSES;
use cloakwork_ir::context::with_diagnostics;
use cloakwork_ir::diagnostic::{Diagnostic, Severity};
use melior::Context;
use melior::ir::Module;
use melior::pass::PassManager;
use melior::utility::parse_pass_pipeline;
use mlir_sys::{
    mlirRegisterConversionArithToLLVMConversionPass, mlirRegisterConversionConvertControlFlowToLLVMPass,
    mlirRegisterConversionConvertFuncToLLVMPass, mlirRegisterConversionReconcileUnrealizedCastsPass,
    mlirRegisterConversionSCFToControlFlowPass, mlirRegisterTransformsPasses,
};
use std::sync::Once;

/// Traced or textual `fhe` to `fhe` with ranges and tables: nothing real and no map is left.
pub const PREPARE: &str = "builtin.module(canonicalize,cse,fhe-fuse-maps,fhe-set-bounds,fhe-infer-ranges,fhe-build-tables,fhe-split-wide-integers,canonicalize,cse)";

/// `fhe` with ranges to `fhe` with widths.
pub const FHE: &str = "builtin.module(fhe-decompose-pairwise,canonicalize,cse,fhe-fuse-lookup-tables,fhe-infer-bit-widths,canonicalize,cse)";

/// [`FHE`] with options of `fhe-decompose-pairwise`, such as `comparison=sign`, and those of [`parameters_with`].
pub fn fhe_with(options: &str) -> String {
    let pass = "fhe-decompose-pairwise";
    FHE.replace(pass, &format!("{pass}{{{options}}}"))
}

/// `fhe` with widths to `tfhe`, with the default error probability and security.
pub const PARAMETERS: &str = "builtin.module(fhe-refresh-feedback,fhe-decompose-rounding,canonicalize,cse,fhe-optimize-parameters,convert-fhe-to-tfhe,canonicalize,cse)";

/// [`PARAMETERS`] with options of `fhe-optimize-parameters`, such as `p-error=1e-9 security=132`; the choice of
/// how to round has the same.
pub fn parameters_with(options: &str) -> String {
    let with_options = |pipeline: String, pass: &str| pipeline.replace(pass, &format!("{pass}{{{options}}}"));
    ["fhe-decompose-rounding", "fhe-optimize-parameters"]
        .into_iter()
        .fold(PARAMETERS.to_owned(), with_options)
}

/// What [`parameters_with`] made, with results that are fed back as they are.
pub fn unrefreshed(pipeline: &str) -> String {
    pipeline.replace("fhe-refresh-feedback", "fhe-refresh-feedback{refresh=off}")
}

/// What [`parameters_with`] made, with an explanation of the parameters in the module, see [`crate::explanation`].
pub fn explained(pipeline: &str) -> String {
    pipeline.replace("fhe-optimize-parameters{", "fhe-optimize-parameters{explain=on ")
}

/// `tfhe` to the `llvm` dialect.
pub const NATIVE: &str = "builtin.module(tfhe-batch-bootstraps,canonicalize,cse,convert-tfhe-to-loops,canonicalize,cse,\
    convert-scf-to-cf,convert-cf-to-llvm,convert-func-to-llvm,convert-arith-to-llvm,reconcile-unrealized-casts,canonicalize,cse)";

/// Registers our passes and the upstream ones that the pipelines name, once per process.
pub fn register_all() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: plain registrations in MLIR's global registry.
        unsafe {
            mlirRegisterTransformsPasses();
            mlirRegisterConversionArithToLLVMConversionPass();
            mlirRegisterConversionConvertControlFlowToLLVMPass();
            mlirRegisterConversionConvertFuncToLLVMPass();
            mlirRegisterConversionReconcileUnrealizedCastsPass();
            mlirRegisterConversionSCFToControlFlowPass();
        }
        PASSES.iter().for_each(register);
    });
}

/// Runs a pipeline such as [`FHE`], verifying after every pass. Warnings of a successful run are returned.
pub fn run(
    context: &Context,
    module: &mut Module<'_>,
    pipeline: &str,
) -> Result<Vec<Diagnostic>, Vec<Diagnostic>> {
    register_all();
    let manager = PassManager::new(context);
    manager.enable_verifier(true);
    let (parsed, mut diagnostics) =
        with_diagnostics(context, || parse_pass_pipeline(manager.as_operation_pass_manager(), pipeline));
    if let Err(error) = parsed {
        let message = format!("the pipeline `{pipeline}` cannot be parsed: {error}");
        diagnostics.push(Diagnostic::new(Severity::Error, "", message));
        return Err(diagnostics);
    }
    let (result, mut diagnostics) = with_diagnostics(context, || manager.run(module));
    match result {
        Ok(()) => Ok(diagnostics),
        Err(_) => {
            if diagnostics.is_empty() {
                diagnostics.push(Diagnostic::new(
                    Severity::Error,
                    "",
                    format!("the pipeline `{pipeline}` failed without a message"),
                ));
            }
            Err(diagnostics)
        }
    }
}
