//! Every function that machine code may call, declared once, and the context it is given.
//!
//! [`for_each_runtime_function!`] hands the list to a macro: this module expands it to the
//! [`FunctionTable`] that the runtime fills, and to [`RUNTIME_FUNCTIONS`], from which the compiler
//! knows position and signature of each. Machine code reaches the runtime only through the table
//! in its [`Context`], so an object has no undefined symbols, and the simulator is a second table.

use sha2::{Digest, Sha256};
use std::ffi::c_void;

/// Hands every runtime function, in table order, to the macro `$callback`.
///
/// Each returns [`STATUS_OK`] or another status, which machine code passes on to its caller at once.
/// Ciphertexts lie densely one behind the other; their length in words is [`Context::words`].
#[macro_export]
macro_rules! for_each_runtime_function {
    ($callback:ident) => {
        $callback! {
            /// Switches `count` ciphertexts at `input` with keyswitch key number `key` to `output`.
            fn keyswitch(key: u32, count: u64, input: *const u64, output: *mut u64);
            /// Bootstraps `count` ciphertexts at `input` with bootstrap key number `key` to `outputs` results each, which
            /// lie one behind the other at `output`.
            ///
            /// `tables` holds tables of `2^width` words each, already encoded for the output; result `r` of
            /// ciphertext `i` uses table `selector[i·outputs + r]`, or table `r` where `selector` is null.
            /// Entry `j` belongs to the message `j`, taken in two's complement if `is_signed` is 1.
            fn bootstrap(
                key: u32, count: u64, input: *const u64, output: *mut u64,
                tables: *const u64, selector: *const u32, outputs: u32, width: u32, is_signed: u32
            );
            /// Calls the [`Body`] at `body` with these pointers for parts that together are `0..count`, on several threads where
            /// that pays: an item takes about the time of `cost` multiplications of vectors of 8 words.
            fn spread(
                body: *const u64, context: *const u64, inputs: *const u64, outputs: *const u64, count: u64, cost: u64
            );
        }
    };
}

/// Machine code and runtime functions return this when all went well.
pub const STATUS_OK: i32 = 0;
/// The runtime caught an internal failure; the message is kept with the state.
pub const STATUS_FAILED: i32 = 1;

/// What compiled code is called with.
#[repr(C)]
#[derive(Debug)]
pub struct Context {
    /// The functions to call.
    pub functions: *const FunctionTable,
    /// First argument of each of them; opaque to compiled code.
    pub state: *const c_void,
    /// Words of one ciphertext under secret key `k` (position in [`crate::spec::Keyset::secret_keys`]):
    /// dimension + 1 when running encrypted, 1 when simulating.
    pub words: *const u64,
    /// Scratch memory under secret key `k`: [`crate::spec::ProgramSpec::workspace`]`[k]` ciphertexts.
    pub workspaces: *const *mut u64,
}

/// A compiled function: `entry(context, inputs, outputs) -> status`.
///
/// `inputs[i]` and `outputs[i]` point to the dense row-major elements of argument and result `i`:
/// ciphertexts of `words[key]` words, or clear `i64`.
pub type Entry = unsafe extern "C" fn(*const Context, *const *const u64, *const *mut u64) -> i32;

/// A part of a compiled function: computes the items `first..end` out of a number that [`FunctionTable::spread`] was told. Items
/// may be computed in any order, and at once: words that two of them write get the same value from both.
pub type Body = unsafe extern "C" fn(*const Context, *const *const u64, *const *mut u64, u64, u64) -> i32;

/// Symbol of the machine code of function `name`.
pub fn entry_symbol(name: &str) -> String {
    format!("cloakwork_entry_{name}")
}

/// Symbol and ELF section that hold the spec as JSON.
pub const SPEC_SYMBOL: &str = "cloakwork_spec";
/// See [`SPEC_SYMBOL`].
pub const SPEC_SECTION: &str = ".cloakwork.spec";

/// The machine type of an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AbiType {
    /// 32-bit integer.
    I32,
    /// 64-bit integer.
    I64,
    /// Pointer.
    Pointer,
}

/// Name and signature of a runtime function; the state comes first and is not listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RuntimeFunction {
    /// Name and table slot's name.
    pub name: &'static str,
    /// Names and machine types of the arguments behind the state.
    pub arguments: &'static [(&'static str, AbiType)],
}

macro_rules! expand_table {
    ($($(#[$doc:meta])* fn $name:ident($($argument:ident: $kind:ty),* $(,)?);)*) => {
        /// One slot for each runtime function, in the order of the list.
        #[repr(C)]
        #[derive(Clone, Copy, Debug)]
        pub struct FunctionTable {
            $($(#[$doc])* pub $name: unsafe extern "C" fn(state: *const c_void, $($argument: $kind),*) -> i32,)*
        }

        /// Every runtime function in table order.
        pub const RUNTIME_FUNCTIONS: &[RuntimeFunction] = &[
            $(RuntimeFunction {
                name: stringify!($name),
                arguments: &[$((stringify!($argument), <$kind as HasAbiType>::ABI_TYPE)),*],
            }),*
        ];
    };
}
for_each_runtime_function!(expand_table);

trait HasAbiType {
    const ABI_TYPE: AbiType;
}
impl HasAbiType for u32 {
    const ABI_TYPE: AbiType = AbiType::I32;
}
impl HasAbiType for u64 {
    const ABI_TYPE: AbiType = AbiType::I64;
}
impl<T> HasAbiType for *const T {
    const ABI_TYPE: AbiType = AbiType::Pointer;
}
impl<T> HasAbiType for *mut T {
    const ABI_TYPE: AbiType = AbiType::Pointer;
}

impl RuntimeFunction {
    /// The function of that name and its slot in the table.
    pub fn find(name: &str) -> Option<(usize, &'static RuntimeFunction)> {
        RUNTIME_FUNCTIONS.iter().enumerate().find(|(_, function)| function.name == name)
    }
}

/// Fingerprint of the contract: compiled code only runs on a runtime of the same fingerprint.
pub fn abi_hash() -> String {
    let text = format!("context(functions,state,words,workspaces);{RUNTIME_FUNCTIONS:?}");
    Sha256::digest(text).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_has_one_pointer_for_each_function() {
        assert_eq!(size_of::<FunctionTable>(), RUNTIME_FUNCTIONS.len() * size_of::<usize>());
        assert_eq!(
            RuntimeFunction::find("bootstrap").map(|(slot, f)| (slot, f.arguments.len())),
            Some((1, 9))
        );
        assert_eq!(RuntimeFunction::find("encrypt"), None);
    }

    #[test]
    fn signature_changes_change_the_hash() {
        assert_eq!(abi_hash().len(), 16);
        assert_eq!(RUNTIME_FUNCTIONS[0].arguments[1], ("count", AbiType::I64));
    }
}
