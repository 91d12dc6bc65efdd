//! What a pass is, and how MLIR's registry learns of it.
//!
//! A pass is a value in the list `registry::PASSES`: a name, options, and a function on the module.
//! It keeps no state: everything variable is an option, every result goes into the IR.

use cloakwork_ir::context::{fhe_dialect, tfhe_dialect};
use cloakwork_ir::diagnostic::emit_error;
use melior::Context;
use melior::dialect::DialectHandle;
use melior::ir::OperationRef;
use melior::ir::operation::OperationLike;
use melior::ir::r#type::TypeId;
use mlir_sys::{MlirDialectHandle, MlirOperation, MlirStringRef, MlirTypeID};
use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::str::FromStr;

/// A pass on a module.
#[derive(Debug)]
pub struct Pass {
    /// Name in pipelines, kebab-case, dialect first.
    pub name: &'static str,
    /// One line.
    pub summary: &'static str,
    /// The level of IR it works on.
    pub level: Level,
    /// What can be set in pipelines.
    pub options: &'static [PassOption],
    /// The work. An error has been emitted as a diagnostic before it returns `Err`.
    pub run: for<'c, 'a> fn(&'c Context, OperationRef<'c, 'a>, &Options<'_>) -> Result<(), Failed>,
}

/// A level of IR.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Encrypted integers.
    Fhe,
    /// Ciphertexts under keys.
    Tfhe,
    /// Loops and machine words.
    Native,
}

/// An option of a pass.
#[derive(Debug)]
pub struct PassOption {
    /// Name in pipelines.
    pub name: &'static str,
    /// One line.
    pub summary: &'static str,
    /// Value when not given.
    pub default: &'static str,
}

/// A pass that gave up; the reason is in a diagnostic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failed;

/// The options that a running pass was given.
#[derive(Clone, Copy)]
pub struct Options<'p> {
    pass: &'p Pass,
    running: *const c_void,
}

impl Options<'_> {
    /// The text of option `name`, which the pass declares.
    pub fn text(&self, name: &str) -> &str {
        let index = self
            .pass
            .options
            .iter()
            .position(|option| option.name == name)
            .expect("the pass declares the option");
        // SAFETY: `running` is the C++ pass that is running; its option text lives as long as the run.
        unsafe {
            let text = cloakworkPassOption(self.running, index as isize);
            std::str::from_utf8_unchecked(std::slice::from_raw_parts(text.data.cast(), text.length))
        }
    }

    /// The value of option `name`; text that does not parse is reported at `op`.
    pub fn value<T: FromStr>(
        &self,
        name: &str,
        allowed: &str,
        op: OperationRef<'_, '_>,
    ) -> Result<T, Failed> {
        let text = self.text(name);
        text.parse().map_err(|_| {
            emit_error(
                &op,
                &format!("option `{name}` of `{}` is `{text}`; allowed is {allowed}", self.pass.name),
            );
            Failed
        })
    }
}

#[repr(C)]
struct RawOption {
    name: MlirStringRef,
    description: MlirStringRef,
    initial: MlirStringRef,
}

#[repr(C)]
struct RawInfo {
    id: MlirTypeID,
    name: MlirStringRef,
    argument: MlirStringRef,
    description: MlirStringRef,
    anchor: MlirStringRef,
    option_count: isize,
    options: *const RawOption,
    dialect_count: isize,
    dialects: *const MlirDialectHandle,
    run: unsafe extern "C" fn(*const c_void, MlirOperation, *const c_void) -> bool,
    pass: *const c_void,
}

unsafe extern "C" {
    fn cloakworkRegisterPass(info: *const RawInfo);
    fn cloakworkPassOption(running: *const c_void, index: isize) -> MlirStringRef;
}

fn text(value: &'static str) -> MlirStringRef {
    MlirStringRef { data: value.as_ptr().cast(), length: value.len() }
}

/// MLIR tells passes apart by an address of this alignment.
#[repr(align(8))]
struct Identity(#[allow(dead_code, reason = "only its address counts")] u64);

/// Makes MLIR's registry know the pass; once per process.
pub(crate) fn register(pass: &'static Pass) {
    // A registration lives as long as the process, so its parts are leaked.
    let identity: &'static Identity = Box::leak(Box::new(Identity(0)));
    let options: Vec<RawOption> = pass
        .options
        .iter()
        .map(|option| RawOption {
            name: text(option.name),
            description: text(option.summary),
            initial: text(option.default),
        })
        .collect();
    let options: &'static [RawOption] = options.leak();
    let dialects = [fhe_dialect(), tfhe_dialect(), DialectHandle::func(), DialectHandle::llvm()];
    let dialects: &'static [MlirDialectHandle] =
        dialects.iter().map(|dialect| dialect.to_raw()).collect::<Vec<_>>().leak();
    let info = RawInfo {
        id: TypeId::create(identity).to_raw(),
        name: text(pass.name),
        argument: text(pass.name),
        description: text(pass.summary),
        anchor: text("builtin.module"),
        option_count: options.len() as isize,
        options: options.as_ptr(),
        dialect_count: dialects.len() as isize,
        dialects: dialects.as_ptr(),
        run: trampoline,
        pass: std::ptr::from_ref(pass).cast(),
    };
    // SAFETY: everything that `info` points to is leaked or static; the struct itself is copied.
    unsafe { cloakworkRegisterPass(&raw const info) }
}

unsafe extern "C" fn trampoline(pass: *const c_void, op: MlirOperation, running: *const c_void) -> bool {
    // SAFETY: `register` put a `&'static Pass` here; MLIR runs it on a living operation.
    let (pass, op) = unsafe { (&*pass.cast::<Pass>(), OperationRef::from_raw(op)) };
    let context = op.context();
    // SAFETY: the reference borrows `context`, which lives until the end of this function.
    let context = unsafe { context.to_ref() };
    let run = AssertUnwindSafe(|| (pass.run)(context, op, &Options { pass, running }));
    match catch_unwind(run) {
        Ok(result) => result.is_ok(),
        Err(panic) => {
            let reason =
                panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
            let reason = reason.unwrap_or("no reason given");
            emit_error(
                &op,
                &format!("internal error in pass `{}`: {reason}; please report the IR before it", pass.name),
            );
            false
        }
    }
}
