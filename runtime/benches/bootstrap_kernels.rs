//! Time of bootstraps for a step's key bit and polynomial of the accumulator, on one thread: what pairs of key bits
//! gain, what an extension costs, and the instruction sets beside each other. And how near the limit a bootstrap is: its
//! transforms and products alone, on data in cache, over the whole of it in a batch; both in turns, in time of the thread.

use cloakwork_abi::parameters::{
    Decomposition, ExtensionFactor, GlweDimension, GlweShape, Grouping, LweDimension, PolynomialSize,
};
use cloakwork_runtime::kernel_trial::{BootstrapTrial, Choice, arithmetic, bootstrap};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::time::Duration;

/// Key bits: few, as time is proportional to them, but so many that the key comes from main memory.
const BITS: u64 = 200;
const CIPHERTEXTS: usize = 16;

fn kernels(criterion: &mut Criterion) {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread can be started");
    for (dimension, size) in [(5, 256), (3, 512), (2, 1024), (1, 2048), (1, 4096)] {
        let mut group = criterion.benchmark_group(format!("k {dimension}, N {size}"));
        group.sample_size(10).measurement_time(Duration::from_secs(2));
        let to = GlweShape { dimension: GlweDimension(dimension), polynomial_size: PolynomialSize(size) };
        for choice in [Choice::Fastest, Choice::WithoutAvx512, Choice::Portable] {
            for (grouping, extension) in [(Grouping::One, 1), (Grouping::Two, 1), (Grouping::Two, 3)] {
                let trial = BootstrapTrial {
                    from: LweDimension(BITS),
                    to,
                    decomposition: Decomposition { base_log: 22, level: 1 },
                    grouping,
                    extension: ExtensionFactor(extension),
                    outputs: 1,
                };
                let mut call = bootstrap(choice, trial, CIPHERTEXTS);
                group.throughput(Throughput::Elements(BITS * CIPHERTEXTS as u64 * extension));
                group.bench_function(format!("{choice:?}, {grouping:?}, e = {extension}"), |bencher| {
                    pool.install(|| bencher.iter(&mut call));
                });
            }
        }
    }
}

/// The limit: what the arithmetic alone takes, printed as a share.
fn limit(criterion: &mut Criterion) {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread can be started");
    for (dimension, size, extension) in [(3, 512, 1), (2, 1024, 1), (1, 2048, 1), (1, 2048, 6)] {
        let to = GlweShape { dimension: GlweDimension(dimension), polynomial_size: PolynomialSize(size) };
        let trial = BootstrapTrial {
            from: LweDimension(700),
            to,
            decomposition: Decomposition { base_log: 23, level: 1 },
            grouping: Grouping::Two,
            extension: ExtensionFactor(extension),
            outputs: 1,
        };
        let mut whole = bootstrap(Choice::Fastest, trial, CIPHERTEXTS);
        let mut alone = arithmetic(Choice::Fastest, trial, CIPHERTEXTS);
        let mut shares: Vec<f64> =
            (0..9).map(|_| pool.install(|| time_of(&mut alone) / time_of(&mut whole))).collect();
        shares.sort_by(f64::total_cmp);
        let (least, median, greatest) = (shares[0], shares[4], shares[8]);
        println!(
            "k {dimension}, N {size}, e {extension}: arithmetic {median:.2} of a bootstrap ({least:.2} to {greatest:.2})"
        );
        let mut group = criterion.benchmark_group(format!("limit, k {dimension}, N {size}, e {extension}"));
        group.sample_size(10).measurement_time(Duration::from_secs(1));
        group.bench_function("whole", |bencher| pool.install(|| bencher.iter(&mut whole)));
        group.bench_function("arithmetic", |bencher| pool.install(|| bencher.iter(&mut alone)));
    }
}

/// Processor seconds of this thread in a call.
fn time_of(call: &mut impl FnMut()) -> f64 {
    let now = || {
        let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: the pointer is to a time that may be written.
        unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
        time.tv_sec as f64 + 1e-9 * time.tv_nsec as f64
    };
    let start = now();
    call();
    now() - start
}

criterion_group!(benches, limit, kernels);
criterion_main!(benches);
