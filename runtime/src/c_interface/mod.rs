//! The interface for C, declared in `include/cloakwork.h`: the client's half in [`client`], the server's in [`server`].
//!
//! Functions return [`OK`] or [`FAILED`]; what went wrong is kept for the thread until its next call. Nothing unwinds
//! into C. Objects are boxes that C holds by pointer and gives back to the function that frees them.

pub mod client;
#[cfg(feature = "server")]
pub mod server;

use std::cell::RefCell;
use std::ffi::{CStr, CString, c_char};
use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// All went well.
pub const OK: i32 = 0;
/// See `cloakwork_last_error`.
pub const FAILED: i32 = 1;

/// Every function, for whoever links them into a library.
pub const FUNCTIONS: [&str; 19] = [
    "cloakwork_bytes_free",
    "cloakwork_decrypt",
    "cloakwork_decrypt_reals",
    "cloakwork_encrypt",
    "cloakwork_encrypt_reals",
    "cloakwork_evaluation_keys_free",
    "cloakwork_evaluation_keys_read",
    "cloakwork_keygen",
    "cloakwork_last_error",
    "cloakwork_program_free",
    "cloakwork_program_linked",
    "cloakwork_program_read",
    "cloakwork_run",
    "cloakwork_secret_keys_free",
    "cloakwork_secret_keys_read",
    "cloakwork_secret_keys_write",
    "cloakwork_spec_free",
    "cloakwork_spec_json",
    "cloakwork_spec_read",
];

/// The header that declares them.
pub const HEADER: &str = include_str!("../../include/cloakwork.h");

/// Bytes that belong to C until it frees them.
#[repr(C)]
#[derive(Debug)]
pub struct Bytes {
    data: *mut u8,
    length: usize,
}

/// Integers of one argument or result, row-major.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Integers {
    data: *mut i64,
    length: usize,
}

/// Reals of one argument or result, row-major.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Reals {
    data: *mut f64,
    length: usize,
}

thread_local! {
    static LAST_ERROR: RefCell<CString> = RefCell::default();
}

/// Why the last call on this thread failed; valid until its next call.
#[unsafe(no_mangle)]
pub extern "C" fn cloakwork_last_error() -> *const c_char {
    LAST_ERROR.with_borrow(|message| message.as_ptr())
}

/// Gives bytes back; null and empty ones are nothing to free.
///
/// # Safety
///
/// `bytes` is null or points to what a function here wrote, and is not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cloakwork_bytes_free(bytes: *mut Bytes) {
    // SAFETY: the caller's.
    let Some(bytes) = (unsafe { bytes.as_mut() }) else { return };
    if !bytes.data.is_null() {
        // SAFETY: made of a boxed slice of that length by `Bytes::give`.
        drop(unsafe { Box::from_raw(std::ptr::slice_from_raw_parts_mut(bytes.data, bytes.length)) });
    }
    (bytes.data, bytes.length) = (std::ptr::null_mut(), 0);
}

impl Bytes {
    /// # Safety
    ///
    /// `to` points to memory for one.
    unsafe fn give(bytes: Vec<u8>, to: *mut Self) {
        let length = bytes.len();
        let data = Box::into_raw(bytes.into_boxed_slice()).cast();
        // SAFETY: the caller's.
        unsafe { to.write(Self { data, length }) };
    }
}

/// A function for C: its body, which may refuse or panic, becomes a status. Or one that frees an object.
macro_rules! c_function {
    ($(#[$note:meta])* unsafe fn $name:ident($($argument:ident: $kind:ty),* $(,)?) $body:block) => {
        $(#[$note])*
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name($($argument: $kind),*) -> i32 {
            // SAFETY: the caller's, as the documentation of the function says.
            $crate::c_interface::guarded(|| unsafe { $body })
        }
    };
    ($name:ident frees $object:ident: $kind:ty) => {
        /// # Safety
        ///
        /// The pointer is null or comes from this interface, and is not used again.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name($object: *mut $kind) {
            // SAFETY: the caller's.
            unsafe { $crate::c_interface::free($object) }
        }
    };
}
use c_function;

/// Runs the body of a function; a refusal or a panic becomes a status with its message kept.
fn guarded(body: impl FnOnce() -> Result<(), String>) -> i32 {
    let result = catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|payload| {
        let text =
            payload.downcast_ref::<String>().map(String::as_str).or(payload.downcast_ref::<&str>().copied());
        Err(format!("internal failure: {}", text.unwrap_or("a panic without a message")))
    });
    let (status, message) = match result {
        Ok(()) => (OK, String::new()),
        Err(message) => (FAILED, message.replace('\0', " ")),
    };
    LAST_ERROR.set(CString::new(message).unwrap_or_default());
    status
}

fn text(error: impl Display) -> String {
    error.to_string()
}

/// # Safety
///
/// `pointer` is null or points to a value that lives for `'a`.
unsafe fn shared<'a, T>(pointer: *const T, name: &str) -> Result<&'a T, String> {
    // SAFETY: the caller's.
    unsafe { pointer.as_ref() }.ok_or_else(|| format!("`{name}` is a null pointer"))
}

/// # Safety
///
/// `data` is null or points to `length` values that live for `'a`.
unsafe fn slice<'a, T>(data: *const T, length: usize, name: &str) -> Result<&'a [T], String> {
    match (data.is_null(), length) {
        (_, 0) => Ok(&[]),
        (true, _) => Err(format!("`{name}` is a null pointer")),
        // SAFETY: the caller's.
        (false, _) => Ok(unsafe { std::slice::from_raw_parts(data, length) }),
    }
}

/// # Safety
///
/// `pointer` is null or a C string that lives for `'a`.
unsafe fn string<'a>(pointer: *const c_char, name: &str) -> Result<Option<&'a str>, String> {
    if pointer.is_null() {
        return Ok(None);
    }
    // SAFETY: the caller's.
    let text = unsafe { CStr::from_ptr(pointer) };
    text.to_str().map(Some).map_err(|_| format!("`{name}` is not UTF-8"))
}

/// # Safety
///
/// `to` is null or points to memory for a pointer.
unsafe fn give<T>(value: T, to: *mut *mut T, name: &str) -> Result<(), String> {
    if to.is_null() {
        return Err(format!("`{name}` is a null pointer"));
    }
    // SAFETY: the caller's.
    unsafe { to.write(Box::into_raw(Box::new(value))) };
    Ok(())
}

/// # Safety
///
/// `pointer` is null or was given by [`give`], and is not used again.
unsafe fn free<T>(pointer: *mut T) {
    if !pointer.is_null() {
        // SAFETY: the caller's.
        drop(unsafe { Box::from_raw(pointer) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_declares_every_function() {
        assert!(FUNCTIONS.is_sorted());
        for function in FUNCTIONS {
            assert!(HEADER.contains(&format!("{function}(")), "{function}");
        }
        let calls = HEADER.lines().filter(|line| line.starts_with("int32_t ") || line.starts_with("void "));
        assert_eq!(calls.count() + 1, FUNCTIONS.len(), "and the one that returns text");
    }
}
