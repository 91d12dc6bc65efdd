//! Test: our bootstraps decrypt right in every combination of what they can do, with every instruction set of this
//! processor; and with the classic key they are no noisier than `tfhe`'s.

use super::decrypted::{Case, Sample, numbers};
use super::fused::FusedBootstrap;
use super::portable::Portable;
use super::reference::ReferenceBootstrap;
#[cfg(target_arch = "x86_64")]
use super::{avx2::Avx2, avx512::Avx512};
use cloakwork_abi::parameters::Grouping;

/// Bootstraps of a case are this over `N·n·level`; at most 1000.
const WORK: usize = 3_000_000;

/// Variance of noise over that of `tfhe`.
const ALLOWED_NOISE: f64 = 1.3;

/// `n`, `k` and `N`, bits and levels of digits.
type Classic = (usize, (usize, usize), (u32, u32));

const CLASSIC: [Classic; 19] = [
    (20, (5, 256), (15, 1)),
    (9, (6, 256), (8, 3)),
    (31, (1, 256), (23, 1)),
    (31, (4, 256), (5, 8)),
    (40, (3, 512), (18, 1)),
    (40, (2, 512), (10, 3)),
    (40, (2, 512), (15, 4)),
    (30, (2, 1024), (23, 1)),
    (30, (1, 1024), (7, 3)),
    (21, (1, 2048), (23, 1)),
    (21, (1, 2048), (12, 2)),
    (12, (1, 4096), (22, 1)),
    (7, (2, 4096), (15, 2)),
    (10, (1, 8192), (22, 1)),
    (5, (1, 8192), (12, 3)),
    (5, (1, 16384), (22, 1)),
    (4, (1, 32768), (22, 1)),
    (3, (1, 65536), (20, 1)),
    (3, (1, 65536), (11, 3)),
];

#[test]
fn classic_bootstraps_are_no_noisier_than_those_of_tfhe() {
    for (i, (from, shape, digits)) in CLASSIC.into_iter().enumerate() {
        let count = (WORK / (shape.1 * from * digits.1 as usize)).clamp(67, 1000);
        let case = Case {
            from,
            shape,
            digits,
            grouping: Grouping::One,
            extension: 1,
            outputs: 1,
            is_signed: i % 2 == 1,
            count,
        };
        let sample = Sample::new(case, i as u64);
        let expected = sample.noise(&sample.bootstrap(ReferenceBootstrap::new(sample.key())));
        for (name, results) in with_all(&sample) {
            let ratio = sample.noise(&results) / expected;
            println!("{name}: {ratio:.3} of the noise, {case:?}");
            // Four sigma of the ratio of two variances that are measured with `count` samples each. Rounding in the
            // transforms is nearly all of the noise here, and ours may have a little more of it.
            let most = ALLOWED_NOISE * (1.0 + 4.0 * (4.0 / count as f64).sqrt());
            assert!(ratio < most, "{name}: {ratio} of the noise, allowed {most}: {case:?}");
        }
    }
}

/// The results with each instruction set of this processor.
fn with_all(sample: &Sample) -> Vec<(&'static str, Vec<u64>)> {
    let mut all = vec![("portable", sample.bootstrap(FusedBootstrap::new(Portable, &sample.key())))];
    #[cfg(target_arch = "x86_64")]
    if let Some(avx2) = Avx2::detect() {
        all.push(("AVX2", sample.bootstrap(FusedBootstrap::new(avx2, &sample.key()))));
    }
    #[cfg(target_arch = "x86_64")]
    if let Some(avx512) = Avx512::detect() {
        all.push(("AVX-512", sample.bootstrap(FusedBootstrap::new(avx512, &sample.key()))));
    }
    if let [_, (_, avx2), (_, avx512)] = &all[..] {
        assert!(avx2 == avx512, "other bits"); // both have the same operations, rounded alike
    }
    all
}

#[test]
fn every_combination_decrypts_right() {
    let shapes = [(5, 256), (6, 256), (1, 512), (4, 256), (3, 512), (2, 1024), (1, 2048)];
    let mut number = numbers(5);
    let mut below = |most: usize| number.next().unwrap() as usize % most;
    let mut seed = 0;
    for grouping in [Grouping::One, Grouping::Two] {
        for extension in [1, 2, 3, 5, 6, 8] {
            for level in 1..=3 {
                for _ in 0..2 {
                    let case = Case {
                        from: 2 * (1 + below(8)) + if grouping == Grouping::One { below(2) } else { 0 },
                        shape: shapes[below(shapes.len())],
                        digits: ([18, 10, 7][level as usize - 1], level),
                        grouping,
                        extension,
                        outputs: 1 + seed as usize % 4,
                        is_signed: below(2) == 1,
                        count: 1 + below(20),
                    };
                    let sample = Sample::new(case, seed);
                    for (name, results) in with_all(&sample) {
                        let noise = sample.noise(&results).log2() / 2.0;
                        println!("{name}: standard deviation 2^{noise:.1}, {case:?}");
                    }
                    seed += 1;
                }
            }
        }
    }
}
