//! `ir-opt`: what it runs, prints and refuses, and with which exit code.

use crate::fixture::{C, IR_OPT, PROGRAM, Place, X, error, fail, start, start_with, succeed};

fn call() -> String {
    format!("main({X}, {C})")
}

#[test]
fn functions_run_at_every_level() {
    let place = Place::new();
    let text = place.write("net.mlir", PROGRAM);
    let pipelines = ["prepare", "fhe", "parameters", "native"];
    let call = call();
    for count in 0..=pipelines.len() {
        let chosen = pipelines[..count].iter().flat_map(|name| ["--pipeline", name]);
        let arguments: Vec<&str> = [text.as_str(), "--run", &call].into_iter().chain(chosen).collect();
        assert_eq!(succeed(IR_OPT, &arguments), "[5, 0]\n12\n", "{arguments:?}");
    }
    // And after every single pass on the way.
    let passes = succeed(IR_OPT, &["--pipeline", "all", "--dry-run"]);
    for count in 0..=passes.lines().count() {
        let arguments = [&text, "--pipeline", "all", "--stop-after", &count.to_string(), "--run", &call];
        assert_eq!(succeed(IR_OPT, &arguments), "[5, 0]\n12\n", "after {count} passes of\n{passes}");
    }
}

#[test]
fn text_after_any_pass_goes_on() {
    let all = start_with(IR_OPT, &["--pipeline", "all"], PROGRAM).stdout;
    let passes = succeed(IR_OPT, &["--pipeline", "all", "--dry-run"]);
    let mut text = PROGRAM.to_owned();
    for pass in passes.lines() {
        let output = start_with(IR_OPT, &["--pass-pipeline", pass, "-"], &text);
        assert!(output.status.success(), "{pass}: {}", error(&output));
        text = String::from_utf8(output.stdout).unwrap();
    }
    assert_eq!(text, String::from_utf8(all).unwrap());
}

#[test]
fn passes_are_listed_with_their_options() {
    let list = succeed(IR_OPT, &["--list-passes"]);
    for part in ["fhe-infer-bit-widths  [fhe]", "convert-tfhe-to-loops  [tfhe]", "    security=128  "] {
        assert!(list.contains(part), "{list}");
    }
}

#[test]
fn intermediate_modules_are_printed_where_asked() {
    let place = Place::new();
    let text = place.write("net.mlir", PROGRAM);
    let pipeline = ["--pass-pipeline", "builtin.module(cse,fhe-infer-ranges,cse)"];
    let headings = |extra: &[&str]| -> Vec<String> {
        let output = start(IR_OPT, &[&[text.as_str()][..], &pipeline, extra].concat());
        assert!(output.status.success(), "{}", error(&output));
        error(&output).lines().filter(|line| line.starts_with("// IR")).map(str::to_owned).collect()
    };
    assert_eq!(
        headings(&["--print-ir-after", "cse"]),
        ["// IR after pass 1: cse", "// IR after pass 3: cse"]
    );
    assert_eq!(
        headings(&["--print-ir-before", "fhe-infer-ranges"]),
        ["// IR before pass 2: fhe-infer-ranges"]
    );
    assert_eq!(headings(&["--print-ir-after", "all"]).len(), 3);
    assert_eq!(headings(&["--print-ir-on-change"]), ["// IR after pass 2: fhe-infer-ranges"]);
    assert_eq!(headings(&["--print-ir-after", "all", "--stop-after", "1"]).len(), 1);
    let message = fail(IR_OPT, &[&text, "--print-ir-after", "no-such-pass"], 2);
    assert!(message.contains("`no-such-pass` is neither a pass"), "{message}");
}

#[test]
fn times_and_places_are_printed_where_asked() {
    let output = start_with(IR_OPT, &["--pass-pipeline", "canonicalize", "--timing", "--debuginfo"], PROGRAM);
    let times = error(&output);
    assert!(
        times.contains(" ms ") && times.contains("  canonicalize\n") && times.contains("  all\n"),
        "{times}"
    );
    assert!(String::from_utf8(output.stdout).unwrap().contains("loc("));
}

#[test]
fn output_files_appear_only_on_success() {
    let place = Place::new();
    let (good, bad) = (place.write("good.mlir", PROGRAM), place.write("bad.mlir", "func.func @main("));
    let output = place.at("out.mlir");
    assert_eq!(succeed(IR_OPT, &[&good, "--pipeline", "prepare", "-o", &output]), "");
    assert_eq!(place.names(), ["bad.mlir", "good.mlir", "out.mlir"]);
    std::fs::remove_file(&output).unwrap();
    fail(IR_OPT, &[&bad, "-o", &output], 1);
    assert_eq!(place.names(), ["bad.mlir", "good.mlir"]);
}

#[test]
fn errors_carry_places_and_exit_codes() {
    let place = Place::new();
    let file = |name: &str, body: &str| {
        place.write(name, format!("func.func @main(%x: !fhe.eint<3>) -> !fhe.eint<3> {{\n{body}\n}}"))
    };
    let good = file("good.mlir", "  return %x : !fhe.eint<3>");
    let syntax = file("syntax.mlir", "  %0 = fhe.add %x : what");
    let verify =
        file("verify.mlir", "  %0 = fhe.neg %x : (!fhe.eint<3>) -> !fhe.eint<4>\n  return %x : !fhe.eint<3>");
    let message = fail(IR_OPT, &[&syntax], 1);
    assert!(message.starts_with(&format!("{syntax}:2:")) && message.contains(": error: "), "{message}");
    let message = fail(IR_OPT, &[&verify], 1);
    assert!(message.starts_with(&format!("{verify}:2:8: error: 'fhe.neg' op ")), "{message}");
    let message = fail(IR_OPT, &[&good, "--pass-pipeline", "no-such-pass"], 1);
    assert!(message.contains("no-such-pass"), "{message}");
    for (run, part) in [
        ("main(9)", "which holds 0 to 7"),
        ("main([1])", "has shape []"),
        ("main()", "takes 1 argument"),
        ("other(1)", "there is no function `other`"),
    ] {
        let message = fail(IR_OPT, &[&good, "--run", run], 3);
        assert!(message.contains(part), "{run}: {message}");
    }
    for arguments in [
        &[good.as_str(), "--run", "main(1"][..],
        &[&good, "--pass-pipeline", "a{b"],
        &[&good, "--pipeline", "fhe", "--pass-pipeline", "cse"],
        &[&good, "--no-such-flag"],
    ] {
        fail(IR_OPT, arguments, 2);
    }
}

#[test]
fn failing_passes_name_the_place_in_the_text() {
    let source = "func.func @main(%x: !fhe.eint<20>) -> !fhe.eint<?> {\n  %0 = fhe.map %x : (!fhe.eint<20>) -> !fhe.eint<?> {\n  ^bb0(%v: i64):\n    %w = arith.divsi %v, %v : i64\n    fhe.yield %w : i64\n  }\n  return %0 : !fhe.eint<?>\n}\n";
    let output = start_with(IR_OPT, &["--pipeline", "all"], source);
    assert_eq!(output.status.code(), Some(1));
    assert!(error(&output).starts_with("<stdin>:2:8: error: "), "{}", error(&output));
    assert!(output.stdout.is_empty());
}
