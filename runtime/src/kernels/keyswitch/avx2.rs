//! Products of words and digits in 16-bit halves, for processors with AVX2.
//!
//! `vpmaddwd` adds two products of signed 16-bit numbers; the lower half of a word counts as a signed one, which
//! the upper half makes up for.

use super::product::{COLUMNS, Digits, Group, Product, Sums, VECTORS};
use std::arch::x86_64::{
    __m256i, _mm256_add_epi32, _mm256_loadu_si256, _mm256_madd_epi16, _mm256_set1_epi32,
    _mm256_setzero_si256, _mm256_slli_epi32, _mm256_storeu_si256,
};

/// Columns of a vector register.
const LANES: usize = 8;

/// The processor has AVX2.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Avx2(());

impl Avx2 {
    /// Asks the processor.
    pub(crate) fn detect() -> Option<Self> {
        is_x86_feature_detected!("avx2").then_some(Self(()))
    }
}

impl Product<2> for Avx2 {
    fn product(self, key: &[Group<2>], digits: &[Digits], count: usize, part: usize) -> Sums {
        // SAFETY: the processor has the instructions, as `self` proves.
        unsafe {
            if part == 0 { of_planes::<2>(key, digits, count) } else { of_planes::<1>(key, digits, count) }
        }
    }

    #[inline(always)]
    fn compiled<R>(self, work: impl FnOnce() -> R) -> R {
        // SAFETY: the processor has the instructions, as `self` proves.
        unsafe { compiled(work) }
    }
}

#[target_feature(enable = "avx2")]
fn compiled<R>(work: impl FnOnce() -> R) -> R {
    work()
}

#[target_feature(enable = "avx2")]
fn of_planes<const PLANES: usize>(key: &[Group<2>], digits: &[Digits], count: usize) -> Sums {
    match count {
        1 => sums::<PLANES, 1>(key, digits),
        2 => sums::<PLANES, 2>(key, digits),
        3 => sums::<PLANES, 3>(key, digits),
        4 => sums::<PLANES, 4>(key, digits),
        5 => sums::<PLANES, 5>(key, digits),
        _ => sums::<PLANES, VECTORS>(key, digits),
    }
}

/// The sums of one register's columns after those of the other, so that all of them stay in registers.
#[target_feature(enable = "avx2")]
fn sums<const PLANES: usize, const COUNT: usize>(key: &[Group<2>], digits: &[Digits]) -> Sums {
    let mut results = [[0; COLUMNS]; VECTORS];
    for lanes in 0..COLUMNS / LANES {
        let mut sums = [[_mm256_setzero_si256(); PLANES]; COUNT];
        for (group, digits) in key.iter().zip(digits) {
            let mut planes = [_mm256_setzero_si256(); PLANES];
            for (plane, from) in planes.iter_mut().zip(&group.0) {
                *plane = load(&from.as_chunks().0[lanes]);
            }
            for vector in 0..COUNT {
                let two = _mm256_set1_epi32(digits[vector].cast_signed());
                for plane in 0..PLANES {
                    let products = _mm256_madd_epi16(planes[plane], two);
                    sums[vector][plane] = _mm256_add_epi32(sums[vector][plane], products);
                }
            }
        }
        for vector in 0..COUNT {
            let sum = match sums[vector].as_slice() {
                [lower, upper] => _mm256_add_epi32(*lower, _mm256_slli_epi32::<16>(*upper)),
                lower => _mm256_slli_epi32::<16>(lower[0]),
            };
            store(&mut results[vector].as_chunks_mut().0[lanes], sum);
        }
    }
    results
}

#[target_feature(enable = "avx2")]
#[inline]
fn load(from: &[u32; LANES]) -> __m256i {
    // SAFETY: eight words are there to be read.
    unsafe { _mm256_loadu_si256(from.as_ptr().cast()) }
}

#[target_feature(enable = "avx2")]
#[inline]
fn store(to: &mut [u32; LANES], sum: __m256i) {
    // SAFETY: there is room for eight words.
    unsafe { _mm256_storeu_si256(to.as_mut_ptr().cast(), sum) };
}
