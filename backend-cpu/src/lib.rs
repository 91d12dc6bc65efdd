//! Machine code from the llvm dialect: JIT, shared library, executable.
//!
//! [`compile`] takes a module in the `llvm` dialect whose entry points are named by
//! [`cloakwork_abi::functions::entry_symbol`], and the spec as JSON, and makes an [`ObjectCode`]: a
//! position-independent ELF object that exports the entry points and the spec and needs nothing but
//! [`LIBRARY_FUNCTIONS`]. [`jit`] loads it into this process without a linker, [`link_shared`],
//! [`archive_static`] and [`link_executable`] call the system's linker. The same input gives the same bytes everywhere.
//!
//! Nothing here looks into the spec, and nothing here knows the runtime but its entry
//! `cloakwork_main`, which an executable hands its code to.

mod archive;
mod compile;
mod error;
mod jit;
mod link;
mod object_code;
mod target;
mod translate;

pub use archive::{RUNTIME_ARCHIVE, find_runtime_archive};
pub use compile::{assembly, compile, llvm_ir};
pub use error::BackendError;
pub use jit::{Jit, jit};
pub use link::{CLibrary, RuntimeExports, archive_static, link_executable, link_shared};
pub use object_code::{LIBRARY_FUNCTIONS, ObjectCode, SPEC_LENGTH_SYMBOL};
pub use target::{CpuName, Target, known_cpus, llvm_version};
