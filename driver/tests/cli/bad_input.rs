//! Every bad input gets one clear message, exit code 1 and no file under the final name.

use crate::fixture::{
    C, CLOAKWORK, Compiled, PROGRAM, Place, X, compiled, fail, runtime_archive, start, succeed,
};
use ndarray_npy::write_npy;
use std::fs;
use std::os::unix::fs::FileTypeExt;
use std::process::Command;

/// The message of a command that writes to `output` and must be refused.
#[track_caller]
fn refused(arguments: &[&str], output: &str) -> String {
    let message = fail(CLOAKWORK, arguments, 1);
    assert!(!fs::exists(output).unwrap(), "{arguments:?} left `{output}`");
    assert_eq!(message.matches("error: ").count(), 1, "{message}");
    assert!(!message.contains("panicked") && !message.contains("internal"), "{message}");
    message
}

#[track_caller]
fn require(message: &str, parts: &[&str]) {
    for part in parts {
        assert!(message.contains(part), "`{part}` is not in: {message}");
    }
}

/// Compiles a text that must be refused.
#[track_caller]
fn refused_text(text: &str, parts: &[&str]) {
    let place = Place::new();
    let (input, output) = (place.write("net.mlir", text), place.at("net"));
    require(&refused(&["compile", &input, "-o", &output], &output), parts);
    assert_eq!(place.names(), ["net.mlir"]);
}

fn function(ty: &str, body: &str) -> String {
    format!("func.func @main(%x: {ty}) -> {ty} {{\n{body}\n  return %x : {ty}\n}}\n")
}

#[test]
fn text_that_does_not_parse_or_verify() {
    refused_text("func.func @main(", &["net.mlir:1:"]);
    refused_text("nonsense", &["net.mlir:1:1: error: "]);
    let deep = format!("module attributes {{a = {}{}}} {{}}", "[".repeat(100_000), "]".repeat(100_000));
    refused_text(&deep, &["net.mlir:1:", "nested more than"]);
    refused_text("", &["the module has no function to compile"]);
    refused_text(
        &function("!fhe.eint<3>", "  %0 = fhe.add %x, %y : (!fhe.eint<3>, !fhe.eint<3>) -> !fhe.eint<3>"),
        &["net.mlir:2:", "undeclared SSA value"],
    );
    refused_text(
        &function(
            "tensor<2x!fhe.eint<3>>",
            "  %0 = fhe.neg %x : (tensor<2x!fhe.eint<3>>) -> tensor<3x!fhe.eint<3>>",
        ),
        &["net.mlir:2:8: error: 'fhe.neg' op ", "shape [3]"],
    );
    refused_text(&function("!fhe.eint<3>", "  %0 = foo.bar %x : !fhe.eint<3>"), &["net.mlir:2:"]);
}

#[test]
fn widths_over_the_limit() {
    refused_text(&function("!fhe.eint<63>", ""), &["net.mlir:1:30", "width must be 1 to 62", "63"]);
    let wide = "func.func @main(%x: !fhe.eint<20>) -> !fhe.eint<?> {
  %0 = fhe.map %x : (!fhe.eint<20>) -> !fhe.eint<?> {
  ^bb0(%v: i64):
    %three = arith.constant 3 : i64
    %m = arith.divsi %v, %three : i64
    fhe.yield %m : i64
  }
  return %0 : !fhe.eint<?>
}";
    refused_text(wide, &["net.mlir:2:8: error: ", "20", "16"]);
}

#[test]
fn programs_that_no_parameters_can_run() {
    let place = Place::new();
    let (input, output) = (place.write("net.mlir", PROGRAM), place.at("net"));
    for p_error in ["0", "1", "2", "nan", "-1"] {
        let message = refused(&["compile", &input, "-o", &output, &format!("--p-error={p_error}")], &output);
        require(&message, &["`p_error`", "allowed is from 2^-200 to below 0.5"]);
    }
    let message = refused(&["compile", &input, "-o", &output, "--p-error=1e-300"], &output);
    require(&message, &["error: "]);
    let message = refused(&["compile", &input, "-o", &output, "--cpu", "z80"], &output);
    require(&message, &["`z80` is no processor that LLVM knows"]);
}

fn encrypt<'a>(compiled: &'a Compiled, output: &'a str, values: &[&'a str]) -> Vec<&'a str> {
    let command = ["encrypt", "--program", &compiled.program, "--secret", &compiled.secret, "-o", output];
    [&command[..], values].concat()
}

#[test]
fn arguments_that_do_not_fit() {
    let (compiled, place) = (compiled(), Place::new());
    let output = place.at("in.ct");
    for (values, parts) in [
        (
            &["--value", "[[3, 1, 0], [0, 1, 4]]", "--value", C][..],
            &["`x` is 4 at index [1, 2]", "takes 0 to 3"][..],
        ),
        (&["--value", X, "--value", "5"], &["`c` is 5", "takes 0 to 4"]),
        (&["--value", "[3, 1, 0]", "--value", C], &["`x` has shape [3]", "[2, 3]"]),
        (&["--value", X], &["2 arguments", "found 1"]),
        (&["--value", "[[1], [2, 3]]", "--value", C], &["another length"]),
        (&["--value", X, "--value", "1.5"], &["only integers"]),
        (&["--value", X, "--value", "four"], &["`four` is not a value"]),
    ] {
        require(&refused(&encrypt(compiled, &output, values), &output), parts);
    }
    let (reals, text) = (place.at("reals.npy"), place.write("text.npy", "no array"));
    write_npy(&reals, &ndarray::array![1.0, 2.0]).unwrap();
    require(
        &refused(&encrypt(compiled, &output, &["--input", &reals]), &output),
        &["reals.npy", "not integers"],
    );
    require(
        &refused(&encrypt(compiled, &output, &["--input", &text]), &output),
        &["text.npy", "NumPy file of integers"],
    );
    fail(CLOAKWORK, &encrypt(compiled, &output, &[]), 2);
    fail(CLOAKWORK, &encrypt(compiled, &output, &["--value", X, "--input", &reals]), 2);
}

/// The bytes of a file, cut short, with a bit changed, and with others behind.
fn damaged(path: &str) -> Vec<(&'static str, Vec<u8>)> {
    let bytes = fs::read(path).unwrap();
    let mut changed = bytes.clone();
    let middle = changed.len() / 2;
    changed[middle] ^= 4;
    let cut = bytes[..bytes.len() / 2].to_vec();
    vec![
        ("cut short", cut),
        ("damaged", changed),
        ("", vec![]),
        ("goes on", [&bytes[..], b"more"].concat()),
        ("is no file of Cloakwork", b"something else altogether".to_vec()),
    ]
}

#[test]
fn damaged_keys_and_values() {
    let (compiled, place) = (compiled(), Place::new());
    let output = place.at("result");
    let Compiled { program, secret, evaluation, .. } = compiled;
    for (file, flag) in [(evaluation, "--keys"), (&compiled.input, "--input")] {
        for (part, bytes) in damaged(file) {
            let bad = place.write("bad", bytes);
            let pick = |own: &str, good: &str| if own == flag { bad.clone() } else { good.to_owned() };
            let (keys, input) = (pick("--keys", evaluation), pick("--input", &compiled.input));
            let run = ["run", "--program", program, "--keys", &keys, "--input", &input, "-o", &output];
            require(&refused(&run, &output), &[&bad, part]);
        }
    }
    for (file, flag) in [(secret, "--secret"), (&compiled.output, "--input")] {
        for (part, bytes) in damaged(file) {
            let bad = place.write("bad", bytes);
            let pick = |own: &str, good: &str| if own == flag { bad.clone() } else { good.to_owned() };
            let (secret, input) = (pick("--secret", secret), pick("--input", &compiled.output));
            let decrypt = [
                "decrypt",
                "--program",
                program,
                "--secret",
                &secret,
                "--input",
                &input,
                "-o",
                &output,
                "-o",
                &output,
            ];
            require(&refused(&decrypt, &output), &[&bad, part]);
        }
    }
}

#[test]
fn foreign_keys_and_values() {
    let (compiled, place) = (compiled(), Place::new());
    let text = place.write("other.mlir", function("!fhe.eint<5>", ""));
    let (other, output) = (place.at("other"), place.at("result"));
    succeed(CLOAKWORK, &["compile", &text, "-o", &other]);
    let Compiled { program, secret, evaluation, input, .. } = compiled;
    let run = ["run", "--program", &other, "--keys", evaluation, "--input", input, "-o", &output];
    require(&refused(&run, &output), &["belongs to key set"]);
    let encrypt = ["encrypt", "--program", &other, "--secret", secret, "--value", "1", "-o", &output];
    require(&refused(&encrypt, &output), &["belongs to key set"]);
    // Keys of another client for the same program.
    let keys = place.at("keys");
    succeed(CLOAKWORK, &["keygen", program, "-o", &keys]);
    let (other_secret, other_evaluation) = (format!("{keys}/secret.key"), format!("{keys}/evaluation.key"));
    let run = ["run", "--program", program, "--keys", &other_evaluation, "--input", input, "-o", &output];
    require(&refused(&run, &output), &["argument `x` is encrypted under keys", "belong to keys"]);
    let decrypt = ["decrypt", "--program", program, "--secret", &other_secret, "--input", &compiled.output];
    require(
        &fail(CLOAKWORK, &decrypt, 1),
        &["result `y` is encrypted under keys", "the secret keys given are"],
    );
    // Files of another kind.
    let run = ["run", "--program", program, "--keys", secret, "--input", input, "-o", &output];
    require(&refused(&run, &output), &["the file holds"]);
    let decrypt = ["decrypt", "--program", program, "--secret", secret, "--input", input];
    require(&fail(CLOAKWORK, &decrypt, 1), &["the program takes"]);
    let message = fail(
        CLOAKWORK,
        &["decrypt", "--program", program, "--secret", secret, "--input", input, "-o", &output],
        2,
    );
    require(&message, &["2 results", "found 1"]);
}

#[test]
fn damaged_programs_and_specs() {
    let (compiled, place) = (compiled(), Place::new());
    let output = place.at("result");
    let bytes = fs::read(&compiled.program).unwrap();
    let spec = succeed(CLOAKWORK, &["inspect", &compiled.program, "--json"]);
    let changed = |from: &str, to: &str| {
        assert!(spec.contains(from), "{spec}");
        spec.replacen(from, to, 1).into_bytes()
    };
    let own_command = fs::read("/bin/sh").unwrap();
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("", bytes[..bytes.len() / 2].to_vec()),
        ("cut short", bytes[..40].to_vec()),
        ("an executable", own_command),
        ("neither a compiled program nor a spec", b"text".to_vec()),
        ("version 7", changed("\"version\": 2", "\"version\": 7")),
        ("inconsistent", changed("\"key\": 0", "\"key\": 9")),
        ("cannot be read", spec.as_bytes()[..spec.len() / 2].to_vec()),
    ];
    for (part, bytes) in cases {
        let bad = place.write("bad", bytes);
        let keys = place.at("k");
        let keygen = ["keygen", &bad, "--secret", &keys, "--evaluation", &output];
        require(&refused(&keygen, &output), &[&bad, part]);
        assert!(!fs::exists(&keys).unwrap());
        let run = [
            "run",
            "--program",
            &bad,
            "--keys",
            &compiled.evaluation,
            "--input",
            &compiled.input,
            "-o",
            &output,
        ];
        require(&refused(&run, &output), &[&bad]);
        require(&fail(CLOAKWORK, &["inspect", &bad], 1), &[&bad]);
    }
}

#[test]
fn nothing_but_regular_files_is_replaced() {
    let (compiled, place) = (compiled(), Place::new());
    let (pipe, text) = (place.at("pipe"), compiled.place.at("net.mlir"));
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let message = fail(CLOAKWORK, &["compile", &text, "-o", &pipe], 1);
    require(&message, &[&pipe, "never replaced by machine code", "name a regular file"]);
    let free = place.at("free");
    for (secret, evaluation) in [(&pipe, &free), (&free, &pipe)] {
        let keygen = ["keygen", &compiled.program, "--secret", secret, "--evaluation", evaluation, "--force"];
        require(&refused(&keygen, &free), &[&pipe, "never replaced by keys"]);
    }
    let encrypt =
        ["encrypt", "--program", &compiled.program, "--secret", &compiled.secret, "--value", X, "--value", C];
    let folder = place.at("");
    require(&fail(CLOAKWORK, &[&encrypt[..], &["-o", &folder]].concat(), 1), &["it is a folder"]);
    // What is no key goes through a pipe as through a file.
    let through_pipe = |arguments: &[&str]| {
        let end = pipe.clone();
        let reader = std::thread::spawn(move || fs::read(end).unwrap());
        succeed(CLOAKWORK, &[arguments, &["-o", &pipe]].concat());
        reader.join().unwrap()
    };
    let spec = String::from_utf8(through_pipe(&["compile", &text, "--emit", "spec"])).unwrap();
    assert_eq!(spec, succeed(CLOAKWORK, &["inspect", &compiled.program, "--json"]));
    let (program, keys, input) = (&compiled.program, &compiled.evaluation, &compiled.input);
    let results = through_pipe(&["run", "--program", program, "--keys", keys, "--input", input]);
    assert!(results == fs::read(&compiled.output).unwrap(), "the same keys and arguments, the same results");
    assert_eq!(place.names(), ["pipe"]);
    assert!(fs::metadata(&pipe).unwrap().file_type().is_fifo());
}

#[test]
fn executables_are_not_loaded() {
    let (compiled, place) = (compiled(), Place::new());
    let (program, output) = (place.at("net.exe"), place.at("out.ct"));
    let text = compiled.place.at("net.mlir");
    let archive = runtime_archive();
    succeed(CLOAKWORK, &["compile", &text, "-o", &program, "--emit", "exe", "--runtime", &archive]);
    let run = ["run", "--program", &program, "--keys", &compiled.evaluation, "--input", &compiled.input];
    let parts = ["net.exe` is an executable", "run it directly", "without `--emit`"];
    require(&refused(&[&run[..], &["-o", &output]].concat(), &output), &parts);
    require(&fail(CLOAKWORK, &["simulate", "--program", &program, "--value", X, "--value", C], 1), &parts);
    assert!(succeed(CLOAKWORK, &["inspect", &program]).contains("program  main"));
}

#[test]
fn files_that_are_not_there() {
    let (compiled, place) = (compiled(), Place::new());
    let (missing, output) = (place.at("missing"), place.at("result"));
    require(&refused(&["compile", &missing, "-o", &output], &output), &["cannot read", &missing]);
    require(
        &refused(&["keygen", &missing, "--secret", &output, "--evaluation", &output], &output),
        &[&missing],
    );
    let run = [
        "run",
        "--program",
        &compiled.program,
        "--keys",
        &missing,
        "--input",
        &compiled.input,
        "-o",
        &output,
    ];
    require(&refused(&run, &output), &[&missing]);
    let nowhere = place.at("no/such/folder/out");
    let compile = ["compile", &compiled.place.at("net.mlir"), "-o", &nowhere];
    require(&refused(&compile, &nowhere), &["no/such/folder"]);
    let exe =
        ["compile", &compiled.place.at("net.mlir"), "-o", &output, "--emit", "exe", "--runtime", &missing];
    require(&refused(&exe, &output), &[&missing, "cargo build --release -p cloakwork -p cloakwork-runtime"]);
}

#[test]
fn command_lines_that_are_not_understood() {
    for arguments in
        [&[][..], &["what"], &["compile"], &["compile", "net.mlir"], &["run"], &["keygen", "net"]]
    {
        let output = start(CLOAKWORK, arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    }
}
