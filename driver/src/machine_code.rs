//! Machine code of this process: the only place where compiled code becomes callable.

use crate::error::Error;
use cloakwork_abi::functions::{Entry, entry_symbol};
use cloakwork_abi::spec::ProgramSpec;
use cloakwork_backend_cpu::{Jit, ObjectCode, jit};
use cloakwork_runtime::Program;
use std::ffi::c_void;
use std::sync::Arc;

/// An object in this process.
pub(crate) type Code = Arc<Jit>;

/// Loads `object` without a linker.
pub(crate) fn load(object: &ObjectCode) -> Result<Code, Error> {
    Ok(Arc::new(jit(object)?))
}

/// The function that `spec` describes, of the code that was compiled together with it.
pub(crate) fn function(code: &Code, spec: ProgramSpec) -> Result<Program, Error> {
    let address = code.lookup(&entry_symbol(&spec.name))?;
    // SAFETY: the backend checked that symbols of this form have the signature of an entry point.
    let entry = unsafe { std::mem::transmute::<*const c_void, Entry>(address) };
    // SAFETY: object and spec come from one module, and the owner keeps the code loaded.
    Ok(unsafe { Program::from_entry(spec, entry, code.clone()) })
}
