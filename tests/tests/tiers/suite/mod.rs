//! Every operation, signed and unsigned, on every executor. What is expected comes from plain arithmetic on arrays,
//! never from another executor.

mod cases;
mod executors;
mod processes;
mod traced;

use cases::Case;
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
    for case in cases::all() {
        for (name, takes, executor) in executors {
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
