//! Programs with several key sets, and keys for several runs and programs.
//!
//! One is written by hand: conversions between GLWE keys, pairs of key coefficients, an extended accumulator, two
//! lookups in one bootstrap. Its keys are far too small to be secure, and quick.

use super::cases::Case;
use cloakwork::{Circuit, Options, compile_text};
use cloakwork_passes::pass::Level;
use cloakwork_tests::integers::Integers;
use libtest_mimic::Trial;
use ndarray::{ArrayD, array};
use std::error::Error;

const KEYS: &str = "tfhe.secret_key @big0 {glwe_dimension = 1 : i64, polynomial_size = 512 : i64, variance = 1.0e-30 : f64}
tfhe.secret_key @big1 {glwe_dimension = 2 : i64, polynomial_size = 256 : i64, variance = 1.0e-30 : f64}
tfhe.secret_key @small0 {lwe_dimension = 20 : i64, variance = 1.0e-17 : f64}
tfhe.secret_key @small1 {lwe_dimension = 24 : i64, variance = 1.0e-17 : f64}
tfhe.keyswitch_key @ksk00 from @big0 to @small0 {base_log = 4 : i64, level = 4 : i64, added_variance = 1.0e-9 : f64}
tfhe.keyswitch_key @ksk01 from @big0 to @small1 {base_log = 4 : i64, level = 4 : i64, added_variance = 1.0e-9 : f64}
tfhe.keyswitch_key @ksk11 from @big1 to @small1 {base_log = 4 : i64, level = 4 : i64, added_variance = 1.0e-9 : f64}
tfhe.keyswitch_key @to0 from @big1 to @big0 {base_log = 8 : i64, level = 3 : i64, variance = 1.0e-17 : f64, added_variance = 1.0e-12 : f64}
tfhe.bootstrap_key @bsk0 from @small0 to @big0 {base_log = 15 : i64, level = 2 : i64, modulus_switch_variance = 1.0e-6 : f64, output_variance = 1.0e-18 : f64}
tfhe.bootstrap_key @bsk1 from @small1 to @big1 {base_log = 15 : i64, level = 2 : i64, grouping = 2 : i64, extension = 2 : i64, modulus_switch_variance = 1.0e-6 : f64, output_variance = 1.0e-18 : f64}
";

/// Programs whose keys the optimizer chooses.
pub(crate) fn tests() -> Vec<Trial> {
    let test = |name: &str, run: fn() -> Result<(), Box<dyn Error>>| {
        Trial::test(format!("suite::key_sets::{name}"), move || Ok(run()?))
    };
    vec![
        test("two_precisions_have_two_key_sets", two_precisions),
        test("results_are_fed_back", fed_back),
        test("one_key_serves_two_programs", two_programs),
    ]
}

/// Many narrow lookups and a few wide ones, of which two share an operand, and sums over the border between them.
fn two_precisions() -> Result<(), Box<dyn Error>> {
    let narrow = Integers::of_tag("narrow").tensor(&[48], 0, 3);
    let wide = Integers::of_tag("wide").tensor(&[2], 0, 63);
    let next = |v: i64| (v + 1) % 4;
    let (mixed, spread, many) = (|v: i64| (v * 7 + 3) % 32, |v: i64| 31 - v / 2, |v: i64| v * 9);
    let entries = |count: i64, entry: &dyn Fn(i64) -> i64| {
        let entries: Vec<String> = (0..count).map(|v| entry(v).to_string()).collect();
        format!("tables = dense<[[{}]]> : tensor<1x{count}xi64>", entries.join(", "))
    };
    let text = format!(
        "func.func @main(%x: tensor<48x!fhe.eint<2>>, %y: tensor<2x!fhe.eint<6>>) -> (tensor<48x!fhe.eint<2>>, tensor<2x!fhe.eint<6>>, tensor<2x!fhe.eint<6>>) {{
  %0 = fhe.lookup %x {{{next}}} : (tensor<48x!fhe.eint<2>>) -> tensor<48x!fhe.eint<2>>
  %1 = fhe.lookup %0 {{{next}}} : (tensor<48x!fhe.eint<2>>) -> tensor<48x!fhe.eint<2>>
  %2 = fhe.lookup %y {{{mixed}}} : (tensor<2x!fhe.eint<6>>) -> tensor<2x!fhe.eint<6>>
  %3 = fhe.lookup %y {{{spread}}} : (tensor<2x!fhe.eint<6>>) -> tensor<2x!fhe.eint<6>>
  %4 = fhe.slice %x {{offsets = array<i64: 3>, strides = array<i64: 2>}} : (tensor<48x!fhe.eint<2>>) -> tensor<2x!fhe.eint<2>>
  %5 = fhe.lookup %4 {{{many}}} : (tensor<2x!fhe.eint<2>>) -> tensor<2x!fhe.eint<6>>
  %6 = fhe.add %2, %5 : (tensor<2x!fhe.eint<6>>, tensor<2x!fhe.eint<6>>) -> tensor<2x!fhe.eint<6>>
  return %1, %6, %3 : tensor<48x!fhe.eint<2>>, tensor<2x!fhe.eint<6>>, tensor<2x!fhe.eint<6>>
}}",
        next = entries(4, &next),
        mixed = entries(64, &mixed),
        spread = entries(64, &spread),
        many = entries(4, &many),
    );
    let circuit = compile_text(&text, "two_precisions", &Options::default())?;
    let keyset = &circuit.spec().keyset;
    if keyset.bootstrap_keys.len() < 2 {
        return Err(format!("one key set was chosen: {keyset:#?}").into());
    }
    let chosen = array![narrow[[3]], narrow[[5]]].into_dyn();
    let expected =
        vec![narrow.mapv(|v| next(next(v))), wide.mapv(mixed) + chosen.mapv(many), wide.mapv(spread)];
    let found = circuit.encrypt_run_decrypt(&circuit.keygen()?, vec![narrow, wide])?;
    same(&found, &expected)
}

/// The result of a run, never decrypted, is the argument of the next.
fn fed_back() -> Result<(), Box<dyn Error>> {
    let text = "module attributes {fhe.composition = [\"main:0 -> main:0\"]} {
func.func @main(%x: tensor<4x!fhe.eint<3>> {fhe.range = array<i64: 0, 3>}, %y: tensor<4x!fhe.eint<3>> {fhe.range = array<i64: 0, 3>}) -> tensor<4x!fhe.eint<3>> {
  %0 = fhe.add %x, %y : (tensor<4x!fhe.eint<3>>, tensor<4x!fhe.eint<3>>) -> tensor<4x!fhe.eint<3>>
  %1 = fhe.lookup %0 {tables = dense<[[1, 2, 3, 0, 1, 2, 3, 0]]> : tensor<1x8xi64>} : (tensor<4x!fhe.eint<3>>) -> tensor<4x!fhe.eint<3>>
  return %1 : tensor<4x!fhe.eint<3>>
}
}";
    let circuit = compile_text(text, "fed_back", &Options::default())?;
    let keys = circuit.keygen()?;
    let (mut clear, step) = (array![0i64, 1, 2, 3].into_dyn(), array![0i64, 1, 2, 3].into_dyn());
    let mut arguments = circuit.encrypt(&keys.secret, vec![clear.clone(), step.clone()])?;
    for _ in 0..4 {
        arguments[0] = circuit.run(&keys.evaluation, &arguments)?.swap_remove(0);
        clear = (clear + &step).mapv(|v| (v + 1) % 4);
    }
    same(&circuit.decrypt(&keys.secret, &arguments[..1])?, &[clear])
}

/// A second program, compiled for the keys of the first, runs with them on a result of the first.
fn two_programs() -> Result<(), Box<dyn Error>> {
    let program = |keys: &str, table: &str| -> Result<Circuit, Box<dyn Error>> {
        let text = format!(
            "{keys}func.func @main(%x: tensor<4x!fhe.eint<3>>) -> tensor<4x!fhe.eint<3>> {{
  %0 = fhe.lookup %x {{tables = dense<[{table}]> : tensor<1x8xi64>}} : (tensor<4x!fhe.eint<3>>) -> tensor<4x!fhe.eint<3>>
  return %0 : tensor<4x!fhe.eint<3>>
}}"
        );
        Ok(compile_text(&text, "program", &Options::default())?)
    };
    let first = program("", "[7, 6, 5, 4, 3, 2, 1, 0]")?;
    let key_ops = |line: &&str| line.trim().starts_with("tfhe.") && line.contains("_key @");
    let text = first.mlir(Level::Tfhe).ok_or("no text")?;
    let keys: String = text.lines().filter(key_ops).map(|line| format!("{line}\n")).collect();
    let second = program(&keys, "[1, 2, 3, 4, 5, 6, 7, 0]")?;
    if first.spec().keyset != second.spec().keyset {
        return Err(format!("{:#?}\nis not\n{:#?}", second.spec().keyset, first.spec().keyset).into());
    }
    let keys = first.keygen()?;
    let arguments = first.encrypt(&keys.secret, vec![array![0i64, 3, 5, 7].into_dyn()])?;
    let middle = first.run(&keys.evaluation, &arguments)?;
    let results = second.run(&keys.evaluation, &middle)?;
    same(&second.decrypt(&keys.secret, &results)?, &[array![0i64, 5, 3, 1].into_dyn()])
}

fn same(found: &[ArrayD<i64>], expected: &[ArrayD<i64>]) -> Result<(), Box<dyn Error>> {
    if found == expected { Ok(()) } else { Err(format!("expected {expected:?}, found {found:?}").into()) }
}

/// Elements of each argument.
const COUNT: usize = 5;

pub(crate) fn case() -> Case {
    let x = Integers::of_tag("two key sets, x").tensor(&[COUNT], 0, 15);
    let y = Integers::of_tag("two key sets, y").tensor(&[COUNT], -4, 0);
    let square = |v: i64| v * v % 4;
    let half = |v: i64| v / 2;
    let rest = |v: i64| (15 - v) / 4;
    let joined = x.mapv(square) + x.mapv(rest);
    let shifted = x.mapv(half) + &y;
    let magnitude = shifted.mapv(i64::abs);
    Case {
        name: "two_key_sets".to_owned(),
        mlir: text(square, half, rest),
        inputs: vec![x, y],
        expected: vec![joined, shifted, magnitude],
    }
}

fn text(square: impl Fn(i64) -> i64, half: impl Fn(i64) -> i64, rest: impl Fn(i64) -> i64) -> String {
    let [big0, big1, small0, small1] =
        ["big0", "big1", "small0", "small1"].map(|key| format!("tensor<{COUNT}x!tfhe.lwe<@{key}>>"));
    let pairs = format!("tensor<{COUNT}x2x!tfhe.lwe<@big1>>");
    let column = format!("tensor<{COUNT}x1x!tfhe.lwe<@big1>>");
    let (unsigned, signed) = ("{tfhe.encoding = array<i64: 4, 0>}", "{tfhe.encoding = array<i64: 4, 1>}");
    let magnitude = |v: i64| if v < 8 { v } else { 16 - v };
    let (square, half, rest, magnitude) = (table(square), table(half), table(rest), table(magnitude));
    format!(
        "module attributes {{tfhe.security = 128 : i64, tfhe.security_source = \"none: small test keys\"}} {{
{KEYS}func.func @main(%x: {big0} {unsigned}, %y: {big1} {signed}) -> ({big0} {unsigned}, {big1} {signed}, {big1} {unsigned}) attributes {{tfhe.p_error = 1.0e-9 : f64, tfhe.global_p_error = 1.0e-8 : f64}} {{
  %0 = tfhe.keyswitch @ksk01, %x : ({big0}) -> {small1}
  %1 = tfhe.bootstrap @bsk1, %0 {{outputs = 2 : i64, tables = dense<[{square}, {half}]> : tensor<2x16xi64>}} : ({small1}) -> {pairs}
  %2 = tfhe.slice %1 {{offsets = array<i64: 0, 0>, strides = array<i64: 1, 1>}} : ({pairs}) -> {column}
  %3 = tfhe.reshape %2 : ({column}) -> {big1}
  %4 = tfhe.slice %1 {{offsets = array<i64: 0, 1>, strides = array<i64: 1, 1>}} : ({pairs}) -> {column}
  %5 = tfhe.reshape %4 : ({column}) -> {big1}
  %6 = tfhe.keyswitch @ksk00, %x : ({big0}) -> {small0}
  %7 = tfhe.bootstrap @bsk0, %6 {{tables = dense<[{rest}]> : tensor<1x16xi64>}} : ({small0}) -> {big0}
  %8 = tfhe.keyswitch @to0, %3 : ({big1}) -> {big0}
  %9 = tfhe.add %8, %7 : ({big0}, {big0}) -> {big0}
  %10 = tfhe.add %5, %y : ({big1}, {big1}) -> {big1}
  %11 = tfhe.keyswitch @ksk11, %10 : ({big1}) -> {small1}
  %12 = tfhe.bootstrap @bsk1, %11 {{is_signed, tables = dense<[{magnitude}]> : tensor<1x16xi64>}} : ({small1}) -> {big1}
  return %9, %10, %12 : {big0}, {big1}, {big1}
}}
}}
"
    )
}

/// Words for results of four bits.
fn table(entry: impl Fn(i64) -> i64) -> String {
    let words: Vec<String> = (0..16).map(|v| (entry(v) << 59).to_string()).collect();
    format!("[{}]", words.join(", "))
}
