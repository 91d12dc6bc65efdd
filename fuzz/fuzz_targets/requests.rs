//! Requests to a service. `CLOAKWORK_MODELS` names the folder that it serves, with a program that this build compiled.
#![no_main]

use cloakwork_serve::hostile::Target;
use std::path::Path;
use std::sync::LazyLock;

static TARGET: LazyLock<Target> = LazyLock::new(|| {
    let folder = std::env::var_os("CLOAKWORK_MODELS").expect("`CLOAKWORK_MODELS` names a folder of models");
    Target::new(Path::new(&folder)).expect("a folder of models that this build loads")
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    TARGET.send(bytes);
});
