//! Predicted against measured time of whole programs of 10 to 10,000 lookups, alone and in batches, of several widths,
//! with linear layers between them, on one thread and on all.
//!
//! The table of costs is measured first, on the same machine and under the same load. Times are those that threads have
//! a processor for, all threads together, so that other work on the machine shows little. Fails where a prediction is
//! off by more than [`ALLOWED`].

use cloakwork::calibrate::{self, Kernels};
use cloakwork::{Circuit, CostModel, Options, RunOptions, compile_text};
use cloakwork_runtime::run;
use ndarray::{ArrayD, IxDyn};
use std::fmt::Write;
use std::num::NonZeroUsize;
use std::time::Duration;

/// Greatest part that measured and predicted time may differ by.
const ALLOWED: f64 = 0.25;
/// Time for the table of costs.
const CALIBRATION: Duration = Duration::from_secs(45);
/// Most runs of a program, and the seconds after which no further one begins.
const RUNS: (usize, f64) = (5, 2.0);

fn main() {
    if !std::env::args().any(|argument| argument == "--bench") {
        return; // listed or run as a test
    }
    let table = calibrate::calibrate(Kernels::fastest(), CALIBRATION, &mut |_| ());
    println!(
        "{:<44} {:>12} {:>12} {:>7} {:>12} {:>7}",
        "program", "predicted", "one thread", "", "all threads", ""
    );
    let mut misses = vec![];
    for (name, mlir) in programs() {
        let ratios = compare(&name, &mlir, &table);
        let is_off = |ratio: f64| !(1.0 / (1.0 + ALLOWED)..=1.0 + ALLOWED).contains(&ratio);
        if is_off(ratios) {
            misses.push(name);
        }
    }
    assert!(misses.is_empty(), "predicted and measured time differ by more than {ALLOWED}: {misses:?}");
}

/// Measured by predicted time on one thread; prints both.
fn compare(name: &str, mlir: &str, table: &CostModel) -> f64 {
    let options = Options { cost_table: Some(table.clone()), ..Options::default() };
    let circuit = compile_text(mlir, name, &options).expect("a supported program");
    let predicted = circuit.report().predicted_time.expect("keys of the table").total();
    let [one, all] = measured(&circuit);
    println!(
        "{name:<44} {:>9.2} ms {:>9.2} ms {:>7.3} {:>9.2} ms {:>7.3}",
        predicted * 1e3,
        one * 1e3,
        one / predicted,
        all * 1e3,
        all / predicted
    );
    one / predicted
}

/// Least time of a warm run on one thread and on all.
fn measured(circuit: &Circuit) -> [f64; 2] {
    let keys = circuit.keygen().expect("sound key set");
    let inputs: Vec<ArrayD<i64>> = circuit
        .spec()
        .inputs
        .iter()
        .map(|input| {
            let shape: Vec<usize> = input.shape.iter().map(|&size| size as usize).collect();
            ArrayD::from_elem(IxDyn(&shape), input.range.1 as i64)
        })
        .collect();
    let encrypted = circuit.encrypt(&keys.secret, inputs).expect("fits");
    let program = circuit.program().expect("made for this machine");
    [NonZeroUsize::new(1), None].map(|threads| {
        let options = RunOptions { threads };
        let time = || {
            let start = processor_time();
            run(&program, &keys.evaluation, &encrypted, options).expect("runs");
            processor_time() - start
        };
        let (mut least, mut total) = (f64::INFINITY, 0.0);
        for _ in 0..RUNS.0 {
            let seconds = time();
            (least, total) = (least.min(seconds), total + seconds);
            if total > RUNS.1 {
                break;
            }
        }
        least
    })
}

/// Seconds that the threads of this process have had a processor.
fn processor_time() -> f64 {
    let threads = std::fs::read_dir("/proc/self/task").expect("Linux lists threads");
    let nanoseconds = threads.filter_map(|thread| {
        let text = std::fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse::<u64>().ok()
    });
    nanoseconds.sum::<u64>() as f64 * 1e-9
}

/// Names and texts.
fn programs() -> Vec<(String, String)> {
    let mut programs: Vec<(String, String)> = [
        (1, 10_000),
        (2, 1000),
        (3, 100),
        (4, 10),
        (4, 100),
        (4, 1000),
        (4, 10_000),
        (5, 100),
        (6, 100),
        (7, 100),
        (8, 10),
    ]
    .into_iter()
    .map(|(width, count)| (format!("{count} lookups of {width} bits"), lookups(width, count)))
    .collect();
    for (size, layers) in [(1, 10), (3, 100), (15, 10), (15, 100), (31, 30)] {
        programs.push((format!("{layers} layers of {size} lookups"), network(size, layers)));
    }
    programs
}

/// `count` lookups at once.
fn lookups(width: u32, count: usize) -> String {
    let ty = format!("tensor<{count}x!fhe.eint<{width}>>");
    let entries = 1i64 << width;
    let table: Vec<i64> = (0..entries).map(|value| (5 * value + 1) % entries).collect();
    format!(
        "func.func @lookups(%x: {ty}) -> {ty} {{
  %0 = fhe.lookup %x {{tables = dense<[{table:?}]> : tensor<1x{entries}xi64>}} : ({ty}) -> {ty}
  return %0 : {ty}
}}"
    )
}

/// Layers of sums of all `size` bits and a lookup of each sum, whose result is a bit.
fn network(size: usize, layers: usize) -> String {
    let width = size.ilog2() + 1;
    let entries = 1 << width;
    let table: Vec<usize> = (0..entries).map(|sum| usize::from(sum > size / 2)).collect();
    let ty = format!("tensor<1x{size}x!fhe.eint<{width}>>");
    let weights = format!("tensor<{size}x{size}xi64>");
    let mut text = format!(
        "func.func @network(%x0: {ty} {{fhe.range = array<i64: 0, 1>}}) -> {ty} {{
  %w = arith.constant dense<1> : {weights}\n"
    );
    for layer in 0..layers {
        let next = layer + 1;
        let _ = write!(
            text,
            "  %s{layer} = fhe.matmul %x{layer}, %w : ({ty}, {weights}) -> {ty}
  %x{next} = fhe.lookup %s{layer} {{tables = dense<[{table:?}]> : tensor<1x{entries}xi64>}} : ({ty}) -> {ty}\n"
        );
    }
    let _ = write!(text, "  return %x{layers} : {ty}\n}}");
    text
}
