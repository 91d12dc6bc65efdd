//! Compiled programs with keys far too weak for anything but tests, so that thousands of runs take seconds.

use cloakwork::{EvaluationKeys, Options, Randomness, SecretKeys, compile_text};
use cloakwork_abi::spec::ProgramSpec;
use cloakwork_runtime::{Program, generate};
use ndarray::{ArrayD, IxDyn};
use std::fmt::Write;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

/// Elements of an argument.
pub(crate) const ELEMENTS: usize = 4;
/// Elements of an argument of the slow program.
pub(crate) const MANY: usize = 2048;
/// Lookups of the slow program, one after the other.
const ROUNDS: usize = 240;

/// `y = table[x]` for elements from 0 to 3, through so many lookups one after the other; `dimension` makes key sets differ.
fn text(elements: usize, table: [u64; 4], rounds: usize, dimension: usize) -> String {
    let big = format!("tensor<{elements}x!tfhe.lwe<@big>>");
    let small = format!("tensor<{elements}x!tfhe.lwe<@small>>");
    let encoding = "{fhe.range = array<i64: 0, 3>, tfhe.encoding = array<i64: 2, 0>}";
    let mut text = format!(
        "module attributes {{tfhe.security = 128 : i64, tfhe.security_source = \"none: for tests\"}} {{
tfhe.secret_key @big {{glwe_dimension = 1 : i64, polynomial_size = 256 : i64, variance = 1.0e-30 : f64}}
tfhe.secret_key @small {{lwe_dimension = {dimension} : i64, variance = 1.0e-20 : f64}}
tfhe.keyswitch_key @ksk from @big to @small {{base_log = 4 : i64, level = 4 : i64, added_variance = 1.0e-12 : f64}}
tfhe.bootstrap_key @bsk from @small to @big {{base_log = 15 : i64, level = 2 : i64, modulus_switch_variance = 1.0e-8 : f64, output_variance = 1.0e-20 : f64}}
func.func @main(%r0: {big} {encoding}) -> ({big} {encoding})
    attributes {{tfhe.global_p_error = 1.0e-9 : f64, tfhe.p_error = 1.0e-9 : f64}} {{\n"
    );
    let words: Vec<String> = table.map(|entry| (entry << 61).to_string()).into();
    let words = words.join(", ");
    for round in 0..rounds {
        // All but the last leave values as they are.
        let identity = [0u64, 1, 2, 3].map(|entry| (entry << 61).to_string()).join(", ");
        let words = if round + 1 == rounds { &words } else { &identity };
        let _ = write!(
            text,
            "  %k{round} = tfhe.keyswitch @ksk, %r{round} : ({big}) -> {small}
  %r{} = tfhe.bootstrap @bsk, %k{round} {{tables = dense<[[{words}]]> : tensor<1x4xi64>}} : ({small}) -> {big}\n",
            round + 1
        );
    }
    let _ = write!(text, "  return %r{rounds} : {big}\n}}\n}}\n");
    text
}

/// Tables of the programs `net` and `other`.
pub(crate) const NET: [i64; 4] = [3, 1, 0, 2];
pub(crate) const OTHER: [i64; 4] = [1, 1, 2, 0];

/// A folder of models: `net`; `other`, with another key set; `slow`, with the keys of `net`, which takes seconds.
pub(crate) struct Models {
    pub(crate) folder: TempDir,
    pub(crate) net: Program,
    pub(crate) other: Program,
}

/// The text of `net`.
#[allow(dead_code, reason = "shared with tests that compile it themselves")]
pub(crate) fn net_text() -> String {
    text(ELEMENTS, NET.map(|entry| entry as u64), 1, 10)
}

impl Models {
    pub(crate) fn compile() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            compile_text(text, name, &Options::default()).unwrap().save(&path).unwrap();
            path
        };
        let words = |table: [i64; 4]| table.map(|entry| entry as u64);
        let net = write("net.cloakwork", &text(ELEMENTS, words(NET), 1, 10));
        let other = write("other.cloakwork", &text(ELEMENTS, words(OTHER), 1, 12));
        write("slow.cloakwork", &text(MANY, words(NET), ROUNDS, 10));
        Self { net: Program::load(&net).unwrap(), other: Program::load(&other).unwrap(), folder }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A folder with these models and no state yet.
    pub(crate) fn copy(&self) -> TempDir {
        let copy = tempfile::tempdir().unwrap();
        for name in ["net.cloakwork", "other.cloakwork", "slow.cloakwork"] {
            fs::copy(self.path().join(name), copy.path().join(name)).unwrap();
        }
        copy
    }
}

/// Keys from a number: quick, and the same every time.
pub(crate) fn keys(program: &Program, seed: u128) -> (SecretKeys, EvaluationKeys) {
    generate(&program.spec().keyset, Randomness::InsecureSeed(seed), &|_| ()).unwrap()
}

/// An argument whose elements follow from a number.
pub(crate) fn argument(spec: &ProgramSpec, number: u64) -> ArrayD<i64> {
    let shape: Vec<usize> = spec.inputs[0].shape.iter().map(|&size| size as usize).collect();
    let count = shape.iter().product::<usize>() as u64;
    let element =
        |i: u64| (number.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(i * i + 3 * i) >> 7 & 3) as i64;
    ArrayD::from_shape_vec(IxDyn(&shape), (0..count).map(element).collect()).unwrap()
}

/// What a table makes of an argument.
pub(crate) fn looked_up(argument: &ArrayD<i64>, table: [i64; 4]) -> ArrayD<i64> {
    argument.mapv(|element| table[element as usize])
}
