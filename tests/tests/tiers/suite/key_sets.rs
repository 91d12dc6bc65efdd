//! A program with two key sets, written by hand: conversions between GLWE keys, pairs of key coefficients, an extended
//! accumulator, two lookups in one bootstrap. The keys are far too small to be secure, and quick.

use super::cases::Case;
use cloakwork_tests::integers::Integers;
use ndarray::ArrayD;

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
        "module attributes {{tfhe.p_error = 1.0e-9 : f64, tfhe.global_p_error = 1.0e-8 : f64, tfhe.security = 128 : i64, tfhe.security_source = \"none: small test keys\"}} {{
{KEYS}func.func @main(%x: {big0} {unsigned}, %y: {big1} {signed}) -> ({big0} {unsigned}, {big1} {signed}, {big1} {unsigned}) {{
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
