//! Machine code of this process: the only place where compiled code becomes callable.

use crate::error::Error;
use cloakwork_abi::functions::{Entry, entry_symbol};
use cloakwork_abi::spec::ProgramSpec;
use cloakwork_backend_cpu::{ObjectCode, jit};
use cloakwork_runtime::Program;
use std::ffi::c_void;
use std::sync::Arc;

/// Loads `object`, which was compiled together with `spec`, without a linker.
pub(crate) fn load(object: &ObjectCode, spec: ProgramSpec) -> Result<Program, Error> {
    let code = jit(object)?;
    let address = code.lookup(&entry_symbol(&spec.name))?;
    // SAFETY: the backend checked that symbols of this form have the signature of an entry point.
    let entry = unsafe { std::mem::transmute::<*const c_void, Entry>(address) };
    // SAFETY: object and spec come from one module, and the owner keeps the code loaded.
    Ok(unsafe { Program::from_entry(spec, entry, Arc::new(code)) })
}
