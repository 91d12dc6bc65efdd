//! What a profile costs: a run that is profiled over one that is not, in turns, for a chain of single lookups, where there is most
//! to note for the work, and for a wide layer.
//!
//! `cargo bench -p cloakwork-tests --bench profile`. Fails where the ratio of the least times is above [`ALLOWED`].

use cloakwork::{Circuit, Options, RunOptions, compile_text};
use ndarray::{ArrayD, IxDyn};
use std::fmt::Write;
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

/// Greatest ratio.
const ALLOWED: f64 = 1.02;
/// Pairs of runs.
const TURNS: usize = 40;

fn main() {
    if !std::env::args().any(|argument| argument == "--bench") {
        return; // listed or run as a test
    }
    let mut misses = vec![];
    for (name, elements, layers) in
        [("64 lookups, one after the other", 1, 64), ("64 lookups at once", 64, 1)]
    {
        let circuit = compile_text(&program(elements, layers), name, &Options::default()).expect("supported");
        for threads in [1, 2] {
            let ratio = overhead(&circuit, elements, threads);
            println!("{name:<34} {threads} threads  profiled / plain {ratio:.4}");
            if ratio > ALLOWED {
                misses.push((name, threads));
            }
        }
    }
    assert!(misses.is_empty(), "a profile takes more than {ALLOWED} of a run: {misses:?}");
}

/// The least time with a profile over the least without.
fn overhead(circuit: &Circuit, elements: usize, threads: usize) -> f64 {
    let keys = circuit.keygen().expect("keys");
    let call = vec![ArrayD::from_elem(IxDyn(&[elements]), 3)];
    let arguments = circuit.encrypt(&keys.secret, call).expect("arguments");
    let options = RunOptions { threads: NonZeroUsize::new(threads) };
    let plain = || {
        circuit.run_watched(&keys.evaluation, &arguments, options, &|_| ()).expect("a run");
    };
    let profiled = || {
        circuit.profile(&keys.evaluation, &arguments, options).expect("a run");
    };
    let mut least = [Duration::MAX; 2];
    for turn in 0..2 * TURNS {
        let start = Instant::now();
        if turn % 2 == 0 {
            plain()
        } else {
            profiled()
        }
        // The first pair warms caches.
        if turn >= 2 {
            least[turn % 2] = least[turn % 2].min(start.elapsed());
        }
    }
    least[1].as_secs_f64() / least[0].as_secs_f64()
}

/// Layers of lookups of 3 bits.
fn program(elements: usize, layers: usize) -> String {
    let ty = format!("tensor<{elements}x!fhe.eint<3>>");
    let mut text = format!("func.func @f(%v0: {ty} {{fhe.range = array<i64: 0, 7>}}) -> {ty} {{\n");
    let tables = "tables = dense<[[7, 6, 5, 4, 3, 2, 1, 0]]> : tensor<1x8xi64>";
    for layer in 0..layers {
        let next = layer + 1;
        writeln!(text, "  %v{next} = fhe.lookup %v{layer} {{{tables}}} : ({ty}) -> {ty}")
            .expect("a string takes all");
    }
    write!(text, "  return %v{layers} : {ty}\n}}\n").expect("a string takes all");
    text
}
