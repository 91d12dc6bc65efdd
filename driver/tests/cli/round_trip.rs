//! From text to decrypted results, with nothing but files between the steps.

use crate::fixture::{C, CLOAKWORK, Place, RESULTS, X, compiled, fail, runtime_archive, start, succeed};
use ndarray::{ArrayD, array};
use ndarray_npy::{read_npy, write_npy};
use std::fs;
use std::process::Command;

#[test]
fn artifact() {
    let compiled = compiled();
    let decrypt = [
        "decrypt",
        "--program",
        &compiled.program,
        "--secret",
        &compiled.secret,
        "--input",
        &compiled.output,
    ];
    assert_eq!(succeed(CLOAKWORK, &decrypt), RESULTS);
}

#[test]
fn numpy_files_of_any_integer_type() {
    let (compiled, place) = (compiled(), Place::new());
    let (x, c, input, output) = (place.at("x.npy"), place.at("c.npy"), place.at("in.ct"), place.at("out.ct"));
    write_npy(&x, &array![[3u8, 1, 0], [0, 1, 3]]).unwrap();
    write_npy(&c, &ndarray::arr0(4i16)).unwrap();
    let (program, secret) = (&compiled.program, &compiled.secret);
    succeed(
        CLOAKWORK,
        &["encrypt", "--program", program, "--secret", secret, "--input", &x, "--input", &c, "-o", &input],
    );
    let run = ["run", "--program", program, "--keys", &compiled.evaluation, "--input", &input, "-o", &output];
    succeed(CLOAKWORK, &[&run[..], &["--threads", "1"]].concat());
    let (y, sum) = (place.at("y.npy"), place.at("sum.npy"));
    let decrypt =
        ["decrypt", "--program", program, "--secret", secret, "--input", &output, "-o", &y, "-o", &sum];
    assert_eq!(succeed(CLOAKWORK, &decrypt), RESULTS);
    assert_eq!(read_npy::<_, ArrayD<i64>>(&y).unwrap(), array![5, 0].into_dyn());
    assert_eq!(read_npy::<_, ArrayD<i64>>(&sum).unwrap(), ndarray::arr0(12).into_dyn());
}

#[test]
fn a_profile_says_where_the_time_goes() {
    let (compiled, place) = (compiled(), Place::new());
    let (text, json, html) = (compiled.place.at("net.mlir"), place.at("p.json"), place.at("p.html"));
    let profile = ["profile", &text, "--value", X, "--value", C, "--threads", "1"];
    let shown = succeed(CLOAKWORK, &[&profile[..], &["--json", &json, "--html", &html]].concat());
    assert!(shown.contains("bootstrap") && shown.contains("net.mlir:"), "{shown}");
    let read: serde_json::Value = serde_json::from_str(&fs::read_to_string(&json).unwrap()).unwrap();
    assert!(read["operations"].as_array().is_some_and(|operations| !operations.is_empty()), "{read}");
    assert!(fs::read_to_string(&html).unwrap().contains("<svg"));
    // What cannot be written is refused first.
    let nowhere = place.at("none/p.json");
    let message = fail(CLOAKWORK, &[&profile[..], &["--json", &nowhere]].concat(), 1);
    assert!(message.contains("none/p.json"), "{message}");
}

#[test]
fn a_public_key_encrypts_for_the_owner_of_the_secret_keys() {
    let (compiled, place) = (compiled(), Place::new());
    let (text, program, keys) = (compiled.place.at("net.mlir"), place.at("net"), place.at("keys"));
    succeed(CLOAKWORK, &["compile", &text, "-o", &program, "--restrict", "public_key=on"]);
    succeed(CLOAKWORK, &["keygen", &program, "-o", &keys, "--public-key"]);
    let file = |name: &str| format!("{keys}/{name}");
    let (secret, evaluation, public) = (file("secret.key"), file("evaluation.key"), file("public.key"));
    assert!(succeed(CLOAKWORK, &["inspect", &public]).contains("public key"));
    let (input, output) = (place.at("in.ct"), place.at("out.ct"));
    let encrypt = ["encrypt", "--program", &program, "--public-key", &public, "--value", X, "--value", C];
    succeed(CLOAKWORK, &[&encrypt[..], &["-o", &input]].concat());
    succeed(
        CLOAKWORK,
        &["run", "--program", &program, "--keys", &evaluation, "--input", &input, "-o", &output],
    );
    let decrypt = ["decrypt", "--program", &program, "--input", &output];
    assert_eq!(succeed(CLOAKWORK, &[&decrypt[..], &["--secret", &secret]].concat()), RESULTS);
    let message = fail(CLOAKWORK, &[&decrypt[..], &["--secret", &public]].concat(), 1);
    assert!(message.contains("PublicKey"), "{message}");
    // Programs for secret keys alone have no room for the noise.
    let message =
        fail(CLOAKWORK, &["keygen", &compiled.program, "-o", &place.at("other"), "--public-key"], 1);
    assert!(message.contains("--restrict public_key=on"), "{message}");
    let simulate = ["simulate", "--program", &program, "--value", X, "--value", C];
    assert_eq!(succeed(CLOAKWORK, &simulate), RESULTS);
}

#[test]
fn executable_stands_alone() {
    let (compiled, place) = (compiled(), Place::new());
    let (program, output) = (place.at("net"), place.at("out.ct"));
    let text = compiled.place.at("net.mlir");
    let archive = runtime_archive();
    succeed(CLOAKWORK, &["compile", &text, "-o", &program, "--emit", "exe", "--runtime", &archive]);
    // Neither variables nor folders of this build help it.
    let run = Command::new(&program)
        .args(["--keys", &compiled.evaluation, "--input", &compiled.input, "--output", &output])
        .env_clear()
        .current_dir("/")
        .output()
        .unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let decrypt = ["decrypt", "--program", &program, "--secret", &compiled.secret, "--input", &output];
    assert_eq!(succeed(CLOAKWORK, &decrypt), RESULTS);
    let libraries = Command::new("ldd").arg(&program).output().unwrap();
    let libraries = String::from_utf8(libraries.stdout).unwrap();
    assert!(libraries.contains("libc.so"), "{libraries}");
    let allowed =
        ["linux-vdso", "ld-linux", "libc.so", "libm.so", "libgcc_s.so", "libpthread.so", "libdl.so"];
    for line in libraries.lines() {
        assert!(allowed.iter().any(|name| line.contains(name)), "{line}");
    }
}

#[test]
fn text_of_every_level_compiles_to_the_same_program() {
    let (compiled, place) = (compiled(), Place::new());
    let text = compiled.place.at("net.mlir");
    for level in ["fhe", "tfhe", "llvm"] {
        let (stage, program) = (place.at(&format!("net.{level}.mlir")), place.at(level));
        succeed(CLOAKWORK, &["compile", &text, "-o", &stage, "--emit", level]);
        succeed(CLOAKWORK, &["compile", &stage, "-o", &program]);
        assert_eq!(fs::read(&program).unwrap(), fs::read(&compiled.program).unwrap(), "{level}");
    }
    for (emit, part) in
        [("llvm-ir", "@cloakwork_entry_main"), ("asm", "cloakwork_entry_main"), ("spec", "\"keyset\"")]
    {
        let text = succeed(CLOAKWORK, &["compile", &text, "--emit", emit]);
        assert!(text.contains(part), "{emit}");
    }
}

#[test]
fn simulation_needs_no_keys() {
    let program = &compiled().program;
    let simulate = ["simulate", "--program", program, "--value", X, "--value", C];
    assert_eq!(succeed(CLOAKWORK, &simulate), RESULTS);
    assert_eq!(succeed(CLOAKWORK, &[&simulate[..], &["--exact"]].concat()), RESULTS);
}

#[test]
fn inspect_names_every_kind_of_file() {
    let compiled = compiled();
    let spec =
        compiled.place.write("spec.json", succeed(CLOAKWORK, &["inspect", &compiled.program, "--json"]));
    for (file, part) in [
        (&compiled.program, "security  128 bits"),
        (&spec, "input  x: 2×3×encrypted unsigned"),
        (&compiled.secret, "secret keys: not for others"),
        (&compiled.evaluation, "evaluation keys"),
        (&compiled.input, "value  c: clear 64-bit integer"),
        (&compiled.output, "value  sum: encrypted unsigned"),
    ] {
        let text = succeed(CLOAKWORK, &["inspect", file]);
        assert!(text.contains(part) && text.contains("key set  ") && text.ends_with('\n'), "{text}");
        assert!(succeed(CLOAKWORK, &["inspect", file, "--json"]).ends_with("}\n"), "{file}");
    }
    let keys_of = |file: &str| {
        let text = succeed(CLOAKWORK, &["inspect", file]);
        text.lines().find_map(|line| line.strip_prefix("keys  ")).map(str::to_owned)
    };
    assert_eq!(keys_of(&compiled.secret).unwrap().len(), 32);
    for file in [&compiled.evaluation, &compiled.input, &compiled.output] {
        assert_eq!(keys_of(file), keys_of(&compiled.secret));
    }
    assert_eq!(keys_of(&compiled.program), None);
}

#[test]
fn options_reach_the_parameters() {
    let text = compiled().place.at("net.mlir");
    let options = ["--emit", "spec", "--security", "132", "--p-error", "1e-9", "--cpu", "x86-64-v3"];
    let spec = succeed(CLOAKWORK, &[&["compile", &text][..], &options].concat());
    let spec: serde_json::Value = serde_json::from_str(&spec).unwrap();
    assert_eq!(spec["security"]["level"], "132");
    assert!(spec["error"]["p_error"].as_f64().unwrap() <= 1e-9);
    let report = start(CLOAKWORK, &["compile", &text, "--emit", "spec", "--report"]);
    let report = String::from_utf8(report.stderr).unwrap();
    assert!(report.contains("global_p_error") && report.contains("compile time"), "{report}");
}

#[test]
fn keys_are_not_replaced_by_accident() {
    use std::os::unix::fs::PermissionsExt;
    let (compiled, place) = (compiled(), Place::new());
    let (secret, evaluation) = (place.at("s"), place.at("e"));
    let keygen = ["keygen", &compiled.program, "--secret", &secret, "--evaluation", &evaluation];
    succeed(CLOAKWORK, &keygen);
    assert_eq!(fs::metadata(&secret).unwrap().permissions().mode() & 0o777, 0o600);
    let before = fs::read(&secret).unwrap();
    let message = crate::fixture::fail(CLOAKWORK, &keygen, 1);
    assert!(message.contains("is there already") && message.contains("--force"), "{message}");
    assert_eq!(fs::read(&secret).unwrap(), before);
    succeed(CLOAKWORK, &[&keygen[..], &["--force"]].concat());
    assert_ne!(fs::read(&secret).unwrap(), before);
}

#[test]
fn secret_keys_under_a_passphrase() {
    let (compiled, place) = (compiled(), Place::new());
    let (right, wrong) = (place.write("right", "correct horse\n"), place.write("wrong", "battery staple\n"));
    let (keys, input, output) = (place.at("keys"), place.at("in.ct"), place.at("out.ct"));
    let (secret, evaluation) = (format!("{keys}/secret.key"), format!("{keys}/evaluation.key"));
    succeed(CLOAKWORK, &["keygen", &compiled.program, "-o", &keys, "--passphrase-file", &right]);
    assert!(fs::read(&secret).unwrap().starts_with(b"age-encryption.org/v1\n-> scrypt "));
    let client = ["--program", &compiled.program, "--secret", &secret];
    let encrypt = [&["encrypt"], &client[..], &["--value", X, "--value", C, "-o", &input]].concat();
    succeed(CLOAKWORK, &[&encrypt[..], &["--passphrase-file", &right]].concat());
    let run =
        ["run", "--program", &compiled.program, "--keys", &evaluation, "--input", &input, "-o", &output];
    succeed(CLOAKWORK, &run);
    let decrypt = [&["decrypt"], &client[..], &["--input", &output]].concat();
    assert_eq!(succeed(CLOAKWORK, &[&decrypt[..], &["--passphrase-file", &right]].concat()), RESULTS);
    let message = crate::fixture::fail(CLOAKWORK, &decrypt, 1);
    assert!(
        message.contains("encrypted under a passphrase") && message.contains("--passphrase-file"),
        "{message}"
    );
    let message =
        crate::fixture::fail(CLOAKWORK, &[&decrypt[..], &["--passphrase-file", &wrong]].concat(), 1);
    assert!(message.contains("not the right one"), "{message}");
    assert_eq!(succeed(CLOAKWORK, &["inspect", &secret]), "secret keys under a passphrase: not for others\n");
    let empty = place.write("empty", "\n");
    let keygen = ["keygen", &compiled.program, "-o", &place.at("other"), "--passphrase-file", &empty];
    let message = crate::fixture::fail(CLOAKWORK, &keygen, 1);
    assert!(message.contains("the passphrase is empty"), "{message}");
}
