//! Which crate may use which: the drawing in ARCHITECTURE.md as a table, and the libraries that only one part may name.

use std::fs;

use cloakwork_tidy::{Package, packages, root};

/// Each crate of the workspace with the crates of the workspace that it may use.
const BELOW: &[(&str, &[&str])] = &[
    ("cloakwork", PARTS),
    ("cloakwork-abi", &[]),
    ("cloakwork-backend-cpu", &["cloakwork-abi", "cloakwork-ir"]),
    ("cloakwork-frontend", &["cloakwork-abi", "cloakwork-ir"]),
    ("cloakwork-ir", &["cloakwork-abi"]),
    ("cloakwork-passes", &["cloakwork-abi", "cloakwork-ir"]),
    ("cloakwork-python", FACADE_AND_PARTS),
    ("cloakwork-python-client", &["cloakwork-abi", "cloakwork-runtime"]),
    ("cloakwork-runtime", &["cloakwork-abi"]),
    ("cloakwork-serve", &["cloakwork-abi", "cloakwork-runtime"]),
    ("cloakwork-tests", FACADE_AND_PARTS),
    ("cloakwork-tidy", &[]),
];

const PARTS: &[&str] = &[
    "cloakwork-abi",
    "cloakwork-backend-cpu",
    "cloakwork-frontend",
    "cloakwork-ir",
    "cloakwork-passes",
    "cloakwork-runtime",
    "cloakwork-serve",
];

const FACADE_AND_PARTS: &[&str] = &[
    "cloakwork",
    "cloakwork-abi",
    "cloakwork-backend-cpu",
    "cloakwork-frontend",
    "cloakwork-ir",
    "cloakwork-passes",
    "cloakwork-runtime",
    "cloakwork-serve",
];

/// Libraries that stand behind a boundary, with the crates on their side of it.
const GUESTS: &[(&str, &[&str])] = &[
    ("inkwell", &["cloakwork-backend-cpu"]),
    ("llvm-sys", &["cloakwork-backend-cpu"]),
    ("melior", COMPILER),
    ("mlir-sys", COMPILER),
    ("pyo3", &["cloakwork-python", "cloakwork-python-client"]),
    ("tfhe", &["cloakwork-runtime"]),
];

const COMPILER: &[&str] = &[
    "cloakwork",
    "cloakwork-backend-cpu",
    "cloakwork-frontend",
    "cloakwork-ir",
    "cloakwork-passes",
    "cloakwork-tests",
];

#[test]
fn crates_use_only_what_stands_below_them() {
    let mut wrong = Vec::new();
    for Package { name, dependencies } in packages().unwrap() {
        let Some((_, below)) = BELOW.iter().find(|(known, _)| *known == name) else {
            wrong.push(format!("`{name}` is not in the table; give it a place here and in ARCHITECTURE.md"));
            continue;
        };
        for used in dependencies.iter().filter(|used| used.starts_with("cloakwork")) {
            if !below.contains(&used.as_str()) {
                wrong.push(format!("`{name}` uses `{used}`; allowed are {below:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn guests_stay_behind_their_boundary() {
    let mut wrong = Vec::new();
    for Package { name, dependencies } in packages().unwrap() {
        for (guest, hosts) in GUESTS {
            if dependencies.iter().any(|used| used == guest) && !hosts.contains(&name.as_str()) {
                wrong.push(format!("`{name}` uses `{guest}`; only {hosts:?} may"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_dependency_has_a_reason() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let lines = manifest.lines().skip_while(|line| *line != "[workspace.dependencies]").skip(1);
    let dependencies: Vec<_> = lines
        .take_while(|line| !line.starts_with('['))
        .filter(|line| line.contains('=') && !line.starts_with('#') && !line.contains("path ="))
        .collect();
    assert!(!dependencies.is_empty(), "no dependency found in Cargo.toml");
    let bare: Vec<_> = dependencies
        .iter()
        .filter(|line| line.rsplit_once(" # ").is_none_or(|(_, reason)| reason.trim().is_empty()))
        .collect();
    assert!(bare.is_empty(), "dependencies without a reason after `#`: {bare:#?}");
}

#[test]
fn versions_stand_in_the_workspace_manifest_alone() {
    let mut wrong = Vec::new();
    for file in cloakwork_tidy::source_files().unwrap() {
        // The fuzz targets are no part of the workspace.
        if !file.path.ends_with("/Cargo.toml") || file.path.starts_with("fuzz/") {
            continue;
        }
        let mut in_dependencies = false;
        for line in file.text.lines() {
            if line.starts_with('[') {
                in_dependencies = line.contains("dependencies]");
            } else if in_dependencies && line.contains('=') && !line.contains("workspace = true") {
                wrong.push(format!("{}: {line}", file.path));
            }
        }
    }
    assert!(wrong.is_empty(), "say `workspace = true` and the version in Cargo.toml:\n{}", wrong.join("\n"));
}

#[test]
fn packages_come_from_crates_io_alone() {
    let lock = fs::read_to_string(root().join("Cargo.lock")).unwrap();
    let sources: Vec<_> = lock.lines().filter_map(|line| line.strip_prefix("source = ")).collect();
    assert!(!sources.is_empty(), "no source found in Cargo.lock");
    let crates_io = "\"registry+https://github.com/rust-lang/crates.io-index\"";
    let others: Vec<_> = sources.iter().filter(|source| **source != crates_io).collect();
    assert!(others.is_empty(), "Cargo.lock names other sources: {others:?}");
}
