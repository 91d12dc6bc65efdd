//! MLIR contexts that know exactly the dialects and translations that the compiler uses.

use crate::diagnostic::{Diagnostic, Severity};
use melior::Context;
use melior::dialect::{DialectHandle, DialectRegistry};
use mlir_sys::{
    MlirDialectHandle, MlirDialectRegistry, mlirDialectHandleInsertDialect, mlirGetDialectHandle__arith__,
    mlirGetDialectHandle__cf__, mlirGetDialectHandle__func__, mlirGetDialectHandle__llvm__,
    mlirGetDialectHandle__math__, mlirGetDialectHandle__scf__,
};
use std::cell::RefCell;
use std::rc::Rc;

unsafe extern "C" {
    fn mlirGetDialectHandle__fhe__() -> MlirDialectHandle;
    fn mlirGetDialectHandle__tfhe__() -> MlirDialectHandle;
    fn cloakworkRegisterCore(registry: MlirDialectRegistry);
}

/// The `fhe` dialect, for passes that create its ops.
pub fn fhe_dialect() -> DialectHandle {
    // SAFETY: the C++ glue defines the handle for the whole life of the process.
    unsafe { DialectHandle::from_raw(mlirGetDialectHandle__fhe__()) }
}

/// The `tfhe` dialect, for passes that create its ops.
pub fn tfhe_dialect() -> DialectHandle {
    // SAFETY: the C++ glue defines the handle for the whole life of the process.
    unsafe { DialectHandle::from_raw(mlirGetDialectHandle__tfhe__()) }
}

/// A context with our dialects, the upstream ones they live beside, and translation to LLVM IR.
///
/// One context belongs to one compilation; it is neither `Send` nor `Sync`.
pub fn context() -> Context {
    let registry = DialectRegistry::new();
    // SAFETY: handles are static; the registry lives until the end of this function.
    unsafe {
        for handle in [
            mlirGetDialectHandle__arith__(),
            mlirGetDialectHandle__cf__(),
            mlirGetDialectHandle__func__(),
            mlirGetDialectHandle__llvm__(),
            mlirGetDialectHandle__math__(),
            mlirGetDialectHandle__scf__(),
        ] {
            mlirDialectHandleInsertDialect(handle, registry.to_raw());
        }
        cloakworkRegisterCore(registry.to_raw());
    }
    // Threads inside MLIR would deliver diagnostics and printed IR in varying order.
    let context = Context::new_with_registry(&registry, false);
    context.load_all_available_dialects();
    context
}

/// Runs `action` and returns its result with every diagnostic that MLIR emitted meanwhile.
pub fn with_diagnostics<R>(context: &Context, action: impl FnOnce() -> R) -> (R, Vec<Diagnostic>) {
    let sink = Rc::new(RefCell::new(Vec::new()));
    let collected = sink.clone();
    let id = context.attach_diagnostic_handler(move |diagnostic| {
        collected.borrow_mut().push(Diagnostic::from_mlir(&diagnostic));
        true
    });
    let result = action();
    context.detach_diagnostic_handler(id);
    (result, sink.take())
}

/// Parses and verifies a module; errors carry their place in `source`, which is called `name`.
///
/// Locations inside the module call the file `-`; see [`Diagnostic::rename_file`].
pub fn parse<'c>(
    context: &'c Context,
    source: &str,
    name: &str,
) -> Result<melior::ir::Module<'c>, Vec<Diagnostic>> {
    crate::nesting::check(source, name).map_err(|refused| vec![refused])?;
    let (module, diagnostics) = with_diagnostics(context, || melior::ir::Module::parse(context, source));
    let renamed = |mut diagnostic: Diagnostic| {
        diagnostic.rename_file("-", name);
        diagnostic
    };
    module.ok_or_else(|| {
        let errors: Vec<_> = diagnostics.into_iter().map(renamed).collect();
        if errors.is_empty() {
            vec![Diagnostic::new(Severity::Error, name, "the module cannot be parsed")]
        } else {
            errors
        }
    })
}
