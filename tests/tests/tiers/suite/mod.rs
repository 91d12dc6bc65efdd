//! Every operation, signed and unsigned, on every executor. What is expected comes from plain arithmetic on arrays,
//! never from another executor.

mod cases;
mod executors;
mod processes;

use cases::Case;
use libtest_mimic::Trial;

type Executor = fn(&Case) -> Result<(), String>;

/// One test for each pair of an executor and a case that it takes.
pub(crate) fn tests() -> Vec<Trial> {
    let executors: [(&str, Executor, fn(&Case) -> bool); 4] = [
        ("interpreted", executors::interpreted, |_| true),
        ("simulated", executors::simulated, |_| true),
        ("jit", executors::jit, |_| true),
        ("aot", processes::aot, |case| AHEAD_OF_TIME.contains(&case.name.as_str())),
    ];
    let mut tests = vec![];
    for case in cases::all() {
        for (name, executor, takes) in executors {
            if takes(&case) {
                let (case, name) = (case.clone(), format!("suite::{name}::{}", case.name));
                tests.push(Trial::test(name, move || Ok(executor(&case)?)));
            }
        }
    }
    tests
}

/// What differs between processes: linear code, clear arguments, lookups of both signs, several results.
const AHEAD_OF_TIME: [&str; 5] = [
    "matmul_signed",
    "mul_clear_argument_signed",
    "lookup_chosen_unsigned",
    "map_signed",
    "several_results_unsigned",
];
