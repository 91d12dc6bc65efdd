//! MLIR module to LLVM module, and LLVM's complaints as values.
//!
//! Errors that MLIR or LLVM report end in a [`BackendError`]; only LLVM's own fatal errors, which are
//! bugs, end the process. The only file that hands objects from MLIR to LLVM.

use crate::error::BackendError;
use inkwell::context::Context as LlvmContext;
use inkwell::module::Module as LlvmModule;
use llvm_sys::LLVMDiagnosticSeverity;
use llvm_sys::core::{
    LLVMContextSetDiagnosticHandler, LLVMDisposeMessage, LLVMGetDiagInfoDescription, LLVMGetDiagInfoSeverity,
};
use llvm_sys::prelude::{LLVMDiagnosticInfoRef, LLVMModuleRef};
use melior::diagnostic::{Diagnostic, DiagnosticSeverity};
use melior::ir::Module;
use mlir_sys::mlirTranslateModuleToLLVMIR;
use std::cell::RefCell;
use std::ffi::{CStr, c_void};
use std::ptr;
use std::rc::Rc;

/// Translates `module`, which must hold the `llvm` dialect only, into `context`.
pub(crate) fn translate<'l>(
    module: &Module,
    context: &'l LlvmContext,
) -> Result<LlvmModule<'l>, BackendError> {
    let messages = Rc::new(RefCell::new(Vec::new()));
    let kept = messages.clone();
    let mlir_context = module.context();
    // SAFETY: `to_ref` refers to the variable `mlir_context`, which outlives the reference.
    let mlir_context = unsafe { mlir_context.to_ref() };
    let handler = mlir_context.attach_diagnostic_handler(move |diagnostic: Diagnostic| {
        let is_error = matches!(diagnostic.severity(), DiagnosticSeverity::Error);
        if is_error {
            kept.borrow_mut().push(render(&diagnostic));
        }
        is_error // others go on to the handler of whoever made the context
    });
    // SAFETY: both objects live during the call. MLIR's and LLVM's bindings name the same C types.
    let raw: LLVMModuleRef =
        unsafe { mlirTranslateModuleToLLVMIR(module.as_operation().to_raw(), context.raw().cast()) }.cast();
    mlir_context.detach_diagnostic_handler(handler);
    if raw.is_null() {
        return Err(BackendError::Translation { message: messages.borrow().join("; ") });
    }
    // SAFETY: `raw` is a fresh module of `context` that nobody else owns.
    Ok(unsafe { LlvmModule::new(raw) })
}

fn render(diagnostic: &Diagnostic) -> String {
    let notes = (0..diagnostic.note_count()).filter_map(|i| diagnostic.note(i).ok());
    let notes: String = notes.map(|note| format!(" ({note})")).collect();
    format!("{}: {diagnostic}{notes}", diagnostic.location())
}

/// Collects the errors that LLVM reports to a context; without it they would end the process.
///
/// Must be dropped after the context.
#[derive(Default)]
pub(crate) struct LlvmErrors(RefCell<Vec<String>>);

impl LlvmErrors {
    /// A new context that reports here.
    pub(crate) fn context(&self) -> LlvmContext {
        let context = LlvmContext::create();
        // SAFETY: the handler is given the pointer to `self` back, which outlives the context.
        unsafe {
            LLVMContextSetDiagnosticHandler(context.raw(), Some(keep), ptr::from_ref(self).cast_mut().cast())
        };
        context
    }

    /// An error if there was one since the last call.
    pub(crate) fn check(&self, stage: &'static str) -> Result<(), BackendError> {
        let messages = self.0.take();
        if messages.is_empty() {
            Ok(())
        } else {
            Err(BackendError::Llvm { stage, message: messages.join("; ") })
        }
    }
}

extern "C" fn keep(info: LLVMDiagnosticInfoRef, errors: *mut c_void) {
    // SAFETY: LLVM calls with valid information and with the pointer given in `context`; the
    // description is ours to dispose.
    unsafe {
        if LLVMGetDiagInfoSeverity(info) != LLVMDiagnosticSeverity::LLVMDSError {
            return;
        }
        let description = LLVMGetDiagInfoDescription(info);
        let message = CStr::from_ptr(description).to_string_lossy().trim().to_owned();
        LLVMDisposeMessage(description);
        (*errors.cast::<LlvmErrors>()).0.borrow_mut().push(message);
    }
}
