//! The corpus of the fuzz targets (`fuzz/corpus`), through the functions that they call.

use crate::fixture::models;
use cloakwork_abi::spec::ProgramSpec;
use cloakwork_runtime::hostile;
use cloakwork_serve::hostile::Target;
use std::fs;
use std::path::{Path, PathBuf};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Names and bytes of what there is for a target; names that begin with `good` are of what is taken.
fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = repository().join("fuzz/corpus").join(target);
    let read =
        |entry: fs::DirEntry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap());
    let mut all: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| read(entry.unwrap())).collect();
    all.sort();
    let good = all.iter().filter(|(name, _)| name.starts_with("good")).count();
    assert!(good > 0 && good < all.len(), "`{target}` has both");
    all
}

/// What one function says of all that is there for it, and of pieces of that.
fn check(target: &str, read: &dyn Fn(&[u8]) -> bool) {
    for (name, bytes) in corpus(target) {
        assert_eq!(read(&bytes), name.starts_with("good"), "{target}/{name}");
        for part in [0, 1, bytes.len() / 3, bytes.len() / 2] {
            read(&bytes[..part]);
            read(&bytes[part..]);
        }
        for at in (0..bytes.len()).step_by((bytes.len() / 50).max(1)) {
            let mut changed = bytes.clone();
            changed[at] ^= 1 << (at % 8);
            read(&changed);
        }
    }
}

#[test]
fn files() {
    let spec = fs::read_to_string(repository().join("tests/golden/frame_3/spec.json")).unwrap();
    let spec = ProgramSpec::from_json(&spec).unwrap();
    check("artifact", &hostile::artifact);
    check("spec", &hostile::spec);
    check("keys", &|bytes| hostile::keys(&spec.keyset, bytes));
    check("values", &|bytes| hostile::values(&spec, bytes));
}

#[test]
fn requests() {
    let folder = models().copy();
    let target = Target::new(folder.path()).unwrap();
    for (name, bytes) in corpus("requests") {
        let answer = target.send(&bytes);
        let status = answer.get(9..12).unwrap_or_default();
        assert_eq!(
            status.starts_with(b"2"),
            name.starts_with("good"),
            "{name}: {}",
            String::from_utf8_lossy(&answer)
        );
        for part in [1, bytes.len() / 3, bytes.len() / 2] {
            target.send(&bytes[..part]);
            target.send(&bytes[part..]);
        }
    }
}
