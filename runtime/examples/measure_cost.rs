//! Measures what keyswitches, bootstraps and additions cost here, and prints the table that the parameter
//! optimizer works with.
//!
//! ```text
//! cargo run --release -p cloakwork-runtime --example measure_cost > passes/src/parameters/cost_avx512.json
//! ```
//!
//! One thread; each figure is the least of several runs, in time of the thread, so that other load on the machine
//! shows little. The kernels are those that this processor runs programs with.

use cloakwork_abi::parameters::{
    Decomposition, ExtensionFactor, GlweDimension, GlweShape, Grouping, LweDimension, PolynomialSize,
};
use cloakwork_runtime::kernel_trial::{BootstrapTrial, Choice, KeyswitchTrial, bootstrap, keyswitch};
use serde::Serialize;
use std::hint::black_box;
use std::io::Write;
use std::time::{Duration, Instant};
use tfhe::core_crypto::algorithms::slice_algorithms::slice_wrapping_add_scalar_mul_assign;

/// Ciphertexts that pass by each part of a key: a whole batch of either kernel.
const BATCH: usize = 16;
const KEYSWITCHES: usize = 64;
/// Keys are as large as this where possible, so that they come from main memory as in real programs.
const KEY_BYTES: usize = 96 << 20;
/// Digits of up to so many bits take a faster path in the keyswitch: they are single bytes.
const NARROW_BASE_LOG: usize = 7;

/// Shapes `(k, N)`: all for which one polynomial less would leave the noise above its floor.
const SHAPES: [(usize, usize); 21] = [
    (2, 256),
    (3, 256),
    (4, 256),
    (5, 256),
    (6, 256),
    (1, 512),
    (2, 512),
    (3, 512),
    (4, 512),
    (5, 512),
    (6, 512),
    (1, 1024),
    (2, 1024),
    (3, 1024),
    (1, 2048),
    (2, 2048),
    (1, 4096),
    (1, 8192),
    (1, 16384),
    (1, 32768),
    (1, 65536),
];

/// The table, in the layout that the optimizer reads.
#[derive(Serialize)]
struct Table {
    kernel: String,
    linear_word_ns: f64,
    keyswitch: Keyswitch,
    external_products: Vec<ExternalProduct>,
}

/// A keyswitch takes `kN·level·(row_ns + (n + 1)·word_ns)`.
#[derive(Serialize)]
struct Keyswitch {
    row_ns: f64,
    narrow_base_log: usize,
    narrow_word_ns: f64,
    wide_word_ns: f64,
}

/// A bootstrap takes `n·(fixed_ns + level·level_ns)`.
#[derive(Serialize)]
struct ExternalProduct {
    dimension: usize,
    polynomial_size: usize,
    fixed_ns: f64,
    level_ns: f64,
}

fn main() {
    let external_products = SHAPES
        .into_iter()
        .map(|(dimension, polynomial_size)| {
            let points =
                [1, 2, 3].map(|level| (level as f64, external_product_ns(dimension, polynomial_size, level)));
            let (fixed_ns, level_ns) = line(&points);
            eprintln!("k {dimension} N {polynomial_size}: {points:?}");
            ExternalProduct {
                dimension,
                polynomial_size,
                fixed_ns: round(fixed_ns),
                level_ns: round(level_ns),
            }
        })
        .collect();
    let narrow = line(&[500, 1000].map(|n| (n as f64 + 1.0, keyswitch_row_ns(n, 3, 4))));
    let wide = line(&[500, 1000].map(|n| (n as f64 + 1.0, keyswitch_row_ns(n, 8, 4))));
    eprintln!("keyswitch (row, word): narrow {narrow:?}, wide {wide:?}");
    let keyswitch = Keyswitch {
        row_ns: round(narrow.0),
        narrow_base_log: NARROW_BASE_LOG,
        narrow_word_ns: round(narrow.1),
        wide_word_ns: round(wide.1),
    };
    let kernel = format!("own kernels, batches of {BATCH}, one thread, AVX-512");
    let table = Table { kernel, linear_word_ns: round(linear_word_ns()), keyswitch, external_products };
    let text = serde_json::to_string_pretty(&table).expect("a table is plain data");
    writeln!(std::io::stdout(), "{text}").expect("the table can be printed");
}

/// Time of one external product with rotation and addition, within a batched blind rotation.
fn external_product_ns(dimension: usize, polynomial_size: usize, level: usize) -> f64 {
    let ggsw_bytes = (dimension + 1) * (dimension + 1) * level * polynomial_size * 8;
    let count = (KEY_BYTES / ggsw_bytes).clamp(8, 700);
    let shape = GlweShape {
        dimension: GlweDimension(dimension as u64),
        polynomial_size: PolynomialSize(polynomial_size as u64),
    };
    let decomposition = Decomposition { base_log: 20 / level as u32, level: level as u32 };
    let trial = BootstrapTrial {
        from: LweDimension(count as u64),
        to: shape,
        decomposition,
        grouping: Grouping::One,
        extension: ExtensionFactor(1),
        outputs: 1,
    };
    let call = bootstrap(Choice::Fastest, trial, BATCH);
    least_of_kernel(call) / (count * BATCH) as f64
}

/// Time of a keyswitch of one ciphertext, for each pair of an input coefficient and a level.
fn keyswitch_row_ns(to: usize, base_log: u32, level: u32) -> f64 {
    let from = LweDimension(2048);
    let decomposition = Decomposition { base_log, level };
    let trial = KeyswitchTrial { from, to: LweDimension(to as u64), decomposition };
    let call = keyswitch(Choice::Fastest, trial, KEYSWITCHES);
    least_of_kernel(call) / (from.0 as f64 * f64::from(level) * KEYSWITCHES as f64)
}

/// [`least`] on a pool of one thread.
fn least_of_kernel(call: impl FnMut() + Send) -> f64 {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread can be started");
    pool.install(|| least(call))
}

/// Time of `out += weight · in` for each word.
fn linear_word_ns() -> f64 {
    let input: Vec<u64> = (0..2049 * 64).map(mix).collect();
    let mut output = vec![0u64; 2049];
    let time = least(|| {
        for ciphertext in input.chunks_exact(2049) {
            slice_wrapping_add_scalar_mul_assign(&mut output, ciphertext, black_box(5));
        }
    });
    black_box(&output);
    time / input.len() as f64
}

/// Least time of a call in nanoseconds.
fn least(mut call: impl FnMut()) -> f64 {
    let mut time_once = || {
        let start = thread_time();
        call();
        thread_time() - start
    };
    let begin = Instant::now();
    let mut least = time_once();
    let mut runs = 1;
    while runs < 5 || begin.elapsed() < Duration::from_millis(400) {
        least = least.min(time_once());
        runs += 1;
    }
    least.as_secs_f64() * 1e9
}

/// Time that this thread has run.
fn thread_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the pointer is to a time that may be written.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// Line through the points with least squared error, not negative at 0: value at 0 and slope.
fn line(points: &[(f64, f64)]) -> (f64, f64) {
    let count = points.len() as f64;
    let mean = |value: &dyn Fn(&(f64, f64)) -> f64| points.iter().map(value).sum::<f64>() / count;
    let (x, y) = (mean(&|p| p.0), mean(&|p| p.1));
    let slope = mean(&|p| (p.0 - x) * (p.1 - y)) / mean(&|p| (p.0 - x).powi(2));
    if y < slope * x { (0.0, mean(&|p| p.1 / p.0)) } else { (y - slope * x, slope) }
}

/// Four digits.
fn round(value: f64) -> f64 {
    if value == 0.0 {
        return 0.0;
    }
    let unit = 10f64.powf(value.abs().log10().floor() - 3.0);
    let digits = (value / unit).round();
    if unit < 1.0 { digits / (1.0 / unit).round() } else { digits * unit }
}

/// A word without pattern from a position.
fn mix(position: usize) -> u64 {
    let word = (position as u64).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (word ^ (word >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9)
}
