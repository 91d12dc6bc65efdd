//! Tables of 11 bits mean the same when indicators of digits look them up, for every input.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use cloakwork_ir::context::{context, parse};
use cloakwork_ir::function::functions;
use cloakwork_ir::host::NoHostFunctions;
use cloakwork_ir::interpret::{Clear, interpret};
use cloakwork_passes::pipeline::{FHE, PREPARE, run};
use melior::ir::Module;
use ndarray::ArrayD;

/// Every input of a range, element `i` in table `i mod tables`.
struct Case {
    range: (i64, i64),
    tables: usize,
    entry: fn(usize, i64) -> i64,
}

impl Case {
    fn inputs(&self) -> Vec<i64> {
        (self.range.0..=self.range.1).collect()
    }

    fn program(&self) -> String {
        let (lo, hi) = self.range;
        let length = 2048i64;
        let input = |index: i64| if lo < 0 && index >= length / 2 { index - length } else { index };
        let row = |table: usize| -> String {
            let entry = |index: i64| (self.entry)(table, input(index).clamp(lo, hi)).to_string();
            format!("[{}]", (0..length).map(entry).collect::<Vec<_>>().join(", "))
        };
        let rows: Vec<String> = (0..self.tables).map(row).collect();
        let chosen: Vec<String> = (0..self.inputs().len()).map(|i| (i % self.tables).to_string()).collect();
        let count = chosen.len();
        let x = format!("tensor<{count}x!fhe.{}<?>>", if lo < 0 { "esint" } else { "eint" });
        let y = format!("tensor<{count}x!fhe.esint<?>>");
        format!(
            "func.func @main(%x: {x} {{fhe.range = array<i64: {lo}, {hi}>}}) -> {y} {{
  %y = fhe.lookup %x {{selector = dense<[{}]> : tensor<{count}xi64>, tables = dense<[{}]> : tensor<{}x{length}xi64>}} : ({x}) -> {y}
  return %y : {y}
}}",
            chosen.join(", "),
            rows.join(", "),
            self.tables,
        )
    }

    fn results(&self, module: &Module<'_>) -> Vec<i64> {
        let inputs = self.inputs();
        let inputs = [Clear::Int(ArrayD::from_shape_vec(vec![inputs.len()], inputs).unwrap())];
        let found = interpret(functions(module)[0], &inputs, &NoHostFunctions).unwrap();
        found[0].int().unwrap().iter().copied().collect()
    }

    fn check(&self, method: &str) {
        let (source, context) = (self.program(), context());
        let expected: Vec<i64> =
            self.inputs().into_iter().enumerate().map(|(i, v)| (self.entry)(i % self.tables, v)).collect();
        let mut module = parse(&context, &source, "tables").unwrap();
        assert_eq!(self.results(&module), expected);
        let pass = "fhe-decompose-pairwise";
        let fhe = FHE.replace(pass, &format!("{pass}{{lookups={method}}}"));
        let rounding = "builtin.module(fhe-decompose-rounding{strategy=chunks-4},canonicalize,cse)";
        for pipeline in [PREPARE, &fhe, rounding] {
            let passed = run(&context, &mut module, pipeline);
            assert!(passed.is_ok(), "{method}: {passed:?}");
            assert_eq!(self.results(&module), expected, "{method}: {pipeline}");
        }
        let wide = module.as_operation().to_string().contains("x2048xi64");
        assert_eq!(wide, method == "whole", "{method}");
    }
}

#[test]
fn unsigned_inputs() {
    let case = Case { range: (0, 2047), tables: 1, entry: |_, v| v % 7 };
    ["whole", "one-hot-4", "one-hot-7", "one-hot-9"].into_iter().for_each(|method| case.check(method));
}

#[test]
fn ranges_that_are_no_power_of_two() {
    Case { range: (3, 1500), tables: 1, entry: |_, v| v * v / 1000 - 40 }.check("one-hot-6");
}

#[test]
fn signed_inputs_and_results_in_several_tables() {
    let entry = |table: usize, v: i64| match table {
        0 => i64::from(v > 100),
        1 => v.rem_euclid(5) - 3,
        _ => 2,
    };
    let case = Case { range: (-1024, 1000), tables: 3, entry };
    ["one-hot-5", "one-hot-8"].into_iter().for_each(|method| case.check(method));
}

#[test]
fn a_table_that_is_mostly_one_bit() {
    Case { range: (0, 2047), tables: 1, entry: |_, v| i64::from(v != 1234) }.check("one-hot-6");
}
