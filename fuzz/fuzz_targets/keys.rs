//! Secret, evaluation and public keys of the key set of the golden files.
#![no_main]

use cloakwork_abi::spec::ProgramSpec;
use std::sync::LazyLock;

static SPEC: LazyLock<ProgramSpec> = LazyLock::new(|| {
    ProgramSpec::from_json(include_str!("../../tests/golden/frame_3/spec.json")).expect("a sound spec")
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    cloakwork_runtime::hostile::keys(&SPEC.keyset, bytes);
});
