//! Says which sources the compiler is made of: results that it keeps between runs belong to exactly these.

use std::fs;
use std::hash::{DefaultHasher, Hasher};
use std::path::{Path, PathBuf};

/// What decides the result of a compilation, beside this crate.
const CRATES: [&str; 7] =
    ["", "../frontend", "../passes", "../backend-cpu", "../ir", "../runtime", "../Cargo.lock"];

fn main() {
    let here = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR").expect("set by cargo"));
    let mut hash = DefaultHasher::new();
    for name in CRATES {
        let path = here.join(name);
        // A crate out of a registry has no neighbours; its version says what they are.
        if path.exists() {
            add(&path, &mut hash);
        }
    }
    println!("cargo:rustc-env=CLOAKWORK_SOURCES={:016x}", hash.finish());
}

/// Adds the sources under a path, in the order of their names.
fn add(path: &Path, hash: &mut DefaultHasher) {
    if path.is_dir() {
        let entries = fs::read_dir(path).expect("a folder of sources can be read");
        let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        paths.sort();
        paths.iter().filter(|path| is_source(path)).for_each(|path| add(path, hash));
        return;
    }
    println!("cargo:rerun-if-changed={}", path.display());
    hash.write(&fs::read(path).expect("a source can be read"));
}

/// Whether it goes into the compiler: neither tests nor what was built.
fn is_source(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    match path.is_dir() {
        true => !matches!(
            name,
            "tests" | "benches" | "examples" | "fuzz" | "target" | "python" | "python-client" | "serve"
        ),
        false => matches!(extension, "rs" | "td" | "cpp" | "h" | "toml" | "json" | "lock"),
    }
}
