//! MLIR contexts that know exactly the dialects and translations that the compiler uses.

use crate::diagnostic::{Diagnostic, Severity};
use melior::Context;
use melior::dialect::{DialectHandle, DialectRegistry};
use melior::ir::Module;
use mlir_sys::{
    MlirContext, MlirDialectHandle, MlirDialectRegistry, MlirModule, MlirStringRef,
    mlirDialectHandleInsertDialect, mlirGetDialectHandle__arith__, mlirGetDialectHandle__cf__,
    mlirGetDialectHandle__func__, mlirGetDialectHandle__llvm__, mlirGetDialectHandle__math__,
    mlirGetDialectHandle__scf__,
};
use std::cell::RefCell;
use std::ffi::CString;
use std::rc::Rc;

unsafe extern "C" {
    fn mlirGetDialectHandle__fhe__() -> MlirDialectHandle;
    fn mlirGetDialectHandle__tfhe__() -> MlirDialectHandle;
    fn cloakworkRegisterCore(registry: MlirDialectRegistry);
    fn cloakworkParseModule(context: MlirContext, source: MlirStringRef, name: MlirStringRef) -> MlirModule;
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

/// Parses and verifies a module. Its places, in errors and in later messages, name the file `name`.
pub fn parse<'c>(context: &'c Context, source: &str, name: &str) -> Result<Module<'c>, Vec<Diagnostic>> {
    let refused = |message: &str| vec![Diagnostic::new(Severity::Error, name, message)];
    crate::nesting::check(source, name).map_err(|refused| vec![refused])?;
    let text =
        CString::new(source).map_err(|_| refused("the text has a NUL character; MLIR text has none"))?;
    // MLIR's lexer wants a zero behind the text.
    parse_terminated(context, text.as_bytes(), name)
}

/// Reads and verifies a module out of the bytecode that this very compiler wrote. Bytes from elsewhere are not for it.
pub fn read_bytecode<'c>(context: &'c Context, bytecode: &[u8]) -> Result<Module<'c>, Vec<Diagnostic>> {
    parse_terminated(context, bytecode, "bytecode")
}

fn parse_terminated<'c>(
    context: &'c Context,
    source: &[u8],
    name: &str,
) -> Result<Module<'c>, Vec<Diagnostic>> {
    let source = MlirStringRef { data: source.as_ptr().cast(), length: source.len() };
    let name_ref = MlirStringRef { data: name.as_ptr().cast(), length: name.len() };
    // SAFETY: the texts outlive the call and the context the module; null becomes `None`.
    let parse =
        || unsafe { Module::from_option_raw(cloakworkParseModule(context.to_raw(), source, name_ref)) };
    let (module, diagnostics) = with_diagnostics(context, parse);
    match (module, diagnostics.is_empty()) {
        (Some(module), _) => Ok(module),
        (None, false) => Err(diagnostics),
        (None, true) => Err(vec![Diagnostic::new(Severity::Error, name, "the module cannot be parsed")]),
    }
}
