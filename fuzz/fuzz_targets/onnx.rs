//! ONNX files: an error or a model that can be computed, never a panic, and no memory beyond what their length explains.
#![no_main]

#[path = "../../frontend/tests/onnx/fuzz.rs"]
#[allow(dead_code, reason = "libFuzzer makes up files itself")]
mod fuzz;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    fuzz::digest(bytes);
});
