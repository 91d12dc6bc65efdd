//! The program that benches time: 128 lookups of 4 bits in one table, at 128 bits of security and a failure
//! probability of 1e-5 for each lookup. Table and input are functions of their tags alone.

use crate::integers::Integers;
use cloakwork::{Circuit, Error, Options, compile_text};
use ndarray::ArrayD;

const WIDTH: u32 = 4;
const COUNT: usize = 128;

/// Failure probability of one lookup.
pub const P_ERROR: f64 = 1e-5;

/// The table's entries.
pub fn table() -> Vec<i64> {
    let greatest = (1 << WIDTH) - 1;
    let mut integers = Integers::of_tag(&format!("table{WIDTH}"));
    (0..=greatest).map(|_| integers.within(0, greatest)).collect()
}

/// The first input.
pub fn input() -> ArrayD<i64> {
    Integers::of_tag("x0").tensor(&[COUNT], 0, (1 << WIDTH) - 1)
}

/// What the program means.
pub fn expected(input: &ArrayD<i64>) -> ArrayD<i64> {
    let table = table();
    input.mapv(|value| table[value as usize])
}

/// The compiled lookups.
pub fn lookups() -> Result<Circuit, Error> {
    let (table, size) = (table(), 1 << WIDTH);
    compile(&format!(
        "func.func @lookups(%x: tensor<{COUNT}x!fhe.eint<{WIDTH}>>) -> tensor<{COUNT}x!fhe.eint<{WIDTH}>> {{
  %0 = fhe.lookup %x {{tables = dense<[{table:?}]> : tensor<1x{size}xi64>}} : (tensor<{COUNT}x!fhe.eint<{WIDTH}>>) -> tensor<{COUNT}x!fhe.eint<{WIDTH}>>
  return %0 : tensor<{COUNT}x!fhe.eint<{WIDTH}>>
}}"
    ))
}

/// A program without lookups, whose time is the fixed cost of a call.
pub fn addition() -> Result<Circuit, Error> {
    let greatest = (1 << WIDTH) - 1;
    let argument = |name: &str| format!("%{name}: !fhe.eint<?> {{fhe.range = array<i64: 0, {greatest}>}}");
    compile(&format!(
        "func.func @addition({}, {}) -> !fhe.eint<?> {{
  %0 = fhe.add %x, %y : (!fhe.eint<?>, !fhe.eint<?>) -> !fhe.eint<?>
  return %0 : !fhe.eint<?>
}}",
        argument("x"),
        argument("y")
    ))
}

fn compile(mlir: &str) -> Result<Circuit, Error> {
    let options = Options { p_error: Some(P_ERROR), ..Options::default() };
    compile_text(mlir, "bench.mlir", &options)
}
