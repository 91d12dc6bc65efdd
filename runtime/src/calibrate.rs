//! What keyswitches, bootstraps and additions take on this machine, on one thread.
//!
//! Each figure is the least of several runs, in time of the thread. The kernels are those that run programs, on keys
//! without meaning. `cloakwork calibrate` makes the table of the parameter optimizer out of these figures.

use crate::kernel_trial::{self, BootstrapTrial, Choice, KeyswitchTrial};
use crate::thread_time::thread_time;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// Fewest runs that a least time is taken from.
const FEWEST_RUNS: usize = 2;
/// Words of a ciphertext that is added, and how many are added to one.
const ADDITION: (usize, usize) = (2049, 64);

/// Seconds that a bootstrap takes for each of `batch` ciphertexts in one call; measures for about `span`.
pub fn bootstrap(choice: Choice, trial: BootstrapTrial, batch: usize, span: Duration) -> f64 {
    let begin = Instant::now();
    let call = kernel_trial::bootstrap(choice, trial, batch);
    least_of_kernel(call, span.saturating_sub(begin.elapsed())) / batch as f64
}

/// Seconds that a keyswitch takes for each of `batch` ciphertexts in one call; measures for about `span`.
pub fn keyswitch(choice: Choice, trial: KeyswitchTrial, batch: usize, span: Duration) -> f64 {
    let begin = Instant::now();
    let call = kernel_trial::keyswitch(choice, trial, batch);
    least_of_kernel(call, span.saturating_sub(begin.elapsed())) / batch as f64
}

/// Seconds of `out ← out + weight · in` for a word; measures for about `span`.
pub fn weighted_word(span: Duration) -> f64 {
    let (words, count) = ADDITION;
    let input: Vec<u64> =
        (0..words * count).map(|i| (i as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)).collect();
    let mut output = vec![0u64; words];
    let time = least(span, || {
        for ciphertext in input.chunks_exact(words) {
            let weight = black_box(5);
            for (out, word) in output.iter_mut().zip(ciphertext) {
                *out = out.wrapping_add(word.wrapping_mul(weight));
            }
        }
    });
    black_box(&output);
    time / input.len() as f64
}

/// [`least`] on a pool of one thread.
fn least_of_kernel(call: impl FnMut() + Send, span: Duration) -> f64 {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread can be started");
    pool.install(|| least(span, call))
}

/// Least time of a call in seconds.
fn least(span: Duration, mut call: impl FnMut()) -> f64 {
    let mut time_once = || {
        let start = thread_time();
        call();
        thread_time() - start
    };
    let begin = Instant::now();
    let mut least = time_once();
    let mut runs = 1;
    while runs < FEWEST_RUNS || begin.elapsed() < span {
        least = least.min(time_once());
        runs += 1;
    }
    least.as_secs_f64()
}
