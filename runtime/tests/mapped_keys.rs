//! Expanded keys that are mapped from a file compute what those in memory do; files that are not sound are refused.

#![allow(clippy::unwrap_used)] // in helpers of tests too

mod common;

use cloakwork_abi::parameters::Width;
use cloakwork_abi::spec::ProgramSpec;
use cloakwork_runtime::client::{decrypt, encrypt};
use cloakwork_runtime::formats::{Checked, FormatProblem};
use cloakwork_runtime::keys::{EvaluationKeys, ExpandedKeys};
use cloakwork_runtime::server::{RunOptions, run};
use common::{array, keys, keyset, looked_up, lookup_entry, program, spec};
use std::fs;
use std::path::Path;

#[test]
fn mapped_keys_compute_what_keys_in_memory_do() {
    let place = tempfile::tempdir().unwrap().keep();
    let path = place.join("expanded");
    let program =
        program(spec("lookup", &[16], (Width(4), true), (Width(4), false)), lookup_entry::<16, 4, 1>);
    let (secret, evaluation) = keys(1);
    evaluation.write_expanded("name", &mut fs::File::create(&path).unwrap()).unwrap();
    assert!(fs::metadata(&path).unwrap().len() <= ExpandedKeys::most_file_bytes(&keyset()));
    let mapped = ExpandedKeys::map(&keyset(), "name", &path, Checked::Now).unwrap();
    assert_eq!(mapped.identity(), evaluation.identity());
    let values = encrypt(program.spec(), &secret, &[array(&[16], -8..8)]).unwrap();
    let results = run(&program, &mapped, &values, RunOptions::default()).unwrap();
    let in_memory = run(&program, &evaluation, &values, RunOptions::default()).unwrap();
    assert_eq!(results[0].words(), in_memory[0].words(), "bit by bit");
    let expected = array(&[16], (-8..8).map(|message| looked_up(message, 4)));
    assert_eq!(decrypt(program.spec(), &secret, &results).unwrap(), [expected]);
    fs::remove_dir_all(place).unwrap();
}

#[test]
fn files_that_are_not_sound_are_refused() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("expanded");
    let (_, evaluation) = keys(1);
    let mut good = vec![];
    evaluation.write_expanded("name", &mut good).unwrap();
    let refused = |bytes: &[u8], source: &str| {
        fs::write(&path, bytes).unwrap();
        ExpandedKeys::map(&keyset(), source, &path, Checked::Now).unwrap_err().problem
    };
    // Every byte of the header, and some of what is long.
    let every = (0..300)
        .step_by(3)
        .chain((300..good.len()).step_by(400_001))
        .chain(good.len() - 40..good.len())
        .step_by(2);
    for at in every {
        let mut bad = good.clone();
        bad[at] ^= 1 << (at % 8);
        refused(&bad, "name");
    }
    for length in [0, 7, 15, 16, 100, 4096, good.len() / 2, good.len() - 1] {
        assert!(
            matches!(refused(&good[..length], "name"), FormatProblem::Truncated | FormatProblem::Io(_)),
            "{length}"
        );
    }
    assert!(matches!(refused(&[&good[..], &[0]].concat(), "name"), FormatProblem::TooLong));
    assert!(matches!(refused(&good, "other"), FormatProblem::Header(_)), "made of other keys");
    let mut larger = keyset();
    larger.bootstrap_keys[0].decomposition.level = 2;
    fs::write(&path, &good).unwrap();
    assert!(ExpandedKeys::map(&larger, "name", &path, Checked::Now).is_err());
    ExpandedKeys::map(&keyset(), "name", &path, Checked::Now).unwrap();
}

/// The same on every processor with AVX2 or more, for keys that an earlier build wrote. If this fails although nothing was to change,
/// results have changed; otherwise the layout of kernels' keys has: count `LAYOUT` in `formats/expanded.rs` on, so that files of
/// older releases are made again, remove the golden file and run with `BLESS=1`.
#[test]
fn the_layout_is_that_of_its_number() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/frame_3");
    let spec = fs::read_to_string(golden.join("spec.json")).unwrap();
    let keyset = ProgramSpec::from_json(&spec).unwrap().keyset;
    let expand = || {
        let keys = EvaluationKeys::read(&keyset, &golden.join("evaluation.key")).unwrap();
        let mut bytes = vec![];
        keys.write_expanded("name", &mut bytes).unwrap();
        bytes
    };
    let bytes = expand();
    assert!(bytes == expand(), "the same input, the same bytes");
    // Processors without AVX2 have another order.
    if bytes.windows(10).any(|text| text == b"\"planes\":2") {
        let path = golden.join("expanded.sha256");
        let found: String = bytes[bytes.len() - 32..].iter().map(|byte| format!("{byte:02x}")).collect();
        if std::env::var_os("BLESS").is_some() && !path.exists() {
            fs::write(&path, &found).unwrap();
        }
        if path.exists() {
            assert_eq!(found, fs::read_to_string(&path).unwrap());
        }
    }
}
