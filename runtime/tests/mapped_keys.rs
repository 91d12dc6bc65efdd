//! Expanded keys that are mapped from a file compute what those in memory do; files that are not sound are refused.

#![allow(clippy::unwrap_used)] // in helpers of tests too

mod common;

use cloakwork_abi::parameters::Width;
use cloakwork_runtime::client::{decrypt, encrypt};
use cloakwork_runtime::formats::{Checked, FormatProblem};
use cloakwork_runtime::keys::{ExpandedKeys, Randomness, generate};
use cloakwork_runtime::server::{RunOptions, run};
use common::{array, keys, keyset, looked_up, lookup_entry, program, spec};
use std::fs;

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

/// The same on every processor with AVX2 or more. If this fails although nothing was to change, results have changed; otherwise the
/// layout of kernels' keys has: count `LAYOUT` in `formats/expanded.rs` on, so that files of older releases are made again.
#[test]
fn the_layout_is_that_of_its_number() {
    let (_, evaluation) = generate(&keyset(), Randomness::InsecureSeed(7), &|_| ()).unwrap();
    let mut bytes = vec![];
    evaluation.write_expanded("name", &mut bytes).unwrap();
    let checksum: String = bytes[bytes.len() - 32..].iter().map(|byte| format!("{byte:02x}")).collect();
    match bytes.windows(10).any(|text| text == b"\"planes\":2") {
        true => assert_eq!(checksum, "3aa6216c819d1f3945ec08891e10bdcd95e651437eede667f107db871165b571"),
        // Another processor; what is left to see is that it is the same twice.
        false => {
            let mut again = vec![];
            evaluation.write_expanded("name", &mut again).unwrap();
            assert_eq!(bytes, again);
        }
    }
}
