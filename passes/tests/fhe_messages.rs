//! Every message of the passes of the `fhe` level: the place, what was found, what is allowed, what to try.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use cloakwork_ir::context::{context, parse};
use cloakwork_passes::pipeline::{FHE, PREPARE, run};

fn message(pipelines: &[&str], source: &str) -> String {
    let context = context();
    let mut module = parse(&context, source, "test").unwrap();
    let failed = pipelines.iter().find_map(|pipeline| {
        let wrapped = format!("builtin.module({pipeline})");
        let pipeline = if pipeline.starts_with("builtin") { pipeline } else { wrapped.as_str() };
        run(&context, &mut module, pipeline).err()
    });
    failed.expect("one of the pipelines fails")[0].to_string()
}

fn program(arguments: &str, body: &str) -> String {
    format!("func.func @main({arguments}) -> !fhe.eint<?> {{\n{body}\nreturn %r : !fhe.eint<?>\n}}")
}

fn map(inputs: &str, types: &str, arguments: &str, body: &str) -> String {
    format!("%r = fhe.map {inputs} : ({types}) -> !fhe.eint<?> {{\n^bb0({arguments}):\n{body}\n}}")
}

const WIDE: &str = "%x: !fhe.eint<?> {fhe.range = array<i64: 0, 100000>}";
const MIDDLE: &str = "%x: !fhe.eint<?> {fhe.range = array<i64: 0, 999>}";
const ROOT: &str = "%f = arith.sitofp %v : i64 to f64\n%g = math.sqrt %f : f64\n%s = arith.fptosi %g : f64 to i64\nfhe.yield %s : i64";
const SMALL: &str = "%x: !fhe.eint<?> {fhe.range = array<i64: 0, 3>}";
const SAME: &str = "fhe.yield %v : i64";

fn check(pipelines: &[&str], source: &str, place: &str, parts: &[&str]) {
    let found = message(pipelines, source);
    assert!(found.starts_with(place), "{found}");
    for part in parts {
        assert!(found.contains(part), "`{part}` is not in: {found}");
    }
}

#[test]
fn arguments() {
    check(
        &[PREPARE],
        &program(
            "%x: !fhe.eint<?> {fhe.name = \"age\"}",
            "%r = fhe.add %x, %x : (!fhe.eint<?>, !fhe.eint<?>) -> !fhe.eint<?>",
        ),
        "test:1:1",
        &["argument `age`", "neither a width nor a range", "`!fhe.eint<4>`", "input set"],
    );
    check(
        &[PREPARE],
        &program(
            "%x: !fhe.efloat",
            &map("%x", "!fhe.efloat", "%v: f64", "%i = arith.fptosi %v : f64 to i64\nfhe.yield %i : i64"),
        ),
        "test:1:1",
        &["argument `in0` has the type `!fhe.efloat`", "quantize it"],
    );
    check(
        &[PREPARE],
        &program(
            &format!("{SMALL}, %c: i64"),
            "%r = fhe.mul_clear %x, %c : (!fhe.eint<?>, i64) -> !fhe.eint<?>",
        ),
        "test:2:6",
        &["the clear argument `in1` has no range", "fhe.range"],
    );
}

#[test]
fn maps() {
    check(
        &[PREPARE],
        &program(WIDE, &map("%x", "!fhe.eint<?>", "%v: i64", ROOT)),
        "test:2:6",
        &["0 to 100000, which needs 17 bits", "at most 16", "smaller"],
    );
    let both = map(
        "%x, %y",
        "!fhe.eint<?>, !fhe.eint<?>",
        "%v: i64, %w: i64",
        "%s = arith.muli %v, %w : i64\nfhe.yield %s : i64",
    );
    check(
        &[PREPARE],
        &program(&[MIDDLE, &MIDDLE.replace('x', "y")].join(", "), &both),
        "test:2:6",
        &["a function of 2 encrypted values", "1000 values from 0 to 999 and 1000", "at most 2^16 entries"],
    );
    let clear = map(
        "%x, %c",
        "!fhe.eint<?>, i64",
        "%v: i64, %w: i64",
        "%s = arith.muli %v, %w : i64\nfhe.yield %s : i64",
    );
    check(
        &[PREPARE],
        &program(&format!("{SMALL}, %c: i64 {{fhe.range = array<i64: 0, 1>}}"), &clear),
        "test:2:6",
        &["operand 1 of the map is a clear value", "make it a constant"],
    );
    let inverse = "%t = arith.constant 10 : i64\n%s = arith.divsi %t, %v : i64\nfhe.yield %s : i64";
    check(
        &[PREPARE],
        &program(SMALL, &map("%x", "!fhe.eint<?>", "%v: i64", inverse)),
        "test:2:6",
        &["cannot be tabulated for the inputs 0 to 3", "of 10 and 0 has no result"],
    );
    let real = "func.func @main(%x: !fhe.eint<2>) -> !fhe.efloat {\n%r = fhe.map %x : (!fhe.eint<2>) -> !fhe.efloat {\n^bb0(%v: i64):\n%f = arith.sitofp %v : i64 to f64\nfhe.yield %f : f64\n}\nreturn %r : !fhe.efloat\n}";
    check(&[PREPARE], real, "test:2:6", &["yields a real number", "rounding and a conversion"]);
    check(&["fhe-infer-bit-widths"], real, "test:2:6", &["a real number has no width", "fhe-fuse-maps"]);
    let declared = map("%x", "!fhe.eint<?>", "%v: i64", SAME)
        .replace("-> !fhe.eint<?>", "-> !fhe.eint<1>")
        .replace("%r", "%q");
    let declared = format!("{declared}\n{}", map("%x", "!fhe.eint<?>", "%v: i64", SAME));
    let keep = "func.func @main(%x: !fhe.eint<?> {fhe.range = array<i64: 0, 3>}) -> (!fhe.eint<1>, !fhe.eint<?>) {\n";
    check(
        &[PREPARE],
        &format!("{keep}{declared}\nreturn %q, %r : !fhe.eint<1>, !fhe.eint<?>\n}}"),
        "test:2:6",
        &["yields 0 to 3", "`!fhe.eint<1>` holds 0 to 1", "wider type"],
    );
    let outside = program(
        "%x: !fhe.eint<2> {fhe.range = array<i64: 0, 9>}",
        &map("%x", "!fhe.eint<2>", "%v: i64", SAME),
    );
    check(&[PREPARE], &outside, "test:2:6", &["takes the values 0 to 9", "`!fhe.eint<2>` holds 0 to 3"]);
    check(
        &["fhe-build-tables"],
        &program("%x: !fhe.eint<?>", &map("%x", "!fhe.eint<?>", "%v: i64", SAME)),
        "test:2:6",
        &["range of the map's input is not known", "fhe-infer-ranges"],
    );
    check(
        &["fhe-infer-ranges", "fhe-infer-bit-widths"],
        &program(SMALL, &map("%x", "!fhe.eint<?>", "%v: i64", SAME)),
        "test:2:6",
        &["needs a table", "fhe-build-tables"],
    );
}

fn table(length: usize) -> String {
    format!(
        "%r = fhe.lookup %x {{tables = dense<1> : tensor<1x{length}xi64>}} : (!fhe.eint<?>) -> !fhe.eint<?>"
    )
}

#[test]
fn lookups() {
    check(
        &[PREPARE],
        &program(SMALL, &table(2)),
        "test:2:6",
        &["2 entries", "values 0 to 3", "2^2 entries", "extend"],
    );
    let signed = "%x: !fhe.eint<?> {fhe.range = array<i64: -3, 3>}";
    check(
        &[PREPARE],
        &program(signed, &table(4)),
        "test:2:6",
        &["4 entries", "-3 to 3", "2^3 entries", "two's complement"],
    );
    check(
        &["fhe-infer-bit-widths"],
        &program(SMALL, &table(2)),
        "test:2:6",
        &["2 entries", "values 0 to 3", "2^2"],
    );
    check(
        &["fhe-build-tables"],
        &program("%x: !fhe.eint<?>", &table(2)),
        "test:2:6",
        &["not known", "fhe-infer-ranges"],
    );
    check(
        &[PREPARE, FHE],
        &program(WIDE, &table(1 << 17)),
        "test:2:6",
        &["a table of integers of 18 bits is too large", "at most 16"],
    );
}

#[test]
fn widths() {
    let sum = "%r = fhe.add %x, %x : (!fhe.eint<?>, !fhe.eint<?>) -> !fhe.eint<?>";
    check(
        &[PREPARE],
        &program(
            "%x: !fhe.eint<?> {fhe.range = array<i64: 0, 9000000000000000000>}",
            &format!("{}\n{}", sum.replace("%r", "%s"), sum.replace("%x, %x", "%s, %x")),
        ),
        "test:3:6",
        &["leaves 64 bits", "0 to 18000000000000000000 and 0 to 9000000000000000000", "smaller"],
    );
    let declared = "func.func @main(%x: !fhe.eint<4>) -> !fhe.eint<4> {\n%r = fhe.add %x, %x : (!fhe.eint<4>, !fhe.eint<4>) -> !fhe.eint<4>\nreturn %r : !fhe.eint<4>\n}";
    check(
        &[PREPARE, FHE],
        declared,
        "test:2:6",
        &["the result takes the values 0 to 30", "`!fhe.eint<4>` holds 0 to 15", "`?`"],
    );
    let argument = "func.func @main(%x: !fhe.eint<4> {fhe.range = array<i64: -1, 4>}) -> !fhe.eint<4> {\nreturn %x : !fhe.eint<4>\n}";
    check(
        &[PREPARE, FHE],
        argument,
        "test:1:1",
        &["argument `in0` takes the values -1 to 4", "holds 0 to 15"],
    );
    check(
        &["fhe-infer-bit-widths"],
        &program("%x: !fhe.eint<?>", sum),
        "test:1:1",
        &["`!fhe.eint<?>` has no range", "fhe-infer-ranges"],
    );
}

#[test]
fn what_cannot_be_computed() {
    let real = "func.func @main(%x: !fhe.efloat) -> !fhe.eint<?> {\n".to_owned()
        + &map("%x", "!fhe.efloat", "%v: f64", "%i = arith.fptosi %v : f64 to i64\nfhe.yield %i : i64")
        + "\nreturn %r : !fhe.eint<?>\n}";
    check(
        &["fhe-build-tables"],
        &real,
        "test:2:6",
        &["operand 0 of the map has the type `!fhe.efloat`", "quantize"],
    );
    let call = program(SMALL, "%r = func.call @main(%x) : (!fhe.eint<?>) -> !fhe.eint<?>");
    check(
        &[PREPARE],
        &call,
        "test:2:6",
        &["`func.call` cannot compute on encrypted values", "operations of `fhe`"],
    );
    let arguments = format!("{SMALL}, %c: i64 {{fhe.range = array<i64: 1, 2>}}");
    let divided =
        "%d = arith.divsi %c, %c : i64\n%r = fhe.mul_clear %x, %d : (!fhe.eint<?>, i64) -> !fhe.eint<?>";
    check(
        &["fhe-infer-ranges"],
        &program(&arguments, divided),
        "test:3:6",
        &["the range of operand 1 of type `i64` is not known", "addi, subi, muli and shli"],
    );
    let constants: Vec<String> = (0..1025).map(|i| i.to_string()).collect();
    let many = format!(
        "func.func @main(%x: tensor<1025x!fhe.eint<16>>) -> tensor<1025x!fhe.eint<?>> {{\n\
         %c = arith.constant dense<[{}]> : tensor<1025xi64>\n\
         %r = fhe.map %x, %c : (tensor<1025x!fhe.eint<16>>, tensor<1025xi64>) -> tensor<1025x!fhe.eint<?>> {{\n\
         ^bb0(%v: i64, %k: i64):\n%s = arith.addi %v, %k : i64\nfhe.yield %s : i64\n}}\n\
         return %r : tensor<1025x!fhe.eint<?>>\n}}",
        constants.join(", ")
    );
    check(
        &["fhe-infer-ranges"],
        &many,
        "test:3:6",
        &["more than 1024 tables of 65536 entries", "fewer distinct"],
    );
}
