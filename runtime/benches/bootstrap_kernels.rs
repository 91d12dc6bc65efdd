//! Time of bootstraps for a step's key bit and polynomial of the accumulator, on one thread: what pairs of key bits
//! gain, what an extension costs, and the instruction sets beside each other.

use cloakwork_abi::parameters::{
    Decomposition, ExtensionFactor, GlweDimension, GlweShape, Grouping, LweDimension, PolynomialSize,
};
use cloakwork_runtime::kernel_trial::{BootstrapTrial, Choice, bootstrap};
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

criterion_group!(benches, kernels);
criterion_main!(benches);
