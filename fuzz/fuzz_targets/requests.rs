//! Requests to a service with the golden artifact.
#![no_main]

use cloakwork_serve::hostile::Target;
use std::path::PathBuf;
use std::sync::LazyLock;

static TARGET: LazyLock<Target> = LazyLock::new(|| {
    let folder = std::env::temp_dir().join(format!("cloakwork-fuzz-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder for the model");
    let golden = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/artifact_1.cloakwork");
    std::fs::copy(golden, folder.join("square.cloakwork")).expect("the golden artifact");
    Target::new(&folder).expect("a service")
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    TARGET.send(bytes);
});
