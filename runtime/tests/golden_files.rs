//! Files of frame versions 3 and 4 and spec version 2 that an earlier build wrote: every later release reads them, or raises a version.
//! They are made once, with `BLESS=1`, and never again.

#![allow(clippy::unwrap_used)] // in helpers of tests too

mod common;

use cloakwork_abi::parameters::{
    Decomposition, GlweDimension, GlweShape, LweDimension, PolynomialSize, Variance, Width,
};
use cloakwork_abi::spec::{ProgramSpec, SecretKeyShape};
use cloakwork_runtime::client::{decrypt, encrypt_public, encrypt_with};
use cloakwork_runtime::formats::{Passphrase, read_values, write_values};
use cloakwork_runtime::keys::{EvaluationKeys, PublicKey, Randomness, SecretKeys, generate};
use cloakwork_runtime::server::{RunOptions, run};
use common::{array, looked_up, lookup_entry, program, spec};
use std::fs;
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/frame_3")
}

/// The smallest keys there are, for a lookup of two values of two bits.
fn small_spec() -> ProgramSpec {
    let mut spec = spec("small", &[2], (Width(2), false), (Width(2), false));
    let keyset = &mut spec.keyset;
    let shape = GlweShape { dimension: GlweDimension(1), polynomial_size: PolynomialSize(256) };
    keyset.secret_keys[0].shape = SecretKeyShape::Glwe(shape);
    keyset.secret_keys[1].shape = SecretKeyShape::Lwe(LweDimension(4));
    keyset.keyswitch_keys[0].decomposition = Decomposition { base_log: 5, level: 3 };
    keyset.bootstrap_keys[0].decomposition = Decomposition { base_log: 15, level: 2 };
    keyset.bootstrap_keys[0].modulus_switch_variance = Variance(1e-8);
    spec.public_key = true;
    ProgramSpec::from_json(&spec.to_json()).unwrap()
}

fn make(folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    let spec = small_spec();
    let file = |name: &str| folder.join(name);
    fs::write(file("spec.json"), spec.to_json()).unwrap();
    let (secret, evaluation) = generate(&spec.keyset, Randomness::InsecureSeed(3), &|_| ()).unwrap();
    secret.write(&file("secret.key")).unwrap();
    secret.write_under(&file("sealed.key"), &Passphrase::new("golden").unwrap()).unwrap();
    evaluation.write(&file("evaluation.key")).unwrap();
    let public = secret.public_key(Randomness::InsecureSeed(4));
    public.write(&file("public.key")).unwrap();
    let argument = [array(&[2], [1, 3])];
    let question = encrypt_with(&spec, &secret, &argument, Randomness::InsecureSeed(5)).unwrap();
    write_values(&spec.keyset, &spec.inputs, &question, &file("question.ct")).unwrap();
    let public = encrypt_public(&spec, &public, &argument, Randomness::InsecureSeed(6)).unwrap();
    write_values(&spec.keyset, &spec.inputs, &public, &file("public_question.ct")).unwrap();
    let program = program(spec, lookup_entry::<2, 2, 0>);
    let answer = run(&program, &evaluation, &question, RunOptions::default()).unwrap();
    let spec = program.spec();
    write_values(&spec.keyset, &spec.outputs, &answer, &file("answer.ct")).unwrap();
}

/// What came with frame version 4, for the keys of version 3.
fn make_list(path: &Path, spec: &ProgramSpec, public: &PublicKey) {
    let values = encrypt_public(spec, public, &[array(&[2], [1, 3])], Randomness::InsecureSeed(7)).unwrap();
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    write_values(&spec.keyset, &spec.inputs, &values, path).unwrap();
}

#[test]
fn files_of_earlier_builds_are_read_and_used() {
    let folder = folder();
    if !folder.exists() && std::env::var_os("BLESS").is_some() {
        make(&folder);
    }
    let file = |name: &str| folder.join(name);
    let spec = ProgramSpec::from_json(&fs::read_to_string(file("spec.json")).unwrap()).unwrap();
    let keyset = spec.keyset.clone();
    let secret = SecretKeys::read(&keyset, &file("secret.key")).unwrap();
    let passphrase = Passphrase::new("golden").unwrap();
    let sealed = SecretKeys::read_under(&keyset, &file("sealed.key"), Some(&passphrase)).unwrap();
    let evaluation = EvaluationKeys::read(&keyset, &file("evaluation.key")).unwrap();
    let public = PublicKey::read(&keyset, &file("public.key")).unwrap();
    assert!(
        [sealed.identity(), evaluation.identity(), public.identity()]
            .iter()
            .all(|id| *id == secret.identity())
    );
    let expected = [array(&[2], [1, 3].map(|message| looked_up(message, 2)))];
    let answer = read_values(&keyset, &spec.outputs, &file("answer.ct")).unwrap();
    assert_eq!(decrypt(&spec, &sealed, &answer).unwrap(), expected);
    let program = program(spec.clone(), lookup_entry::<2, 2, 0>);
    let list = folder.join("../frame_4/public_question.ct");
    if !list.exists() && std::env::var_os("BLESS").is_some() {
        make_list(&list, &spec, &public);
    }
    for question in [file("question.ct"), file("public_question.ct"), list] {
        let question = read_values(&keyset, &spec.inputs, &question).unwrap();
        let results = run(&program, &evaluation, &question, RunOptions::default()).unwrap();
        assert_eq!(decrypt(&spec, &secret, &results).unwrap(), expected);
    }
    // With a public key that is made now, too.
    let public = secret.public_key(Randomness::Secure);
    let question = encrypt_public(&spec, &public, &[array(&[2], [1, 3])], Randomness::Secure).unwrap();
    let results = run(&program, &evaluation, &question, RunOptions::default()).unwrap();
    assert_eq!(decrypt(&spec, &secret, &results).unwrap(), expected);
    let other = ProgramSpec { public_key: false, ..spec };
    let refused = encrypt_public(&other, &public, &[array(&[2], [1, 3])], Randomness::Secure).unwrap_err();
    assert!(refused.to_string().contains("--restrict public_key=on"), "{refused}");
}
