//! Artifacts for several processors, signed, and compiled on loading.

use crate::fixture::{C, CLOAKWORK, Place, RESULTS, X, compiled, fail, succeed};
use std::fs;

/// Of `openssl genpkey -algorithm ed25519` and `openssl pkey -pubout`: keys of nobody.
const KEY: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f
-----END PRIVATE KEY-----
";
const PUBLIC: &str = "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAA6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=
-----END PUBLIC KEY-----
";
/// Of another key.
const STRANGER: &str = "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=
-----END PUBLIC KEY-----
";

#[test]
fn code_for_several_processors_signed_and_labelled() {
    let (compiled, place) = (compiled(), Place::new());
    let text = compiled.place.at("net.mlir");
    let (key, public, stranger) =
        (place.write("key", KEY), place.write("public", PUBLIC), place.write("stranger", STRANGER));
    let compile = |name: &str| {
        let program = place.at(name);
        let cpus = "x86-64,x86-64-v3,x86-64-v4,aarch64,x86-64";
        let wishes = ["--with-ir", "--sign", &key, "--label", "release=2026=11"];
        succeed(CLOAKWORK, &[&["compile", &text, "-o", &program, "--cpu", cpus][..], &wishes].concat());
        program
    };
    let (program, again) = (compile("first"), compile("second"));
    assert_eq!(fs::read(&program).unwrap(), fs::read(&again).unwrap());
    let inspected = succeed(CLOAKWORK, &["inspect", &program]);
    for part in [
        "machine code  x86_64, `x86-64`: ",
        "machine code  x86_64, `x86-64-v3`",
        "machine code  x86_64, `x86-64-v4`",
        "machine code  aarch64, `aarch64`, not for this processor: ",
        "portable program: ",
        "label  release: 2026=11\n",
        "signed by  03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8\n",
    ] {
        assert!(inspected.contains(part), "{part}: {inspected}");
    }
    assert_eq!(inspected.matches("machine code").count(), 4, "one for each processor: {inspected}");

    let simulate = ["simulate", "--program", &program, "--value", X, "--value", C];
    assert_eq!(
        succeed(CLOAKWORK, &[&simulate[..], &["--trust", &stranger, "--trust", &public]].concat()),
        RESULTS
    );
    let message = fail(CLOAKWORK, &[&simulate[..], &["--trust", &stranger]].concat(), 1);
    assert!(message.contains("it is signed by 03a107bf") && message.contains("trusted is only"), "{message}");
    let unsigned =
        ["simulate", "--program", &compiled.program, "--value", X, "--value", C, "--trust", &public];
    let message = fail(CLOAKWORK, &unsigned, 1);
    assert!(message.contains("it is not signed") && message.contains("--sign"), "{message}");
    let message = fail(CLOAKWORK, &[&simulate[..], &["--trust", &key]].concat(), 1);
    assert!(
        message.contains("no Ed25519 public key in PEM") && message.contains("openssl pkey"),
        "{message}"
    );
    let message = fail(CLOAKWORK, &["compile", &text, "-o", &again, "--sign", &public], 1);
    assert!(message.contains("no Ed25519 private key in PEM"), "{message}");
}

#[test]
fn a_portable_program_is_compiled_on_loading() {
    let (compiled, place) = (compiled(), Place::new());
    let text = compiled.place.at("net.mlir");
    let (portable, foreign) = (place.at("portable"), place.at("foreign"));
    // The parameters of a program follow from the costs on its first processor: these are those of the keys that there are.
    let wishes = ["--cpu", "aarch64", "--keys-of", &compiled.program];
    succeed(CLOAKWORK, &[&["compile", &text, "-o", &foreign][..], &wishes].concat());
    succeed(CLOAKWORK, &[&["compile", &text, "-o", &portable, "--with-ir"][..], &wishes].concat());
    let output = place.at("out.ct");
    let run = |program: &str| {
        let (keys, input) = (compiled.evaluation.clone(), compiled.input.clone());
        ["run", "--program", program, "--keys", &keys, "--input", &input, "-o", &output].map(str::to_owned)
    };
    let arguments = run(&portable);
    succeed(CLOAKWORK, &arguments.iter().map(String::as_str).collect::<Vec<_>>());
    let decrypt = ["decrypt", "--program", &foreign, "--secret", &compiled.secret, "--input", &output];
    assert_eq!(succeed(CLOAKWORK, &decrypt), RESULTS);
    let arguments = run(&foreign);
    let message = fail(CLOAKWORK, &arguments.iter().map(String::as_str).collect::<Vec<_>>(), 1);
    for part in ["code for `aarch64` needs a processor of kind aarch64", "--cpu", "--with-ir"] {
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn wishes_that_only_artifacts_fulfil() {
    let text = compiled().place.at("net.mlir");
    let place = Place::new();
    let out = place.at("out");
    for (options, part) in [
        (&["--emit", "exe", "--with-ir"][..], "are for artifacts"),
        (&["--emit", "spec", "--label", "a=b"], "are for artifacts"),
        (&["--emit", "asm", "--cpu", "x86-64,x86-64-v3"], "names 2 processors"),
        (&["--label", "a"], "write it like `release=2026-11`"),
    ] {
        let message = fail(CLOAKWORK, &[&["compile", &text, "-o", &out], options].concat(), 2);
        assert!(message.contains(part), "{options:?}: {message}");
    }
    let llvm = place.at("net.llvm.mlir");
    succeed(CLOAKWORK, &["compile", &text, "-o", &llvm, "--emit", "llvm"]);
    let message = fail(CLOAKWORK, &["compile", &llvm, "-o", &out, "--with-ir"], 1);
    assert!(message.contains("the `llvm` dialect is not portable"), "{message}");
    assert_eq!(place.names(), ["net.llvm.mlir"]);
}
