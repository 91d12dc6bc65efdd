//! Keys and values survive files; every kind of bad file is refused.

#![allow(clippy::unwrap_used)] // in helpers of tests too

mod common;

use cloakwork_abi::bounds::wide;
use cloakwork_abi::encoding::bounds;
use cloakwork_abi::parameters::{ExtensionFactor, Grouping, NoiseDistribution, Width};
use cloakwork_abi::radix::Radix;
use cloakwork_abi::spec::{EncodingSpec, Keyset, KeyswitchKeySpec, ProgramSpec, ValueSpec};
use cloakwork_runtime::client::{ClientError, decrypt, encrypt, encrypt_public};
use cloakwork_runtime::formats::{
    FormatProblem, Passphrase, inspect, read_arguments, read_keyset, read_values, value_from_bytes,
    value_to_bytes, values_from_bytes, values_to_bytes, write_values,
};
use cloakwork_runtime::keys::{EvaluationKeys, Origin, Randomness, SecretKeys, generate};
use cloakwork_runtime::server::{RunError, RunOptions, run};
use cloakwork_runtime::value::Value;
use common::{array, keys, keyset, looked_up, lookup_entry, program, spec};
use std::os::unix::fs::PermissionsExt;

#[test]
fn everything_comes_back_from_files() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    let program =
        program(spec("lookup", &[16], (Width(4), true), (Width(4), false)), lookup_entry::<16, 4, 1>);
    let (spec, keyset) = (program.spec(), &program.spec().keyset);
    let (secret, evaluation) = keys(1);
    secret.write(&file("secret")).unwrap();
    evaluation.write(&file("evaluation")).unwrap();
    assert_eq!(std::fs::metadata(file("secret")).unwrap().permissions().mode() & 0o777, 0o600);

    let secret = SecretKeys::read(keyset, &file("secret")).unwrap();
    assert_eq!(secret.origin(), Origin::InsecureSeed);
    let values = encrypt(spec, &secret, &[array(&[16], -8..8)]).unwrap();
    write_values(keyset, &spec.inputs, &values, &file("input")).unwrap();
    // A word for each fresh ciphertext, and the frame.
    assert!(std::fs::metadata(file("input")).unwrap().len() < 16 * 8 + 1000);

    let evaluation = EvaluationKeys::read(keyset, &file("evaluation")).unwrap();
    assert_eq!((secret.identity(), evaluation.identity()), (keys(1).0.identity(), keys(1).0.identity()));
    let values = read_values(keyset, &spec.inputs, &file("input")).unwrap();
    let results = run(&program, &evaluation, &values, RunOptions::default()).unwrap();
    write_values(keyset, &spec.outputs, &results, &file("output")).unwrap();

    let results = read_values(keyset, &spec.outputs, &file("output")).unwrap();
    for name in ["secret", "evaluation", "input", "output"] {
        assert_eq!(inspect(&file(name)).unwrap().keys, Some(secret.identity()), "{name}");
    }
    let expected = array(&[16], (-8..8).map(|message| looked_up(message, 4)));
    assert_eq!(decrypt(spec, &secret, &results).unwrap(), [expected]);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 4, "no temporary file is left");
}

/// One of the three kinds of files: its bytes and how to read them.
type Case = (&'static str, Vec<u8>, Box<dyn Fn(&Keyset, &[u8]) -> Result<(), FormatProblem>>);

fn cases() -> Vec<Case> {
    let spec = spec("lookup", &[2], (Width(4), false), (Width(4), false));
    let (secret, evaluation) = keys(1);
    let values = encrypt(&spec, &secret, &[array(&[2], [1, 2])]).unwrap();
    let values = values_to_bytes(&spec.keyset, &spec.inputs, &values).unwrap();
    let inputs = spec.inputs.clone();
    vec![
        ("secret", secret.to_bytes().to_vec(), {
            Box::new(|keyset, bytes| {
                SecretKeys::from_bytes(keyset, bytes).map(|_| ()).map_err(|error| error.problem)
            })
        }),
        ("evaluation", evaluation.to_bytes(), {
            Box::new(|keyset, bytes| {
                EvaluationKeys::from_bytes(keyset, bytes).map(|_| ()).map_err(|error| error.problem)
            })
        }),
        ("values", values, {
            Box::new(move |keyset, bytes| {
                values_from_bytes(keyset, &inputs, bytes).map(|_| ()).map_err(|error| error.problem)
            })
        }),
    ]
}

#[test]
fn bad_files_are_refused() {
    for (name, bytes, read) in cases() {
        let problem = |bytes: &[u8]| read(&keyset(), bytes).unwrap_err();
        read(&keyset(), &bytes).unwrap();
        assert!(
            matches!(problem(b"PNG not a key, but a picture of one"), FormatProblem::Magic { .. }),
            "{name}"
        );
        for length in [0, 7, 23, 30, 200, bytes.len() / 2, bytes.len() - 1] {
            assert!(matches!(problem(&bytes[..length]), FormatProblem::Truncated), "{name} cut to {length}");
        }
        let mut longer = bytes.clone();
        longer.push(0);
        assert!(matches!(problem(&longer), FormatProblem::TooLong), "{name}");
        let mut other_version = bytes.clone();
        other_version[8] = 9;
        assert!(matches!(problem(&other_version), FormatProblem::Version { found: 9 }), "{name}");
        other_version[8] = 1;
        assert_eq!(
            problem(&other_version).to_string(),
            "the file has version 1, this release (0.1.0) reads version 3 to 4; it comes from an older release: upgrade the other side and make keys and encrypt again with this release"
        );
        let mut longer_header = bytes.clone();
        longer_header[15] = 0xff;
        assert!(matches!(problem(&longer_header), FormatProblem::Header(_)), "{name}");
        let mut huge = bytes.clone();
        huge[22] = 0xff;
        assert!(matches!(problem(&huge), FormatProblem::Mismatch { .. }), "{name}");
        let mut foreign = keyset();
        foreign.bootstrap_keys[0].decomposition.level = 2;
        assert!(matches!(read(&foreign, &bytes).unwrap_err(), FormatProblem::Foreign { .. }), "{name}");
    }
}

#[test]
fn files_fit_no_key_set_that_differs_in_one_number() {
    let changes: [&dyn Fn(&mut Keyset); 6] = [
        &|keyset| keyset.bootstrap_keys[0].grouping = Grouping::Two,
        &|keyset| keyset.bootstrap_keys[0].extension = ExtensionFactor(2),
        &|keyset| keyset.secret_keys[0].noise = NoiseDistribution::TUniform { log2_bound: 14 },
        &|keyset| keyset.keyswitch_keys[0].noise = NoiseDistribution::TUniform { log2_bound: 4 },
        &|keyset| keyset.keyswitch_keys[0].added_variance.0 *= 1.5,
        &|keyset| keyset.keyswitch_keys[0].to = 0,
    ];
    for (name, bytes, read) in cases() {
        for change in changes {
            let mut foreign = keyset();
            change(&mut foreign);
            assert!(matches!(read(&foreign, &bytes).unwrap_err(), FormatProblem::Foreign { .. }), "{name}");
        }
    }
}

#[test]
fn keys_of_pairs_and_conversions_come_back() {
    let mut keyset = keyset();
    keyset.bootstrap_keys[0].grouping = Grouping::Two;
    keyset.bootstrap_keys[0].extension = ExtensionFactor(3);
    keyset.keyswitch_keys.push(KeyswitchKeySpec {
        name: "conversion".into(),
        to: 0,
        ..keyset.keyswitch_keys[0].clone()
    });
    let (secret, evaluation) = generate(&keyset, Randomness::InsecureSeed(1), &|_| ()).unwrap();
    let bytes = evaluation.to_bytes();
    // Three GGSW ciphertexts for two coefficients, of which bodies are kept; and as many bodies for either keyswitch;
    // and a header with the key set.
    let bootstrap = 40 / 2 * 3 * (3 * 3) * 512 * 8;
    let keyswitch = 2 * 1024 * 5 * 4;
    assert!((bootstrap + keyswitch..bootstrap + keyswitch + 3000).contains(&bytes.len()), "{}", bytes.len());
    let again = EvaluationKeys::from_bytes(&keyset, &bytes).unwrap();
    assert_eq!((again.identity(), again.to_bytes()), (secret.identity(), bytes));
}

#[test]
fn every_flipped_bit_is_found() {
    for (name, bytes, read) in cases() {
        // Every bit up to the end of the header and of the checksum, and samples of the words between.
        let samples =
            (0..bytes.len()).filter(|i| *i < 600 || i % (bytes.len() / 20) == 0 || i + 40 > bytes.len());
        for position in samples {
            let mut flipped = bytes.clone();
            flipped[position] ^= 1 << (position % 8);
            assert!(read(&keyset(), &flipped).is_err(), "{name}, byte {position}");
        }
    }
}

#[test]
fn kinds_are_not_mixed() {
    let cases = cases();
    for (i, (_, bytes, _)) in cases.iter().enumerate() {
        for (j, (name, _, read)) in cases.iter().enumerate() {
            assert_eq!(
                matches!(read(&keyset(), bytes), Err(FormatProblem::Kind { .. })),
                i != j,
                "{i} as {name}"
            );
        }
    }
}

#[test]
fn values_of_another_program_are_refused() {
    let (secret, _) = keys(1);
    let bytes = |name: &str, shape: &[u64], width| {
        let mut spec = spec("lookup", shape, (Width(width), false), (Width(4), false));
        spec.inputs[0].name = name.into();
        let values = encrypt(&spec, &secret, &[array(shape, 0..2)]).unwrap();
        values_to_bytes(&spec.keyset, &spec.inputs, &values).unwrap()
    };
    let spec = spec("lookup", &[2], (Width(4), false), (Width(4), false));
    let read =
        |bytes: Vec<u8>| values_from_bytes(&spec.keyset, &spec.inputs, &bytes).map_err(|error| error.problem);
    // A name of another program is none that is asked for: the value may be a result that becomes an argument.
    for own in [bytes("x", &[2], 4), bytes("z", &[2], 4)] {
        assert!(read(own).is_ok());
    }
    for other in [bytes("x", &[2, 1], 4), bytes("x", &[2], 5)] {
        assert!(matches!(read(other), Err(FormatProblem::Mismatch { .. })));
    }
}

#[test]
fn arguments_come_from_several_files_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let (secret, _) = keys(1);
    let one = spec("lookup", &[], (Width(4), false), (Width(4), false));
    let named = |name: &str| ValueSpec { name: name.into(), ..one.inputs[0].clone() };
    let write = |file: &str, names: &[&str], values: &[i64]| {
        let spec = ProgramSpec { inputs: names.iter().map(|name| named(name)).collect(), ..one.clone() };
        let arguments: Vec<_> = values.iter().map(|&value| array(&[], [value])).collect();
        let values = encrypt(&spec, &secret, &arguments).unwrap();
        write_values(&spec.keyset, &spec.inputs, &values, &folder.path().join(file)).unwrap();
    };
    write("results", &["z", "b"], &[1, 2]);
    write("other", &["c", "y"], &[3, 4]);
    let asked = ["a", "b", "c", "d"].map(named);
    let paths = |files: &[&str]| files.iter().map(|file| folder.path().join(file)).collect::<Vec<_>>();
    let read = |files: &[&str]| read_arguments(&one.keyset, &asked, &paths(files));
    let spec = ProgramSpec { outputs: asked.to_vec(), ..one.clone() };
    for (files, expected) in [(["results", "other"], [1, 2, 3, 4]), (["other", "results"], [4, 2, 3, 1])] {
        let found = decrypt(&spec, &secret, &read(&files).unwrap()).unwrap();
        assert_eq!(found, expected.map(|value| array(&[], [value])), "{files:?}");
    }
    let error = read(&["results", "other", "other"]).unwrap_err().to_string();
    assert!(error.contains("values 6, the program takes 4"), "{error}");
}

#[test]
fn files_of_keys_say_their_key_set() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    let (secret, evaluation) = keys(1);
    secret.write(&file).unwrap();
    assert_eq!(read_keyset(&file).unwrap(), keyset());
    evaluation.write(&file).unwrap();
    assert_eq!(read_keyset(&file).unwrap(), keyset());
    let spec = spec("lookup", &[2], (Width(4), false), (Width(4), false));
    let values = encrypt(&spec, &secret, &[array(&[2], 0..2)]).unwrap();
    write_values(&spec.keyset, &spec.inputs, &values, &file).unwrap();
    assert!(matches!(read_keyset(&file).unwrap_err().problem, FormatProblem::Kind { .. }));
}

#[test]
fn values_of_another_client_are_refused_after_their_way_through_files() {
    let program =
        program(spec("lookup", &[16], (Width(4), true), (Width(4), false)), lookup_entry::<16, 4, 1>);
    let (spec, keyset) = (program.spec(), &program.spec().keyset);
    let [(secret, evaluation), (other, other_evaluation)] = [keys(1), keys(2)];
    let through_bytes = |specs: &[ValueSpec], values: &[Value]| {
        values_from_bytes(keyset, specs, &values_to_bytes(keyset, specs, values).unwrap()).unwrap()
    };
    let values = encrypt(spec, &secret, &[array(&[16], -8..8)]).unwrap();
    let values = through_bytes(&spec.inputs, &values);
    let other_evaluation = EvaluationKeys::from_bytes(keyset, &other_evaluation.to_bytes()).unwrap();
    let refused = run(&program, &other_evaluation, &values, RunOptions::default());
    assert!(matches!(refused, Err(RunError::ForeignArgument { .. })));
    let results = run(&program, &evaluation, &values, RunOptions::default()).unwrap();
    let results = through_bytes(&spec.outputs, &results);
    let other = SecretKeys::from_bytes(keyset, &other.to_bytes()).unwrap();
    assert!(matches!(decrypt(spec, &other, &results), Err(ClientError::ForeignResult { .. })));
}

#[test]
fn clear_values_carry_no_keys() {
    let mut spec = spec("lookup", &[2], (Width(4), false), (Width(4), false));
    spec.inputs[0].encoding = EncodingSpec::Clear;
    let values = encrypt(&spec, &keys(1).0, &[array(&[2], [1, 2])]).unwrap();
    let clear = values_to_bytes(&spec.keyset, &spec.inputs, &values).unwrap();
    let values = values_from_bytes(&spec.keyset, &spec.inputs, &clear).unwrap();
    assert_eq!((values[0].clear(), values[0].keys()), (&[1, 2][..], None));
    // The same bytes for every client.
    let values = encrypt(&spec, &keys(2).0, &[array(&[2], [1, 2])]).unwrap();
    assert_eq!(values_to_bytes(&spec.keyset, &spec.inputs, &values).unwrap(), clear);
}

#[test]
fn what_a_public_key_encrypts_is_a_list() {
    const ELEMENTS: u64 = 1500;
    let mut spec = spec("lookup", &[ELEMENTS], (Width(4), false), (Width(4), false));
    spec.public_key = true;
    let (secret, _) = keys(1);
    let argument = array(&[ELEMENTS], (0..ELEMENTS as i64).map(|i| i * 7 % 16));
    let public = secret.public_key(Randomness::InsecureSeed(1));
    let values = encrypt_public(&spec, &public, std::slice::from_ref(&argument), Randomness::Secure).unwrap();
    let bytes = values_to_bytes(&spec.keyset, &spec.inputs, &values).unwrap();
    // Two masks for up to 1024 ciphertexts each, a word for each ciphertext, and the frame.
    let body = 2 * 1024 * 8 + ELEMENTS as usize * 8;
    assert!((body..body + 1000).contains(&bytes.len()), "{}", bytes.len());
    // Releases that know no lists refuse it, and read all else.
    let fresh = encrypt(&spec, &secret, std::slice::from_ref(&argument)).unwrap();
    let fresh = values_to_bytes(&spec.keyset, &spec.inputs, &fresh).unwrap();
    assert_eq!((bytes[8], fresh[8]), (4, 3));
    spec.outputs = spec.inputs.clone();
    let read = |bytes: &[u8]| values_from_bytes(&spec.keyset, &spec.inputs, bytes);
    assert_eq!(decrypt(&spec, &secret, &read(&bytes).unwrap()).unwrap(), [argument]);
    for position in (0..bytes.len()).step_by(97) {
        let mut flipped = bytes.clone();
        flipped[position] ^= 1 << (position % 8);
        assert!(read(&flipped).is_err(), "byte {position}");
        assert!(read(&bytes[..position]).is_err(), "cut to {position}");
    }
}

#[test]
fn single_values_come_back_in_every_form() {
    let mut spec = spec("digits", &[2], (Width(3), false), (Width(3), false));
    spec.public_key = true;
    // Numbers of six bits in three digits.
    let radix = Some(Radix { bits: 2, count: 3, is_signed: false });
    spec.inputs[0].encoding = EncodingSpec::Encrypted { key: 0, width: Width(3), is_signed: false, radix };
    spec.inputs[0].range = wide(bounds(Width(6), false));
    spec.outputs = spec.inputs.clone();
    let (secret, _) = keys(1);
    let argument = [array(&[2], [5, 62])];
    let public = secret.public_key(Randomness::Secure);
    let forms = [
        encrypt(&spec, &secret, &argument).unwrap(),
        encrypt_public(&spec, &public, &argument, Randomness::Secure).unwrap(),
    ];
    for values in forms {
        let again = value_from_bytes(&value_to_bytes(&values[0])).unwrap();
        assert_eq!(decrypt(&spec, &secret, &[again]).unwrap(), argument);
    }
}

#[test]
fn missing_files_and_folders_are_told() {
    let error = SecretKeys::read(&keyset(), "/nowhere/secret.keys".as_ref()).unwrap_err();
    assert!(error.to_string().starts_with("`/nowhere/secret.keys`: "), "{error}");
    assert!(keys(1).0.write("/nowhere/secret.keys".as_ref()).is_err());
}

#[test]
fn secret_keys_under_a_passphrase() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    let (secret, _) = keys(1);
    let right = Passphrase::new("correct horse\nsecond line").unwrap();
    let wrong = Passphrase::new("correct horses").unwrap();
    assert!(Passphrase::new("").is_err() && Passphrase::new("\nsecond line").is_err());
    secret.write_under(&path, &right).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let read = |passphrase: Option<&Passphrase>| SecretKeys::read_under(&keyset(), &path, passphrase);
    let again = read(Some(&right)).unwrap();
    assert_eq!(again.to_bytes().as_slice(), secret.to_bytes().as_slice());
    let problem = |passphrase| read(passphrase).unwrap_err().problem;
    assert!(matches!(problem(None), FormatProblem::Sealed));
    assert!(matches!(SecretKeys::read(&keyset(), &path).unwrap_err().problem, FormatProblem::Sealed));
    assert!(matches!(inspect(&path).unwrap_err().problem, FormatProblem::Sealed));
    assert!(problem(Some(&wrong)).to_string().contains("not the right one"));
    // Whoever gives a passphrase that is not needed reads the keys all the same.
    let plain = SecretKeys::from_bytes_under(&keyset(), &secret.to_bytes(), Some(&wrong)).unwrap();
    assert_eq!(plain.identity(), secret.identity());
    let bytes = std::fs::read(&path).unwrap();
    assert!(!bytes.windows(8).any(|window| window == b"CLOAKWRK"), "nothing is in the clear");
    let length = bytes.len();
    for position in [0, 20, 30, 60, 120, length - 40, length - 1] {
        let mut flipped = bytes.clone();
        flipped[position] ^= 1;
        assert!(SecretKeys::from_bytes_under(&keyset(), &flipped, Some(&right)).is_err(), "byte {position}");
        assert!(SecretKeys::from_bytes_under(&keyset(), &bytes[..position], Some(&right)).is_err());
    }
}
