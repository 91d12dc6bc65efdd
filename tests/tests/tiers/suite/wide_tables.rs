//! Lookups of as many bits as a table may have, at the ends of their range too.
//!
//! Written by hand with keys that are far too small to be secure: accumulators of up to 512 polynomials, as programs have
//! them, but few steps.

use super::cases::Case;
use cloakwork_abi::noise;
use cloakwork_abi::parameters::{
    Decomposition, GlweDimension, GlweShape, Grouping, LweDimension, PolynomialSize, Variance,
};
use cloakwork_tests::integers::Integers;
use ndarray::ArrayD;

/// Bits of the input, whether it is signed, and polynomials of an accumulator.
const TABLES: [(u32, bool, u64); 8] = [
    (15, false, 512),
    (16, false, 512),
    (11, true, 24),
    (12, true, 48),
    (13, true, 96),
    (14, true, 128),
    (15, true, 256),
    (16, true, 512),
];
/// Few coefficients, so that the switch to the steps of an accumulator adds little.
const SMALL: LweDimension = LweDimension(8);
const SHAPE: GlweShape = GlweShape { dimension: GlweDimension(1), polynomial_size: PolynomialSize(512) };
const KEYSWITCH: Decomposition = Decomposition { base_log: 6, level: 4 };
const BOOTSTRAP: Decomposition = Decomposition { base_log: 15, level: 2 };
const KEYSWITCH_NOISE: Variance = Variance(1e-19);
const BOOTSTRAP_NOISE: Variance = Variance(1e-30);

/// One for each table, with single key bits and pairs in turns.
pub(crate) fn cases() -> Vec<Case> {
    TABLES.into_iter().zip([Grouping::One, Grouping::Two].into_iter().cycle()).map(case).collect()
}

fn case(((width, is_signed, extension), grouping): ((u32, bool, u64), Grouping)) -> Case {
    let name = format!("table_of_{width}_bits_{}", if is_signed { "signed" } else { "unsigned" });
    let (size, least) = (1i64 << width, if is_signed { -(1 << (width - 1)) } else { 0 });
    let greatest = least + size - 1;
    // A permutation in which neighbours are far apart.
    let entry = |v: i64| (v * 40503 + 12345).rem_euclid(size) + least;
    let mut values = vec![least, least + 1, -1, 0, 1, size / 2 - 1, greatest - 1, greatest];
    values.retain(|value| (least..=greatest).contains(value));
    let mut integers = Integers::of_tag(&name);
    values.extend((0..6).map(|_| integers.within(least, greatest)));
    let x = ArrayD::from_shape_vec(vec![values.len()], values).expect("one axis");
    // Entry `i` belongs to `i`, or to `i − size` in the upper half of a signed table.
    let words = (0..size).map(|i| if i > greatest { i - size } else { i });
    let words: Vec<String> = words.map(|v| (entry(v) << (63 - width)).to_string()).collect();
    let flag = if is_signed { "is_signed, " } else { "" };
    let encoding = format!("{{tfhe.encoding = array<i64: {width}, {}>}}", i64::from(is_signed));
    let [big, small] = ["big", "small"].map(|key| format!("tensor<{}x!tfhe.lwe<@{key}>>", x.len()));
    let mlir = format!(
        "module attributes {{tfhe.security = 128 : i64, tfhe.security_source = \"none: small test keys\"}} {{
{}func.func @main(%x: {big} {encoding}) -> ({big} {encoding}) attributes {{tfhe.p_error = 1.0e-6 : f64, tfhe.global_p_error = 1.0e-5 : f64}} {{
  %0 = tfhe.keyswitch @ksk, %x : ({big}) -> {small}
  %1 = tfhe.bootstrap @bsk, %0 {{{flag}tables = dense<[[{}]]> : tensor<1x{size}xi64>}} : ({small}) -> {big}
  return %1 : {big}
}}
}}
",
        keys(extension, grouping),
        words.join(", "),
    );
    let expected = vec![x.mapv(entry)];
    Case { name, mlir, inputs: vec![x], expected }
}

fn keys(extension: u64, grouping: Grouping) -> String {
    let (large, size) = (SHAPE.lwe_dimension(), SHAPE.polynomial_size.0);
    let (k, n, group) = (SHAPE.dimension, SMALL, grouping.factor());
    let switched = noise::keyswitch(large, KEYSWITCH, KEYSWITCH_NOISE).0;
    let rounded = noise::modulus_switch_centred(n, 2 * extension * size).0;
    let rotated = noise::bootstrap(n, SHAPE, BOOTSTRAP, grouping, BOOTSTRAP_NOISE).0;
    let digits =
        |Decomposition { base_log, level }| format!("base_log = {base_log} : i64, level = {level} : i64");
    format!(
        "tfhe.secret_key @big {{glwe_dimension = {k} : i64, polynomial_size = {size} : i64, variance = {:.9e} : f64}}
tfhe.secret_key @small {{lwe_dimension = {n} : i64, variance = {:.9e} : f64}}
tfhe.keyswitch_key @ksk from @big to @small {{{}, added_variance = {switched:.9e} : f64}}
tfhe.bootstrap_key @bsk from @small to @big {{{}, grouping = {group} : i64, extension = {extension} : i64, modulus_switch_variance = {rounded:.9e} : f64, output_variance = {rotated:.9e} : f64}}
",
        BOOTSTRAP_NOISE.0,
        KEYSWITCH_NOISE.0,
        digits(KEYSWITCH),
        digits(BOOTSTRAP),
    )
}
