//! Specs, as JSON or within other files.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    cloakwork_runtime::hostile::spec(bytes);
});
