//! Compiled programs.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    cloakwork_runtime::hostile::artifact(bytes);
});
