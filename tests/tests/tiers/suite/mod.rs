//! Every operation, signed and unsigned, on every executor. What is expected comes from plain arithmetic on arrays,
//! never from another executor.

mod cases;
mod executors;
mod key_sets;
mod operands;
mod processes;
mod traced;
mod wide_tables;

use cases::Case;
use cloakwork_tests::operations::FHE_OPERATIONS;
use libtest_mimic::Trial;

/// Name, which cases it takes, and how it runs one.
type Executor = (&'static str, fn(&Case) -> bool, fn(&Case) -> Result<(), String>);

/// One test for each pair of an executor and a case that it takes.
pub(crate) fn tests() -> Vec<Trial> {
    let executors: [Executor; 4] = [
        ("interpreted", |_| true, executors::interpreted),
        ("simulated", |_| true, executors::simulated),
        ("jit", |_| true, executors::jit),
        ("aot", |case| AHEAD_OF_TIME.contains(&case.name.as_str()), processes::aot),
    ];
    let mut tests = traced::tests();
    tests.extend(key_sets::tests());
    tests.extend(operands::tests());
    tests.push(Trial::test("suite::every_operation_has_a_case", || Ok(every_operation_has_a_case()?)));
    for case in cases::all().into_iter().chain([key_sets::case()]).chain(wide_tables::cases()) {
        for (name, takes, executor) in executors {
            if takes(&case) {
                let (case, name) = (case.clone(), format!("suite::{name}::{}", case.name));
                tests.push(Trial::test(name, move || Ok(executor(&case)?)));
            }
        }
    }
    tests
}

/// Those that only the frontend makes are in [`traced`].
fn every_operation_has_a_case() -> Result<(), String> {
    let cases = cases::all();
    let is_used = |name: &str| cases.iter().any(|case| case.mlir.contains(&format!("fhe.{name} ")));
    let names = FHE_OPERATIONS.iter().map(|operation| operation.name);
    let missing: Vec<&str> = names.filter(|name| !is_used(name) && !DIGITS.contains(name)).collect();
    match missing.as_slice() {
        ["call_host"] => Ok(()),
        _ => Err(format!(
            "without a case are {missing:?}, expected is only `call_host`, which text cannot use"
        )),
    }
}

/// Cases of [`traced`] and their parts: all ways of expanding them are tests of the pass.
const DIGITS: [&str; 5] = ["round", "truncate", "low_bits", "bit", "reinterpret"];

/// What differs between processes: linear code, clear arguments, lookups of both signs, several results, several keys.
const AHEAD_OF_TIME: [&str; 6] = [
    "matmul_signed",
    "mul_clear_argument_signed",
    "lookup_chosen_unsigned",
    "map_signed",
    "several_results_unsigned",
    "two_key_sets",
];
