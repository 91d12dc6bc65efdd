//! Object code loaded into this process with LLVM's ORC, without a linker.
//!
//! The only file that calls ORC.

use crate::error::BackendError;
use crate::object_code::{LIBRARY_FUNCTIONS, ObjectCode};
use inkwell::targets::{InitializationConfig, Target as LlvmTarget};
use llvm_sys::core::LLVMCreateMemoryBufferWithMemoryRangeCopy;
use llvm_sys::error::{LLVMDisposeErrorMessage, LLVMErrorRef, LLVMGetErrorMessage};
use llvm_sys::orc2::lljit::{
    LLVMOrcCreateLLJIT, LLVMOrcDisposeLLJIT, LLVMOrcLLJITAddObjectFile, LLVMOrcLLJITGetMainJITDylib,
    LLVMOrcLLJITLookup, LLVMOrcLLJITMangleAndIntern, LLVMOrcLLJITRef,
};
use llvm_sys::orc2::{
    LLVMJITEvaluatedSymbol, LLVMJITSymbolFlags, LLVMJITSymbolGenericFlags, LLVMOrcAbsoluteSymbols,
    LLVMOrcCSymbolMapPair, LLVMOrcJITDylibDefine,
};
use std::collections::BTreeMap;
use std::ffi::{CStr, CString, c_int, c_void};
use std::ptr;

/// Loads `object` into this process and resolves every symbol.
pub fn jit(object: &ObjectCode) -> Result<Jit, BackendError> {
    object.target().require_runs_here()?;
    LlvmTarget::initialize_x86(&InitializationConfig::default());
    let mut raw = ptr::null_mut();
    // SAFETY: a null builder asks for the defaults; `raw` is only used if there is no error.
    check(unsafe { LLVMOrcCreateLLJIT(&mut raw, ptr::null_mut()) })?;
    let mut jit = Jit { raw, symbols: BTreeMap::new() };
    jit.define_library_functions()?;
    let bytes = object.bytes();
    // SAFETY: the buffer is a copy of `bytes` and belongs to the JIT from the second call on, which
    // also holds if it fails; the dylib belongs to the JIT, which is alive.
    check(unsafe {
        let buffer = LLVMCreateMemoryBufferWithMemoryRangeCopy(
            bytes.as_ptr().cast(),
            bytes.len(),
            c"cloakwork".as_ptr(),
        );
        LLVMOrcLLJITAddObjectFile(raw, LLVMOrcLLJITGetMainJITDylib(raw), buffer)
    })?;
    for symbol in object.symbols() {
        let mut address = 0;
        let name = c_name(symbol)?;
        // SAFETY: the JIT is alive, the name ends in zero.
        check(unsafe { LLVMOrcLLJITLookup(raw, &mut address, name.as_ptr()) })?;
        jit.symbols.insert(symbol.clone(), address as usize);
    }
    Ok(jit)
}

/// Loaded code. It stays in place until this is dropped: whoever calls a function of it keeps it alive.
#[derive(Debug)]
pub struct Jit {
    raw: LLVMOrcLLJITRef,
    symbols: BTreeMap<String, usize>,
}

// SAFETY: after `jit` returned, `raw` is touched again only by `drop`, which may run on any thread.
unsafe impl Send for Jit {}
// SAFETY: shared references only reach `symbols`, which no longer changes.
unsafe impl Sync for Jit {}

impl Jit {
    /// Address of an exported symbol, valid as long as `self`.
    pub fn lookup(&self, symbol: &str) -> Result<*const c_void, BackendError> {
        match self.symbols.get(symbol) {
            Some(&address) => Ok(ptr::with_exposed_provenance(address)),
            None => {
                let found = self.symbols.keys().map(|name| format!("`{name}`")).collect();
                Err(BackendError::NoSuchSymbol { symbol: symbol.to_owned(), found })
            }
        }
    }

    /// By address, so that they are found in a statically linked process too.
    fn define_library_functions(&self) -> Result<(), BackendError> {
        let generic = LLVMJITSymbolGenericFlags::LLVMJITSymbolGenericFlagsExported as u8
            | LLVMJITSymbolGenericFlags::LLVMJITSymbolGenericFlagsCallable as u8;
        let mut pairs = Vec::new();
        for symbol in LIBRARY_FUNCTIONS {
            let name = c_name(symbol)?;
            // SAFETY: the JIT is alive, the name ends in zero; the pair takes over the one reference.
            let name = unsafe { LLVMOrcLLJITMangleAndIntern(self.raw, name.as_ptr()) };
            let address = library_function(symbol).expose_provenance() as u64;
            let flags = LLVMJITSymbolFlags { GenericFlags: generic, TargetFlags: 0 };
            let symbol = LLVMJITEvaluatedSymbol { Address: address, Flags: flags };
            pairs.push(LLVMOrcCSymbolMapPair { Name: name, Sym: symbol });
        }
        // SAFETY: the pairs are read during the call, and their names' references go over with them.
        check(unsafe {
            let unit = LLVMOrcAbsoluteSymbols(pairs.as_mut_ptr(), pairs.len());
            LLVMOrcJITDylibDefine(LLVMOrcLLJITGetMainJITDylib(self.raw), unit)
        })
    }
}

impl Drop for Jit {
    fn drop(&mut self) {
        // SAFETY: nothing uses the JIT afterwards. An error could only be ignored.
        let _ = check(unsafe { LLVMOrcDisposeLLJIT(self.raw) });
    }
}

fn library_function(symbol: &'static str) -> *const c_void {
    unsafe extern "C" {
        fn bcmp(left: *const c_void, right: *const c_void, length: usize) -> c_int;
        fn memcmp(left: *const c_void, right: *const c_void, length: usize) -> c_int;
        fn memcpy(to: *mut c_void, from: *const c_void, length: usize) -> *mut c_void;
        fn memmove(to: *mut c_void, from: *const c_void, length: usize) -> *mut c_void;
        fn memset(to: *mut c_void, byte: c_int, length: usize) -> *mut c_void;
    }
    match symbol {
        "bcmp" => bcmp as *const c_void,
        "memcmp" => memcmp as *const c_void,
        "memcpy" => memcpy as *const c_void,
        "memmove" => memmove as *const c_void,
        "memset" => memset as *const c_void,
        other => unreachable!("`{other}` is in LIBRARY_FUNCTIONS but not here"),
    }
}

fn c_name(symbol: &str) -> Result<CString, BackendError> {
    CString::new(symbol).map_err(|error| BackendError::Jit { message: error.to_string() })
}

fn check(error: LLVMErrorRef) -> Result<(), BackendError> {
    if error.is_null() {
        return Ok(());
    }
    // SAFETY: `error` is a failure that this call consumes; the message is ours to dispose.
    let message = unsafe {
        let text = LLVMGetErrorMessage(error);
        let message = CStr::from_ptr(text).to_string_lossy().into_owned();
        LLVMDisposeErrorMessage(text);
        message
    };
    Err(BackendError::Jit { message })
}
